//! Long work that lets short jobs of other threads run in between.
//!
//! A thread that computes delays the short jobs of others, such as a read of a file or a turn of an event loop, for as
//! long as the scheduler allows. So the work yields the processor between its blocks: a thread that waits runs at once,
//! and the processor comes back when its short job is done.
//!
//! If the other thread computes for long as well, the processor does not come back soon: Linux takes away the rest of
//! the time slice, and the next block yields again. This made searches beside busy neighbours many times slower. So after
//! a long pause the process makes no pause for sixteen times as long. Meanwhile the thread is [`Patient`], which costs it
//! nothing and helps others less. docs/async.md has the figures.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::cancel::CancelToken;
use crate::os::Patient;

/// A pause of more nanoseconds than this is long: the other thread does not only run a short job.
const LONG: u64 = 2_000_000;

/// After a long pause, none is made for this many times its length.
const REST: u64 = 16;

/// From which time on pauses are made again.
#[derive(Debug)]
struct Pauses(AtomicU64);

impl Pauses {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn are_made(&self, now: u64) -> bool {
        now >= self.0.load(Ordering::Relaxed)
    }

    /// Records a pause.
    fn made(&self, began: u64, ended: u64) {
        let took = ended.saturating_sub(began);
        if took >= LONG {
            // If two threads record theirs at once, either value is right.
            self.0.store(
                ended.saturating_add(REST.saturating_mul(took)),
                Ordering::Relaxed,
            );
        }
    }
}

/// One for the whole process, since busy neighbours slow down all its threads.
static PAUSES: Pauses = Pauses::new();

/// Nanoseconds since the first call.
fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let passed = START.get_or_init(Instant::now).elapsed();
    u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
}

/// While this lives, its thread works in the background.
#[derive(Debug)]
pub struct Background {
    /// Used instead of pauses.
    patient: Option<Patient>,
}

impl Background {
    /// Makes this thread one that works in the background, until the answer is dropped.
    #[must_use]
    pub fn begin() -> Self {
        let patient = (!PAUSES.are_made(now())).then(Patient::begin);
        Self { patient }
    }

    /// Lets other threads run: called between two blocks of the work, each long enough to make a call's cost
    /// negligible.
    pub fn give_way(&self) {
        let began = now();
        // A patient thread has a long time slice, and would lose the rest of it by a pause.
        if self.patient.is_none() && PAUSES.are_made(began) {
            std::thread::yield_now();
            PAUSES.made(began, now());
        }
    }
}

/// What a long search asks between two blocks.
pub trait Pause {
    /// About how many bytes a block has.
    const BLOCK: usize;

    /// Whether the search may go on; `false` ends it, and then its result has no meaning.
    fn goes_on(&mut self) -> bool;
}

/// No interruption: the search runs in one block, from the first byte to the last.
#[derive(Clone, Copy, Debug)]
pub struct Uninterrupted;

impl Pause for Uninterrupted {
    const BLOCK: usize = usize::MAX;

    #[inline]
    fn goes_on(&mut self) -> bool {
        true
    }
}

/// Yields the processor between blocks, and ends the work when its token is set.
#[derive(Debug)]
pub struct Breaks<'t> {
    background: Background,
    ended: &'t CancelToken,
}

impl<'t> Breaks<'t> {
    /// The thread works in the background until the answer is dropped.
    #[must_use]
    pub fn begin(ended: &'t CancelToken) -> Self {
        Self {
            background: Background::begin(),
            ended,
        }
    }
}

impl Pause for Breaks<'_> {
    /// Large, so that checking the token takes no measurable time; and small, so that a cancelled search ends soon.
    const BLOCK: usize = 1 << 20;

    fn goes_on(&mut self) -> bool {
        self.background.give_way();
        !self.ended.is_cancelled()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{LONG, Pauses, REST};

    #[test]
    fn short_pauses_go_on() {
        let pauses = Pauses::new();
        for began in (0..10 * LONG).step_by(1000) {
            assert!(pauses.are_made(began));
            pauses.made(began, began + LONG - 1);
        }
    }

    #[test]
    fn a_long_pause_is_the_last_for_a_while() {
        let pauses = Pauses::new();
        pauses.made(1000, 1000 + LONG);
        let again = 1000 + LONG + REST * LONG;
        assert!(!pauses.are_made(1000 + LONG));
        assert!(!pauses.are_made(again - 1));
        assert!(pauses.are_made(again));
    }

    #[test]
    fn busy_neighbours_take_a_small_part() {
        // Every pause takes as long as two neighbours' slices, and a block between two pauses a tenth of a millisecond.
        let (pauses, mut now, mut lost) = (Pauses::new(), 0, 0);
        while now < 1000 * LONG {
            if pauses.are_made(now) {
                let took = 3 * LONG;
                pauses.made(now, now + took);
                (now, lost) = (now + took, lost + took);
            }
            now += 100_000;
        }
        assert!(lost * (REST - 1) < now, "{lost} of {now}");
    }

    #[test]
    fn a_clock_that_stands_still_is_no_long_pause() {
        let pauses = Pauses::new();
        pauses.made(5000, 4000);
        assert!(pauses.are_made(4000));
        pauses.made(1, u64::MAX);
        assert!(!pauses.are_made(u64::MAX - 1));
    }
}
