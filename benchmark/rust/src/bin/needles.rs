//! Many needles: a pattern of a list beside the aho-corasick crate's ways, and Hyperscan.
//!
//! ```sh
//! cargo run --release --manifest-path benchmark/rust/Cargo.toml --no-default-features --features hyperscan \
//!     --bin needles -- [--quick] [--mib N] [--only TEXT] [--counts 2,16,1000] [--file PATH] [--making]
//! ```
//!
//! All ways must find the same matches; Hyperscan, which reports all that end, takes part with how long it needs only.
//! Times are processor time of the one thread, the best of the rounds, and ways alternate. `first` is the mean of
//! searches in haystacks of 64 bytes and of 4 KiB. `--file` measures over a file instead of what is made up.

#[path = "../clock.rs"]
mod clock;
#[allow(dead_code)]
#[path = "../haystacks.rs"]
mod haystacks;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind, packed};
use clock::processor_time;
use fmmap_core::pattern::{Needle, Options, Pattern, Progress, Span};
use haystacks::{Kind, Random};
use std::cell::RefCell;
use std::collections::HashSet;
use std::hint::black_box;

type Way<'a> = (&'static str, Box<dyn Fn(&[u8]) -> (u64, u64) + 'a>);

/// How needles are made.
#[derive(Clone, Copy, Debug)]
enum Made {
    /// Of syllables: few occur.
    Syllables,
    /// Of what the text has: all occur.
    Cut,
    /// Words that stand in the text, a step apart of all its words.
    Words,
    /// Letters of DNA.
    Bases,
}

fn needles(made: Made, count: usize, shortest: usize, haystack: &[u8]) -> Vec<Vec<u8>> {
    const SYLLABLES: &str =
        "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo zu an er in on st ch";
    if let Made::Words = made {
        return words(count, shortest, haystack);
    }
    let syllables: Vec<&str> = SYLLABLES.split(' ').collect();
    let mut random = Random::new(77 + count as u64);
    let (mut known, mut all) = (HashSet::new(), Vec::new());
    while all.len() < count {
        let needle: Vec<u8> = match made {
            Made::Syllables => {
                let len = shortest + random.below(5);
                let mut word = String::new();
                while word.len() < len {
                    word.push_str(syllables[random.below(syllables.len())]);
                }
                word.into_bytes()
            }
            Made::Cut | Made::Words => {
                let len = shortest + random.below(8);
                let at = random.below(haystack.len() - len);
                haystack[at..at + len].to_vec()
            }
            Made::Bases => {
                let len = shortest + random.below(8);
                (0..len).map(|_| b"ACGT"[random.below(4)]).collect()
            }
        };
        if known.insert(needle.clone()) {
            all.push(needle);
        }
    }
    all
}

/// So many of a text's words of at least so many letters; all if there are no more.
fn words(count: usize, shortest: usize, haystack: &[u8]) -> Vec<Vec<u8>> {
    let mut known = HashSet::new();
    let all: Vec<&[u8]> = haystack
        .split(|byte| !byte.is_ascii_alphanumeric())
        .filter(|word| word.len() >= shortest && known.insert(*word))
        .collect();
    let count = count.min(all.len());
    (0..count)
        .map(|word| all[word * all.len() / count].to_vec())
        .collect()
}

fn fold(sum: (u64, u64), start: usize, end: usize, which: usize) -> (u64, u64) {
    let mixed = (start as u64) << 20 ^ (end as u64) << 1 ^ (which as u64) << 44;
    (sum.0 + 1, sum.1.wrapping_mul(31).wrapping_add(mixed))
}

fn ours(set: &[Vec<u8>], ignore_case: bool) -> Pattern {
    let needles: Vec<Needle> = set.iter().map(|needle| Needle::Bytes(needle)).collect();
    let options = Options {
        ignore_case,
        ..Options::default()
    };
    Pattern::new(&needles, &options, &mut |_| None).expect("a list is taken")
}

fn automaton(set: &[Vec<u8>], kind: Option<AhoCorasickKind>, ignore_case: bool) -> AhoCorasick {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .kind(kind)
        .ascii_case_insensitive(ignore_case)
        .build(set)
        .expect("a list is taken")
}

