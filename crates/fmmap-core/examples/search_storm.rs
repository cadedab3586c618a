//! Runs random cases through every search strategy, in both directions, against a plain oracle.
//!
//! ```sh
//! cargo run --release -p fmmap-core --features testing --example search_storm -- [cases] [seed] [threads]
//! ```
//!
//! A case is a haystack, a needle, a strategy and a direction; all matches that do not overlap must
//! be those of the oracle. Strategies take turns. Prints the first case that differs and exits 1.

use fmmap_core::search::testing::{Random, STRATEGIES, case, counted, matches, oracle};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The longest haystack: several blocks of every kernel.
const LONGEST: usize = 600;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| match arguments.next() {
        Some(text) => text.replace('_', "").parse(),
        None => Ok(default),
    };
    let (cases, seed, threads) = (number(1_000_000)?, number(1)?, number(2)?.max(1));
    let begin = Instant::now();
    let failed = AtomicBool::new(false);
    let mut taken = [0_u64; STRATEGIES.len()];
    let mut found = 0;
    std::thread::scope(|scope| {
        let failed = &failed;
        let workers: Vec<_> = (0..threads)
            .map(|i| {
                let share = cases / threads + u64::from(i < cases % threads);
                scope.spawn(move || storm(seed.wrapping_mul(1 << 20) + i, share, failed))
            })
            .collect();
        for worker in workers {
            match worker.join() {
                Ok((counts, matches)) => {
                    for (sum, count) in taken.iter_mut().zip(counts) {
                        *sum += count;
                    }
                    found += matches;
                }
                Err(_) => failed.store(true, Ordering::Relaxed),
            }
        }
    });
    let mut line = String::new();
    for (strategy, count) in STRATEGIES.iter().zip(taken) {
        write!(line, " {strategy:?} {count}")?;
    }
    let total: u64 = taken.iter().sum();
    let seconds = begin.elapsed().as_secs_f64();
    println!("seed {seed}: {total} cases, {found} matches, {seconds:.0} s;{line}");
    if failed.load(Ordering::Relaxed) {
        return Err("an answer differs from the oracle's".into());
    }
    Ok(())
}

/// Runs `share` cases. Returns how many each strategy had, and how many matches there were.
fn storm(seed: u64, share: u64, failed: &AtomicBool) -> ([u64; STRATEGIES.len()], u64) {
    let mut random = Random::new(seed);
    let (mut haystack, mut needle, mut out) = (Vec::new(), Vec::new(), [0.0; LONGEST + 1]);
    let (mut counts, mut found) = ([0; STRATEGIES.len()], 0);
    let mut done = 0;
    while done < share && !failed.load(Ordering::Relaxed) {
        case(&mut random, LONGEST, &mut haystack, &mut needle);
        for reverse in [false, true] {
            let expected = oracle(reverse, &haystack, &needle, out.len());
            // Four strategies are tried with each case, because making a case costs more than searching it.
            for _ in 0..4 {
                let index = random.below(STRATEGIES.len());
                let strategy = STRATEGIES[index];
                let Some(count) = matches(strategy, reverse, &haystack, &needle, &mut out) else {
                    continue;
                };
                #[expect(clippy::cast_precision_loss, reason = "offsets below 600")]
                let same = count == expected.len()
                    && (reverse
                        || counted(strategy, &haystack, &needle).is_none_or(|all| all == count))
                    && out
                        .iter()
                        .zip(&expected)
                        .all(|(a, &b)| a.to_bits() == (b as f64).to_bits());
                if !same {
                    eprintln!(
                        "{strategy:?}, reverse {reverse}: {:?}, expected {expected:?}\nhaystack {:?}\nneedle {:?}",
                        &out[..count],
                        haystack.escape_ascii().to_string(),
                        needle.escape_ascii().to_string(),
                    );
                    failed.store(true, Ordering::Relaxed);
                }
                counts[index] += 1;
                found += count as u64;
                done += 1;
                if done == share {
                    return (counts, found);
                }
            }
        }
    }
    (counts, found)
}
