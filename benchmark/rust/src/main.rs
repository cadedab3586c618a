//! The search of fmmap-core beside its peers: the memchr crate, glibc, stringzilla.
//!
//! ```sh
//! cargo run --release --manifest-path benchmark/rust/Cargo.toml -- [--quick] [--json FILE] [--only TEXT]
//! cargo run --release --manifest-path benchmark/rust/Cargo.toml -- --write FOLDER [--quick] [--only TEXT]
//! ```
//!
//! The second form writes the haystacks to files and prints a line of JSON for each row. `rivals.ts` uses these to
//! compare the same rows with other languages.
//!
//! Times are processor time of the one thread, so that a busy machine disturbs the ratios less; but memory bandwidth
//! that others use is missing all the same. The engines alternate, and must give the same answers. The program prints
//! the median and the best GB/s of each (GB are 10^9 bytes), and our speed as a multiple of each other's, as the
//! median of the rounds. "one byte" is memchr's scan of the same haystack for a byte that it lacks: this is the speed
//! at which the machine reads memory, and so the limit of any search.

mod clock;
mod haystacks;
mod rows;

use clock::processor_time;
use fmmap_core::search;
use haystacks::Kind;
use memchr::memmem;
use rows::{COUNTS, ROWS, Row};
use std::fmt::Write as _;
use std::hint::black_box;

/// The speed of one engine in one row.
struct Figure {
    row: String,
    haystack: String,
    needle: String,
    direction: &'static str,
    peer: &'static str,
    /// GB/s.
    median: f64,
    best: f64,
    /// The median time of a call in nanoseconds.
    nanoseconds: f64,
    /// Our speed divided by this one's, as the median of the rounds: a disturbance slows down both.
    ours_over: f64,
}

/// A figure that has to be at least another one.
struct Target {
    name: String,
    value: f64,
    least: f64,
    /// The worst row.
    at: String,
}

type Search<'a> = Box<dyn Fn(&[u8], &[u8]) -> Option<usize> + 'a>;

type Count<'a> = Box<dyn Fn() -> usize + 'a>;

struct Options {
    quick: bool,
    json: Option<String>,
    only: Option<String>,
    write: Option<String>,
}

impl Options {
    fn wants(&self, row: &Row) -> bool {
        let title = format!("{} {}", row.kind.name(), row.label);
        self.only
            .as_ref()
            .is_none_or(|only| title.contains(only.as_str()))
    }

    /// The length of a row's haystack. Haystacks that may take very long are shorter.
    fn len(&self, row: &Row, quick: usize, usual: usize) -> usize {
        row.len
            .unwrap_or(match (row.kind.adversarial(), self.quick) {
                (true, _) => 4 << 20,
                (false, true) => quick,
                (false, false) => usual,
            })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options {
        quick: false,
        json: None,
        only: None,
        write: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => options.quick = true,
            "--json" => options.json = arguments.next(),
            "--only" => options.only = arguments.next(),
            "--write" => options.write = arguments.next(),
            other => return Err(format!("unknown option {other}").into()),
        }
    }
    if let Some(folder) = &options.write {
        return write(folder, &options);
    }
    let mut figures = Vec::new();
    println!(
        "{:<24}{:<38}{:>8}{:>15}  {:>16}{:>16}{:>16}{:>16}   ours / each",
        "haystack", "needle", "", "fmmap", "one byte", "memmem", "glibc", "stringzilla"
    );
    let mut haystack: (Option<(Kind, usize)>, Vec<u8>) = (None, Vec::new());
    for (rows, counting) in [(ROWS, false), (COUNTS, true)] {
        for row in rows {
            if !options.wants(row) {
                continue;
            }
            let len = options.len(row, 48 << 20, 128 << 20);
            if haystack.0 != Some((row.kind, len)) {
                haystack = (Some((row.kind, len)), row.kind.make(len));
            }
            if counting {
                count_row(row, &haystack.1, &options, &mut figures);
            } else {
                for reverse in [false, true] {
                    search_row(row, reverse, &haystack.1, &options, &mut figures);
                }
            }
        }
    }
    let targets = summary(&figures);
    if let Some(path) = options.json {
        std::fs::write(path, json(&figures, &targets)?)?;
    }
    Ok(())
}

/// Writes the haystacks that are not empty, each once, and prints the rows.
fn write(folder: &str, options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut haystack: (Option<(Kind, usize)>, Vec<u8>) = (None, Vec::new());
    for row in ROWS {
        let len = options.len(row, 16 << 20, 64 << 20);
        if len == 0 || !options.wants(row) {
            continue;
        }
        let file = format!("{folder}/{:?}-{len}", row.kind);
        if haystack.0 != Some((row.kind, len)) {
            haystack = (Some((row.kind, len)), row.kind.make(len));
            std::fs::write(&file, &haystack.1)?;
        }
        let needle = row.needle.make(&haystack.1, row.label.len() as u64);
        let hex = needle.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        println!(
            "{{\"file\": {file:?}, \"kind\": {:?}, \"label\": {:?}, \"length\": {len}, \"needle\": \"{hex}\"}}",
            row.kind.name(),
            row.label,
        );
    }
    Ok(())
}

