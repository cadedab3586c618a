//! Which advice may reach the kernel, and which advice memory that is mapped later must be given too.

use std::ops::Range;
use std::sync::OnceLock;

use crate::constants::{self, Group};
use crate::error::{Error, Result};

/// Accepts the advice that the table of constants has. All other advice is `EINVAL`, as from a kernel that
/// does not know it: `MADV_GUARD_INSTALL` of Linux 6.13, for one, would make a read of the map a `SIGSEGV`.
pub(crate) fn check(advice: i32) -> Result<()> {
    let known = constants::TABLE.iter().any(|constant| {
        constant.group == Group::Advice && constant.value == Some(i64::from(advice))
    });
    if known {
        Ok(())
    } else {
        Err(Error::System {
            errno: crate::os::EINVAL,
            syscall: "madvise",
        })
    }
}

/// Advice that lasts. It holds until other advice of the same row replaces it, and the first of a row is how new
/// memory begins. Advice that is in no row acts once, on the pages that exist at the time.
#[cfg(unix)]
const LASTING: &[&[&str]] = &[
    &["MADV_NORMAL", "MADV_RANDOM", "MADV_SEQUENTIAL"],
    &["MADV_DOFORK", "MADV_DONTFORK"],
    &["MADV_UNMERGEABLE", "MADV_MERGEABLE"],
    &["", "MADV_HUGEPAGE", "MADV_NOHUGEPAGE"],
    &["MADV_DODUMP", "MADV_DONTDUMP"],
    &["MADV_KEEPONFORK", "MADV_WIPEONFORK"],
    &["MADV_AUTOSYNC", "MADV_NOSYNC"],
    &["MADV_CORE", "MADV_NOCORE"],
];
/// There is no advice on Windows.
#[cfg(not(unix))]
const LASTING: &[&[&str]] = &[];

/// Advice about the machine's memory, not about a mapping: it must not be repeated for a second mapping.
const ONCE: &[&str] = &["MADV_HWPOISON", "MADV_SOFT_OFFLINE"];

/// Whether advice must not be given to a second mapping of the same pages.
pub(crate) fn is_once(advice: i32) -> bool {
    static NUMBERS: OnceLock<Vec<i32>> = OnceLock::new();
    let numbers = NUMBERS.get_or_init(|| ONCE.iter().filter_map(|name| number(name)).collect());
    numbers.contains(&advice)
}

/// The row of a lasting advice, and whether it is the one with which memory begins.
fn row(advice: i32) -> Option<(usize, bool)> {
    static ROWS: OnceLock<Vec<(i32, usize, bool)>> = OnceLock::new();
    let rows = ROWS.get_or_init(|| {
        let rows = LASTING.iter().enumerate();
        rows.flat_map(|(row, names)| {
            let places = names.iter().enumerate();
            places.filter_map(move |(place, name)| Some((number(name)?, row, place == 0)))
        })
        .collect()
    });
    let (_, row, initial) = rows.iter().find(|(number, ..)| *number == advice)?;
    Some((*row, *initial))
}

/// The number that an advice has on this platform.
fn number(name: &str) -> Option<i32> {
    let constant = constants::TABLE.iter().find(|row| row.name == name)?;
    i32::try_from(constant.value?).ok()
}

/// The lasting advice that memory was given, with its ranges. The kernel keeps the same list as areas, so this is
/// never longer than the kernel's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    /// Sorted; the ranges of one row don't overlap.
    ranges: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    row: usize,
    advice: i32,
    range: Range<usize>,
}

impl Given {
    /// Remembers advice for a range that begins and ends at page boundaries.
    pub(crate) fn add(&mut self, advice: i32, range: Range<usize>) {
        let Some((row, initial)) = row(advice) else {
            return;
        };
        if range.is_empty() || (initial && self.ranges.is_empty()) {
            return;
        }
        let mut whole = Item { row, advice, range };
        let mut kept = Vec::with_capacity(self.ranges.len() + 2);
        for item in self.ranges.drain(..) {
            if item.row != row
                || item.range.end < whole.range.start
                || item.range.start > whole.range.end
            {
                kept.push(item);
            } else if item.advice == advice {
                whole.range.start = whole.range.start.min(item.range.start);
                whole.range.end = whole.range.end.max(item.range.end);
            } else {
                let Range { start, end } = item.range;
                for range in [
                    start..whole.range.start.min(end),
                    whole.range.end.max(start)..end,
                ] {
                    if !range.is_empty() {
                        kept.push(Item {
                            range,
                            ..item.clone()
                        });
                    }
                }
            }
        }
        if !initial {
            kept.push(whole);
        }
        self.ranges = kept;
    }

    /// The advice about the bytes of `part`, as ranges of it.
    pub(crate) fn within(&self, part: Range<usize>) -> impl Iterator<Item = (i32, Range<usize>)> {
        self.ranges.iter().filter_map(move |item| {
            let start = item.range.start.max(part.start);
            let end = item.range.end.min(part.end);
            (start < end).then(|| (item.advice, start - part.start..end - part.start))
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::Given;
    use libc::{MADV_DONTFORK, MADV_DONTNEED, MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL};

    fn sorted(given: &Given) -> Vec<(i32, std::ops::Range<usize>)> {
        let mut all: Vec<_> = given.within(0..usize::MAX).collect();
        all.sort_by_key(|(advice, range)| (*advice, range.start));
        all
    }

    #[test]
    fn later_advice_of_a_row_replaces_what_it_covers() {
        let mut given = Given::default();
        given.add(MADV_RANDOM, 0..100);
        given.add(MADV_DONTFORK, 10..20);
        given.add(MADV_SEQUENTIAL, 40..60);
        assert_eq!(
            sorted(&given),
            [
                (MADV_RANDOM, 0..40),
                (MADV_RANDOM, 60..100),
                (MADV_SEQUENTIAL, 40..60),
                (MADV_DONTFORK, 10..20)
            ]
        );
        given.add(MADV_NORMAL, 0..80);
        assert_eq!(
            sorted(&given),
            [(MADV_RANDOM, 80..100), (MADV_DONTFORK, 10..20)]
        );
        let part: Vec<_> = given.within(15..90).collect();
        assert!(part.contains(&(MADV_RANDOM, 65..75)) && part.contains(&(MADV_DONTFORK, 0..5)));
    }

    #[test]
    fn neighbours_become_one_and_what_acts_once_is_forgotten() {
        let mut given = Given::default();
        for page in 0..10_000 {
            given.add(MADV_RANDOM, page * 4096..(page + 1) * 4096);
        }
        given.add(MADV_DONTNEED, 0..4096);
        assert_eq!(sorted(&given), [(MADV_RANDOM, 0..40_960_000)]);
    }
}
