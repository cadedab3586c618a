//! Which strategy runs when.
//!
//! ```text
//!          few starts ──────────────────────────────────────► scalar
//! find ─► head: the first 4 to 64 KiB, three fixed probes, found early
//!           │
//!           ├ a byte of the needle is not in the next 4 KiB ► rare ───┐ it is frequent after all
//!           └───────────────────────► pair, two rare bytes ◄──────────┤
//!                                       │ false alarms: three probes  │
//!                                       ▼                             │
//!                                     sample ─► dense, 2 to 6 probes ─┘
//!                                       │ comparisons cost more than the scan
//!                                       ▼
//!                           for a stretch: period, or else Two-Way; then pair again
//! ```
//!
//! The head costs nothing but its scan: no ranking, no look at what the haystack lacks. Most of
//! what is found is found there, and haystacks of twice its size are searched that way as a whole.
//! A prepared [`Finder`](super::Finder) has ranked already, and skips it.
//!
//! # Complexity
//!
//! Between two samples the kernel does at most a constant times the work of its loads, plus 64 KiB;
//! what is past that is done by algorithms that are linear on every input, for a stretch of at
//! least 256 KiB and sixteen needles that doubles each time. So the whole is O(n + m) for every
//! needle and haystack, with O(1) memory: a few KiB of stack for a sample.

use super::bulk::Hits;
use super::direction::{Direction, Window};
use super::pair::{self, Meter, Outcome, Probes, Subject};
use super::period::Stretch;
use super::trace::{Path, trace};
use super::vector::Isa;
use super::{dense, period, portable, rare, scalar, two_way};

/// The instruction sets that the kernel is compiled for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    #[cfg(target_arch = "x86_64")]
    Avx512(super::vector::Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(super::vector::Avx2),
    /// For memory that is not in the cache, as the next.
    #[cfg(target_arch = "x86_64")]
    FarAvx512(super::vector::Avx512<{ super::vector::AHEAD }>),
    #[cfg(target_arch = "x86_64")]
    FarAvx2(super::vector::Avx2<{ super::vector::AHEAD }>),
    #[cfg(target_arch = "x86_64")]
    Sse2(super::vector::Sse2),
    #[cfg(target_arch = "aarch64")]
    Neon(super::vector::Neon),
    #[allow(
        dead_code,
        reason = "all there is on other processors; on these only the tests ask for it"
    )]
    Portable,
}

impl Level {
    /// The best that this processor has.
    #[inline(always)]
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            match super::vector::Avx2::detect() {
                Some(avx2) => match super::vector::Avx512::detect(avx2) {
                    Some(avx512) => Self::Avx512(avx512),
                    None => Self::Avx2(avx2),
                },
                None => Self::Sse2(super::vector::Sse2),
            }
        }
        #[cfg(target_arch = "aarch64")]
        {
            Self::Neon(super::vector::Neon)
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        {
            Self::Portable
        }
    }

    /// Whether it asks for memory before it loads it.
    pub(super) fn asks_ahead(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return matches!(self, Self::FarAvx512(_) | Self::FarAvx2(_));
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// The same, asking for memory ahead, if the haystack is not all in the nearest cache and it pays.
    #[allow(unused_variables, reason = "only x86_64 has a choice")]
    pub(super) fn asking(self, policy: &Policy, haystack: &[u8]) -> Self {
        #[cfg(target_arch = "x86_64")]
        if haystack.len() > policy.near && super::vector::asking_pays() {
            return match self {
                Self::Avx512(avx512) => Self::FarAvx512(avx512.ahead()),
                Self::Avx2(avx2) => Self::FarAvx2(avx2.ahead()),
                _ => self,
            };
        }
        self
    }

    /// The best for a haystack of that length. Where it is not asked for, what comes from memory comes slower to
    /// loads of 64 bytes that cross lines of the cache than to loads of 32: a half, measured on Zen 5.
    pub(super) fn within(self, policy: &Policy, haystack: &[u8]) -> Self {
        match self.asking(policy, haystack) {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) if haystack.len() > policy.wide => Self::Avx2(avx512.narrow()),
            level => level,
        }
    }
}

/// The first match in order of `D`. The needle has a byte at least.
#[inline(always)]
pub(super) fn first<D: Direction>(
    level: Level,
    policy: &Policy,
    probes: Option<&Probes>,
    subject: Subject<'_>,
) -> Option<usize> {
    let mut hits = Hits::first();
    search::<D>(level, policy, probes, subject, &mut hits);
    hits.found()
}

