//! The core as a Rust library: what maps, what is refused, and what a resize does to whom.
#![cfg(unix)]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use fmmap_core::options::{ACCESS_COPY, ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE};
use fmmap_core::{Error, Export, Mapping, Options, os};

/// A file of a test's own, which goes with it.
struct Scratch {
    path: PathBuf,
    file: File,
}

impl Scratch {
    fn new(content: &[u8]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("fmmap-core-{}-{id}", std::process::id()));
        let mut file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .unwrap();
        file.write_all(content).unwrap();
        Self { path, file }
    }

    fn fd(&self) -> i32 {
        self.file.as_raw_fd()
    }

    fn content(&mut self) -> Vec<u8> {
        let mut content = Vec::new();
        self.file.seek(SeekFrom::Start(0)).unwrap();
        self.file.read_to_end(&mut content).unwrap();
        content
    }

    fn path(&self) -> &[u8] {
        self.path.as_os_str().as_encoded_bytes()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).unwrap();
    }
}

fn access(access: i32) -> Options {
    Options {
        access,
        ..Options::default()
    }
}

fn read(mapping: &Mapping) -> Vec<u8> {
    // SAFETY: the mapping is readable, and nobody writes it meanwhile.
    unsafe { mapping.segment().bytes(0, mapping.len()) }.to_vec()
}

fn write(mapping: &Mapping, at: usize, bytes: &[u8]) {
    assert!(at + bytes.len() <= mapping.len());
    // SAFETY: the range is inside the mapping.
    let target = unsafe { mapping.segment().start().add(at) };
    // SAFETY: as above, and the test's mapping is writable.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len()) };
}

fn errno(result: Result<impl Sized, Error>) -> i32 {
    match result.err() {
        Some(Error::System { errno, .. }) => errno,
        other => panic!("a system error is due, {other:?} came"),
    }
}

#[test]
fn access_decides_flags_protection_and_what_is_writable() {
    let of = |options: &Options| options.protection().unwrap();
    for (given, writable, through, private) in [
        (ACCESS_READ, false, false, false),
        (ACCESS_WRITE, true, true, false),
        (ACCESS_COPY, true, false, true),
        (ACCESS_DEFAULT, true, true, false),
    ] {
        let protection = of(&access(given));
        assert_eq!(protection.access, given);
        assert_eq!(protection.writable(), writable);
        assert_eq!(protection.writes_through(), through);
        assert_eq!(protection.private(), private);
        assert!(protection.readable());
    }
    for (prot, stored) in [
        (os::PROT_READ, ACCESS_READ),
        (os::PROT_WRITE, ACCESS_WRITE),
        (os::PROT_READ | os::PROT_WRITE, ACCESS_DEFAULT),
        (0, ACCESS_READ),
    ] {
        assert_eq!(
            of(&Options {
                prot: Some(prot),
                ..Options::default()
            })
            .access,
            stored
        );
    }
}

#[test]
fn access_excludes_other_flags_and_protection() {
    let both = |flags, prot| Options {
        access: ACCESS_WRITE,
        flags,
        prot,
        ..Options::default()
    };
    let (private, read) = (Some(os::MAP_PRIVATE), Some(os::PROT_READ));
    assert_eq!(
        both(private, None).protection().err(),
        Some(Error::AccessAndFlags)
    );
    assert_eq!(
        both(None, read).protection().err(),
        Some(Error::AccessAndFlags)
    );
    let defaults = both(Some(os::MAP_SHARED), Some(os::PROT_READ | os::PROT_WRITE));
    assert!(defaults.protection().is_ok(), "the defaults may be named");
    assert_eq!(
        access(4).protection().err(),
        Some(Error::InvalidAccess { access: 4 })
    );
    let fixed = Options {
        flags: Some(os::REFUSED_FLAGS),
        ..Options::default()
    };
    assert!(matches!(
        fixed.protection().err(),
        Some(Error::RefusedFlags { .. })
    ));
}

