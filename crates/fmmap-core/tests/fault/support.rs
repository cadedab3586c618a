//! A process for each test, files that shrink, and mappings of them.

use fmmap_core::fault::{self, Guarded, Reason};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, ptr, thread};

pub(crate) const MIB: usize = 1 << 20;
pub(crate) const CHILD: &str = "FMMAP_FAULT_TEST";
/// Names the code that a child's handler sees in every signal.
pub(crate) const CODE_FOR_ALL: &str = "FMMAP_FAULT_TEST_CODE";

/// Runs `body` in another process, where the calling test is the only one, and returns how the process ended. It must
/// be the test's first call; `name` is the test's.
pub(crate) fn child_with(name: &str, environment: &[(&str, &str)], body: impl FnOnce()) -> Output {
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

pub(crate) fn child(name: &str, body: impl FnOnce()) -> Output {
    child_with(name, &[], body)
}

/// The child's output is shown with the parent's: measurements, and why it failed.
#[track_caller]
pub(crate) fn succeeds(output: &Output) {
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", output.status);
}

#[track_caller]
pub(crate) fn dies_of_sigbus(output: &Output) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.signal(),
        Some(libc::SIGBUS),
        "{}: {text}",
        output.status
    );
}

/// A file under the temporary folder, removed on drop.
pub(crate) struct Temporary {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
}

impl Temporary {
    pub(crate) fn new(len: usize) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self::at(
            &env::temp_dir().join(format!("fmmap-fault-{}-{count}", process::id())),
            len,
        )
    }

    pub(crate) fn at(path: &Path, len: usize) -> Self {
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

    pub(crate) fn truncate(&self, len: usize) {
        self.file.set_len(len as u64).unwrap();
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A shared mapping of a whole file, guarded.
pub(crate) struct Mapping {
    pub(crate) start: *mut u8,
    pub(crate) len: usize,
    pub(crate) guarded: Option<Guarded>,
}

unsafe impl Send for Mapping {}
unsafe impl Sync for Mapping {}

pub(crate) fn map(file: &File, len: usize) -> *mut u8 {
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
    pub(crate) fn new(file: &File, len: usize) -> Self {
        let start = map(file, len);
        let guarded = unsafe { fault::guard(start, len, Some(file.as_raw_fd()), 0) };
        Self {
            start,
            len,
            guarded: Some(guarded),
        }
    }

    pub(crate) fn without_file(file: &File, len: usize) -> Self {
        let start = map(file, len);
        let guarded = unsafe { fault::guard(start, len, None, 0) };
        Self {
            start,
            len,
            guarded: Some(guarded),
        }
    }

    pub(crate) fn get(&self, at: usize) -> u8 {
        assert!(at < self.len);
        unsafe { self.start.add(at).read_volatile() }
    }

    pub(crate) fn set(&self, at: usize, value: u8) {
        assert!(at < self.len);
        unsafe { self.start.add(at).write_volatile(value) };
    }

    pub(crate) fn guarded(&self) -> &Guarded {
        self.guarded.as_ref().unwrap()
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        self.guarded().reason()
    }

    pub(crate) fn faults(&self) -> u32 {
        self.guarded().faults()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.guarded = None;
        assert_eq!(unsafe { libc::munmap(self.start.cast(), self.len) }, 0);
    }
}

pub(crate) fn page() -> usize {
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap()
}

pub(crate) fn epoch() -> u32 {
    fence(Ordering::Acquire);
    fault::epoch().load(Ordering::Relaxed)
}

/// Sends a SIGBUS to this thread. With `kill` the kernel would choose the thread.
pub(crate) fn raise() {
    assert_eq!(unsafe { libc::raise(libc::SIGBUS) }, 0);
}

/// Touches a page of a file that is not there, outside the table.
pub(crate) fn fault_elsewhere() {
    let file = Temporary::new(page());
    let start = map(&file.file, page());
    file.truncate(0);
    let _ = fs::remove_file(&file.path);
    unsafe { start.read_volatile() };
}
