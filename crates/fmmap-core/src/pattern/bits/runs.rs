//! Patterns that are one run of a class, as `\w+`, `[aeiou]` and `\d{3,}`, in a short haystack or near the beginning of a
//! long one, without rows: where a run begins and where it ends is read from one word of bits, and no branch depends on
//! its length.

use super::rows::{self, Term, WORD};
use super::segments::{Alternative, Beside, Segment, Segments};
use super::terms::ranked;
use crate::pattern::filter::front::Bytes;

/// How many bytes are searched for the first run.
const FAR: usize = 4 << 10;

/// The same for a byte that every match has.
const SOON: usize = 256;

/// A run of a class.
#[derive(Clone, Debug)]
pub(crate) struct Runs {
    class: Term,
    min: usize,
    max: usize,
    /// Tells bytes beyond ASCII, if they may be a part of characters of the class.
    beyond: Option<Term>,
}

/// The first run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// It starts and ends here.
    Match(usize, usize),
    /// None starts before this place.
    None(usize),
    /// None starts before this place, where only an automaton can tell.
    Ask(usize),
}

impl Runs {
    /// `None` if the pattern is something else.
    pub(super) fn new(segments: &Segments) -> Option<Self> {
        let (class, min, max, has_more) = match segments.alternatives.as_slice() {
            [one] if is_alone(one) => match *one.parts.as_slice() {
                [
                    Segment::Run {
                        class,
                        min,
                        max,
                        has_more,
                    },
                ] => (segments.classes[class], min, max, has_more),
                [Segment::Literal { len: 1, .. }] => (*segments.front.first()?, 1, 1, false),
                _ => return None,
            },
            // One character, whichever alternative it is.
            all if all.iter().all(is_character) => (*segments.front.first()?, 1, 1, false),
            _ => return None,
        };
        let (class, is_exact) = Term::new(0, &class);
        (is_exact && min > 0).then(|| Self {
            class,
            min,
            max,
            beyond: has_more.then(Term::beyond_ascii),
        })
    }

    /// The first run that starts at `from` or behind it, if it starts soon. `None` without instructions for it.
    pub(crate) fn first(&self, haystack: &[u8], from: usize) -> Option<First> {
        let until = haystack.len().min(from.saturating_add(FAR));
        let mut at = from;
        while at < until {
            let of = bits(&self.class, haystack, at)?;
            let beyond = match &self.beyond {
                Some(beyond) => bits(beyond, haystack, at)?,
                None => 0,
            };
            let any = of | beyond;
            if any == 0 {
                at += WORD;
                continue;
            }
            let place = any.trailing_zeros();
            let start = at + place as usize;
            if beyond >> place & 1 == 1 {
                return Some(First::Ask(start));
            }
            let mut end = start + (!(of >> place)).trailing_zeros() as usize;
            while end - at == WORD && end - start < self.max {
                let run = bits(&self.class, haystack, end)?.trailing_ones() as usize;
                (at, end) = (end, end + run);
            }
            if self.beyond.is_some()
                && end - start < self.max
                && haystack.get(end).is_some_and(|byte| !byte.is_ascii())
            {
                return Some(First::Ask(start));
            }
            if end - start >= self.min {
                return Some(First::Match(start, end.min(start.saturating_add(self.max))));
            }
            at = end;
        }
        Some(First::None(until))
    }

    /// How many there are from `from` on in a short haystack. `None` if it takes more than bits to know.
    pub(crate) fn count(&self, haystack: &[u8], from: usize) -> Option<usize> {
        let is_each = match (self.min, self.max) {
            (1, 1) => true,
            (1, usize::MAX) => false,
            _ => return None,
        };
        let (mut at, mut count, mut before) = (from, 0, 0);
        while at < haystack.len() {
            let of = bits(&self.class, haystack, at)?;
            if let Some(beyond) = &self.beyond
                && bits(beyond, haystack, at)? != 0
            {
                return None;
            }
            let starts = if is_each {
                of
            } else {
                of & !(of << 1 | before)
            };
            count += starts.count_ones() as usize;
            before = of >> (WORD - 1);
            at += WORD;
        }
        Some(count)
    }
}

fn is_alone(alternative: &Alternative) -> bool {
    [alternative.before, alternative.after] == [Beside::Anything; 2]
}

/// Whether it is one character of ASCII.
fn is_character(alternative: &Alternative) -> bool {
    let [part] = alternative.parts.as_slice() else {
        return false;
    };
    let is_one = match *part {
        Segment::Literal { len, .. } => len == 1,
        Segment::Run {
            min, max, has_more, ..
        } => (min, max) == (1, 1) && !has_more,
    };
    is_one && is_alone(alternative)
}

/// A byte that every match has.
#[derive(Clone, Debug)]
pub(crate) struct Needed {
    class: Term,
    /// Its place from the start of the match on; from the end of its lead, if it has one.
    place: usize,
    has_lead: bool,
}