#[test]
fn a_region_lies_in_its_file() {
    let scratch = Scratch::new(b"0123456789");
    let map = |length, offset| {
        Mapping::new(
            Some(scratch.fd()),
            length,
            &Options {
                offset,
                ..access(ACCESS_READ)
            },
        )
    };
    assert_eq!(read(&map(0, 0).unwrap()), b"0123456789");
    assert_eq!(read(&map(4, 0).unwrap()), b"0123");
    let beyond = |length, offset| Error::LengthBeyondFile {
        length,
        offset,
        size: 10,
    };
    assert_eq!(map(11, 0).err(), Some(beyond(11, 0)));
    assert_eq!(map(1, 10).err(), Some(beyond(1, 10)));
    let (offset, size) = (10, 10);
    assert_eq!(
        map(0, 10).err(),
        Some(Error::OffsetBeyondFile { offset, size })
    );
    assert_eq!(errno(map(0, 5)), libc::EINVAL, "not a multiple of a page");
    let empty = Scratch::new(b"");
    assert_eq!(
        Mapping::new(Some(empty.fd()), 0, &access(ACCESS_READ)).err(),
        Some(Error::EmptyFile)
    );
    assert_eq!(
        errno(Mapping::new(Some(-2), 1, &Options::default())),
        libc::EBADF
    );
    assert_eq!(
        errno(Mapping::new(None, 0, &Options::default())),
        libc::EINVAL
    );
}

#[test]
fn a_private_mapping_leaves_its_file_alone() {
    let mut scratch = Scratch::new(b"0123456789");
    let copy = Mapping::new(Some(scratch.fd()), 0, &access(ACCESS_COPY)).unwrap();
    write(&copy, 0, b"abc");
    assert_eq!(read(&copy), b"abc3456789");
    assert_eq!(scratch.content(), b"0123456789");
}

#[test]
fn open_maps_a_path_and_refuses_what_is_no_file() {
    let scratch = Scratch::new(b"hello");
    let opened = Mapping::open(scratch.path(), 0, &access(ACCESS_READ), false).unwrap();
    assert_eq!(read(&opened), b"hello");
    let open = |path: &[u8]| Mapping::open(path, 0, &access(ACCESS_READ), false);
    assert_eq!(errno(open(b"/nowhere/at/all")), libc::ENOENT);
    assert_eq!(errno(open(b"/")), libc::EISDIR);
}

