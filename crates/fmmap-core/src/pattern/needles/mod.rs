//! Searches for a list of strings, and says which of them it has found.
//!
//! | module | what it does |
//! |---|---|
//! | `bloom` | finds candidates of very many needles by hashes of their first bytes, for a vector of starts at once |
//! | `fold` | maps all spellings of a character that differ in case to one |
//! | `grams` | finds candidates of very many needles by sampled grams, and compares them |
//! | `prefixes` | compares some bytes of needles without a branch |
//! | `sieve` | finds candidates by several grams of a needle that lie over each other |
//! | `trie` | the automaton of Aho and Corasick, for haystacks in which the filters find too many false positives |
//! | `search` | finds the matches one after the other, from the front |
//! | `reverse` | finds the match that starts last |
//!
//! Candidates of a few needles are found by their first bytes, for a vector of starts at once (`filter::buckets`).
//! Candidates of many needles are found by grams of the haystack, one at every few bytes (`grams`). Each candidate is
//! compared with the needles. The work of comparisons is counted: when it exceeds a budget, the automaton, which reads
//! each byte once, takes over for a stretch. Each such stretch is twice as long as the one before, so that a search
//! takes linear time in every haystack.

mod bloom;
mod fold;
mod grams;
mod prefixes;
mod reverse;
mod search;
mod sieve;
mod trie;

use super::filter::{Buckets, Front, Grouped};
use super::{Encoding, Needle, Options, Span};
use bloom::Bloom;
use fold::{CASE, Fold};
use grams::{Cut, Table};
use std::sync::{Mutex, OnceLock, PoisonError};
use trie::{Rows, Trie};

pub(crate) use reverse::ReverseSearch;
pub(crate) use search::{Next, Search};

/// More needles than this are searched for by grams instead of buckets.
pub(crate) const MANY: usize = 48;

/// The most bytes that all needles of a list may have together.
const LARGEST: usize = 16 << 20;

/// A match: its start, the needle's number, and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) needle: usize,
    pub(crate) end: usize,
}

impl From<Found> for Span {
    fn from(found: Found) -> Self {
        Self {
            start: found.start,
            end: found.end,
            pattern: found.needle,
        }
    }
}

/// A character of the haystack after case folding: its bytes, how many of them count, and how many bytes it has in the
/// haystack.
type Read = ([u8; 4], usize, usize);

/// The needles, one behind the other; after case folding, if case is ignored.
#[derive(Debug)]
pub(super) struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    fold: Option<Fold>,
}

impl Strings {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    pub(super) fn get(&self, needle: u32) -> &[u8] {
        let (start, end) = self.bounds(needle);
        &self.bytes[start..end]
    }

