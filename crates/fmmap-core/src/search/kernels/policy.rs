//! The thresholds at which one strategy gives way to another.

use super::portable;

/// When one strategy gives way to another. The tests have policies of their own, so that every
/// path is taken on inputs of a few hundred bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// In haystacks of up to this many bytes the needle's ends are the probes, and no bytes are ranked.
    pub(crate) tiny: usize,
    /// The number of starts in the head, or a 64th of all starts if that is more, but at most four times this number.
    pub(crate) head: usize,
    /// In haystacks up to this length nothing is prefetched, since they fit into the nearest cache.
    pub(crate) near: usize,
    /// Haystacks up to this length are always searched with the widest vectors: by the kernel for what the caches
    /// hold if there are two or three probes, and by memchr if the needle is one byte.
    pub(crate) wide: usize,
    /// False alarms that the kernel is always allowed, before it compares one probe more.
    pub(crate) early: usize,
    /// One more false alarm is allowed for this many starts of the head.
    pub(crate) patience: usize,
    /// Starts that further probes are always allowed to check.
    pub(crate) undecided: usize,
    /// False alarms that are allowed with three probes and more, before a sample is taken.
    pub(crate) alarms: usize,
    /// Bytes that may always be compared in vain.
    pub(crate) work: usize,
    /// A sample is taken only if this many starts are left, or it would cost more than it saves.
    pub(crate) sample: usize,
    /// Starts between the first two samples.
    pub(crate) interval: usize,
    /// Haystacks from this length on are checked for a byte of the needle that they lack.
    pub(crate) rare: usize,
    /// How many bytes are checked for that, and by how many starts the density of matches is judged.
    pub(crate) taste: usize,
    /// For how many starts a linear algorithm takes over for the first time.
    pub(crate) stretch: usize,
    /// Starts in a chunk of the portable reverse search.
    pub(crate) chunk: usize,
}

impl Policy {
    /// These values were measured: see docs/search.md.
    pub(crate) const DEFAULT: Self = Self {
        tiny: 512,
        head: 16 << 10,
        near: 32 << 10,
        wide: 1 << 20,
        early: 4,
        patience: 512,
        undecided: 4 << 10,
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