#[test]
fn create_makes_and_extends_and_never_shrinks() {
    let mut scratch = Scratch::new(b"hello");
    let create = |length| Mapping::open(scratch.path(), length, &access(ACCESS_WRITE), true);
    assert_eq!(create(8).unwrap().size().unwrap(), 8);
    assert_eq!(create(2).unwrap().size().unwrap(), 8);
    assert_eq!(scratch.content(), b"hello\0\0\0");

    let path = scratch.path.with_extension("made");
    let bytes = path.as_os_str().as_encoded_bytes();
    let unaligned = Options {
        offset: 5,
        ..access(ACCESS_WRITE)
    };
    assert_eq!(
        errno(Mapping::open(bytes, 10, &unaligned, true)),
        libc::EINVAL
    );
    assert!(!path.exists(), "a map that fails leaves no file");
    let read_only = Mapping::open(bytes, 10, &access(ACCESS_READ), true);
    assert_eq!(read_only.err(), Some(Error::CreateReadOnly));
    let made = Mapping::open(bytes, 10, &access(ACCESS_WRITE), true).unwrap();
    assert_eq!(made.size(), Ok(10));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn resize_of_a_file_moves_its_end() {
    let mut scratch = Scratch::new(b"0123456789");
    let mut mapping = Mapping::new(Some(scratch.fd()), 0, &access(ACCESS_WRITE)).unwrap();
    mapping.resize(100_000).unwrap();
    assert_eq!((mapping.len(), mapping.size()), (100_000, Ok(100_000)));
    assert_eq!(&read(&mapping)[..12], b"0123456789\0\0");
    mapping.resize(3).unwrap();
    assert_eq!(read(&mapping), b"012");
    assert_eq!(errno(mapping.resize(0)), libc::EINVAL);
    assert_eq!(
        scratch.content(),
        b"012",
        "resize(0) leaves the file as it was"
    );
    assert_eq!(
        mapping.resize(u64::MAX).err(),
        Some(Error::NewSizeOutOfRange)
    );
}

#[test]
fn resize_never_moves_memory_under_an_export() {
    let scratch = Scratch::new(b"0123456789");
    let mut mapping = Mapping::new(Some(scratch.fd()), 0, &access(ACCESS_WRITE)).unwrap();
    let export = mapping.export(2, 3).unwrap();
    mapping.resize(1 << 20).unwrap();
    write(&mapping, 2, b"x");
    // SAFETY: an export's bytes stay mapped as long as it lives.
    let byte = unsafe { export.start().read() };
    assert_eq!(byte, b'x', "both are the same file");
    drop(export);
    mapping.resize(5).unwrap();
    assert_eq!(read(&mapping), b"01x34");
}

#[test]
fn resize_of_a_private_file_mapping_keeps_its_own_pages() {
    let private = Options {
        flags: Some(os::MAP_PRIVATE),
        ..Options::default()
    };
    let mut scratch = Scratch::new(&vec![b'-'; 3 * os::page_size()]);
    let mut mapping = Mapping::new(Some(scratch.fd()), 0, &private).unwrap();
    write(&mapping, os::page_size(), b"mine");
    let export = mapping.export(0, 1).unwrap();
    mapping.resize(2 * os::page_size() as u64).unwrap();
    drop(export);
    assert_eq!(&read(&mapping)[os::page_size()..][..5], b"mine-");
    assert!(!scratch.content().windows(4).any(|four| four == b"mine"));
}

#[test]
fn anonymous_mappings_resize_by_their_kind() {
    let mut shared = Mapping::new(None, 8192, &Options::default()).unwrap();
    write(&shared, 0, b"head");
    assert_eq!(
        shared.resize(8193).err(),
        Some(Error::SharedAnonymousGrowth)
    );
    let export = shared.export(0, 4).unwrap();
    shared.resize(100).unwrap();
    assert_eq!((shared.len(), shared.size()), (100, Ok(100)));
    // SAFETY: an export's bytes stay mapped as long as it lives.
    assert_eq!(unsafe { export.start().read() }, b'h');

    let private = Options {
        flags: Some(os::MAP_PRIVATE),
        ..Options::default()
    };
    let mut private = Mapping::new(None, 4096, &private).unwrap();
    write(&private, 0, b"head");
    private.resize(1 << 20).unwrap();
    assert_eq!(&read(&private)[..5], b"head\0");
    let export = private.export(0, 4).unwrap();
    assert_eq!(private.resize(10).err(), Some(Error::Exported));
    drop(export);
    private.resize(10).unwrap();
}

#[test]
fn a_view_of_a_read_only_mapping_is_a_private_twin() {
    let mut scratch = Scratch::new(b"0123456789");
    let mut mapping = Mapping::new(Some(scratch.fd()), 0, &access(ACCESS_READ)).unwrap();
    let export = mapping.export(0, 10).unwrap();
    // SAFETY: the twin is writable and lives as long as the export.
    unsafe { export.start().write(b'X') };
    assert_eq!(read(&mapping), b"0123456789");
    assert_eq!(scratch.content(), b"0123456789");

    let untracked = Options {
        track: false,
        ..access(ACCESS_READ)
    };
    let mut untracked = Mapping::new(Some(scratch.fd()), 0, &untracked).unwrap();
    assert!(matches!(untracked.export(0, 1), Err(Error::Unsupported(_))));
}

#[test]
fn an_export_after_a_resize_is_of_a_new_twin() {
    let page = os::page_size();
    let readable = |flags| Options {
        flags: Some(flags),
        prot: Some(os::PROT_READ),
        ..Options::default()
    };
    let scratch = Scratch::new(&vec![b'-'; page]);
    let mut file = Mapping::new(Some(scratch.fd()), 0, &readable(os::MAP_SHARED)).unwrap();
    let private = readable(os::MAP_PRIVATE | os::MAP_ANONYMOUS);
    let mut anonymous = Mapping::new(None, page as u64, &private).unwrap();
    for (mapping, filled) in [(&mut file, b'-'), (&mut anonymous, 0)] {
        let before = mapping.export(0, page).unwrap();
        mapping.resize(3 * page as u64).unwrap();
        let after = mapping.export(2 * page, page).unwrap();
        // SAFETY: an export's bytes stay mapped as long as it lives.
        let old = unsafe { std::slice::from_raw_parts(before.start(), page) };
        // SAFETY: as above.
        let new = unsafe { std::slice::from_raw_parts(after.start(), page) };
        assert_eq!((old[page - 1], new[page - 1]), (filled, 0));
        mapping.resize(page as u64).unwrap();
        assert!(mapping.export(page, 1).is_err());
    }
}

#[test]
fn a_mapping_without_its_descriptor_works_but_for_size_and_resize() {
    let scratch = Scratch::new(b"0123456789");
    let options = Options {
        track: false,
        ..access(ACCESS_WRITE)
    };
    let mut mapping = Mapping::new(Some(scratch.fd()), 0, &options).unwrap();
    assert_eq!(read(&mapping), b"0123456789");
    assert_eq!(errno(mapping.size()), libc::EBADF);
    assert_eq!(errno(mapping.resize(5)), libc::EBADF);
    mapping.flush(0, 10, 0).unwrap();
}

#[test]
fn flush_and_advice_stay_inside_the_mapping() {
    let scratch = Scratch::new(&vec![1; 3 * os::page_size()]);
    let mut mapping = Mapping::new(Some(scratch.fd()), 0, &access(ACCESS_WRITE)).unwrap();
    let len = mapping.len();
    assert_eq!(mapping.flush(0, len + 1, 0).err(), Some(Error::OutOfBounds));
    assert_eq!(
        mapping.flush(usize::MAX, 1, 0).err(),
        Some(Error::OutOfBounds)
    );
    assert_eq!(errno(mapping.flush(1, 6, 0)), libc::EINVAL);
    mapping.flush(os::page_size(), 1, libc::MS_ASYNC).unwrap();
    mapping.advise(libc::MADV_SEQUENTIAL, 0, len).unwrap();
    assert_eq!(
        mapping.advise(libc::MADV_NORMAL, 0, len + 1).err(),
        Some(Error::OutOfBounds)
    );
    for unknown in [-1, 102, 103, 4711] {
        assert_eq!(
            errno(mapping.advise(unknown, 0, len)),
            libc::EINVAL,
            "advice {unknown}"
        );
    }
}

#[test]
fn every_constant_stands_once() {
    let names: Vec<_> = fmmap_core::constants::TABLE
        .iter()
        .map(|row| row.name)
        .collect();
    let unique: std::collections::HashSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len());
}

