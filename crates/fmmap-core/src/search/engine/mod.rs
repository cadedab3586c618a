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
//! The head is scanned without any preparation: the needle's bytes are not ranked, and no missing
//! byte is looked for. Most matches that are found at all are found there. Haystacks of up to twice
//! the head's size are searched that way as a whole. A prepared [`Finder`](super::Finder) has ranked
//! its needle already, so it skips the head.
//!
//! # Complexity
//!
//! Between two samples the comparisons cost at most a constant times the loads, plus 64 KiB. When
//! that budget is used up, algorithms that are linear on every input take over, for a stretch of at
//! least 256 KiB and sixteen needles, which doubles each time. So the whole is O(n + m) for every
//! needle and haystack, with O(1) memory: a few KiB of stack for a sample.

mod dense;
pub(crate) mod rare;

use crate::search::kernels::period::{self, Stretch};
use crate::search::kernels::{FAR, Level, NEAR, Policy, TINY, portable, run, scalar, two_way};
use crate::search::lanes::{
    Direction, Hits, MISSED, Meter, Outcome, Path, Probes, Subject, Task, Window, trace,
};

/// The first match in the direction of `D`. An empty needle is found where the search begins.
#[inline(always)]
pub(crate) fn first<D: Direction>(
    haystack: &[u8],
    needle: &[u8],
    probes: Option<&mut Probes>,
) -> Option<usize> {
    match *needle {
        [] => Some(if D::FORWARD { 0 } else { haystack.len() }),
        [byte] => rare::byte::<D>(byte, haystack),
        _ => {
            let mut hits = Hits::first();
            let subject = Subject { haystack, needle };
            search::<D>(
                Level::detect(),
                &Policy::DEFAULT,
                probes,
                subject,
                &mut hits,
            );
            hits.found()
        }
    }
}

/// Finds matches in order of `D` until `hits` has enough of them. The needle has two bytes at least.
///
/// `probes` are used first, and are replaced by those of a sample, because the next haystack is likely to be of the
/// same kind. If they are given, a needle may have one byte.
///
/// Returns the starts that are left: none, unless `hits` had enough.
#[inline(always)]
pub(crate) fn search<D: Direction>(
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
    let window = Window {
        lo: 0,
        hi: haystack.len() - needle.len() + 1,
    };
    if window.len() < scalar::FEWEST_LANES {
        let mut window = window;
        trace(Path::Scalar);
        scalar::scan::<D>(subject, &mut window, hits);
        return window;
    }
    let mut task = Task {
        subject,
        window,
        meter: Meter::new(window, usize::MAX, usize::MAX),
        hits,
    };
    if haystack.len() > policy.tiny {
        adapt::<D>(level, policy, probes, &mut task);
    } else if let Some(probes) = probes {
        run::<D, FAR>(level, policy, probes, &mut task);
    } else {
        let ends = Probes::ends(needle).widened();
        run::<D, TINY>(level, policy, &ends, &mut task);
    }
    task.window
}

/// Searches the beginning with probes at the needle's ends and middle: most matches are found early, in less time than
/// it takes to rank the needle's bytes.
///
/// Returns the probes to go on with, and the positions at which candidates failed if a sample has to choose other
/// probes at once; `None` when the search is over.
#[inline(always)]
fn head<D: Direction>(
    level: Level,
    policy: &Policy,
    task: &mut Task<'_, '_, '_>,
) -> Option<(Probes, Option<[usize; MISSED]>)> {
    let Subject { haystack, needle } = task.subject;
    let ends = Probes::ends(needle).widened();
    let mut whole = task.window;
    let size = policy.head.max((whole.len() / 64).min(4 * policy.head));
    if whole.len() > 2 * size {
        task.window = D::stretch(whole, size);
    }
    task.meter =
        Meter::new(task.window, policy.early, policy.work).with_alarm_each(policy.patience);
    let outcome = run::<D, NEAR>(level.asking(policy, haystack), policy, &ends, task);
    let is_undecided = task
        .meter
        .undecided
        .are_many(0, task.meter.scanned(task.window));
    D::follow(&mut whole, task.window);
    task.window = whole;
    if outcome == Outcome::Enough || task.window.len() == 0 {
        return None;
    }
    if needle.len() < 4 {
        // So short a needle has hardly any other positions.
        return Some((ends, None));
    }
    let crowded = outcome == Outcome::Crowded;
    if (crowded || is_undecided) && task.window.len() >= policy.sample {
        return Some((ends, Some(task.meter.missed)));
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
    task: &mut Task<'_, '_, '_>,
) {
    let subject = task.subject;
    let Subject { haystack, needle } = subject;
    if matches!(level, Level::Portable) {
        trace(Path::Portable);
        portable::scan::<D>(subject, policy.chunk, &mut task.window, task.hits);
        return;
    }
    let (mut probes, mut missed) = match &known {
        Some(known) => (**known, None),
        None => match head::<D>(level, policy, task) {
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
    let meter = |left, free| Meter::new(left, free, policy.work).with_undecided(policy.undecided);
    task.meter = meter(task.window, free);
    let mut interval = policy.interval;
    let mut stretch = policy.stretch.max(16 * needle.len());
    let mut periodic = None;
    // The next sample is taken when fewer starts than this are left.
    let mut next_sample = usize::MAX;

    let mut lone = (haystack.len() >= policy.rare && needle.len() > 1 && missed.is_none())
        .then(|| {
            let head = D::stretch(task.window, policy.taste);
            dense::absent(&haystack[head.lo..head.hi], needle, probes.first())
        })
        .flatten();
    loop {
        let outcome = if let Some(missed) = missed.take() {
            task.meter.missed = missed;
            Outcome::Crowded
        } else if let Some(position) = lone.take() {
            trace(Path::Rare);
            rare::scan::<D>(position, task)
        } else if cached && matches!(probes.eager, 2 | 3) {
            run::<D, NEAR>(level, policy, &probes, task)
        } else {
            run::<D, FAR>(level, policy, &probes, task)
        };
        match outcome {
            Outcome::Done | Outcome::Enough => return,
            Outcome::Crowded | Outcome::Overworked => {}
        }
        let left = task.window.len();
        if outcome == Outcome::Crowded
            && probes.can_widen()
            && (probes.eager < 3 || left < policy.sample)
        {
            // One more load a vector costs less than a false alarm every few KiB.
            probes = probes.widened();
            let cheap = probes.eager < 3 || left < policy.sample;
            let free = if cheap { policy.early } else { policy.alarms };
            task.meter = meter(task.window, free);
            continue;
        }
        if left >= policy.sample
            && left < next_sample
            && needle.len() > 2
            && let Some(choice) =
                dense::choose::<D>(level, subject, task.window, &task.meter.missed)
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
            let mut part = D::stretch(task.window, stretch);
            stretch = stretch.saturating_mul(2);
            let of_needle = *periodic.get_or_insert_with(|| Stretch::of(needle));
            let outcome = if let Some(of_needle) = of_needle {
                trace(Path::Period);
                period::scan::<D>(subject, of_needle, &mut part, task.hits)
            } else {
                trace(Path::TwoWay);
                two_way::scan::<D>(subject, &mut part, task.hits)
            };
            D::follow(&mut task.window, part);
            if outcome == Outcome::Enough {
                return;
            }
        }
        task.meter = meter(task.window, policy.alarms);
    }
}
