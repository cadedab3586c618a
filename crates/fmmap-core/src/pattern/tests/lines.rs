//! Compares the search for lines with a search in each single line.

use super::compiled;
use crate::pattern::testing::{Oracle, Random};
use crate::pattern::{Encoding, LineScan, LineStep, Pattern};

/// Where a line starts and ends, and its number.
type Found = (usize, usize, usize);

fn lines(pattern: &Pattern, text: &[u8], invert: bool, budget: usize) -> Vec<Found> {
    let mut scan = LineScan::new(pattern, 0, text.len(), invert).numbered(1);
    let mut found = Vec::new();
    loop {
        match scan.step(text, budget) {
            LineStep::Line(line) => found.push((line.start, line.end, line.number)),
            LineStep::More => {}
            LineStep::Done => return found,
        }
    }
}

/// Compares the lines with a match and those without one, found and counted, with what they must be.
fn check(pattern: &Pattern, text: &[u8], budget: usize, wanted: [&Vec<Found>; 2], what: &str) {
    for (invert, wanted) in [false, true].into_iter().zip(wanted) {
        let found = lines(pattern, text, invert, budget);
        assert_eq!(&found, wanted, "{invert}: {what}");
        let mut scan = LineScan::new(pattern, 0, text.len(), invert).numbered(1);
        let (mut found, mut steps) = (Vec::new(), 0);
        loop {
            steps += 1;
            if steps % 50 == 0 || budget < usize::MAX {
                scan.forget();
            }
            match scan.step(text, budget) {
                LineStep::Line(line) => found.push((line.start, line.end, line.number)),
                LineStep::More => {}
                LineStep::Done => break,
            }
        }
        assert_eq!(&found, wanted, "forgetting, {invert}: {what}");
        let mut count = 0;
        let mut scan = LineScan::new(pattern, 0, text.len(), invert);
        while !scan.count(text, budget, &mut count) {}
        assert_eq!(count, wanted.len(), "count, {invert}: {what}");
        let mut by_starts = 0;
        let mut scan = LineScan::new(pattern, 0, text.len(), invert).by_starts();
        while !scan.count(text, budget, &mut by_starts) {}
        assert_eq!(by_starts, wanted.len(), "by starts, {invert}: {what}");
    }
}

#[test]
fn lines_with_and_without_a_match_are_all_lines() {
    let mut random = Random(0xDEAD_BEEF_CAFE);
    for _ in 0..3000 {
        let (source, flags) = random.pattern();
        let Ok(pattern) = compiled(&source, &flags, Encoding::Utf8) else {
            continue;
        };
        let Some(oracle) = Oracle::new(&source, &flags, Encoding::Utf8) else {
            continue;
        };
        let mut text = random.text(8);
        text.push(b'\n');
        text.extend(random.text(8));
        let starts: Option<Vec<bool>> = (0..=text.len())
            .map(|at| Some(oracle.at(&text, at)?.is_some()))
            .collect();
        let Some(starts) = starts else {
            continue;
        };
        let (mut with, mut without, mut start, mut number) = (vec![], vec![], 0, 1);
        while start < text.len() {
            let end = text[start..]
                .iter()
                .position(|&byte| byte == b'\n')
                .map_or(text.len(), |at| start + at);
            let list = if starts[start..=end].contains(&true) {
                &mut with
            } else {
                &mut without
            };
            list.push((start, end, number));
            (start, number) = (end + 1, number + 1);
        }
        let what = format!(
            "/{source}/{flags} over {:?}",
            text.escape_ascii().to_string()
        );
        for budget in [usize::MAX, 1, 3] {
            check(&pattern, &text, budget, [&with, &without], &what);
        }
    }
}

#[test]
fn lines_with_a_literal_are_those_that_contain_it() {
    let mut random = Random(0x00C0_FFEE);
    // Dense and rare places, some that overlap, lines of all lengths.
    for (letters, source) in [
        (&b"ab\n"[..], "a"),
        (b"ab\n", "aa"),
        (b"ab\n", "abab"),
        (b"abcdefgh\n", "cab"),
        (b"abcdefghijklmnopqrstuvwxyz     \n", "xyz"),
        (b"abcdefghijklmnopqrstuvwxyz     \n", "q"),
        (b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n", "aaaab"),
        ("ü ö\n".as_bytes(), "ü"),
    ] {
        let pattern = compiled(source, "", Encoding::Utf8).unwrap();
        for len in [100, 5000, 100_000] {
            let text: Vec<u8> = (0..len)
                .map(|_| letters[random.below(letters.len())])
                .collect();
            let (mut with, mut without, mut start) = (vec![], vec![], 0);
            for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
                let end = start + line.len();
                let has_it = memchr::memmem::find(line, source.as_bytes()).is_some();
                if start < text.len() {
                    let list = if has_it { &mut with } else { &mut without };
                    list.push((start, end, at + 1));
                }
                start = end + 1;
            }
            for budget in [usize::MAX, 1, 5000] {
                let what = format!("{source} in {len} bytes, {budget} at a time");
                check(&pattern, &text, budget, [&with, &without], &what);
            }
        }
    }
}

