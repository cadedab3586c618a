//! The fault guard against real faults: files that shrink, disks that are full, handlers of others.
//!
//! The handler is process-wide and a failure is death, so each test runs its body in a process of
//! its own: [`child`] starts this program again for the one test, and there runs the body instead.
#![cfg(all(unix, not(loom)))]
// The library argues each unsafe operation; these are all calls on memory that the test itself mapped.
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    unused
)]

use fmmap_core::fault::{self, Guarded, Reason};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering, fence};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, ptr, thread};

const MIB: usize = 1 << 20;
const CHILD: &str = "FMMAP_FAULT_TEST";
/// Names the code that a child's handler sees in every signal.
const CODE_FOR_ALL: &str = "FMMAP_FAULT_TEST_CODE";

/// Runs `body` in another process, where the calling test is the only one, and returns how the process ended. It must
/// be the test's first call; `name` is the test's.
fn child_with(name: &str, environment: &[(&str, &str)], body: impl FnOnce()) -> Output {
    if env::var(CHILD).is_ok_and(|test| test == name) {
        if let Ok(code) = env::var(CODE_FOR_ALL) {
            fault::pretend_code(code.parse().unwrap());
        }
        body();
        process::exit(0);
    }
    let started = Instant::now();
    let mut child = Command::new(env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env_remove("FMMAP_NO_SIGBUS")
        .env(CHILD, name)
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_mins(10) {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!("{name} hangs: {}", String::from_utf8_lossy(&output.stderr));
        }
        thread::sleep(Duration::from_millis(2));
    }
    child.wait_with_output().unwrap()
}

fn child(name: &str, body: impl FnOnce()) -> Output {
    child_with(name, &[], body)
}

/// The child's output is shown with the parent's: measurements, and why it failed.
#[track_caller]
fn succeeds(output: &Output) {
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", output.status);
}

#[track_caller]
fn dies_of_sigbus(output: &Output) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.signal(),
        Some(libc::SIGBUS),
        "{}: {text}",
        output.status
    );
}

