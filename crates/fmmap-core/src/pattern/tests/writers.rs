//! Others may write to the haystack while it is searched, and no byte behind it can be read.
#![cfg(unix)]

use super::compiled;
use crate::pattern::testing::{Random, WAYS, all_by};
use crate::pattern::{Encoding, LineScan, LineStep};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const LEN: usize = 1 << 14;

/// Shared pages, with a page behind them that can't be read.
struct Shared(*mut libc::c_void);

// SAFETY: the mapping belongs to no thread; what the two do with its bytes is the test's subject.
unsafe impl Sync for Shared {}

impl Shared {
    fn new() -> Self {
        // SAFETY: a new mapping at an address of the kernel's choice.
        let address = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                LEN + Self::guard(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(address, libc::MAP_FAILED);
        let behind = address.wrapping_byte_add(LEN);
        // SAFETY: the last page of the mapping.
        let protected = unsafe { libc::mprotect(behind, Self::guard(), libc::PROT_NONE) };
        assert_eq!(protected, 0);
        Self(address)
    }

    /// The largest page size of any platform.
    fn guard() -> usize {
        1 << 16
    }

    fn write(&self, at: usize, byte: u8) {
        assert!(at < LEN);
        let place = self.0.cast::<u8>().wrapping_add(at);
        // SAFETY: in the mapping, which is writable there.
        unsafe { place.write_volatile(byte) };
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and the threads that used it have ended.
        unsafe { libc::munmap(self.0, LEN + Self::guard()) };
    }
}

/// Ends the writer, also when an assertion fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

const SOURCES: &[&str] = &[
    "ERROR|WARN",
    r"\b[A-Z]?\w+Exception\b",
    r"\d{4}-\d\d-\d\d",
    "foo.*bar",
    "(foo|quux)[a-z ]*(bar|zz)",
    r"[a-z](\d)[a-z]\d(?=.*z)",
    r"\w+ing|\w+ar\b(?!x)",
    r"^(z+)$",
    "[^]*?é",
    " [^ ]* ",
    r"o[^o\n]*o|4$",
];

#[test]
fn a_concurrent_writer_never_crashes_a_search() {
    let shared = Shared::new();
    let (stop, written) = (AtomicBool::new(false), AtomicUsize::new(0));
    let words: [&[u8]; 8] = [
        b"ERROR",
        b"foobar",
        b"xException",
        b"2024-01-02",
        b"a1b2c3",
        b"\n\n",
        b"foo quux bar",
        b"z\xC3\xA9",
    ];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random(88_172_645_463_325_252);
            while !stop.load(Ordering::Relaxed) {
                let word = words[random.below(words.len())];
                let at = random.below(LEN - 16);
                for (i, &byte) in word.iter().enumerate() {
                    shared.write(at + i, byte);
                }
                written.fetch_add(1, Ordering::Relaxed);
            }
        });
        let _stopped = Stop(&stop);
        let mut random = Random(7);
        let mut round = 0;
        while round < 3 || written.load(Ordering::Relaxed) < 1_000 {
            round += 1;
            for source in SOURCES {
                let encoding = if round % 2 == 0 {
                    Encoding::Utf8
                } else {
                    Encoding::Latin1
                };
                let pattern = compiled(source, "m", encoding).unwrap();
                let from = random.below(512);
                let bytes = shared.0.cast::<u8>().wrapping_add(from);
                // SAFETY: in the mapping, up to its last byte. The writer makes this a data race, which a reader of
                // shared files can't rule out; what must hold is that it does no harm.
                let haystack = unsafe { std::slice::from_raw_parts(bytes, LEN - from) };
                for way in WAYS {
                    let found = all_by(&pattern, way, haystack, 4096).unwrap_or_default();
                    let mut last = 0;
                    for span in found.into_iter().take(50) {
                        assert!(
                            last <= span.start
                                && span.start <= span.end
                                && span.end <= haystack.len()
                        );
                        last = span.end;
                        let captures = pattern.captures(haystack, span);
                        let (start, end) = captures.groups[0].unwrap();
                        assert!(start <= end && end <= haystack.len());
                        assert_eq!(captures.bytes(0).map(<[u8]>::len), Some(end - start));
                    }
                }
                assert!(
                    pattern
                        .rfind(haystack, 0)
                        .is_none_or(|span| span.end <= haystack.len())
                );
                let mut lines = LineScan::new(&pattern, 0, haystack.len(), round % 3 == 0);
                let mut last = 0;
                loop {
                    match lines.step(haystack, 4096) {
                        LineStep::Line(line) => {
                            assert!(last <= line.start && line.start <= line.end);
                            assert!(line.end <= haystack.len());
                            last = line.end;
                        }
                        LineStep::More => {}
                        LineStep::Done => break,
                    }
                }
            }
        }
    });
}
