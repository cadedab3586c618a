//! Parses ECMAScript's syntax of patterns, including Annex B, to a tree.
//!
//! The runtime's own RegExp has accepted the source before, so the parser mainly has to find syntax that this engine
//! does not support. A source that is not a valid pattern is refused all the same, though the error may be less
//! precise.

use super::class::Atom;
use super::lookahead::{shortest, with_tail};
use super::reader::{Answer, Reader, code, is_high, is_low, paired};
use super::refusal::{Construct, Refusal};
use super::set::{self, Set};
use super::tree::{Assert, Node, Repeat};
use super::{Flags, Members, Parsed};

/// How deep groups and classes may be nested. All functions that walk over a tree are recursive.
const DEEPEST: usize = 200;

/// A repetition with this upper limit or a greater one has none, as in V8, whose strings are shorter.
const UNLIMITED: u64 = (1 << 31) - 1;

/// No haystack has so many bytes: JavaScript has no offset for the last one.
const LONGEST: u64 = 1 << 53;

pub(super) struct Parser<'s> {
    pub(super) reader: Reader<'s>,
    pub(super) flags: Flags,
    /// Whether the flag u or v is set.
    pub(super) unicode: bool,
    /// Returns the members of a property.
    pub(super) properties: &'s mut dyn FnMut(&str) -> Option<Members>,
    pub(super) depth: usize,
    /// The number of groups so far.
    groups: usize,
    names: Vec<(String, usize)>,
    /// The number of groups in the whole source, on which the meaning of `\2` and `\k` depends.
    all_groups: usize,
    has_names: bool,
    /// Whether an alternative has ended with a lookahead.
    has_tail: bool,
}

/// Parses a source. `properties` returns the members of `\p{...}`.
pub(super) fn parse(
    units: &[u16],
    flags: Flags,
    properties: &mut dyn FnMut(&str) -> Option<Members>,
) -> Result<Parsed, Refusal> {
    let unicode = flags.unicode || flags.sets;
    let (all_groups, has_names) = count_groups(units, flags.sets);
    let mut parser = Parser {
        reader: Reader::new(units, unicode),
        flags,
        unicode,
        properties,
        depth: 0,
        groups: 0,
        names: Vec::new(),
        all_groups,
        has_names,
        has_tail: false,
    };
    let node = parser.disjunction()?;
    if !parser.reader.is_at_end() {
        return parser.reader.refuse(Construct::Syntax);
    }
    let groups = parser.groups;
    let tail = parser.has_tail.then_some(groups + 1);
    Ok(Parsed {
        node: tail.map_or_else(|| node.clone(), |tail| with_tail(node.clone(), tail)),
        groups,
        names: parser.names,
        tail,
    })
}

/// Counts the groups, and finds whether one has a name.
fn count_groups(units: &[u16], nested_classes: bool) -> (usize, bool) {
    let (mut groups, mut has_names, mut class, mut at) = (0, false, 0_usize, 0);
    let is = |at: usize, sign: char| {
        units
            .get(at)
            .is_some_and(|&unit| u32::from(unit) == code(sign))
    };
    while at < units.len() {
        if is(at, '\\') {
            at += 1;
        } else if is(at, '[') && (class == 0 || nested_classes) {
            class += 1;
        } else if is(at, ']') {
            class = class.saturating_sub(1);
        } else if is(at, '(') && class == 0 {
            let name = is(at + 1, '?') && is(at + 2, '<') && !is(at + 3, '=') && !is(at + 3, '!');
            has_names |= name;
            groups += usize::from(name || !is(at + 1, '?'));
        }
        at += 1;
    }
    (groups, has_names)
}

