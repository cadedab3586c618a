//! Records which strategies a search used, so that the tests can check that they covered all of them.

/// A strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "which of them there are depends on the processor, and who sees them on `testing`"
)]
pub enum Path {
    /// Start by start.
    Scalar,
    /// The kernel with 64 lanes.
    Avx512,
    /// The kernel with 32 lanes.
    Avx2,
    /// The kernel with 64 or 32 lanes that asks for memory ahead.
    Far,
    /// The kernel with 16 lanes on `x86_64`.
    Sse2,
    /// The kernel with 16 lanes on aarch64.
    Neon,
    /// The kernel for the first KiB.
    Near,
    /// The kernel with three probes and more.
    Dense,
    /// The kernel with twelve probes.
    Twelve,
    /// New probes from a sample.
    Sample,
    /// A scan for one byte.
    Rare,
    /// The search for periodic stretches.
    Period,
    /// Two-Way.
    TwoWay,
    /// The memchr crate's finders.
    Portable,
    /// All occurrences of one byte, in whole blocks.
    Bytes,
    /// The masks of a stretch, then its candidates.
    Collect,
    /// The same for runs of one byte, whose matches are chosen a mask at a time.
    Same,
}

#[cfg(any(test, feature = "testing"))]
std::thread_local! {
    static TAKEN: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Records that a search of this thread used a strategy. Compiles to nothing outside of the tests.
#[inline(always)]
pub(crate) fn trace(path: Path) {
    #[cfg(any(test, feature = "testing"))]
    TAKEN.with(|taken| taken.set(taken.get() | 1 << path as u32));
    #[cfg(not(any(test, feature = "testing")))]
    let _ = path;
}

/// Whether this thread's searches took the path since the last [`forget`].
#[cfg(any(test, feature = "testing"))]
pub fn taken(path: Path) -> bool {
    TAKEN.with(|taken| taken.get() & 1 << path as u32 != 0)
}

/// Forgets the paths taken by this thread.
#[cfg(any(test, feature = "testing"))]
pub fn forget() {
    TAKEN.with(|taken| taken.set(0));
}
