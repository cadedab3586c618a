//! Runs `pair` or `near` with an instruction set and a number of probes: one compiled form for each.

use super::level::Level;
use super::policy::Policy;
use super::{near, pair, portable};
#[cfg(target_arch = "x86_64")]
use crate::search::lanes::Sse2;
use crate::search::lanes::{Direction, Isa, Outcome, Path, Probes, Task, trace};

/// The forms of the kernel: for a tiny haystack, and for what the caches hold of a larger one, both of `near` and with
/// two probes or three; for all else, of `pair`.
pub(crate) const TINY: u8 = 0;
pub(crate) const NEAR: u8 = 1;
pub(crate) const FAR: u8 = 2;

/// Runs the kernel on the task's window, by the widest vectors that the haystack has starts for.
///
/// # Panics
///
/// If there are fewer starts than the narrowest vectors have lanes: those are [`scalar`](super::scalar)'s.
#[inline(always)]
pub(crate) fn run<D: Direction, const FORM: u8>(
    level: Level,
    policy: &Policy,
    probes: &Probes,
    task: &mut Task<'_, '_, '_>,
) -> Outcome {
    #[cfg(target_arch = "x86_64")]
    let starts = task.subject.haystack.len() - task.subject.needle.len() + 1;
    #[cfg(target_arch = "x86_64")]
    let level = match level {
        Level::Avx512(_) if starts < 64 => level.narrowed(),
        level => level,
    };
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(avx512) => {
            trace(if avx512.asks_ahead() {
                Path::Far
            } else {
                Path::Avx512
            });
            // SAFETY: `avx512` exists, so this processor has AVX-512BW.
            unsafe { with_avx512::<_, D, FORM>(avx512, probes, task) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(avx2) if starts >= 32 => {
            trace(if avx2.asks_ahead() {
                Path::Far
            } else {
                Path::Avx2
            });
            // SAFETY: `avx2` exists, so this processor has AVX2.
            unsafe { with_avx2::<_, D, FORM>(avx2, probes, task) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(_) => {
            trace(Path::Sse2);
            with_baseline::<_, D, FORM>(Sse2, probes, task)
        }
        #[cfg(target_arch = "x86_64")]
        Level::Sse2(sse2) => {
            trace(Path::Sse2);
            with_baseline::<_, D, FORM>(sse2, probes, task)
        }
        #[cfg(target_arch = "aarch64")]
        Level::Neon(neon) => {
            trace(Path::Neon);
            with_baseline::<_, D, FORM>(neon, probes, task)
        }
        Level::Portable => {
            trace(Path::Portable);
            portable::scan::<D>(task.subject, policy.chunk, &mut task.window, task.hits)
        }
    }
}

/// The kernel, compiled with the instructions that every processor of the architecture has. Not inlined, as the others:
/// otherwise each caller would contain five kernels.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(never)]
fn with_baseline<I: Isa, D: Direction, const FORM: u8>(
    isa: I,
    probes: &Probes,
    task: &mut Task<'_, '_, '_>,
) -> Outcome {
    by_width::<_, D, FORM>(isa, probes, task)
}

/// The kernel, compiled with AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn with_avx512<I: Isa, D: Direction, const FORM: u8>(
    avx512: I,
    probes: &Probes,
    task: &mut Task<'_, '_, '_>,
) -> Outcome {
    by_width::<_, D, FORM>(avx512, probes, task)
}

/// The kernel, compiled with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<I: Isa, D: Direction, const FORM: u8>(
    avx2: I,
    probes: &Probes,
    task: &mut Task<'_, '_, '_>,
) -> Outcome {
    by_width::<_, D, FORM>(avx2, probes, task)
}

/// The kernel for the number of probes that are compared for every start.
#[inline(always)]
fn by_width<I: Isa, D: Direction, const FORM: u8>(
    isa: I,
    probes: &Probes,
    task: &mut Task<'_, '_, '_>,
) -> Outcome {
    if FORM != FAR {
        trace(Path::Near);
        return match (FORM, probes.eager) {
            (TINY, 2) => near::scan::<I, D, 2, false>(isa, probes, task),
            (TINY, _) => near::scan::<I, D, 3, false>(isa, probes, task),
            (_, 2) => near::scan::<I, D, 2, true>(isa, probes, task),
            _ => near::scan::<I, D, 3, true>(isa, probes, task),
        };
    }
    match probes.eager {
        0 | 1 => pair::scan::<I, D, 1>(isa, probes, task),
        2 => pair::scan::<I, D, 2>(isa, probes, task),
        3 => {
            trace(Path::Dense);
            pair::scan::<I, D, 3>(isa, probes, task)
        }
        4 | 5 => {
            trace(Path::Dense);
            pair::scan::<I, D, 4>(isa, probes, task)
        }
        6..=11 => {
            trace(Path::Dense);
            pair::scan::<I, D, 6>(isa, probes, task)
        }
        _ => {
            trace(Path::Twelve);
            pair::scan::<I, D, 12>(isa, probes, task)
        }
    }
}
