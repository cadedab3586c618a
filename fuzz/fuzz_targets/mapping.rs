//! Makes any calls of a mapping with any arguments. Each must return, and everything that it
//! returns must be readable.
//!
//! An input is a list of calls on one mapping and its file, which shrinks and grows meanwhile.
//! Exported memory must be readable from its first byte to its last for as long as it is kept, and
//! must show what was written last. Nothing may be written to a file through a mapping whose writes
//! don't reach it.
#![no_main]

use std::ffi::CString;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;

use fmmap_core::{Export, Mapping, Options, os};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

/// A number that a caller may pass: most are near some limit, some are anything.
#[derive(Arbitrary, Debug)]
enum Number {
    Small(u16),
    Pages(u8),
    Top(u8),
    Any(u64),
}

impl Number {
    fn value(&self) -> u64 {
        match *self {
            Self::Small(number) => number.into(),
            Self::Pages(pages) => u64::from(pages % 16) * os::page_size() as u64,
            Self::Top(below) => u64::MAX - u64::from(below),
            Self::Any(number) => number,
        }
    }

    fn index(&self) -> usize {
        usize::try_from(self.value()).unwrap_or(usize::MAX)
    }

    /// A length that the kernel refuses, or grants without using up the machine's memory.
    fn length(&self) -> u64 {
        match self.value() {
            large @ 0x40_0000..0x1_0000_0000_0000 => large % 0x40_0000,
            length => length,
        }
    }
}

/// `MAP_*` bits: mostly a type and flags that the kernel knows, as it refuses most others.
#[derive(Arbitrary, Debug)]
enum Flags {
    Known { kind: u8, more: u8 },
    Any(i32),
}

impl Flags {
    const MORE: [i32; 8] = [
        libc::MAP_ANONYMOUS,
        libc::MAP_NORESERVE,
        libc::MAP_STACK,
        libc::MAP_DENYWRITE,
        libc::MAP_EXECUTABLE,
        libc::MAP_NONBLOCK,
        libc::MAP_SYNC,
        libc::MAP_HUGETLB,
    ];

    fn value(&self) -> i32 {
        let flags = match *self {
            // Shared, private, and shared with a check of the other flags.
            Self::Known { kind, more } => Self::MORE
                .iter()
                .enumerate()
                .filter(|&(bit, _)| more >> bit & 1 == 1)
                .fold(1 + i32::from(kind % 3), |flags, (_, flag)| flags | flag),
            Self::Any(flags) => flags,
        };
        // Pages that are locked or filled in advance would use up the machine's memory.
        flags & !(libc::MAP_LOCKED | libc::MAP_POPULATE)
    }
}

#[derive(Arbitrary, Debug)]
struct Made {
    descriptor: Option<i8>,
    length: Number,
    access: u8,
    flags: Option<Flags>,
    prot: Option<u8>,
    offset: Number,
    track: bool,
    empty: bool,
}

#[derive(Arbitrary, Debug)]
enum Call {
    Export(Number, Number),
    DropExport(u8),
    Resize(Number),
    Flush(Number, Number, i32),
    Advise(i32, Number, Number),
    Size,
    SetName(Vec<u8>),
    Write(Number, u8),
    Truncate(u16),
}

const FILE: u64 = 20_000;
/// `MADV_HWPOISON` and `MADV_SOFT_OFFLINE` take pages away from the whole machine.
const REAL: [i32; 2] = [100, 101];

fn scratch() -> Option<File> {
    let path = std::env::temp_dir().join(format!("fmmap-fuzz-{}", std::process::id()));
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .ok()?;
    fs::remove_file(&path).ok()?;
    file.write_all(&vec![b'f'; FILE as usize]).ok()?;
    Some(file)
}

