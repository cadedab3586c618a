//! A memory-mapped region with Python's semantics: made from a descriptor or a path, resized, flushed,
//! advised, named.

mod lock;
mod named;
mod refresh;
mod resize;
mod share;
mod warm;

use std::ffi::CStr;
use std::sync::{Arc, Weak};

use crate::advice;
use crate::error::{Error, Result};
use crate::fault::{self, Reason};
use crate::options::{Options, Protection};
use crate::os;
use crate::segment::Segment;

pub use named::unlink;
pub use share::{Origin, process};

/// A mapping. Closing it is dropping it; what [`Mapping::segment`] and [`Mapping::export`] have handed out
/// keeps the memory alive.
#[derive(Debug)]
pub struct Mapping {
    segment: Arc<Segment>,
    twins: Twins,
    /// At most the segment's: a shared anonymous mapping with live views shrinks only in name.
    len: usize,
    file: Option<Arc<os::OwnedFile>>,
    anonymous: bool,
    /// Whether the mapping may have no bytes.
    empties: bool,
    tracked: bool,
    offset: u64,
    protection: Protection,
    tag: Option<String>,
    /// Memory that was replaced by other memory, and that views keep alive.
    retired: Vec<Weak<Segment>>,
    /// This mapping's place among those that share its memory, once it is shared.
    sharing: Option<share::Sharing>,
}

/// Views keep the memory and no descriptor: otherwise a thousand closed maps with a view each would use up all
/// descriptors.
impl Drop for Mapping {
    fn drop(&mut self) {
        self.retire_twins();
        // This comes before the memory goes, so that no other thread is given it in between.
        let has_another = self.leave();
        for segment in self.retired.iter().filter_map(Weak::upgrade) {
            if !has_another(&segment) {
                segment.forget_file();
            }
        }
        if Arc::strong_count(&self.segment) > 1 && !has_another(&self.segment) {
            self.segment.forget_file();
        }
    }
}

/// The private twins that views of a mapping that isn't writable show.
#[derive(Debug, Default)]
struct Twins {
    /// The twin of the whole mapping, which all views share.
    whole: Option<Arc<Segment>>,
    /// Twins of a part each, with their beginnings: made where there was no room for one of the whole. Only their
    /// views keep them alive.
    parts: Vec<(usize, Weak<Segment>)>,
}

impl Twins {
    /// All twins that are alive, each with the offset in the mapping at which it begins.
    fn all(&self) -> impl Iterator<Item = (usize, Arc<Segment>)> {
        let parts = self.parts.iter();
        let parts = parts.filter_map(|(from, part)| Some((*from, part.upgrade()?)));
        let whole = self.whole.iter();
        whole.map(|whole| (0, Arc::clone(whole))).chain(parts)
    }
}

/// Bytes of a mapping that a caller may hold on to: they stay mapped as long as this lives.
#[derive(Debug)]
pub struct Export {
    segment: Arc<Segment>,
    from: usize,
    len: usize,
}

