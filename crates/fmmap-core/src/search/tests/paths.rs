//! Each strategy is used for the inputs that it was made for.

use super::super::lanes::{Meter, Window};
use super::super::testing::{Path, Random, Strategy, forget, matches, taken};
use super::{find, rfind};

/// The paths that a search of each direction takes; the needle must be absent.
fn paths(haystack: &[u8], needle: &[u8]) -> [Vec<Path>; 2] {
    [find, rfind].map(|search| {
        forget();
        assert_eq!(search(haystack, needle), None);
        [
            Path::Scalar,
            Path::Avx512,
            Path::Avx2,
            Path::Far,
            Path::Sse2,
            Path::Neon,
            Path::Near,
            Path::Dense,
            Path::Twelve,
            Path::Sample,
            Path::Rare,
            Path::Period,
            Path::TwoWay,
            Path::Portable,
            Path::Bytes,
            Path::Collect,
            Path::Same,
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
    if let Some(avx2) = super::super::lanes::Avx2::detect() {
        return match super::super::lanes::Avx512::detect(avx2) {
            Some(_) => Path::Avx512,
            None => Path::Avx2,
        };
    }
    Path::Sse2
}

/// The kernel that this processor uses for a haystack of more than the nearest cache.
fn far_kernel() -> Path {
    #[cfg(target_arch = "x86_64")]
    if kernel() != Path::Sse2 && super::super::lanes::asking_pays() {
        return Path::Far;
    }
    kernel()
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
    assert_paths(&[b'a'; 300], b"needle", &[kernel(), Path::Near]);
}

#[test]
fn a_byte_that_the_haystack_lacks_is_scanned_for() {
    // After the head, with the needle's ends and middle.
    let paths = [far_kernel(), Path::Near, Path::Rare];
    assert_paths(&random(100_000, b"abcdef"), b"abcz", &paths);
}

#[test]
fn a_byte_that_is_rare_only_at_first_gives_way_to_the_kernel() {
    let mut haystack = random(200_000, b"abcdefghijklmnopqrstuvwxyz");
    haystack[40_000..160_000].fill(b'Z');
    let [forward, reverse] = paths(&haystack, b"quickZb");
    for taken in [forward, reverse] {
        assert!(
            taken.contains(&Path::Rare) && taken.contains(&far_kernel()),
            "{taken:?}"
        );
    }
}

#[test]
fn small_alphabets_get_a_sample_and_dense_probes() {
    let haystack = random(300_000, b"ACGT");
    let needle = random(24, b"TGCA");
    assert_paths(
        &haystack,
        &needle,
        &[far_kernel(), Path::Near, Path::Dense, Path::Sample],
    );
}

#[test]
fn a_head_with_many_candidates_gets_a_sample_at_once() {
    // Bytes that are rare in most files are frequent here, and the other way round. With fixed probes, three would be
    // tried first.
    let mut haystack = random(300_000, b"ZQXJ");
    for (i, at) in (0..haystack.len()).step_by(331).enumerate() {
        haystack[at] = b"et"[i % 2];
    }
    let mut needle = random(40, b"QZJX");
    (needle[9], needle[29]) = (b'e', b't');
    assert_paths(
        &haystack,
        &needle,
        &[far_kernel(), Path::Near, Path::Sample],
    );
}

#[test]
fn zero_is_not_taken_for_a_rare_byte() {
    let wide = |text: &[u8]| -> Vec<u8> { text.iter().flat_map(|&byte| [byte, 0]).collect() };
    let letters: Vec<u8> = (b'0'..=b'z').collect();
    let haystack = wide(&random(150_000, &letters));
    assert_paths(&haystack, &wide(b"aQ7xZt"), &[far_kernel(), Path::Near]);
}

/// The paths that a prepared search, which has no head, takes past everything.
fn paths_of_a_finder(haystack: &[u8], needle: &[u8], of: &[Path]) -> [Vec<Path>; 2] {
    [false, true].map(|reverse| {
        forget();
        let mut finder = super::Finder::new(needle);
        let found = if reverse {
            finder.rfind(haystack)
        } else {
            finder.find(haystack)
        };
        assert_eq!(found, None);
        of.iter().copied().filter(|&path| taken(path)).collect()
    })
}

#[test]
fn what_the_caches_hold_is_searched_nearby() {
    let haystack = random((1 << 20) + 1, b"abcdefghijklmnopqrstuvwxyz");
    let needle = b"quicklyjumping".as_slice();
    for (size, expected) in [(1 << 20, vec![Path::Near]), (haystack.len(), vec![])] {
        for taken in paths_of_a_finder(&haystack[..size], needle, &[Path::Near, Path::Sample]) {
            assert_eq!(taken, expected, "{size} bytes");
        }
    }
}

#[test]
fn candidates_that_further_probes_rule_out_are_too_many_at_some_time() {
    // In each block something differs from the needle in one byte only.
    let needle = b"abcQddddddddZefghi";
    let mut haystack = random(200_000, b"abcdefghi");
    for at in (0..haystack.len() - needle.len()).step_by(60) {
        haystack[at..at + needle.len()].copy_from_slice(needle);
        haystack[at + 5] = b'c';
    }
    let of = [Path::Near, Path::Sample];
    for taken in paths_of_a_finder(&haystack, needle, &of) {
        assert_eq!(taken, of);
    }
}

#[test]
fn two_letters_get_twelve_probes() {
    assert_paths(
        &random(300_000, b"01"),
        &random(40, b"10"),
        &[far_kernel(), Path::Near, Path::Twelve, Path::Sample],
    );
    // Too small for a sample: as many, evenly spread.
    assert_paths(
        &random(6_000, b"01"),
        &random(40, b"10"),
        &[kernel(), Path::Near, Path::Twelve],
    );
}

#[test]
fn a_finder_goes_on_with_the_probes_of_its_last_sample() {
    if kernel() == Path::Sse2 {
        return;
    }
    let haystack = random(1 << 20, b"ACGT");
    let needle = &haystack[700_000..700_040];
    let fresh = super::Finder::new(needle);
    let mut finder = fresh.by_ref();
    let mut samples = 0;
    for (index, piece) in haystack.chunks(1 << 17).enumerate() {
        forget();
        let expected = (index == 5).then_some(700_000 % (1 << 17));
        assert_eq!(finder.find(piece), expected);
        assert_eq!(finder.rfind(piece), expected);
        assert_eq!(finder.count(piece), usize::from(index == 5));
        samples += u32::from(taken(Path::Sample));
        assert!(taken(Path::Dense), "{index}");
    }
    assert_eq!(samples, 1);
    forget();
    assert_eq!(fresh.by_ref().find(&haystack), Some(700_000));
    assert!(taken(Path::Sample), "what one has learned is its own");
}

#[test]
fn one_odd_byte_in_a_long_period_gets_a_probe_of_its_own() {
    let haystack = vec![b'a'; 300_000];
    let mut needle = vec![b'a'; 3_000];
    // Not one of the evenly spread positions: only a failed comparison tells.
    needle[1_003] = b'e';
    let paths = [far_kernel(), Path::Near, Path::Sample, Path::Rare];
    assert_paths(&haystack, &needle, &paths);
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
    // The haystack has one defect, which each start that agrees with the needle's first part meets at another place.
    // The rest of the needle is no period, and there are too few starts for a sample to pay.
    let regular = |i: usize| if i % 100 == 50 { b'b' } else { b'a' };
    let mut needle: Vec<u8> = (0..200_000).map(regular).collect();
    for (k, block) in needle.chunks_mut(100).enumerate().skip(200).take(1_700) {
        block.fill(b'a');
        block[50 + k.count_ones() as usize * 7 % 40] = b'b';
    }
    let mut haystack: Vec<u8> = (0..207_000).map(regular).collect();
    haystack[15_000] = b'c';
    for mut taken in paths(&haystack, &needle) {
        // Whether more probes are tried before depends on the number of lanes.
        taken.retain(|path| ![Path::Dense, Path::Twelve].contains(path));
        assert_eq!(taken, [far_kernel(), Path::Near, Path::TwoWay]);
    }
}

/// Words, every `every`th of which is another.
fn words(n: usize, every: usize, word: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for at in 1.. {
        text.extend_from_slice(if at % every == 0 { word } else { b"lorem " });
        if text.len() >= n {
            break;
        }
    }
    text
}

#[test]
fn dense_matches_are_collected() {
    if kernel() == Path::Sse2 {
        return;
    }
    let long = b"ipsum ".repeat(9);
    for needle in [
        &b"is"[..],
        b"ipsi",
        b"ipsum ip",
        b"ii",
        b"ipsum et dolor",
        &long,
    ] {
        for (every, dense) in [(7, true), (1_000, false)] {
            let haystack = words(100_000, every, &[needle, b" "].concat());
            forget();
            let found = super::count(&haystack, needle);
            assert_eq!(taken(Path::Collect), dense, "{}", needle.escape_ascii());
            assert_eq!(found, haystack.len() / (6 * (every - 1) + needle.len() + 1));
            // A batch goes on where the one before has ended, at any match.
            let (mut out, mut all, mut from) = (vec![0.0; 300], 0, Some(0));
            while let Some(at) = from {
                let batch = super::Finder::new(needle).find_batch(&haystack[at..], 0, &mut out);
                all += batch.written;
                from = batch.next.map(|next| at + next);
            }
            assert_eq!(all, found);
        }
    }
}

#[test]
fn runs_of_one_byte_of_any_length_are_cut_into_matches() {
    let mut random = Random::new(26);
    let mut haystack = Vec::new();
    while haystack.len() < 200_000 {
        // Longer than a stretch and a batch now and then, and most of them shorter than a mask.
        let longest = [3, 9, 70, 300, 40_000][random.below(5)];
        haystack.extend(std::iter::repeat_n(b'a', random.below(longest)));
        haystack.push(b"bcd"[random.below(3)]);
    }
    for len in (2..=20).chain([31, 32, 33, 47, 62, 63, 64, 65]) {
        let needle = vec![b'a'; len];
        let expected: Vec<usize> = memchr::memmem::find_iter(&haystack, &needle).collect();
        forget();
        assert_eq!(super::count(&haystack, &needle), expected.len());
        let mask = if kernel() == Path::Neon { 16 } else { 64 };
        assert_eq!(
            taken(Path::Same),
            kernel() != Path::Sse2 && len <= mask,
            "{len}"
        );
        for strategy in [
            Strategy::Collect,
            Strategy::CollectAvx2,
            Strategy::CollectFar,
        ] {
            if let Some(counted) = super::super::testing::counted(strategy, &haystack, &needle) {
                assert_eq!(counted, expected.len(), "{strategy:?}, {len}");
            }
        }
        let mut finder = super::Finder::new(&needle);
        let (mut all, mut from) = (Vec::new(), Some(0));
        while let Some(at) = from {
            let mut out = vec![0.0; 1 + random.below(2_000)];
            let batch = finder.find_batch(&haystack[at..], at as u64, &mut out);
            all.extend(super::offsets(&out[..batch.written]));
            from = batch.next.map(|next| at + next);
        }
        assert_eq!(all, expected, "{len}");
    }
}

#[test]
fn dense_matches_that_turn_sparse_and_dense_again_are_all_found() {
    let mut haystack = words(200_000, 3, b"ipsum ");
    haystack.extend(words(2_000_000, 5_000, b"ipsum "));
    haystack.extend(words(200_000, 3, b"ipsum "));
    let expected = memchr::memmem::find_iter(&haystack, b"ipsum").count();
    assert_eq!(super::count(&haystack, b"ipsum"), expected);
}

#[test]
fn the_forced_strategies_are_what_they_say() {
    let haystack = random(300, b"ab");
    let mut out = [0.0; 301];
    for (strategy, path) in [
        (Strategy::Portable, Path::Portable),
        (Strategy::Dense(6), Path::Dense),
        (Strategy::Dense(12), Path::Twelve),
        #[cfg(target_arch = "x86_64")]
        (Strategy::Sse2, Path::Sse2),
        #[cfg(target_arch = "x86_64")]
        (Strategy::HastySse2, Path::Sse2),
    ] {
        for reverse in [false, true] {
            forget();
            matches(strategy, reverse, &haystack, b"abbaabbabaab", &mut out);
            assert!(taken(path), "{strategy:?} without {path:?}");
        }
    }
}

#[test]
fn one_byte_far_away_is_asked_for() {
    let mut haystack = vec![b'.'; (2 << 20) + 10];
    let middle = haystack.len() / 2;
    haystack[middle] = b'x';
    for search in [find, rfind] {
        forget();
        assert_eq!(search(&haystack, b"x"), Some(middle));
        assert_eq!(taken(Path::Far), far_kernel() == Path::Far);
        // A haystack that fits into the caches is left to memchr.
        forget();
        assert_eq!(search(&haystack[middle - 9..][..50], b"x"), Some(9));
        assert!(!taken(Path::Far));
    }
    assert_eq!(super::count(&haystack, b"."), haystack.len() - 1);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn asking_for_memory_can_be_forced() {
    if kernel() == Path::Sse2 {
        return;
    }
    let haystack = random(600, b"ab");
    let mut out = [0.0; 601];
    for (strategy, needle) in [
        (Strategy::Far, &b"abbaabba"[..]),
        (Strategy::FarAvx2, b"abbaabba"),
        (Strategy::Far, b"c"),
    ] {
        for reverse in [false, true] {
            forget();
            matches(strategy, reverse, &haystack, needle, &mut out[..1]);
            assert!(taken(Path::Far), "{strategy:?}");
        }
    }
    forget();
    matches(Strategy::CollectFar, false, &haystack, b"ab", &mut out);
    assert!(taken(Path::Collect));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn narrower_vectors_can_be_forced() {
    let haystack = random(290, b"ab");
    let mut out = [0.0; 291];
    for strategy in [Strategy::Avx2, Strategy::HastyAvx2] {
        for reverse in [false, true] {
            forget();
            matches(strategy, reverse, &haystack, b"abbaabbabaab", &mut out);
            assert!(!taken(Path::Avx512), "{strategy:?}");
            assert!(taken(Path::Avx2) || kernel() == Path::Sse2, "{strategy:?}");
        }
    }
}

#[test]
fn what_comes_from_memory_is_searched_by_narrower_vectors_or_asked_for() {
    // No byte of the needle is absent, and its letters are never as far apart.
    let mut haystack = vec![b'.'; (1 << 20) + 10];
    for at in (0..haystack.len() - 1).step_by(2_000) {
        haystack[at..at + 2].copy_from_slice(b"bc");
    }
    for taken in paths(&haystack, b"b..c") {
        // The head, and what is behind it.
        assert!(taken.contains(&far_kernel()), "{taken:?}");
        assert!(
            far_kernel() != Path::Avx512 || taken.contains(&Path::Avx2),
            "{taken:?}"
        );
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
        Path::Near,
        Path::Dense,
        Path::Sample,
        Path::Rare,
        Path::Period,
        Path::TwoWay,
    ] {
        assert!(taken(path), "{path:?}");
    }
}

#[test]
fn the_farthest_failure_is_remembered() {
    let mut meter = Meter::new(Window { lo: 0, hi: 100 }, 0, 0);
    for index in [3, 900, 5, 6, 7, 8] {
        meter.miss(index);
    }
    assert_eq!(meter.missed, [900, 7, 8, 5, 6]);
}
