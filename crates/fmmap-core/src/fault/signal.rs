//! The SIGBUS handler: it is put in place, kept on top, and passes on the signals that are not ours.

use super::table::{self, Evidence};
use libc::{c_int, c_void, siginfo_t};
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What `sigaction` says about a signal. Once published, a value is only read.
type Action = libc::sigaction;

const UNREAD: u8 = 0;
const ON: u8 = 1;
const OFF: u8 = 2;

/// [`ON`] or [`OFF`], once the environment has been looked at.
static STATE: AtomicU8 = AtomicU8::new(UNREAD);

/// Held by whoever changes what is installed. The handler never takes it.
static CHANGES: Mutex<()> = Mutex::new(());

/// What was installed when ours was put on top the last time. It is leaked: the handler may be
/// reading it at any moment, and a new one comes only when somebody else has installed one.
static PREVIOUS: AtomicPtr<Action> = AtomicPtr::new(ptr::null_mut());

/// What was installed when ours was put on top the first time.
static ORIGINAL: AtomicPtr<Action> = AtomicPtr::new(ptr::null_mut());

/// The default action, written as static data because a handler can't allocate it.
// SAFETY: a struct of integers, an integer set and an optional function: zeros are a value of each,
// and `SIG_DFL` is 0.
static DEFAULT: Action = unsafe { mem::zeroed() };

/// ONSTACK: V8 and Rust give their threads a signal stack, and the fault may be in a deep recursion.
/// RESTART: a system call that a passed-on kill interrupts goes on.
const FLAGS: c_int = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;

pub(super) fn enabled() -> bool {
    match STATE.load(Ordering::Acquire) {
        UNREAD => {
            let off =
                std::env::var_os("FMMAP_NO_SIGBUS").is_some_and(|it| !it.is_empty() && it != "0");
            let read = if off { OFF } else { ON };
            // Somebody may have switched the guard meanwhile: their choice stands.
            STATE
                .compare_exchange(UNREAD, read, Ordering::AcqRel, Ordering::Acquire)
                .map_or_else(|set| set == ON, |_| !off)
        }
        state => state == ON,
    }
}

pub(super) fn set_enabled(on: bool) {
    let changes = lock();
    STATE.store(if on { ON } else { OFF }, Ordering::Release);
    if on {
        install(&changes);
    } else {
        let previous = PREVIOUS.load(Ordering::Acquire);
        // Another handler that lies on top of ours may call ours, so ours stays and passes everything on.
        if !previous.is_null() && is_ours(&installed()) {
            // SAFETY: not null: an action that was installed before, leaked, so still there.
            replace_installed(unsafe { &*previous });
        }
    }
}

/// Puts the handler on top, unless it is there already or the guard is switched off.
pub(super) fn cover() {
    if enabled() {
        let changes = lock();
        // Somebody may have switched it off while this waited for the lock.
        if enabled() {
            install(&changes);
        }
    }
}

/// Whether the handler is on top, or need not be because the guard is off.
pub(super) fn covered() -> bool {
    STATE.load(Ordering::Acquire) != ON || is_whole(&installed())
}

/// Whether an action is our handler with all the flags that it needs. Bun removes a listener by `signal(SIGBUS,
/// before)`, which puts our function back without its flags.
fn is_whole(action: &Action) -> bool {
    is_ours(action) && action.sa_flags & FLAGS == FLAGS
}

/// The state behind the lock is the kernel's: a panic can't leave it half changed.
fn lock() -> MutexGuard<'static, ()> {
    CHANGES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn install(_changes: &MutexGuard<'static, ()>) {
    let mut current = installed();
    if is_whole(&current) {
        return;
    }
    if is_ours(&current) {
        // SAFETY: not null, since ours was installed; leaked.
        current = unsafe { *ORIGINAL.load(Ordering::Acquire) };
    }
    if ORIGINAL.load(Ordering::Relaxed).is_null() {
        stay_loaded();
    }
    // A fault may come the moment our handler is installed, so the handler that it passes on to is published first.
    publish(current);
    let mut ours = DEFAULT;
    ours.sa_sigaction = on_sigbus as *const () as usize;
    ours.sa_flags = FLAGS;
    // SAFETY: `ours` is a complete action, the set in it is writable.
    unsafe { libc::sigemptyset(&raw mut ours.sa_mask) };
    let replaced = replace_installed(&ours);
    // Somebody else may have installed a handler in between.
    if !is_ours(&replaced) && !same(&replaced, &current) {
        current = replaced;
        publish(current);
    }
}

