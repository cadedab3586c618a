//! Finds the first match, or the number of matches, in a short haystack or the beginning of a long one, without what a
//! search needs that can be interrupted.

use super::{Progress, Sink, Span, Step, text};
use crate::pattern::Pattern;
use crate::pattern::automata::lazy::DEAD;
use crate::pattern::automata::run::{Pause, Run};
use crate::pattern::bits::{Beginning, First, Next, Segments, Stop, Walk, is_ascii, look_around};
use crate::pattern::pool::Caches;

/// How many bytes are the beginning.
pub(super) const BEGINNING: usize = 32 << 10;

/// How many bytes are short.
const SHORT: usize = 256;

/// The first match, if it stands in the beginning. Otherwise the search goes on from `from`, which is moved.
pub(in crate::pattern) fn first(pattern: &Pattern, haystack: &[u8], from: &mut usize) -> Step {
    let Some(segments) = segments(pattern).filter(|_| *from < haystack.len()) else {
        return by_automaton(pattern, haystack, from);
    };
    if let Some(runs) = &segments.runs
        && let Some(found) = runs.first(haystack, *from)
    {
        match found {
            First::Match(start, end) => {
                return Step::Match(Span {
                    start,
                    end,
                    pattern: 0,
                });
            }
            First::None(end) if end == haystack.len() => return Step::Done,
            First::None(place) => *from = place,
            First::Ask(place) => {
                *from = place;
                return Step::More;
            }
        }
    }
    if let Some(needed) = &segments.needed
        && needed.is_over(haystack, from)
    {
        return Step::Done;
    }
    if segments.near.is_none() {
        return match look_around(segments, haystack, from) {
            Some(span) => Step::Match(span),
            None if *from < haystack.len() && haystack.len() - *from <= SHORT => {
                by_bits(pattern, segments, haystack, from)
            }
            None => Step::More,
        };
    }
    let mut sink = Sink::new(None, 1);
    match once(segments, haystack, from, &mut sink) {
        Progress::Full => Step::Match(sink.last),
        Progress::Done => Step::Done,
        Progress::More => Step::More,
    }
}

/// Adds the matches in the beginning to `count`. Unless these were all, the search goes on from `from`, which is moved.
pub(in crate::pattern) fn count(
    pattern: &Pattern,
    haystack: &[u8],
    from: &mut usize,
    count: &mut usize,
) -> Progress {
    let Some(segments) = segments(pattern).filter(|_| *from < haystack.len()) else {
        if is_over(pattern, haystack, from) {
            return Progress::Done;
        }
        let is_one = pattern.starts_at_start() || pattern.ends_at_end() && !pattern.is_nullable();
        return match is_one.then(|| by_automaton(pattern, haystack, from)) {
            Some(Step::Match(_)) => {
                *count += 1;
                Progress::Done
            }
            Some(Step::Done) => Progress::Done,
            Some(Step::More) | None => Progress::More,
        };
    };
    if let Some(runs) = &segments.runs
        && haystack.len() - *from <= SHORT
        && let Some(found) = runs.count(haystack, *from)
    {
        *count += found;
        return Progress::Done;
    }
    if let Some(needed) = &segments.needed
        && needed.is_over(haystack, from)
    {
        return Progress::Done;
    }
    let mut sink = Sink::new(None, usize::MAX);
    let progress = once(segments, haystack, from, &mut sink);
    *count += sink.count;
    progress
}

/// Searches the beginning for a search that never pauses.
fn once(segments: &Segments, haystack: &[u8], from: &mut usize, sink: &mut Sink<'_>) -> Progress {
    let Some(near) = &segments.near else {
        return Progress::More;
    };
    let until = haystack.len().min(from.saturating_add(BEGINNING));
    let mut beginning = Beginning::default();
    match near.go(segments, haystack, &mut beginning, from, until, sink) {
        Next::Full => Progress::Full,
        Next::None if until == haystack.len() => Progress::Done,
        Next::None | Next::Other => Progress::More,
    }
}

/// The pattern as runs of characters, if it can be searched for as that.
pub(super) fn segments(pattern: &Pattern) -> Option<&Segments> {
    let segments = pattern.plan().segments.as_ref();
    segments.filter(|_| !pattern.is_sticky())
}

/// The first match from `from` on by rows of bits. `More` if only an automaton can tell, which goes on at `from`.
fn by_bits(pattern: &Pattern, segments: &Segments, haystack: &[u8], from: &mut usize) -> Step {
    let mut caches = pattern.take_caches();
    let (mut sink, mut left) = (Sink::new(None, 1), isize::MAX);
    let (mut walk, stop) = (Walk::new(*from), haystack.len());
    let rows = &mut caches.rows;
    let stopped = walk.go(segments, rows, haystack, from, stop, &mut left, &mut sink);
    pattern.give_back(caches);
    match stopped {
        Stop::Full => Step::Match(sink.last),
        Stop::Over => Step::Done,
        Stop::Spent | Stop::Ask(_) => Step::More,
    }
}

/// Moves `from` past places at which no match can start. Whether no place is left.
fn is_over(pattern: &Pattern, haystack: &[u8], from: &mut usize) -> bool {
    if pattern.starts_at_start() || pattern.ends_at_end() {
        return pattern.starts_at_start() && *from > 0;
    }
    if *from >= haystack.len() || pattern.is_sticky() {
        return false;
    }
    *from = pattern.plan().first(haystack, *from);
    *from == haystack.len()
}

