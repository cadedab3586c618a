//! Many threads, many faults and many ranges.

use crate::support::{MIB, Mapping, Temporary, child, epoch, map, page, succeeds};
use fmmap_core::fault::{self, Reason};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{ptr, thread};

/// A stream of numbers, good enough to scatter accesses (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// The file holds sevens only and never grows, so a zero is always one of ours: whoever reads one
/// must find the epoch moved and the mapping marked, on whichever thread the fault was.
#[test]
fn no_thread_takes_a_zero_for_data() {
    const LEN: usize = 4 * MIB;
    succeeds(&child("load::no_thread_takes_a_zero_for_data", || {
        let (zeros, rounds) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let started = Instant::now();
        let mut numbers = Numbers(88_172_645_463_325_252);
        let sevens = vec![7; LEN];
        // On a busy machine the threads may not run at the same time for a while.
        while zeros.load(Ordering::Relaxed) <= 1000 || started.elapsed() < Duration::from_secs(3) {
            let file = Temporary::new(0);
            file.file.write_all_at(&sevens, 0).unwrap();
            let mapping = Mapping::new(&file.file, LEN);
            let before = epoch();
            thread::scope(|scope| {
                for seed in 1..=3 {
                    let (mapping, zeros) = (&mapping, &zeros);
                    scope.spawn(move || {
                        let mut numbers = Numbers(seed * 7_654_321);
                        for _ in 0..20_000 {
                            match mapping.get(numbers.below(LEN)) {
                                7 => {}
                                0 => {
                                    assert_ne!(epoch(), before);
                                    assert_eq!(mapping.reason(), Some(Reason::Truncated));
                                    zeros.fetch_add(1, Ordering::Relaxed);
                                }
                                other => panic!("{other}"),
                            }
                        }
                    });
                }
                let mut len = LEN;
                while len > 0 {
                    len = numbers.below(len) / page() * page();
                    file.truncate(len);
                    thread::sleep(Duration::from_micros(50));
                }
            });
            rounds.fetch_add(1, Ordering::Relaxed);
        }
        println!("{rounds:?} rounds, {zeros:?} zeros, none unannounced");
    }));
}

/// Everything at once: the file shrinks and grows, threads read, write and copy, maps come and go.
#[test]
fn survives_a_race_of_truncation_and_access() {
    const LEN: usize = 2 * MIB;
    succeeds(&child(
        "load::survives_a_race_of_truncation_and_access",
        || {
            let file = Temporary::new(LEN);
            let done = AtomicBool::new(false);
            let [maps, faults, io] = [const { AtomicUsize::new(0) }; 3];
            thread::scope(|scope| {
                for seed in 1..=3 {
                    let (file, done, maps, faults, io) = (&file, &done, &maps, &faults, &io);
                    scope.spawn(move || {
                        let mut numbers = Numbers(seed * 7_654_321);
                        let mut memory = vec![1_u8; 64 << 10];
                        while !done.load(Ordering::Relaxed) {
                            let mapping = Mapping::new(&file.file, LEN);
                            for _ in 0..50 {
                                let at = numbers.below(LEN - memory.len());
                                let (other, len) = (memory.as_mut_ptr(), memory.len());
                                match numbers.below(4) {
                                    0 => assert!(mapping.get(at) <= 9),
                                    1 => mapping.set(at, 9),
                                    2 => unsafe { ptr::copy(mapping.start.add(at), other, len) },
                                    _ => unsafe { ptr::copy(other, mapping.start.add(at), len) },
                                }
                            }
                            maps.fetch_add(1, Ordering::Relaxed);
                            faults.fetch_add(mapping.faults() as usize, Ordering::Relaxed);
                            assert_ne!(mapping.reason(), Some(Reason::Unknown));
                            let taken = usize::from(mapping.reason() == Some(Reason::Io));
                            io.fetch_add(taken, Ordering::Relaxed);
                        }
                    });
                }
                let started = Instant::now();
                let mut numbers = Numbers(1234);
                // On a busy machine the threads may not run at the same time for a while.
                while faults.load(Ordering::Relaxed) <= 1000
                    || started.elapsed() < Duration::from_secs(3)
                {
                    file.truncate(numbers.below(LEN));
                    file.truncate(LEN);
                }
                done.store(true, Ordering::Relaxed);
            });
            println!("{maps:?} maps, {faults:?} faults survived, {io:?} maps marked as I/O errors");
            let (faults, io) = (faults.into_inner(), io.into_inner());
            // A page that is gone twice and back both times when the handler looks can't be told from
            // an error of the disk.
            assert!(io * 200 < faults, "{io} of {faults}");
        },
    ));
}

/// The processor time of this thread.
fn thread_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(
        u64::try_from(time.tv_sec).unwrap(),
        u32::try_from(time.tv_nsec).unwrap(),
    )
}

#[test]
fn ten_thousand_ranges_are_a_normal_load() {
    const RANGES: usize = 10_000;
    succeeds(&child(
        "load::ten_thousand_ranges_are_a_normal_load",
        || {
            let page = page();
            let file = Temporary::new(page);
            let latency = || {
                let mut each = Vec::new();
                for _ in 0..500 {
                    file.truncate(page);
                    let mapping = Mapping::new(&file.file, page);
                    file.truncate(0);
                    let started = thread_time();
                    mapping.get(0);
                    each.push(thread_time().saturating_sub(started));
                    assert_eq!(mapping.faults(), 1);
                }
                file.truncate(page);
                each.sort();
                each[each.len() / 2]
            };
            let alone = latency();
            let starts: Vec<_> = (0..RANGES).map(|_| map(&file.file, page)).collect();
            let fd = Some(file.file.as_raw_fd());
            let started = thread_time();
            let all: Vec<_> = starts
                .iter()
                .map(|&start| unsafe { fault::guard(start, page, fd, 0) })
                .collect();
            let registering =
                thread_time().saturating_sub(started) / u32::try_from(RANGES).unwrap();
            let among_many = latency();
            file.truncate(0);
            assert!(
                starts
                    .iter()
                    .all(|&start| unsafe { start.read_volatile() } == 0)
            );
            assert!(
                all.iter()
                    .all(|guarded| guarded.reason() == Some(Reason::Truncated))
            );
            assert!(all.iter().all(|guarded| guarded.faults() == 1));
            let started = thread_time();
            drop(all);
            let leaving = thread_time().saturating_sub(started) / u32::try_from(RANGES).unwrap();
            println!(
                "a fault: {alone:?} alone, {among_many:?} among {RANGES}; \
             to guard a range {registering:?}, to end that {leaving:?}"
            );
            // This would take longer if a table of 10,000 ranges were searched one by one or copied as a whole. It is
            // this thread's own time, because other processes may have the processor.
            assert!(registering < Duration::from_micros(50) && leaving < Duration::from_micros(50));
            assert!(among_many < Duration::from_micros(200));
        },
    ));
}
