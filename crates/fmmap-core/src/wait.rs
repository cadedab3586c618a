//! Waiting until a word of a mapping changes, between threads and processes.
//!
//! Each wait in the background has a small thread of its own while it lasts: the runtime's pool has few threads, and
//! a thread that sleeps is of no use to others. Where the kernel can wait for two words, the thread waits for the
//! mapping's and for one that says that the wait was cancelled. Elsewhere it wakes up regularly to check the second
//! one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::os::{self, Woken};
use crate::segment::Segment;

/// A word of a mapping: four bytes at a multiple of four.
#[derive(Debug)]
pub struct Word {
    segment: Arc<Segment>,
    offset: usize,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody has woken it; or the word was as expected at first and has changed since.
    Notified,
    /// The word was another from the start.
    Different,
    /// The time has run out.
    TimedOut,
    /// A signal came, or the wait was cancelled.
    Interrupted,
    /// The page of the word is missing.
    Fault,
}

impl Word {
    /// The word at `offset` of memory that can be read.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] for one that is not inside, or not aligned.
    pub fn new(segment: &Arc<Segment>, offset: usize, len: usize) -> Result<Self> {
        let end = offset
            .checked_add(4)
            .filter(|&end| end <= len.min(segment.len()));
        if end.is_none() || !offset.is_multiple_of(4) {
            return Err(Error::OutOfBounds);
        }
        Ok(Self {
            segment: Arc::clone(segment),
            offset,
        })
    }

    fn address(&self) -> *const u32 {
        // SAFETY: the word is inside the segment.
        unsafe { self.segment.start().add(self.offset) }.cast()
    }

    /// The word's present value; `None` if its page is missing.
    #[must_use]
    pub fn load(&self) -> Option<u32> {
        // SAFETY: the word is mapped and aligned as long as the segment is, and every access to it is atomic or by
        // others; the memory of a mapping may change at any time anyway.
        let value = unsafe { self.address().read_volatile() };
        self.segment.fault().is_none().then_some(value)
    }

    /// The system call has met a missing page, which the guard does not notice. Reading the page tells the guard.
    fn faulted(&self, error: Error) -> Result<Outcome> {
        let bad_address = matches!(error, Error::System { errno, .. } if errno == os::EFAULT);
        if bad_address && self.load().is_none() {
            return Ok(Outcome::Fault);
        }
        Err(error)
    }

    /// Sleeps at most for `timeout` while the word is as expected, until somebody wakes it.
    ///
    /// # Errors
    /// The system's; [`Error::Unsupported`].
    pub fn wait(&self, expected: u32, timeout: Duration) -> Result<Outcome> {
        // SAFETY: the word is aligned, and mapped as long as `self` lives.
        match unsafe { os::wait(self.address(), expected, timeout) } {
            Ok(Woken::Notified) => Ok(Outcome::Notified),
            Ok(Woken::Different) => Ok(Outcome::Different),
            Ok(Woken::TimedOut) => Ok(Outcome::TimedOut),
            Ok(Woken::Interrupted) => Ok(Outcome::Interrupted),
            Err(error) => self.faulted(error),
        }
    }

    /// Wakes up to `count` sleepers of the word, and returns how many it woke; `None` if the page is missing.
    ///
    /// # Errors
    /// The system's; [`Error::Unsupported`].
    pub fn wake(&self, count: i32) -> Result<Option<usize>> {
        // SAFETY: as in `wait`.
        match unsafe { os::wake(self.address(), count) } {
            Ok(woken) => Ok(Some(woken)),
            Err(error) => self.faulted(error).map(|_| None),
        }
    }

    /// Sleeps until it is woken, the deadline has come, or the wait is cancelled.
    ///
    /// # Errors
    /// The system's; [`Error::Unsupported`].
    pub fn wait_until(
        &self,
        expected: u32,
        deadline: Option<Instant>,
        cancel: &Cancel,
    ) -> Result<Outcome> {
        /// How often the cancel word is checked where the system can't wait for two words.
        const SLICE: Duration = Duration::from_millis(10);
        loop {
            if cancel.is_set() {
                return Ok(Outcome::Interrupted);
            }
            // SAFETY: the word is aligned, and mapped as long as `self` lives.
            let either = unsafe { os::wait_either(self.address(), expected, &cancel.0, deadline) };
            let (answer, slice) = match either {
                Some(Ok(woken)) => (Ok(outcome(woken)), false),
                Some(Err(error)) => (self.faulted(error), false),
                None => {
                    let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
                    let last = left.is_some_and(|left| left <= SLICE);
                    let answer = self.wait(expected, left.unwrap_or(SLICE).min(SLICE));
                    (answer, !last)
                }
            };
            match answer? {
                // The kernel gives the same answer if the cancel word differs.
                Outcome::Different if !cancel.is_set() => return Ok(Outcome::Notified),
                Outcome::TimedOut if slice => {}
                Outcome::Different | Outcome::Interrupted => {}
                outcome => return Ok(outcome),
            }
        }
    }
}