/// Makes `action` the one to which the handler passes signals on.
fn publish(action: Action) {
    let previous = PREVIOUS.load(Ordering::Relaxed);
    // SAFETY: null or leaked.
    if unsafe { previous.as_ref() }.is_some_and(|previous| same(previous, &action)) {
        return;
    }
    let action = Box::into_raw(Box::new(action));
    PREVIOUS.store(action, Ordering::Release);
    if ORIGINAL.load(Ordering::Relaxed).is_null() {
        ORIGINAL.store(action, Ordering::Release);
    }
}

/// The masks are not compared, so a handler that is installed again with another mask counts as the same.
fn same(one: &Action, other: &Action) -> bool {
    one.sa_sigaction == other.sa_sigaction && one.sa_flags == other.sa_flags
}

fn is_ours(action: &Action) -> bool {
    action.sa_sigaction == on_sigbus as *const () as usize
}

fn installed() -> Action {
    let mut action = DEFAULT;
    // SAFETY: only asks; `action` is writable. It can't fail: SIGBUS exists and may be asked for.
    unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut action) };
    action
}

/// Async-signal-safe, as `sigaction` is.
fn replace_installed(action: &Action) -> Action {
    let mut before = DEFAULT;
    // SAFETY: both are complete and outlive the call. It can't fail, as above.
    unsafe { libc::sigaction(libc::SIGBUS, action, &raw mut before) };
    before
}

/// Keeps this library in memory for as long as the process lives. Node closes an addon when the last
/// worker that loaded it ends; the next SIGBUS would jump into nothing.
fn stay_loaded() {
    let mut library = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: the function is in this library; `library` is writable.
    if unsafe { libc::dladdr(on_sigbus as *const c_void, library.as_mut_ptr()) } == 0 {
        return;
    }
    // SAFETY: dladdr succeeded: it has filled `library`.
    let library = unsafe { library.assume_init_ref() };
    // The reference that this adds is never given back. NOLOAD prevents a second copy, should the name mean another
    // file by now. In a program that is not a library, dlopen returns null, and nothing needs to be kept.
    // SAFETY: the name is a C string of the dynamic linker's.
    unsafe { libc::dlopen(library.dli_fname, libc::RTLD_NOW | libc::RTLD_NOLOAD) };
}

#[cfg(any(target_os = "netbsd", target_os = "openbsd", target_os = "android"))]
use libc::__errno as errno_location;
#[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "redox"))]
use libc::__errno_location as errno_location;
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
use libc::__error as errno_location;

/// The handler. Everything it does is async-signal-safe: atomics, `fstat`, `mmap`, `sigaction`, `pthread_sigmask`,
/// `raise`, and where codes don't tell also `pipe`, `write`, `close` and `clock_gettime`. It takes no lock, allocates
/// nothing and can't panic.
unsafe extern "C" fn on_sigbus(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: no arguments; it is thread-local and always there.
    let errno = unsafe { errno_location() };
    // SAFETY: the address of this thread's errno.
    let kept = unsafe { *errno };
    // SAFETY: the kernel, or the handler that called us, passes what SA_SIGINFO promises.
    let cause = Cause::of(unsafe { &*info });
    let survived = STATE.load(Ordering::Relaxed) == ON
        && match cause {
            Cause::Page { address, poisoned } => {
                table::survive(address, Evidence::Code { poisoned })
            }
            Cause::Unclear { address } => table::survive(address, Evidence::Address),
            Cause::Fault | Cause::Sent => false,
        };
    if !survived {
        pass_on(&cause, signal, info, context);
    }
    // SAFETY: as above. The interrupted code may be between a failed call and its look at errno.
    unsafe { *errno = kept };
}

