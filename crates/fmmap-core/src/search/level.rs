//! Which instruction set searches a haystack, and when one strategy gives way to another.

use super::portable;
use super::vector::Isa;

/// The instruction sets that the kernel is compiled for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    #[cfg(target_arch = "x86_64")]
    Avx512(super::vector::Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(super::vector::Avx2),
    /// Asks for memory ahead of the loads, as the next does: for more than the nearest cache holds.
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
    #[allow(
        clippy::match_like_matches_macro,
        clippy::match_single_binding,
        reason = "only x86_64 has levels that do"
    )]
    pub(super) fn asks_ahead(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::FarAvx512(_) | Self::FarAvx2(_) => true,
            _ => false,
        }
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

    /// The same with vectors of 32 bytes at most, which asks for nothing ahead.
    #[inline(always)]
    #[allow(clippy::match_single_binding, reason = "only x86_64 has a choice")]
    pub(super) fn usual(self) -> Self {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => Self::Avx2(avx512.narrow()),
            #[cfg(target_arch = "x86_64")]
            Self::FarAvx512(far) => Self::Avx2(far.narrow()),
            #[cfg(target_arch = "x86_64")]
            Self::FarAvx2(far) => Self::Avx2(far.near()),
            level => level,
        }
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

/// What is compiled for each instruction set.
pub(super) trait Work {
    type Output;

    /// Does it; always inlined into a function that has the instructions.
    fn with<I: Isa>(self, isa: I) -> Self::Output;
}

/// Work that reads masks bit by bit.
impl Level {
    /// Does it by vectors, with the instructions that find and count bits; nothing where the processor lacks one.
    #[allow(unused_variables, reason = "on processors without vectors")]
    pub(super) fn with_bits<W: Work>(self, work: W) -> Option<W::Output> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) if counts_bits() => {
                // SAFETY: `avx512` exists, and the others were looked for.
                Some(unsafe { with_avx512(avx512, work) })
            }
            #[cfg(target_arch = "x86_64")]
            Self::FarAvx512(far) if counts_bits() => {
                // SAFETY: `far` exists, so AVX-512 does, and the others were looked for.
                Some(unsafe { with_avx512(far, work) })
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) if counts_bits() => {
                // SAFETY: `avx2` exists, and the others were looked for.
                Some(unsafe { with_avx2(avx2, work) })
            }
            #[cfg(target_arch = "x86_64")]
            Self::FarAvx2(far) if counts_bits() => {
                // SAFETY: `far` exists, so AVX2 does, and the others were looked for.
                Some(unsafe { with_avx2(far, work) })
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => Some(work.with(neon)),
            _ => None,
        }
    }
}

/// Work that is not worth a form for each width.
impl Level {
    /// Does it by vectors of a usual size; nothing where there are none.
    #[allow(
        unused_variables,
        clippy::unnecessary_wraps,
        reason = "other processors have no vectors"
    )]
    pub(super) fn with_some<W: Work>(self, work: W) -> Option<W::Output> {
        match self.usual() {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) if counts_bits() => {
                // SAFETY: `avx2` exists, and the others were looked for.
                Some(unsafe { with_avx2(avx2, work) })
            }
            #[cfg(target_arch = "x86_64")]
            _ => Some(work.with(super::vector::Sse2)),
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

/// Whether the processor has what makes offsets of masks fast: AVX2's generation has.
#[cfg(target_arch = "x86_64")]
fn counts_bits() -> bool {
    std::arch::is_x86_feature_detected!("popcnt")
        && std::arch::is_x86_feature_detected!("bmi1")
        && std::arch::is_x86_feature_detected!("lzcnt")
}

/// When one strategy gives way to another. The tests have policies of their own, so that every
/// path is taken on inputs of a few hundred bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// Up to this many bytes of haystack the probes are the needle's ends: nothing is ranked.
    pub(super) tiny: usize,
    /// The starts in the head, or a 64th of all, up to four times this.
    pub(super) head: usize,
    /// In haystacks up to this length nothing is asked for ahead: the nearest cache has them.
    pub(super) near: usize,
    /// Haystacks up to this length are searched by the widest vectors in any case, with two or three probes by the
    /// kernel for what the caches hold, and by memchr for one byte.
    pub(super) wide: usize,
    /// Alarms that the kernel may have, whatever it scanned, before it compares one probe more.
    pub(super) early: usize,
    /// Starts in the head for each of which it may have one more.
    pub(super) patience: usize,
    /// Starts that further probes may have to look at, whatever was scanned.
    pub(super) doubts: usize,
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
        head: 16 << 10,
        near: 32 << 10,
        wide: 1 << 20,
        early: 4,
        patience: 512,
        doubts: 4 << 10,
        alarms: 64,
        work: 64 << 10,
        sample: 8 << 10,
        interval: 64 << 10,
        rare: 32 << 10,
        taste: 4 << 10,
        stretch: 256 << 10,
        chunk: portable::CHUNK,
    };
}
