//! Finds matches of a pattern with lookaheads in linear time, however far the lookaheads read: by the automaton of the
//! pattern without them, which asks at each place where a match could end whether the lookahead behind it holds.

use super::look::{Look, Sizes};
use super::memo::Memo;
use super::text;
use crate::pattern::automata::lazy::{DEAD, TAG};
use crate::pattern::automata::program::Way;
use crate::pattern::automata::run::Run;
use crate::pattern::automata::{Automaton, Cache};
use crate::pattern::guarded::Guarded;
use crate::pattern::signed;
use std::task::Poll;

/// How many bytes an instruction counts as when a state is computed.
const INSTRUCTION: isize = 8;

#[derive(Clone, Copy, Debug)]
enum Phase {
    Idle,
    /// It looks for the end of a match. One that starts at a known place starts there.
    Forward {
        run: Run,
        start: Option<usize>,
        note: usize,
    },
    /// It looks for the start of the match.
    Backward {
        run: Run,
        end: usize,
        pattern: u32,
    },
}

/// What a step has found.
pub(super) enum Answer {
    Match {
        start: usize,
        end: usize,
        pattern: u32,
    },
    /// Somebody has written to the haystack meanwhile: the match that ended here is gone.
    Gone(usize),
    /// Nothing yet.
    More,
    /// There is no match.
    None,
}

/// A search in progress.
#[derive(Debug)]
pub(super) struct Guard {
    forward: Cache,
    backward: Cache,
    looks: Vec<Look>,
    memo: Memo,
    phase: Phase,
}

impl Guard {
    pub(super) fn new(guarded: &Guarded, sizes: Sizes) -> Self {
        Self {
            forward: guarded.forward.cache(),
            backward: guarded.backward.cache(),
            looks: guarded
                .looks
                .iter()
                .map(|look| Look::new(&look.automaton, sizes))
                .collect(),
            memo: Memo::default(),
            phase: Phase::Idle,
        }
    }

    /// Goes on from another place.
    pub(super) fn resume(&mut self) {
        self.phase = Phase::Idle;
    }

    /// The first match that starts in `[from, stop]`; if `anchored`, one that starts at `from`.
    pub(super) fn next(
        &mut self,
        guarded: &Guarded,
        haystack: &[u8],
        (from, stop): (usize, usize),
        anchored: bool,
        left: &mut isize,
    ) -> Answer {
        loop {
            if *left < 0 {
                return Answer::More;
            }
            match self.phase {
                Phase::Idle => {
                    let automaton = &guarded.forward;
                    let before = text::before(haystack, from, automaton.program.whole);
                    let state = automaton.start(&mut self.forward, before, anchored);
                    if state == DEAD {
                        return Answer::None;
                    }
                    let run = Run {
                        state,
                        at: from,
                        found: None,
                    };
                    let start = anchored.then_some(from);
                    self.memo.begin();
                    self.phase = Phase::Forward {
                        run,
                        start,
                        note: note(&run, start),
                    };
                }
                Phase::Forward { run, start, note } => {
                    let Poll::Ready(found) =
                        self.forward(guarded, haystack, run, (from, stop), (start, note), left)
                    else {
                        return Answer::More;
                    };
                    self.phase = Phase::Idle;
                    let Some((end, pattern)) = found else {
                        return Answer::None;
                    };
                    if let Some(start) = start {
                        return Answer::Match {
                            start,
                            end,
                            pattern,
                        };
                    }
                    let automaton = &guarded.backward;
                    let after = text::after(haystack, end, automaton.program.whole);
                    let state = automaton.start(&mut self.backward, after, true);
                    let run = Run {
                        state,
                        at: end,
                        found: None,
                    };
                    self.phase = Phase::Backward { run, end, pattern };
                }
                Phase::Backward { run, end, pattern } => {
                    let Poll::Ready(start) = self.backward(guarded, haystack, run, from, left)
                    else {
                        return Answer::More;
                    };
                    self.phase = Phase::Idle;
                    return start.map_or(Answer::Gone(end), |start| Answer::Match {
                        start,
                        end,
                        pattern,
                    });
                }
            }
        }
    }

