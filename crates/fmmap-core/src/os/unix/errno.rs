//! Errors of system calls, by their numbers.

use crate::error::{Error, Result};

pub use libc::{EBADF, EEXIST, EFAULT, EINVAL, ENODEV, ENOENT};

/// The number by which libuv, and so every JavaScript runtime, calls an error: the system's own.
#[must_use]
pub fn libuv_errno(errno: i32) -> i32 {
    errno
}

/// Makes a system call that returns 0 on success, again when a signal interrupts it.
pub(super) fn retried(syscall: &'static str, mut call: impl FnMut() -> libc::c_int) -> Result<()> {
    loop {
        if call() == 0 {
            return Ok(());
        }
        match Error::last_os(syscall) {
            Error::System {
                errno: libc::EINTR, ..
            } => {}
            error => return Err(error),
        }
    }
}

/// Makes a call that may extend a file, and keeps the signal SIGXFSZ from ending the process: the kernel sends it to the
/// calling thread when the file would become longer than the process's limit (`ulimit -f`). Python, Node and Bun ignore
/// the signal, Deno does not. The call fails with `EFBIG` then.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(super) fn extending<T>(call: impl FnOnce() -> T) -> T {
    // SAFETY: a signal set is made of integers, for which zeros are a value.
    let (mut signal, mut before) =
        unsafe { std::mem::zeroed::<(libc::sigset_t, libc::sigset_t)>() };
    // SAFETY: the set is valid for writing.
    unsafe { libc::sigemptyset(&raw mut signal) };
    // SAFETY: the set is valid for writing.
    unsafe { libc::sigaddset(&raw mut signal, libc::SIGXFSZ) };
    // SAFETY: one set is valid for reading, the other for writing.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const signal, &raw mut before) };
    let answer = call();
    // SAFETY: `pthread_sigmask` has written the set.
    if unsafe { libc::sigismember(&raw const before, libc::SIGXFSZ) } == 0 {
        let now = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // Takes the signal, if the call has caused it.
        // SAFETY: set and time are valid for reading, and nobody asks for what is known of the signal.
        unsafe { libc::sigtimedwait(&raw const signal, std::ptr::null_mut(), &raw const now) };
    }
    // SAFETY: the set is the one that was there before; nobody asks for the one now.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut()) };
    answer
}

/// Makes a call that may extend a file. Elsewhere the signal is the process's, and can't be kept from its other threads.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub(super) fn extending<T>(call: impl FnOnce() -> T) -> T {
    call()
}
