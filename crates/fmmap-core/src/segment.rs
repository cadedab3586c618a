//! One mapped range of memory, which stays mapped as long as somebody holds it.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::advice::Given;
use crate::error::{Error, Result};
use crate::fault::{self, Guarded, Reason};
use crate::os;

/// Memory that was mapped and stays mapped, at this address, until the last [`Arc`] of it goes: the
/// mapping holds one, each exported view holds one, each chunk of a search in flight holds one.
///
/// Other processes and other threads of this one write these bytes. So no reference into a segment outlives
/// a call: code that reads makes a slice for the duration of one search or copy.
#[derive(Debug)]
pub struct Segment {
    len: usize,
    /// Dropped before the memory is unmapped, so that the fault table never names memory that others have by then.
    guarded: Option<Guarded>,
    /// The descriptor that the fault handler asks for the file's size. It lives as long as the entry in the table, or
    /// until [`Segment::forget_file`].
    file: Mutex<Option<Arc<os::OwnedFile>>>,
    offset: u64,
    memory: os::Memory,
    /// The advice that memory is given too when it replaces this. It is kept here and not by a mapping, since all
    /// mappings of shared memory have the advice that one of them gives.
    given: Mutex<Given>,
    _area: Option<os::Area>,
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
        let memory = os::Memory::map(len, prot, flags, file, offset, tag)?;
        let mut segment = Self {
            len,
            guarded: None,
            file: Mutex::new(watch),
            offset,
            memory,
            given: Mutex::default(),
            _area: Some(area),
        };
        segment.guard();
        Ok(segment)
    }

    /// A segment without memory: that of a file without bytes.
    pub(crate) fn empty() -> Self {
        Self {
            len: 0,
            guarded: None,
            file: Mutex::new(None),
            offset: 0,
            memory: os::Memory::none(),
            given: Mutex::default(),
            _area: None,
        }
    }

    fn guard(&mut self) {
        let file = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
        let watched = file.as_deref().map(os::descriptor);
        // SAFETY: the range was just mapped and is this segment's alone; `file` lives as long as the segment,
        // and the entry goes before the range is unmapped or moved.
        self.guarded =
            Some(unsafe { fault::guard(self.memory.start(), self.len, watched, self.offset) });
    }

    fn file(&self) -> Option<Arc<os::OwnedFile>> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.clone()
    }

    /// Closes the descriptor while the memory stays mapped. A page that is missing from then on is still replaced by
    /// zeros, but the reason of the fault and the end of the file can't be found out any more.
    pub(crate) fn forget_file(&self) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = file.take() else { return };
        if let Some(guarded) = &self.guarded {
            guarded.forget_file();
        }
        drop(file);
    }

    /// The address of the first byte.
    #[must_use]
    pub fn start(&self) -> *mut u8 {
        self.memory.start()
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes, and so no memory: `mmap` refuses a length of 0.
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
        let start = unsafe { self.start().add(from) };
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
        if self.len == 0 {
            return Ok(());
        }
        // SAFETY: `offset <= len`.
        let start = unsafe { self.start().add(offset) };
        // SAFETY: the range is inside the segment, which is mapped as long as `self` lives.
        unsafe { os::sync(start, len, flags) }?;
        self.look_for(end);
        Ok(())
    }

    /// The lasting advice about this memory.
    pub(crate) fn given(&self) -> MutexGuard<'_, Given> {
        // A poisoned lock still guards a valid list.
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `madvise(2)`, about pages of the segment.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`]; the system's.
    pub(crate) fn advise(&self, advice: i32, range: Range<usize>) -> Result<()> {
        let mapped = self.len.next_multiple_of(os::page_size());
        if range.start > range.end || range.end > mapped {
            return Err(Error::OutOfBounds);
        }
        // SAFETY: `start <= len`, as it is inside the pages.
        let start = unsafe { self.start().add(range.start) };
        // SAFETY: the pages are the segment's, mapped as long as `self` lives; [`crate::advice`] has let
        // the advice through.
        unsafe { os::advise(start, range.end - range.start, advice) }
    }

    /// Brings pages into memory, as a read of each would, and waits for the disk. If a page is missing, the segment
    /// has a fault afterwards.
    ///
    /// # Safety
    /// The segment is readable.
    pub unsafe fn populate(&self, range: Range<usize>) {
        if range.start >= range.end || range.end > self.len {
            return;
        }
        let page = os::page_size();
        let first = range.start / page * page;
        // SAFETY: `first < len`.
        let start = unsafe { self.start().add(first) };
        // SAFETY: the pages are the segment's, mapped as long as `self` lives, and the call changes nothing in them.
        if unsafe { os::populate(start, range.end - first) } {
            return;
        }
        // An older kernel, or a page is missing: touching each page finds out which.
        for at in (first..range.end).step_by(page) {
            // SAFETY: `at < len`.
            let byte = unsafe { self.start().add(at) };
            // SAFETY: the byte is mapped, and readable as the caller says; others may write it, so the read is
            // volatile.
            std::hint::black_box(unsafe { byte.read_volatile() });
        }
    }

    /// Checks that the file still has the bytes up to `end`; if not, the segment has a fault afterwards. Bytes behind
    /// the end of a truncated file, in its last page, are zeros, and lost when they are written to, without a signal:
    /// the page exists, but those bytes belong to no file.
    pub fn look_for(&self, end: usize) {
        let (Some(file), Some(guarded)) = (self.file(), &self.guarded) else {
            return;
        };
        if let Ok(stat) = os::stat(os::descriptor(&file))
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
        let answer = unsafe { self.memory.remap(new_len) };
        if answer.is_ok() {
            self.len = new_len;
        }
        self.guard();
        answer
    }

    /// Unmaps the memory behind `len` bytes, if there is any.
    pub(crate) fn shrink(&mut self, len: usize) -> Result<()> {
        if len < self.len {
            self.remap(len)
        } else {
            Ok(())
        }
    }

    /// Gives up the section's name. This must happen before another section of that name replaces this one.
    pub(crate) fn give_up_name(&mut self) -> Result<()> {
        self.memory.give_up_name()
    }

    /// Unmaps the memory early. What is left is a segment of length 0.
    pub(crate) fn unmap(&mut self) {
        self.guarded = None;
        self.memory = os::Memory::none();
        self.len = 0;
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        self.unmap();
    }
}
