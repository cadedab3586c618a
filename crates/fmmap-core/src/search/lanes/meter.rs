//! The budget of a search. The kernels count what their candidates cost, and stop when the budget is used up, so that
//! `engine` can choose another strategy. This keeps the whole search linear.

use super::direction::Window;

/// How a strategy ended. The window says how far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Every start of the window was searched.
    Done,
    /// As many matches as were asked for.
    Enough,
    /// Too many candidates for these probes.
    Crowded,
    /// Too many bytes compared in vain.
    Overworked,
}

/// How many positions are remembered at which candidates differed from the needle.
pub(crate) const MISSED: usize = 5;

/// What the candidates of a search have cost so far, and what they may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    /// Blocks that had candidates, none of which was a match.
    alarms: usize,
    /// How many false alarms are allowed at any rate.
    alarms_free: usize,
    /// One more false alarm is allowed for each time this many starts were scanned.
    alarm_each: usize,
    /// Bytes compared in vain, and the fixed cost of each comparison in bytes.
    work: usize,
    /// How much work is allowed at any rate.
    work_free: usize,
    /// The length of the window when the meter was set to zero.
    window: usize,
    /// The positions at which candidates differed from the needle: a probe there would have ruled them out. First the
    /// farthest of all, since few other probes rule such a candidate out; then the last four.
    pub(crate) missed: [usize; MISSED],
    misses: usize,
    /// Starts that further probes had to look at.
    pub(crate) undecided: Undecided,
}

impl Meter {
    /// A meter at zero.
    #[inline(always)]
    pub(crate) fn new(window: Window, alarms_free: usize, work_free: usize) -> Self {
        Self {
            alarms: 0,
            alarms_free,
            alarm_each: 4096,
            work: 0,
            work_free,
            window: window.len(),
            missed: [usize::MAX; MISSED],
            misses: 0,
            undecided: Undecided {
                seen: 0,
                free: usize::MAX,
            },
        }
    }

    /// The same, with a limit for the starts that further probes have to look at: these, and a quarter of all.
    #[inline(always)]
    pub(crate) fn with_undecided(mut self, free: usize) -> Self {
        self.undecided.free = free;
        self
    }

    /// The same, with an alarm for each of so many starts.
    #[inline(always)]
    pub(crate) fn with_alarm_each(self, starts: usize) -> Self {
        Self {
            alarm_each: starts,
            ..self
        }
    }

    /// Notes a candidate that differed from the needle at `index`.
    #[inline(always)]
    pub(crate) fn miss(&mut self, index: usize) {
        self.work += index + 16;
        self.missed[1 + self.misses % (MISSED - 1)] = index;
        if self.misses == 0 || index > self.missed[0] {
            self.missed[0] = index;
        }
        self.misses += 1;
    }

    /// The starts that there were when the meter was at zero.
    #[inline(always)]
    pub(crate) fn whole(&self) -> usize {
        self.window
    }

    /// The starts searched since the meter was at zero.
    #[inline(always)]
    pub(crate) fn scanned(&self, window: Window) -> usize {
        self.window.saturating_sub(window.len())
    }

    /// Notes a block with candidates but no match.
    #[inline(always)]
    pub(crate) fn alarm(&mut self, window: Window) -> Option<Outcome> {
        self.alarms += 1;
        let scanned = self.scanned(window);
        if self.work > self.work_free.saturating_add(2 * scanned) {
            return Some(Outcome::Overworked);
        }
        if self.alarms > self.alarms_free.saturating_add(scanned / self.alarm_each) {
            return Some(Outcome::Crowded);
        }
        None
    }

    /// Whether the comparisons have cost more than they may.
    #[inline(always)]
    pub(crate) fn overworked(&self, window: Window) -> bool {
        self.work > self.work_free.saturating_add(2 * self.scanned(window))
    }
}

/// Counts the starts at which the first probes agree, so that further probes had to be compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Undecided {
    seen: usize,
    /// How many are allowed at any rate.
    free: usize,
}

impl Undecided {
    /// Adds to the count. Returns whether it is too large for the number of starts that were scanned in all.
    #[inline(always)]
    pub(crate) fn add(&mut self, starts: usize, scanned: usize) -> bool {
        self.seen += starts;
        self.are_many(self.free, scanned)
    }

    /// Whether the count exceeds a quarter of the scanned starts by more than the allowance.
    #[inline(always)]
    pub(crate) fn are_many(self, free: usize, scanned: usize) -> bool {
        self.seen > free.saturating_add(scanned / 4)
    }
}
