//! The calls that take an offset or a size, in their 64-bit form: the C library of 32-bit Linux has each call twice,
//! and the plain name takes 32 bits.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) use libc::{
    fallocate64 as fallocate, fstat64 as fstat, ftruncate64 as ftruncate, mmap64 as mmap,
    off64_t as off_t, stat64 as stat,
};

#[cfg(target_os = "android")]
pub(crate) use libc::{
    fallocate64 as fallocate, fstat64 as fstat, ftruncate64 as ftruncate, mmap64 as mmap,
    off64_t as off_t, stat64 as stat,
};

#[cfg(not(any(all(target_os = "linux", target_env = "gnu"), target_os = "android")))]
pub(crate) use libc::{fstat, ftruncate, mmap, off_t, stat};

#[cfg(all(target_os = "linux", not(target_env = "gnu")))]
pub(crate) use libc::fallocate;
