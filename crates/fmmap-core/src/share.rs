//! Which mappings share memory, by number: this is how a thread gets the memory of another thread's mapping.
//!
//! A *group* is a number of mappings that share memory, and a *member* is one of them. Its *entry* says where the
//! memory is but does not keep it alive. While the memory of a member moves, the member has no entry, because memory
//! can only be moved if nobody else can look it up. A thread that asks for the group meanwhile waits until the entry
//! is back.
//!
//! The entries stand in the order in which they were added or last moved. The last one is what the number means now.

#[cfg(all(loom, test))]
use loom::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(all(loom, test)))]
use std::sync::{Condvar, Mutex, MutexGuard};

use crate::hash::{self, Map};

/// All groups; `T` is an entry.
#[derive(Debug)]
pub(crate) struct Table<T> {
    groups: Mutex<Groups<T>>,
    /// Signalled when an entry has come back, or a member has gone.
    settled: Condvar,
}

#[derive(Debug)]
struct Groups<T> {
    /// The last group's number. Numbers begin with 1 and are never used again.
    last_group: u64,
    /// The last number of a member.
    last_member: u64,
    all: Map<u64, Vec<Row<T>>>,
}

#[derive(Debug)]
struct Row<T> {
    member: u64,
    /// `None` while the memory moves.
    entry: Option<T>,
}

/// Why there is no member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// A group may have had this number, and has no member any more.
    Gone,
    /// No group has had this number yet.
    Unknown,
}

impl<T> Table<T> {
    #[cfg(not(all(loom, test)))]
    pub(crate) const fn new() -> Self {
        Self {
            groups: Mutex::new(Groups::new()),
            settled: Condvar::new(),
        }
    }

    #[cfg(all(loom, test))]
    pub(crate) fn new() -> Self {
        Self {
            groups: Mutex::new(Groups::new()),
            settled: Condvar::new(),
        }
    }

    fn groups(&self) -> MutexGuard<'_, Groups<T>> {
        // A poisoned lock still guards a valid table: no change of it can panic half-way.
        match self.groups.lock() {
            Ok(groups) => groups,
            Err(poisoned) => poisoned.into_inner(),
        }
    }

    /// Waits until an entry has come back, or a member has gone.
    fn wait<'g>(&self, groups: MutexGuard<'g, Groups<T>>) -> MutexGuard<'g, Groups<T>> {
        match self.settled.wait(groups) {
            Ok(groups) => groups,
            Err(poisoned) => poisoned.into_inner(),
        }
    }

    /// Makes a group of one member.
    pub(crate) fn found(&'static self, entry: T) -> Member<T> {
        let mut groups = self.groups();
        groups.last_group += 1;
        let group = groups.last_group;
        let number = groups.enter(group, entry);
        Member {
            table: self,
            group,
            number,
        }
    }

    /// Adds a member to the group. `hold` takes the last entry, gets hold of the memory, and returns it with an entry
    /// for the new member.
    pub(crate) fn join<H>(
        &'static self,
        group: u64,
        hold: impl Fn(&T) -> Option<(H, T)>,
    ) -> Result<(H, Member<T>), Missing> {
        let mut groups = self.groups();
        loop {
            let Some(rows) = groups.all.get(&group) else {
                let given = (1..=groups.last_group).contains(&group);
                return Err(if given {
                    Missing::Gone
                } else {
                    Missing::Unknown
                });
            };
            let Some(entry) = rows.last().and_then(|row| row.entry.as_ref()) else {
                groups = self.wait(groups);
                continue;
            };
            let (memory, entry) = hold(entry).ok_or(Missing::Gone)?;
            let number = groups.enter(group, entry);
            let member = Member {
                table: self,
                group,
                number,
            };
            return Ok((memory, member));
        }
    }
}

impl<T> Groups<T> {
    const fn new() -> Self {
        Self {
            last_group: 0,
            last_member: 0,
            all: hash::empty(),
        }
    }

    fn enter(&mut self, group: u64, entry: T) -> u64 {
        self.last_member += 1;
        let member = self.last_member;
        let entry = Some(entry);
        let rows = self.all.entry(group).or_default();
        rows.push(Row { member, entry });
        member
    }

    fn row(&mut self, group: u64, member: u64) -> Option<&mut Row<T>> {
        let rows = self.all.get_mut(&group)?;
        rows.iter_mut().find(|row| row.member == member)
    }

