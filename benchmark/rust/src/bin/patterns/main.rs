//! The pattern engine of fmmap-core and its peers: the regex crate, aho-corasick, PCRE2's JIT, Hyperscan.
//!
//! `benchmark/patterns.ts` runs it with the path of a haystack, writes a question as a line of JSON, and reads a line
//! of JSON for each. Times are the processor time of the one thread.

#[path = "../../clock.rs"]
mod clock;
mod peers;

use clock::processor_time;
use peers::{Engine, make};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{BufRead, Write};

/// What is asked.
#[derive(Deserialize)]
struct Question {
    engine: String,
    /// Regular expressions, or strings if `literal`.
    patterns: Vec<String>,
    /// Of `i`, `m` and `s`.
    flags: String,
    literal: bool,
    /// `count`, `first`, or `make`.
    ask: String,
    /// Bytes of the haystack that are searched.
    length: usize,
    /// How often. Of the second and each further time the haystack begins `stride` bytes later.
    times: usize,
    stride: usize,
}

/// What was found, and the milliseconds of all times together.
#[derive(Serialize)]
struct Answer {
    count: usize,
    ms: f64,
}

#[derive(Serialize)]
struct Failure {
    error: String,
}

fn main() {
    let path = std::env::args().nth(1).expect("the path of a haystack");
    let haystack = mapped(&path);
    let mut engines: HashMap<String, Result<Box<dyn Engine>, String>> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input");
        let question: Question = serde_json::from_str(&line).expect("a question");
        let text = match answer(&question, haystack, &mut engines) {
            Ok(answer) => serde_json::to_string(&answer),
            Err(error) => serde_json::to_string(&Failure { error }),
        };
        println!("{}", text.expect("an answer"));
        std::io::stdout().flush().expect("standard output");
    }
}

fn answer(
    question: &Question,
    haystack: &'static [u8],
    engines: &mut HashMap<String, Result<Box<dyn Engine>, String>>,
) -> Result<Answer, String> {
    let Question {
        engine,
        patterns,
        flags,
        literal,
        ..
    } = question;
    let new = || make(engine, patterns, flags, *literal);
    let times = question.times.max(1);
    if question.ask == "make" {
        let start = processor_time();
        for _ in 0..times {
            std::hint::black_box(new()?);
        }
        let ms = (processor_time() - start) * 1e3;
        return Ok(Answer { count: 0, ms });
    }
    let key = format!("{engine} {flags} {literal} {patterns:?}");
    let engine = engines
        .entry(key)
        .or_insert_with(new)
        .as_mut()
        .map_err(|error| error.clone())?;
    let length = question.length.min(haystack.len());
    let room = haystack.len() - length;
    let mut count = 0;
    let start = processor_time();
    for time in 0..times {
        let from = if room == 0 {
            0
        } else {
            time * question.stride % room
        };
        let searched = &haystack[from..from + length];
        count += if question.ask == "first" {
            usize::from(engine.finds(searched))
        } else {
            engine.count(searched)
        };
    }
    let ms = (processor_time() - start) * 1e3;
    Ok(Answer { count, ms })
}

/// A file in memory, for as long as the program runs.
fn mapped(path: &str) -> &'static [u8] {
    use std::os::fd::AsRawFd;
    let file = std::fs::File::open(path).expect("the haystack");
    let length = usize::try_from(file.metadata().expect("its length").len()).expect("its length");
    // SAFETY: a new mapping at an address of the kernel's choice.
    let address = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            length,
            libc::PROT_READ,
            libc::MAP_SHARED | libc::MAP_POPULATE,
            file.as_raw_fd(),
            0,
        )
    };
    assert_ne!(address, libc::MAP_FAILED, "the haystack has no room");
    // SAFETY: the mapping has this many bytes, nobody writes the file, and it is never unmapped.
    unsafe { std::slice::from_raw_parts(address.cast(), length) }
}
