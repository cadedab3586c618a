//! Keeps the memory of searches from one search to the next.
//!
//! A pattern never changes, and any thread may search with it. The computed states of its automata belong to one
//! search at a time. What one search has computed is used by the next one, on any thread.

use super::Pattern;
use super::automata::one_pass::OnePass;
use super::automata::{Automaton, Cache, groups};
use super::bits::Row;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The memory of one search.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    pub(crate) forward: Cache,
    pub(crate) backward: Cache,
    pub(crate) groups: groups::Scratch,
    pub(crate) one_pass: OnePasses,
    pub(crate) slots: Vec<groups::Slot>,
    pub(crate) rows: Vec<Row>,
}

/// The states of each needle by which groups are found in one pass.
#[derive(Debug, Default)]
pub(crate) struct OnePasses(Vec<OnePass>);

impl OnePasses {
    pub(crate) fn of(&mut self, needle: usize) -> &mut OnePass {
        if needle >= self.0.len() {
            self.0.resize_with(needle + 1, OnePass::default);
        }
        &mut self.0[needle]
    }
}

/// The memory of a search that takes it when it first needs it: many a search is over without.
#[derive(Debug, Default)]
pub(crate) struct Lent(Option<Box<Caches>>);

impl Lent {
    pub(crate) fn of(&mut self, pattern: &Pattern) -> &mut Caches {
        self.0.get_or_insert_with(|| pattern.take_caches())
    }

    pub(crate) fn give_back(&mut self, pattern: &Pattern) {
        if let Some(caches) = self.0.take() {
            pattern.give_back(caches);
        }
    }
}

/// For how many searches at once memory is kept, beside the first one.
const MOST: usize = 3;

type Others = Vec<Box<Caches>>;

/// Most patterns are searched for by one thread at a time, whose memory is taken and given back without a lock.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// The memory of one search that is over, or null. It belongs to who takes it out.
    first: AtomicPtr<Caches>,
    others: Mutex<Others>,
}

impl Pool {
    pub(crate) fn take(&self, forward: &Automaton, backward: &Automaton) -> Box<Caches> {
        if let Some(first) = self.take_first() {
            return first;
        }
        let free = self.others().pop();
        free.unwrap_or_else(|| {
            Box::new(Caches {
                forward: forward.cache(),
                backward: backward.cache(),
                ..Caches::default()
            })
        })
    }

    fn take_first(&self) -> Option<Box<Caches>> {
        let first = self.first.swap(ptr::null_mut(), Ordering::Acquire);
        // SAFETY: what is not null came out of `Box::into_raw`, and whoever swapped it out is its only owner.
        (!first.is_null()).then(|| unsafe { Box::from_raw(first) })
    }

    pub(crate) fn give_back(&self, caches: Box<Caches>) {
        let caches = Box::into_raw(caches);
        let null = ptr::null_mut();
        let swapped =
            self.first
                .compare_exchange(null, caches, Ordering::Release, Ordering::Relaxed);
        if swapped.is_err() {
            // SAFETY: it was not put there, so it is still this function's.
            let caches = unsafe { Box::from_raw(caches) };
            let mut others = self.others();
            if others.len() < MOST {
                others.push(caches);
            }
        }
    }

    fn others(&self) -> MutexGuard<'_, Others> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        drop(self.take_first());
    }
}