fn make(made: &Made, file: &File) -> Option<Mapping> {
    let options = Options {
        access: i32::from(made.access % 6) - 1,
        flags: made.flags.as_ref().map(Flags::value),
        prot: made.prot.map(i32::from),
        offset: made.offset.value(),
        track: made.track,
        empty: made.empty,
        ..Options::default()
    };
    let fileno = match made.descriptor {
        None => None,
        Some(0..) => Some(file.as_raw_fd()),
        Some(wrong) => Some(i32::from(wrong)),
    };
    Mapping::new(fileno, made.length.length(), &options).ok()
}

/// The sum of one byte of each block and of the last byte, so that they are really read.
fn look(export: &Export) -> u64 {
    let last = export.len().checked_sub(1);
    let blocks = (0..last.unwrap_or(0)).step_by(512);
    blocks
        .chain(last)
        .map(|i| {
            // SAFETY: an export's bytes stay mapped as long as it lives.
            u64::from(unsafe { export.start().add(i).read_volatile() })
        })
        .sum()
}

fuzz_target!(|input: (Made, Vec<Call>)| {
    let (made, calls) = input;
    let Some(file) = scratch() else { return };
    let Some(mut mapping) = make(&made, &file) else {
        return;
    };
    let protection = mapping.protection();
    let mut exports = Vec::new();
    for call in calls.iter().take(64) {
        match call {
            Call::Export(offset, len) => {
                let (offset, len) = (offset.index(), len.index());
                let inside = offset
                    .checked_add(len)
                    .is_some_and(|end| end <= mapping.len());
                match mapping.export(offset, len) {
                    Ok(export) => {
                        assert!(inside, "{offset} {len} of {}", mapping.len());
                        assert_eq!(export.len(), len);
                        exports.push(export);
                    }
                    Err(_) => {
                        assert!(!inside || made.descriptor.is_some() || !protection.writable())
                    }
                }
            }
            Call::DropExport(which) if !exports.is_empty() => {
                exports.swap_remove(usize::from(*which) % exports.len());
            }
            Call::DropExport(_) => {}
            Call::Resize(length) => {
                let before = mapping.len();
                let length = length.length();
                match mapping.resize(length) {
                    Ok(()) => assert_eq!(mapping.len() as u64, length),
                    Err(_) => assert_eq!(mapping.len(), before),
                }
            }
            Call::Flush(offset, len, flags) => {
                let _ = mapping.flush(offset.index(), len.index(), *flags);
            }
            Call::Advise(advice, offset, len) if !REAL.contains(advice) => {
                let _ = mapping.advise(*advice, offset.index(), len.index());
            }
            Call::Advise(..) => {}
            Call::Size => {
                let _ = mapping.size();
            }
            Call::SetName(name) => {
                if let Ok(name) = CString::new(name.as_slice()) {
                    let _ = mapping.set_name(&name);
                }
            }
            // A file without bytes has an empty mapping, in which nothing can be written.
            Call::Write(..) if mapping.is_empty() => {}
            Call::Write(at, byte) if protection.writable() && protection.readable() => {
                let at = at.index() % mapping.len();
                // SAFETY: inside the mapping, which is writable; a page that is missing is replaced.
                unsafe { mapping.segment().start().add(at).write_volatile(*byte) };
                if let Ok(export) = mapping.export(at, 1) {
                    assert_eq!(look(&export), u64::from(*byte));
                }
            }
            Call::Write(..) => {}
            Call::Truncate(size) => {
                let _ = file.set_len((*size).into());
            }
        }
        if protection.readable() {
            for export in &exports {
                std::hint::black_box(look(export));
            }
        }
    }
    if !protection.writable() || protection.private() {
        let content = os::stat(file.as_raw_fd()).map_or(0, |stat| stat.size);
        drop((mapping, exports));
        let mut bytes = vec![0; usize::try_from(content).unwrap_or(0).min(1 << 20)];
        let read = std::os::unix::fs::FileExt::read_at(&file, &mut bytes, 0).unwrap_or(0);
        assert!(bytes[..read].iter().all(|&byte| byte == b'f' || byte == 0));
    }
});