    /// Removes the member's row.
    fn take(&mut self, group: u64, member: u64) -> Option<Row<T>> {
        let rows = self.all.get_mut(&group)?;
        let at = rows.iter().position(|row| row.member == member)?;
        let row = rows.remove(at);
        if rows.is_empty() {
            self.all.remove(&group);
        }
        Some(row)
    }
}

/// A mapping's place in its group. Dropping it leaves the group, which must happen before the memory goes.
#[derive(Debug)]
pub(crate) struct Member<T: 'static> {
    table: &'static Table<T>,
    group: u64,
    number: u64,
}

impl<T> Member<T> {
    /// The number of the group.
    pub(crate) fn group(&self) -> u64 {
        self.group
    }

    /// Leaves the group, once no other member's memory moves. The answer has the entries of those that stay.
    pub(crate) fn leave(self) -> Vec<T>
    where
        T: Clone,
    {
        let mut groups = self.table.groups();
        let own = groups.take(self.group, self.number);
        self.table.settled.notify_all();
        let left = loop {
            let rows = groups.all.get(&self.group).map_or(&[][..], Vec::as_slice);
            let entries: Option<Vec<T>> = rows.iter().map(|row| row.entry.clone()).collect();
            match entries {
                Some(entries) => break entries,
                None => groups = self.table.wait(groups),
            }
        };
        drop(groups);
        drop(own);
        left
    }

    /// Takes the entry away: until [`Moving::settle`] nobody finds the memory in the table. If it was the last entry,
    /// threads that ask for the group wait.
    pub(crate) fn lift(&self) -> Moving<T> {
        let entry = {
            let mut groups = self.table.groups();
            groups
                .row(self.group, self.number)
                .and_then(|row| row.entry.take())
        };
        // Dropping an entry may free something, so it is done after the lock is released.
        drop(entry);
        Moving {
            table: self.table,
            group: self.group,
            number: self.number,
        }
    }
}

impl<T> Drop for Member<T> {
    fn drop(&mut self) {
        let row = self.table.groups().take(self.group, self.number);
        self.table.settled.notify_all();
        // Dropping an entry may free something, so it is done after the lock is released.
        drop(row);
    }
}

/// A member whose memory moves. If it is dropped before it settles, the member has left its group.
#[derive(Debug)]
#[must_use = "whoever asks for the group waits for it"]
pub(crate) struct Moving<T: 'static> {
    table: &'static Table<T>,
    group: u64,
    number: u64,
}

impl<T> Moving<T> {
    /// Puts back an entry. If the memory has `changed`, the entry becomes the last, so the group's number means it
    /// from now on.
    pub(crate) fn settle(self, entry: T, changed: bool) {
        let mut groups = self.table.groups();
        let Some(row) = groups.row(self.group, self.number) else {
            return;
        };
        row.entry = Some(entry);
        if changed && let Some(row) = groups.take(self.group, self.number) {
            groups.all.entry(self.group).or_default().push(row);
        }
    }
}

impl<T> Drop for Moving<T> {
    fn drop(&mut self) {
        let mut groups = self.table.groups();
        let row = groups.row(self.group, self.number);
        if row.is_some_and(|row| row.entry.is_none()) {
            groups.take(self.group, self.number);
        }
        drop(groups);
        self.table.settled.notify_all();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Member, Missing, Table};