fn outcome(woken: Woken) -> Outcome {
    match woken {
        Woken::Notified => Outcome::Notified,
        Woken::Different => Outcome::Different,
        Woken::TimedOut => Outcome::TimedOut,
        Woken::Interrupted => Outcome::Interrupted,
    }
}

/// Cancels a wait.
#[derive(Debug, Default)]
pub struct Cancel(AtomicU32);

impl Cancel {
    /// Cancels the wait, and wakes the thread that waits.
    pub fn set(&self) {
        self.0.store(1, Ordering::Release);
        // SAFETY: the word is `self`'s. Where nobody can be woken, the wait looks by itself.
        let _ = unsafe { os::wake(self.0.as_ptr(), 1) };
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that have ended a job and wait a while for the next.
struct Idle {
    threads: usize,
    /// What these threads are to do: never more than there are of them.
    jobs: VecDeque<Job>,
}

static IDLE: Mutex<Idle> = Mutex::new(Idle {
    threads: 0,
    jobs: VecDeque::new(),
});

/// Notified for each job.
static MORE: Condvar = Condvar::new();

fn idle() -> MutexGuard<'static, Idle> {
    // A poisoned lock still guards a valid queue.
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a job on a thread of its own.
///
/// # Errors
/// The system's when no more threads can be started, such as `EAGAIN`.
pub fn spawn(job: Job) -> Result<()> {
    {
        let mut idle = idle();
        if idle.jobs.len() < idle.threads {
            idle.jobs.push_back(job);
            MORE.notify_one();
            return Ok(());
        }
    }
    let made = std::thread::Builder::new()
        .name("fmmap-wait".into())
        .stack_size(64 << 10)
        .spawn(move || work(job));
    made.map(drop)
        .map_err(|error| Error::from_io(&error, "pthread_create"))
}

fn work(first: Job) {
    /// How long a thread waits for another job before it ends.
    const LINGER: Duration = Duration::from_millis(500);
    let mut next = Some(first);
    while let Some(job) = next {
        job();
        let mut idle = idle();
        idle.threads += 1;
        let waited = MORE.wait_timeout_while(idle, LINGER, |idle| idle.jobs.is_empty());
        (idle, _) = waited.unwrap_or_else(PoisonError::into_inner);
        idle.threads -= 1;
        next = idle.jobs.pop_front();
    }
}

#[cfg(all(test, unix, not(loom)))]
mod tests {
    use super::{Cancel, Outcome, Word, spawn};
    use crate::os;
    use crate::segment::Segment;
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    fn memory(len: usize) -> Arc<Segment> {
        let prot = os::PROT_READ | os::PROT_WRITE;
        let segment = Segment::map(len, prot, os::MAP_SHARED, None, 0, None, None);
        Arc::new(segment.expect("there is memory"))
    }

    fn word() -> Word {
        Word::new(&memory(4096), 8, 4096).expect("it is inside")
    }

    #[test]
    fn a_word_lies_inside_at_a_multiple_of_four() {
        let memory = memory(10);
        for offset in [1, 2, 3, 5, 7, 8, usize::MAX, usize::MAX - 3] {
            assert!(Word::new(&memory, offset, 10).is_err(), "{offset}");
        }
        assert!(Word::new(&memory, 4, 10).is_ok());
        assert!(Word::new(&memory, 4, 7).is_err());
    }

    #[test]
    fn a_wait_ends_by_itself_and_by_a_wake() {
        let word = Arc::new(word());
        assert_eq!(word.wait(1, Duration::from_mins(5)), Ok(Outcome::Different));
        let short = Duration::from_millis(5);
        assert_eq!(word.wait(0, short), Ok(Outcome::TimedOut));
        let cancel = Cancel::default();
        let deadline = Some(Instant::now() + short);
        assert_eq!(word.wait_until(0, deadline, &cancel), Ok(Outcome::TimedOut));
        let (done, outcome) = channel();
        let waiting = Arc::clone(&word);
        spawn(Box::new(move || {
            let _ = done.send(waiting.wait_until(0, None, &Cancel::default()));
        }))
        .expect("there is a thread");
        while word.wake(i32::MAX) == Ok(Some(0)) {
            std::thread::yield_now();
        }
        let outcome = outcome.recv_timeout(Duration::from_mins(5));
        assert_eq!(outcome, Ok(Ok(Outcome::Notified)));
        assert_eq!(word.wake(0), Ok(Some(0)));
    }

    #[test]
    fn a_wait_is_cancelled_before_and_while_it_sleeps() {
        for pause in [0, 20] {
            let cancel = Arc::new(Cancel::default());
            let (done, outcome) = channel();
            let mine = Arc::clone(&cancel);
            spawn(Box::new(move || {
                let _ = done.send(word().wait_until(0, None, &mine));
            }))
            .expect("there is a thread");
            std::thread::sleep(Duration::from_millis(pause));
            cancel.set();
            let outcome = outcome.recv_timeout(Duration::from_mins(5));
            assert_eq!(outcome, Ok(Ok(Outcome::Interrupted)));
        }
    }
}
