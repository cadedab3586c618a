//! Patterns: they are prepared once, and searched for in one call.

use fmmap_core::needle::Scope;
use fmmap_core::pattern::{LineScan, Pattern};

use crate::error::{Answer, Failure};
use crate::numbers::as_number;
use crate::pattern_answer::{Answer as Found, most_groups};
use crate::patterns::{self, Description};
use crate::range::haystack;
use crate::raw::{Call, natives};
use crate::table::touch;

/// The description in argument 0.
fn description(call: &Call) -> Answer<Description<'_>> {
    // SAFETY: no JavaScript runs before the native that calls this returns.
    let bytes = unsafe { call.bytes(0) }?;
    Description::read(bytes).ok_or(Failure::Argument("no pattern"))
}

/// The pattern whose number is argument `at`.
fn prepared(call: &Call, at: usize) -> Answer<Pattern> {
    patterns::pattern(call.index(at)?).ok_or(Failure::Argument("no such pattern"))
}

/// Runs `look` with the pattern of argument 0 over the map of argument 1, from the offset in argument 2 to that in
/// argument 3, which is where the haystack ends. `None` when the map has lost a page.
fn over<T>(call: &Call, look: impl FnOnce(&Pattern, &[u8], usize) -> T) -> Answer<Option<T>> {
    let pattern = prepared(call, 0)?;
    let scope = Scope::of(call.index(2)?, call.index(3)?);
    touch(call.number(1)?, |mapping| {
        Ok(look(&pattern, haystack(mapping, scope)?, scope.from))
    })
}

fn offset(found: Option<usize>) -> f64 {
    found.map_or(-1.0, as_number)
}

natives! {
    /// `pattern(description)`: prepares a pattern, and returns its number.
    pattern as c"pattern"(call) {
        let pattern = description(call)?.pattern().map_err(Failure::Refused)?;
        call.size(patterns::keep(call.env, pattern))
    }

    /// `patternProperties(description)`: the names of the properties that it needs, one on each line.
    pattern_properties as c"patternProperties"(call) {
        let names = description(call)?.properties().map_err(Failure::Refused)?;
        Ok(Some(call.text(&names.join("\n"))))
    }

    /// `patternGroups(pattern)`: one line for each of its needles, with the number of its groups and then the groups'
    /// names and numbers, separated by spaces.
    pattern_groups as c"patternGroups"(call) {
        let pattern = prepared(call, 0)?;
        let needles = (0..pattern.len()).map(|needle| {
            let mut line = pattern.groups(needle).to_string();
            for (name, group) in pattern.names(needle) {
                line.extend([" ", name, " ", &group.to_string()]);
            }
            line
        });
        Ok(Some(call.text(&needles.collect::<Vec<_>>().join("\n"))))
    }

    /// `patternIsLineBound(pattern)`: whether no match can contain a newline, or depend on where the search has
    /// begun.
    pattern_is_line_bound as c"patternIsLineBound"(call) {
        let pattern = prepared(call, 0)?;
        call.truth(!pattern.may_have_newline() && !pattern.is_sticky())
    }

    /// `forgetPattern(pattern)`.
    forget_pattern as c"forgetPattern"(call) {
        patterns::forget(call.index(0)?);
        Ok(None)
    }

    /// `findPattern(pattern, handle, start, end)`: the offset of the first match, -1 if there is none.
    find_pattern as c"findPattern"(call) {
        let found = over(call, Pattern::find)?;
        call.double(found.map_or(f64::NAN, |found| offset(found.map(|found| found.start))))
    }

    /// `rfindPattern(pattern, handle, start, end)`: the offset of the match that starts last, -1 if there is none.
    rfind_pattern as c"rfindPattern"(call) {
        let found = over(call, Pattern::rfind)?;
        call.double(found.map_or(f64::NAN, |found| offset(found.map(|found| found.start))))
    }

    /// `countPattern(pattern, handle, start, end)`: how many matches there are.
    count_pattern as c"countPattern"(call) {
        let counted = over(call, Pattern::count)?;
        call.double(counted.map_or(f64::NAN, as_number))
    }

    /// `countLinesPattern(pattern, handle, start, end, invert)`: how many lines have a match, or have none.
    count_lines_pattern as c"countLinesPattern"(call) {
        let is_inverted = call.boolean(4)?;
        let counted = over(call, |pattern, haystack, from| {
            let mut lines = LineScan::new(pattern, from, haystack.len(), is_inverted);
            let mut count = 0;
            while !lines.count(haystack, usize::MAX, &mut count) {}
            count
        })?;
        call.double(counted.map_or(f64::NAN, as_number))
    }

    /// `matchPattern(pattern, handle, start, end)`: the first match, packed as `pattern_answer` describes; undefined
    /// when the map has lost a page.
    match_pattern as c"matchPattern"(call) {
        let found = over(call, |pattern, haystack, from| {
            let mut answer = Found::nothing(haystack.len());
            if let Some(span) = pattern.find(haystack, from) {
                answer.push_match(pattern, haystack, span, most_groups(pattern));
            }
            answer.packed()
        })?;
        found.map_or(Ok(None), |found| call.doubles(found))
    }
}