    fn table() -> &'static Table<u32> {
        Box::leak(Box::new(Table::new()))
    }

    fn join(table: &'static Table<u32>, group: u64) -> Result<(u32, Member<u32>), Missing> {
        table.join(group, |entry| Some((*entry, *entry)))
    }

    #[test]
    fn a_group_ends_with_its_last_member() {
        let table = table();
        assert_eq!(join(table, 1).err(), Some(Missing::Unknown));
        let first = table.found(10);
        let group = first.group();
        let (held, second) = join(table, group).expect("there is a member");
        assert_eq!(held, 10);
        drop(first);
        let (held, third) = join(table, group).expect("there is a member");
        assert_eq!(held, 10);
        assert_eq!(second.leave(), [10]);
        assert_eq!(third.leave(), []);
        assert_eq!(join(table, group).err(), Some(Missing::Gone));
        assert!(table.groups().all.is_empty());
    }

    #[test]
    fn the_number_means_what_changed_last() {
        let table = table();
        let first = table.found(1);
        let (_, second) = join(table, first.group()).expect("there is a member");
        first.lift().settle(2, true);
        second.lift().settle(1, false);
        assert_eq!(join(table, first.group()).expect("there is a member").0, 2);
        second.lift().settle(3, true);
        assert_eq!(join(table, first.group()).expect("there is a member").0, 3);
        drop(second);
        assert_eq!(join(table, first.group()).expect("there is a member").0, 2);
    }

    #[test]
    fn who_asks_waits_for_what_moves() {
        let table = table();
        let first = table.found(1);
        let group = first.group();
        let moving = first.lift();
        std::thread::scope(|threads| {
            let asker = threads.spawn(|| join(table, group).map(|(held, _)| held));
            std::thread::sleep(std::time::Duration::from_millis(20));
            assert!(!asker.is_finished());
            moving.settle(2, true);
            assert_eq!(asker.join().expect("it does not panic"), Ok(2));
        });
        drop(first.lift());
        assert_eq!(join(table, group).err(), Some(Missing::Gone));
    }
}

/// `scripts/loom.sh`: every order of the steps of those that join, move and leave.
#[cfg(all(loom, test))]
mod model {
    use super::Table;
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use loom::thread;

    /// The model's memory: the number of its holders, as an `Arc` counts them.
    #[derive(Clone, Copy)]
    struct Memory(&'static AtomicUsize);

    impl Memory {
        fn new() -> Self {
            Self(Box::leak(Box::new(AtomicUsize::new(1))))
        }

        fn hold(&self) -> Option<(Self, Self)> {
            let mut holders = self.0.load(Ordering::Acquire);
            while holders > 0 {
                let more = self.0.compare_exchange(
                    holders,
                    holders + 1,
                    Ordering::AcqRel,
                    Ordering::Acquire,
                );
                match more {
                    Ok(_) => return Some((*self, *self)),
                    Err(now) => holders = now,
                }
            }
            None
        }

        fn release(&self) -> usize {
            self.0.fetch_sub(1, Ordering::AcqRel) - 1
        }
    }

    fn table() -> &'static Table<Memory> {
        Box::leak(Box::new(Table::new()))
    }

    #[test]
    fn whoever_joins_has_memory_that_is_there() {
        loom::model(|| {
            let table = table();
            let memory = Memory::new();
            let member = table.found(memory);
            let group = member.group();
            let asker = thread::spawn(move || {
                if let Ok((held, member)) = table.join(group, Memory::hold) {
                    drop(member);
                    held.release();
                }
            });
            // A mapping that is dropped leaves before its memory goes.
            drop(member);
            memory.release();
            asker.join().unwrap();
            assert_eq!(memory.0.load(Ordering::Acquire), 0);
            assert!(table.groups().all.is_empty());
        });
    }

    #[test]
    fn memory_that_moves_is_known_to_nobody_and_what_is_known_after_is_the_new_one() {
        loom::model(|| {
            let table = table();
            let old = Memory::new();
            let member = table.found(old);
            let group = member.group();
            let asker = thread::spawn(move || {
                let (held, member) = table.join(group, Memory::hold).ok().unwrap();
                drop(member);
                held.release();
            });
            let moving = member.lift();
            // A holder that is alone now stays alone until it has settled.
            let alone = old.0.load(Ordering::Acquire) == 1;
            let new = Memory::new();
            if alone {
                assert_eq!(old.release(), 0);
                moving.settle(new, true);
            } else {
                old.release();
                moving.settle(new, true);
            }
            asker.join().unwrap();
            drop(member);
            assert_eq!(new.release(), 0);
            assert_eq!(old.0.load(Ordering::Acquire), 0);
        });
    }

    #[test]
    fn two_members_that_leave_are_both_gone() {
        loom::model(|| {
            let table = table();
            let memory = Memory::new();
            let first = table.found(memory);
            let (_, second) = table.join(first.group(), Memory::hold).ok().unwrap();
            let other = thread::spawn(move || {
                let left = second.leave().len();
                memory.release();
                left
            });
            let mine = first.leave().len();
            memory.release();
            // One of the two is the last, and exactly one finds that out.
            assert_eq!(mine + other.join().unwrap(), 1);
            assert!(table.groups().all.is_empty());
        });
    }
}