/// The name of the variable that says to the test below that it is the child.
#[cfg(any(target_os = "linux", target_os = "android"))]
const CHILD: &str = "FMMAP_TEST_FILE_LIMIT";

/// In a child process, as the limit is the process's, and the signal that is tested would end it.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_file_that_its_limit_keeps_short_is_an_error_and_no_death() {
    if std::env::var_os(CHILD).is_none() {
        let name = "a_file_that_its_limit_keeps_short_is_an_error_and_no_death";
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(child.status.success(), "{child:?}");
        return;
    }
    let limit = libc::rlimit {
        rlim_cur: 1 << 20,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: the struct is valid for reading.
    let status = unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) };
    assert_eq!(status, 0);
    let scratch = Scratch::new(&[1; 4096]);
    let mut mapping = Mapping::new(Some(scratch.fd()), 0, &access(ACCESS_WRITE)).unwrap();
    let too_large = |error: Error| {
        matches!(
            error,
            Error::System {
                errno: libc::EFBIG,
                ..
            }
        )
    };
    assert!(too_large(mapping.resize(2 << 20).unwrap_err()));
    assert_eq!(mapping.len(), 4096);
    mapping.resize(1 << 20).unwrap();
    let other = Scratch::new(b"");
    assert!(too_large(os::allocate(other.fd(), 0, 2 << 20).unwrap_err()));
    // The signal was taken, and is not blocked: it ends the process as before.
    // SAFETY: a signal set is made of integers, for which zeros are a value.
    let mut pending: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is valid for writing.
    assert_eq!(unsafe { libc::sigpending(&raw mut pending) }, 0);
    // SAFETY: `sigpending` has written the set.
    let is_pending = unsafe { libc::sigismember(&raw const pending, libc::SIGXFSZ) };
    assert_eq!(is_pending, 0);
    // SAFETY: the new set is not given, the old one valid for writing.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut pending) };
    // SAFETY: `pthread_sigmask` has written the set.
    let is_blocked = unsafe { libc::sigismember(&raw const pending, libc::SIGXFSZ) };
    assert_eq!(is_blocked, 0);
}