    /// Where a needle begins and ends in `bytes`.
    #[inline]
    fn bounds(&self, needle: u32) -> (usize, usize) {
        let needle = needle as usize;
        let end = self.ends[needle];
        let start = needle.checked_sub(1).map_or(0, |before| self.ends[before]);
        (start as usize, end as usize)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (u32, &[u8])> {
        (0..)
            .zip(&self.ends)
            .map(|(needle, _)| (needle, self.get(needle)))
    }

    /// The length of the shortest needle.
    fn shortest(&self) -> usize {
        let lengths = self.all().map(|(_, bytes)| bytes.len());
        lengths.min().unwrap_or(0)
    }

    /// Compares a needle from its byte `from` on with the haystack from `at` on. Returns where the needle ends there.
    #[inline]
    fn matches(&self, haystack: &[u8], at: usize, needle: u32, from: usize) -> Option<usize> {
        let wanted = &self.get(needle)[from..];
        match &self.fold {
            None => haystack
                .get(at..)?
                .starts_with(wanted)
                .then(|| at + wanted.len()),
            Some(fold) => fold.matches(haystack, at, wanted),
        }
    }

    /// The character that starts at `at`, after case folding.
    #[inline]
    fn read(&self, haystack: &[u8], at: usize) -> Read {
        match &self.fold {
            None => ([haystack[at], 0, 0, 0], 1, 1),
            Some(fold) => fold.read(haystack, at),
        }
    }

    /// The character that ends at `at`, after case folding, its bytes in reverse order.
    #[inline]
    fn read_before(&self, haystack: &[u8], at: usize) -> Read {
        match &self.fold {
            None => ([haystack[at - 1], 0, 0, 0], 1, 1),
            Some(fold) => {
                let (mut bytes, count, len) = fold.read_before(haystack, at);
                bytes[..count].reverse();
                (bytes, count, len)
            }
        }
    }

    /// How many times as long as the folded needle a match of it can be.
    fn stretch(&self) -> usize {
        self.fold.as_ref().map_or(1, Fold::stretch)
    }

    /// Compares the first `until` bytes of a needle with what ends at `at` in the haystack. Returns where the needle
    /// starts there.
    #[inline]
    fn matches_before(
        &self,
        haystack: &[u8],
        at: usize,
        needle: u32,
        until: usize,
    ) -> Option<usize> {
        let wanted = &self.get(needle)[..until];
        match &self.fold {
            None => haystack[..at].ends_with(wanted).then(|| at - wanted.len()),
            Some(fold) => fold.matches_before(haystack, at, wanted),
        }
    }
}

/// How candidates are found.
#[derive(Debug)]
enum Filter {
    /// By the first bytes of the needles. The table says which needle stands at a candidate.
    Buckets(Box<Few>),
    Grams(Box<Grams>),
    /// Not at all: no filter would leave out enough. The automaton alone searches.
    None,
}

/// Finds candidates of a few needles.
#[derive(Debug)]
struct Few {
    grouped: Grouped,
    /// For short haystacks: by the first positions.
    first: Buckets,
    table: Table,
}

/// Finds candidates of very many needles, in the way that suits the haystack.
#[derive(Debug)]
struct Grams {
    /// The way with the least estimated cost.
    usual: Way,
    /// The other ways to make a table, in the order of their estimated costs.
    others: Vec<Cut>,
    /// The way that was chosen with a sample of the first long haystack; `None` inside if it is the usual one.
    seen: OnceLock<Option<Way>>,
}

/// A way to find candidates.
#[derive(Debug)]
enum Way {
    Grams(Table),
    Buckets(Buckets, Table),
    Bloom(Bloom, Table),
}

/// Other ways are tried in haystacks of at least this many bytes for each needle: in shorter ones making another table
/// would cost more than it saves.
const TRIED: usize = 512;

/// The same where the usual way has cost too much.
const POOR: usize = 128 << 10;

/// If a processor has the instructions for it, hashes of starts are the usual way: for more needles than this, unless one
/// is shorter or all are as long.
const FEW: usize = 16;
const SHORT: usize = 4;
const LONG: usize = 12;

/// Costs in looks for each byte: one at which no other way is tried; and those of a vector of starts and of a candidate
/// in it.
const GOOD: f64 = 0.2;
const STARTS: f64 = 0.15;
const CANDIDATE: f64 = 10.0;

/// How much more of what comparisons of grams cost counts beside hashes of starts.
const IN_VAIN: f64 = 4.0;

/// The most ways that are tried.
const TRIALS: usize = 5;

impl Grams {
    /// None if no table can be made.
    fn new(strings: &Strings) -> Option<Self> {
        let mut cuts = Cut::all(strings).into_iter();
        // The needles that have the four bytes of a place by chance: of a small alphabet, all places are candidates.
        let many = f64::from(u32::try_from(strings.len()).unwrap_or(u32::MAX));
        let is_rare = many < (strings.entropy() * 4.0 * 0.9).exp2();
        let is_bloom = Bloom::is_fast() && is_rare && strings.shortest() < LONG;
        let usual = match is_bloom.then(|| Way::bloom(strings)).flatten() {
            Some(bloom) => bloom,
            None => Way::Grams(cuts.find_map(|cut| Table::new(strings, cut))?),
        };
        Some(Self {
            usual,
            others: cuts.collect(),
            seen: OnceLock::new(),
        })
    }

    /// A way that is better than the usual one in this haystack, if there is one. `is_poor`: the usual one has cost too
    /// much.
    fn way(&self, strings: &Strings, haystack: &[u8], is_poor: bool) -> Option<&Way> {
        if let Some(seen) = self.seen.get() {
            return seen.as_ref();
        }
        let least = if is_poor {
            POOR
        } else {
            (1 << 20).max(TRIED.saturating_mul(strings.len()))
        };
        if haystack.len() < least {
            return None;
        }
        let choose = || self.choose(strings, &sample(haystack));
        self.seen.get_or_init(choose).as_ref()
    }

