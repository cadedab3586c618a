//! The beginning of a haystack, without rows: a short haystack is over, and a match that stands near is found, before
//! rows are filled.
//!
//! Two or three bytes at known places of a match are compared at a vector of starts at once. A byte is compared by the
//! bits that all bytes of its class have in common. What is left is looked at one by one. Patterns whose bytes are too
//! frequent for that have rows from the beginning.

use super::segments::Segments;
use super::terms::ranked;
use super::walk::{Found, look_once};
use crate::order::sort_few;
use crate::pattern::filter::front::Bytes;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::pattern::filter::simd::{self, Simd};
use crate::pattern::scan::{Sink, Span};

/// The most places of a match that are compared.
const PROBES: usize = 3;

/// The most starts of a block.
const WIDE: usize = 128;

/// The share of bytes that is rare.
const RARE: f64 = 1.0 / 64.0;

/// How many starts are looked at one by one where there are no probes.
const FEW: usize = 16;

/// What a start costs that is no match, and how much of it is always allowed, in bytes.
const ATTEMPT: usize = 16;
const FREE: usize = 512;

/// A byte at a place from the start of a match.
#[derive(Clone, Copy, Debug, Default)]
struct Probe {
    at: usize,
    /// The bits that matter, and what they are.
    bits: u8,
    value: u8,
}

impl Probe {
    /// The narrowest probe that every byte of a class passes.
    fn new(at: usize, class: &Bytes) -> Self {
        let (mut all, mut any) = (u8::MAX, 0);
        class.each(|byte| {
            all &= byte;
            any |= byte;
        });
        Self {
            at,
            bits: !(all ^ any),
            value: all & any,
        }
        .masked()
    }

    fn masked(self) -> Self {
        Self {
            value: self.value & self.bits,
            ..self
        }
    }

    fn passes(self, byte: u8) -> bool {
        byte & self.bits == self.value
    }

    /// The share of bytes of most texts that pass.
    fn share(self) -> f64 {
        let sum = |passes: &dyn Fn(u8) -> bool| -> u32 {
            (0..=u8::MAX).filter(|&byte| passes(byte)).map(ranked).sum()
        };
        f64::from(sum(&|byte| self.passes(byte))) / f64::from(sum(&|_| true))
    }
}

/// What is compared at each start.
#[derive(Clone, Debug)]
pub(crate) struct Near {
    probes: [Probe; PROBES],
    /// Whether the first two are enough.
    is_pair: bool,
    /// How many bytes from a start on are compared.
    reach: usize,
}

/// Starts that were compared.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    /// A bit for each start from `at` on, if it may be a match.
    at: usize,
    mask: u128,
    /// Where the next one begins.
    end: usize,
}

/// The bits of a block that are left.
struct Bits {
    at: usize,
    mask: u128,
}

impl Bits {
    fn next(&mut self) -> Option<usize> {
        let start = self.at + self.mask.trailing_zeros() as usize;
        let is_any = self.mask != 0;
        self.mask &= self.mask.wrapping_sub(1);
        is_any.then_some(start)
    }

    fn drop_before(&mut self, from: usize) {
        let passed = u32::try_from(from.saturating_sub(self.at)).unwrap_or(u32::MAX);
        self.mask &= u128::MAX.checked_shl(passed).unwrap_or(0);
    }
}

/// How far a search has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct State {
    block: Block,
    /// What starts have cost that are no matches, less what was advanced.
    wasted: usize,
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next {
    /// There are as many matches as were asked for.
    Full,
    /// No match starts before the limit.
    None,
    /// The search has to go on in another way.
    Other,
}

impl Near {
    /// `None` if the bytes of a match are too frequent.
    pub(super) fn new(front: &[Bytes]) -> Option<Self> {
        let mut probes: Vec<(f64, Probe)> = front
            .iter()
            .enumerate()
            .map(|(at, class)| Probe::new(at, class))
            .map(|probe| (probe.share(), probe))
            .collect();
        sort_few(&mut probes, |a, b| a.0 < b.0);
        // Bytes that stand side by side often do, so the second is taken from afar if it is rare there.
        if let [first, rest @ ..] = probes.as_mut_slice() {
            let rare = rest.partition_point(|probe| probe.0 < RARE);
            let far = |probe: &&mut (f64, Probe)| probe.1.at.abs_diff(first.1.at);
            if let Some((place, _)) = rest[..rare]
                .iter_mut()
                .enumerate()
                .max_by_key(|(_, probe)| far(probe))
            {
                rest.swap(0, place);
            }
        }
        let share = |few: usize| -> f64 { probes.iter().take(few).map(|probe| probe.0).product() };
        let is_pair = share(2) < RARE / 8.0;
        if share(PROBES) > RARE {
            return None;
        }
        let first = probes.first()?.1;
        let probes = std::array::from_fn(|at| probes.get(at).map_or(first, |probe| probe.1));
        let used = if is_pair { 2 } else { PROBES };
        Some(Self {
            is_pair,
            reach: 1 + probes[..used].iter().map(|probe| probe.at).max()?,
            probes,
        })
    }

