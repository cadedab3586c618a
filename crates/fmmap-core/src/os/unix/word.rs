//! Waiting until a word of memory changes that several processes may share: a thread sleeps until another wakes it.
//! Linux has futexes, Apple's systems `os_sync_wait_on_address`, FreeBSD umtx. None of the calls is given its flag
//! for memory of one process only, so the kernel identifies the word by its physical page and not by its address.

use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::os::Woken;

/// Why a system call that waits has returned with an error.
#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd"
))]
fn woken(error: Error) -> Result<Woken> {
    match error {
        // Linux alone reports that the word was another one already.
        Error::System {
            errno: libc::EAGAIN,
            ..
        } if cfg!(any(target_os = "linux", target_os = "android")) => Ok(Woken::Different),
        Error::System {
            errno: libc::ETIMEDOUT,
            ..
        } => Ok(Woken::TimedOut),
        Error::System {
            errno: libc::EINTR, ..
        } => Ok(Woken::Interrupted),
        error => Err(error),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::ptr;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{AtomicU32, Duration, Error, Instant, Result, Woken, woken};

    pub(super) fn wait(word: *const u32, expected: u32, timeout: Duration) -> Result<Woken> {
        // SAFETY: a struct of integers, for which zeros are a value.
        let mut limit: libc::timespec = unsafe { std::mem::zeroed() };
        limit.tv_sec = libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX);
        #[allow(clippy::unnecessary_fallible_conversions, reason = "32 bits on some")]
        let nanoseconds = timeout.subsec_nanos().try_into().unwrap_or(0);
        limit.tv_nsec = nanoseconds;
        // SAFETY: the kernel checks the address and reads the word; `limit` is valid for reading.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word,
                libc::FUTEX_WAIT,
                expected,
                &raw const limit,
            )
        };
        if answer == 0 {
            Ok(Woken::Notified)
        } else {
            woken(Error::last_os("futex"))
        }
    }

    pub(super) fn wake(word: *const u32, count: i32) -> Result<usize> {
        // SAFETY: the kernel checks the address, and does not look at the word.
        let answer = unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, count) };
        usize::try_from(answer).map_err(|_| Error::last_os("futex"))
    }

    /// `struct futex_waitv`, in the kernel's layout.
    #[repr(C)]
    struct Waiter {
        value: u64,
        address: u64,
        flags: u32,
        reserved: u32,
    }

    /// `struct __kernel_timespec`.
    #[repr(C)]
    struct Time {
        seconds: i64,
        nanoseconds: i64,
    }

    const FUTEX2_SIZE_U32: u32 = 2;

    /// Whether `futex_waitv` (Linux 5.16) is missing, or forbidden by a sandbox.
    static LACKING: AtomicBool = AtomicBool::new(false);

    fn monotonic(deadline: Instant) -> Time {
        // SAFETY: a struct of integers, for which zeros are a value.
        let mut now: libc::timespec = unsafe { std::mem::zeroed() };
        // SAFETY: `now` is valid for writing.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
        let left = deadline.saturating_duration_since(Instant::now());
        #[allow(clippy::useless_conversion, reason = "32 bits on some")]
        let nanoseconds = i64::from(now.tv_nsec) + i64::from(left.subsec_nanos());
        #[allow(clippy::useless_conversion, reason = "32 bits on some")]
        let seconds = i64::from(now.tv_sec)
            .saturating_add(i64::try_from(left.as_secs()).unwrap_or(i64::MAX))
            .saturating_add(nanoseconds / 1_000_000_000);
        Time {
            seconds,
            nanoseconds: nanoseconds % 1_000_000_000,
        }
    }

    pub(super) fn wait_either(
        word: *const u32,
        expected: u32,
        cancel: &AtomicU32,
        deadline: Option<Instant>,
    ) -> Option<Result<Woken>> {
        if LACKING.load(Ordering::Relaxed) {
            return None;
        }
        let waiters = [
            Waiter {
                value: expected.into(),
                address: word.expose_provenance() as u64,
                flags: FUTEX2_SIZE_U32,
                reserved: 0,
            },
            Waiter {
                value: 0,
                address: cancel.as_ptr().expose_provenance() as u64,
                flags: FUTEX2_SIZE_U32,
                reserved: 0,
            },
        ];
        let limit = deadline.map(monotonic);
        let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: two waiters and the time are valid for reading; the kernel checks the addresses in them.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_futex_waitv,
                waiters.as_ptr(),
                2,
                0,
                limit,
                libc::CLOCK_MONOTONIC,
            )
        };
        if answer >= 0 {
            return Some(Ok(if answer == 0 {
                Woken::Notified
            } else {
                Woken::Interrupted
            }));
        }
        match Error::last_os("futex_waitv") {
            // A sandbox that does not know the call answers EPERM.
            Error::System {
                errno: libc::ENOSYS | libc::EPERM,
                ..
            } => {
                LACKING.store(true, Ordering::Relaxed);
                None
            }
            error => Some(woken(error)),
        }
    }
}

