//! The one check of a range before memory is touched: whether the range lies in the memory, and at which address.

use fmmap_core::needle::Scope;
use fmmap_core::{Error, Mapping};

use crate::error::{Answer, Failure};

/// Whether `[from, from + len)` lies in `whole` bytes.
#[inline]
pub(crate) fn fits(from: usize, len: usize, whole: usize) -> bool {
    from.checked_add(len).is_some_and(|end| end <= whole)
}

/// The address of `[from, from + len)` of a map that can be read.
pub(crate) fn readable(mapping: &Mapping, from: usize, len: usize) -> Answer<*mut u8> {
    if !mapping.protection().readable() {
        return Err(Failure::Argument("not readable"));
    }
    inside(mapping, from, len)
}

/// The address of `[from, from + len)` of a map that can be written.
pub(crate) fn writable(mapping: &Mapping, from: usize, len: usize) -> Answer<*mut u8> {
    if !mapping.protection().writable() {
        return Err(Failure::Argument("not writable"));
    }
    inside(mapping, from, len)
}

/// The address of `[from, from + len)`, without a check of the access.
pub(crate) fn inside(mapping: &Mapping, from: usize, len: usize) -> Answer<*mut u8> {
    if !fits(from, len, mapping.len()) {
        return Err(Failure::Core(Error::OutOfBounds));
    }
    // SAFETY: `from <= len` of the mapping.
    Ok(unsafe { mapping.segment().start().add(from) })
}

/// A map's bytes up to the end of a scope, which must lie in the map. They may be used for the duration of one call.
pub(crate) fn haystack(mapping: &Mapping, scope: Scope) -> Answer<&[u8]> {
    if !scope.fits(mapping.len()) {
        return Err(Failure::Core(Error::OutOfBounds));
    }
    readable(mapping, 0, scope.end)?;
    // SAFETY: the range is inside the segment and readable; the callers' slices end with their calls.
    Ok(unsafe { mapping.segment().bytes(0, scope.end) })
}
