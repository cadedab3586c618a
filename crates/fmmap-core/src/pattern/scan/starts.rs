//! Finds matches where literals stand, many at a time.
//!
//! A call of the engine for literals costs as much as some hundred bytes of its search. So it is asked for many places
//! at once, and each of them is looked at.

use super::sink::Sink;
use super::{Span, ways};
use crate::pattern::bits::{Found, Segments, Stop, look_once};
use crate::pattern::filter::{Candidates, place};
use crate::pattern::signed;

/// How many places are asked for at first, and at most.
const FEW: usize = 4;
const MANY: usize = 512;

/// What every place is.
pub(super) enum Is<'s> {
    /// A match of so many bytes.
    Match(usize),
    /// One that has to be looked at.
    Start(&'s Segments),
}

/// How far a search went.
pub(super) struct Gone {
    pub(super) stop: Stop,
    /// How many bytes were read in vain.
    pub(super) wasted: usize,
}

/// Gives the matches that start in `[from, until)` to `sink`. Moves `from` to where the next one may start.
pub(super) fn go(
    candidates: &mut Candidates,
    is: &Is<'_>,
    haystack: &[u8],
    from: &mut usize,
    until: usize,
    left: &mut isize,
    sink: &mut Sink<'_>,
) -> Gone {
    let mut places = [0.0; MANY];
    let mut room = FEW;
    let mut gone = Gone {
        stop: Stop::Over,
        wasted: 0,
    };
    while *from < until {
        if *left < 0 {
            gone.stop = Stop::Spent;
            break;
        }
        let began = *from;
        let until = until.min(began.saturating_add(ways::window(*left)));
        if let Is::Match(_) = is
            && sink.is_count()
        {
            sink.count += candidates.count(haystack, began, until);
            *from = until;
            *left -= signed(until - began) + 8;
            continue;
        }
        let (count, next) = candidates.batch(haystack, began, until, &mut places[..room]);
        room = MANY.min(2 * room);
        let before = gone.wasted;
        let stop = look_at(&places[..count], is, haystack, from, &mut gone.wasted, sink);
        if stop.is_none() {
            *from = next.max(*from);
        }
        *left -= signed(*from - began + gone.wasted - before) + 8;
        if let Some(stop) = stop {
            gone.stop = stop;
            break;
        }
    }
    gone
}

/// Looks at some places, one after the other.
fn look_at(
    places: &[f64],
    is: &Is<'_>,
    haystack: &[u8],
    from: &mut usize,
    wasted: &mut usize,
    sink: &mut Sink<'_>,
) -> Option<Stop> {
    for &offset in places {
        let start = place(offset);
        // It may lie in the match before.
        if start < *from {
            continue;
        }
        let end = match is {
            Is::Match(len) => start + len,
            Is::Start(segments) => match look_once(segments, haystack, start) {
                Found::Match(end) => end,
                Found::None(seen) => {
                    *wasted += seen - start + 16;
                    *from = start + 1;
                    continue;
                }
                Found::Ask | Found::Beyond => {
                    *from = start;
                    return Some(Stop::Ask(start));
                }
            },
        };
        *from = end;
        let span = Span {
            start,
            end,
            pattern: 0,
        };
        if sink.push(span) {
            return Some(Stop::Full);
        }
    }
    None
}
