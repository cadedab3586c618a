//! Each strategy by itself, a plain oracle, and random cases: for the tests, the fuzz target and
//! `examples/search_storm.rs`. Not part of the crate's interface.

use super::bulk::{self, collect};
use super::engine::{self, rare};
use super::kernels::period::{self, Stretch};
use super::kernels::{Level, Policy, scalar, two_way};
use super::lanes::{
    Direction, Forward, Hits, MAX_PROBES, Meter, Outcome, Probes, Reverse, Subject, Task, Window,
};

pub use super::lanes::{Path, forget, taken};

/// How a search is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// As the crate's own functions do.
    Default,
    /// The same with every threshold at its lowest.
    Hasty,
    /// The same without AVX-512.
    HastyAvx2,
    /// The same without AVX2.
    HastySse2,
    /// As where memory is prefetched, on every processor with AVX2.
    Far,
    /// The same without AVX-512.
    FarAvx2,
    /// The kernel without AVX-512.
    Avx2,
    /// The kernel without AVX2.
    Sse2,
    /// The memchr crate's finders, in chunks as small as the needle allows.
    Portable,
    /// Start by start.
    Scalar,
    /// The kernel with this many probes at scattered positions.
    Dense(usize),
    /// A scan for the byte in the middle of the needle, however frequent it is.
    Rare,
    /// Two-Way.
    TwoWay,
    /// The search for periodic stretches, where the needle has one.
    Period,
    /// All occurrences of one byte, for needles of one byte.
    Bytes,
    /// The masks of a stretch, then its candidates: forward only.
    Collect,
    /// The same without AVX-512.
    CollectAvx2,
    /// The same where memory is prefetched.
    CollectFar,
}

/// All of them.
pub const STRATEGIES: [Strategy; 24] = [
    Strategy::Default,
    Strategy::Hasty,
    Strategy::HastyAvx2,
    Strategy::HastySse2,
    Strategy::Far,
    Strategy::FarAvx2,
    Strategy::Avx2,
    Strategy::Sse2,
    Strategy::Portable,
    Strategy::Scalar,
    Strategy::Dense(1),
    Strategy::Dense(2),
    Strategy::Dense(3),
    Strategy::Dense(4),
    Strategy::Dense(5),
    Strategy::Dense(6),
    Strategy::Dense(12),
    Strategy::Rare,
    Strategy::TwoWay,
    Strategy::Period,
    Strategy::Bytes,
    Strategy::Collect,
    Strategy::CollectAvx2,
    Strategy::CollectFar,
];

/// Every threshold at its lowest.
const HASTY: Policy = Policy {
    tiny: 0,
    head: 30,
    near: 300,
    wide: 400,
    early: 0,
    patience: 4096,
    undecided: 0,
    alarms: 0,
    work: 0,
    sample: 1,
    interval: 24,
    rare: 0,
    taste: 8,
    stretch: 1,
    chunk: 1,
};

/// Up to `out.len()` matches that do not overlap, from the front or from the back; how many.
///
/// `None` if the strategy can't search for this needle. The needle has one byte at least.
pub fn matches(
    strategy: Strategy,
    reverse: bool,
    haystack: &[u8],
    needle: &[u8],
    out: &mut [f64],
) -> Option<usize> {
    let subject = Subject { haystack, needle };
    if reverse {
        by::<Reverse>(strategy, subject, out)
    } else {
        by::<Forward>(strategy, subject, out)
    }
}

/// For strategies that count in another way than they note matches: how many they count from the
/// front.
pub fn counted(strategy: Strategy, haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let level = collect_level(strategy).filter(|_| collect::suits(needle))?;
    let mut hits = Hits::counted();
    let subject = Subject { haystack, needle };
    bulk::all(
        level,
        &HASTY,
        &mut Probes::rarest(needle),
        subject,
        &mut hits,
    );
    Some(hits.count)
}

fn collect_level(strategy: Strategy) -> Option<Level> {
    match strategy {
        Strategy::Collect => Some(Level::detect()),
        Strategy::CollectAvx2 => Some(without_avx512()),
        Strategy::CollectFar => Some(Level::detect().ahead()),
        _ => None,
    }
}

/// The instruction set and the policy of those strategies that differ in nothing else.
fn plain(strategy: Strategy) -> Option<(Level, &'static Policy)> {
    Some(match strategy {
        Strategy::Default => (Level::detect(), &Policy::DEFAULT),
        Strategy::Hasty => (Level::detect(), &HASTY),
        Strategy::HastyAvx2 => (without_avx512(), &HASTY),
        Strategy::HastySse2 => (without_avx2(), &HASTY),
        Strategy::Avx2 => (without_avx512(), &Policy::DEFAULT),
        Strategy::Sse2 => (without_avx2(), &Policy::DEFAULT),
        Strategy::Portable => (Level::Portable, &HASTY),
        Strategy::Far => (Level::detect().ahead(), &HASTY),
        Strategy::FarAvx2 => (without_avx512().ahead(), &HASTY),
        _ => return None,
    })
}

