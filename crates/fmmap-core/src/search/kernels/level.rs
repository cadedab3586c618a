//! Which instruction set searches a haystack, and when one strategy gives way to another.

use super::policy::Policy;
use crate::search::lanes::Isa;
#[cfg(target_arch = "aarch64")]
use crate::search::lanes::Neon;
#[cfg(target_arch = "x86_64")]
use crate::search::lanes::{Avx2, Avx512, Sse2, asking_pays};

/// The instruction sets that the kernel is compiled for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Sse2(Sse2),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    #[allow(
        dead_code,
        reason = "all there is on other processors; on these only the tests ask for it"
    )]
    Portable,
}

impl Level {
    /// The best that this processor has.
    #[inline(always)]
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            match Avx2::detect() {
                Some(avx2) => match Avx512::detect(avx2) {
                    Some(avx512) => Self::Avx512(avx512),
                    None => Self::Avx2(avx2),
                },
                None => Self::Sse2(Sse2),
            }
        }
        #[cfg(target_arch = "aarch64")]
        {
            Self::Neon(Neon)
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        {
            Self::Portable
        }
    }

    /// Whether it prefetches memory before it loads it.
    #[allow(
        clippy::match_single_binding,
        reason = "only x86_64 has levels that do"
    )]
    pub(crate) fn asks_ahead(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => avx512.asks_ahead(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.asks_ahead(),
            _ => false,
        }
    }

    /// The same with prefetching, if the haystack is larger than the nearest cache and prefetching makes it faster.
    pub(crate) fn asking(self, policy: &Policy, haystack: &[u8]) -> Self {
        if haystack.len() > policy.near && asking_pays() {
            self.ahead()
        } else {
            self
        }
    }

    /// The same with prefetching, where there are instructions for it.
    #[inline(always)]
    #[allow(clippy::match_single_binding, reason = "only x86_64 has some")]
    pub(crate) fn ahead(self) -> Self {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => Self::Avx512(avx512.ahead()),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => Self::Avx2(avx2.ahead()),
            level => level,
        }
    }

    /// The same with vectors of at most 32 bytes and without prefetching.
    #[inline(always)]
    #[allow(clippy::match_single_binding, reason = "only x86_64 has a choice")]
    pub(crate) fn narrowed(self) -> Self {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => Self::Avx2(avx512.narrow()),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => Self::Avx2(avx2.near()),
            level => level,
        }
    }

    /// The best for a haystack of that length. Without prefetching, loads of 64 bytes that cross lines of the cache get
    /// less from memory than loads of 32: docs/search.md has the figures.
    pub(crate) fn within(self, policy: &Policy, haystack: &[u8]) -> Self {
        match self.asking(policy, haystack) {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) if haystack.len() > policy.wide && !avx512.asks_ahead() => {
                Self::Avx2(avx512.narrow())
            }
            level => level,
        }
    }
}

/// Nothing is prefetched on other processors.
#[cfg(not(target_arch = "x86_64"))]
fn asking_pays() -> bool {
    false
}

/// Work that is compiled once for each instruction set.
pub(crate) trait Work {
    type Output;

    /// Does the work. Always inlined into a function that is compiled with the instructions.
    fn with<I: Isa>(self, isa: I) -> Self::Output;
}

/// Work that reads masks bit by bit.
impl Level {
    /// Does it by vectors, with the instructions that find and count bits; nothing where the processor lacks one.
    #[allow(unused_variables, reason = "on processors without vectors")]
    pub(crate) fn with_bits<W: Work>(self, work: W) -> Option<W::Output> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) if counts_bits() => {
                // SAFETY: `avx512` exists, and the others were looked for.
                Some(unsafe { with_avx512(avx512, work) })
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) if counts_bits() => {
                // SAFETY: `avx2` exists, and the others were looked for.
                Some(unsafe { with_avx2(avx2, work) })
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => Some(work.with(neon)),
            _ => None,
        }
    }
}

/// Work that is compiled for vectors of one width only.
impl Level {
    /// Does it by vectors of at most 32 bytes; nothing where there are none.
    #[allow(
        unused_variables,
        clippy::unnecessary_wraps,
        reason = "other processors have no vectors"
    )]
    pub(crate) fn with_some<W: Work>(self, work: W) -> Option<W::Output> {
        match self.narrowed() {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) if counts_bits() => {
                // SAFETY: `avx2` exists, and the others were looked for.
                Some(unsafe { with_avx2(avx2, work) })
            }
            #[cfg(target_arch = "x86_64")]
            _ => Some(work.with(Sse2)),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => Some(work.with(neon)),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Portable => None,
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,popcnt,bmi1,lzcnt")]
fn with_avx512<I: Isa, W: Work>(avx512: I, work: W) -> W::Output {
    work.with(avx512)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt,bmi1,lzcnt")]
fn with_avx2<I: Isa, W: Work>(avx2: I, work: W) -> W::Output {
    work.with(avx2)
}

/// Whether the processor has the instructions that turn masks into offsets fast. Processors with AVX2 have them.
#[cfg(target_arch = "x86_64")]
fn counts_bits() -> bool {
    std::arch::is_x86_feature_detected!("popcnt")
        && std::arch::is_x86_feature_detected!("bmi1")
        && std::arch::is_x86_feature_detected!("lzcnt")
}
