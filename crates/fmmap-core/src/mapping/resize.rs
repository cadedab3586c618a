//! `resize`: what moves, what stays, and what is refused.
//!
//! | mapping | nothing exported | views or searches alive |
//! |---|---|---|
//! | of a file | grows by `mremap`, then `ftruncate`; shrinks by `ftruncate`, then `mremap`; mapped afresh if `mremap` fails | mapped afresh, then `ftruncate`; what is exported keeps the old memory |
//! | shared anonymous | shrinks by `mremap` | shrinks in name only; the memory stays |
//! | private anonymous | `mremap`; copied to a new mapping if `mremap` fails | refused |
//!
//! The views of a mapping that isn't writable are of its private twin, so they keep nothing from moving.
//!
//! A shared anonymous mapping never grows on Linux: there is no memory behind the new pages (gh-138204).
//! Without `mremap` anonymous memory is copied to a new mapping, and files are mapped afresh. On Windows a
//! file can't change its size under a mapping: the memory is unmapped first, and nothing may be exported.
//!
//! # When it fails
//!
//! A failed resize must lose nothing. Bytes that a file has lost by being cut are gone for ever, and setting the file
//! back to an earlier size would cut off what others have appended since. So the file's size changes last, when all
//! that can fail has succeeded. Meanwhile the memory may reach beyond the end of its file. If memory that is too long
//! can't be given back afterwards, it is kept and not used. On Windows, where the memory goes first, memory of the
//! new length is mapped once as a test.

use std::sync::Arc;