/// Mappings of a file that are refreshed alike: what may be written, and by whom it is seen.
fn refreshable() -> [Options; 3] {
    [ACCESS_READ, ACCESS_WRITE, ACCESS_COPY].map(access)
}

/// The bytes of an export. They stay mapped as long as it lives.
fn exported(export: &Export) -> Vec<u8> {
    // SAFETY: an export's bytes are readable, and nobody writes them meanwhile.
    unsafe { std::slice::from_raw_parts(export.start(), export.len()) }.to_vec()
}

#[test]
fn refresh_maps_what_a_file_has_grown_by() {
    let page = os::page_size();
    for options in refreshable() {
        let mut scratch = Scratch::new(b"first");
        let mut mapping = Mapping::new(Some(scratch.fd()), 0, &options).unwrap();
        mapping.refresh().unwrap();
        assert_eq!(read(&mapping), b"first", "nothing has changed");
        // Inside the page, over its end, and so far that the memory hardly grows in its place.
        for grown in [9, page + 1, 300 * page] {
            let more = vec![b'+'; grown];
            scratch.file.write_all(&more).unwrap();
            mapping.refresh().unwrap();
            let content = scratch.content();
            assert_eq!(mapping.size(), Ok(content.len() as u64));
            assert!(read(&mapping) == content, "{options:?}, {grown}");
        }
    }
}

#[test]
fn refresh_gives_up_what_a_file_has_lost() {
    let page = os::page_size();
    for options in refreshable() {
        let scratch = Scratch::new(&vec![b'-'; 5 * page]);
        let mut mapping = Mapping::new(Some(scratch.fd()), 0, &options).unwrap();
        for len in [4 * page, page + 7, 3] {
            scratch.file.set_len(len as u64).unwrap();
            mapping.refresh().unwrap();
            assert_eq!(mapping.len(), len);
            assert_eq!(mapping.segment().len(), len);
            assert!(read(&mapping).iter().all(|&byte| byte == b'-'));
            assert!(mapping.export(0, len + 1).is_err());
        }
    }
}

#[test]
fn refresh_keeps_the_pages_that_a_private_mapping_has_changed() {
    let page = os::page_size();
    for held in [false, true] {
        let mut scratch = Scratch::new(&vec![b'-'; page + 3]);
        let mut mapping = Mapping::new(Some(scratch.fd()), 0, &access(ACCESS_COPY)).unwrap();
        write(&mapping, page, b"own");
        let export = held.then(|| mapping.export(0, page + 3).unwrap());
        scratch.file.write_all(b"more").unwrap();
        mapping.refresh().unwrap();
        // The last page is a copy of its own, which has zeros where the file has grown.
        assert_eq!(&read(&mapping)[page - 1..], b"-ownmore", "held: {held}");
        assert!(export.is_none_or(|export| exported(&export).ends_with(b"-own")));
        assert!(scratch.content().ends_with(b"---more"));
    }
}

