//! Reads that never wait for the disk, and reads ahead that bring pages into memory.

use std::ops::Range;
use std::sync::Arc;

use super::Mapping;
use crate::os;
use crate::segment::Segment;

impl Mapping {
    /// Copies `target.len()` bytes from `offset`, if that needs no disk: if the system has a call that tells, and all
    /// of them are in the page cache. Otherwise the content of `target` is unspecified.
    #[must_use]
    pub fn read_cached(&self, offset: usize, target: &mut [u8]) -> bool {
        let end = offset.checked_add(target.len());
        let own = self.protection.private() && self.protection.writable();
        // Pages that a private mapping has changed are not in the file.
        let (Some(file), false) = (&self.file, own) else {
            return false;
        };
        if end.is_none_or(|end| end > self.len) || self.fault().is_some() {
            return false;
        }
        let file = os::descriptor(file);
        // What a read of a device gives need not be what its mapping has: /dev/zero reads as zeros, and its mapping is
        // memory that keeps what was written.
        os::stat(file).is_ok_and(|stat| stat.bounded())
            && os::read_cached(file, self.offset + offset as u64, target)
    }

    /// The memory that shows a range: this mapping's, and that of its views if they have memory of their own. Each
    /// comes with the part of it that lies in the range.
    #[must_use]
    pub fn memory_of(&self, range: &Range<usize>) -> Vec<(Arc<Segment>, Range<usize>)> {
        let own = std::iter::once((0, Arc::clone(&self.segment)));
        own.chain(self.twins.all())
            .filter_map(|(from, segment)| {
                let start = range.start.max(from) - from;
                let end = range.end.min(from + segment.len()).saturating_sub(from);
                (start < end).then_some((segment, start..end))
            })
            .collect()
    }
}