#[cfg(target_vendor = "apple")]
mod system {
    use std::ffi::{CStr, c_void};
    use std::sync::OnceLock;

    use super::{AtomicU32, Duration, Error, Instant, Result, Woken, woken};

    /// `os_sync_wait_on_address_with_timeout`: address, value, size, flags, clock, nanoseconds.
    type Wait = unsafe extern "C" fn(*mut c_void, u64, usize, u32, u32, u64) -> libc::c_int;
    /// `os_sync_wake_by_address_any`: address, size, flags.
    type Wake = unsafe extern "C" fn(*mut c_void, usize, u32) -> libc::c_int;

    /// The flag for memory that processes share, for waiting and waking.
    const SHARED: u32 = 1;
    /// `OS_CLOCK_MACH_ABSOLUTE_TIME`.
    const CLOCK: u32 = 32;

    fn find(name: &CStr) -> Option<*mut c_void> {
        // SAFETY: the name is NUL-terminated.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        (!found.is_null()).then_some(found)
    }

    /// These calls exist on macOS 14.4 and newer.
    fn calls() -> Result<(Wait, Wake)> {
        static CALLS: OnceLock<Option<(Wait, Wake)>> = OnceLock::new();
        let calls = CALLS.get_or_init(|| {
            let wait = find(c"os_sync_wait_on_address_with_timeout")?;
            let wake = find(c"os_sync_wake_by_address_any")?;
            // SAFETY: the function of that name has this type.
            let wait = unsafe { std::mem::transmute::<*mut c_void, Wait>(wait) };
            // SAFETY: as above.
            let wake = unsafe { std::mem::transmute::<*mut c_void, Wake>(wake) };
            Some((wait, wake))
        });
        calls.ok_or(Error::Unsupported("wait() before macOS 14.4"))
    }

    pub(super) fn wait(word: *const u32, expected: u32, timeout: Duration) -> Result<Woken> {
        let (wait, _) = calls()?;
        // SAFETY: the caller's promise: the word can be read.
        if unsafe { word.read_volatile() } != expected {
            return Ok(Woken::Different);
        }
        // 0 would mean no timeout at all.
        let nanoseconds = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX).max(1);
        let address = word.cast_mut().cast();
        // SAFETY: the word is four bytes that can be read; the system only looks at it.
        if unsafe { wait(address, expected.into(), 4, SHARED, CLOCK, nanoseconds) } >= 0 {
            return Ok(Woken::Notified);
        }
        woken(Error::last_os("os_sync_wait_on_address"))
    }

    pub(super) fn wake(word: *const u32, count: i32) -> Result<usize> {
        let (_, wake) = calls()?;
        let mut woken = 0;
        for _ in 0..count {
            // SAFETY: the system does not look at the word.
            if unsafe { wake(word.cast_mut().cast(), 4, SHARED) } < 0 {
                match Error::last_os("os_sync_wake_by_address") {
                    // No thread waits any more.
                    Error::System {
                        errno: libc::ENOENT,
                        ..
                    } => break,
                    Error::System {
                        errno: libc::EINTR, ..
                    } => continue,
                    error => return Err(error),
                }
            }
            woken += 1;
        }
        Ok(woken)
    }

    pub(super) fn wait_either(
        _word: *const u32,
        _expected: u32,
        _cancel: &AtomicU32,
        _deadline: Option<Instant>,
    ) -> Option<Result<Woken>> {
        None
    }
}

