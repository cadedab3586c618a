//! The kernel of `pair` for each instruction set and number of probes, and what stands in for it where there are
//! too few starts.

use super::direction::{Direction, Window};
use super::hits::Hits;
use super::level::{Level, Policy};
use super::meter::{Meter, Outcome};
use super::pair;
use super::probes::{Probes, Subject};
use super::trace::{Path, trace};
use super::vector::Isa;
use super::{near, portable, scalar};

/// The forms of the kernel: for a tiny haystack, and for what the caches hold of a larger one, both of `near` and with
/// two probes or three; for all else, of `pair`.
pub(super) const TINY: u8 = 0;
pub(super) const NEAR: u8 = 1;
pub(super) const FAR: u8 = 2;

/// The kernel for the window, or what stands in for it when there are too few starts.
#[inline(always)]
pub(super) fn run<D: Direction, const FORM: u8>(
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
        Level::Avx512(_) | Level::FarAvx512(_) if starts < 64 => level.usual(),
        Level::FarAvx2(_) if starts < 32 => level.usual(),
        level => level,
    };
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(avx512) => {
            trace(Path::Avx512);
            // SAFETY: `avx512` exists, so this processor has AVX-512BW.
            unsafe { with_avx512::<_, D, FORM>(avx512, subject, probes, window, meter, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(avx2) if starts >= 32 => {
            trace(Path::Avx2);
            // SAFETY: `avx2` exists, so this processor has AVX2.
            unsafe { with_avx2::<_, D, FORM>(avx2, subject, probes, window, meter, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::FarAvx512(far) => {
            trace(Path::Far);
            // SAFETY: `far` exists, so this processor has AVX-512BW.
            unsafe { with_avx512::<_, D, FORM>(far, subject, probes, window, meter, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::FarAvx2(far) => {
            trace(Path::Far);
            // SAFETY: `far` exists, so this processor has AVX2.
            unsafe { with_avx2::<_, D, FORM>(far, subject, probes, window, meter, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(_) if starts >= 16 => {
            trace(Path::Sse2);
            with_baseline::<_, D, FORM>(super::vector::Sse2, subject, probes, window, meter, hits)
        }
        #[cfg(target_arch = "x86_64")]
        Level::Sse2(sse2) if starts >= 16 => {
            trace(Path::Sse2);
            with_baseline::<_, D, FORM>(sse2, subject, probes, window, meter, hits)
        }
        #[cfg(target_arch = "aarch64")]
        Level::Neon(neon) if starts >= 16 => {
            trace(Path::Neon);
            with_baseline::<_, D, FORM>(neon, subject, probes, window, meter, hits)
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

/// The kernel, compiled with what every processor of the architecture has. A call, as the others are: inlined, each
/// caller would have five kernels in it.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(never)]
fn with_baseline<I: Isa, D: Direction, const FORM: u8>(
    isa: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Outcome {
    by_width::<_, D, FORM>(isa, subject, probes, window, meter, hits)
}

/// The kernel, compiled with AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn with_avx512<I: Isa, D: Direction, const FORM: u8>(
    avx512: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Outcome {
    by_width::<_, D, FORM>(avx512, subject, probes, window, meter, hits)
}

/// The kernel, compiled with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<I: Isa, D: Direction, const FORM: u8>(
    avx2: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Outcome {
    by_width::<_, D, FORM>(avx2, subject, probes, window, meter, hits)
}

/// The kernel for the number of probes that are compared for every start.
#[inline(always)]
fn by_width<I: Isa, D: Direction, const FORM: u8>(
    isa: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Outcome {
    if FORM != FAR {
        trace(Path::Near);
        return match (FORM, probes.eager) {
            (TINY, 2) => near::scan::<I, D, 2, false>(isa, subject, probes, window, meter, hits),
            (TINY, _) => near::scan::<I, D, 3, false>(isa, subject, probes, window, meter, hits),
            (_, 2) => near::scan::<I, D, 2, true>(isa, subject, probes, window, meter, hits),
            _ => near::scan::<I, D, 3, true>(isa, subject, probes, window, meter, hits),
        };
    }
    match probes.eager {
        0 | 1 => pair::scan::<I, D, 1>(isa, subject, probes, window, meter, hits),
        2 => pair::scan::<I, D, 2>(isa, subject, probes, window, meter, hits),
        3 => {
            trace(Path::Dense);
            pair::scan::<I, D, 3>(isa, subject, probes, window, meter, hits)
        }
        4 | 5 => {
            trace(Path::Dense);
            pair::scan::<I, D, 4>(isa, subject, probes, window, meter, hits)
        }
        6..=11 => {
            trace(Path::Dense);
            pair::scan::<I, D, 6>(isa, subject, probes, window, meter, hits)
        }
        _ => {
            trace(Path::Twelve);
            pair::scan::<I, D, 12>(isa, subject, probes, window, meter, hits)
        }
    }
}