/// The same by the automaton. `More` if the haystack or the pattern needs more than that, which goes on at `from`.
fn by_automaton(pattern: &Pattern, haystack: &[u8], from: &mut usize) -> Step {
    if is_over(pattern, haystack, from) {
        return Step::Done;
    }
    let is_short = haystack.len().saturating_sub(*from) <= SHORT && *from <= haystack.len();
    if !is_short || pattern.is_sticky() || pattern.has_tail() {
        return Step::More;
    }
    // Then no character is read as a whole, and no place is inside of one.
    if !is_ascii(&haystack[*from..]) {
        return Step::More;
    }
    let mut caches = pattern.take_caches();
    let found = run(pattern, &mut caches, haystack, *from);
    pattern.give_back(caches);
    found.map_or(Step::Done, Step::Match)
}

fn run(pattern: &Pattern, caches: &mut Caches, haystack: &[u8], from: usize) -> Option<Span> {
    if pattern.ends_at_end() {
        let end = haystack.len();
        let start = start_of(pattern, caches, haystack, from, end)?;
        return Some(Span {
            start,
            end,
            pattern: 0,
        });
    }
    let (automaton, cache) = (pattern.forward(), &mut caches.forward);
    let before = text::before(haystack, from, automaton.program.whole);
    let is_anchored = pattern.starts_at_start();
    let mut run = Run {
        state: automaton.start(cache, before, is_anchored),
        at: from,
        found: None,
    };
    let mut left = isize::MAX;
    while run.state != DEAD {
        let end = haystack.len();
        match run.forward(automaton, cache, haystack, end, false, &mut left) {
            Pause::Dead => break,
            Pause::Limit => {
                run.symbol(automaton, cache, haystack);
                break;
            }
            Pause::Match | Pause::Spent => {}
        }
    }
    let (end, number) = run.found?;
    let start = match pattern.fixed_len() {
        _ if is_anchored => Some(from),
        Some(len) => Some(end.saturating_sub(len)),
        None => start_of(pattern, caches, haystack, from, end),
    };
    Some(Span {
        start: start?,
        end,
        pattern: number as usize,
    })
}

/// Where the match starts that ends at `end`, if none of the characters between is read as a whole.
pub(super) fn start_of(
    pattern: &Pattern,
    caches: &mut Caches,
    haystack: &[u8],
    from: usize,
    end: usize,
) -> Option<usize> {
    let (automaton, cache) = (pattern.backward(), &mut caches.backward);
    let after = text::after(haystack, end, automaton.program.whole);
    let mut run = Run {
        state: automaton.start(cache, after, true),
        at: end,
        found: None,
    };
    let mut left = isize::MAX;
    while run.state != DEAD {
        match run.backward(automaton, cache, haystack, from, false, &mut left) {
            Pause::Dead => break,
            Pause::Limit => {
                run.symbol_before(automaton, cache, haystack);
                break;
            }
            Pause::Match | Pause::Spent => {}
        }
    }
    run.found.map(|(start, _)| start)
}

#[cfg(test)]
mod tests {
    use crate::pattern::filter::Choice;
    use crate::pattern::scan::{Scan, Step};
    use crate::pattern::syntax::Flags;
    use crate::pattern::testing::Random;
    use crate::pattern::{Needle, Options, Pattern};

    #[test]
    fn a_short_haystack_has_the_matches_that_the_automaton_finds() {
        let mut random = Random(0x5407);
        let sources = concat!(
            r#"(\w+)=(\w+) \w+@\w [A-Z][a-z]+ [A-Z]\w* foo|b.r|ba \d+\.\d+ "[^"]*" 0x[0-9a-f]+ a+b+ "#,
            r"\r?\n (?:a*)*b é=|x[^a]b =\w{2,3}$ ^foo ^\w* ^ foo$ \d+$ x*$ $",
        );
        let parts = [
            "foo", "bar", "=", "@", "\"", "0x1f", "1.5", "A", "x", "é", " ", "\r\n", "ab", "-----",
        ];
        for source in sources.split(' ') {
            let units: Vec<u16> = source.encode_utf16().collect();
            for flags in ["", "m"] {
                let needle = Needle::RegExp {
                    source: &units,
                    flags: Flags::new(flags),
                };
                let pattern = Pattern::new(&[needle], &Options::default(), &mut |_| None).unwrap();
                for _ in 0..150 {
                    let mut text = String::new();
                    // Of a few parts, so that others are missing in many texts.
                    let (few, len) = (1 + random.below(parts.len()), random.below(90));
                    while text.len() < len {
                        text.push_str(parts[random.below(few)]);
                    }
                    let (text, from) = (text.as_bytes(), random.below(4).min(text.len()));
                    let plain = || -> Scan {
                        pattern
                            .scan(from, text.len())
                            .forced(Choice::Plain)
                            .unwrap()
                    };
                    let wanted = match plain().step(text, usize::MAX) {
                        Step::Match(span) => Some(span),
                        Step::More | Step::Done => None,
                    };
                    let shown = String::from_utf8_lossy(text);
                    let name = format!("/{source}/{flags} {from} {shown:?}");
                    assert_eq!(pattern.find(text, from), wanted, "{name}");
                    let (mut search, mut count) = (plain(), 0);
                    while !search.count(text, usize::MAX, &mut count) {}
                    assert_eq!(pattern.count(text, from), count, "{name}");
                }
            }
        }
    }
}
