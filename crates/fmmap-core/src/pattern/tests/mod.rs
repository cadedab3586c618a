//! Tests what patterns match, against an oracle and in single sentences.

mod events;
mod groups;
mod lines;
mod lookaheads;
mod needles;
mod oracle;
mod rare;
mod runs;
mod sentences;
mod stays;
mod writers;

use super::{Encoding, Flags, Needle, Options, Pattern, Refusal, Span, Step};

/// A pattern of one regular expression.
fn compiled(source: &str, flags: &str, encoding: Encoding) -> Result<Pattern, Refusal> {
    let source: Vec<u16> = source.encode_utf16().collect();
    let needle = Needle::RegExp {
        source: &source,
        flags: Flags::new(flags),
    };
    let options = Options {
        encoding,
        ignore_case: false,
    };
    Pattern::new(&[needle], &options, &mut |_| None)
}

fn pattern(source: &str, flags: &str) -> Pattern {
    compiled(source, flags, Encoding::Utf8).unwrap()
}

/// All matches, found in steps of `budget` bytes.
fn all(pattern: &Pattern, haystack: &[u8], budget: usize) -> Vec<Span> {
    let (mut search, mut found) = (pattern.scan(0, haystack.len()), Vec::new());
    loop {
        match search.step(haystack, budget) {
            Step::Match(span) => found.push(span),
            Step::More => {}
            Step::Done => return found,
        }
    }
}

fn texts<'h>(pattern: &Pattern, haystack: &'h str) -> Vec<&'h str> {
    let found = all(pattern, haystack.as_bytes(), usize::MAX);
    found
        .iter()
        .map(|span| &haystack[span.start..span.end])
        .collect()
}
