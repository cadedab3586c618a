//! Many matches in one call: counting them, and filling a slice with their offsets.
//!
//! A needle that occurs every hundred bytes is found a million times in a file of 100 MB, and a
//! call for each costs more than the search.

pub(crate) mod collect;
mod same;

use std::marker::PhantomData;

use crate::search::engine;
use crate::search::kernels::{Level, Policy, Work};
use crate::search::lanes::{
    Direction, Forward, Hits, Isa, Path, Probes, Subject, Window, as_number, trace,
};

/// The result of a call that fills a slice with offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// How many offsets were written, from the beginning of the slice on. The elements behind them
    /// have no meaning.
    pub written: usize,
    /// Where in the haystack to go on: the next call takes `&haystack[next..]` going forward, and
    /// `&haystack[..next]` going backward. `None`: the haystack is exhausted.
    pub next: Option<usize>,
}

/// Every offset up to `len` itself, in order of `D`: where an empty needle occurs.
pub(crate) fn every_offset<D: Direction>(len: usize, base: u64, out: &mut [f64]) -> Batch {
    let written = out.len().min(len + 1);
    for (at, slot) in out[..written].iter_mut().enumerate() {
        *slot = as_number(base + D::nth(at, len + 1) as u64);
    }
    let next = if D::FORWARD {
        written
    } else {
        // The end of what is left.
        len.saturating_sub(written)
    };
    Batch {
        written,
        next: (written <= len).then_some(next),
    }
}

/// How often one byte occurs. memchr counts fastest, except where memory has to be prefetched.
pub(crate) fn count_byte(byte: u8, haystack: &[u8]) -> usize {
    let level = Level::detect().within(&Policy::DEFAULT, haystack);
    let mut hits = Hits::counted();
    let mut window = Window {
        lo: 0,
        hi: haystack.len(),
    };
    if level.asks_ahead() {
        whole_blocks::<Forward>(level, byte, haystack, &mut window, &mut hits);
    }
    hits.count + memchr::memchr_iter(byte, &haystack[window.lo..]).count()
}

/// The occurrences of one byte in order of `D`.
pub(crate) fn bytes<D: Direction>(byte: u8, haystack: &[u8], base: u64, out: &mut [f64]) -> Batch {
    if out.is_empty() {
        return Batch {
            written: 0,
            next: Some(if D::FORWARD { 0 } else { haystack.len() }),
        };
    }
    let mut hits = Hits::into_slice(out, base);
    let mut window = Window {
        lo: 0,
        hi: haystack.len(),
    };
    let level = Level::detect();
    let far = level.within(&Policy::DEFAULT, haystack);
    whole_blocks::<D>(far, byte, haystack, &mut window, &mut hits);
    // The kernel does the rest, when little of the haystack or of the room is left.
    hits.base = base + window.lo as u64;
    let needle = [byte];
    let subject = Subject {
        haystack: &haystack[window.lo..window.hi],
        needle: &needle,
    };
    let mut probes = Probes::new(subject.needle, &[0], 1);
    let left = engine::search::<D>(
        level,
        &Policy::DEFAULT,
        Some(&mut probes),
        subject,
        &mut hits,
    );
    Batch {
        written: hits.count,
        next: (hits.count == hits.limit && left.len() > 0).then_some(if D::FORWARD {
            window.lo + left.lo
        } else {
            left.hi
        }),
    }
}