/// Why there was a signal.
enum Cause {
    /// A page that could not be provided; `poisoned` if the memory itself is broken.
    Page { address: usize, poisoned: bool },
    /// Another fault of the program's, such as an unaligned access. It comes again when the handler returns.
    Fault,
    /// Sent by `kill` or `sigqueue`. There is no address: the field holds the sender's id.
    Sent,
    /// Any of these, on a system whose codes don't tell. The address is that of the thread's last fault.
    Unclear { address: usize },
}

/// Whether `si_code` says why there was a signal. XNU's does not: `sendsig` reports every SIGBUS, one
/// that was sent too, as `BUS_ADRALN` on arm64 and as `BUS_ADRERR` on x86-64. A write to memory that may
/// only be read is a SIGBUS there as well.
fn codes_tell() -> bool {
    !cfg!(target_vendor = "apple") && pretended() == 0
}

/// The code with which tests have every signal reported, as XNU does; 0 for none.
#[cfg(feature = "testing")]
pub(super) static PRETENDED: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(0);

#[cfg(feature = "testing")]
fn pretended() -> c_int {
    PRETENDED.load(Ordering::Relaxed)
}
#[cfg(not(feature = "testing"))]
const fn pretended() -> c_int {
    0
}

impl Cause {
    fn of(info: &siginfo_t) -> Self {
        let code = match pretended() {
            0 => info.si_code,
            code => code,
        };
        // SAFETY: a plain field of the struct on every system; where the code is no fault's it is not used.
        let address = unsafe { info.si_addr() }.addr();
        if !codes_tell() {
            return Self::Unclear { address };
        }
        // Codes of faults are small positive numbers everywhere; those of senders are 0 and below on
        // Linux, and above 0x10000 on FreeBSD. Misaligned is 1 everywhere.
        match code {
            1 => Self::Fault,
            2..=0xffff => Self::Page {
                address,
                poisoned: is_poisoned(code),
            },
            _ => Self::Sent,
        }
    }
}

#[cfg(target_os = "linux")]
fn is_poisoned(code: c_int) -> bool {
    matches!(code, libc::BUS_MCEERR_AR | libc::BUS_MCEERR_AO)
}
#[cfg(not(target_os = "linux"))]
fn is_poisoned(_code: c_int) -> bool {
    false
}

/// Gives the signal to the action that was there before ours, as the kernel would have.
fn pass_on(cause: &Cause, signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let passing = Passing::enter(context);
    let next = if passing.again { &ORIGINAL } else { &PREVIOUS };
    let next = next.load(Ordering::Acquire);
    // SAFETY: null (never, once ours is installed), leaked, or static.
    let action = unsafe { next.as_ref() }.unwrap_or(&DEFAULT);
    match action.sa_sigaction {
        libc::SIG_IGN if may_be_ignored(cause) => {}
        // A fault can't be ignored: the kernel takes the default then.
        libc::SIG_DFL | libc::SIG_IGN => die(cause),
        function => {
            if action.sa_flags & libc::SA_RESETHAND != 0 {
                let default = (&raw const DEFAULT).cast_mut();
                // Another thread may do the same at this moment, or install a new handler: either outcome is right.
                let (Ok(_) | Err(_)) =
                    PREVIOUS.compare_exchange(next, default, Ordering::AcqRel, Ordering::Relaxed);
            }
            set_mask(action, signal);
            call(
                function,
                action.sa_flags & libc::SA_SIGINFO != 0,
                signal,
                info,
                context,
            );
        }
    }
    passing.leave();
}

/// The signals of no known cause that were ignored in a row, and their address.
static IGNORED: AtomicU32 = AtomicU32::new(0);
static IGNORED_AT: AtomicUsize = AtomicUsize::new(0);

/// Whether ignoring the signal ends it. A fault that is ignored comes again, at once and for ever. Where the code
/// does not tell a fault from a signal that was sent, signals that repeat are taken for a fault.
fn may_be_ignored(cause: &Cause) -> bool {
    match *cause {
        Cause::Sent => true,
        Cause::Page { .. } | Cause::Fault => false,
        Cause::Unclear { address } => {
            if IGNORED_AT.swap(address, Ordering::Relaxed) != address {
                IGNORED.store(0, Ordering::Relaxed);
            }
            IGNORED.fetch_add(1, Ordering::Relaxed) < 1_000
        }
    }
}

