//! One mapped range of memory, and who keeps it alive.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::fault::{self, Guarded, Reason};
use crate::os;

/// Memory that was mapped and stays mapped, at this address, until the last [`Arc`] of it goes: the
/// mapping holds one, each exported view holds one, each chunk of a search in flight holds one.
///
/// Other processes write these bytes and other threads of this one do, so no reference into a segment
/// outlives a call; whoever reads makes a slice for the duration of one search or copy.
#[derive(Debug)]
pub struct Segment {
    start: *mut u8,
    len: usize,
    /// Dropped before the memory is unmapped, so that the fault table never names memory of others.
    guarded: Option<Guarded>,
    /// The fault handler asks this descriptor for the file's size, so it lives as long as the entry.
    file: Option<Arc<os::OwnedFile>>,
    offset: u64,
    flags: i32,
    section: os::Section,
    _area: os::Area,
}

// SAFETY: a segment is an address and a length that don't change while it is shared (`remap` takes
// `&mut self`); the bytes behind them are shared memory anyway, read and written by raw pointers.
unsafe impl Send for Segment {}
// SAFETY: as above.
unsafe impl Sync for Segment {}

impl Segment {
    /// Maps `len` bytes of `file` from `offset`, or anonymous memory. `watch` is the descriptor that tells
    /// the fault guard the file's size; `file` may be a borrowed one that is closed after the call.
    pub(crate) fn map(
        len: usize,
        prot: i32,
        flags: i32,
        file: Option<os::Descriptor>,
        offset: u64,
        watch: Option<Arc<os::OwnedFile>>,
        tag: Option<&str>,
    ) -> Result<Self> {
        let area = os::Area::take()?;
        let (start, section) = os::map(len, prot, flags, file, offset, tag)?;
        let mut segment = Self {
            start,
            len,
            guarded: None,
            file: watch,
            offset,
            flags,
            section,
            _area: area,
        };
        segment.guard();
        Ok(segment)
    }

    fn guard(&mut self) {
        let watched = self.file.as_deref().map(os::descriptor);
        // SAFETY: the range was just mapped and is this segment's alone; `file` lives as long as the segment,
        // and the entry goes before the range is unmapped or moved.
        self.guarded = Some(unsafe { fault::guard(self.start, self.len, watched, self.offset) });
    }

    /// The address of the first byte.
    #[must_use]
    pub fn start(&self) -> *mut u8 {
        self.start
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes: `mmap` refuses a length of 0, so only after [`Segment::unmap`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Why a page of this segment was missing, once one was.
    #[must_use]
    pub fn fault(&self) -> Option<Reason> {
        self.guarded.as_ref().and_then(Guarded::reason)
    }

    /// The bytes, for the duration of one call.
    ///
    /// # Safety
    /// The segment is readable, and `end <= len`. Other processes may write the bytes meanwhile: the
    /// callee must be right for whatever it reads, and never depend on reading the same twice.
    #[must_use]
    pub unsafe fn bytes(&self, from: usize, end: usize) -> &[u8] {
        debug_assert!(from <= end && end <= self.len);
        // SAFETY: `from <= len`, so the address is inside the mapping or one past its end.
        let start = unsafe { self.start.add(from) };
        // SAFETY: `[from, end)` is mapped and readable as long as `self` is; a page that vanishes is
        // replaced by the fault guard.
        unsafe { std::slice::from_raw_parts(start, end - from) }
    }

    /// Writes changed pages of a range back: `msync(2)`; `flags` 0 is `MS_SYNC`. When the file no longer
    /// reaches to the end of the range, the segment has a fault afterwards.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`]; the system's, as `EINVAL` for an unaligned offset.
    pub fn sync(&self, offset: usize, len: usize, flags: i32) -> Result<()> {
        let end = offset.checked_add(len).filter(|&end| end <= self.len);
        let Some(end) = end else {
            return Err(Error::OutOfBounds);
        };
        // SAFETY: `offset <= len`.
        let start = unsafe { self.start.add(offset) };
        // SAFETY: the range is inside the segment, which is mapped as long as `self` lives.
        unsafe { os::sync(start, len, flags) }?;
        self.look_for(end);
        Ok(())
    }

    /// What was written between the end of a truncated file and the end of its last page is lost, without a
    /// signal: there is memory, which is no file's. So whoever wants to hear that all is written is told here.
    fn look_for(&self, end: usize) {
        let (Some(file), Some(guarded)) = (&self.file, &self.guarded) else {
            return;
        };
        if let Ok(stat) = os::stat(os::descriptor(file))
            && stat.regular
            && stat.size.saturating_sub(self.offset) < end as u64
        {
            guarded.mark(Reason::Truncated);
        }
    }

    /// Moves or resizes the memory in place. On an error the segment is as it was.
    pub(crate) fn remap(&mut self, new_len: usize) -> Result<()> {
        // The handler must not look at the old address once others may have it.
        self.guarded = None;
        // SAFETY: `&mut self` is the only owner of the range, so nothing points into it.
        let answer = unsafe { os::remap(self.start, self.len, new_len) };
        if let Ok(start) = answer {
            self.start = start;
            self.len = new_len;
        }
        self.guard();
        answer.map(|_| ())
    }

    /// Gives the section's name up, so that another can have it: what must happen before a section of the
    /// same name takes this one's place.
    pub(crate) fn give_up_name(&mut self) -> Result<()> {
        self.section.give_up()
    }

    /// Unmaps the memory early. What is left is a segment of length 0.
    pub(crate) fn unmap(&mut self) {
        self.guarded = None;
        if self.len > 0 {
            // SAFETY: the range was mapped by `map` or `remap`, and its only owner lets it go.
            unsafe { os::unmap(self.start, os::mapped_len(self.len, self.flags)) };
        }
        self.len = 0;
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        self.unmap();
    }
}