impl Needed {
    /// The rarest in most texts. `None` if no such byte is known.
    pub(super) fn new(segments: &Segments) -> Option<Self> {
        let share = |class: &Bytes| {
            let mut share = 0;
            class.each(|byte| share += ranked(byte));
            share
        };
        let sure = segments.front[..segments.sure].iter().enumerate();
        let (place, class) = sure.min_by_key(|(_, class)| share(class))?;
        Some(Self {
            class: Term::new(0, class).0,
            place,
            has_lead: segments.lead.is_some(),
        })
    }

    /// Moves `from` past places at which no match can start, if a few bytes tell. Returns whether none is left.
    pub(crate) fn is_over(&self, haystack: &[u8], from: &mut usize) -> bool {
        let until = haystack.len().min(from.saturating_add(SOON));
        let mut at = *from;
        while at < until {
            let Some(bits) = bits(&self.class, haystack, at) else {
                return false;
            };
            if bits != 0 {
                // A lead may be of any length.
                if !self.has_lead {
                    let found = at + bits.trailing_zeros() as usize;
                    *from = found.saturating_sub(self.place).max(*from);
                }
                return false;
            }
            at += WORD;
        }
        until == haystack.len()
    }
}

/// Which of the bytes from `at` on belong to a class: a bit for each of 64 places, none behind the haystack's end.
#[inline]
pub(super) fn bits(class: &Term, haystack: &[u8], at: usize) -> Option<u64> {
    let rest = haystack.get(at..).unwrap_or_default();
    if let Some(bytes) = rest.first_chunk() {
        return rows::word(class, bytes);
    }
    let len = rest.len();
    if let Some(bytes) = haystack.last_chunk() {
        let bits = rows::word(class, bytes)?;
        return Some(bits.unbounded_shr(u32::try_from(WORD - len).unwrap_or(u32::MAX)));
    }
    rows::few(class, rest)
}

#[cfg(test)]
mod tests {
    use crate::pattern::filter::Choice;
    use crate::pattern::scan::{Scan, Step};
    use crate::pattern::syntax::Flags;
    use crate::pattern::testing::Random;
    use crate::pattern::{Needle, Options, Pattern};

    fn pattern(source: &str) -> Pattern {
        let source: Vec<u16> = source.encode_utf16().collect();
        let flags = Flags::new("");
        let needle = Needle::RegExp {
            source: &source,
            flags,
        };
        Pattern::new(&[needle], &Options::default(), &mut |_| None).unwrap()
    }

    fn plain(pattern: &Pattern, from: usize, len: usize) -> Scan {
        pattern.scan(from, len).forced(Choice::Plain).unwrap()
    }

    #[test]
    fn the_first_run_and_the_number_of_runs_are_those_of_the_automaton() {
        let mut random = Random(0x2095);
        let sources = [
            r"\w+",
            "[a-m]",
            "[a-m]{2,}",
            "-",
            "a|[k-m]|-",
            "[a-m]{3}",
            "[a-m]{2,5}",
            "[^a]+",
            "[^a]{70,}",
            ".{2,90}",
        ];
        for source in sources {
            let pattern = pattern(source);
            let runs = &pattern.plan().segments.as_ref().unwrap().runs;
            assert!(runs.is_some(), "{source}");
            for round in 0..300 {
                // Short ones, and runs that go on behind several words.
                let (len, long) = (random.below(280), 1 + random.below(100));
                let letters = [&b"ab- \n"[..], b"aa-", "ab-\u{e9}".as_bytes()][round % 3];
                let mut haystack = Vec::new();
                while haystack.len() < len {
                    let letter = letters[random.below(letters.len())];
                    let times = if random.below(4) == 0 { long } else { 1 };
                    haystack.extend(std::iter::repeat_n(letter, times));
                }
                let from = random.below(haystack.len() + 1);
                let mut search = plain(&pattern, from, haystack.len());
                let wanted = match search.step(&haystack, usize::MAX) {
                    Step::Match(span) => Some(span),
                    Step::More | Step::Done => None,
                };
                let shown = String::from_utf8_lossy(&haystack);
                let found = pattern.find(&haystack, from);
                assert_eq!(found, wanted, "{source} {from} {shown:?}");
                let (mut search, mut count) = (plain(&pattern, from, haystack.len()), 0);
                while !search.count(&haystack, usize::MAX, &mut count) {}
                let counted = pattern.count(&haystack, from);
                assert_eq!(counted, count, "{source} {from} {shown:?}");
            }
        }
    }

    #[test]
    fn a_run_that_stands_far_away_is_found() {
        let pattern = pattern("[a-m]{2,}");
        for far in [4000, 4095, 4096, 4097, 9000] {
            let mut haystack = vec![b'-'; far];
            haystack.push(b'a');
            assert_eq!(pattern.find(&haystack, 0), None);
            haystack.extend([b'b'; 200]);
            let found = pattern.find(&haystack, 3).unwrap();
            assert_eq!((found.start, found.end), (far, far + 201));
        }
    }
}
