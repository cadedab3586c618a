//! Not one byte is read outside of the haystack: there is no readable byte outside.
#![cfg(unix)]

use super::super::copy_line;
use super::super::testing::{Random, STRATEGIES, matches, oracle};
use super::offsets;
use std::ptr;

/// Pages that can be written, between two that can't even be read.
struct Guarded {
    whole: *mut libc::c_void,
    page: usize,
    pages: usize,
}

impl Guarded {
    fn new(pages: usize) -> Self {
        // SAFETY: a constant is asked for.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap();
        // SAFETY: a new mapping at an address of the kernel's choice.
        let whole = unsafe {
            libc::mmap(
                ptr::null_mut(),
                (pages + 2) * page,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(whole, libc::MAP_FAILED);
        let guarded = Self { whole, page, pages };
        // SAFETY: the pages lie in the mapping.
        let status = unsafe {
            libc::mprotect(
                whole.wrapping_byte_add(page),
                pages * page,
                libc::PROT_READ | libc::PROT_WRITE,
            )
        };
        assert_eq!(status, 0);
        guarded
    }

    fn bytes(&mut self) -> &mut [u8] {
        let first = self.whole.wrapping_byte_add(self.page).cast();
        // SAFETY: these pages are ours, readable and writable, zero at first, and live as long as
        // `self`, which is borrowed.
        unsafe { std::slice::from_raw_parts_mut(first, self.pages * self.page) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no slice of it outlives `self`.
        unsafe { libc::munmap(self.whole, (self.pages + 2) * self.page) };
    }
}

#[test]
fn nothing_is_read_outside_of_the_haystack() {
    let mut guarded = Guarded::new(1);
    let bytes = guarded.bytes();
    let len = bytes.len();
    let mut random = Random::new(5);
    for byte in bytes.iter_mut() {
        *byte = b'a' + u8::try_from(random.below(2)).unwrap();
    }
    let mut out = [0.0; 8];
    for n in (0..140).chain(250..270).chain([500, 513, 1_000, len]) {
        // Against the guard in front, and against the one behind.
        for haystack in [&bytes[..n], &bytes[len - n..]] {
            for m in [1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 200] {
                let mut needle = vec![b'a'; m];
                needle[m / 2] = b'b';
                // One that occurs in nothing, and differs only at its end.
                let mut absent = haystack[..m.min(n)].to_vec();
                absent.push(b'c');
                for needle in [&needle, &absent] {
                    for strategy in STRATEGIES {
                        for reverse in [false, true] {
                            let Some(count) =
                                matches(strategy, reverse, haystack, needle, &mut out)
                            else {
                                continue;
                            };
                            assert_eq!(
                                offsets(&out[..count]),
                                oracle(reverse, haystack, needle, out.len()),
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_is_read_outside_of_a_big_haystack() {
    let mut guarded = Guarded::new(80);
    let bytes = guarded.bytes();
    let mut random = Random::new(9);
    for byte in bytes.iter_mut() {
        *byte = b'a' + u8::try_from(random.below(4)).unwrap();
    }
    let head = bytes[..50].to_vec();
    let tail = bytes[bytes.len() - 50..].to_vec();
    for m in [2, 3, 5, 12, 31, 50] {
        for (needle, ends) in [(&head[..m], (0, None)), (&tail[50 - m..], (0, Some(())))] {
            let expected = memchr::memmem::find(bytes, needle);
            assert_eq!(super::find(bytes, needle), expected);
            assert_eq!(
                super::rfind(bytes, needle),
                memchr::memmem::rfind(bytes, needle)
            );
            if ends.1.is_none() {
                assert_eq!(expected, Some(ends.0));
            }
            let absent = [needle, b"z"].concat();
            assert_eq!(super::find(bytes, &absent), None);
            assert_eq!(super::rfind(bytes, &absent), None);
            let absent = [b"z", needle].concat();
            assert_eq!(super::find(bytes, &absent), None);
            assert_eq!(super::rfind(bytes, &absent), None);
        }
    }
}

#[test]
fn a_line_is_copied_from_its_own_bytes_to_its_own_room() {
    let (mut source, mut target) = (Guarded::new(1), Guarded::new(1));
    let (source, target) = (source.bytes(), target.bytes());
    source.fill(b'a');
    let len = source.len();
    for n in (0..200).chain([len - 1, len]) {
        for room in [0, n / 2, n, n + 1, len].map(|room| room.min(len)) {
            // The line's end is the guard, and so is its room's.
            let (line, at) = (&source[len - n..], len - room);
            target.fill(b'?');
            let free = target[at..].as_mut_ptr();
            // SAFETY: the target has `room` bytes behind `at`.
            let copied = unsafe { copy_line(line, free, room) };
            assert_eq!(copied, n);
            assert!(n > room || target[at..at + n] == *line);
            assert!(target[..at].iter().all(|byte| *byte == b'?'));
        }
    }
}
