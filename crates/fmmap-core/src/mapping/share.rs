//! `share` and `from`: the memory of one mapping as a mapping of another thread's.
//!
//! A token names the memory by the number of a group (see [`crate::share`]) and the process by a random number. It
//! keeps nothing alive. Each mapping has its own length and keeps the memory that it was given. A resize of one of
//! them maps other memory or is refused, as with a live view.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, OnceLock, Weak};

use super::{Mapping, Twins};
use crate::error::{Error, Result};
use crate::options::Protection;
use crate::os;
use crate::segment::Segment;
use crate::share::{Member, Missing, Table};

#[cfg(not(all(loom, test)))]
static TABLE: Table<Shared> = Table::new();
#[cfg(all(loom, test))]
loom::lazy_static! {
    static ref TABLE: Table<Shared> = Table::new();
}

/// What the table knows about a mapping.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    segment: Weak<Segment>,
    file: Option<Weak<os::OwnedFile>>,
    origin: Origin,
    len: usize,
    anonymous: bool,
    empties: bool,
    protection: Protection,
    tag: Option<String>,
}

/// Where a mapping comes from, for threads that have only its token.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Where in the file the region starts, in bytes.
    pub offset: u64,
    /// Whether the mapping keeps a descriptor.
    pub tracked: bool,
    /// The path by which the thread that shared it calls its file.
    pub path: Option<Arc<str>>,
}

/// A random number for this process and this copy of the code; it is exact as a double.
#[must_use]
pub fn process() -> u64 {
    static NUMBER: OnceLock<u64> = OnceLock::new();
    *NUMBER.get_or_init(|| (RandomState::new().build_hasher().finish() >> 11) | 1)
}

impl Shared {
    fn of(mapping: &Mapping, path: Option<Arc<str>>) -> Self {
        Self {
            segment: Arc::downgrade(&mapping.segment),
            file: mapping.file.as_ref().map(Arc::downgrade),
            origin: Origin {
                offset: mapping.offset,
                tracked: mapping.tracked,
                path,
            },
            len: mapping.len,
            anonymous: mapping.anonymous,
            empties: mapping.empties,
            protection: mapping.protection,
            tag: mapping.tag.clone(),
        }
    }

    /// The parts of the mapping; `None` if it has gone.
    fn hold(&self) -> Option<(Parts, Self)> {
        let segment = self.segment.upgrade()?;
        let file = match &self.file {
            Some(file) => Some(file.upgrade()?),
            None => None,
        };
        Some(((segment, file, self.clone()), self.clone()))
    }
}

type Parts = (Arc<Segment>, Option<Arc<os::OwnedFile>>, Shared);

/// A shared mapping's place in its group.
#[derive(Debug)]
pub(super) struct Sharing {
    member: Member<Shared>,
    path: Option<Arc<str>>,
}

impl Mapping {
    /// The number by which [`Mapping::from_shared`] finds this memory while a mapping has it. `path` is passed on to
    /// those that do. If several are given, the first one counts.
    pub fn share(&mut self, path: Option<&str>) -> u64 {
        if let Some(sharing) = &self.sharing {
            return sharing.member.group();
        }
        let path = path.map(Arc::from);
        let member = TABLE.found(Shared::of(self, path.clone()));
        let group = member.group();
        self.sharing = Some(Sharing { member, path });
        group
    }

    /// A mapping of the memory that was shared under this number.
    ///
    /// # Errors
    /// [`Error::Foreign`] for a number that was not given; [`Error::Closed`] when no mapping has the memory any more.
    pub fn from_shared(group: u64, process: u64) -> Result<(Self, Origin)> {
        if process != self::process() {
            return Err(Error::Foreign);
        }
        let joined = TABLE.join(group, Shared::hold);
        let ((segment, file, shared), member) = joined.map_err(|missing| match missing {
            Missing::Gone => Error::Closed,
            Missing::Unknown => Error::Foreign,
        })?;
        let Origin {
            offset,
            tracked,
            ref path,
        } = shared.origin;
        let mapping = Self {
            segment,
            twins: Twins::default(),
            len: shared.len,
            file,
            anonymous: shared.anonymous,
            empties: shared.empties,
            tracked,
            offset,
            protection: shared.protection,
            tag: shared.tag,
            retired: Vec::new(),
            sharing: Some(Sharing {
                member,
                path: path.clone(),
            }),
        };
        Ok((mapping, shared.origin))
    }

    /// Runs `change`, which gives the mapping other memory or another length. Meanwhile the table has no entry for
    /// the mapping, because memory that others can look up must not move. Afterwards the entry is that of the new
    /// memory.
    pub(super) fn remapped<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        let moving = self.sharing.as_ref().map(|sharing| sharing.member.lift());
        let before = (Arc::as_ptr(&self.segment), self.len);
        let answer = change(self);
        if let (Some(moving), Some(sharing)) = (moving, &self.sharing) {
            let changed = before != (Arc::as_ptr(&self.segment), self.len);
            moving.settle(Shared::of(self, sharing.path.clone()), changed);
        }
        answer
    }

    /// Leaves the group. The answer tells whether a mapping that is still in the group has a given segment.
    pub(super) fn leave(&mut self) -> impl Fn(&Arc<Segment>) -> bool + use<> {
        let left = self.sharing.take().map(|sharing| sharing.member.leave());
        move |segment| {
            let mut left = left.iter().flatten();
            left.any(|other| std::ptr::eq(other.segment.as_ptr(), Arc::as_ptr(segment)))
        }
    }
}
