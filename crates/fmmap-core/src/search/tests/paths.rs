//! Each strategy is really taken, and for the inputs that it was made for.

use super::super::testing::{Path, Random, Strategy, forget, matches, taken};
use super::{find, rfind};

/// The paths that a search of each direction takes; the needle must be absent.
fn paths(haystack: &[u8], needle: &[u8]) -> [Vec<Path>; 2] {
    [find, rfind].map(|search| {
        forget();
        assert_eq!(search(haystack, needle), None);
        [
            Path::Scalar,
            Path::Avx2,
            Path::Sse2,
            Path::Neon,
            Path::Dense,
            Path::Sample,
            Path::Rare,
            Path::Period,
            Path::TwoWay,
            Path::Portable,
        ]
        .into_iter()
        .filter(|&path| taken(path))
        .collect()
    })
}

fn assert_paths(haystack: &[u8], needle: &[u8], expected: &[Path]) {
    for taken in paths(haystack, needle) {
        assert_eq!(taken, expected, "needle {}", needle.escape_ascii());
    }
}

/// The kernel that this processor uses.
fn kernel() -> Path {
    if cfg!(target_arch = "aarch64") {
        return Path::Neon;
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return Path::Avx2;
    }
    Path::Sse2
}

fn random(n: usize, letters: &[u8]) -> Vec<u8> {
    let mut random = Random::new(3);
    (0..n)
        .map(|_| letters[random.below(letters.len())])
        .collect()
}

#[test]
fn few_starts_go_one_by_one() {
    assert_paths(b"a short line", b"lime", &[Path::Scalar]);
    assert_paths(&[b'a'; 200], &[b'b'; 190], &[Path::Scalar]);
}

#[test]
fn small_haystacks_go_to_the_kernel() {
    assert_paths(&[b'a'; 300], b"needle", &[kernel()]);
}

#[test]
fn a_byte_that_the_haystack_lacks_is_scanned_for() {
    assert_paths(&random(100_000, b"abcdef"), b"abcz", &[Path::Rare]);
}

#[test]
fn a_byte_that_is_rare_only_at_first_gives_way_to_the_kernel() {
    let mut haystack = random(200_000, b"abcdefghijklmnopqrstuvwxyz");
    haystack[20_000..180_000].fill(b'Z');
    let [forward, reverse] = paths(&haystack, b"quickZb");
    for taken in [forward, reverse] {
        assert!(
            taken.contains(&Path::Rare) && taken.contains(&kernel()),
            "{taken:?}"
        );
    }
}

#[test]
fn small_alphabets_get_a_sample_and_dense_probes() {
    let haystack = random(300_000, b"ACGT");
    let needle = random(24, b"TGCA");
    assert_paths(&haystack, &needle, &[kernel(), Path::Dense, Path::Sample]);
}

#[test]
fn one_odd_byte_in_a_long_period_gets_a_probe_of_its_own() {
    let haystack = vec![b'a'; 300_000];
    let mut needle = vec![b'a'; 3_000];
    // Not one of the evenly spread positions: only a failed comparison tells.
    needle[1_003] = b'e';
    assert_paths(&haystack, &needle, &[kernel(), Path::Sample, Path::Rare]);
}

/// Blocks of a period with a defect in each, so that every start agrees for a while and fails at
/// another place.
fn broken_period(n: usize, every: usize) -> Vec<u8> {
    let mut haystack: Vec<u8> = b"ab".iter().copied().cycle().take(n).collect();
    for at in (every..n).step_by(every) {
        haystack[at] ^= 3;
    }
    haystack
}

#[test]
fn periodic_needles_among_defects_go_to_the_search_for_periods() {
    let haystack = broken_period(400_000, 999);
    let needle = b"ab".repeat(500);
    for taken in paths(&haystack, &needle) {
        assert!(taken.contains(&Path::Period), "{taken:?}");
        assert!(!taken.contains(&Path::TwoWay), "{taken:?}");
    }
}

#[test]
fn what_defeats_all_else_goes_to_two_way() {
    // Odd bytes at places without a period, none among the first probes; too few starts for a
    // sample to pay.
    let needle: Vec<u8> = (0..8_000_u32)
        .map(|i| {
            if i > 255 && i.count_ones() == 3 {
                b'b'
            } else {
                b'a'
            }
        })
        .collect();
    assert_paths(&vec![b'a'; 30_000], &needle, &[kernel(), Path::TwoWay]);
}

#[test]
fn the_forced_strategies_are_what_they_say() {
    let haystack = random(300, b"ab");
    let mut out = [0.0; 301];
    for (strategy, path) in [
        (Strategy::Portable, Path::Portable),
        (Strategy::Dense(6), Path::Dense),
        #[cfg(target_arch = "x86_64")]
        (Strategy::Sse2, Path::Sse2),
        #[cfg(target_arch = "x86_64")]
        (Strategy::HastySse2, Path::Sse2),
    ] {
        for reverse in [false, true] {
            forget();
            matches(strategy, reverse, &haystack, b"abbaabba", &mut out);
            assert!(taken(path), "{strategy:?} without {path:?}");
        }
    }
}

#[test]
fn the_hasty_search_takes_every_path() {
    let mut random = Random::new(11);
    let (mut haystack, mut needle) = (Vec::new(), Vec::new());
    let mut out = [0.0; 400];
    forget();
    for _ in 0..2_000 {
        super::super::testing::case(&mut random, 320, &mut haystack, &mut needle);
        for reverse in [false, true] {
            matches(Strategy::Hasty, reverse, &haystack, &needle, &mut out);
        }
    }
    for path in [
        kernel(),
        Path::Scalar,
        Path::Dense,
        Path::Sample,
        Path::Rare,
        Path::Period,
        Path::TwoWay,
    ] {
        assert!(taken(path), "{path:?}");
    }
}
