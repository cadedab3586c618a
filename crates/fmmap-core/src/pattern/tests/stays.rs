//! Long stretches that a run reads in one state, and so in larger steps than bytes.

use super::{Encoding, all, compiled};
use crate::pattern::testing::{Oracle, Random, WAYS, all_by, last_by};

const PATTERNS: [(&str, &str); 15] = [
    (r"`[^`]*`", ""),
    (r".*", ""),
    (r"^.*$", "m"),
    (r"^[^,]*", "m"),
    (r"x[^]*?y", ""),
    (r"x(?:[^]*y)?", ""),
    (r"\/\*[^]*?\*\/", ""),
    (r"[^;]*;", "s"),
    (r"\b.*\b", ""),
    (r"\w+$", "m"),
    (r"(?:[^`]|``)+", ""),
    (r".*(?=y)", ""),
    (r"[^x]+(?!y)", ""),
    (r"(?:^|,)([^,\n]*)", "m"),
    (r"a*|[^]*?x", "i"),
];

#[test]
fn a_stretch_in_one_state_changes_no_match() {
    let mut random = Random(0x57A7);
    let (parts, mut compared) = (["`", "x", "y", ",", ";", "\n", "/*", "*/", "\u{2028}"], 0);
    for _ in 0..15 {
        let mut text = Vec::new();
        while text.len() < 400 {
            let fill = ["a", "a b", "é", "-", "aK\u{212A}"][random.below(5)];
            text.extend(fill.repeat(random.below(90)).into_bytes());
            text.extend(parts[random.below(parts.len())].bytes());
            if random.below(9) == 0 {
                text.push(0xE2);
            }
        }
        for (source, flags) in PATTERNS {
            for encoding in [Encoding::Utf8, Encoding::Latin1] {
                let pattern = compiled(source, flags, encoding).unwrap();
                let oracle = Oracle::new(source, flags, encoding).unwrap();
                let what = format!("/{source}/{flags} {encoding:?} {}", text.escape_ascii());
                let spans = all(&pattern, &text, usize::MAX);
                if let Some(wanted) = oracle.all(&text, 0) {
                    let found = spans.iter().map(|span| Some((span.start, span.end)));
                    assert!(found.eq(wanted.iter().map(|groups| groups[0])), "{what}");
                    compared += 1;
                }
                assert_eq!(pattern.count(&text, 0), spans.len(), "{what}");
                for budget in [1, 70] {
                    assert_eq!(all(&pattern, &text, budget), spans, "in steps: {what}");
                }
                for way in WAYS {
                    if let Some(found) = all_by(&pattern, way, &text, usize::MAX) {
                        assert_eq!(found, spans, "by {way}: {what}");
                    }
                    if let Some(found) = last_by(&pattern, way, &text, usize::MAX) {
                        assert_eq!(found, pattern.rfind(&text, 0), "the last by {way}: {what}");
                    }
                }
            }
        }
    }
    assert!(compared > 300, "{compared}");
}
