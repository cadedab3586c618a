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
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, ptr, thread};

const MIB: usize = 1 << 20;
const CHILD: &str = "FMMAP_FAULT_TEST";

/// Runs `body` in another process, where the calling test is the only one, and gives what became of
/// it. Must be the test's first call; `name` is the test's.
fn child_with(name: &str, environment: &[(&str, &str)], body: impl FnOnce()) -> Output {
    if env::var(CHILD).is_ok_and(|test| test == name) {
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
        if started.elapsed() > Duration::from_mins(1) {
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

/// What the child printed is shown with the parent's: figures, and why it failed.
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

fn kill_myself() {
    assert_eq!(unsafe { libc::kill(libc::getpid(), libc::SIGBUS) }, 0);
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