#[test]
fn lines_that_are_judged_at_once_have_a_match() {
    let mut random = Random(0x11AE5);
    for (source, flags) in [
        (r"\d{2}-\d", ""),
        ("ab", ""),
        ("ab|c1|-7", ""),
        (r"x\w*", ""),
        (",[^,\n]*,", ""),
        (r"[ab,]+\d", ""),
        (r"\d$", "m"),
        ("^[a-c]", "m"),
        (r"\d", ""),
    ] {
        let pattern = compiled(source, flags, Encoding::Utf8).unwrap();
        let mut all = 0;
        // Lines of all lengths, those with matches side by side or far apart.
        for (most, others) in [(6, 4), (30, 200), (300, 0), (9000, 1000)] {
            let mut text = Vec::new();
            while text.len() < 100_000 {
                for _ in 0..random.below(most + 1) {
                    let words = ["ab", "12-3", "x7", ",", "c1", "b", "-", "é", "7"];
                    let among = if random.below(2000) == 0 { 9 } else { 7 };
                    text.extend_from_slice(words[random.below(among)].as_bytes());
                }
                text.push(b'\n');
                for _ in 0..random.below(others + 1) {
                    text.extend_from_slice([b"..\n".as_slice(), b"\n", b"...."][random.below(3)]);
                }
            }
            text.truncate(text.len() - random.below(3));
            let (mut with, mut without, mut start) = (vec![], vec![], 0);
            for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
                if start < text.len() {
                    let list = match pattern.find(line, 0) {
                        Some(_) => &mut with,
                        None => &mut without,
                    };
                    list.push((start, start + line.len(), at + 1));
                }
                start += line.len() + 1;
            }
            all += with.len();
            let budget = [usize::MAX, 5000][random.below(2)];
            let what = format!("{source} {most} {others} {budget}");
            check(&pattern, &text, budget, [&with, &without], &what);
        }
        assert!(all > 1000, "{source} {all}");
    }
}

#[test]
fn a_step_without_a_match_is_not_taken_again() {
    let words = [
        "ab", "user", "12", "x7", ",", "=,", "-", " ", "key=1", "GET ", "deadbeef", ".",
    ];
    let mut random = Random(0x5EED);
    let mut text = String::new();
    // Only one line in forty has a match, and most are longer than a stretch of rows.
    for line in 0..90 {
        let end = text.len() + [200, 6000][usize::from(line % 40 > 4)];
        while text.len() < end {
            text.push_str(words[random.below(words.len())]);
        }
        text.push_str(if line % 40 == 3 { "key=\n" } else { "-\n" });
    }
    let wanted = 3;
    let pattern = compiled(r"\w=$", "m", Encoding::Utf8).unwrap();
    for budget in [1 << 10, 20_000, 64 << 10] {
        // A step may search more than its budget, but not less than half of it.
        let most = 2 * text.len() / budget + 2 * wanted + 100;
        let (mut scan, mut count) = (LineScan::new(&pattern, 0, text.len(), false), 0);
        let is_over = (0..most).any(|_| {
            scan.forget();
            scan.count(text.as_bytes(), budget, &mut count)
        });
        assert!(is_over, "count by {budget}");
        assert_eq!(count, wanted, "{budget}");
        let (mut scan, mut found) = (LineScan::new(&pattern, 0, text.len(), false), 0);
        let is_over = (0..most).any(|_| {
            scan.forget();
            match scan.step(text.as_bytes(), budget) {
                LineStep::Line(_) => found += 1,
                LineStep::More => {}
                LineStep::Done => return true,
            }
            false
        });
        assert!(is_over, "steps of {budget}");
        assert_eq!(found, wanted, "{budget}");
    }
}

#[test]
fn a_step_for_lines_without_a_match_passes_many_that_have_one() {
    let text = "some words of a line\n".repeat(20_000);
    for (source, flags) in [(r"\s", ""), ("w", ""), ("^", "m"), (r"o(?=[^]*s)", "")] {
        let pattern = compiled(source, flags, Encoding::Utf8).unwrap();
        for budget in [1 << 10, 64 << 10] {
            let mut scan = LineScan::new(&pattern, 0, text.len(), true);
            let mut steps = 1;
            while scan.step(text.as_bytes(), budget) != LineStep::Done {
                steps += 1;
            }
            let most = 4 * text.len() / budget + 20;
            assert!(steps < most, "{steps} steps of {budget}: {source}");
        }
    }
}

#[test]
fn lines_take_linear_time_though_each_has_a_match_that_goes_on_behind_it() {
    for (source, flags, unit) in [
        (r"\s+$", "", "\n"),
        (r"^\s*$", "m", " \n"),
        ("a[^]*b", "", "a b\n"),
        (r"(\w+\s*)+$", "", "some words\n"),
        (r"\s+(?=$)", "", "\n"),
        ("a[^]*(?=b)|c+(?=d)", "", "a b\n"),
    ] {
        let pattern = compiled(source, flags, Encoding::Utf8).unwrap();
        let spent = |count: usize| {
            let text = unit.repeat(count).into_bytes();
            let (mut lines, mut found, mut steps) =
                (LineScan::new(&pattern, 0, text.len(), false), 0, 1.0);
            while !lines.count(&text, 4096, &mut found) {
                steps += 1.0;
            }
            assert_eq!(found, count, "/{source}/{flags}");
            steps
        };
        let size = (32 << 10) / unit.len();
        let growth = spent(4 * size) / spent(size);
        assert!(growth < 8.0, "/{source}/{flags}: {growth:.1}");
    }
}
