//! Keeps memory from being paged out, and gives a file its blocks before they are written.

use std::ops::Range;

use super::Mapping;
use crate::error::{Error, Result};
use crate::os;

impl Mapping {
    /// Keeps the pages of a range in memory until they are unlocked, unmapped or mapped afresh: `mlock(2)`. This
    /// includes the pages that views have of their own.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`]; the system's, as `ENOMEM` when the process may lock no more.
    pub fn lock(&self, range: &Range<usize>) -> Result<()> {
        self.each_page_of(range, |start, len| {
            // SAFETY: the pages are those of a live segment.
            unsafe { os::lock(start, len) }
        })
    }

    /// Lets the system take the pages back: `munlock(2)`.
    ///
    /// # Errors
    /// As [`Mapping::lock`].
    pub fn unlock(&self, range: &Range<usize>) -> Result<()> {
        self.each_page_of(range, |start, len| {
            // SAFETY: the pages are those of a live segment.
            unsafe { os::unlock(start, len) }
        })
    }

    fn each_page_of(
        &self,
        range: &Range<usize>,
        call: impl Fn(*mut u8, usize) -> Result<()>,
    ) -> Result<()> {
        if range.start > range.end || range.end > self.len {
            return Err(Error::OutOfBounds);
        }
        for (segment, part) in self.memory_of(range) {
            let first = part.start / os::page_size() * os::page_size();
            // SAFETY: `first` is inside the segment.
            let start = unsafe { segment.start().add(first) };
            call(start, part.end - first)?;
        }
        Ok(())
    }

    /// Gives a range of the file its blocks: writing to it finds room then, however full the disk is. The file grows
    /// to the range's end.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`]; `EBADF` for a file whose descriptor is not tracked; the system's, as `ENOSPC`;
    /// [`Error::Unsupported`].
    pub fn allocate(&self, offset: usize, len: usize) -> Result<()> {
        self.range(offset, len)?;
        if self.anonymous || len == 0 {
            return Ok(());
        }
        let file = self.file.as_ref().ok_or(Error::System {
            errno: os::EBADF,
            syscall: "fallocate",
        })?;
        os::allocate(
            os::descriptor(file),
            self.offset + offset as u64,
            len as u64,
        )
    }
}
