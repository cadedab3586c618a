//! `resize`: what moves, what stays, and what is refused.
//!
//! | mapping | nothing exported | views or searches alive |
//! |---|---|---|
//! | of a file | `ftruncate`, then `mremap`; mapped afresh if that fails | `ftruncate`, then mapped afresh; what is exported keeps the old memory |
//! | shared anonymous | shrinks by `mremap` | shrinks in name only; the memory stays |
//! | private anonymous | `mremap` | refused |
//!
//! The views of a mapping that isn't writable are of its private twin, so they keep nothing from moving.
//!
//! A shared anonymous mapping never grows on Linux: there is no memory behind the new pages (gh-138204).
//! Without `mremap` anonymous memory is copied to a new mapping, and files are mapped afresh. On Windows a
//! file can't change its size under a mapping: the memory is unmapped first, and nothing may be exported.
//! Everything that can be checked is checked before the file changes, and a file whose
//! mapping can't follow gets its old size back.

use std::sync::Arc;

use super::Mapping;
use crate::error::{Error, Result};
use crate::os;
use crate::segment::Segment;

impl Mapping {
    /// Makes the region `new_len` bytes long, and its file `offset + new_len`. Memory under a live export
    /// never moves.
    ///
    /// # Errors
    /// [`Error::NewSizeOutOfRange`]; `EINVAL` for 0; [`Error::SharedAnonymousGrowth`] and
    /// [`Error::Exported`] for anonymous mappings; `EBADF` for a file whose descriptor is not tracked; the
    /// system's from `ftruncate`, `mremap` and `mmap`. On Windows, where the memory goes before the file
    /// changes, an error of the last of them leaves a mapping of no bytes.
    pub fn resize(&mut self, new_len: u64) -> Result<()> {
        let end = self
            .offset
            .checked_add(new_len)
            .filter(|&end| i64::try_from(end).is_ok());
        let end = end.ok_or(Error::NewSizeOutOfRange)?;
        let new_len = usize::try_from(new_len).map_err(|_| Error::NewSizeOutOfRange)?;
        if new_len == 0 {
            // Python empties the file and then fails with EINVAL; here the file keeps its bytes.
            return Err(Error::System {
                errno: os::EINVAL,
                syscall: "mremap",
            });
        }
        if os::LOCKS {
            self.give_up_twin()?;
        }
        if self.anonymous {
            self.resize_anonymous(new_len)?;
        } else {
            self.resize_file(new_len, end)?;
        }
        self.len = new_len;
        // It has the old length. What was exported from it keeps it; the next export makes another.
        self.twin = None;
        Ok(())
    }

    /// Where a mapped file keeps its size, the twin goes before the file changes.
    fn give_up_twin(&mut self) -> Result<()> {
        if let Some(twin) = &mut self.twin {
            Arc::get_mut(twin).ok_or(Error::Exported)?;
        }
        self.twin = None;
        Ok(())
    }

    fn resize_anonymous(&mut self, new_len: usize) -> Result<()> {
        let shared = !self.protection.private();
        if shared && new_len > self.len && !os::SHARED_ANONYMOUS_GROWS {
            return Err(Error::SharedAnonymousGrowth);
        }
        if new_len == self.len {
            return Ok(());
        }
        match Arc::get_mut(&mut self.segment) {
            Some(segment) => match segment.remap(new_len) {
                Err(Error::Unsupported(_)) => self.copy_to_fresh(new_len),
                answer => answer,
            },
            None if shared && new_len < self.len && !os::LOCKS => Ok(()),
            None => Err(Error::Exported),
        }
    }

    /// Anonymous memory of another size, where the old one can't be given it.
    fn copy_to_fresh(&mut self, new_len: usize) -> Result<()> {
        let segment = Arc::get_mut(&mut self.segment).ok_or(Error::Exported)?;
        segment.give_up_name()?;
        let fresh = self.map_afresh(None, new_len)?;
        let len = self.len.min(new_len);
        if self.protection.readable() && self.protection.writable() {
            let (from, to) = (self.segment.start(), fresh.start());
            // SAFETY: `len` bytes are on both sides, readable and writable; two mappings never overlap.
            unsafe { std::ptr::copy_nonoverlapping(from, to, len) };
        }
        self.segment = Arc::new(fresh);
        Ok(())
    }

    fn resize_file(&mut self, new_len: usize, end: u64) -> Result<()> {
        let untracked = Error::System {
            errno: os::EBADF,
            syscall: "ftruncate",
        };
        let file = self.file.clone().ok_or(untracked)?;
        if os::LOCKS {
            return self.resize_unmapped(&file, new_len, end);
        }
        let old_size = os::stat(os::descriptor(&file))?.size;
        os::set_size(&file, end)?;
        // A segment with a fault has foreign pages in it, which only a fresh mapping gets rid of.
        let whole = self.segment.fault().is_none();
        let in_place = whole
            && (new_len == self.segment.len()
                || Arc::get_mut(&mut self.segment)
                    .is_some_and(|segment| segment.remap(new_len).is_ok()));
        if in_place {
            return Ok(());
        }
        match self.map_afresh(Some(&file), new_len) {
            Ok(segment) => {
                if self.protection.private() && whole {
                    self.carry_over(&segment);
                }
                self.segment = Arc::new(segment);
                Ok(())
            }
            Err(error) => {
                // The file goes back; an error of this is less telling than the one that led here.
                let _ = os::set_size(&file, old_size);
                Err(error)
            }
        }
    }

    /// Where a mapped file keeps its size: the memory goes first, and comes back with the old length when
    /// somebody else holds the file. The name goes with it, unless another has the same.
    fn resize_unmapped(
        &mut self,
        file: &Arc<os::OwnedFile>,
        new_len: usize,
        end: u64,
    ) -> Result<()> {
        let segment = Arc::get_mut(&mut self.segment).ok_or(Error::Exported)?;
        segment.give_up_name()?;
        segment.unmap();
        let old_len = std::mem::replace(&mut self.len, 0);
        let answer = os::set_size(file, end);
        let len = if answer.is_ok() { new_len } else { old_len };
        self.segment = Arc::new(self.map_afresh(Some(file), len)?);
        self.len = len;
        answer
    }

    fn map_afresh(&self, file: Option<&Arc<os::OwnedFile>>, len: usize) -> Result<Segment> {
        let fd = file.map(|file| os::descriptor(file));
        let crate::options::Protection { flags, prot, .. } = self.protection;
        let tag = self.tag.as_deref();
        Segment::map(len, prot, flags, fd, self.offset, file.cloned(), tag)
    }

    /// Takes the pages that a private mapping has made its own along. Only those that differ from the
    /// file are written, so that the others stay the file's.
    fn carry_over(&self, fresh: &Segment) {
        if !self.protection.readable() {
            return;
        }
        let page = os::page_size();
        let end = self.len.min(fresh.len());
        for from in (0..end).step_by(page) {
            let len = page.min(end - from);
            // SAFETY: `from + len <= end`, the length of the shorter one, and both are readable.
            let old = unsafe { self.segment.bytes(from, from + len) };
            // SAFETY: as above.
            let new = unsafe { fresh.bytes(from, from + len) };
            if old != new {
                // SAFETY: `from` is inside the fresh segment.
                let target = unsafe { fresh.start().add(from) };
                // SAFETY: `len` bytes on both sides; two mappings never overlap; a private mapping with
                // ftruncate and resize allowed is a writable one.
                unsafe { std::ptr::copy_nonoverlapping(old.as_ptr(), target, len) };
            }
        }
    }
}
