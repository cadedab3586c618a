//! Which strategy runs when.
//!
//! ```text
//!          few starts ──────────────────────────────────────► scalar
//! find ─► head: the first 16 to 64 KiB, by near, found early
//!           │
//!           ├ many candidates ► sample, or twelve probes if little is left
//!           ├ a byte of the needle is not in the next 4 KiB ► rare ───┐ it is frequent after all
//!           └───────────────────────► pair, two rare bytes ◄──────────┤   up to 1 MiB by near,
//!                                       │ false alarms: three probes  │   which filters candidates
//!                                       ▼                             │
//!                                     sample ─► dense, 2 to 12 probes ┘
//!                                       │ comparisons cost more than the scan
//!                                       ▼
//!                           for a stretch: period, or else Two-Way; then pair again
//! ```
//!
//! The head costs nothing but its scan: no ranking, no look at what the haystack lacks. Most of
//! what is found is found there, and haystacks of twice its size are searched that way as a whole.
//! A prepared [`Finder`](super::Finder) has ranked already, and skips it.
//!
//! # Complexity
//!
//! Between two samples the kernel does at most a constant times the work of its loads, plus 64 KiB;
//! what is past that is done by algorithms that are linear on every input, for a stretch of at
//! least 256 KiB and sixteen needles that doubles each time. So the whole is O(n + m) for every
//! needle and haystack, with O(1) memory: a few KiB of stack for a sample.

use super::direction::{Direction, Window};
use super::hits::Hits;
use super::kernel::{FAR, NEAR, TINY, run};
use super::level::{Level, Policy};
use super::meter::{MISSED, Meter, Outcome};
use super::period::Stretch;
use super::probes::{Probes, Subject};
use super::trace::{Path, trace};
use super::{dense, period, portable, rare, two_way};

/// Finds matches in order of `D` until `hits` has enough of them. The needle has two bytes at least.
///
/// `probes` are those to begin with, and become what a sample gave: the next haystack is one of the same kind. With
/// them a needle may have one byte.
///
/// Returns the starts that are left: none, unless `hits` had enough.
#[inline(always)]
pub(super) fn search<D: Direction>(
    level: Level,
    policy: &Policy,
    probes: Option<&mut Probes>,
    subject: Subject<'_>,
    hits: &mut Hits<'_>,
) -> Window {
    let Subject { haystack, needle } = subject;
    if needle.len() > haystack.len() {
        return Window { lo: 0, hi: 0 };
    }
    let mut window = Window {
        lo: 0,
        hi: haystack.len() - needle.len() + 1,
    };
    if haystack.len() <= policy.tiny {
        let mut meter = Meter::new(window, usize::MAX, usize::MAX);
        let (window, meter) = (&mut window, &mut meter);
        if let Some(probes) = probes {
            run::<D, FAR>(level, policy, subject, probes, window, meter, hits);
        } else {
            let ends = Probes::ends(needle).widened();
            run::<D, TINY>(level, policy, subject, &ends, window, meter, hits);
        }
    } else {
        adapt::<D>(level, policy, probes, subject, &mut window, hits);
    }
    window
}

/// Searches what comes first by the needle's ends and middle: most of what is found is found early, and in less time
/// than ranking takes.
///
/// The probes to go on with, and where candidates failed if a sample has to choose others at once; nothing when the
/// search is over.
#[inline(always)]
fn head<D: Direction>(
    level: Level,
    policy: &Policy,
    subject: Subject<'_>,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> Option<(Probes, Option<[usize; MISSED]>)> {
    let Subject { haystack, needle } = subject;
    let ends = Probes::ends(needle).widened();
    let mut head = *window;
    let size = policy.head.max((head.len() / 64).min(4 * policy.head));
    if head.len() > 2 * size {
        head = D::stretch(head, size);
    }
    let mut gauge = Meter::new(head, policy.early, policy.work).with_alarm_each(policy.patience);
    let level = level.asking(policy, haystack);
    let outcome = run::<D, NEAR>(level, policy, subject, &ends, &mut head, &mut gauge, hits);
    D::follow(window, head);
    if outcome == Outcome::Enough || window.len() == 0 {
        return None;
    }
    if needle.len() < 4 {
        // There is hardly a choice.
        return Some((ends, None));
    }
    let crowded = outcome == Outcome::Crowded;
    let doubtful = gauge.doubts.are_many(0, gauge.scanned(head));
    if (crowded || doubtful) && window.len() >= policy.sample {
        return Some((ends, Some(gauge.missed)));
    }
    let probes = if crowded {
        Probes::spread(needle)
    } else {
        Probes::rarest(needle)
    };
    Some((probes, None))
}

