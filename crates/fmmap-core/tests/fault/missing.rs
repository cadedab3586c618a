//! Files that have lost pages: what an access gives, and what is said of it.

use crate::support::{
    MIB, Mapping, Temporary, child, dies_of_sigbus, epoch, fault_elsewhere, map, page, succeeds,
};
use fmmap_core::fault::{self, Reason};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::time::Instant;
use std::{env, fs, ptr};

#[test]
fn without_a_guard_a_truncated_file_kills() {
    dies_of_sigbus(&child(
        "missing::without_a_guard_a_truncated_file_kills",
        fault_elsewhere,
    ));
}

#[test]
fn survives_truncation_to_nothing() {
    succeeds(&child("missing::survives_truncation_to_nothing", || {
        let file = Temporary::new(4 * MIB);
        file.file.write_all_at(&vec![7; MIB], 0).unwrap();
        let mapping = Mapping::new(&file.file, 4 * MIB);
        let before = epoch();
        assert_eq!(mapping.get(10), 7);
        assert_eq!((mapping.reason(), epoch()), (None, before));
        file.truncate(0);
        assert_eq!(mapping.get(MIB), 0);
        assert_eq!(mapping.reason(), Some(Reason::Truncated));
        assert_eq!(mapping.faults(), 1);
        assert_eq!(epoch(), before + 1);
        assert!((0..4 * MIB).step_by(512).all(|at| mapping.get(at) == 0));
        mapping.set(0, 1);
        mapping.set(4 * MIB - 1, 2);
        assert_eq!((mapping.get(0), mapping.get(4 * MIB - 1)), (1, 2));
        assert_eq!(
            mapping.faults(),
            1,
            "one fault replaces all that is missing"
        );
        assert_eq!(
            file.file.metadata().unwrap().len(),
            0,
            "lost writes stay lost"
        );
    }));
}

#[test]
fn survives_truncation_to_a_page_boundary() {
    succeeds(&child(
        "missing::survives_truncation_to_a_page_boundary",
        || {
            let page = page();
            let file = Temporary::new(64 * page);
            file.file.write_all_at(&vec![7; 64 * page], 0).unwrap();
            let mapping = Mapping::new(&file.file, 64 * page);
            file.truncate(10 * page);
            assert_eq!(mapping.get(10 * page - 1), 7);
            assert_eq!(mapping.faults(), 0);
            assert_eq!(mapping.get(40 * page), 0);
            assert_eq!(mapping.get(10 * page), 0);
            assert_eq!(
                mapping.get(10 * page - 1),
                7,
                "what the file has stays the file's"
            );
            file.file.write_all_at(&[9], 3).unwrap();
            assert_eq!(mapping.get(3), 9);
            assert_eq!(mapping.faults(), 1);
            // Shorter again: more is missing.
            file.truncate(page);
            assert_eq!(mapping.get(5 * page), 0);
            assert_eq!(mapping.get(3), 9);
            assert_eq!(mapping.faults(), 2);
        },
    ));
}

#[test]
fn survives_truncation_inside_a_page() {
    succeeds(&child("missing::survives_truncation_inside_a_page", || {
        let page = page();
        let file = Temporary::new(8 * page);
        file.file.write_all_at(&vec![7; 8 * page], 0).unwrap();
        let mapping = Mapping::new(&file.file, 8 * page);
        file.truncate(2 * page + 100);
        assert_eq!(mapping.get(2 * page + 99), 7);
        // The kernel clears the rest of the last page, and it can be read: no fault.
        assert_eq!(mapping.get(2 * page + 100), 0);
        assert_eq!((mapping.reason(), mapping.faults()), (None, 0));
        assert_eq!(mapping.get(3 * page), 0);
        assert_eq!(
            (mapping.reason(), mapping.faults()),
            (Some(Reason::Truncated), 1)
        );
        assert_eq!(mapping.get(2 * page + 99), 7);
    }));
}

#[test]
fn survives_a_mapping_that_begins_inside_the_file() {
    succeeds(&child(
        "missing::survives_a_mapping_that_begins_inside_the_file",
        || {
            let page = page();
            let file = Temporary::new(16 * page);
            file.file.write_all_at(&vec![7; 16 * page], 0).unwrap();
            let start = map(&file.file, 16 * page);
            // The second half of the mapping, as if it had been mapped with that offset.
            let half = unsafe { start.add(8 * page) };
            let fd = Some(file.file.as_raw_fd());
            let guarded = unsafe { fault::guard(half, 8 * page, fd, 8 * page as u64) };
            file.truncate(12 * page);
            let get = |at: usize| unsafe { half.add(at).read_volatile() };
            assert_eq!(get(5 * page), 0);
            assert_eq!(
                (guarded.reason(), guarded.faults()),
                (Some(Reason::Truncated), 1)
            );
            assert_eq!(get(4 * page - 1), 7);
            assert_eq!(get(4 * page), 0);
            // Shorter than the offset: all of it is missing, and nothing before it is touched.
            file.truncate(page);
            assert_eq!(get(0), 0);
            assert_eq!(guarded.faults(), 2);
            file.truncate(16 * page);
            file.file.write_all_at(&[5], 7 * page as u64).unwrap();
            assert_eq!(unsafe { start.add(7 * page).read_volatile() }, 5);
        },
    ));
}

