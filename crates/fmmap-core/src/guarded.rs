//! Memory for tests: pages that can be written, between two that can't even be read.

use std::ptr;

/// Memory in which the byte before the first and the byte after the last can't be read.
#[derive(Debug)]
pub(crate) struct Guarded {
    whole: *mut libc::c_void,
    page: usize,
    pages: usize,
}

impl Guarded {
    pub(crate) fn new(pages: usize) -> Self {
        // SAFETY: a constant is asked for.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap();
        // SAFETY: a new mapping at an address of the kernel's choice.
        let whole = unsafe {
            libc::mmap(
                ptr::null_mut(),
                (pages + 2) * page,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(whole, libc::MAP_FAILED);
        let guarded = Self { whole, page, pages };
        // SAFETY: the pages lie in the mapping.
        let status = unsafe {
            libc::mprotect(
                whole.wrapping_byte_add(page),
                pages * page,
                libc::PROT_READ | libc::PROT_WRITE,
            )
        };
        assert_eq!(status, 0);
        guarded
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        let first = self.whole.wrapping_byte_add(self.page).cast();
        // SAFETY: these pages are ours, readable and writable, zero at first, and live as long as
        // `self`, which is borrowed.
        unsafe { std::slice::from_raw_parts_mut(first, self.pages * self.page) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no slice of it outlives `self`.
        unsafe { libc::munmap(self.whole, (self.pages + 2) * self.page) };
    }
}
