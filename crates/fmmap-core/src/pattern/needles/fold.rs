//! Case folding: how needles and haystacks are compared when case is ignored.
//!
//! All characters that are equal without case are replaced by one of them: the one with the shortest UTF-8, and of
//! several the one with the lowest number; of ASCII letters the small one. So `ſ` becomes `s`, and the Kelvin sign `k`.
//! Needles are folded when a list is made; the haystack is folded character by character while it is compared.

use crate::hash::Map;
use crate::order::sort_few;
use crate::pattern::Encoding;
use crate::pattern::filter::{Front, spelled};
use crate::pattern::syntax::set::Set;
use std::sync::Arc;

/// The greatest length of a character in UTF-8.
const LONGEST: usize = 4;

/// A row of characters with more spellings than this gets no grams.
const WAYS: usize = 16;

/// A character's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spelled {
    bytes: [u8; LONGEST],
    len: u8,
}

impl Spelled {
    fn new(code: u32) -> Option<Self> {
        let mut bytes = [0; LONGEST];
        let len = char::from_u32(code)?.encode_utf8(&mut bytes).len();
        Some(Self {
            bytes,
            len: u8::try_from(len).unwrap_or(0),
        })
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// All spellings of a character that differ in case only.
type Ways = Arc<[Vec<u8>]>;

/// The bit that differs between the cases of an ASCII letter, and in the last byte of many others.
pub(super) const CASE: u8 = 0x20;

/// The folding of all characters of a list's needles.
#[derive(Debug)]
pub(super) struct Fold {
    /// The folding of characters of one byte.
    pub(super) bytes: [u8; 256],
    /// The folding of characters beyond ASCII that change by it.
    others: Map<u32, Spelled>,
    /// For each character that was folded: the result, and all spellings with that result, as grams compare them.
    known: Map<u32, (u32, Ways)>,
    is_utf8: bool,
}

/// The first character of some bytes and its length, if it is one beyond ASCII.
fn first(bytes: &[u8]) -> Option<(u32, usize)> {
    let len = match *bytes.first()? {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let one = std::str::from_utf8(bytes.get(..len)?)
        .ok()?
        .chars()
        .next()?;
    Some((one.into(), len))
}

/// The last character of some bytes and its length, if it is one beyond ASCII.
fn last(bytes: &[u8]) -> Option<(u32, usize)> {
    let most = LONGEST.min(bytes.len());
    (2..=most).find_map(|len| {
        let found = first(&bytes[bytes.len() - len..])?;
        (found.1 == len).then_some(found)
    })
}

impl Fold {
    pub(super) fn new(encoding: Encoding) -> Self {
        let is_utf8 = encoding == Encoding::Utf8;
        let mut fold = Self {
            bytes: std::array::from_fn(|byte| u8::try_from(byte).unwrap_or(0)),
            others: Map::default(),
            known: Map::default(),
            is_utf8,
        };
        for letter in b'A'..=b'Z' {
            fold.bytes[usize::from(letter)] = letter.to_ascii_lowercase();
        }
        if !is_utf8 {
            for byte in 0x80..=u8::MAX {
                let equal = Set::one(byte.into()).folded(true);
                let least = equal.ranges().first().map(|range| range.0);
                let least = least.and_then(|code| u8::try_from(code).ok());
                fold.bytes[usize::from(byte)] = least.unwrap_or(byte);
            }
        }
        fold
    }

    /// Adds a needle to `out`, folded. None if it has bytes that are not UTF-8.
    pub(super) fn add(&mut self, needle: &[u8], out: &mut Vec<u8>) -> Option<()> {
        if !self.is_utf8 || needle.is_ascii() {
            out.extend(needle.iter().map(|&byte| self.bytes[usize::from(byte)]));
            for letter in *b"sk" {
                if self.is_utf8 && needle.iter().any(|byte| byte.eq_ignore_ascii_case(&letter)) {
                    self.read_as(letter.into());
                }
            }
            return Some(());
        }
        for one in std::str::from_utf8(needle).ok()?.chars() {
            let read = Spelled::new(self.read_as(one.into()))?;
            out.extend_from_slice(read.as_slice());
        }
        Some(())
    }

    /// Folds a character.
    fn read_as(&mut self, code: u32) -> u32 {
        if let Some(&(known, _)) = self.known.get(&code) {
            return known;
        }
        let equal = Set::one(code).folded(true);
        let ranges = equal.ranges();
        let codes = || ranges.iter().flat_map(|&(first, last)| first..=last);
        let spelled: Vec<(u32, Spelled)> = codes()
            .filter_map(|code| Some((code, Spelled::new(code)?)))
            .collect();
        // Of two ASCII letters the small one.
        let read = spelled
            .iter()
            .min_by_key(|one| (one.1.len, one.0 ^ u32::from(CASE)));
        let Some(&(read, bytes)) = read else {
            return code;
        };
        let mut ways: Vec<Vec<u8>> = spelled.iter().map(|one| cased(one.1.as_slice())).collect();
        sort_few(&mut ways, |a, b| a < b);
        ways.dedup();
        let ways: Ways = ways.into();
        for code in codes() {
            self.known.insert(code, (read, Arc::clone(&ways)));
            if code >= 0x80 && code != read {
                self.others.insert(code, bytes);
            }
        }
        read
    }

    /// How many times as long as the folded needle a match can be: the Kelvin sign has three bytes, and `k` one.
    pub(super) fn stretch(&self) -> usize {
        if self.others.is_empty() { 1 } else { 3 }
    }

    /// Whether some characters beyond ASCII change by folding, so that bytes can't be compared one by one.
    pub(super) fn is_cased(&self) -> bool {
        !self.others.is_empty()
    }

    /// Folds the character that starts at `at`: the bytes of the result, how many of them count, and the length of the
    /// character in the haystack.
    #[inline]
    pub(super) fn read(&self, haystack: &[u8], at: usize) -> ([u8; LONGEST], usize, usize) {
        let byte = haystack[at];
        if byte >= 0x80
            && !self.others.is_empty()
            && let Some((code, len)) = first(&haystack[at..])
            && let Some(read) = self.others.get(&code)
        {
            return (read.bytes, read.len.into(), len);
        }
        ([self.bytes[usize::from(byte)], 0, 0, 0], 1, 1)
    }

    /// Folds the character that ends at `at`. The bytes of the result are in reverse order.
    #[inline]
    pub(super) fn read_before(&self, haystack: &[u8], at: usize) -> ([u8; LONGEST], usize, usize) {
        let byte = haystack[at - 1];
        if byte >= 0x80
            && !self.others.is_empty()
            && let Some((code, len)) = last(&haystack[..at])
            && let Some(read) = self.others.get(&code)
        {
            return (read.bytes, read.len.into(), len);
        }
        ([self.bytes[usize::from(byte)], 0, 0, 0], 1, 1)
    }

    #[inline(never)]
    pub(super) fn matches(&self, haystack: &[u8], mut at: usize, wanted: &[u8]) -> Option<usize> {
        // Characters of one byte, as most are.
        let there = haystack.get(at..)?.iter().zip(wanted);
        let is_same = |(byte, wanted): &(&u8, &u8)| {
            byte.is_ascii() && self.bytes[usize::from(**byte)] == **wanted
        };
        let same = there.take_while(is_same).count();
        at += same;
        let mut wanted = &wanted[same..];
        while !wanted.is_empty() {
            if at >= haystack.len() {
                return None;
            }
            let (read, count, len) = self.read(haystack, at);
            wanted = wanted.strip_prefix(&read[..count])?;
            at += len;
        }
        Some(at)
    }

    pub(super) fn matches_before(
        &self,
        haystack: &[u8],
        mut at: usize,
        wanted: &[u8],
    ) -> Option<usize> {
        let mut wanted = wanted;
        while !wanted.is_empty() {
            if at == 0 {
                return None;
            }
            let (read, count, len) = self.read_before(haystack, at);
            wanted = wanted.strip_suffix(&read[..count])?;
            at -= len;
        }
        Some(at)
    }

    /// The bytes with which a match of a needle can begin.
    pub(super) fn fronts(&self, needle: &[u8], encoding: Encoding) -> Vec<Front> {
        let codes: Vec<u32> = match std::str::from_utf8(needle) {
            Ok(text) if self.is_utf8 => text.chars().map(u32::from).collect(),
            _ => needle.iter().map(|&byte| byte.into()).collect(),
        };
        spelled(
            codes.into_iter().map(|code| Set::one(code).folded(true)),
            encoding,
        )
    }

    /// All spellings that `least` or more bytes of a needle from `from` on can have in a haystack, as grams compare
    /// them. None if there are more than [`WAYS`], or if `from` is inside of a character.
    pub(super) fn ways(&self, needle: &[u8], from: usize, least: usize) -> Option<Vec<Vec<u8>>> {
        let mut rest = needle.get(from..)?;
        if self.is_utf8 && rest.first()? & 0xC0 == 0x80 {
            return None;
        }
        let mut all: Vec<Vec<u8>> = vec![Vec::new()];
        while all.iter().any(|one| one.len() < least) {
            let (code, len) = match first(rest) {
                Some(found) if self.is_utf8 => found,
                _ => (u32::from(*rest.first()?), 1),
            };
            let (one, behind) = rest.split_at(len);
            match self.known.get(&code) {
                Some((_, ways)) if ways.len() > 1 => {
                    let longer = |one: &Vec<u8>| {
                        ways.iter()
                            .map(move |way| [one, &way[..]].concat())
                            .collect::<Vec<_>>()
                    };
                    all = all.iter().flat_map(longer).collect();
                }
                _ => all.iter_mut().for_each(|all| all.extend(cased(one))),
            }
            if all.len() > WAYS {
                return None;
            }
            rest = behind;
        }
        for one in &mut all {
            one.truncate(least);
        }
        sort_few(&mut all, |a, b| a < b);
        all.dedup();
        Some(all)
    }

    /// Whether these bytes have one spelling only, as grams compare them.
    pub(super) fn is_plain(&self, bytes: &[u8]) -> bool {
        !self.is_utf8
            || bytes
                .iter()
                .all(|&byte| byte < 0x80 && byte != b's' && byte != b'k')
    }
}

/// Sets the bit of case in each byte, as grams do.
fn cased(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte | CASE).collect()
}