impl Parser<'_> {
    pub(super) fn deeper(&mut self) -> Answer<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.reader.refuse(Construct::Depth);
        }
        Ok(())
    }

    fn disjunction(&mut self) -> Answer<Node> {
        self.deeper()?;
        let mut either = vec![self.alternative()?];
        while self.reader.eat("|") {
            either.push(self.alternative()?);
        }
        self.depth -= 1;
        Ok(Node::either(either))
    }

    fn alternative(&mut self) -> Answer<Node> {
        let mut terms = Vec::new();
        while !self.reader.is_at_end() && !matches!(self.reader.sign(0), Some('|' | ')')) {
            self.term(&mut terms)?;
        }
        Ok(Node::concat(terms))
    }

    fn term(&mut self, terms: &mut Vec<Node>) -> Answer<()> {
        let (start, groups) = (self.reader.at, self.groups);
        let multiline = self.flags.multiline;
        let assert = |yes, no| Node::Assert(if multiline { yes } else { no });
        let node = match self.reader.sign(0) {
            Some('^') => {
                self.reader.at += 1;
                terms.push(assert(Assert::LineStart, Assert::Start));
                return Ok(());
            }
            Some('$') => {
                self.reader.at += 1;
                terms.push(assert(Assert::LineEnd, Assert::End));
                return Ok(());
            }
            Some('(') => match self.group()? {
                Ok(node) => node,
                Err(lookahead) => {
                    terms.push(lookahead);
                    return Ok(());
                }
            },
            Some('.') => {
                self.reader.at += 1;
                Node::Set(if self.flags.dot_all {
                    Set::all()
                } else {
                    set::terminator().not()
                })
            }
            Some('[') => {
                self.reader.at += 1;
                self.class()?
            }
            Some('\\') => {
                self.reader.at += 1;
                let folded = self.unicode && self.flags.ignore_case;
                if self.reader.eat("b") {
                    terms.push(Node::Assert(Assert::Word { folded }));
                    return Ok(());
                }
                if self.reader.eat("B") {
                    terms.push(Node::Assert(Assert::NotWord { folded }));
                    return Ok(());
                }
                self.escape(start)?
            }
            Some('*' | '+' | '?') => return self.reader.refuse(Construct::Syntax),
            Some('{') if self.unicode => return self.reader.refuse(Construct::Syntax),
            _ => {
                let character = self.reader.next().unwrap_or(0);
                self.literal(character, start)?
            }
        };
        let at = self.reader.at;
        let Some((min, max, greedy)) = self.quantifier() else {
            terms.push(node);
            return Ok(());
        };
        if min >= LONGEST && !node.is_nullable() {
            terms.push(Node::Fail);
            return Ok(());
        }
        terms.push(Node::Repeat(Box::new(Repeat {
            node,
            min: u32::try_from(min).unwrap_or(u32::MAX),
            max: max
                .filter(|&max| max < UNLIMITED)
                .map(|max| u32::try_from(max).unwrap_or(u32::MAX)),
            greedy,
            groups: groups + 1..self.groups + 1,
            at,
        })));
        Ok(())
    }

    /// Parses a group, at `(`. The answer is `Err` for a lookahead, which no quantifier may follow.
    fn group(&mut self) -> Answer<Result<Node, Node>> {
        let flags = self.flags;
        let start = self.reader.at;
        if self.reader.starts("(?=") || self.reader.starts("(?!") {
            return self.lookahead().map(Err);
        }
        if self.reader.starts("(?<=") || self.reader.starts("(?<!") {
            return self.reader.refuse(Construct::Lookbehind);
        }
        self.reader.at += 1;
        let node = if self.reader.eat("?:") {
            self.disjunction()?
        } else if self.reader.eat("?<") {
            let name = self.group_name()?;
            self.names.push((name, self.groups + 1));
            self.captured()?
        } else if self.reader.eat("?") {
            self.modifiers()?;
            self.disjunction()?
        } else {
            self.captured()?
        };
        self.flags = flags;
        if !self.reader.eat(")") {
            self.reader.at = start;
            return self.reader.refuse(Construct::Syntax);
        }
        Ok(Ok(node))
    }

    fn captured(&mut self) -> Answer<Node> {
        self.groups += 1;
        let group = self.groups;
        Ok(Node::Group(group, Box::new(self.disjunction()?)))
    }

    /// Parses modifiers, after `(?`: `ims-ims:`.
    fn modifiers(&mut self) -> Answer<()> {
        let mut on = true;
        loop {
            match self.reader.sign(0) {
                Some('-') => on = false,
                Some('i') => self.flags.ignore_case = on,
                Some('m') => self.flags.multiline = on,
                Some('s') => self.flags.dot_all = on,
                Some(':') => {
                    self.reader.at += 1;
                    return Ok(());
                }
                _ => return self.reader.refuse(Construct::Syntax),
            }
            self.reader.at += 1;
        }
    }

    /// Parses a lookahead, at `(?=` or `(?!`. Until the pattern is complete, what it looks at is in group 0.
    fn lookahead(&mut self) -> Answer<Node> {
        let start = self.reader.at;
        let negative = self.reader.starts("(?!");
        let groups = self.groups;
        self.reader.at += 3;
        let is_outside = self.depth == 1;
        let seen = self.disjunction()?;
        self.reader.expect(")")?;
        let is_last = self.reader.is_at_end() || self.reader.sign(0) == Some('|');
        let nested = seen.any(&mut |node| matches!(node, Node::Group(0, _) | Node::Not(_)));
        if !is_outside || !is_last || nested {
            self.reader.at = start;
            return self.reader.refuse(Construct::Lookahead);
        }
        self.has_tail = true;
        let seen = if negative {
            // The groups of a negative lookahead exist, and never match.
            Node::Not(Box::new(seen))
        } else if self.groups == groups {
            // It only matters whether the lookahead matches, so it reads as little as possible.
            shortest(seen)
        } else {
            seen
        };
        Ok(Node::Group(0, Box::new(seen)))
    }

    /// Parses an escape after `\`, except assertions.
    fn escape(&mut self, start: usize) -> Answer<Node> {
        let backreference = |parser: &mut Self| {
            parser.reader.at = start;
            parser.reader.refuse(Construct::Backreference)
        };
        match self.reader.sign(0) {
            Some(first @ '1'..='9') => {
                let digits = self.reader.at;
                let number = self.reader.decimal().unwrap_or(0);
                if self.unicode || number <= self.all_groups as u64 {
                    return backreference(self);
                }
                self.reader.at = digits;
                let one = if first >= '8' {
                    self.reader.at += 1;
                    code(first)
                } else {
                    self.reader.octal()
                };
                return Ok(self.node(&Set::one(one)));
            }
            Some('k') if self.unicode || self.has_names => return backreference(self),
            _ => {}
        }
        if let Some(class) = self.class_escape()? {
            return Ok(self.atom(class));
        }
        let one = self.reader.character_escape(false)?;
        self.literal(one, start)
    }

    /// Parses a literal character. Two surrogate halves that follow each other are one character.
    fn literal(&mut self, one: u32, start: usize) -> Answer<Node> {
        if !is_high(one) && !is_low(one) {
            return Ok(self.atom(Atom::One(one)));
        }
        if !self.unicode
            && is_high(one)
            && let Some(low) = self.reader.low_half()
            // A quantifier would apply to the second half only.
            && !matches!(self.reader.sign(0), Some('*' | '+' | '?' | '{'))
        {
            return Ok(Node::Set(Set::one(paired(one, low))));
        }
        self.reader.at = start;
        self.reader.refuse(Construct::Surrogate)
    }

    fn quantifier(&mut self) -> Option<(u64, Option<u64>, bool)> {
        let (min, max) = match self.reader.sign(0)? {
            '*' => (0, None),
            '+' => (1, None),
            '?' => (0, Some(1)),
            '{' => {
                let (min, max) = self.braces()?;
                return Some((min, max, !self.reader.eat("?")));
            }
            _ => return None,
        };
        self.reader.at += 1;
        Some((min, max, !self.reader.eat("?")))
    }

    /// Parses `{2}`, `{2,}` or `{2,4}`. By Annex B, everything else is literal.
    fn braces(&mut self) -> Option<(u64, Option<u64>)> {
        let start = self.reader.at;
        let found = self.numbers();
        if found.is_none() {
            self.reader.at = start;
        }
        found
    }

    fn numbers(&mut self) -> Option<(u64, Option<u64>)> {
        self.reader.at += 1;
        let min = self.reader.decimal()?;
        let max = if !self.reader.eat(",") {
            Some(min)
        } else if self.reader.sign(0) == Some('}') {
            None
        } else {
            Some(self.reader.decimal()?)
        };
        self.reader.eat("}").then_some((min, max))
    }

    /// Parses the name of a group, after `(?<`.
    fn group_name(&mut self) -> Answer<String> {
        let mut name = String::new();
        while !self.reader.eat(">") {
            let found = if self.reader.eat("\\") {
                self.reader.unicode_escape(true)
            } else {
                self.reader.next()
            };
            let Some(mut one) = found else {
                return self.reader.refuse(Construct::Syntax);
            };
            // Names are read as if the flag u were set.
            if is_high(one)
                && let Some(low) = self.reader.low_half()
            {
                one = paired(one, low);
            }
            name.push(char::from_u32(one).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Ok(name)
    }
}