#[cfg(target_os = "freebsd")]
mod system {
    use std::ptr;

    use super::{AtomicU32, Duration, Error, Instant, Result, Woken, woken};

    pub(super) fn wait(word: *const u32, expected: u32, timeout: Duration) -> Result<Woken> {
        // SAFETY: the caller's promise: the word can be read.
        if unsafe { word.read_volatile() } != expected {
            return Ok(Woken::Different);
        }
        let limit = libc::timespec {
            tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        };
        // The size of the timeout is passed in the place of an address.
        let size = ptr::without_provenance_mut(size_of::<libc::timespec>());
        // SAFETY: the kernel checks the address and reads the word; `limit` is valid for reading.
        let answer = unsafe {
            libc::_umtx_op(
                word.cast_mut().cast(),
                libc::UMTX_OP_WAIT_UINT,
                expected.into(),
                size,
                ptr::from_ref(&limit).cast_mut().cast(),
            )
        };
        if answer == 0 {
            return Ok(Woken::Notified);
        }
        woken(Error::last_os("_umtx_op"))
    }

    /// The kernel does not tell how many were woken.
    pub(super) fn wake(word: *const u32, count: i32) -> Result<usize> {
        // SAFETY: the kernel checks the address, and does not look at the word.
        let answer = unsafe {
            libc::_umtx_op(
                word.cast_mut().cast(),
                libc::UMTX_OP_WAKE,
                libc::c_ulong::try_from(count).unwrap_or(0),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        if answer == 0 {
            Ok(0)
        } else {
            Err(Error::last_os("_umtx_op"))
        }
    }

    pub(super) fn wait_either(
        _word: *const u32,
        _expected: u32,
        _cancel: &AtomicU32,
        _deadline: Option<Instant>,
    ) -> Option<Result<Woken>> {
        None
    }
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd"
)))]
mod system {
    use super::{AtomicU32, Duration, Error, Instant, Result, Woken};

    const LACKING: Error = Error::Unsupported("wait() on this system");

    pub(super) fn wait(_word: *const u32, _expected: u32, _timeout: Duration) -> Result<Woken> {
        Err(LACKING)
    }

    pub(super) fn wake(_word: *const u32, _count: i32) -> Result<usize> {
        Err(LACKING)
    }

    pub(super) fn wait_either(
        _word: *const u32,
        _expected: u32,
        _cancel: &AtomicU32,
        _deadline: Option<Instant>,
    ) -> Option<Result<Woken>> {
        None
    }
}

/// Sleeps while the word is as expected, until somebody wakes it, and at most for `timeout`.
///
/// # Errors
/// The system's, as `EFAULT` where the page is missing; [`Error::Unsupported`].
///
/// # Safety
/// The word is aligned, and stays mapped.
pub unsafe fn wait(word: *const u32, expected: u32, timeout: Duration) -> Result<Woken> {
    system::wait(word, expected, timeout)
}

/// The same with a second word: sleeps while `cancel` is 0 too, until the deadline. A wake at `cancel` gives
/// [`Woken::Interrupted`]. `None` where the system can't wait for two words.
///
/// # Safety
/// As [`wait`].
pub unsafe fn wait_either(
    word: *const u32,
    expected: u32,
    cancel: &AtomicU32,
    deadline: Option<Instant>,
) -> Option<Result<Woken>> {
    system::wait_either(word, expected, cancel, deadline)
}

/// Wakes up to `count` sleepers at the word, and returns how many they were, where the system tells.
///
/// # Errors
/// The system's, as `EFAULT` where the page is missing; [`Error::Unsupported`].
///
/// # Safety
/// As [`wait`].
pub unsafe fn wake(word: *const u32, count: i32) -> Result<usize> {
    if count < 1 {
        // Some kernels wake one sleeper for 0.
        return Ok(0);
    }
    system::wake(word, count)
}
