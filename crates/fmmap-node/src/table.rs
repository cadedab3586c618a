//! The open maps of a thread, by number.
//!
//! JavaScript holds a number, not a pointer: a wrong one is an error, whatever was passed. The table is the
//! thread's own, so a look-up takes no lock; two environments of one thread share it. A slot owns its
//! mapping and the window over it, and whoever empties the slot detaches the window first.

use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use fmmap_core::{Export, Mapping};
use napi::sys;

use crate::error::{Answer, Failure};
use crate::raw::End;

/// A view's hold on the memory. The finalizer of its `ArrayBuffer` drops it, on whatever thread; a detach
/// empties it before.
pub(crate) struct Hold {
    export: Mutex<Option<Export>>,
    end: End,
}

impl Hold {
    pub(crate) fn new(export: Export, end: End) -> Arc<Self> {
        Arc::new(Self {
            export: Mutex::new(Some(export)),
            end,
        })
    }

    /// Lets the memory go.
    pub(crate) fn release(&self) {
        // A poisoned lock still guards a valid option.
        drop(
            self.export
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    /// Where the held bytes start, and how many they are.
    pub(crate) fn range(&self) -> Option<(*mut u8, usize)> {
        let held = self.export.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map(|export| (export.start(), export.len()))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let export = self
            .export
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(export) = export.take()
            && self.end.load(Ordering::Acquire)
        {
            linger(export);
        }
    }
}

/// Memory of views that outlived their environment, and until when it stays mapped.
static LINGERING: Mutex<Lingering> = Mutex::new(Lingering {
    held: Vec::new(),
    watched: false,
});

struct Lingering {
    held: Vec<(Instant, Export)>,
    /// Whether a thread lets them go in time.
    watched: bool,
}

/// Keeps the memory of a view for a while. Bun ends a worker without waiting for what its views are in on the
/// pool, zlib for one, and then collects them all: to unmap would kill the process. The slowest such work,
/// brotli at its best, gets through a mebibyte in 2 seconds.
fn linger(export: Export) {
    let mebibytes = (export.len() >> 20) as u64;
    let until = Instant::now() + Duration::from_secs(10 + 4 * mebibytes);
    let mut lingering = LINGERING.lock().unwrap_or_else(PoisonError::into_inner);
    lingering.held.push((until, export));
    if !lingering.watched {
        let watch = std::thread::Builder::new()
            .name("fmmap-linger".into())
            .stack_size(64 << 10);
        // Without a thread the next view that lingers tries again.
        lingering.watched = watch.spawn(let_go_in_time).is_ok();
    }
}

/// Lets go what has lingered long enough, until nothing is left.
fn let_go_in_time() {
    loop {
        let mut lingering = LINGERING.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (left, over) = std::mem::take(&mut lingering.held)
            .into_iter()
            .partition(|(until, _)| *until > now);
        lingering.held = left;
        let next = lingering.held.iter().map(|(until, _)| *until).min();
        lingering.watched = next.is_some();
        drop(lingering);
        // Unmaps, so not under the lock.
        drop::<Vec<_>>(over);
        match next {
            Some(next) => std::thread::sleep(next.saturating_duration_since(now)),
            None => return,
        }
    }
}

/// An open map.
pub(crate) struct Open {
    pub(crate) mapping: Mapping,
    /// The private `ArrayBuffer` over a part of the mapping, held strongly so that it can be detached.
    pub(crate) window: Option<sys::napi_ref>,
    /// The views that were handed out, by the number that the facade gave them.
    pub(crate) holds: Vec<(f64, Weak<Hold>)>,
    env: sys::napi_env,
}

impl Open {
    /// Takes the window away from JavaScript: it reads as an array of length 0 from here on.
    pub(crate) fn detach_window(&mut self) {
        let Some(reference) = self.window.take() else {
            return;
        };
        let mut buffer = std::ptr::null_mut();
        // SAFETY: the reference is this environment's, and strong.
        unsafe { sys::napi_get_reference_value(self.env, reference, &raw mut buffer) };
        if !buffer.is_null() {
            // SAFETY: `buffer` is an ArrayBuffer that `views` made.
            unsafe { sys::napi_detach_arraybuffer(self.env, buffer) };
        }
        // SAFETY: the reference is not used again.
        unsafe { sys::napi_delete_reference(self.env, reference) };
    }
}

struct Slot {
    generation: u32,
    open: Option<Box<Open>>,
}

impl Slot {
    /// Empties the slot: the handles to it find nothing from here on.
    fn take(&mut self) -> Option<Box<Open>> {
        self.generation = (self.generation + 1) % GENERATIONS;
        self.open.take()
    }
}

struct Table {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

thread_local! {
    static TABLE: RefCell<Table> =
        const { RefCell::new(Table { slots: Vec::new(), free: Vec::new() }) };
}

/// A handle is a slot's index and, above these bits, its generation: a stale one finds nothing. It stays
/// below 2^31, where a runtime keeps a number without allocating.
const INDEX_BITS: u32 = 20;
const GENERATIONS: u32 = 1 << (31 - INDEX_BITS);

fn split(handle: f64) -> Option<(usize, u32)> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates: finds nothing
    let handle = (handle as u32).checked_sub(1)?;
    Some((
        (handle & ((1 << INDEX_BITS) - 1)) as usize,
        handle >> INDEX_BITS,
    ))
}

/// Puts a mapping into the table; the answer is its handle, never 0.
pub(crate) fn insert(env: sys::napi_env, mapping: Mapping) -> Answer<f64> {
    let open = Box::new(Open {
        mapping,
        window: None,
        holds: Vec::new(),
        env,
    });
    with_table(|table| {
        let index = match table.free.pop() {
            Some(index) => index,
            None if table.slots.len() < 1 << INDEX_BITS => {
                table.slots.push(Slot {
                    generation: 0,
                    open: None,
                });
                table.slots.len() - 1
            }
            None => return Err(Failure::Argument("more than a million open maps")),
        };
        let slot = &mut table.slots[index];
        slot.open = Some(open);
        #[allow(clippy::cast_possible_truncation)] // below 2^20
        Ok(f64::from(
            (slot.generation << INDEX_BITS | index as u32) + 1,
        ))
    })
}

/// Takes a map out of the table. The caller drops it when the table is free again.
pub(crate) fn remove(handle: f64) -> Option<Box<Open>> {
    let (index, generation) = split(handle)?;
    with_table(|table| {
        let slot = table
            .slots
            .get_mut(index)
            .filter(|slot| slot.generation == generation);
        let Some(slot) = slot else { return Ok(None) };
        if slot.open.is_none() {
            return Ok(None);
        }
        let open = slot.take();
        table.free.push(index);
        Ok(open)
    })
    .ok()
    .flatten()
}

/// Runs `with` on the map that `handle` names. No JavaScript may run in it.
pub(crate) fn open<T>(handle: f64, with: impl FnOnce(&mut Open) -> Answer<T>) -> Answer<T> {
    let (index, generation) = split(handle).ok_or(Failure::Closed)?;
    with_table(|table| {
        let slot = table.slots.get_mut(index).ok_or(Failure::Closed)?;
        match &mut slot.open {
            Some(open) if slot.generation == generation => with(open),
            _ => Err(Failure::Closed),
        }
    })
}

fn with_table<T>(with: impl FnOnce(&mut Table) -> Answer<T>) -> Answer<T> {
    let busy = Failure::Argument("called from inside another native");
    TABLE
        .try_with(|table| match table.try_borrow_mut() {
            Ok(mut table) => with(&mut table),
            Err(_) => Err(busy),
        })
        .unwrap_or(Err(Failure::Closed))
}

/// Closes the maps of an environment that ends.
pub(crate) fn close_all(env: sys::napi_env) {
    let mut ended = Vec::new();
    // An error means that the thread's storage is gone, and the maps with it.
    let _ = with_table(|table| {
        for (index, slot) in table.slots.iter_mut().enumerate() {
            if slot.open.as_ref().is_some_and(|open| open.env == env) {
                // The windows' references end with the environment.
                ended.extend(slot.take());
                table.free.push(index);
            }
        }
        Ok(())
    });
}