fn found(pattern: &Pattern, spans: &RefCell<Vec<Span>>, haystack: &[u8]) -> (u64, u64) {
    let mut scan = pattern.scan(0, haystack.len());
    let (mut sum, mut spans) = ((0, 0), spans.borrow_mut());
    loop {
        let progress = scan.fill(haystack, usize::MAX, &mut spans, 4096);
        for span in spans.drain(..) {
            sum = fold(sum, span.start, span.end, span.pattern);
        }
        if progress == Progress::Done {
            return sum;
        }
    }
}

fn all_ways<'a>(set: &[Vec<u8>], ignore_case: bool) -> Vec<Way<'a>> {
    let mut ways: Vec<Way> = Vec::new();
    let pattern = ours(set, ignore_case);
    let spans = RefCell::new(Vec::with_capacity(4096));
    ways.push(("ours", Box::new(move |text| found(&pattern, &spans, text))));
    if !ignore_case
        && let Some(teddy) = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(set)
            .build()
    {
        let all = move |text: &[u8]| {
            teddy.find_iter(text).fold((0, 0), |sum, found| {
                fold(sum, found.start(), found.end(), found.pattern().as_usize())
            })
        };
        ways.push(("Teddy", Box::new(all)));
    }
    for (name, kind) in [
        ("auto", None),
        ("dfa", Some(AhoCorasickKind::DFA)),
        ("contiguous", Some(AhoCorasickKind::ContiguousNFA)),
    ] {
        let automaton = automaton(set, kind, ignore_case);
        let all = move |text: &[u8]| {
            automaton.find_iter(text).fold((0, 0), |sum, found| {
                fold(sum, found.start(), found.end(), found.pattern().as_usize())
            })
        };
        ways.push((name, Box::new(all)));
    }
    #[cfg(feature = "hyperscan")]
    {
        let database = hyperscan::Database::new(set, ignore_case);
        ways.push(("Hyperscan", Box::new(move |text| database.count(text))));
    }
    ways
}

/// The best processor time of each way, in seconds, and what it found.
fn clocked(ways: &[Way], text: &[u8], rounds: usize) -> Vec<(f64, (u64, u64))> {
    let mut best = vec![(f64::MAX, (0, 0)); ways.len()];
    for round in 0..rounds {
        for (way, best) in ways.iter().zip(&mut best) {
            if round > 1 && best.0 > 0.5 {
                continue;
            }
            let start = processor_time();
            let sum = black_box((way.1)(black_box(text)));
            *best = (best.0.min(processor_time() - start), sum);
        }
    }
    best
}

fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

fn making(counts: &[usize], text: &[u8]) {
    println!("making, ms: needles | ours, ours without case | aho-corasick, its dfa | Hyperscan");
    for &count in counts {
        let set = needles(Made::Syllables, count, 6, text);
        let best = |make: &dyn Fn()| {
            let once = || {
                let start = processor_time();
                make();
                processor_time() - start
            };
            (0..7).map(|_| once()).fold(f64::MAX, f64::min) * 1e3
        };
        let figures = [
            best(&|| drop(black_box(ours(&set, false)))),
            best(&|| drop(black_box(ours(&set, true)))),
            best(&|| drop(black_box(automaton(&set, None, false)))),
            best(&|| {
                drop(black_box(automaton(
                    &set,
                    Some(AhoCorasickKind::DFA),
                    false,
                )))
            }),
            #[cfg(feature = "hyperscan")]
            best(&|| drop(black_box(hyperscan::Database::new(&set, false)))),
        ];
        println!(
            "{count:6} | {}",
            figures.map(|figure| format!("{figure:.2}")).join(", ")
        );
    }
}

