//! No byte outside of the haystack is read: the pages around it can't be read.
#![cfg(unix)]

use super::super::testing::{Random, STRATEGIES, matches, oracle};
use super::offsets;
use crate::guarded::Guarded;

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
                // A needle that occurs nowhere, and differs from the haystack only at its end.
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
