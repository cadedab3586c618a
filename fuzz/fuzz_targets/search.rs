//! Every search strategy, in both directions, must find what the plain oracle finds.
//!
//! The input's first byte splits the rest into needle and haystack, its second sets the number of
//! matches that are asked for, its third repeats the haystack, so that long periodic ones come up
//! early.
#![no_main]

use fmmap_core::search::testing::{STRATEGIES, counted, matches, oracle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [split, limit, repeat, bytes @ ..] = input else {
        return;
    };
    let split = usize::from(*split).min(bytes.len());
    let (needle, rest) = bytes.split_at(split);
    if needle.is_empty() {
        return;
    }
    let haystack = rest.repeat(1 + usize::from(*repeat) % 16);
    let mut out = vec![0.0; 1 + usize::from(*limit)];
    for reverse in [false, true] {
        let expected = oracle(reverse, &haystack, needle, out.len());
        for strategy in STRATEGIES {
            let Some(count) = matches(strategy, reverse, &haystack, needle, &mut out) else {
                continue;
            };
            let found: Vec<usize> = out[..count].iter().map(|&offset| offset as usize).collect();
            assert_eq!(found, expected, "{strategy:?}, reverse {reverse}");
            if !reverse && count < out.len() {
                assert!(counted(strategy, &haystack, needle).is_none_or(|all| all == count));
            }
        }
    }
});