/// When one strategy gives way to another. The tests have policies of their own, so that every
/// path is taken on inputs of a few hundred bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// Up to this many bytes of haystack the probes are the needle's ends: nothing is ranked.
    pub(super) tiny: usize,
    /// The starts in the head, or a 64th of all, up to 16 times this.
    pub(super) head: usize,
    /// In haystacks up to this length nothing is asked for ahead: the nearest cache has them.
    pub(super) near: usize,
    /// Haystacks up to this length are searched by the widest vectors in any case, and by memchr for one byte.
    pub(super) wide: usize,
    /// Alarms that the kernel may have, whatever it scanned, before it compares one probe more.
    pub(super) early: usize,
    /// Alarms that it may have with three probes and more before a sample is taken.
    pub(super) alarms: usize,
    /// Bytes that may be compared in vain, whatever was scanned.
    pub(super) work: usize,
    /// A sample must have this many starts left to pay for itself.
    pub(super) sample: usize,
    /// Starts between two samples, at first.
    pub(super) interval: usize,
    /// Haystacks from this length on are looked at for a byte that they lack.
    pub(super) rare: usize,
    /// The bytes that are looked at for that, and the starts that tell how dense matches are.
    pub(super) taste: usize,
    /// Starts for which a linear algorithm takes over, at first.
    pub(super) stretch: usize,
    /// Starts in a chunk of the portable reverse search.
    pub(super) chunk: usize,
}

impl Policy {
    /// Measured: see docs/search.md.
    pub(super) const DEFAULT: Self = Self {
        tiny: 512,
        head: 4 << 10,
        near: 32 << 10,
        wide: 1 << 20,
        early: 4,
        alarms: 128,
        work: 64 << 10,
        sample: 32 << 10,
        interval: 64 << 10,
        rare: 32 << 10,
        taste: 4 << 10,
        stretch: 256 << 10,
        chunk: portable::CHUNK,
    };
}

/// Finds matches in order of `D` until `hits` has enough of them. The needle has a byte at least.
///
/// Returns the starts that are left: none, unless `hits` had enough.
#[inline(always)]
pub(super) fn search<D: Direction>(
    level: Level,
    policy: &Policy,
    probes: Option<&Probes>,
    subject: Subject<'_>,
    hits: &mut Hits<'_>,
) -> Window {
    let Subject { haystack, needle } = subject;
    if needle.len() > haystack.len() {
        return Window { lo: 0, hi: 0 };
    }
    let mut window = Window {
        lo: 0,
        hi: haystack.len() - needle.len() + 1,
    };
    if haystack.len() <= policy.tiny {
        let mut meter = Meter::new(window, usize::MAX, usize::MAX);
        let ends;
        let probes = if let Some(probes) = probes {
            probes
        } else {
            ends = Probes::ends(needle);
            &ends
        };
        run::<D>(
            level,
            policy,
            subject,
            probes,
            &mut window,
            &mut meter,
            hits,
        );
    } else {
        adapt::<D>(level, policy, probes, subject, &mut window, hits);
    }
    window
}

/// The search with all its strategies.
#[inline(never)]
fn adapt<D: Direction>(
    level: Level,
    policy: &Policy,
    probes: Option<&Probes>,
    subject: Subject<'_>,
    window: &mut Window,
    hits: &mut Hits<'_>,
) {
    let Subject { haystack, needle } = subject;
    if matches!(level, Level::Portable) {
        trace(Path::Portable);
        portable::scan::<D>(subject, policy.chunk, window, hits);
        return;
    }
    let mut probes = if let Some(probes) = probes {
        *probes
    } else {
        // Most of what is found is found early, and in less time than ranking takes.
        let ends = Probes::ends(needle).widened();
        let mut head = *window;
        let size = policy.head.max((head.len() / 64).min(16 * policy.head));
        if head.len() > 2 * size {
            head = D::stretch(head, size);
        }
        let mut gauge = Meter::new(head, policy.early, policy.work);
        let level = level.asking(policy, haystack);
        let outcome = run::<D>(level, policy, subject, &ends, &mut head, &mut gauge, hits);
        D::follow(window, head);
        if outcome == Outcome::Enough || window.len() == 0 {
            return;
        }
        match needle.len() {
            // There is hardly a choice.
            ..=3 => ends,
            _ => Probes::rarest(needle),
        }
    };
    let level = level.within(policy, haystack);
    let mut gauge = Meter::new(*window, policy.early, policy.work);
    let mut interval = policy.interval;
    let mut stretch = policy.stretch.max(16 * needle.len());
    let mut periodic = None;
    // The starts that must be left below this for the next sample.
    let mut next_sample = usize::MAX;

    let mut lone = (haystack.len() >= policy.rare && needle.len() > 1)
        .then(|| {
            let head = D::stretch(*window, policy.taste);
            dense::absent(&haystack[head.lo..head.hi], needle, probes.first())
        })
        .flatten();
    loop {
        let outcome = if let Some(position) = lone.take() {
            trace(Path::Rare);
            rare::scan::<D>(subject, position, window, &mut gauge, hits)
        } else {
            run::<D>(level, policy, subject, &probes, window, &mut gauge, hits)
        };
        match outcome {
            Outcome::Done | Outcome::Enough => return,
            Outcome::Crowded | Outcome::Overworked => {}
        }
        let left = window.len();
        if outcome == Outcome::Crowded
            && probes.can_widen()
            && (probes.eager < 3 || left < policy.sample)
        {
            // One more load a vector costs less than a false alarm every few KiB.
            probes = probes.widened();
            let cheap = probes.eager < 3 || left < policy.sample;
            let free = if cheap { policy.early } else { policy.alarms };
            gauge = Meter::new(*window, free, policy.work);
            continue;
        }
        if left >= policy.sample && left < next_sample && needle.len() > 2 {
            trace(Path::Sample);
            let choice = dense::choose::<D>(subject, *window, &gauge.missed);
            probes = choice.probes;
            lone = choice.first_is_absent.then(|| probes.first());
            next_sample = left.saturating_sub(interval);
            interval = interval.saturating_mul(2);
        } else if outcome == Outcome::Overworked {
            let mut part = D::stretch(*window, stretch);
            stretch = stretch.saturating_mul(2);
            let of_needle = *periodic.get_or_insert_with(|| Stretch::of(needle));
            let outcome = if let Some(of_needle) = of_needle {
                trace(Path::Period);
                period::scan::<D>(subject, of_needle, &mut part, hits)
            } else {
                trace(Path::TwoWay);
                two_way::scan::<D>(subject, &mut part, hits)
            };
            D::follow(window, part);
            if outcome == Outcome::Enough {
                return;
            }
        }
        gauge = Meter::new(*window, policy.alarms, policy.work);
    }
}

