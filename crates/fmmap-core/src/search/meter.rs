//! What a search costs, and when that is too much: the kernels keep count, and stop for `engine` to choose another way.
//! That keeps the whole linear.

use super::direction::Window;

/// How a strategy ended. The window says how far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Every start of the window was searched.
    Done,
    /// As many matches as were asked for.
    Enough,
    /// Too many candidates for these probes.
    Crowded,
    /// Too many bytes compared in vain.
    Overworked,
}

/// Places of failure that are remembered.
pub(super) const MISSED: usize = 5;

/// What the candidates of a search have cost so far, and what they may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    /// Blocks that had candidates, none of which was a match.
    alarms: usize,
    /// Alarms that are allowed whatever was scanned.
    alarms_free: usize,
    /// Starts for each of which one alarm more is allowed.
    alarm_each: usize,
    /// Bytes compared in vain, and the fixed cost of each comparison in bytes.
    work: usize,
    /// Work that is allowed whatever was scanned.
    work_free: usize,
    /// The length of the window when the meter was set to zero.
    window: usize,
    /// Where candidates differed from the needle: probes that would have ruled them out. The farthest place of
    /// all, then those of the last four: what got that far is ruled out by little else.
    pub(super) missed: [usize; MISSED],
    misses: usize,
    /// Starts that further probes had to look at.
    pub(super) doubts: Doubts,
}

impl Meter {
    /// A meter at zero.
    #[inline(always)]
    pub(super) fn new(window: Window, alarms_free: usize, work_free: usize) -> Self {
        Self {
            alarms: 0,
            alarms_free,
            alarm_each: 4096,
            work: 0,
            work_free,
            window: window.len(),
            missed: [usize::MAX; MISSED],
            misses: 0,
            doubts: Doubts {
                seen: 0,
                free: usize::MAX,
            },
        }
    }

    /// The same, with a limit for the starts that further probes have to look at: these, and a quarter of all.
    #[inline(always)]
    pub(super) fn with_doubts(mut self, free: usize) -> Self {
        self.doubts.free = free;
        self
    }

    /// The same, with an alarm for each of so many starts.
    #[inline(always)]
    pub(super) fn with_alarm_each(self, starts: usize) -> Self {
        Self {
            alarm_each: starts,
            ..self
        }
    }

    /// Notes a candidate that differed from the needle at `index`.
    #[inline(always)]
    pub(super) fn miss(&mut self, index: usize) {
        self.work += index + 16;
        self.missed[1 + self.misses % (MISSED - 1)] = index;
        if self.misses == 0 || index > self.missed[0] {
            self.missed[0] = index;
        }
        self.misses += 1;
    }

    /// The starts that there were when the meter was at zero.
    #[inline(always)]
    pub(super) fn whole(&self) -> usize {
        self.window
    }

    /// The starts searched since the meter was at zero.
    #[inline(always)]
    pub(super) fn scanned(&self, window: Window) -> usize {
        self.window.saturating_sub(window.len())
    }

    /// Notes a block with candidates but no match.
    #[inline(always)]
    pub(super) fn alarm(&mut self, window: Window) -> Option<Outcome> {
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
    pub(super) fn overworked(&self, window: Window) -> bool {
        self.work > self.work_free.saturating_add(2 * self.scanned(window))
    }
}

/// Starts at which the probes agree, but for which it takes more of them to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubts {
    seen: usize,
    /// How many there may be, whatever was scanned.
    free: usize,
}

impl Doubts {
    /// Notes so many more, when so many starts in all were scanned: whether these are too many.
    #[inline(always)]
    pub(super) fn add(&mut self, starts: usize, scanned: usize) -> bool {
        self.seen += starts;
        self.are_many(self.free, scanned)
    }

    /// Whether they are more than a quarter of what was scanned, and so many more.
    #[inline(always)]
    pub(super) fn are_many(self, free: usize, scanned: usize) -> bool {
        self.seen > free.saturating_add(scanned / 4)
    }
}