#[test]
fn refresh_never_moves_memory_under_an_export() {
    let page = os::page_size();
    for options in refreshable() {
        let mut scratch = Scratch::new(&vec![b'-'; page]);
        let mut mapping = Mapping::new(Some(scratch.fd()), 0, &options).unwrap();
        let before = mapping.export(0, page).unwrap();
        let start = before.start();
        scratch.file.write_all(&vec![b'+'; page]).unwrap();
        mapping.refresh().unwrap();
        assert_eq!(before.start(), start);
        assert!(exported(&before).iter().all(|&byte| byte == b'-'));
        // The twins that views of a read-only mapping show had the old length.
        let after = mapping.export(page, page).unwrap();
        assert!(exported(&after).iter().all(|&byte| byte == b'+'));
        drop(mapping);
        assert!(exported(&after).iter().all(|&byte| byte == b'+'));
    }
}

#[test]
fn refresh_is_of_the_file_that_was_mapped_and_not_of_its_name() {
    let mut scratch = Scratch::new(b"old");
    let mut mapping = Mapping::open(scratch.path(), 0, &access(ACCESS_READ), false).unwrap();
    std::fs::remove_file(&scratch.path).unwrap();
    std::fs::write(&scratch.path, b"of another file").unwrap();
    mapping.refresh().unwrap();
    assert_eq!(read(&mapping), b"old");
    // The old file has no name any more, and still grows.
    scratch.file.write_all(b"er").unwrap();
    mapping.refresh().unwrap();
    assert_eq!(read(&mapping), b"older");
}

#[test]
fn refresh_to_and_from_no_bytes() {
    for options in refreshable() {
        let mut scratch = Scratch::new(b"");
        let options = Options {
            empty: true,
            ..options
        };
        let mut mapping = Mapping::new(Some(scratch.fd()), 0, &options).unwrap();
        for content in [b"one".as_slice(), b"", b"three"] {
            scratch.file.set_len(0).unwrap();
            scratch.file.rewind().unwrap();
            scratch.file.write_all(content).unwrap();
            mapping.refresh().unwrap();
            assert_eq!(mapping.is_empty(), content.is_empty());
            assert_eq!(read(&mapping), content);
            assert_eq!(
                exported(&mapping.export(0, content.len()).unwrap()),
                content
            );
        }
        assert_eq!(scratch.content(), b"three");
    }
}

#[test]
fn refresh_without_that_option_refuses_no_bytes_and_changes_nothing() {
    for options in refreshable() {
        let scratch = Scratch::new(b"0123456789");
        let mut mapping = Mapping::new(Some(scratch.fd()), 0, &options).unwrap();
        scratch.file.set_len(0).unwrap();
        assert_eq!(mapping.refresh(), Err(Error::EmptyFile));
        assert_eq!(mapping.len(), 10);
        scratch.file.set_len(4).unwrap();
        mapping.refresh().unwrap();
        assert_eq!(read(&mapping), [0; 4]);
    }
}

#[test]
fn refresh_needs_the_descriptor_and_leaves_anonymous_memory() {
    let scratch = Scratch::new(b"0123456789");
    let untracked = Options {
        track: false,
        ..access(ACCESS_WRITE)
    };
    let mut mapping = Mapping::new(Some(scratch.fd()), 0, &untracked).unwrap();
    assert_eq!(errno(mapping.refresh()), libc::EBADF);
    assert_eq!(read(&mapping), b"0123456789");
    let mut anonymous = Mapping::new(None, 5, &Options::default()).unwrap();
    write(&anonymous, 0, b"12345");
    anonymous.refresh().unwrap();
    assert_eq!(read(&anonymous), b"12345");
}

#[test]
fn refresh_of_a_part_of_a_file_maps_the_rest_of_it() {
    let granularity = os::allocation_granularity();
    let mut scratch = Scratch::new(&vec![b'-'; granularity + 5]);
    let options = Options {
        offset: granularity as u64,
        ..access(ACCESS_READ)
    };
    let mut mapping = Mapping::new(Some(scratch.fd()), 2, &options).unwrap();
    scratch.file.write_all(b"+").unwrap();
    mapping.refresh().unwrap();
    assert_eq!(read(&mapping), b"-----+");
    // The file ends before the part begins.
    scratch.file.set_len(1).unwrap();
    assert_eq!(mapping.refresh(), Err(Error::EmptyFile));
    assert_eq!((mapping.len(), mapping.offset()), (6, granularity as u64));
}