fn main() {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let mib: usize = option("--mib").map_or(if is_quick { 4 } else { 32 }, |mib| {
        mib.parse().expect("a number")
    });
    let counts: Vec<usize> = option("--counts")
        .unwrap_or_else(|| "2,8,16,64,100,500,1000,10000".into())
        .split(',')
        .map(|count| count.parse().expect("numbers"))
        .collect();
    let only = option("--only").unwrap_or_default();
    let rounds = if is_quick { 2 } else { 5 };
    if std::env::args().any(|argument| argument == "--making") {
        return making(&counts, &Kind::Log.make(1 << 20));
    }
    let texts: Vec<(String, Vec<u8>)> = match option("--file") {
        Some(path) => {
            let mut text = std::fs::read(&path).expect("a file");
            text.truncate(mib << 20);
            vec![("file".into(), text)]
        }
        None => [
            Kind::Log,
            Kind::Source,
            Kind::Random,
            Kind::Dna,
            Kind::Json,
            Kind::Csv,
        ]
        .iter()
        .map(|kind| (kind.name().to_string(), kind.make(mib << 20)))
        .collect(),
    };
    let mut worst = Vec::new();
    println!(
        "text, needles of at least, how made | GB/s of each way; ours over the best other | matches"
    );
    for (name, text) in &texts {
        let is_dna = name.as_str() == "DNA";
        let kinds: &[(Made, usize, bool)] = if is_dna {
            &[
                (Made::Bases, 12, false),
                (Made::Cut, 20, false),
                (Made::Bases, 8, false),
            ]
        } else {
            &[
                (Made::Syllables, 4, false),
                (Made::Syllables, 6, false),
                (Made::Cut, 8, false),
                (Made::Cut, 24, false),
                (Made::Syllables, 6, true),
                (Made::Words, 2, false),
                (Made::Words, 4, false),
                (Made::Words, 4, true),
            ]
        };
        for &(made, shortest, ignore_case) in kinds {
            for &count in &counts {
                let title = format!(
                    "{name} {count} {shortest} {made:?}{}",
                    if ignore_case { " i" } else { "" }
                );
                if !only.split(' ').all(|word| title.contains(word)) {
                    continue;
                }
                let set = needles(made, count, shortest, text);
                if set.len() < 2 {
                    continue;
                }
                let ways = all_ways(&set, ignore_case);
                let all = clocked(&ways, text, rounds);
                let mut line = format!("{title:34} |");
                for (way, (time, sum)) in ways.iter().zip(&all) {
                    assert!(
                        *sum == all[0].1 || way.0 == "Hyperscan",
                        "{title}: {} finds {sum:?}, not {:?}",
                        way.0,
                        all[0].1
                    );
                    line.push_str(&format!(" {} {:.2}", way.0, text.len() as f64 / time / 1e9));
                }
                let ratio = |all: &[(f64, (u64, u64))]| {
                    all[1..].iter().map(|one| one.0).fold(f64::MAX, f64::min) / all[0].0
                };
                let mut ratios = vec![ratio(&all)];
                line.push_str(&format!("; {:.2}", ratios[0]));
                if ways.iter().any(|way| way.0 == "Hyperscan") {
                    line.push_str(&format!(
                        " ({:.2} without Hyperscan)",
                        ratio(&all[..all.len() - 1])
                    ));
                }
                line.push_str(&format!(" | {}; small:", all[0].1.0));
                // Haystacks that are searched from their start, and end soon.
                for len in [64, 4096] {
                    let small = |text: &[u8]| {
                        text.chunks_exact(len)
                            .take((256 << 10) / len)
                            .map(<[u8]>::to_vec)
                            .collect::<Vec<_>>()
                    };
                    let pieces = small(text);
                    let times: Vec<f64> = ways
                        .iter()
                        .map(|way| {
                            let once = || {
                                let start = processor_time();
                                for piece in &pieces {
                                    black_box((way.1)(black_box(piece)));
                                }
                                processor_time() - start
                            };
                            (0..3).map(|_| once()).fold(f64::MAX, f64::min) / pieces.len() as f64
                        })
                        .collect();
                    let least = times[1..].iter().copied().fold(f64::MAX, f64::min);
                    ratios.push(least / times[0]);
                    line.push_str(&format!(
                        " {len}: {:.0} ns, {:.2}",
                        times[0] * 1e9,
                        least / times[0]
                    ));
                }
                println!("{line}");
                worst.push((ratios[0], title));
            }
        }
    }
    worst.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mean = (worst.iter().map(|row| row.0.ln()).sum::<f64>() / worst.len() as f64).exp();
    println!("geometric mean {mean:.2}; the worst rows:");
    for (ratio, title) in worst.iter().take(12) {
        println!("  {ratio:.2} {title}");
    }
}