    fn choose(&self, strings: &Strings, sample: &[u8]) -> Option<Way> {
        let mut least = self.usual.cost(strings, sample);
        let mut best = None;
        let is_bloom = matches!(self.usual, Way::Bloom(..));
        if least < GOOD {
            return best;
        }
        if Bloom::is_fast()
            && !is_bloom
            && let Some(bloom) = Way::bloom(strings)
        {
            let cost = bloom.cost(strings, sample);
            if cost < least {
                least = cost;
                best = Some(bloom);
            }
        }
        let shortest = strings.shortest();
        if shortest > 1
            && let Some((table, starts)) = Table::with_starts(strings)
        {
            let case = if strings.fold.is_some() { CASE } else { 0 };
            let (buckets, of_thousand) =
                Grouped::of_starts(&starts, shortest.min(8), case).choose(sample);
            let chance = f64::from(u32::try_from(of_thousand).unwrap_or(u32::MAX)) / 1000.0;
            let cost = STARTS + CANDIDATE * chance;
            if cost < least {
                least = cost;
                best = Some(Way::Buckets(buckets, table));
            }
        }
        // The cost of the looks alone is a lower bound: ways above the best cost so far are not tried.
        let usual = match &self.usual {
            Way::Grams(table) => Some(table.cut()),
            _ => None,
        };
        // A sieve is slower than hashes of starts.
        let is_other = |cut: &&Cut| Some(**cut) != usual && !(is_bloom && cut.mesh.is_some());
        let others = self.others.iter().filter(is_other);
        let mut trials = 0;
        for cut in others {
            if cut.cost(0.0) > least || trials == TRIALS {
                continue;
            }
            trials += 1;
            if let Some(table) = Table::new(strings, *cut) {
                let mut cost = table.cost(strings, sample);
                if is_bloom {
                    // Beside a way without branches, comparisons in vain cost more.
                    cost += IN_VAIN * (cost - cut.cost(0.0));
                }
                if cost < least {
                    least = cost;
                    best = Some(Way::Grams(table));
                }
            }
        }
        best
    }
}

impl Way {
    /// None if the needles are too short, or can be written in too many ways.
    fn bloom(strings: &Strings) -> Option<Self> {
        let (table, starts) = Table::with_starts(strings)?;
        let case = if strings.fold.is_some() { CASE } else { 0 };
        let bloom = Bloom::new(&starts, table.len, case)?;
        Some(Self::Bloom(bloom, table))
    }

    /// What a byte costs, in looks, in a haystack of which this is a sample.
    fn cost(&self, strings: &Strings, sample: &[u8]) -> f64 {
        match self {
            Self::Grams(table) => table.cost(strings, sample),
            Self::Buckets(..) => f64::MAX,
            Self::Bloom(bloom, table) => bloom.cost(table, sample),
        }
    }
}

/// A sample of the haystack: pieces of it, 8 KiB together.
fn sample(haystack: &[u8]) -> Vec<u8> {
    const PIECES: usize = 8;
    const PIECE: usize = 1 << 10;
    let step = haystack.len() / PIECES;
    let piece = |piece: usize| haystack[piece * step..].iter().take(PIECE).copied();
    (0..PIECES).flat_map(piece).collect()
}

/// A list of strings, none of which is empty.
#[derive(Debug)]
pub(crate) struct List {
    strings: Strings,
    filter: Filter,
    /// The greatest length of a match, in bytes.
    longest: usize,
    /// The automata for both directions, made when a search first needs them.
    forward: OnceLock<Trie>,
    backward: OnceLock<Trie>,
    free: Mutex<Vec<Rows>>,
}

impl List {
    /// None unless all needles are strings. More than `many` needles are searched for by grams.
    pub(crate) fn new(needles: &[Needle<'_>], options: Options, many: usize) -> Option<Self> {
        let literal = |needle: &Needle<'_>| match needle {
            Needle::Bytes(bytes) if !bytes.is_empty() => Some(bytes.len()),
            _ => None,
        };
        let mut total = 0_usize;
        for needle in needles {
            total += literal(needle)?;
        }
        if needles.len() < 2 || total > LARGEST {
            return None;
        }
        let given = needles.iter().filter_map(|needle| match needle {
            Needle::Bytes(bytes) => Some(*bytes),
            Needle::RegExp { .. } => None,
        });
        let mut strings = Strings {
            bytes: Vec::with_capacity(total),
            ends: Vec::with_capacity(needles.len()),
            fold: None,
        };
        if options.ignore_case {
            let mut fold = Fold::new(options.encoding);
            for bytes in given {
                fold.add(bytes, &mut strings.bytes)?;
                strings.ends.push(u32::try_from(strings.bytes.len()).ok()?);
            }
            strings.fold = Some(fold);
        } else {
            for bytes in given {
                strings.bytes.extend_from_slice(bytes);
                strings.ends.push(u32::try_from(strings.bytes.len()).ok()?);
            }
        }
        let most = strings.all().map(|(_, bytes)| bytes.len()).max()?;
        // So that as many bytes can be read from any needle on.
        strings.bytes.extend([0; 16]);
        Some(Self {
            filter: Filter::new(&strings, options.encoding, many),
            longest: most * strings.stretch(),
            strings,
            forward: OnceLock::new(),
            backward: OnceLock::new(),
            free: Mutex::default(),
        })
    }