    /// Where the match ends, once that is known.
    fn forward(
        &mut self,
        guarded: &Guarded,
        haystack: &[u8],
        mut run: Run,
        (from, stop): (usize, usize),
        (start, mut place): (Option<usize>, usize),
        left: &mut isize,
    ) -> Poll<Option<(usize, u32)>> {
        let automaton = &guarded.forward;
        loop {
            // Behind a newline at which a part of the haystack ends only an empty match can end, which starts in the
            // next part.
            if run.at > stop || run.at == stop && stop < haystack.len() {
                break;
            }
            if *left < 0 {
                self.phase = Phase::Forward {
                    run,
                    start,
                    note: place,
                };
                return Poll::Pending;
            }
            if run.at == place {
                let state = run.state & !TAG;
                if self.memo.is_barren(run.at, state, self.forward.generation) {
                    break;
                }
            }
            if run.at >= place {
                place = base(&run, start).map_or(usize::MAX, |base| {
                    Memo::next_place(run.at + usize::from(run.at == place), base)
                });
                continue;
            }
            let before = run.found;
            let is_end = run.at >= haystack.len();
            let Self { forward, looks, .. } = self;
            match step(automaton, forward, haystack, &mut run, guarded, looks, left) {
                Step::Open => continue,
                Step::Dead => break,
                Step::Read => {}
            }
            if run.found != before {
                self.memo.begin();
                place = note(&run, start);
            }
            if is_end {
                break;
            }
        }
        self.memo.end(from, self.forward.generation);
        Poll::Ready(run.found)
    }

    /// Where the match starts, once that is known.
    fn backward(
        &mut self,
        guarded: &Guarded,
        haystack: &[u8],
        mut run: Run,
        from: usize,
        left: &mut isize,
    ) -> Poll<Option<usize>> {
        while run.state != DEAD {
            if *left < 0 {
                if let Phase::Backward { run: kept, .. } = &mut self.phase {
                    *kept = run;
                }
                return Poll::Pending;
            }
            let is_last = run.at <= from;
            let Self {
                backward, looks, ..
            } = self;
            let automaton = &guarded.backward;
            match step(
                automaton, backward, haystack, &mut run, guarded, looks, left,
            ) {
                Step::Dead => break,
                Step::Read if is_last => break,
                Step::Open | Step::Read => {}
            }
        }
        Poll::Ready(run.found.map(|(start, _)| start))
    }
}

/// Where the last match of a run ended, or the run has started.
fn base(run: &Run, start: Option<usize>) -> Option<usize> {
    run.found.map(|(end, _)| end).or(start)
}

/// The next place at which a run is noted.
fn note(run: &Run, start: Option<usize>) -> usize {
    base(run, start).map_or(usize::MAX, |base| Memo::next_place(run.at, base))
}

enum Step {
    /// A symbol was read.
    Read,
    /// No match can follow.
    Dead,
    /// What is left was used up before all lookaheads here were decided.
    Open,
}

/// Decides the lookaheads at a place, and reads a symbol. The run's state has its tag.
fn step(
    automaton: &Automaton,
    cache: &mut Cache,
    haystack: &[u8],
    run: &mut Run,
    guarded: &Guarded,
    looks: &mut [Look],
    left: &mut isize,
) -> Step {
    let (whole, work) = (automaton.program.whole, cache.work);
    let (symbol, len) = match automaton.program.way {
        Way::Forward => whole.at(haystack, run.at),
        Way::Backward => whole.before(haystack, run.at),
    };
    let next = loop {
        if run.state & TAG != 0
            && let Some(look) = automaton.look(cache, run.state)
        {
            let number = look as usize;
            let (Some(of), Some(answers)) = (guarded.looks.get(number), looks.get_mut(number))
            else {
                return Step::Dead;
            };
            let Some(begins) = answers.begins(&of.automaton, haystack, run.at, left) else {
                return Step::Open;
            };
            run.state = automaton.decide(cache, run.state & !TAG, look, begins != of.is_negative);
            if run.state == DEAD {
                return Step::Dead;
            }
            continue;
        }
        let next = automaton.next(cache, run.state & !TAG, symbol);
        if next == DEAD {
            return Step::Dead;
        }
        if next & TAG == 0 || !cache.is_before(next) {
            break next;
        }
        run.state = next;
    };
    *left -= 1 + signed(cache.work - work) * INSTRUCTION;
    if next & TAG != 0 && cache.is_match(next) {
        run.found = Some((run.at, automaton.pattern(cache, next)));
    }
    run.state = next;
    match automaton.program.way {
        Way::Forward => run.at += len,
        Way::Backward => run.at -= len,
    }
    Step::Read
}