    /// Gives the matches that start in `[from, until)` to `sink`. Moves `from` to where the search goes on.
    pub(crate) fn go(
        &self,
        segments: &Segments,
        haystack: &[u8],
        state: &mut State,
        from: &mut usize,
        until: usize,
        sink: &mut Sink<'_>,
    ) -> Next {
        // Where the haystack ends before what is compared, no match starts.
        let starts = until.min((haystack.len() + 1).saturating_sub(self.reach));
        let Block { at, mask, mut end } = state.block;
        let mut bits = Bits { at, mask };
        bits.drop_before(*from);
        let next = loop {
            let Some(start) = bits.next() else {
                let at = end.max(*from);
                if at >= starts {
                    *from = until.max(*from);
                    break Next::None;
                }
                *from = at;
                let Some(block) = self.candidates(haystack, at, starts) else {
                    break Next::Other;
                };
                state.wasted = state.wasted.saturating_sub((block.end - at) / 2);
                (bits.at, bits.mask, end) = (block.at, block.mask, block.end);
                continue;
            };
            match look_once(segments, haystack, start) {
                Found::Match(end) => {
                    *from = end;
                    bits.drop_before(end);
                    let span = Span {
                        start,
                        end,
                        pattern: 0,
                    };
                    if sink.push(span) {
                        break Next::Full;
                    }
                }
                Found::None(seen) => {
                    *from = start + 1;
                    state.wasted += ATTEMPT + (seen - start);
                    if state.wasted > FREE {
                        break Next::Other;
                    }
                }
                Found::Ask | Found::Beyond => {
                    *from = start;
                    break Next::Other;
                }
            }
        };
        let Bits { at, mask } = bits;
        state.block = Block { at, mask, end };
        next
    }

