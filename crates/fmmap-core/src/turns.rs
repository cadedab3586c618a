//! Which thread may run background work when only a few may at once: a line of threads, and turns.
//!
//! A thread takes a turn before each chunk of its work, and gives it back after the chunk. When all turns are taken,
//! the thread waits in a line. The next turn that becomes free is granted to the first thread of the line, and kept for
//! it.
//!
//! That thread may stand still: in `Atomics.wait`, in a loop, at a breakpoint. So a grant lapses if it is not collected
//! in time, and the next thread that asks takes it; threads that wait ask repeatedly. But a thread that comes too late may
//! only be slow, and beside busy threads it would always come too late. So it gets the next turn that it asks for, even
//! if that is one more than the limit. To make up for that, the next turn that becomes free is granted to nobody.
//!
//! This module only does the bookkeeping. The caller provides the clock, the number of turns and the way to wake a
//! thread, and holds a lock during each call.
//!
//! ```
//! use fmmap_core::turns::{GRACE, Line};
//! use std::{sync::Arc, time::Instant};
//!
//! let (mut line, now) = (Line::new(), Instant::now());
//! let (one, other) = (Arc::new("one"), Arc::new("other"));
//! assert!(line.take(Some(&one), 1, now), "the only turn is free");
//! assert!(!line.take(Some(&other), 1, now));
//! assert!(line.wait(&other, 1, now).is_none());
//! // The work of the first ends: the other thread is to be woken, and the turn is kept for it.
//! assert_eq!(line.pass_on(1, now), Some(Arc::clone(&other)));
//! assert!(!line.take(Some(&one), 1, now));
//! // It does not come.
//! assert!(line.take(Some(&one), 1, now + GRACE));
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a granted turn waits for its thread.
pub const GRACE: Duration = Duration::from_millis(4);

/// The threads that wait for a turn, each a `T`, and the turns.
#[derive(Debug)]
pub struct Line<T> {
    /// Turns in use, and turns granted.
    taken: usize,
    /// The threads that wait for a turn.
    waiting: VecDeque<Arc<T>>,
    /// The turns that were granted and not collected, each with the time from which on it lapses.
    granted: VecDeque<(Arc<T>, Instant)>,
    /// The threads whose grant has lapsed: each is owed a turn.
    owed: Vec<Arc<T>>,
}

impl<T> Line<T> {
    /// A line in which all turns are free.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            taken: 0,
            waiting: VecDeque::new(),
            granted: VecDeque::new(),
            owed: Vec::new(),
        }
    }

    /// Whether the asking thread gets a turn.
    pub fn take(&mut self, asking: Option<&Arc<T>>, limit: usize, now: Instant) -> bool {
        if let Some(asking) = asking {
            let mine = |(of, _): &(Arc<T>, Instant)| Arc::ptr_eq(of, asking);
            if let Some(at) = self.granted.iter().position(mine) {
                self.granted.remove(at);
                return true;
            }
            let mine = |of: &Arc<T>| Arc::ptr_eq(of, asking);
            if let Some(at) = self.owed.iter().position(mine)
                && self.taken <= limit
            {
                self.owed.swap_remove(at);
                self.taken += 1;
                return true;
            }
        }
        if self.taken < limit && self.waiting.is_empty() {
            self.taken += 1;
            return true;
        }
        // The oldest grant lapses first.
        if self.granted.front().is_some_and(|(_, until)| *until <= now)
            && let Some((late, _)) = self.granted.pop_front()
        {
            if !self.owed.iter().any(|of| Arc::ptr_eq(of, &late)) {
                self.owed.push(late);
            }
            return true;
        }
        false
    }

    /// Takes back a turn that is no longer used, and returns the thread that it is granted to; `None` if it is free now.
    pub fn pass_on(&mut self, limit: usize, now: Instant) -> Option<Arc<T>> {
        // More turns than the limit are in use after a thread was given a turn that it was owed.
        if self.taken <= limit
            && let Some(next) = self.waiting.pop_front()
        {
            self.granted.push_back((Arc::clone(&next), now + GRACE));
            return Some(next);
        }
        self.taken -= 1;
        None
    }

    /// Adds a thread to the line, if it is not in it. If a turn is free, returns the thread that it is granted to.
    pub fn wait(&mut self, waiter: &Arc<T>, limit: usize, now: Instant) -> Option<Arc<T>> {
        if !self.waiting.iter().any(|of| Arc::ptr_eq(of, waiter)) {
            self.waiting.push_back(Arc::clone(waiter));
        }
        // A turn may have become free since the thread asked.
        if self.taken >= limit {
            return None;
        }
        self.taken += 1;
        self.pass_on(limit, now)
    }

    /// Takes back the turns that a thread was granted, and returns their number.
    pub fn withdraw(&mut self, waiter: &Arc<T>) -> usize {
        let before = self.granted.len();
        self.granted.retain(|(of, _)| !Arc::ptr_eq(of, waiter));
        before - self.granted.len()
    }

    /// Forgets a thread that ends, and returns how many turns it was granted.
    pub fn forget(&mut self, waiter: &Arc<T>) -> usize {
        self.waiting.retain(|of| !Arc::ptr_eq(of, waiter));
        self.owed.retain(|of| !Arc::ptr_eq(of, waiter));
        self.withdraw(waiter)
    }
}