/// A file under the temporary folder, removed on drop.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn new(len: usize) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self::at(
            &env::temp_dir().join(format!("fmmap-fault-{}-{count}", process::id())),
            len,
        )
    }

    fn at(path: &Path, len: usize) -> Self {
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
            .unwrap();
        file.set_len(len as u64).unwrap();
        Self {
            path: path.to_owned(),
            file,
        }
    }

    fn truncate(&self, len: usize) {
        self.file.set_len(len as u64).unwrap();
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A shared mapping of a whole file, guarded.
struct Mapping {
    start: *mut u8,
    len: usize,
    guarded: Option<Guarded>,
}

unsafe impl Send for Mapping {}
unsafe impl Sync for Mapping {}

fn map(file: &File, len: usize) -> *mut u8 {
    let prot = libc::PROT_READ | libc::PROT_WRITE;
    let start = unsafe {
        libc::mmap(
            ptr::null_mut(),
            len,
            prot,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    assert_ne!(start, libc::MAP_FAILED, "{}", io::Error::last_os_error());
    start.cast()
}

impl Mapping {
    fn new(file: &File, len: usize) -> Self {
        let start = map(file, len);
        let guarded = unsafe { fault::guard(start, len, Some(file.as_raw_fd()), 0) };
        Self {
            start,
            len,
            guarded: Some(guarded),
        }
    }

    fn without_file(file: &File, len: usize) -> Self {
        let start = map(file, len);
        let guarded = unsafe { fault::guard(start, len, None, 0) };
        Self {
            start,
            len,
            guarded: Some(guarded),
        }
    }

    fn get(&self, at: usize) -> u8 {
        assert!(at < self.len);
        unsafe { self.start.add(at).read_volatile() }
    }

    fn set(&self, at: usize, value: u8) {
        assert!(at < self.len);
        unsafe { self.start.add(at).write_volatile(value) };
    }

    fn guarded(&self) -> &Guarded {
        self.guarded.as_ref().unwrap()
    }

    fn reason(&self) -> Option<Reason> {
        self.guarded().reason()
    }

    fn faults(&self) -> u32 {
        self.guarded().faults()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.guarded = None;
        assert_eq!(unsafe { libc::munmap(self.start.cast(), self.len) }, 0);
    }
}

fn page() -> usize {
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap()
}

fn epoch() -> u32 {
    fence(Ordering::Acquire);
    fault::epoch().load(Ordering::Relaxed)
}

/// Sends a SIGBUS to this thread. With `kill` the kernel would choose the thread.
fn raise() {
    assert_eq!(unsafe { libc::raise(libc::SIGBUS) }, 0);
}

/// Touches a page of a file that is not there, outside the table.
fn fault_elsewhere() {
    let file = Temporary::new(page());
    let start = map(&file.file, page());
    file.truncate(0);
    let _ = fs::remove_file(&file.path);
    unsafe { start.read_volatile() };
}

#[test]
fn without_a_guard_a_truncated_file_kills() {
    dies_of_sigbus(&child(
        "without_a_guard_a_truncated_file_kills",
        fault_elsewhere,
    ));
}

#[test]
fn survives_truncation_to_nothing() {
    succeeds(&child("survives_truncation_to_nothing", || {
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
    succeeds(&child("survives_truncation_to_a_page_boundary", || {
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
    }));
}

#[test]
fn survives_truncation_inside_a_page() {
    succeeds(&child("survives_truncation_inside_a_page", || {
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
        "survives_a_mapping_that_begins_inside_the_file",
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
    succeeds(&child("survives_in_a_read_only_mapping", || {
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
    succeeds(&child("a_copy_of_64_mib_faults_a_few_times_only", || {
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
    }));
}

#[test]
fn zeros_stay_when_the_file_grows_back() {
    succeeds(&child("zeros_stay_when_the_file_grows_back", || {
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
    }));
}

#[test]
fn a_page_that_is_back_is_the_files_again() {
    succeeds(&child("a_page_that_is_back_is_the_files_again", || {
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
    }));
}

#[test]
fn without_a_descriptor_the_reason_is_unknown() {
    succeeds(&child("without_a_descriptor_the_reason_is_unknown", || {
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
    }));
}

#[test]
fn a_range_taken_out_is_not_guarded() {
    dies_of_sigbus(&child("a_range_taken_out_is_not_guarded", || {
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

/// Gives this process mounts of its own. Who is not root becomes the root of a user namespace first, if the kernel
/// allows it.
#[cfg(target_os = "linux")]
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
#[cfg(target_os = "linux")]
struct Disk {
    path: PathBuf,
}

#[cfg(target_os = "linux")]
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

#[cfg(target_os = "linux")]
impl Drop for Disk {
    fn drop(&mut self) {
        let target = std::ffi::CString::new(self.path.to_str().unwrap()).unwrap();
        unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
        let _ = fs::remove_dir(&self.path);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_io_fault_of_single_pages() {
    succeeds(&child("a_full_disk_is_an_io_fault_of_single_pages", || {
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
                .filter(|&at| file.file.read_at(&mut byte, at as u64).unwrap() == 1 && byte == [7])
                .count();
            assert_eq!(kept + faults, 16 * MIB / (2 * page));
        }
        drop(disk);
    }));
}

#[cfg(target_os = "linux")]
#[test]
fn many_scattered_faults_turn_into_blocks() {
    succeeds(&child("many_scattered_faults_turn_into_blocks", || {
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
    }));
}

#[cfg(target_os = "linux")]
#[test]
fn survives_when_the_kernel_has_no_area_left() {
    succeeds(&child("survives_when_the_kernel_has_no_area_left", || {
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
    }));
}

/// The handlers of others in these tests note how they were called.
static CALLS: AtomicUsize = AtomicUsize::new(0);
static CODE: AtomicI32 = AtomicI32::new(i32::MIN);
static ADDRESS: AtomicUsize = AtomicUsize::new(0);
static BLOCKED: AtomicBool = AtomicBool::new(false);
static BEHIND: AtomicUsize = AtomicUsize::new(0);

fn is_blocked(signal: i32) -> bool {
    unsafe {
        let mut mask = std::mem::zeroed();
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &raw mut mask);
        libc::sigismember(&raw const mask, signal) == 1
    }
}

extern "C" fn short(_: i32) {
    CALLS.fetch_add(1, Ordering::SeqCst);
    BLOCKED.store(is_blocked(libc::SIGBUS), Ordering::SeqCst);
    // A handler that changes errno must not change it for the interrupted code, not even when ours calls it.
    unsafe { libc::close(-1) };
}

extern "C" fn long(_: i32, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    CALLS.fetch_add(1, Ordering::SeqCst);
    CODE.store(unsafe { (*info).si_code }, Ordering::SeqCst);
    ADDRESS.store(unsafe { (*info).si_addr() }.addr(), Ordering::SeqCst);
    BLOCKED.store(is_blocked(libc::SIGUSR2), Ordering::SeqCst);
}

/// Exits with 40 and the number of calls: nothing may be called after it.
extern "C" fn exits(_: i32) {
    let calls = i32::try_from(CALLS.fetch_add(1, Ordering::SeqCst)).unwrap();
    unsafe { libc::_exit(40 + calls) };
}

type Handler = extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void);

/// Calls the handler that it found when it was installed, as crash reporters do.
extern "C" fn reports(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    CALLS.fetch_add(1, Ordering::SeqCst);
    let behind = ptr::with_exposed_provenance::<()>(BEHIND.load(Ordering::SeqCst));
    let behind = unsafe { std::mem::transmute::<*const (), Handler>(behind) };
    behind(signal, info, context);
}

/// Installs `function` and gives what was there.
fn install(function: usize, flags: i32) -> libc::sigaction {
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let mut before = std::mem::zeroed();
        action.sa_sigaction = function;
        action.sa_flags = flags;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaddset(&raw mut action.sa_mask, libc::SIGUSR2);
        assert_eq!(
            libc::sigaction(libc::SIGBUS, &raw const action, &raw mut before),
            0
        );
        before
    }
}

fn installed() -> usize {
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut action);
        action.sa_sigaction
    }
}

fn short_handler() -> usize {
    short as *const () as usize
}

fn long_handler() -> usize {
    long as *const () as usize
}

fn survives_a_fault() -> bool {
    let file = Temporary::new(MIB);
    let mapping = Mapping::new(&file.file, MIB);
    file.truncate(0);
    let _ = fs::remove_file(&file.path);
    mapping.get(0) == 0 && mapping.reason() == Some(Reason::Truncated)
}

#[test]
fn a_kill_goes_to_the_handler_before() {
    succeeds(&child("a_kill_goes_to_the_handler_before", || {
        install(short_handler(), 0);
        assert!(survives_a_fault());
        assert_ne!(installed(), short_handler());
        assert_eq!(CALLS.load(Ordering::SeqCst), 0, "ours stay ours");
        unsafe { libc::fcntl(-1, libc::F_GETFD) };
        raise();
        assert_eq!(CALLS.load(Ordering::SeqCst), 1);
        assert!(
            BLOCKED.load(Ordering::SeqCst),
            "SIGBUS is blocked while its handler runs"
        );
        assert!(!is_blocked(libc::SIGBUS), "and not after");
        assert!(survives_a_fault());

        // A new one, with the details of a signal this time; not blocking itself.
        install(long_handler(), libc::SA_SIGINFO);
        assert!(survives_a_fault(), "put on top again by the next mapping");
        raise();
        assert_eq!(CALLS.load(Ordering::SeqCst), 2);
        // The code that `raise` gives depends on the platform, but it is never the code of a fault.
        let code = CODE.load(Ordering::SeqCst);
        assert!(code <= 0 || code > 0xffff, "{code}");
        assert!(BLOCKED.load(Ordering::SeqCst), "its own mask is kept");
        assert!(!is_blocked(libc::SIGUSR2));

        install(short_handler(), libc::SA_NODEFER);
        assert!(survives_a_fault());
        raise();
        assert_eq!(CALLS.load(Ordering::SeqCst), 3);
        assert!(!BLOCKED.load(Ordering::SeqCst), "SA_NODEFER is kept");
    }));
}

#[test]
fn errno_is_kept() {
    succeeds(&child("errno_is_kept", || {
        install(short_handler(), 0);
        let file = Temporary::new(MIB);
        // No such descriptor: the handler's own fstat fails with EBADF.
        let start = map(&file.file, MIB);
        let guarded = unsafe { fault::guard(start, MIB, Some(9999), 0) };
        file.truncate(0);
        unsafe { libc::lseek(file.file.as_raw_fd(), -1, libc::SEEK_SET) };
        let errno = || io::Error::last_os_error().raw_os_error();
        assert_eq!(errno(), Some(libc::EINVAL));
        assert_eq!(unsafe { start.read_volatile() }, 0);
        assert_eq!((errno(), guarded.faults()), (Some(libc::EINVAL), 1));
        raise();
        assert_eq!(errno(), Some(libc::EINVAL), "`short` made it EBADF");
    }));
}

#[test]
fn a_fault_elsewhere_goes_to_the_handler_before() {
    let output = child("a_fault_elsewhere_goes_to_the_handler_before", || {
        install(exits as *const () as usize, 0);
        assert!(survives_a_fault());
        fault_elsewhere();
    });
    assert_eq!(output.status.code(), Some(40), "{output:?}");
}

#[test]
fn a_fault_elsewhere_kills_where_nothing_was_before() {
    let name = "a_fault_elsewhere_kills_where_nothing_was_before";
    // A fault can't be ignored: the kernel takes the default.
    for ignored in ["", "yes"] {
        dies_of_sigbus(&child_with(name, &[("IGNORED", ignored)], || {
            let ignored = env::var("IGNORED").unwrap() == "yes";
            install(
                if ignored {
                    libc::SIG_IGN
                } else {
                    libc::SIG_DFL
                },
                0,
            );
            assert!(survives_a_fault());
            fault_elsewhere();
        }));
    }
}

#[test]
fn a_kill_kills_where_nothing_was_before() {
    dies_of_sigbus(&child("a_kill_kills_where_nothing_was_before", || {
        install(libc::SIG_DFL, 0);
        assert!(survives_a_fault());
        // As `kill -BUS` does: any thread may receive it.
        assert_eq!(unsafe { libc::kill(libc::getpid(), libc::SIGBUS) }, 0);
        thread::sleep(Duration::from_secs(10));
    }));
}

#[test]
fn a_kill_is_ignored_where_it_was_before() {
    succeeds(&child("a_kill_is_ignored_where_it_was_before", || {
        install(libc::SIG_IGN, 0);
        assert!(survives_a_fault());
        raise();
        assert!(survives_a_fault());
    }));
}

#[test]
fn a_handler_that_wanted_one_signal_gets_one() {
    let output = child("a_handler_that_wanted_one_signal_gets_one", || {
        install(short_handler(), libc::SA_RESETHAND);
        assert!(survives_a_fault());
        raise();
        assert_eq!(CALLS.load(Ordering::SeqCst), 1);
        raise();
        println!("still alive");
    });
    dies_of_sigbus(&output);
}

#[test]
fn two_handlers_that_call_one_another_end() {
    let output = child("two_handlers_that_call_one_another_end", || {
        install(exits as *const () as usize, 0);
        assert!(survives_a_fault());
        let ours = install(reports as *const () as usize, libc::SA_SIGINFO);
        BEHIND.store(ours.sa_sigaction, Ordering::SeqCst);
        assert!(survives_a_fault());
        assert_eq!(CALLS.load(Ordering::SeqCst), 0);
        // Ours, reports, ours again, and then the one before both.
        raise();
    });
    assert_eq!(output.status.code(), Some(41), "{output:?}");
}

#[test]
fn switched_off_a_fault_kills() {
    dies_of_sigbus(&child("switched_off_a_fault_kills", || {
        assert!(fault::enabled());
        assert!(survives_a_fault());
        fault::set_enabled(false);
        assert!(!fault::enabled());
        survives_a_fault();
    }));
}

#[test]
fn switched_off_under_another_handler_it_passes_on() {
    let output = child("switched_off_under_another_handler_it_passes_on", || {
        install(exits as *const () as usize, 0);
        assert!(survives_a_fault());
        let ours = install(reports as *const () as usize, libc::SA_SIGINFO);
        BEHIND.store(ours.sa_sigaction, Ordering::SeqCst);
        fault::set_enabled(false);
        assert_eq!(
            installed(),
            reports as *const () as usize,
            "not ours to take away"
        );
        survives_a_fault();
    });
    assert_eq!(output.status.code(), Some(41), "{output:?}");
}

#[test]
fn switched_off_the_handler_before_is_back() {
    succeeds(&child("switched_off_the_handler_before_is_back", || {
        install(long_handler(), libc::SA_SIGINFO);
        fault::set_enabled(false);
        assert_eq!(installed(), long_handler(), "nothing to take away yet");
        fault::set_enabled(true);
        assert_ne!(installed(), long_handler());
        assert!(survives_a_fault());
        fault::set_enabled(false);
        assert_eq!(installed(), long_handler());
        fault::set_enabled(true);
        assert!(survives_a_fault());
    }));
}

#[test]
fn the_environment_switches_it_off() {
    let name = "the_environment_switches_it_off";
    dies_of_sigbus(&child_with(name, &[("FMMAP_NO_SIGBUS", "1")], || {
        assert_eq!(
            fault::enabled(),
            env::var("FMMAP_NO_SIGBUS").unwrap() != "1"
        );
        let survived = survives_a_fault();
        process::exit(if survived { 0 } else { 3 });
    }));
    for value in ["", "0"] {
        succeeds(&child_with(
            name,
            &[("FMMAP_NO_SIGBUS", value)],
            || unreachable!(),
        ));
    }
}

/// XNU reports every SIGBUS with code 1 on arm64 and with code 2 on x86-64, one that was sent too.
#[test]
fn where_codes_say_nothing_the_page_decides() {
    // All tests except those about what Apple's systems lack: faults that only writes cause (a full disk), and a
    // kernel's limit of areas.
    let tests = [
        "without_a_guard_a_truncated_file_kills",
        "survives_truncation_to_nothing",
        "survives_truncation_to_a_page_boundary",
        "survives_truncation_inside_a_page",
        "survives_a_mapping_that_begins_inside_the_file",
        "survives_in_a_read_only_mapping",
        "a_copy_of_64_mib_faults_a_few_times_only",
        "zeros_stay_when_the_file_grows_back",
        "a_page_that_is_back_is_the_files_again",
        "without_a_descriptor_the_reason_is_unknown",
        "a_range_taken_out_is_not_guarded",
        "a_kill_goes_to_the_handler_before",
        "errno_is_kept",
        "a_fault_elsewhere_goes_to_the_handler_before",
        "a_fault_elsewhere_kills_where_nothing_was_before",
        "a_kill_kills_where_nothing_was_before",
        "a_kill_is_ignored_where_it_was_before",
        "a_handler_that_wanted_one_signal_gets_one",
        "two_handlers_that_call_one_another_end",
        "switched_off_a_fault_kills",
        "switched_off_under_another_handler_it_passes_on",
        "a_handler_installed_later_is_covered_again",
        "a_handler_that_nobody_tells_of_is_covered_in_time",
        "no_thread_takes_a_zero_for_data",
        "survives_a_race_of_truncation_and_access",
        "a_signal_with_the_address_of_a_page_that_is_there_is_passed_on",
    ];
    for code in ["1", "2"] {
        let output = Command::new(env::current_exe().unwrap())
            .args(tests)
            .args(["--exact", "--test-threads=2"])
            .env(CODE_FOR_ALL, code)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "code {code}: {text}");
        assert!(text.contains(&format!("{} passed", tests.len())), "{text}");
    }
}

/// Sends this thread a SIGBUS that has an address, as XNU's have: that of the thread's last fault.
#[cfg(target_os = "linux")]
fn send_with_address(address: *mut u8) {
    #[repr(C)]
    struct Info {
        signal: i32,
        errno: i32,
        code: i32,
        address: *mut u8,
        rest: [u8; 104],
    }
    let info = Info {
        signal: libc::SIGBUS,
        errno: 0,
        code: libc::BUS_ADRERR,
        address,
        rest: [0; 104],
    };
    let (process, thread) = unsafe { (libc::getpid(), libc::gettid()) };
    let sent = unsafe {
        libc::syscall(
            libc::SYS_rt_tgsigqueueinfo,
            process,
            thread,
            libc::SIGBUS,
            &raw const info,
        )
    };
    assert_eq!(sent, 0, "{}", io::Error::last_os_error());
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_with_the_address_of_a_page_that_is_there_is_passed_on() {
    let name = "a_signal_with_the_address_of_a_page_that_is_there_is_passed_on";
    let code = env::var(CODE_FOR_ALL).unwrap_or("2".to_owned());
    succeeds(&child_with(name, &[(CODE_FOR_ALL, &code)], || {
        install(short_handler(), 0);
        let file = Temporary::new(MIB);
        let mapping = Mapping::new(&file.file, MIB);
        mapping.set(5, 7);
        // The file has not changed for a while, so it can't have grown back just now.
        thread::sleep(Duration::from_millis(3_100));
        for _ in 0..3 {
            send_with_address(mapping.start);
        }
        assert_eq!(CALLS.load(Ordering::SeqCst), 3);
        assert_eq!(
            (mapping.get(5), mapping.faults()),
            (7, 0),
            "nothing was replaced"
        );
        // Zeros that were mapped before are there as well.
        file.truncate(0);
        assert_eq!((mapping.get(9), mapping.faults()), (0, 1));
        mapping.set(9, 1);
        for _ in 0..200 {
            send_with_address(mapping.start);
        }
        assert!(
            CALLS.load(Ordering::SeqCst) > 3,
            "not every one can be a fault that was mended"
        );
        assert_eq!((mapping.get(9), mapping.faults()), (1, 1));
    }));
}

#[test]
fn a_handler_that_nobody_tells_of_is_covered_in_time() {
    let name = "a_handler_that_nobody_tells_of_is_covered_in_time";
    succeeds(&child(name, || {
        let file = Temporary::new(MIB);
        // Watching is switched on before there is a range, while there is one, and again after the last has gone.
        fault::watch();
        let mut met = 0;
        while met < 2 {
            CALLS.store(0, Ordering::SeqCst);
            let mapping = Mapping::new(&file.file, MIB);
            // Like a runtime's handler, it does nothing about a fault, so the instruction faults again and again.
            install(short_handler(), 0);
            file.truncate(0);
            assert_eq!(mapping.get(0), 0);
            assert_eq!(mapping.reason(), Some(Reason::Truncated));
            // If the thread that watches was faster than the fault, the other handler was not there any more.
            met += usize::from(CALLS.load(Ordering::SeqCst) > 0);
            drop(mapping);
            thread::sleep(Duration::from_millis(200));
            file.truncate(MIB);
        }
        let mapping = Mapping::new(&file.file, MIB);
        fault::set_enabled(false);
        install(short_handler(), 0);
        thread::sleep(Duration::from_millis(200));
        assert_eq!(installed(), short_handler(), "switched off, nobody looks");
    }));
}

#[test]
fn a_handler_installed_later_is_covered_again() {
    succeeds(&child("a_handler_installed_later_is_covered_again", || {
        let file = Temporary::new(MIB);
        let mapping = Mapping::new(&file.file, MIB);
        for _ in 0..100 {
            install(short_handler(), 0);
            drop(Mapping::new(&file.file, MIB));
            install(long_handler(), libc::SA_SIGINFO);
            drop(Mapping::new(&file.file, MIB));
        }
        file.truncate(0);
        assert_eq!(mapping.get(0), 0);
        assert_eq!(CALLS.load(Ordering::SeqCst), 0);
    }));
}

#[test]
fn our_function_put_back_without_its_flags_is_replaced() {
    let name = "our_function_put_back_without_its_flags_is_replaced";
    succeeds(&child(name, || {
        install(short_handler(), 0);
        let file = Temporary::new(MIB);
        let mapping = Mapping::new(&file.file, MIB);
        let ours = unsafe { libc::signal(libc::SIGBUS, libc::SIG_DFL) };
        unsafe { libc::signal(libc::SIGBUS, ours) };
        fmmap_core::fault::set_enabled(true);
        file.truncate(0);
        assert_eq!(mapping.get(0), 0);
        raise();
        assert_eq!(CALLS.load(Ordering::SeqCst), 1, "it passes on as before");

        // No event tells of this change: the watching thread sees that the handler lacks flags.
        fault::watch();
        let ours = unsafe { libc::signal(libc::SIGBUS, libc::SIG_DFL) };
        unsafe { libc::signal(libc::SIGBUS, ours) };
        let started = Instant::now();
        let mut action = unsafe { std::mem::zeroed::<libc::sigaction>() };
        while action.sa_flags & libc::SA_SIGINFO == 0 {
            assert!(
                started.elapsed() < Duration::from_mins(5),
                "nobody has looked"
            );
            thread::sleep(Duration::from_millis(10));
            unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut action) };
        }
    }));
}

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
    succeeds(&child("no_thread_takes_a_zero_for_data", || {
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
    succeeds(&child("survives_a_race_of_truncation_and_access", || {
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
    }));
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
    succeeds(&child("ten_thousand_ranges_are_a_normal_load", || {
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
        let registering = thread_time().saturating_sub(started) / u32::try_from(RANGES).unwrap();
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
    }));
}