/// Every match from the front, until `hits` has enough; the starts that are left then.
///
/// Where matches of a short needle are dense, `collect` searches until they are not any more. Whether they are is
/// decided by a stretch that the engine searches: of a few KiB at first, and longer each time that they were not
/// dense, because each start of the engine costs time.
pub(crate) fn all(
    level: Level,
    policy: &Policy,
    probes: &mut Probes,
    subject: Subject<'_>,
    hits: &mut Hits<'_>,
) -> Window {
    let Subject { haystack, needle } = subject;
    let mut window = Window {
        lo: 0,
        hi: (haystack.len() + 1).saturating_sub(needle.len()),
    };
    let level = level.within(policy, haystack);
    let mut size = policy.taste;
    while collect::suits(needle) && window.len() > size {
        let (from, before) = (window.lo, hits.count);
        search_part(level, policy, probes, subject, size, &mut window, hits);
        if hits.count == hits.limit {
            return window;
        }
        let dense = collect::pays(hits.count - before, window.lo - from);
        if dense && collect::scan(level, subject, probes, &mut window, hits) {
            size = policy.taste;
        } else {
            size = size.saturating_mul(64);
        }
        if hits.count == hits.limit {
            return window;
        }
    }
    search_part(
        level,
        policy,
        probes,
        subject,
        usize::MAX,
        &mut window,
        hits,
    );
    window
}

/// Searches the first `size` starts of the window with the engine.
fn search_part(
    level: Level,
    policy: &Policy,
    probes: &mut Probes,
    Subject { haystack, needle }: Subject<'_>,
    size: usize,
    window: &mut Window,
    hits: &mut Hits<'_>,
) {
    let part = Forward::stretch(*window, size);
    if part.len() == 0 {
        return;
    }
    let subject = Subject {
        haystack: &haystack[part.lo..part.hi + needle.len() - 1],
        needle,
    };
    let (base, count) = (hits.base, hits.count);
    hits.base += part.lo as u64;
    let left = engine::search::<Forward>(level, policy, Some(probes), subject, hits);
    hits.base = base;
    if hits.count > count {
        hits.last += part.lo;
    }
    // A match at the end of the part overlaps what follows.
    window.lo = if left.len() > 0 {
        part.lo + left.lo
    } else if hits.count > count {
        part.hi.max(hits.last + needle.len())
    } else {
        part.hi
    };
}

/// Searches the window for one byte while it has four vectors, and `hits` room for as many matches.
fn whole_blocks<D: Direction>(
    level: Level,
    byte: u8,
    haystack: &[u8],
    window: &mut Window,
    hits: &mut Hits<'_>,
) {
    let blocks = Blocks::<D> {
        byte,
        haystack,
        window,
        hits,
        order: PhantomData,
    };
    level.with_bits(blocks);
}

struct Blocks<'w, 's, 'h, D> {
    byte: u8,
    haystack: &'s [u8],
    window: &'w mut Window,
    hits: &'w mut Hits<'h>,
    order: PhantomData<D>,
}

impl<D: Direction> Work for Blocks<'_, '_, '_, D> {
    type Output = ();

    #[inline(always)]
    fn with<I: Isa>(self, isa: I) {
        let Self {
            byte,
            haystack,
            window,
            hits,
            ..
        } = self;
        trace(Path::Bytes);
        let lanes = I::LANES;
        let bits = lanes << I::LANE_BITS;
        let shared = 64 / bits;
        let want = isa.splat(byte);
        let mut left = *window;
        assert!(left.hi <= haystack.len());
        while left.len() >= 4 * lanes && hits.limit - hits.count > 4 * lanes {
            let block = D::block(left, 4 * lanes);
            let at = haystack.as_ptr().wrapping_add(block);
            isa.prefetch::<D>(at, 4 * lanes);
            let equal = [0, 1, 2, 3].map(|i| {
                // SAFETY: the block lies in the window, and the window in the haystack.
                let bytes = unsafe { isa.load(at.wrapping_add(i * lanes)) };
                isa.equal(bytes, want)
            });
            let [e0, e1, e2, e3] = equal;
            if isa.any(isa.or(isa.or(e0, e1), isa.or(e2, e3))) {
                for step in 0..4 / shared {
                    let word = D::nth(step, 4 / shared) * shared;
                    let mut mask = 0;
                    for i in 0..shared {
                        mask |= isa.mask(equal[word + i]) << (i * bits);
                    }
                    hits.scatter::<I, D, 4>(isa, block + word * lanes, mask);
                }
            }
            D::pass(&mut left, block, 4 * lanes);
        }
        *window = left;
    }
}
