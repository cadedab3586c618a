//! How urgent a thread is.

/// While this value lives, its thread lets threads run first that need the processor for a short while.
///
/// A scheduler that knows how long a thread means to run lets others with shorter slices run before it has used up
/// its own: Linux 6.12 and newer, by `sched_setattr(2)`. Without that, a thread that computes, sleeps briefly and
/// computes again is as urgent as any that it delays. On other systems nothing happens.
#[derive(Debug)]
pub struct Patient {
    #[cfg(target_os = "linux")]
    before: Option<libc::sched_attr>,
}

#[cfg(target_os = "linux")]
mod patience {
    use std::sync::atomic::{AtomicBool, Ordering};

    /// The longest slice that the kernel allows, in nanoseconds.
    pub(super) const SLICE: u64 = 100_000_000;

    /// Set when this kernel does not know slices.
    static USELESS: AtomicBool = AtomicBool::new(false);

    pub(super) fn read() -> Option<libc::sched_attr> {
        // SAFETY: a struct of integers, for which zeros are a value.
        let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::sched_attr>();
        // SAFETY: `attributes` has `size` bytes to write to; 0 is the calling thread.
        let status =
            unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
        (status == 0).then_some(attributes)
    }

    fn write(attributes: &libc::sched_attr) -> bool {
        // SAFETY: `attributes` is valid for reading; 0 is the calling thread.
        let status =
            unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const *attributes, 0) };
        status == 0
    }

    pub(super) fn begin() -> Option<libc::sched_attr> {
        if USELESS.load(Ordering::Relaxed) {
            return None;
        }
        let before = read().filter(|before| before.sched_policy == 0);
        let mut attributes = before?;
        attributes.sched_runtime = SLICE;
        if !write(&attributes) || read().is_none_or(|now| now.sched_runtime != SLICE) {
            USELESS.store(true, Ordering::Relaxed);
            return None;
        }
        before
    }

    pub(super) fn end(before: &libc::sched_attr) {
        write(before);
    }
}

impl Patient {
    /// Lasts until the answer is dropped.
    #[must_use]
    pub fn begin() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            before: patience::begin(),
        }
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(before) = &self.before {
            patience::end(before);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{Patient, patience};

    #[test]
    fn patience_ends_with_its_value() {
        let slice = || patience::read().map(|attributes| attributes.sched_runtime);
        let before = slice();
        let patient = Patient::begin();
        if patient.before.is_some() {
            assert_eq!(slice(), Some(patience::SLICE));
        }
        drop(patient);
        assert_eq!(slice(), before);
    }
}