use super::{Mapping, Twins};
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
        let (new_len, end) = self.check_resize(new_len)?;
        self.remapped(|mapping| mapping.resize_checked(new_len, end))
    }

    fn resize_checked(&mut self, new_len: usize, end: u64) -> Result<()> {
        if os::LOCKS {
            self.give_up_twins()?;
        }
        if self.anonymous {
            self.resize_anonymous(new_len)?;
        } else {
            self.resize_file(new_len, end)?;
        }
        self.len = new_len;
        // The twins have the old length. What was exported keeps them alive; the next export makes another one.
        self.retire_twins();
        Ok(())
    }

    /// What [`Mapping::resize`] refuses, whatever is exported: callers that detach exports first ask this before. The
    /// answer is the new length, and the end of the region in the file.
    ///
    /// # Errors
    /// [`Error::NewSizeOutOfRange`]; `EINVAL` for 0; [`Error::SharedAnonymousGrowth`]; `EBADF`.
    pub fn check_resize(&self, new_len: u64) -> Result<(usize, u64)> {
        let end = self
            .offset
            .checked_add(new_len)
            .filter(|&end| i64::try_from(end).is_ok());
        let end = end.ok_or(Error::NewSizeOutOfRange)?;
        let new_len = usize::try_from(new_len).map_err(|_| Error::NewSizeOutOfRange)?;
        let failed = |errno, syscall| Err(Error::System { errno, syscall });
        if new_len == 0 {
            // Python empties the file before this error. Here the file keeps its bytes.
            return failed(os::EINVAL, "mremap");
        }
        if self.anonymous {
            let grows = !self.protection.private() && new_len > self.len;
            if grows && !os::SHARED_ANONYMOUS_GROWS {
                return Err(Error::SharedAnonymousGrowth);
            }
        } else if self.file.is_none() {
            return failed(os::EBADF, "ftruncate");
        }
        Ok((new_len, end))
    }

    /// Drops the twins before the file changes, where files can't change their size while they are mapped.
    fn give_up_twins(&mut self) -> Result<()> {
        if let Some(whole) = &mut self.twins.whole {
            Arc::get_mut(whole).ok_or(Error::Exported)?;
        }
        if self
            .twins
            .parts
            .iter()
            .any(|(_, part)| part.strong_count() > 0)
        {
            return Err(Error::Exported);
        }
        self.twins = Twins::default();
        Ok(())
    }

    fn resize_anonymous(&mut self, new_len: usize) -> Result<()> {
        let shared = !self.protection.private();
        if new_len == self.len {
            return Ok(());
        }
        match Arc::get_mut(&mut self.segment) {
            Some(segment) => match segment.remap(new_len) {
                // EFAULT: it has become several areas, as by advice about a part, and the system resizes only one.
                Err(
                    Error::Unsupported(_)
                    | Error::System {
                        errno: os::EFAULT, ..
                    },
                ) => self.copy_to_fresh(new_len),
                answer => answer,
            },
            None if shared && new_len < self.len && !os::LOCKS => Ok(()),
            None => Err(Error::Exported),
        }
    }

    /// Replaces anonymous memory by memory of another size, where the old memory can't be resized.
    fn copy_to_fresh(&mut self, new_len: usize) -> Result<()> {
        let segment = Arc::get_mut(&mut self.segment).ok_or(Error::Exported)?;
        segment.give_up_name()?;
        let fresh = self.map_afresh(None, new_len)?;
        if self.protection.writable() {
            // Pages that nobody has written to stay without memory.
            self.carry_over(&fresh, &fresh);
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
        // A segment with a fault contains pages of zeros that are not the file's. Only a fresh mapping gets rid of
        // them.
        let whole = self.segment.fault().is_none();
        let old_len = self.segment.len();
        if whole && new_len == old_len {
            return os::set_size(&file, end);
        }
        let page = self.last_page(&file, new_len)?;
        if whole
            && old_len > 0
            && let Some(segment) = Arc::get_mut(&mut self.segment)
            && (new_len < old_len || segment.remap(new_len).is_ok())
        {
            let answer = os::set_size(&file, end);
            let len = if answer.is_ok() { new_len } else { old_len };
            // If this fails, the memory behind `len` is kept and not used.
            let _ = segment.shrink(len);
            if answer.is_ok()
                && let Some(page) = page
            {
                self.fill_last_page(&page);
            }
            return answer;
        }
        let fresh = self.map_afresh(Some(&file), new_len)?;
        if self.protection.private() && whole {
            self.carry_over(&fresh, &fresh);
        }
        os::set_size(&file, end)?;
        let old = std::mem::replace(&mut self.segment, Arc::new(fresh));
        self.retire(&old);
        Ok(())
    }

    /// Resizes where a mapped file can't change its size: the memory is unmapped first. It comes back with the old
    /// length if somebody else has the file mapped, or if there is no memory of the new length. The name is given up
    /// too, unless another mapping has the same memory.
    fn resize_unmapped(
        &mut self,
        file: &Arc<os::OwnedFile>,
        new_len: usize,
        end: u64,
    ) -> Result<()> {
        let old_size = os::stat(os::descriptor(file))?.size;
        let segment = Arc::get_mut(&mut self.segment).ok_or(Error::Exported)?;
        segment.give_up_name()?;
        segment.unmap();
        let old_len = std::mem::replace(&mut self.len, 0);
        let resized = if end < old_size {
            // Bytes are about to go for ever, so first make sure that there is memory for those that stay.
            self.map_afresh(Some(file), new_len).and_then(|trial| {
                // While the trial is mapped, the file can't change its size.
                drop(trial);
                os::set_size(file, end)
            })
        } else {
            os::set_size(file, end)
        };
        let answer = resized.and_then(|()| self.map_afresh(Some(file), new_len));
        let (len, answer) = match answer {
            Ok(segment) => {
                self.segment = Arc::new(segment);
                (new_len, Ok(()))
            }
            Err(error) => {
                if end > old_size {
                    // Undoes the growth. An error of this call is ignored, since the first error says more.
                    let _ = os::set_size(file, old_size);
                }
                self.segment = Arc::new(self.map_afresh(Some(file), old_len)?);
                (old_len, Err(error))
            }
        };
        self.len = len;
        answer
    }

    pub(super) fn map_afresh(
        &self,
        file: Option<&Arc<os::OwnedFile>>,
        len: usize,
    ) -> Result<Segment> {
        let fd = file.map(|file| os::descriptor(file));
        let crate::options::Protection { flags, prot, .. } = self.protection;
        let fresh = if len == 0 {
            Segment::empty()
        } else {
            let tag = self.tag.as_deref();
            Segment::map(len, prot, flags, fd, self.offset, file.cloned(), tag)?
        };
        self.advise_again(&fresh, 0);
        fresh.given().clone_from(&self.segment.given());
        Ok(fresh)
    }

    /// Copies the pages that a private mapping has changed: those that differ from `base`, which shows the file as this
    /// mapping sees it, or zeros. Only those are written, so that the others stay the file's, or without memory.
    pub(super) fn carry_over(&self, base: &Segment, fresh: &Segment) {
        if !self.protection.readable() {
            return;
        }
        let page = os::page_size();
        let end = self.len.min(base.len()).min(fresh.len());
        for from in (0..end).step_by(page) {
            let len = page.min(end - from);
            // SAFETY: `from + len <= end`, the length of the shortest one, and all are readable.
            let old = unsafe { self.segment.bytes(from, from + len) };
            // SAFETY: as above.
            let unchanged = unsafe { base.bytes(from, from + len) };
            if old != unchanged {
                // SAFETY: `from` is inside the fresh segment.
                let target = unsafe { fresh.start().add(from) };
                // SAFETY: `len` bytes on both sides; two mappings never overlap; one that was changed is a writable
                // one.
                unsafe { std::ptr::copy_nonoverlapping(old.as_ptr(), target, len) };
            }
        }
    }
}
