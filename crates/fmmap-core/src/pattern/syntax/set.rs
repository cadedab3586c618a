//! Sets of characters, as a class has, and their case folding.

use super::orbits::{FOLDED, Orbits, UPPERCASED};
use crate::order::sort;

/// The last code point.
pub(crate) const LAST: u32 = 0x10_FFFF;

/// Code points as ranges, both ends included, in ascending order and with a gap between any two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Set(Vec<(u32, u32)>);

impl Set {
    /// The set of some ranges, in any order.
    pub(crate) fn of(ranges: &[(u32, u32)]) -> Self {
        let mut set = Self(ranges.to_vec());
        set.tidy();
        set
    }

    pub(crate) fn one(code: u32) -> Self {
        Self(vec![(code, code)])
    }

    pub(crate) fn all() -> Self {
        Self(vec![(0, LAST)])
    }

    pub(crate) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn tidy(&mut self) {
        if self.0.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0) {
            return;
        }
        let mut keys: Vec<u64> = self
            .0
            .iter()
            .map(|&(first, last)| u64::from(first) << 32 | u64::from(last))
            .collect();
        sort(&mut keys);
        let mut tidy: Vec<(u32, u32)> = Vec::with_capacity(self.0.len());
        #[expect(clippy::cast_possible_truncation, reason = "each half is a number")]
        for (first, last) in keys.iter().map(|key| ((key >> 32) as u32, *key as u32)) {
            match tidy.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last);
                }
                _ => tidy.push((first, last)),
            }
        }
        self.0 = tidy;
    }

    pub(crate) fn or(&self, other: &Self) -> Self {
        let mut set = self.clone();
        set.0.extend_from_slice(&other.0);
        set.tidy();
        set
    }

    pub(crate) fn not(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut next = 0;
        for &(first, last) in &self.0 {
            if first > next {
                gaps.push((next, first - 1));
            }
            next = last + 1;
        }
        if next <= LAST {
            gaps.push((next, LAST));
        }
        Self(gaps)
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        self.not().or(&other.not()).not()
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        self.and(&other.not())
    }

    pub(crate) fn has(&self, code: u32) -> bool {
        let after = self.0.partition_point(|range| range.0 <= code);
        after > 0 && self.0[after - 1].1 >= code
    }

    /// Whether it contains some surrogate halves but not all of them: without the flag u, JavaScript would match such
    /// a half inside of a character.
    pub(crate) fn tells_surrogates_apart(&self) -> bool {
        let halves = self.and(&Self(vec![(0xD800, 0xDFFF)]));
        !halves.is_empty() && halves.0 != [(0xD800, 0xDFFF)]
    }

    /// Adds every character that is the same as one of these when case is ignored: with the flag u or v by simple
    /// case folding, otherwise by the upper case of a code unit.
    pub(crate) fn folded(&self, unicode: bool) -> Self {
        let Orbits { pairs, more } = if unicode { &FOLDED } else { &UPPERCASED };
        let mut others = Vec::new();
        for &(first, count, step, distance) in *pairs {
            let last = first + (count - 1) * step;
            if !self.touches(first, last + distance) {
                continue;
            }
            for one in (0..count).map(|at| first + at * step) {
                let other = one + distance;
                match (self.has(one), self.has(other)) {
                    (true, false) => others.push((other, other)),
                    (false, true) => others.push((one, one)),
                    _ => {}
                }
            }
        }
        for orbit in *more {
            if orbit.iter().any(|&code| self.has(code)) {
                others.extend(orbit.iter().map(|&code| (code, code)));
            }
        }
        if others.is_empty() {
            return self.clone();
        }
        others.extend_from_slice(&self.0);
        Self::of(&others)
    }

    fn touches(&self, first: u32, last: u32) -> bool {
        let at = self.0.partition_point(|range| range.1 < first);
        self.0.get(at).is_some_and(|range| range.0 <= last)
    }
}

/// `\d`.
pub(crate) fn digit() -> Set {
    Set(vec![(0x30, 0x39)])
}

/// `\w`. With the flags i and u, or i and v, it includes U+017F and U+212A, which fold to s and k.
pub(crate) fn word(folded: bool) -> Set {
    let word = Set(vec![(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]);
    if folded { word.folded(true) } else { word }
}

/// `\s`: what ECMAScript calls white space, and line terminators.
pub(crate) fn space() -> Set {
    Set(vec![
        (0x09, 0x0D),
        (0x20, 0x20),
        (0xA0, 0xA0),
        (0x1680, 0x1680),
        (0x2000, 0x200A),
        (0x2028, 0x2029),
        (0x202F, 0x202F),
        (0x205F, 0x205F),
        (0x3000, 0x3000),
        (0xFEFF, 0xFEFF),
    ])
}

/// The line terminators, which `.` does not match.
pub(crate) fn terminator() -> Set {
    Set(vec![(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)])
}

#[cfg(test)]
mod tests {
    use super::{LAST, Set, word};

    #[test]
    fn sets_are_a_boolean_algebra() {
        let a = Set::of(&[(10, 20), (30, 40), (5, 9)]);
        assert_eq!(a.ranges(), [(5, 20), (30, 40)]);
        let b = Set::of(&[(15, 35)]);
        assert_eq!(a.and(&b).ranges(), [(15, 20), (30, 35)]);
        assert_eq!(a.minus(&b).ranges(), [(5, 14), (36, 40)]);
        assert_eq!(a.or(&b).ranges(), [(5, 40)]);
        assert_eq!(a.not().not(), a);
        assert_eq!(Set::all().not(), Set::default());
        assert_eq!(Set::default().not().ranges(), [(0, LAST)]);
        assert!(a.has(5) && a.has(40) && !a.has(4) && !a.has(25) && !a.has(41));
    }

    #[test]
    fn case_is_folded_by_the_flag() {
        let s = Set::one(u32::from('s'));
        assert_eq!(s.folded(false).ranges(), [(0x53, 0x53), (0x73, 0x73)]);
        assert!(s.folded(true).has(0x17F));
        assert!(Set::one(0x17F).folded(true).has(u32::from('S')));
        assert!(!Set::one(0x17F).folded(false).has(u32::from('S')));
        assert!(Set::one(0x10400).folded(true).has(0x10428));
        assert!(!Set::one(0x10400).folded(false).has(0x10428));
        assert!(word(true).has(0x212A) && !word(false).has(0x212A));
    }
}