/// The search with all its strategies.
#[inline(never)]
fn adapt<D: Direction>(
    level: Level,
    policy: &Policy,
    mut known: Option<&mut Probes>,
    subject: Subject<'_>,
    window: &mut Window,
    hits: &mut Hits<'_>,
) {
    let Subject { haystack, needle } = subject;
    if matches!(level, Level::Portable) {
        trace(Path::Portable);
        portable::scan::<D>(subject, policy.chunk, window, hits);
        return;
    }
    let (mut probes, mut missed) = match &known {
        Some(known) => (**known, None),
        None => match head::<D>(level, policy, subject, window, hits) {
            Some(next) => next,
            None => return,
        },
    };
    let level = level.within(policy, haystack);
    let cached = haystack.len() <= policy.wide;
    let free = if probes.eager < 3 {
        policy.early
    } else {
        policy.alarms
    };
    let meter = |left, free| Meter::new(left, free, policy.work).with_doubts(policy.doubts);
    let mut gauge = meter(*window, free);
    let mut interval = policy.interval;
    let mut stretch = policy.stretch.max(16 * needle.len());
    let mut periodic = None;
    // The starts that must be left below this for the next sample.
    let mut next_sample = usize::MAX;

    let mut lone = (haystack.len() >= policy.rare && needle.len() > 1 && missed.is_none())
        .then(|| {
            let head = D::stretch(*window, policy.taste);
            dense::absent(&haystack[head.lo..head.hi], needle, probes.first())
        })
        .flatten();
    loop {
        let outcome = if let Some(missed) = missed.take() {
            gauge.missed = missed;
            Outcome::Crowded
        } else if let Some(position) = lone.take() {
            trace(Path::Rare);
            rare::scan::<D>(subject, position, window, &mut gauge, hits)
        } else if cached && matches!(probes.eager, 2 | 3) {
            run::<D, NEAR>(level, policy, subject, &probes, window, &mut gauge, hits)
        } else {
            run::<D, FAR>(level, policy, subject, &probes, window, &mut gauge, hits)
        };
        match outcome {
            Outcome::Done | Outcome::Enough => return,
            Outcome::Crowded | Outcome::Overworked => {}
        }
        let left = window.len();
        if outcome == Outcome::Crowded
            && probes.can_widen()
            && (probes.eager < 3 || left < policy.sample)
        {
            // One more load a vector costs less than a false alarm every few KiB.
            probes = probes.widened();
            let cheap = probes.eager < 3 || left < policy.sample;
            let free = if cheap { policy.early } else { policy.alarms };
            gauge = meter(*window, free);
            continue;
        }
        if left >= policy.sample
            && left < next_sample
            && needle.len() > 2
            && let Some(choice) = dense::choose::<D>(level, subject, *window, &gauge.missed)
        {
            trace(Path::Sample);
            probes = choice.probes;
            if let Some(known) = &mut known {
                **known = probes;
            }
            lone = choice.first_is_absent.then(|| probes.first());
            next_sample = left.saturating_sub(interval);
            interval = interval.saturating_mul(2);
        } else if outcome == Outcome::Overworked {
            let mut part = D::stretch(*window, stretch);
            stretch = stretch.saturating_mul(2);
            let of_needle = *periodic.get_or_insert_with(|| Stretch::of(needle));
            let outcome = if let Some(of_needle) = of_needle {
                trace(Path::Period);
                period::scan::<D>(subject, of_needle, &mut part, hits)
            } else {
                trace(Path::TwoWay);
                two_way::scan::<D>(subject, &mut part, hits)
            };
            D::follow(window, part);
            if outcome == Outcome::Enough {
                return;
            }
        }
        gauge = meter(*window, policy.alarms);
    }
}