    /// The next starts in `[from, until)` at which all probes pass, or none; `None` if this processor would have to look
    /// at too many one by one.
    fn candidates(&self, haystack: &[u8], from: usize, until: usize) -> Option<Block> {
        #[cfg(target_arch = "x86_64")]
        {
            if until >= 64
                && let Some(avx512) = simd::Avx512::detect()
            {
                // SAFETY: `avx512` exists, so this processor has it.
                return Some(unsafe { with_avx512(avx512, self, haystack, from, until) });
            }
            if let Some(avx2) = simd::Avx2::detect() {
                if until >= 32 {
                    // SAFETY: `avx2` exists, so this processor has it.
                    return Some(unsafe { with_avx2(avx2, self, haystack, from, until) });
                }
                // For so few starts, a copy of what is looked at with zeros behind it.
                let mut copy = [0; 32 + super::segments::DEEP];
                let seen = until + self.reach - 1;
                copy[..seen].copy_from_slice(&haystack[..seen]);
                let copy = &copy[..31 + self.reach];
                // SAFETY: `avx2` exists, so this processor has it.
                let mut block = unsafe { with_avx2(avx2, self, copy, from, 32) };
                block.mask &= (1 << (until - from)) - 1;
                block.end = until;
                return Some(block);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if until >= 16 {
            return Some(scan(simd::Neon, self, haystack, from, until));
        }
        self.one_by_one(haystack, from, until)
    }

    #[cold]
    #[inline(never)]
    fn one_by_one(&self, haystack: &[u8], from: usize, until: usize) -> Option<Block> {
        if until - from > WIDE {
            return None;
        }
        let probes = &self.probes[..if self.is_pair { 2 } else { PROBES }];
        let mut mask = 0;
        for start in from..until {
            let mut passes = probes.iter().map(|probe| {
                let byte = haystack.get(start + probe.at);
                byte.is_some_and(|&byte| probe.passes(byte))
            });
            mask |= u128::from(passes.all(|passes| passes)) << (start - from);
        }
        Some(Block {
            at: from,
            mask,
            end: until,
        })
    }
}

/// Looks at a few starts from `from` on, one by one, for patterns whose matches stand everywhere. Moves `from` to where
/// the search goes on.
pub(crate) fn look_around(segments: &Segments, haystack: &[u8], from: &mut usize) -> Option<Span> {
    // Behind a lead the front does not say how a match starts, and what is no match in its run is none at its next byte.
    let few = if segments.lead.is_some() { 1 } else { FEW };
    let first = segments.front.first().filter(|_| few > 1);
    let until = haystack.len().min(from.saturating_add(few));
    while *from < until {
        let start = *from;
        if first.is_none_or(|first| first.has(haystack[start])) {
            match look_once(segments, haystack, start) {
                Found::Match(end) => {
                    *from = end;
                    return Some(Span {
                        start,
                        end,
                        pattern: 0,
                    });
                }
                Found::None(_) => {}
                Found::Ask | Found::Beyond => return None,
            }
        }
        *from += 1;
    }
    None
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn with_avx512(
    avx512: simd::Avx512,
    near: &Near,
    haystack: &[u8],
    from: usize,
    until: usize,
) -> Block {
    scan(avx512, near, haystack, from, until)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(avx2: simd::Avx2, near: &Near, haystack: &[u8], from: usize, until: usize) -> Block {
    scan(avx2, near, haystack, from, until)
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn scan<S: Simd>(simd: S, near: &Near, haystack: &[u8], from: usize, until: usize) -> Block {
    if near.is_pair {
        kernel::<S, 2>(simd, near, haystack, from, until)
    } else {
        kernel::<S, PROBES>(simd, near, haystack, from, until)
    }
}

/// The first block of starts with a candidate, or the last one.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn kernel<S: Simd, const N: usize>(
    simd: S,
    near: &Near,
    haystack: &[u8],
    mut from: usize,
    until: usize,
) -> Block {
    let probes: [Probe; N] = std::array::from_fn(|at| near.probes[at]);
    assert!(until >= S::LANES && probes.iter().all(|probe| probe.at < near.reach));
    assert!(from < until && until + near.reach <= haystack.len() + 1);
    let aims: [Aim<S>; N] = std::array::from_fn(|at| Aim {
        at: probes[at].at,
        bits: simd.table(&[probes[at].bits; 16]),
        value: simd.table(&[probes[at].value; 16]),
    });
    while from + WIDE <= until {
        let mut mask = 0;
        for part in 0..WIDE / S::LANES {
            let start = from + part * S::LANES;
            // SAFETY: the vector ends before `until`, and what its last start looks at in the haystack: see above.
            let passed = unsafe { passing(simd, haystack, start, &aims) };
            mask |= u128::from(passed) << (part * S::LANES);
        }
        let end = from + WIDE;
        if mask != 0 {
            return Block {
                at: from,
                mask,
                end,
            };
        }
        from = end;
    }
    let (mut at, mut mask) = (from, 0);
    while at + S::LANES <= until {
        // SAFETY: as above.
        let passed = unsafe { passing(simd, haystack, at, &aims) };
        mask |= u128::from(passed) << (at - from);
        at += S::LANES;
    }
    if at < until {
        // The last ones, with some that were looked at before.
        let last = until - S::LANES;
        // SAFETY: as above.
        let passed = unsafe { passing(simd, haystack, last, &aims) };
        mask |= u128::from(passed >> (at - last)) << (at - from);
    }
    Block {
        at: from,
        mask,
        end: until,
    }
}

/// A probe in vectors.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
struct Aim<S: Simd> {
    at: usize,
    bits: S::Vector,
    value: S::Vector,
}

/// The starts of a vector at which all probes pass.
///
/// # Safety
///
/// What the probes look at, of all lanes, lies in the haystack.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
unsafe fn passing<S: Simd, const N: usize>(
    simd: S,
    haystack: &[u8],
    start: usize,
    aims: &[Aim<S>; N],
) -> u64 {
    let mut differ = aims[0].bits;
    for (index, aim) in aims.iter().enumerate() {
        // SAFETY: the caller vouches for what the probe looks at.
        let place = unsafe { haystack.as_ptr().add(start + aim.at) };
        // SAFETY: as above, for all lanes.
        let bytes = unsafe { simd.load(place) };
        let other = simd.xor(simd.and(bytes, aim.bits), aim.value);
        differ = if index == 0 {
            other
        } else {
            simd.or(differ, other)
        };
    }
    simd.zero(differ)
}

#[cfg(test)]
mod tests {
    use super::{Next, State as Beginning, look_around};
    use crate::pattern::scan::{Sink, Span};
    use crate::pattern::syntax::{Flags, parse_only};
    use crate::pattern::testing::Random;
    use crate::pattern::{Encoding, bits::Segments, bits::look_once, bits::walk::Found};

    fn segments(source: &str, flags: &str) -> Segments {
        let units: Vec<u16> = source.encode_utf16().collect();
        let parsed = parse_only(&units, Flags::new(flags)).unwrap();
        Segments::new(&parsed.node, Encoding::Utf8).unwrap()
    }

    /// The matches up to the place at which another way has to go on.
    fn near(segments: &Segments, haystack: &[u8], step: usize) -> (Vec<Span>, usize) {
        let (mut all, mut from, mut state) = (Vec::new(), 0, Beginning::default());
        let near = segments.near.as_ref().unwrap();
        while from < haystack.len() {
            let until = haystack.len().min(from + step);
            let mut sink = Sink::new(Some(&mut all), usize::MAX);
            match near.go(segments, haystack, &mut state, &mut from, until, &mut sink) {
                Next::Full | Next::None => {}
                Next::Other => break,
            }
        }
        (all, from)
    }

    #[test]
    fn near_matches_are_those_of_every_place_tried() {
        let mut random = Random(0x4EA2);
        for (source, flags) in [
            ("cache", "i"),
            ("timeout|refused", ""),
            (r"\d{4}-\d\d-\d\d", ""),
            (r"\[\d+\] (?:GET|PUT) ", ""),
            ("retry$", "m"),
            (r"x[^y]*", ""),
        ] {
            let segments = segments(source, flags);
            let parts = [
                "cache",
                "CacHe",
                "timeout",
                "refused",
                "2026-01-02",
                "[12] GET ",
                "[3] PUT",
                "retry\n",
                "xé",
                "kk@k",
                "k@",
                " ",
                "-",
                "e",
                "y",
            ];
            for len in 0..60 {
                let text: String = (0..len).map(|_| parts[random.below(parts.len())]).collect();
                let haystack = text.as_bytes();
                let mut wanted = Vec::new();
                let (mut start, mut asked) = (0, haystack.len());
                while start < haystack.len() {
                    match look_once(&segments, haystack, start) {
                        Found::Match(end) => {
                            wanted.push(Span {
                                start,
                                end,
                                pattern: 0,
                            });
                            start = end;
                        }
                        Found::None(_) => start += 1,
                        Found::Ask | Found::Beyond => {
                            asked = start;
                            break;
                        }
                    }
                }
                for step in [1, 64, 200, usize::MAX] {
                    let (found, end) = near(&segments, haystack, step);
                    wanted.truncate(wanted.partition_point(|span| span.end <= end));
                    assert_eq!(found, wanted, "{source} in {text:?} by {step}");
                    assert!(end <= asked.max(haystack.len()));
                }
            }
        }
    }

    #[test]
    fn what_is_compared_in_vain_ends_the_beginning() {
        let segments = segments("timeout|refused", "");
        let busy = "renewed ".repeat(1000);
        let (found, end) = near(&segments, busy.as_bytes(), usize::MAX);
        assert!(found.is_empty());
        assert!((64..4096).contains(&end), "{end}");
        let quiet = "nothing ".repeat(1000);
        let (_, end) = near(&segments, quiet.as_bytes(), usize::MAX);
        assert_eq!(end, quiet.len());
    }

    #[test]
    fn frequent_bytes_have_no_probes() {
        for source in [r"\w+", "[a-z]{5}", r#"[^"]+"#, r"\s\w"] {
            assert!(segments(source, "").near.is_none(), "{source}");
        }
        let mut from = 0;
        let found = look_around(&segments(r"\w+", ""), b"  one two", &mut from);
        let span = Span {
            start: 2,
            end: 5,
            pattern: 0,
        };
        assert_eq!((found, from), (Some(span), 5));
        assert_eq!(
            look_around(&segments(r"\w+", ""), &[b' '; 99], &mut from),
            None
        );
        assert_eq!(from, 21);
    }
}
