//! `refresh`: what the file has now is mapped again, and the file is not touched.
//!
//! Memory under a live export never moves: what is exported keeps the old memory. Pages that a private mapping has
//! changed are copied to the new memory, as far as the file still reaches.

use std::sync::Arc;

use super::Mapping;
use crate::error::{Error, Result};
use crate::os;
use crate::segment::Segment;

impl Mapping {
    /// Maps the file anew from the offset to its present end, also after a fault. Anonymous memory, and files without
    /// a size, stay as they are.
    ///
    /// # Errors
    /// `EBADF` for a file whose descriptor is not tracked; [`Error::EmptyFile`] when nothing is left to map,
    /// unless the mapping was made with [`crate::Options::empty`]; [`Error::LengthTooLarge`]; the system's from
    /// `fstat` and `mmap`. The mapping is as it was then.
    pub fn refresh(&mut self) -> Result<()> {
        if self.anonymous {
            return Ok(());
        }
        let file = self.file.clone().ok_or(Error::System {
            errno: os::EBADF,
            syscall: "fstat",
        })?;
        let stat = os::stat(os::descriptor(&file))?;
        if !stat.bounded() {
            return Ok(());
        }
        let len = stat.size.saturating_sub(self.offset);
        let len = usize::try_from(len).map_err(|_| Error::LengthTooLarge)?;
        if len == 0 && !self.empties {
            return Err(Error::EmptyFile);
        }
        if len == self.len && self.fault().is_none() {
            return Ok(());
        }
        let newer = os::reopened(&file).map(Arc::new);
        self.remapped(|mapping| {
            mapping.map_again(&file, newer, len)?;
            mapping.len = len;
            // The twins have the old length, or have lost a page. What was exported keeps them alive.
            mapping.retire_twins();
            Ok(())
        })
    }

    /// Maps `len` bytes of the file, or of the `newer` one, if the file's descriptor may map other bytes.
    fn map_again(
        &mut self,
        file: &Arc<os::OwnedFile>,
        newer: Option<Arc<os::OwnedFile>>,
        len: usize,
    ) -> Result<()> {
        // A segment with a fault contains pages of zeros that are not the file's. Only a fresh mapping gets rid of
        // them.
        let whole = self.segment.fault().is_none();
        if whole
            && newer.is_none()
            && len > 0
            && !self.segment.is_empty()
            && let Some(segment) = Arc::get_mut(&mut self.segment)
            && segment.remap(len).is_ok()
        {
            if let Some(page) = self.last_page(file, len)? {
                self.fill_last_page(&page);
            }
            return Ok(());
        }
        if self.tag.is_some()
            && let Some(segment) = Arc::get_mut(&mut self.segment)
        {
            // The fresh mapping is a section of another length, which takes the name.
            segment.give_up_name()?;
        }
        let fresh = self.map_afresh(Some(newer.as_ref().unwrap_or(file)), len)?;
        if self.protection.private() && whole {
            if newer.is_some() {
                let base = self.map_afresh(Some(file), self.len)?;
                self.carry_over(&base, &fresh);
            } else {
                self.carry_over(&fresh, &fresh);
            }
        }
        if newer.is_some() {
            self.file = newer;
        }
        let old = std::mem::replace(&mut self.segment, Arc::new(fresh));
        self.retire(&old);
        Ok(())
    }

    /// The last page of a private mapping may be a copy of its own, in which what is behind the end is not the file's:
    /// zeros, or what the file had there once. This maps the page of the file again, for
    /// [`Mapping::fill_last_page`] when the mapping is about to have `len` bytes. `None` if there is nothing to fill.
    pub(super) fn last_page(
        &self,
        file: &Arc<os::OwnedFile>,
        len: usize,
    ) -> Result<Option<Segment>> {
        let page = os::page_size();
        let first = self.len / page * page;
        let end = len.min(first + page);
        let writable = self.protection.readable() && self.protection.writable();
        if !self.protection.private() || !writable || self.len == first || end <= self.len {
            return Ok(None);
        }
        let crate::options::Protection { flags, prot, .. } = self.protection;
        let (fd, offset) = (os::descriptor(file), self.offset + first as u64);
        let watch = Some(Arc::clone(file));
        Segment::map(end - first, prot, flags, Some(fd), offset, watch, None).map(Some)
    }

    /// Copies what the file has now behind the mapping's end into its last page. The memory reaches as far as `fresh`,
    /// which is from [`Mapping::last_page`], and the length is still the old one.
    pub(super) fn fill_last_page(&self, fresh: &Segment) {
        let first = self.len / os::page_size() * os::page_size();
        let end = first + fresh.len();
        // SAFETY: `self.len < end`, and the fresh page is readable.
        let new = unsafe { fresh.bytes(self.len - first, fresh.len()) };
        // SAFETY: `end` is at most the segment's length, and it is readable.
        let old = unsafe { self.segment.bytes(self.len, end) };
        if old != new {
            // SAFETY: `self.len < end`.
            let target = unsafe { self.segment.start().add(self.len) };
            // SAFETY: as many bytes on both sides, of two mappings; the target is writable.
            unsafe { std::ptr::copy_nonoverlapping(new.as_ptr(), target, new.len()) };
        }
    }
}