/// A byte that the haystack lacks.
fn absent_byte(haystack: &[u8]) -> Option<u8> {
    (0..=255)
        .rev()
        .find(|&byte| memchr::memchr(byte, haystack).is_none())
}

fn search_row(
    row: &Row,
    reverse: bool,
    haystack: &[u8],
    options: &Options,
    figures: &mut Vec<Figure>,
) {
    let needle = if haystack.is_empty() {
        row.needle.make(b"fox jumps", 1)
    } else {
        row.needle.make(haystack, row.label.len() as u64)
    };
    let lacking = absent_byte(haystack);
    let mut peers: Vec<(&'static str, Search<'_>)> = Vec::new();
    let (forward, backward) = (
        memmem::Finder::new(&needle),
        memmem::FinderRev::new(&needle),
    );
    if reverse {
        peers.push(("fmmap", Box::new(search::rfind)));
        if let Some(byte) = lacking {
            peers.push(("one byte", Box::new(move |h, _| memchr::memrchr(byte, h))));
        }
        peers.push((
            "memmem",
            Box::new(move |h, n| {
                // Small haystacks are searched by one-shot calls, including the setup, as ours are.
                if h.len() <= 4096 {
                    memmem::rfind(h, n)
                } else {
                    backward.rfind(h)
                }
            }),
        ));
        #[cfg(feature = "stringzilla")]
        peers.push(("stringzilla", Box::new(|h, n| stringzilla::sz::rfind(h, n))));
    } else {
        peers.push(("fmmap", Box::new(search::find)));
        if let Some(byte) = lacking {
            peers.push(("one byte", Box::new(move |h, _| memchr::memchr(byte, h))));
        }
        peers.push((
            "memmem",
            Box::new(move |h, n| {
                if h.len() <= 4096 {
                    memmem::find(h, n)
                } else {
                    forward.find(h)
                }
            }),
        ));
        peers.push(("glibc", Box::new(glibc)));
        #[cfg(feature = "stringzilla")]
        peers.push(("stringzilla", Box::new(|h, n| stringzilla::sz::find(h, n))));
    }
    let answer = (peers[0].1)(haystack, &needle);
    for (peer, search) in &peers[1..] {
        if *peer != "one byte" {
            assert_eq!(search(haystack, &needle), answer, "{} {peer}", row.label);
        }
    }
    let scanned = match answer {
        None => haystack.len(),
        Some(at) if reverse => haystack.len() - at,
        Some(at) => at + needle.len(),
    };
    let timed = alternate(&peers, options, |search, calls| {
        for _ in 0..calls {
            black_box(search(black_box(haystack), black_box(&needle)));
        }
    });
    let direction = if reverse { "rfind" } else { "find" };
    report(
        row,
        direction,
        haystack.len(),
        &needle,
        timed,
        |peer| {
            if peer == "one byte" {
                haystack.len()
            } else {
                scanned
            }
        },
        figures,
    );
}

fn count_row(row: &Row, haystack: &[u8], options: &Options, figures: &mut Vec<Figure>) {
    let needle = row.needle.make(haystack, 1);
    let finder = search::Finder::new(&needle);
    let peers: Vec<(&'static str, Count)> = vec![
        ("fmmap", Box::new(|| finder.by_ref().count(haystack))),
        (
            "fmmap batches",
            Box::new(|| {
                let (mut sum, mut from, mut out) = (0, 0, [0.0; 4096]);
                let mut finder = finder.by_ref();
                loop {
                    let batch = finder.find_batch(&haystack[from..], from as u64, &mut out);
                    sum += batch.written;
                    match batch.next {
                        Some(next) => from += next,
                        None => return sum,
                    }
                }
            }),
        ),
        (
            "memmem",
            Box::new(|| memmem::find_iter(haystack, &needle).count()),
        ),
    ];
    let answer = (peers[0].1)();
    for (peer, count) in &peers {
        assert_eq!(count(), answer, "{} {peer}", row.label);
    }
    let timed = alternate(&peers, options, |count, calls| {
        for _ in 0..calls {
            black_box(count());
        }
    });
    let row = Row {
        label: row.label,
        ..row.clone()
    };
    report(
        &row,
        "count",
        haystack.len(),
        &needle,
        timed,
        |_| haystack.len(),
        figures,
    );
}

