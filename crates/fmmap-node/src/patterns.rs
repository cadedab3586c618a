//! The prepared patterns of a thread, each with a number; and the form in which JavaScript describes a pattern.
//!
//! As with maps, JavaScript holds a number and not a pointer. A number is never used twice.

use std::cell::RefCell;

use fmmap_core::hash::Map;
use fmmap_core::pattern::{Encoding, Flags, Members, Needle, Options, Pattern, Refusal};
use napi::sys;

#[derive(Default)]
struct Patterns {
    last: usize,
    all: Map<usize, (sys::napi_env, Pattern)>,
}

thread_local! {
    static PATTERNS: RefCell<Patterns> = RefCell::default();
}

/// Keeps a pattern, and returns its number, which is never 0.
pub(crate) fn keep(env: sys::napi_env, pattern: Pattern) -> usize {
    PATTERNS.with_borrow_mut(|patterns| {
        patterns.last += 1;
        patterns.all.insert(patterns.last, (env, pattern));
        patterns.last
    })
}

/// The pattern of this number.
pub(crate) fn pattern(number: usize) -> Option<Pattern> {
    PATTERNS.with_borrow(|patterns| Some(patterns.all.get(&number)?.1.clone()))
}

/// Forgets a pattern. Searches that have begun keep it alive.
pub(crate) fn forget(number: usize) {
    let forgotten = PATTERNS.with_borrow_mut(|patterns| patterns.all.remove(&number));
    drop(forgotten);
}

/// Forgets the patterns of an environment that ends.
pub(crate) fn forget_all(env: sys::napi_env) {
    // An error means that the thread's storage is gone.
    let _ = PATTERNS.try_with(|patterns| {
        patterns.borrow_mut().all.retain(|_, (of, _)| *of != env);
    });
}

/// The kind of a needle that is bytes.
const BYTES: u32 = 0;

/// The description of a pattern, as JavaScript writes it: 32-bit integers, lowest byte first, and bytes of the
/// lengths that they give.
///
/// - 1 for Latin-1, 1 for ignored case, the number of needles;
/// - for each its kind (0 bytes, 1 a RegExp), the length of its flags in bytes and of itself, its flags, itself: the
///   source of a RegExp in UTF-16;
/// - the number of properties, for each the lengths of its name in bytes and of its ranges in pairs of code points, its
///   name, its ranges.
pub(crate) struct Description<'d> {
    options: Options,
    needles: Vec<Described<'d>>,
    members: Vec<(&'d str, Vec<(u32, u32)>)>,
}

enum Described<'d> {
    Bytes(&'d [u8]),
    RegExp(Vec<u16>, Flags),
}

impl<'d> Description<'d> {
    /// `None` for anything that JavaScript never writes.
    pub(crate) fn read(bytes: &'d [u8]) -> Option<Self> {
        let mut rest = bytes;
        let (latin1, ignore_case, count) = (word(&mut rest)?, word(&mut rest)?, word(&mut rest)?);
        let mut needles = Vec::new();
        for _ in 0..count {
            let (kind, flags, len) = (word(&mut rest)?, word(&mut rest)?, word(&mut rest)?);
            let flags = part(&mut rest, flags)?;
            let needle = part(&mut rest, len)?;
            needles.push(if kind == BYTES {
                Described::Bytes(needle)
            } else {
                let units = needle.chunks_exact(2);
                let units = units
                    .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
                    .collect();
                Described::RegExp(units, Flags::new(std::str::from_utf8(flags).ok()?))
            });
        }
        let mut members = Vec::new();
        for _ in 0..word(&mut rest)? {
            let (name, count) = (word(&mut rest)?, word(&mut rest)?);
            let name = std::str::from_utf8(part(&mut rest, name)?).ok()?;
            let mut ranges = Vec::new();
            for _ in 0..count {
                ranges.push((word(&mut rest)?, word(&mut rest)?));
            }
            members.push((name, ranges));
        }
        let encoding = if latin1 == 1 {
            Encoding::Latin1
        } else {
            Encoding::Utf8
        };
        let options = Options {
            encoding,
            ignore_case: ignore_case == 1,
        };
        Some(Self {
            options,
            needles,
            members,
        })
    }

    /// The pattern.
    pub(crate) fn pattern(&self) -> Result<Pattern, Refusal> {
        let needles = self.needles.iter().map(|needle| match needle {
            Described::Bytes(bytes) => Needle::Bytes(bytes),
            Described::RegExp(source, flags) => Needle::RegExp {
                source,
                flags: *flags,
            },
        });
        let needles: Vec<_> = needles.collect();
        Pattern::new(&needles, &self.options, &mut |name| {
            let (_, ranges) = self.members.iter().find(|(known, _)| *known == name)?;
            Some(Members {
                ranges: ranges.clone(),
                ..Members::default()
            })
        })
    }

    /// The names of the properties that the pattern needs.
    pub(crate) fn properties(&self) -> Result<Vec<String>, Refusal> {
        let mut names = Vec::new();
        for needle in &self.needles {
            if let Described::RegExp(source, flags) = needle {
                names.extend(fmmap_core::pattern::properties(source, *flags)?);
            }
        }
        Ok(names)
    }
}

fn part<'d>(rest: &mut &'d [u8], len: u32) -> Option<&'d [u8]> {
    let (part, behind) = rest.split_at_checked(len as usize)?;
    *rest = behind;
    Some(part)
}

fn word(rest: &mut &[u8]) -> Option<u32> {
    let (word, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u32::from_le_bytes(*word))
}
