//! The open maps of a thread, by number.
//!
//! JavaScript holds a number and not a pointer, so that a wrong one is an error and never a crash. Each thread has
//! its own table, so that a look-up takes no lock; if a thread has two environments, they share it. A slot owns its
//! mapping and the window over it. The window is detached before the slot is emptied.

use std::cell::RefCell;

use fmmap_core::Mapping;
use napi::sys;

use crate::error::{Answer, Failure};
use crate::hold::Holds;

/// An open map.
pub(crate) struct Open {
    pub(crate) mapping: Mapping,
    /// The private `ArrayBuffer` over a part of the mapping, held strongly so that it can be detached.
    pub(crate) window: Option<sys::napi_ref>,
    /// The views that were handed out.
    pub(crate) holds: Holds,
    env: sys::napi_env,
}

impl Open {
    /// Whether `buffer` is the window.
    pub(crate) fn is_window(&self, buffer: sys::napi_value) -> bool {
        let Some(reference) = self.window else {
            return false;
        };
        let (mut window, mut same) = (std::ptr::null_mut(), false);
        // SAFETY: the reference is this environment's, and strong.
        unsafe { sys::napi_get_reference_value(self.env, reference, &raw mut window) };
        // SAFETY: both are values of this callback's scope, or null, which is an error.
        unsafe { sys::napi_strict_equals(self.env, window, buffer, &raw mut same) };
        same
    }

    /// Detaches the window: JavaScript sees an array of length 0 from now on.
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
    /// Empties the slot: its handles find nothing from now on.
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

/// A handle consists of the index of a slot and, above these bits, the slot's generation. So an outdated handle finds
/// nothing. It stays below 2^31, because runtimes keep such numbers without allocating.
const INDEX_BITS: u32 = 20;
const GENERATIONS: u32 = 1 << (31 - INDEX_BITS);

fn split(handle: f64) -> Option<(usize, u32)> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and then finds nothing"
    )]
    let handle = (handle as u32).checked_sub(1)?;
    Some((
        (handle & ((1 << INDEX_BITS) - 1)) as usize,
        handle >> INDEX_BITS,
    ))
}

/// Puts a mapping into the table, and returns its handle, which is never 0.
pub(crate) fn insert(env: sys::napi_env, mapping: Mapping) -> Answer<f64> {
    let open = Box::new(Open {
        mapping,
        window: None,
        holds: Holds::default(),
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
        #[expect(clippy::cast_possible_truncation, reason = "below 2^20")]
        Ok(f64::from(
            (slot.generation << INDEX_BITS | index as u32) + 1,
        ))
    })
}

/// Takes a map out of the table. The caller drops it after the table is released.
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

/// Runs `touch` on the mapping that `handle` names. The answer is `None` when the mapping has lost a page, before or
/// meanwhile: what was read then has no meaning. No JavaScript may run in it.
pub(crate) fn touch<T>(
    handle: f64,
    touch: impl FnOnce(&Mapping) -> Answer<T>,
) -> Answer<Option<T>> {
    open(handle, |open| {
        let answer = touch(&open.mapping)?;
        Ok(open.mapping.fault().is_none().then_some(answer))
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
                // The references to the windows end with the environment.
                ended.extend(slot.take());
                table.free.push(index);
            }
        }
        Ok(())
    });
}
