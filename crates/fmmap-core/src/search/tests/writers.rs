//! Others may write the haystack while it is searched.
#![cfg(unix)]

use super::super::testing::{Random, STRATEGIES, matches};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A shared mapping, so that the writer is as foreign to the searching thread as another process.
struct Shared {
    address: *mut libc::c_void,
    len: usize,
}

// SAFETY: the mapping belongs to no thread; what the two do with its bytes is the test's subject.
unsafe impl Sync for Shared {}

impl Shared {
    fn new(len: usize) -> Self {
        // SAFETY: a new mapping at an address of the kernel's choice.
        let address = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(address, libc::MAP_FAILED);
        Self { address, len }
    }

    fn write(&self, at: usize, byte: u8) {
        assert!(at < self.len);
        let place = self.address.cast::<u8>().wrapping_add(at);
        // SAFETY: in the mapping, which is writable.
        unsafe { place.write_volatile(byte) };
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and the threads that used it have ended.
        unsafe { libc::munmap(self.address, self.len) };
    }
}

/// Ends the writer, also when an assertion fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_concurrent_writer_never_crashes_a_search() {
    let shared = Shared::new(1 << 14);
    let stop = AtomicBool::new(false);
    let written = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random::new(1);
            while !stop.load(Ordering::Relaxed) {
                let at = random.below(shared.len);
                let run = random.below(100).min(shared.len - at);
                let byte = b'a' + u8::try_from(random.below(3)).unwrap_or(0);
                for i in at..at + run {
                    shared.write(i, byte);
                }
                written.fetch_add(1, Ordering::Relaxed);
            }
        });
        let _stopped = Stop(&stop);
        let mut random = Random::new(2);
        let mut out = vec![0.0; 512];
        // A busy machine may not run the writer for a while, and without it nothing would be
        // tested.
        let mut round = 0;
        while round < 60 || written.load(Ordering::Relaxed) < 1_000 {
            let m = 1 + random.below([4, 40, 400][round % 3]);
            round += 1;
            let mut needle = vec![b'a'; m];
            needle[random.below(m)] = b'a' + u8::try_from(random.below(3)).unwrap_or(0);
            for strategy in STRATEGIES {
                let n = random.below(shared.len);
                // SAFETY: in the mapping, for one call. The writer makes this a data race, which a
                // reader of shared files can't rule out; what must hold is that it does no harm.
                let haystack =
                    unsafe { std::slice::from_raw_parts(shared.address.cast::<u8>(), n) };
                for reverse in [false, true] {
                    let found = matches(strategy, reverse, haystack, &needle, &mut out);
                    for &offset in &out[..found.unwrap_or(0)] {
                        #[expect(clippy::cast_precision_loss, reason = "16 KiB")]
                        let last = (n - m) as f64;
                        assert!((0.0..=last).contains(&offset), "{strategy:?}: {offset}");
                    }
                }
            }
        }
    });
}