#[test]
fn survives_in_a_read_only_mapping() {
    succeeds(&child("missing::survives_in_a_read_only_mapping", || {
        let file = Temporary::new(MIB);
        let fd = file.file.as_raw_fd();
        let (prot, flags) = (libc::PROT_READ, libc::MAP_SHARED);
        let start = unsafe { libc::mmap(ptr::null_mut(), MIB, prot, flags, fd, 0) }.cast::<u8>();
        let guarded = unsafe { fault::guard(start, MIB, Some(fd), 0) };
        file.truncate(0);
        assert_eq!(unsafe { start.read_volatile() }, 0);
        assert_eq!(guarded.reason(), Some(Reason::Truncated));
    }));
}

#[test]
fn a_copy_of_64_mib_faults_a_few_times_only() {
    const LEN: usize = 64 * MIB;
    succeeds(&child(
        "missing::a_copy_of_64_mib_faults_a_few_times_only",
        || {
            let file = Temporary::new(LEN);
            let mut memory = vec![1_u8; LEN + 64];
            // In which direction glibc copies depends on where the copy begins relative to the source.
            for (name, read, at) in [
                ("read", true, 0),
                ("read", true, 64),
                ("write", false, 0),
                ("write", false, 64),
            ] {
                file.truncate(LEN);
                let mapping = Mapping::new(&file.file, LEN);
                file.truncate(0);
                let other = memory[at..].as_mut_ptr();
                let started = Instant::now();
                unsafe {
                    if read {
                        ptr::copy(mapping.start, other, LEN);
                    } else {
                        ptr::copy(other, mapping.start, LEN);
                    }
                }
                println!(
                    "{name} 64 MiB: {} faults, {:?}",
                    mapping.faults(),
                    started.elapsed()
                );
                assert_eq!(mapping.faults(), 1);
                assert!(!read || memory[at..at + LEN].iter().all(|&byte| byte == 0));
            }
            // A memmove to a higher address in the same memory always goes backwards.
            file.truncate(LEN);
            let mapping = Mapping::new(&file.file, LEN);
            file.truncate(0);
            for at in (0..LEN).rev().step_by(page()) {
                mapping.set(at, 1);
            }
            assert_eq!(mapping.faults(), 1);
        },
    ));
}

#[test]
fn zeros_stay_when_the_file_grows_back() {
    succeeds(&child(
        "missing::zeros_stay_when_the_file_grows_back",
        || {
            let file = Temporary::new(MIB);
            let mapping = Mapping::new(&file.file, MIB);
            file.truncate(0);
            assert_eq!(mapping.get(0), 0);
            file.truncate(MIB);
            file.file.write_all_at(&vec![7; MIB], 0).unwrap();
            assert_eq!(mapping.get(0), 0);
            assert_eq!(mapping.reason(), Some(Reason::Truncated), "a mark stays");
            let afresh = Mapping::new(&file.file, MIB);
            assert_eq!((afresh.get(0), afresh.reason()), (7, None));
        },
    ));
}

#[test]
fn a_page_that_is_back_is_the_files_again() {
    succeeds(&child(
        "missing::a_page_that_is_back_is_the_files_again",
        || {
            let file = Temporary::new(MIB);
            let mapping = Mapping::new(&file.file, MIB);
            let before = epoch();
            file.truncate(0);
            file.truncate(MIB);
            file.file.write_all_at(&[7], 9).unwrap();
            assert_eq!(mapping.get(9), 7);
            assert_eq!(
                (mapping.reason(), epoch()),
                (None, before),
                "nothing was missing when touched"
            );
        },
    ));
}

#[test]
fn without_a_descriptor_the_reason_is_unknown() {
    succeeds(&child(
        "missing::without_a_descriptor_the_reason_is_unknown",
        || {
            let file = Temporary::new(16 * MIB);
            let mapping = Mapping::without_file(&file.file, 16 * MIB);
            file.truncate(0);
            assert!((0..16 * MIB).step_by(page()).all(|at| mapping.get(at) == 0));
            assert_eq!(mapping.reason(), Some(Reason::Unknown));
            assert!(
                (8..=9).contains(&mapping.faults()),
                "2 MiB at a time: {}",
                mapping.faults()
            );

            // The size of something that is not a regular file can't be compared: here a directory stands for a device.
            file.truncate(MIB);
            let folder = File::open(env::temp_dir()).unwrap();
            let start = map(&file.file, MIB);
            let guarded = unsafe { fault::guard(start, MIB, Some(folder.as_raw_fd()), 0) };
            file.truncate(0);
            assert_eq!(unsafe { start.read_volatile() }, 0);
            assert_eq!(guarded.reason(), Some(Reason::Unknown));

            // A descriptor that was closed against the rules does no harm.
            let closed = {
                file.truncate(MIB);
                let other = file.file.try_clone().unwrap();
                Mapping::new(&other, MIB)
            };
            file.truncate(0);
            assert_eq!((closed.get(0), closed.reason()), (0, Some(Reason::Unknown)));
        },
    ));
}

#[test]
fn a_range_taken_out_is_not_guarded() {
    dies_of_sigbus(&child("missing::a_range_taken_out_is_not_guarded", || {
        let file = Temporary::new(MIB);
        let mut mapping = Mapping::new(&file.file, MIB);
        let _other = Mapping::new(&file.file, MIB);
        let _ = fs::remove_file(&file.path);
        file.truncate(0);
        mapping.guarded = None;
        mapping.get(0);
        println!("still alive");
    }));
}
