//! A memory-mapped region with Python's semantics: made from a descriptor or a path, resized, flushed,
//! advised, named.

mod resize;

use std::ffi::CStr;
use std::sync::Arc;

use crate::advice;
use crate::error::{Error, Result};
use crate::fault::Reason;
use crate::options::{Options, Protection};
use crate::os;
use crate::segment::Segment;

/// A mapping. Closing it is dropping it; what [`Mapping::segment`] and [`Mapping::export`] have handed out
/// keeps the memory alive.
#[derive(Debug)]
pub struct Mapping {
    segment: Arc<Segment>,
    /// The private twin that views of a mapping that isn't writable show.
    twin: Option<Arc<Segment>>,
    /// At most the segment's: a shared anonymous mapping with live views shrinks only in name.
    len: usize,
    file: Option<Arc<os::OwnedFile>>,
    anonymous: bool,
    tracked: bool,
    offset: u64,
    protection: Protection,
    tag: Option<String>,
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
            Some(fd) => Self::of_file(fd, length, options, protection),
            None => Self::map(None, length, options, protection),
        }
    }

    fn of_file(
        fd: os::Descriptor,
        length: u64,
        options: &Options,
        protection: Protection,
    ) -> Result<Self> {
        // A descriptor that can't be asked is one that can't be mapped either: dup or mmap says so.
        let length = match os::stat(fd) {
            Ok(stat) if stat.regular => length_in_file(length, options.offset, stat.size)?,
            _ => length,
        };
        Self::map(Some(fd), length, options, protection)
    }

    /// Opens `path` as the access asks (for reading and writing when writes reach the file), maps it, and
    /// closes what it opened; a tracked mapping keeps a duplicate. With `create`, a file that is missing
    /// is made, and one that is shorter than `offset + length` is extended, when nothing can fail any more.
    ///
    /// # Errors
    /// Those of [`Mapping::new`], the system's from `open` and `ftruncate`, and [`Error::CreateReadOnly`].
    pub fn open(path: &[u8], length: u64, options: &Options, create: bool) -> Result<Self> {
        let protection = options.protection()?;
        let write = protection.writes_through();
        if !create {
            let file = os::open(path, write, false)?;
            return Self::of_file(os::descriptor(&file), length, options, protection);
        }
        if !write {
            return Err(Error::CreateReadOnly);
        }
        let missing = Error::System {
            errno: os::ENOENT,
            syscall: "open",
        };
        let exists = Error::System {
            errno: os::EEXIST,
            syscall: "open",
        };
        let (file, made) = match os::open(path, write, false) {
            Err(error) if error == missing => match os::open(path, write, true) {
                // Somebody else was faster: theirs will do.
                Err(error) if error == exists => (os::open(path, write, false)?, false),
                opened => (opened?, true),
            },
            opened => (opened?, false),
        };
        let answer = Self::create(&file, length, options, protection);
        if made && answer.is_err() {
            os::remove(path);
        }
        answer
    }

    fn create(
        file: &os::OwnedFile,
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
        // A mapping may reach beyond the end of its file; so the file grows last, when all else went well.
        let mapping = Self::map(Some(fd), length, options, protection)?;
        if !os::EXTENDS && stat.regular && stat.size < end {
            os::set_size(file, end)?;
        }
        Ok(mapping)
    }

    fn map(
        fd: Option<os::Descriptor>,
        length: u64,
        options: &Options,
        protection: Protection,
    ) -> Result<Self> {
        let len = usize::try_from(length).map_err(|_| Error::LengthTooLarge)?;
        if let Some(fd) = fd {
            os::full_sync(fd);
        }
        let file = match fd {
            Some(fd) if options.track => Some(Arc::new(os::duplicate(fd)?)),
            _ => None,
        };
        let Protection { flags, prot, .. } = protection;
        let tag = options.tag.as_deref();
        let segment = Segment::map(len, prot, flags, fd, options.offset, file.clone(), tag)?;
        Ok(Self {
            segment: Arc::new(segment),
            twin: None,
            len,
            file,
            anonymous: fd.is_none() || flags & os::MAP_ANONYMOUS != 0,
            tracked: options.track,
            offset: options.offset,
            protection,
            tag: options.tag.clone(),
        })
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes: only after a resize that has lost them (see [`Mapping::resize`]).
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

    /// Why a page of the mapping was missing, once one was; a fault in a view of it counts.
    #[must_use]
    pub fn fault(&self) -> Option<Reason> {
        self.segment
            .fault()
            .or_else(|| self.twin.as_ref().and_then(|twin| twin.fault()))
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

    /// Gives the kernel advice: `madvise(2)`.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`]; the system's, and `EINVAL` for advice that [`crate::constants`] lacks.
    pub fn advise(&self, advice: i32, offset: usize, len: usize) -> Result<()> {
        let start = self.range(offset, len)?;
        advice::check(advice)?;
        // SAFETY: the range is inside the mapping, and the advice is a known one.
        unsafe { os::advise(start, len, advice) }
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
        let segment = if self.protection.writable() {
            &self.segment
        } else {
            self.twin()?
        };
        Ok(Export {
            segment: Arc::clone(segment),
            from: offset,
            len,
        })
    }

    fn twin(&mut self) -> Result<&Arc<Segment>> {
        if self.twin.is_none() {
            if self.file.is_none() && !self.anonymous {
                return Err(Error::Unsupported(
                    "a view of a read-only map without its descriptor (trackfd: false)",
                ));
            }
            // Nobody can have written to a read-only anonymous mapping: its twin is zeros as well. Where
            // somebody can, it has a tag, by which the twin finds the same memory.
            let fd = if self.anonymous {
                None
            } else {
                self.file.as_deref().map(os::descriptor)
            };
            let twin = Segment::map(
                self.segment.len(),
                os::PROT_READ | os::PROT_WRITE,
                os::MAP_PRIVATE | os::MAP_NORESERVE,
                fd,
                self.offset,
                self.file.clone(),
                self.tag.as_deref(),
            )?;
            self.twin = Some(Arc::new(twin));
        }
        self.twin.as_ref().ok_or(Error::OutOfBounds)
    }
}

/// Python's checks of the length against a regular file, which also resolve length 0. A length beyond the file
/// is an error except where mapping it extends the file.
fn length_in_file(length: u64, offset: u64, size: u64) -> Result<u64> {
    if length == 0 {
        if size == 0 {
            return Err(Error::EmptyFile);
        }
        return match size.checked_sub(offset) {
            None | Some(0) => Err(Error::OffsetBeyondFile),
            Some(rest) => Ok(rest),
        };
    }
    match size.checked_sub(offset) {
        Some(rest) if rest >= length => Ok(length),
        _ if os::EXTENDS => Ok(length),
        _ => Err(Error::LengthBeyondFile),
    }
}