/// Half of the threads that libuv starts for this value of `UV_THREADPOOL_SIZE`. libuv reads the leading number as
/// `atoi` does, takes 1 if there is none, and its maximum for a negative one.
#[must_use]
pub fn half_of_pool(size: &str) -> usize {
    let size = size.trim_ascii_start();
    let (negative, digits) = match size.as_bytes().first() {
        Some(b'-') => (true, &size[1..]),
        Some(b'+') => (false, &size[1..]),
        _ => (false, size),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit());
    let digits = digits[..end.unwrap_or(digits.len())].trim_start_matches('0');
    let size = match digits.parse::<usize>() {
        _ if digits.is_empty() => 1,
        Ok(size) if !negative => size,
        _ => MOST_THREADS,
    };
    (size.min(MOST_THREADS) / 2).max(1)
}

/// The most threads that libuv starts.
const MOST_THREADS: usize = 1024;

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{GRACE, Line, half_of_pool};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    const MOMENT: Duration = Duration::from_micros(1);

    fn threads() -> [Arc<char>; 3] {
        ['a', 'b', 'c'].map(Arc::new)
    }

    #[test]
    fn turns_go_round() {
        let (mut line, now, [a, b, c]) = (Line::new(), Instant::now(), threads());
        assert!(line.take(Some(&a), 2, now));
        assert!(line.take(Some(&a), 2, now));
        for thread in [&b, &c, &b, &c] {
            assert!(!line.take(Some(thread), 2, now));
            assert_eq!(line.wait(thread, 2, now), None);
        }
        assert_eq!(line.pass_on(2, now), Some(Arc::clone(&b)));
        assert!(!line.take(Some(&a), 2, now), "it is granted");
        assert!(!line.take(Some(&c), 2, now), "to another");
        assert!(line.take(Some(&b), 2, now));
        assert_eq!(line.pass_on(2, now), Some(Arc::clone(&c)));
        assert!(line.take(Some(&c), 2, now));
        assert_eq!(line.pass_on(2, now), None);
        assert_eq!(line.pass_on(2, now), None);
        assert_eq!(line.taken, 0);
    }

    #[test]
    fn a_grant_lapses_and_its_thread_is_owed_a_turn() {
        let (mut line, now, [a, b, c]) = (Line::new(), Instant::now(), threads());
        assert!(line.take(Some(&a), 1, now));
        line.wait(&b, 1, now);
        line.wait(&c, 1, now);
        assert_eq!(line.pass_on(1, now), Some(Arc::clone(&b)));
        assert!(!line.take(Some(&c), 1, (now + GRACE).checked_sub(MOMENT).unwrap()));
        assert!(line.take(Some(&c), 1, now + GRACE));
        assert_eq!(line.taken, 1, "taken over, not one more");
        // It comes late, and gets a turn beside the one that took its turn.
        assert!(line.take(Some(&b), 1, now + GRACE));
        assert!(!line.take(Some(&b), 1, now + GRACE), "once");
        assert_eq!(line.taken, 2);
        // The next turn that becomes free is granted to nobody, although one waits.
        assert_eq!(line.pass_on(1, now), None);
        assert_eq!(line.pass_on(1, now), Some(Arc::clone(&c)));
        assert!(line.take(Some(&c), 1, now));
    }

    #[test]
    fn what_is_owed_is_at_most_one_turn_more() {
        let (mut line, now, [a, b, c]) = (Line::new(), Instant::now(), threads());
        assert!(line.take(Some(&a), 2, now) && line.take(Some(&a), 2, now));
        line.wait(&b, 2, now);
        line.wait(&c, 2, now);
        assert!(line.pass_on(2, now).is_some() && line.pass_on(2, now).is_some());
        assert!(line.take(Some(&a), 2, now + GRACE) && line.take(Some(&a), 2, now + GRACE));
        assert!(line.take(Some(&b), 2, now + GRACE));
        assert!(!line.take(Some(&c), 2, now + GRACE));
        line.wait(&c, 2, now);
        assert_eq!(line.pass_on(2, now), None);
        assert!(line.take(Some(&c), 2, now + GRACE));
        assert_eq!(line.taken, 3);
    }

    #[test]
    fn a_slow_thread_is_not_left_behind() {
        // One thread asks at once every time, the other always after its grant has lapsed.
        let (mut line, start, [busy, slow, _]) = (Line::new(), Instant::now(), threads());
        let (mut now, mut done) = (start, 0);
        assert!(line.take(Some(&busy), 1, now));
        for _ in 0..100 {
            if line.take(Some(&slow), 1, now) {
                done += 1;
                line.pass_on(1, now);
            } else {
                line.wait(&slow, 1, now);
            }
            for _ in 0..50 {
                now += GRACE / 10;
                // Its work ends, and it asks again.
                line.pass_on(1, now);
                while !line.take(Some(&busy), 1, now) {
                    line.wait(&busy, 1, now);
                    now += GRACE / 10;
                }
            }
        }
        assert!(done >= 40, "{done} of 100");
    }

    #[test]
    fn a_thread_that_ends_leaves_nothing() {
        let (mut line, now, [a, b, c]) = (Line::new(), Instant::now(), threads());
        assert!(line.take(Some(&a), 1, now));
        line.wait(&b, 1, now);
        assert_eq!(line.pass_on(1, now), Some(Arc::clone(&b)));
        assert_eq!(line.forget(&b), 1);
        line.wait(&c, 1, now);
        assert_eq!(line.pass_on(1, now), Some(Arc::clone(&c)));
        assert!(line.take(Some(&a), 1, now + GRACE));
        assert_eq!(line.forget(&c), 0);
        assert!(!line.take(Some(&c), 1, now + GRACE), "it is owed nothing");
        assert_eq!(line.pass_on(1, now), None);
        assert_eq!(line.taken, 0);
        assert_eq!([&a, &b, &c].map(Arc::strong_count), [1, 1, 1]);
    }

    #[test]
    fn half_of_what_libuv_reads() {
        for (size, half) in [
            ("", 1),
            ("0", 1),
            ("1", 1),
            ("2", 1),
            ("3", 1),
            ("4", 2),
            ("16", 8),
            (" 16", 8),
            ("+16 threads", 8),
            ("16.9", 8),
            ("threads", 1),
            ("-1", 512),
            ("1024", 512),
            ("9999999999999999999999", 512),
            ("0008", 4),
        ] {
            assert_eq!(half_of_pool(size), half, "{size:?}");
        }
    }
}