impl Export {
    /// The address of the first byte.
    #[must_use]
    pub fn start(&self) -> *mut u8 {
        // SAFETY: `Mapping::export` checked that the range is inside the segment.
        unsafe { self.segment.start().add(self.from) }
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Mapping {
    /// Maps `length` bytes of the file behind a descriptor, which may be closed after; `None` is anonymous
    /// memory, and on Windows 0 is as well. Length 0 is the rest of the file from the offset.
    ///
    /// # Errors
    /// Those of [`Options::protection`]; [`Error::EmptyFile`], [`Error::OffsetBeyondFile`],
    /// [`Error::LengthBeyondFile`], [`Error::LengthTooLarge`]; the system's from `dup` and `mmap`;
    /// [`Error::Unsupported`] for a descriptor where nobody can say what it means.
    pub fn new(fileno: Option<i32>, length: u64, options: &Options) -> Result<Self> {
        let protection = options.protection()?;
        match fileno.map(os::file_of).transpose()?.flatten() {
            Some(fd) => Self::of_file(fd, None, length, options, protection),
            None => Self::map(None, None, Some(length), options, protection),
        }
    }

    fn of_file(
        fd: os::Descriptor,
        own: Option<&Arc<os::OwnedFile>>,
        length: u64,
        options: &Options,
        protection: Protection,
    ) -> Result<Self> {
        // If a descriptor can't be asked, it can't be mapped either, and dup or mmap reports why.
        let length = match os::stat(fd) {
            Ok(stat) if stat.regular && stat.size == 0 && os::only_seems_empty(fd) => {
                return Err(Error::Refused {
                    errno: os::ENODEV,
                    syscall: "mmap",
                    why: os::SEEMS,
                });
            }
            Ok(stat) if stat.bounded() => length_in_file(length, options, stat.size)?,
            _ => Some(length),
        };
        Self::map(Some(fd), own, length, options, protection)
    }

    /// Opens `path` as the access asks (for reading and writing when writes reach the file) and maps it. The
    /// descriptor becomes the mapping's own when it is tracked, and is closed otherwise. With `create`, a file
    /// that is missing is made, and one that is shorter than `offset + length` is extended, when nothing can
    /// fail any more.
    ///
    /// # Errors
    /// Those of [`Mapping::new`], the system's from `open`, from making a file and from extending it, and
    /// [`Error::CreateReadOnly`].
    pub fn open(path: &[u8], length: u64, options: &Options, create: bool) -> Result<Self> {
        /// How often a file that is made and removed by others all the time is tried.
        const TRIES: u32 = 8;
        let protection = options.protection()?;
        let write = protection.writes_through();
        if create && !protection.of_the_file() {
            return Err(Error::CreateReadOnly);
        }
        let mut place = os::Place::Hidden;
        let mut tries = 0;
        loop {
            let exists = Error::System {
                errno: os::EEXIST,
                syscall: "open",
            };
            let missing = Error::System {
                errno: os::ENOENT,
                syscall: "open",
            };
            // With `exclusive`, a file that exists is not opened.
            let opened = if create && options.exclusive {
                if tries == TRIES {
                    return Err(exists);
                }
                Err(missing)
            } else {
                os::open(path, write)
            };
            match opened {
                Err(Error::System {
                    errno: os::ENOENT, ..
                }) if create && tries < TRIES => {}
                opened => {
                    let file = Arc::new(opened?);
                    return if create {
                        Self::create(&file, length, options, protection)
                    } else {
                        let fd = os::descriptor(&file);
                        Self::of_file(fd, Some(&file), length, options, protection)
                    };
                }
            }
            tries += 1;
            let file = match os::NewFile::make(path, place, options.mode) {
                Ok(file) => file,
                // Another process was faster: its file is opened.
                Err(Error::System {
                    errno: os::EEXIST, ..
                }) if !options.exclusive => continue,
                Err(error) => return Err(error),
            };
            let mapping = Self::create(file.file(), length, options, protection)?;
            match file.publish(path)? {
                os::Published::Yes => return Ok(mapping),
                os::Published::Taken if options.exclusive => return Err(exists),
                os::Published::Taken if os::is_link(path) => place = os::Place::Linked,
                os::Published::Taken => {}
                os::Published::Refused => place = os::Place::Named,
            }
        }
    }

    fn create(
        file: &Arc<os::OwnedFile>,
        length: u64,
        options: &Options,
        protection: Protection,
    ) -> Result<Self> {
        let fd = os::descriptor(file);
        let end = options
            .offset
            .checked_add(length)
            .ok_or(Error::NewSizeOutOfRange)?;
        let stat = os::stat(fd)?;
        // A mapping may reach beyond the end of its file. So the file grows last, when everything else has succeeded.
        let mapping = Self::map(Some(fd), Some(file), Some(length), options, protection)?;
        if !os::EXTENDS && stat.regular && stat.size < end {
            os::extend(file, end)?;
        }
        Ok(mapping)
    }

    /// Maps `length` bytes, or makes a mapping of none for `None`.
    fn map(
        fd: Option<os::Descriptor>,
        own: Option<&Arc<os::OwnedFile>>,
        length: Option<u64>,
        options: &Options,
        protection: Protection,
    ) -> Result<Self> {
        let len = usize::try_from(length.unwrap_or(0)).map_err(|_| Error::LengthTooLarge)?;
        if let Some(fd) = fd {
            os::full_sync(fd);
        }
        let file = match (fd, own) {
            (Some(_), Some(own)) if options.track => Some(Arc::clone(own)),
            (Some(fd), None) if options.track => Some(Arc::new(os::duplicate(fd)?)),
            _ => None,
        };
        let Protection { flags, prot, .. } = protection;
        let tag = options.tag.as_deref();
        let anonymous = fd.is_none() || flags & os::MAP_ANONYMOUS != 0;
        // With the flag the system maps no file, whatever the descriptor: what happens to it is nothing to this memory.
        let (fd, file) = if anonymous { (None, None) } else { (fd, file) };
        let segment = if length.is_some() {
            let segment = Segment::map(len, prot, flags, fd, options.offset, file.clone(), tag);
            segment.map_err(|error| match fd {
                Some(fd) => os::explain(error, fd, len, protection.of_the_file()),
                None => error,
            })?
        } else {
            Segment::empty()
        };
        Ok(Self {
            segment: Arc::new(segment),
            twins: Twins::default(),
            len,
            file,
            anonymous,
            empties: options.empty,
            tracked: options.track,
            offset: options.offset,
            protection,
            tag: options.tag.clone(),
            retired: Vec::new(),
            sharing: None,
        })
    }

    /// Remembers memory that is no longer this mapping's, for as long as somebody holds it.
    fn retire(&mut self, segment: &Arc<Segment>) {
        if Arc::strong_count(segment) > 1 {
            self.retired.retain(|other| other.strong_count() > 0);
            self.retired.push(Arc::downgrade(segment));
        }
    }

    fn retire_twins(&mut self) {
        let Twins { whole, parts } = std::mem::take(&mut self.twins);
        if let Some(whole) = whole {
            self.retire(&whole);
        }
        self.retired.extend(parts.into_iter().map(|(_, part)| part));
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes: with [`Options::empty`], and after a resize that has lost them (see
    /// [`Mapping::resize`]).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where in the file the region starts, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How the region is mapped.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// Whether the memory has no file behind it.
    #[must_use]
    pub fn anonymous(&self) -> bool {
        self.anonymous
    }

    /// The memory. Whoever clones the `Arc` keeps it mapped, and [`Mapping::resize`] away from it.
    #[must_use]
    pub fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// Why a page of the mapping was missing, if one was. A fault in a view of it counts too.
    #[must_use]
    pub fn fault(&self) -> Option<Reason> {
        if !fault::survived() {
            return None;
        }
        self.segment
            .fault()
            .or_else(|| self.twins.all().find_map(|(_, twin)| twin.fault()))
    }

    /// The size of the file now, in bytes; of an anonymous mapping its length.
    ///
    /// # Errors
    /// The system's from `fstat`; `EBADF` when the descriptor is not tracked.
    pub fn size(&self) -> Result<u64> {
        match &self.file {
            Some(file) => Ok(os::stat(os::descriptor(file))?.size),
            None if self.tracked && self.anonymous => Ok(self.len as u64),
            None => Err(Error::System {
                errno: os::EBADF,
                syscall: "fstat",
            }),
        }
    }

    fn range(&self, offset: usize, len: usize) -> Result<*mut u8> {
        let end = offset.checked_add(len).ok_or(Error::OutOfBounds)?;
        if end > self.len {
            return Err(Error::OutOfBounds);
        }
        // SAFETY: `offset <= len`, so the address is inside the mapping or one past its end.
        Ok(unsafe { self.segment.start().add(offset) })
    }

    /// Writes changed pages back: `msync(2)`; `flags` 0 is `MS_SYNC`. Nothing to do for a mapping whose
    /// writes don't reach the file.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`]; the system's, as `EINVAL` for an unaligned offset.
    pub fn flush(&self, offset: usize, len: usize, flags: i32) -> Result<()> {
        self.range(offset, len)?;
        if !self.protection.writes_through() {
            return Ok(());
        }
        self.segment.sync(offset, len, flags)
    }

    /// Gives the kernel advice: `madvise(2)`, about this memory and about that of its views. Memory that takes
    /// its place later, in views or after a resize, gets the advice that lasts.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`]; the system's, and `EINVAL` for advice that [`crate::constants`] lacks.
    pub fn advise(&mut self, advice: i32, offset: usize, len: usize) -> Result<()> {
        let start = self.range(offset, len)?;
        advice::check(advice)?;
        if self.segment.is_empty() {
            return Ok(());
        }
        // SAFETY: the range is inside the mapping, and the advice is a known one.
        unsafe { os::advise(start, len, advice) }?;
        let whole = offset..(offset + len).next_multiple_of(os::page_size());
        if !advice::is_once(advice) {
            for (from, twin) in self.twins.all() {
                let start = whole.start.max(from);
                let end = whole.end.min(from + twin.len());
                if start < end {
                    twin.advise(advice, start - from..end - from)?;
                }
            }
        }
        self.segment.given().add(advice, whole);
        Ok(())
    }

    /// Names an anonymous mapping for `/proc/<pid>/maps`.
    ///
    /// # Errors
    /// The system's; [`Error::Unsupported`] where mappings have no names.
    pub fn set_name(&self, name: &CStr) -> Result<()> {
        // SAFETY: the segment is mapped.
        unsafe { os::set_name(self.segment.start(), self.segment.len(), name) }
    }

    /// Bytes to hand out. They are this mapping's when it is writable; otherwise those of a private twin of
    /// it, where a stray write lands in a page of its own instead of a segmentation fault.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`]; [`Error::Unsupported`] for a read-only mapping of a file whose descriptor
    /// is not tracked; the system's from `mmap`.
    pub fn export(&mut self, offset: usize, len: usize) -> Result<Export> {
        self.range(offset, len)?;
        if self.protection.writable() || len == 0 {
            return Ok(Export {
                segment: Arc::clone(&self.segment),
                from: offset,
                len,
            });
        }
        let (start, segment) = self.twin(offset, len)?;
        Ok(Export {
            segment,
            from: offset - start,
            len,
        })
    }

    /// A twin that has the bytes, and the offset in the mapping at which it begins. A twin of the whole counts as
    /// memory of the process's own, even if nobody writes to it, so the system may refuse one and still have room for
    /// a twin of the part that is asked for.
    fn twin(&mut self, offset: usize, len: usize) -> Result<(usize, Arc<Segment>)> {
        if let Some(whole) = &self.twins.whole {
            return Ok((0, Arc::clone(whole)));
        }
        if self.file.is_none() && !self.anonymous {
            return Err(Error::Unsupported(
                "a view of a read-only map without its descriptor (trackfd: false)",
            ));
        }
        let all = self.segment.len();
        let refused = match self.map_twin(0, all) {
            Ok(whole) => {
                let whole = Arc::new(whole);
                self.twins.whole = Some(Arc::clone(&whole));
                return Ok((0, whole));
            }
            Err(error) => error,
        };
        let from = offset - offset % os::allocation_granularity();
        let end = (offset + len).next_multiple_of(os::page_size()).min(all);
        if end - from == all {
            return Err(refused);
        }
        let part = Arc::new(self.map_twin(from, end)?);
        let parts = &mut self.twins.parts;
        if parts.len() == parts.capacity() {
            parts.retain(|(_, part)| part.strong_count() > 0);
        }
        parts.push((from, Arc::downgrade(&part)));
        Ok((from, part))
    }

    fn map_twin(&self, from: usize, end: usize) -> Result<Segment> {
        // A read-only anonymous mapping has only zeros, since nobody can write to it, and so does its twin. If others
        // can write to it, it has a tag, and the twin finds the same memory by the tag.
        let fd = self.file.as_deref().map(os::descriptor);
        let twin = Segment::map(
            end - from,
            os::PROT_READ | os::PROT_WRITE,
            os::MAP_PRIVATE | os::MAP_NORESERVE,
            fd,
            self.offset + from as u64,
            self.file.clone(),
            self.tag.as_deref(),
        )?;
        self.advise_again(&twin, from);
        Ok(twin)
    }

    /// Gives fresh memory, which begins at `from` of the mapping, the advice that was given before.
    fn advise_again(&self, fresh: &Segment, from: usize) {
        let given = self.segment.given().clone();
        for (advice, range) in given.within(from..from + fresh.len()) {
            // An error is ignored: advice does not change what the memory contains.
            let _ = fresh.advise(advice, range);
        }
    }
}

/// Python's checks of the length against the size of a file, which also resolve length 0; `None` is an empty
/// mapping. A length beyond the file is an error except where mapping it extends the file.
fn length_in_file(length: u64, options: &Options, size: u64) -> Result<Option<u64>> {
    let offset = options.offset;
    if length == 0 {
        let rest = size.checked_sub(offset);
        if options.empty && rest.is_none_or(|rest| rest == 0) {
            let aligned = offset.is_multiple_of(os::allocation_granularity() as u64);
            return if aligned {
                Ok(None)
            } else {
                Err(Error::System {
                    errno: os::EINVAL,
                    syscall: "mmap",
                })
            };
        }
        if size == 0 {
            return Err(Error::EmptyFile);
        }
        return match rest {
            None | Some(0) => Err(Error::OffsetBeyondFile { offset, size }),
            rest => Ok(rest),
        };
    }
    match size.checked_sub(offset) {
        Some(rest) if rest >= length => Ok(Some(length)),
        _ if os::EXTENDS => Ok(Some(length)),
        _ => Err(Error::LengthBeyondFile {
            length,
            offset,
            size,
        }),
    }
}