    /// The same by one way only.
    #[cfg(test)]
    fn by(mut self, usual: Way) -> Self {
        self.filter = Filter::Grams(Box::new(Grams {
            usual,
            others: Vec::new(),
            seen: OnceLock::new(),
        }));
        self
    }

    /// The same by grams; nothing if the needles have none.
    #[cfg(test)]
    pub(crate) fn by_grams(self) -> Option<Self> {
        let mut cuts = Cut::all(&self.strings).into_iter();
        let table = cuts.find_map(|cut| Table::new(&self.strings, cut))?;
        Some(self.by(Way::Grams(table)))
    }

    /// The same by hashes of starts; nothing if the needles are too short.
    #[cfg(test)]
    pub(crate) fn by_bloom(self) -> Option<Self> {
        let way = Way::bloom(&self.strings)?;
        Some(self.by(way))
    }

    /// The same by one of the sieves that suit the needles; nothing if there are not so many.
    #[cfg(test)]
    pub(crate) fn sieved(self, number: usize) -> Option<Self> {
        let table = Cut::all(&self.strings)
            .into_iter()
            .filter(|cut| cut.mesh.is_some())
            .filter_map(|cut| Table::new(&self.strings, cut))
            .nth(number)?;
        Some(self.by(Way::Grams(table)))
    }

    pub(crate) fn len(&self) -> usize {
        self.strings.len()
    }

    /// The first match that starts at `from` or later.
    pub(crate) fn find(&self, haystack: &[u8], mut from: usize) -> Option<Found> {
        let mut search = Search::default();
        let found = loop {
            let mut left = isize::MAX;
            match search.next(
                self,
                haystack,
                &mut from,
                haystack.len(),
                &mut left,
                &mut |_, _, _| true,
            ) {
                Next::Match(found) => break Some(found),
                Next::More => {}
                Next::None => break None,
            }
        };
        search.finish(self);
        found
    }

    /// The match that starts last, at `from` or later.
    pub(crate) fn rfind(&self, haystack: &[u8], from: usize) -> Option<Found> {
        let mut search = ReverseSearch::default();
        loop {
            let mut left = isize::MAX;
            match search.next(self, haystack, from, &mut left) {
                Next::Match(found) => return Some(found),
                Next::More => {}
                Next::None => return None,
            }
        }
    }

    /// Whether any needle contains a newline.
    pub(crate) fn has_newline(&self) -> bool {
        memchr::memchr(b'\n', &self.strings.bytes).is_some()
    }

    fn forward(&self) -> &Trie {
        self.forward.get_or_init(|| Trie::forward(&self.strings))
    }

    fn backward(&self) -> &Trie {
        self.backward.get_or_init(|| Trie::backward(&self.strings))
    }

    /// The automaton's table of an earlier search, or an empty one.
    fn take_rows(&self) -> Rows {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.pop().unwrap_or_default()
    }

    fn give_back(&self, rows: Rows) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < 4 {
            free.push(rows);
        }
    }
}

impl Filter {
    fn new(strings: &Strings, encoding: Encoding, many: usize) -> Self {
        let is_bloom = many == MANY && Bloom::is_fast() && strings.shortest() >= SHORT;
        let many = if is_bloom { FEW } else { many };
        if strings.len() <= many
            && let Some(table) = Table::at_starts(strings)
        {
            let fronts: Vec<Front> = match &strings.fold {
                None => strings
                    .all()
                    .map(|(_, bytes)| Front::literal(bytes))
                    .collect(),
                Some(fold) => strings
                    .all()
                    .flat_map(|(_, bytes)| fold.fronts(bytes, encoding))
                    .collect(),
            };
            if let Some(grouped) = Grouped::new(&fronts) {
                let first = grouped.first();
                return Self::Buckets(Box::new(Few {
                    grouped,
                    first,
                    table,
                }));
            }
        }
        Grams::new(strings).map_or(Self::None, |grams| Self::Grams(Box::new(grams)))
    }
}
