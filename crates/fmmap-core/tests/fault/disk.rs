//! Disks without space, and a kernel without areas of memory.

use crate::support::{MIB, Mapping, Temporary, child, page, succeeds};
use fmmap_core::fault::Reason;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs, io, process, ptr};

/// Gives this process mounts of its own. Who is not root becomes the root of a user namespace first, if the kernel
/// allows it.
fn may_mount() -> bool {
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    if user == 0 {
        return unsafe { libc::unshare(libc::CLONE_NEWNS) } == 0;
    }
    let own =
        |file: &str, text: String| fs::write(Path::new("/proc/self").join(file), text).is_ok();
    let alone = unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS) };
    alone == 0
        && own("setgroups", "deny".to_owned())
        && own("uid_map", format!("0 {user} 1"))
        && own("gid_map", format!("0 {group} 1"))
}

/// A file system of a few KiB in memory, for this process only: it goes with it.
struct Disk {
    path: PathBuf,
}

impl Disk {
    /// `None` where this process may not mount, which is said.
    fn new(kib: usize) -> Option<Self> {
        if !may_mount() {
            println!("not run: {}", io::Error::last_os_error());
            return None;
        }
        let text = |text: &str| std::ffi::CString::new(text).unwrap();
        let check = |result: i32| assert_eq!(result, 0, "{}", io::Error::last_os_error());
        let path = env::temp_dir().join(format!("fmmap-fault-disk-{}", process::id()));
        fs::create_dir(&path).unwrap();
        let disk = Self { path };
        let (tmpfs, root) = (text("tmpfs"), text("/"));
        let (target, options) = (
            text(disk.path.to_str().unwrap()),
            text(&format!("size={kib}k")),
        );
        let flags = libc::MS_REC | libc::MS_PRIVATE;
        unsafe {
            check(libc::mount(
                ptr::null(),
                root.as_ptr(),
                ptr::null(),
                flags,
                ptr::null(),
            ));
            let options = options.as_ptr().cast();
            check(libc::mount(
                tmpfs.as_ptr(),
                target.as_ptr(),
                tmpfs.as_ptr(),
                0,
                options,
            ));
        }
        Some(disk)
    }

    /// A file with nothing in it but its length.
    fn sparse(&self, len: usize) -> Temporary {
        Temporary::at(&self.path.join("sparse"), len)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let target = std::ffi::CString::new(self.path.to_str().unwrap()).unwrap();
        unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
        let _ = fs::remove_dir(&self.path);
    }
}

#[test]
fn a_full_disk_is_an_io_fault_of_single_pages() {
    succeeds(&child(
        "disk::a_full_disk_is_an_io_fault_of_single_pages",
        || {
            let page = page();
            let Some(disk) = Disk::new(1024) else { return };
            {
                let file = disk.sparse(16 * MIB);
                let mapping = Mapping::new(&file.file, 16 * MIB);
                // Every second page, so that the kernel can't join what replaces them.
                let places = (0..16 * MIB).step_by(2 * page);
                for at in places.clone() {
                    mapping.set(at, 7);
                }
                assert!(
                    places.clone().all(|at| mapping.get(at) == 7),
                    "each write landed somewhere"
                );
                assert_eq!(mapping.reason(), Some(Reason::Io));
                let faults = mapping.faults() as usize;
                assert!(faults > 0 && faults < places.clone().count());
                println!(
                    "{} pages written, {faults} found no space",
                    places.clone().count()
                );
                // The pages for which there was space are the file's own.
                let mut byte = [0];
                let kept = places
                    .filter(|&at| {
                        file.file.read_at(&mut byte, at as u64).unwrap() == 1 && byte == [7]
                    })
                    .count();
                assert_eq!(kept + faults, 16 * MIB / (2 * page));
            }
            drop(disk);
        },
    ));
}

#[test]
fn many_scattered_faults_turn_into_blocks() {
    succeeds(&child(
        "disk::many_scattered_faults_turn_into_blocks",
        || {
            let page = page();
            let Some(disk) = Disk::new(64) else { return };
            {
                let len = 50_000 * 2 * page;
                let file = disk.sparse(len);
                let mapping = Mapping::new(&file.file, len);
                let started = Instant::now();
                for at in (0..len).step_by(2 * page) {
                    mapping.set(at, 7);
                }
                // The first block includes the writes before it, which had marked the mapping by then.
                let lost = (0..len)
                    .step_by(2 * page)
                    .filter(|&at| mapping.get(at) != 7)
                    .count();
                assert!(lost * 2 * page < 2 * MIB, "{lost}");
                let faults = mapping.faults();
                println!(
                    "50,000 scattered pages: {faults} faults, {:?}",
                    started.elapsed()
                );
                assert!((10_000..10_400).contains(&faults), "{faults}");
                let areas = fs::read_to_string("/proc/self/maps")
                    .unwrap()
                    .lines()
                    .count();
                assert!(areas < 30_000, "{areas} areas of 65,530");
                drop(mapping);
                // The single pages are unmapped with the mapping, so another mapping can have them again.
                let mapping = Mapping::new(&file.file, len);
                for at in (0..1000 * page).step_by(2 * page) {
                    mapping.set(at + page, 7);
                }
                assert_eq!(mapping.faults(), 500);
            }
            drop(disk);
        },
    ));
}

#[test]
fn survives_when_the_kernel_has_no_area_left() {
    succeeds(&child(
        "disk::survives_when_the_kernel_has_no_area_left",
        || {
            let page = page();
            let Some(disk) = Disk::new(64) else { return };
            let file = disk.sparse(16 * MIB);
            let mapping = Mapping::new(&file.file, 16 * MIB);
            for at in (0..64 << 10).step_by(page) {
                mapping.set(at, 7);
            }
            let space = mapping.faults();
            // A mapping cut into single pages, every second one of which may not be read.
            let (none, flags) = (libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANON);
            let limit = fs::read_to_string("/proc/sys/vm/max_map_count").unwrap();
            let limit: usize = limit.trim().parse().unwrap();
            if limit > 4_000_000 {
                println!("not run: {limit} areas would need more memory than this test may take");
                return;
            }
            let len = (limit + 2) * page;
            let cut = unsafe { libc::mmap(ptr::null_mut(), len, none, flags, -1, 0) };
            assert_ne!(cut, libc::MAP_FAILED, "{}", io::Error::last_os_error());
            let mut areas = 0;
            while areas < limit / 2 {
                let one = unsafe { cut.add(areas * 2 * page) };
                if unsafe { libc::mprotect(one, page, libc::PROT_READ) } != 0 {
                    break;
                }
                areas += 1;
            }
            // Each of those took two areas; at the end of the rest, one more is enough.
            unsafe { libc::mprotect(cut.add(len - page), page, libc::PROT_READ) };
            mapping.set(7 * MIB, 9);
            mapping.set(9 * MIB, 9);
            let (faults, there) = (mapping.faults() - space, mapping.get(7 * MIB) == 9);
            let before = mapping.get(0);
            unsafe { libc::munmap(cut, len) };
            assert!(areas < limit / 2, "the limit was not reached");
            assert!(there && mapping.reason() == Some(Reason::Io));
            assert_eq!(
                (faults, before),
                (1, 0),
                "the whole mapping was replaced: that takes no area"
            );
            drop(mapping);
            drop(file);
            drop(disk);
        },
    ));
}
