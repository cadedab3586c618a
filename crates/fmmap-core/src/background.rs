//! Long work that leaves the processor to those that need it for a moment.
//!
//! A thread that computes holds up the short jobs of others, a read of a file or a turn of an event loop, by as much
//! as the scheduler lets it: on two cores, with two threads searching, the slowest reads of a hundred take six times
//! as long as without. So the work gives way between its blocks, a tenth of a millisecond apart: whoever waits runs
//! at once, and the processor comes back when that short job is done.
//!
//! Who gives way to one that computes for long, too, does not get the processor back: Linux takes what was left of
//! the thread's time slice, and a block later the same again. Two busy neighbours slowed a search down forty times
//! like that. So a pause that was long is the last for sixteen times as long. Meanwhile the thread is
//! [`Patient`], which takes nothing from it, and helps less.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::os::Patient;

/// A short job takes less, in nanoseconds.
const LONG: u64 = 2_000_000;

/// No pause is made for so many times as long as a long one took.
const REST: u64 = 16;

/// When pauses are made again.
#[derive(Debug)]
struct Pauses(AtomicU64);

impl Pauses {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn are_made(&self, now: u64) -> bool {
        now >= self.0.load(Ordering::Relaxed)
    }

    /// Takes note of one.
    fn made(&self, began: u64, ended: u64) {
        let took = ended.saturating_sub(began);
        if took >= LONG {
            // Two threads may note theirs at once: either is right.
            self.0.store(
                ended.saturating_add(REST.saturating_mul(took)),
                Ordering::Relaxed,
            );
        }
    }
}

/// Busy neighbours are those of the whole process.
static PAUSES: Pauses = Pauses::new();

/// Nanoseconds since the first look.
fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let passed = START.get_or_init(Instant::now).elapsed();
    u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
}

/// While it lives, the thread works in the background.
#[derive(Debug)]
pub struct Background {
    /// Instead of pauses.
    patient: Option<Patient>,
}

impl Background {
    /// Until the answer is dropped.
    #[must_use]
    pub fn begin() -> Self {
        let patient = (!PAUSES.are_made(now())).then(Patient::begin);
        Self { patient }
    }

    /// Lets others run: between two blocks of the work, each of a tenth of a millisecond and more.
    pub fn give_way(&self) {
        let began = now();
        // Who is patient has a long slice, and all of it to lose.
        if self.patient.is_none() && PAUSES.are_made(began) {
            std::thread::yield_now();
            PAUSES.made(began, now());
        }
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