/// Dies of SIGBUS, so that the parent sees the signal in the exit status and a core is written where
/// the fault was.
fn die(cause: &Cause) {
    replace_installed(&DEFAULT);
    match cause {
        // On return the instruction runs again and faults again, and then no handler catches it.
        Cause::Page {
            poisoned: false, ..
        }
        | Cause::Fault => {}
        // Here no fault comes again, or it may not. SIGBUS is blocked while the handler runs: the process dies on
        // return.
        Cause::Page { poisoned: true, .. } | Cause::Sent | Cause::Unclear { .. } => {
            // SAFETY: sends a signal to this thread.
            unsafe { libc::raise(libc::SIGBUS) };
        }
    }
}

/// Blocks what the kernel would block while `action` runs. The return from our handler sets the mask
/// back to what it was before the signal.
fn set_mask(action: &Action, signal: c_int) {
    // SAFETY: the set is only read.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const action.sa_mask, ptr::null_mut()) };
    if action.sa_flags & libc::SA_NODEFER == 0 {
        return;
    }
    let mut only = DEFAULT.sa_mask;
    // SAFETY: the set is writable.
    unsafe { libc::sigemptyset(&raw mut only) };
    // SAFETY: the same.
    unsafe { libc::sigaddset(&raw mut only, signal) };
    // SAFETY: the set is only read.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const only, ptr::null_mut()) };
}

fn call(function: usize, long: bool, signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let function = ptr::with_exposed_provenance::<()>(function);
    if long {
        // SAFETY: neither SIG_DFL nor SIG_IGN, and installed with SA_SIGINFO: a function of this type.
        let function = unsafe {
            mem::transmute::<*const (), extern "C" fn(c_int, *mut siginfo_t, *mut c_void)>(function)
        };
        function(signal, info, context);
    } else {
        // SAFETY: the same, installed without SA_SIGINFO.
        let function = unsafe { mem::transmute::<*const (), extern "C" fn(c_int)>(function) };
        function(signal);
    }
}

/// Signals that are being passed on right now. Two handlers that have each found the other in place
/// would call one another for ever: two copies of this library do that, each having put itself on
/// top of the other. So a signal that comes back while it is passed on goes to [`ORIGINAL`], which
/// knows nothing of us.
///
/// A signal is known by its context, which lies on the stack of its thread. A handler may leave by
/// `siglongjmp` and never come back: then its slot stays, and the thread's next signal may have the
/// same context at the same place; but that one is delivered by the kernel, at the same depth of the
/// stack, while one that comes back is called, deeper. More at once than there are slots are passed
/// on without this check.
static PASSING: [Slot; 16] = [const { Slot::free() }; 16];

struct Slot {
    context: AtomicPtr<c_void>,
    /// How deep the stack was. Only the thread on whose stack `context` lies reads or writes it.
    depth: AtomicUsize,
}

impl Slot {
    const fn free() -> Self {
        Self {
            context: AtomicPtr::new(ptr::null_mut()),
            depth: AtomicUsize::new(0),
        }
    }
}

struct Passing {
    slot: Option<&'static Slot>,
    /// The signal was being passed on already.
    again: bool,
}

impl Passing {
    #[inline(never)]
    fn enter(context: *mut c_void) -> Self {
        let here = 0_u8;
        let depth = std::hint::black_box(&raw const here).addr();
        let known = PASSING
            .iter()
            .find(|slot| slot.context.load(Ordering::Relaxed) == context);
        if let Some(slot) = known {
            let again = slot.depth.load(Ordering::Relaxed) != depth;
            return Self {
                slot: (!again).then_some(slot),
                again,
            };
        }
        let slot = PASSING.iter().find(|slot| {
            let free = ptr::null_mut();
            slot.context
                .compare_exchange(free, context, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        });
        if let Some(slot) = slot {
            slot.depth.store(depth, Ordering::Relaxed);
        }
        Self { slot, again: false }
    }

    fn leave(&self) {
        if let Some(slot) = self.slot {
            slot.context.store(ptr::null_mut(), Ordering::Relaxed);
        }
    }
}