/// As little of Hyperscan as is needed.
#[cfg(feature = "hyperscan")]
mod hyperscan {
    use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};
    use std::ptr::{null, null_mut};

    type OnMatch =
        unsafe extern "C" fn(c_uint, c_ulonglong, c_ulonglong, c_uint, *mut c_void) -> c_int;

    #[link(name = "hs")]
    unsafe extern "C" {
        fn hs_compile_lit_multi(
            literals: *const *const c_char,
            flags: *const c_uint,
            ids: *const c_uint,
            lens: *const usize,
            count: c_uint,
            mode: c_uint,
            platform: *const c_void,
            database: *mut *mut c_void,
            error: *mut *mut c_void,
        ) -> c_int;
        fn hs_alloc_scratch(database: *const c_void, scratch: *mut *mut c_void) -> c_int;
        fn hs_scan(
            database: *const c_void,
            text: *const c_char,
            len: c_uint,
            flags: c_uint,
            scratch: *mut c_void,
            on_match: Option<OnMatch>,
            context: *mut c_void,
        ) -> c_int;
        fn hs_free_database(database: *mut c_void) -> c_int;
        fn hs_free_scratch(scratch: *mut c_void) -> c_int;
    }

    /// Needles, made ready.
    pub struct Database {
        database: *mut c_void,
        scratch: *mut c_void,
    }

    unsafe extern "C" fn count(
        _: c_uint,
        _: c_ulonglong,
        _: c_ulonglong,
        _: c_uint,
        context: *mut c_void,
    ) -> c_int {
        // SAFETY: `Database::count` passes its own number.
        unsafe { *context.cast::<u64>() += 1 };
        0
    }

    impl Database {
        pub fn new(set: &[Vec<u8>], ignore_case: bool) -> Self {
            let literals: Vec<*const c_char> = set.iter().map(|one| one.as_ptr().cast()).collect();
            let lens: Vec<usize> = set.iter().map(Vec::len).collect();
            let flags = vec![c_uint::from(ignore_case); set.len()];
            let ids: Vec<c_uint> = (0..set.len() as c_uint).collect();
            let (mut database, mut scratch, mut error) = (null_mut(), null_mut(), null_mut());
            // SAFETY: the lists live through the call, and each has an element for each needle.
            let answer = unsafe {
                hs_compile_lit_multi(
                    literals.as_ptr(),
                    flags.as_ptr(),
                    ids.as_ptr(),
                    lens.as_ptr(),
                    set.len() as c_uint,
                    1,
                    null(),
                    &raw mut database,
                    &raw mut error,
                )
            };
            assert_eq!(answer, 0, "Hyperscan takes the list");
            // SAFETY: the database has been made.
            assert_eq!(unsafe { hs_alloc_scratch(database, &raw mut scratch) }, 0);
            Self { database, scratch }
        }

        /// All that end, without their starts.
        pub fn count(&self, text: &[u8]) -> (u64, u64) {
            let mut matches = 0_u64;
            // SAFETY: database and scratch belong together; the text and the number live through the call.
            let answer = unsafe {
                hs_scan(
                    self.database,
                    text.as_ptr().cast(),
                    text.len() as c_uint,
                    0,
                    self.scratch,
                    Some(count),
                    (&raw mut matches).cast(),
                )
            };
            assert_eq!(answer, 0);
            (matches, 0)
        }
    }

    impl Drop for Database {
        fn drop(&mut self) {
            // SAFETY: nobody else has it.
            unsafe { hs_free_scratch(self.scratch) };
            // SAFETY: as above.
            unsafe { hs_free_database(self.database) };
        }
    }
}