fn by<D: Direction>(strategy: Strategy, subject: Subject<'_>, out: &mut [f64]) -> Option<usize> {
    let Subject { haystack, needle } = subject;
    if strategy == Strategy::Bytes {
        let &[byte] = needle else { return None };
        return Some(bulk::bytes::<D>(byte, haystack, 0, out).written);
    }
    if let Some(level) = collect_level(strategy) {
        if !D::FORWARD || !collect::suits(needle) {
            return None;
        }
        // Room for a block's worth at the end, too.
        let mut wide = vec![0.0; haystack.len() + 200];
        let mut probes = Probes::rarest(needle);
        let mut hits = Hits::into_slice(&mut wide, 0);
        bulk::all(level, &HASTY, &mut probes, subject, &mut hits);
        let written = hits.count.min(out.len());
        out[..written].copy_from_slice(&wide[..written]);
        return Some(written);
    }
    let mut hits = Hits::into_slice(out, 0);
    let starts = (haystack.len() + 1).saturating_sub(needle.len());
    let mut window = Window { lo: 0, hi: starts };
    // One byte has no head.
    let mut one = Probes::new(needle, &[0], 1);
    let none = (needle.len() == 1).then_some(&mut one);
    let hits_ref = &mut hits;
    if let Some((level, policy)) = plain(strategy) {
        match *needle {
            // For one byte in a large haystack there is a way of its own, which finds one match.
            [byte] if level.asks_ahead() && hits_ref.limit == 1 => {
                if let Some(at) = rare::far_byte::<D>(level, policy, byte, haystack) {
                    hits_ref.record(at);
                }
            }
            _ => {
                engine::search::<D>(level, policy, none, subject, hits_ref);
            }
        }
        return Some(hits.count);
    }
    match strategy {
        Strategy::Scalar => {
            scalar::scan::<D>(subject, &mut window, hits_ref);
        }
        Strategy::Dense(number) => {
            // Scattered, and the same for the same needle.
            let mut positions = [0; MAX_PROBES];
            for (k, position) in positions.iter_mut().enumerate() {
                *position = (needle.len() * k / number + 7) % needle.len();
            }
            let mut probes = Probes::new(needle, &positions[..number.min(MAX_PROBES)], number);
            let policy = Policy {
                tiny: usize::MAX,
                ..HASTY
            };
            engine::search::<D>(
                Level::detect(),
                &policy,
                Some(&mut probes),
                subject,
                hits_ref,
            );
        }
        Strategy::Rare => {
            let mut task = Task {
                subject,
                window,
                meter: Meter::new(window, usize::MAX, usize::MAX),
                hits: hits_ref,
            };
            while rare::scan::<D>(needle.len() / 2, &mut task) == Outcome::Crowded {}
        }
        Strategy::TwoWay => {
            two_way::scan::<D>(subject, &mut window, hits_ref);
        }
        Strategy::Period => {
            let stretch = Stretch::of(needle)?;
            if starts > 0 {
                period::scan::<D>(subject, stretch, &mut window, hits_ref);
            }
        }
        _ => return None,
    }
    Some(hits.count)
}

fn without_avx512() -> Level {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = super::lanes::Avx2::detect() {
        return Level::Avx2(avx2);
    }
    Level::detect()
}

fn without_avx2() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        Level::Sse2(super::lanes::Sse2)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        Level::detect()
    }
}

/// What [`matches`] must answer: one start after the other, one byte after the other.
pub fn oracle(reverse: bool, haystack: &[u8], needle: &[u8], limit: usize) -> Vec<usize> {
    let (n, m) = (haystack.len(), needle.len());
    let mut found = Vec::new();
    let mut free = 0;
    for step in 0..(n + 1).saturating_sub(m) {
        let start = if reverse { n - m - step } else { step };
        if step >= free && found.len() < limit && haystack[start..start + m] == *needle {
            found.push(start);
            free = step + m;
        }
    }
    found
}

/// A small generator of random numbers (Marsaglia's xorshift64*).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        // Zero is the one state that it never leaves; neighbouring seeds should differ at once.
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..8 {
            random.next();
        }
        random
    }

    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        // The high bits are the good ones.
        usize::try_from((u128::from(self.next()) * bound as u128) >> 64).unwrap_or(0)
    }

    fn byte(&mut self, letters: usize) -> u8 {
        let byte = u8::try_from(self.below(letters)).unwrap_or(0);
        if letters <= 26 { b'a' + byte } else { byte }
    }
}

/// Fills the two with a random case: small alphabets, periodic strings with defects, needles taken
/// from the haystack and changed a little, planted matches.
pub fn case(random: &mut Random, longest: usize, haystack: &mut Vec<u8>, needle: &mut Vec<u8>) {
    // Small sizes are where the edges are.
    let bound = [20, 40, 80, 160, longest, longest][random.below(6)].min(longest);
    let len = random.below(bound + 1);
    let letters = [1, 2, 2, 3, 4, 26, 256][random.below(7)];
    haystack.clear();
    if random.below(2) == 0 {
        let bound = [3, 8, 40][random.below(3)];
        let period = 1 + random.below(bound);
        for i in 0..len {
            let byte = if i < period {
                random.byte(letters)
            } else {
                haystack[i - period]
            };
            haystack.push(byte);
        }
        mutate(random, haystack, letters);
    } else {
        haystack.extend((0..len).map(|_| random.byte(letters)));
    }
    needle.clear();
    let longest = [3, 8, 20, 40, 100, len + 2][random.below(6)];
    let want = 1 + random.below(longest);
    if random.below(4) > 0 && want <= len {
        let from = random.below(len - want + 1);
        needle.extend_from_slice(&haystack[from..from + want]);
        if random.below(2) == 0 {
            mutate(random, needle, letters);
        }
    } else {
        needle.extend((0..want).map(|_| random.byte(letters)));
    }
    // Plant the needle, at an end now and then.
    if needle.len() <= len && random.below(4) == 0 {
        let last = len - needle.len();
        let at = [0, last, random.below(last + 1)][random.below(3)];
        haystack[at..at + needle.len()].copy_from_slice(needle);
    }
}

fn mutate(random: &mut Random, bytes: &mut [u8], letters: usize) {
    for _ in 0..random.below(4) {
        if !bytes.is_empty() {
            let at = random.below(bytes.len());
            bytes[at] = random.byte(letters.max(2));
        }
    }
}
