//! A source of any kind must be refused or searched for, without a panic. Every way of searching
//! must find the same, in steps of any size, and which lines have a match must not depend on the
//! steps.
//!
//! The input's first byte has the flags, its second the size of a step, its third splits the rest into source and
//! haystack.
#![no_main]

use fmmap_core::pattern::testing::{WAYS, all_by};
use fmmap_core::pattern::{Encoding, Flags, LineScan, LineStep, Needle, Options, Pattern};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [flags, budget, split, bytes @ ..] = input else {
        return;
    };
    let split = usize::from(*split).min(bytes.len());
    let (source, haystack) = bytes.split_at(split);
    let units: Vec<u16> = String::from_utf8_lossy(source).encode_utf16().collect();
    let flag = |bit: u8| flags >> bit & 1 == 1;
    let needle = Needle::RegExp {
        source: &units,
        flags: Flags {
            ignore_case: flag(0),
            multiline: flag(1),
            dot_all: flag(2),
            unicode: flag(3),
            sets: flag(4) && !flag(3),
            sticky: false,
        },
    };
    let options = Options {
        encoding: if flag(5) {
            Encoding::Latin1
        } else {
            Encoding::Utf8
        },
        ignore_case: false,
    };
    let Ok(pattern) = Pattern::new(&[needle], &options, &mut |_| None) else {
        return;
    };
    let wanted = all_by(&pattern, WAYS[0], haystack, usize::MAX).unwrap_or_default();
    let budget = 1 + usize::from(*budget);
    for way in WAYS {
        if let Some(found) = all_by(&pattern, way, haystack, budget) {
            assert_eq!(found, wanted, "{way}");
        }
    }
    for span in wanted.iter().take(20) {
        let captures = pattern.captures(haystack, *span);
        assert_eq!(captures.groups[0], Some((span.start, span.end)));
        for (start, end) in captures.groups.into_iter().flatten() {
            assert!(start <= end && end <= haystack.len());
        }
    }
    let last = pattern.rfind(haystack, 0);
    assert_eq!(last.is_some(), !wanted.is_empty());
    for invert in [false, true] {
        let lines = |budget: usize| {
            let mut scan = LineScan::new(&pattern, 0, haystack.len(), invert).numbered(1);
            let mut lines = Vec::new();
            loop {
                match scan.step(haystack, budget) {
                    LineStep::Line(line) => lines.push(line),
                    LineStep::More => {}
                    LineStep::Done => return lines,
                }
            }
        };
        assert_eq!(lines(budget), lines(usize::MAX));
    }
});