/// The kernel for the window, or what stands in for it when there are too few starts.
#[inline(always)]
fn run<D: Direction>(
    level: Level,
    policy: &Policy,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Outcome {
    let starts = subject.haystack.len() - subject.needle.len() + 1;
    #[cfg(target_arch = "x86_64")]
    let level = match level {
        Level::Avx512(avx512) if starts < 64 => Level::Avx2(avx512.narrow()),
        Level::FarAvx512(far) if starts < 64 => Level::Avx2(far.narrow()),
        Level::FarAvx2(far) if starts < 32 => Level::Avx2(far.near()),
        level => level,
    };
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(avx512) => {
            trace(Path::Avx512);
            // SAFETY: `avx512` exists, so this processor has AVX-512BW.
            unsafe { with_avx512::<_, D>(avx512, subject, probes, window, meter, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(avx2) if starts >= 32 => {
            trace(Path::Avx2);
            // SAFETY: `avx2` exists, so this processor has AVX2.
            unsafe { with_avx2::<_, D>(avx2, subject, probes, window, meter, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::FarAvx512(far) => {
            trace(Path::Far);
            // SAFETY: `far` exists, so this processor has AVX-512BW.
            unsafe { with_avx512::<_, D>(far, subject, probes, window, meter, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::FarAvx2(far) => {
            trace(Path::Far);
            // SAFETY: `far` exists, so this processor has AVX2.
            unsafe { with_avx2::<_, D>(far, subject, probes, window, meter, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(_) if starts >= 16 => {
            trace(Path::Sse2);
            by_width::<_, D>(super::vector::Sse2, subject, probes, window, meter, hits)
        }
        #[cfg(target_arch = "x86_64")]
        Level::Sse2(sse2) if starts >= 16 => {
            trace(Path::Sse2);
            by_width::<_, D>(sse2, subject, probes, window, meter, hits)
        }
        #[cfg(target_arch = "aarch64")]
        Level::Neon(neon) if starts >= 16 => {
            trace(Path::Neon);
            by_width::<_, D>(neon, subject, probes, window, meter, hits)
        }
        Level::Portable if starts >= 16 => {
            trace(Path::Portable);
            portable::scan::<D>(subject, policy.chunk, window, hits)
        }
        _ => {
            trace(Path::Scalar);
            scalar::scan::<D>(subject, window, hits)
        }
    }
}

/// The kernel, compiled with AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn with_avx512<I: Isa, D: Direction>(
    avx512: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Outcome {
    by_width::<_, D>(avx512, subject, probes, window, meter, hits)
}

/// The kernel, compiled with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<I: Isa, D: Direction>(
    avx2: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Outcome {
    by_width::<_, D>(avx2, subject, probes, window, meter, hits)
}

/// The kernel for the number of probes that are compared for every start.
#[inline(always)]
fn by_width<I: Isa, D: Direction>(
    isa: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Outcome {
    match probes.eager {
        0 | 1 => pair::scan::<I, D, 1>(isa, subject, probes, window, meter, hits),
        2 => pair::scan::<I, D, 2>(isa, subject, probes, window, meter, hits),
        3 => {
            trace(Path::Dense);
            pair::scan::<I, D, 3>(isa, subject, probes, window, meter, hits)
        }
        4 => {
            trace(Path::Dense);
            pair::scan::<I, D, 4>(isa, subject, probes, window, meter, hits)
        }
        5 => {
            trace(Path::Dense);
            pair::scan::<I, D, 5>(isa, subject, probes, window, meter, hits)
        }
        _ => {
            trace(Path::Dense);
            pair::scan::<I, D, 6>(isa, subject, probes, window, meter, hits)
        }
    }
}
