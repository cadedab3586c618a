//! The handlers of others: before ours, under it and above it; and the switches.

use crate::support::{
    CODE_FOR_ALL, MIB, Mapping, Temporary, child, child_with, dies_of_sigbus, fault_elsewhere, map,
    raise, succeeds,
};
use fmmap_core::fault::{self, Reason};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, ptr, thread};

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
    succeeds(&child(
        "handlers::a_kill_goes_to_the_handler_before",
        || {
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
        },
    ));
}

#[test]
fn errno_is_kept() {
    succeeds(&child("handlers::errno_is_kept", || {
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
    let output = child(
        "handlers::a_fault_elsewhere_goes_to_the_handler_before",
        || {
            install(exits as *const () as usize, 0);
            assert!(survives_a_fault());
            fault_elsewhere();
        },
    );
    assert_eq!(output.status.code(), Some(40), "{output:?}");
}

#[test]
fn a_fault_elsewhere_kills_where_nothing_was_before() {
    let name = "handlers::a_fault_elsewhere_kills_where_nothing_was_before";
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
    dies_of_sigbus(&child(
        "handlers::a_kill_kills_where_nothing_was_before",
        || {
            install(libc::SIG_DFL, 0);
            assert!(survives_a_fault());
            // As `kill -BUS` does: any thread may receive it.
            assert_eq!(unsafe { libc::kill(libc::getpid(), libc::SIGBUS) }, 0);
            thread::sleep(Duration::from_secs(10));
        },
    ));
}

#[test]
fn a_kill_is_ignored_where_it_was_before() {
    succeeds(&child(
        "handlers::a_kill_is_ignored_where_it_was_before",
        || {
            install(libc::SIG_IGN, 0);
            assert!(survives_a_fault());
            raise();
            assert!(survives_a_fault());
        },
    ));
}

#[test]
fn a_handler_that_wanted_one_signal_gets_one() {
    let output = child(
        "handlers::a_handler_that_wanted_one_signal_gets_one",
        || {
            install(short_handler(), libc::SA_RESETHAND);
            assert!(survives_a_fault());
            raise();
            assert_eq!(CALLS.load(Ordering::SeqCst), 1);
            raise();
            println!("still alive");
        },
    );
    dies_of_sigbus(&output);
}

#[test]
fn two_handlers_that_call_one_another_end() {
    let output = child("handlers::two_handlers_that_call_one_another_end", || {
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
    dies_of_sigbus(&child("handlers::switched_off_a_fault_kills", || {
        assert!(fault::enabled());
        assert!(survives_a_fault());
        fault::set_enabled(false);
        assert!(!fault::enabled());
        survives_a_fault();
    }));
}

#[test]
fn switched_off_under_another_handler_it_passes_on() {
    let output = child(
        "handlers::switched_off_under_another_handler_it_passes_on",
        || {
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
        },
    );
    assert_eq!(output.status.code(), Some(41), "{output:?}");
}

#[test]
fn switched_off_the_handler_before_is_back() {
    succeeds(&child(
        "handlers::switched_off_the_handler_before_is_back",
        || {
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
        },
    ));
}

#[test]
fn the_environment_switches_it_off() {
    let name = "handlers::the_environment_switches_it_off";
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
    let name = "handlers::a_signal_with_the_address_of_a_page_that_is_there_is_passed_on";
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
    let name = "handlers::a_handler_that_nobody_tells_of_is_covered_in_time";
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
        let _mapping = Mapping::new(&file.file, MIB);
        fault::set_enabled(false);
        install(short_handler(), 0);
        thread::sleep(Duration::from_millis(200));
        assert_eq!(installed(), short_handler(), "switched off, nobody looks");
    }));
}

#[test]
fn a_handler_installed_later_is_covered_again() {
    succeeds(&child(
        "handlers::a_handler_installed_later_is_covered_again",
        || {
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
        },
    ));
}

#[test]
fn our_function_put_back_without_its_flags_is_replaced() {
    let name = "handlers::our_function_put_back_without_its_flags_is_replaced";
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