/// The seconds of a call of each engine, in rounds in which each has its turn.
fn alternate<T>(
    peers: &[(&'static str, T)],
    options: &Options,
    run: impl Fn(&T, u32),
) -> Vec<(&'static str, Vec<f64>)> {
    // The most and the fewest rounds. An engine that has used up its seconds gets no more rounds.
    let (rounds, least, patience) = if options.quick {
        (3, 1, 0.05)
    } else {
        (11, 2, 1.0)
    };
    // As many calls as the clock needs to be exact.
    let calls: Vec<u32> = peers
        .iter()
        .map(|(_, peer)| {
            let mut calls = 1;
            loop {
                let begin = processor_time();
                run(peer, calls);
                let seconds = processor_time() - begin;
                if seconds > 0.0005 || calls >= 1 << 24 {
                    return calls;
                }
                calls *= 2;
            }
        })
        .collect();
    let mut times: Vec<(&'static str, Vec<f64>)> =
        peers.iter().map(|&(name, _)| (name, Vec::new())).collect();
    for _ in 0..rounds {
        for (i, (_, peer)) in peers.iter().enumerate() {
            let times = &mut times[i].1;
            // Slow engines need fewer rounds.
            if times.len() >= least && times.iter().sum::<f64>() * f64::from(calls[i]) > patience {
                continue;
            }
            let begin = processor_time();
            run(peer, calls[i]);
            times.push((processor_time() - begin) / f64::from(calls[i]));
        }
    }
    times
}

fn report(
    row: &Row,
    direction: &'static str,
    len: usize,
    needle: &[u8],
    timed: Vec<(&'static str, Vec<f64>)>,
    bytes: impl Fn(&str) -> usize,
    figures: &mut Vec<Figure>,
) {
    let name = if row.len.is_some() {
        String::from("small")
    } else {
        row.kind.name().to_string()
    };
    let mut line = format!("{name:<24}{:<38}{direction:>8}", row.label);
    let mut ratios = String::new();
    let ours: Vec<f64> = timed[0]
        .1
        .iter()
        .map(|seconds| bytes("fmmap") as f64 / seconds / 1e9)
        .collect();
    for (peer, mut seconds) in timed {
        let speed = |seconds: f64| bytes(peer) as f64 / seconds / 1e9;
        let mut rounds: Vec<f64> = ours
            .iter()
            .zip(&seconds)
            .map(|(ours, &theirs)| ours / speed(theirs))
            .collect();
        rounds.sort_by(f64::total_cmp);
        let ours_over = rounds[rounds.len() / 2];
        seconds.sort_by(f64::total_cmp);
        let (median, best) = (speed(seconds[seconds.len() / 2]), speed(seconds[0]));
        if peer != "fmmap" {
            let _ = write!(ratios, " {ours_over:.2} {peer},");
        }
        if len <= 4096 {
            let _ = write!(line, "{:>10.1} ns    ", seconds[seconds.len() / 2] * 1e9);
        } else {
            let _ = write!(line, "{median:>8.2} ({best:>5.2})");
        }
        figures.push(Figure {
            row: row.label.to_string(),
            haystack: format!("{name}, {len} bytes"),
            needle: format!("{} bytes", needle.len()),
            direction,
            peer,
            median,
            best,
            nanoseconds: seconds[seconds.len() / 2] * 1e9,
            ours_over,
        });
    }
    println!("{line}  {}", ratios.trim_end_matches(','));
}

/// The targets, each with its worst row.
fn summary(figures: &[Figure]) -> Vec<Target> {
    let of = |row: &Figure, peer: &str, direction: &str| {
        figures.iter().find(|f| {
            f.row == row.row
                && f.haystack == row.haystack
                && f.peer == peer
                && f.direction == direction
        })
    };
    let over = |row: &Figure, peer: &str| Some(of(row, peer, row.direction)?.ours_over);
    println!("\ntarget: number, met or missed");
    let mut targets = Vec::new();
    let mut verdict = |name: &str, worst: Option<(f64, String)>, least: f64| {
        if let Some((value, at)) = worst {
            let word = if value >= least { "met" } else { "MISSED" };
            println!("  {name}: {value:.2} (>= {least:.2}) {word}, worst at {at}");
            targets.push(Target {
                name: name.to_string(),
                value,
                least,
                at,
            });
        }
    };
    let worst =
        |values: &mut dyn Iterator<Item = (f64, String)>| values.min_by(|a, b| a.0.total_cmp(&b.0));
    // If the needle is found within a few KiB, the row counts as one of a small haystack, however long the haystack
    // is. The bytes are the median speed times the median time.
    let scanned = |f: &Figure| f.nanoseconds * f.median;
    let ours = || {
        figures.iter().filter(|f| {
            f.peer == "fmmap" && !f.haystack.starts_with("small") && scanned(f) >= 4096.0
        })
    };
    let adversarial = |f: &Figure| {
        ["a^n", "period", "Fibonacci"]
            .iter()
            .any(|kind| f.haystack.starts_with(kind))
    };
    let label = |f: &Figure| format!("{} {} {}", f.haystack, f.row, f.direction);
    let text = |f: &Figure| {
        ["random", "log text", "source text", "JSON", "UTF-16"]
            .iter()
            .any(|kind| f.haystack.starts_with(kind))
    };
    for direction in ["find", "rfind"] {
        verdict(
            &format!("{direction} over memchr's one-byte scan, random and text"),
            worst(
                &mut ours()
                    .filter(|f| text(f) && f.direction == direction)
                    .filter_map(|f| Some((over(f, "one byte")?, label(f)))),
            ),
            0.85,
        );
    }
    // What the memory allows at the moment: it is not as fast in both directions, nor on every machine.
    let memory = |row: &Figure, direction: &str| Some(of(row, "one byte", direction)?.best);
    let pairs = ours()
        .filter(|f| f.direction == "find")
        .filter_map(|f| Some((f, of(f, "fmmap", "rfind")?)))
        // If the needle is found after a few MB, these come from the cache.
        .filter(|(find, rfind)| {
            scanned(find).max(scanned(rfind)) < 2.0 * scanned(find).min(scanned(rfind))
        });
    let tightest = |values: &mut dyn Iterator<Item = (f64, f64, String)>| {
        values.min_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)))
    };
    if let Some((value, least, at)) = tightest(&mut pairs.filter_map(|(find, rfind)| {
        let backward = memory(find, "rfind")? / memory(find, "find")?;
        let least = 0.9 * backward.min(1.0);
        Some((rfind.best / find.best, least, label(find)))
    })) {
        verdict(
            "rfind over find, or over what memory gives backward",
            Some((value, at)),
            least,
        );
    }
    if let Some((value, least, at)) = tightest(
        &mut ours()
            .filter(|f| !adversarial(f) && f.direction != "count")
            .filter_map(|f| {
                let scan = of(f, "one byte", f.direction)?.median;
                Some((f.median, 12_f64.min(scan * 12.0 / 21.0), label(f)))
            }),
    ) {
        verdict(
            "GB/s, worst row but the adversarial: 12, or 12 of 21 of the one-byte scan",
            Some((value, at)),
            least,
        );
    }
    verdict(
        "GB/s, adversarial",
        worst(
            &mut ours()
                .filter(|f| adversarial(f))
                .map(|f| (f.median, label(f))),
        ),
        1.0,
    );
    for peer in ["memmem", "glibc", "stringzilla"] {
        verdict(
            &format!("over {peer}, random, text and DNA"),
            worst(
                &mut ours()
                    .filter(|f| !adversarial(f) && f.direction != "count")
                    .filter_map(|f| Some((over(f, peer)?, label(f)))),
            ),
            0.9,
        );
    }
    verdict(
        "count over memmem's",
        worst(
            &mut ours()
                .filter(|f| f.direction == "count")
                .filter_map(|f| Some((over(f, "memmem")?, label(f)))),
        ),
        1.0,
    );
    targets
}

fn json(figures: &[Figure], targets: &[Target]) -> Result<String, std::fmt::Error> {
    let comma = |i: usize, len: usize| if i + 1 < len { "," } else { "" };
    let mut text = String::from("{\n\"targets\": [\n");
    for (i, t) in targets.iter().enumerate() {
        writeln!(
            text,
            "  {{\"name\": {:?}, \"value\": {:.3}, \"least\": {}, \"worst\": {:?}}}{}",
            t.name,
            t.value,
            t.least,
            t.at,
            comma(i, targets.len())
        )?;
    }
    text.push_str("],\n\"figures\": [\n");
    for (i, f) in figures.iter().enumerate() {
        write!(
            text,
            "  {{\"haystack\": {:?}, \"row\": {:?}, \"needle\": {:?}, \"direction\": {:?}, \"peer\": {:?}, \"nanoseconds\": {:.1}",
            f.haystack, f.row, f.needle, f.direction, f.peer, f.nanoseconds
        )?;
        // If nothing is searched, there is no speed.
        if f.median > 0.0 {
            write!(
                text,
                ", \"gbps_median\": {:.3}, \"gbps_best\": {:.3}",
                f.median, f.best
            )?;
        }
        writeln!(text, "}}{}", comma(i, figures.len()))?;
    }
    text.push_str("]\n}\n");
    Ok(text)
}

fn glibc(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    // SAFETY: both pointers and lengths are of live slices.
    let at = unsafe {
        libc::memmem(
            haystack.as_ptr().cast(),
            haystack.len(),
            needle.as_ptr().cast(),
            needle.len(),
        )
    };
    (!at.is_null()).then(|| at.addr() - haystack.as_ptr().addr())
}
