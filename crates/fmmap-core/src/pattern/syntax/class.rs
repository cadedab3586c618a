//! Classes: `[...]`, `\d` and its like, properties, and the sets of the flag v.

use super::parser::Parser;
use super::reader::{Answer, code};
use super::refusal::Construct;
use super::set::{self, Set};
use super::tree::Node;
use crate::order::sort;

/// Something in a pattern that stands for characters.
pub(super) enum Atom {
    One(u32),
    Many(Set),
    /// Characters, and strings that have none or several of them.
    Strings(Set, Vec<Vec<u32>>),
}

impl Atom {
    fn set(self) -> Set {
        match self {
            Self::One(one) => Set::one(one),
            Self::Many(set) | Self::Strings(set, _) => set,
        }
    }
}

impl Parser<'_> {
    /// The node of an atom outside of a class, with its case folded if case is ignored.
    pub(super) fn atom(&self, atom: Atom) -> Node {
        let Atom::Strings(set, mut strings) = atom else {
            return self.node(&atom.set());
        };
        // The longest strings come first; single characters come after all strings except the empty
        // one.
        let longest = strings.iter().map(Vec::len).max().unwrap_or(0);
        let mut order: Vec<u64> = (0..)
            .zip(&strings)
            .map(|(at, string)| ((longest - string.len()) as u64) << 32 | at)
            .collect();
        sort(&mut order);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the lower half is an index"
        )]
        let mut strings: Vec<Vec<u32>> = order
            .iter()
            .map(|&key| std::mem::take(&mut strings[key as u32 as usize]))
            .collect();
        let spell = |string: &Vec<u32>| {
            Node::concat(
                string
                    .iter()
                    .map(|&one| self.node(&Set::one(one)))
                    .collect(),
            )
        };
        let empty = strings.last().is_some_and(Vec::is_empty);
        if empty {
            strings.pop();
        }
        let mut either: Vec<Node> = strings.iter().map(spell).collect();
        if !set.is_empty() {
            either.push(self.node(&set));
        }
        if empty {
            either.push(Node::Empty);
        }
        Node::either(either)
    }

    /// The node of a set.
    pub(super) fn node(&self, set: &Set) -> Node {
        Node::Set(if self.flags.ignore_case {
            set.folded(self.unicode)
        } else {
            set.clone()
        })
    }

    /// Parses `\d`, `\p{...}` and the like, after the `\`.
    pub(super) fn class_escape(&mut self) -> Answer<Option<Atom>> {
        let folded = self.unicode && self.flags.ignore_case;
        let set = match self.reader.sign(0) {
            Some('d') => set::digit(),
            Some('D') => set::digit().not(),
            Some('w') => set::word(folded),
            Some('W') => set::word(folded).not(),
            Some('s') => set::space(),
            Some('S') => set::space().not(),
            Some('p' | 'P') if self.unicode => return self.property().map(Some),
            _ => return Ok(None),
        };
        self.reader.at += 1;
        Ok(Some(Atom::Many(set)))
    }

    fn property(&mut self) -> Answer<Atom> {
        let start = self.reader.at - 1;
        let negated = self.reader.eat("P");
        if !negated {
            self.reader.expect("p")?;
        }
        self.reader.expect("{")?;
        let mut name = String::new();
        while !self.reader.eat("}") {
            let Some(sign) = self.reader.sign(0) else {
                return self.reader.refuse(Construct::Syntax);
            };
            name.push(sign);
            self.reader.at += 1;
        }
        let Some(members) = (self.properties)(&name) else {
            self.reader.at = start;
            return self.reader.refuse(Construct::Property);
        };
        let mut set = Set::of(&members.ranges);
        // With the flag v the set is folded before its complement is taken.
        if self.flags.ignore_case && self.flags.sets {
            set = set.folded(true);
        }
        if negated {
            return Ok(Atom::Many(set.not()));
        }
        if members.strings.is_empty() {
            return Ok(Atom::Many(set));
        }
        Ok(Atom::Strings(set, members.strings))
    }

    /// Parses a class, after `[`.
    pub(super) fn class(&mut self) -> Answer<Node> {
        if self.flags.sets {
            let class = self.set_class()?;
            return Ok(self.atom(class));
        }
        let start = self.reader.at - 1;
        let negated = self.reader.eat("^");
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        while !self.reader.eat("]") {
            let first = self.class_atom()?;
            let is_range =
                self.reader.sign(0) == Some('-') && !matches!(self.reader.sign(1), Some(']'));
            if !is_range {
                ranges.extend_from_slice(first.set().ranges());
                continue;
            }
            self.reader.at += 1;
            match (first, self.class_atom()?) {
                (Atom::One(first), Atom::One(last)) if first <= last => ranges.push((first, last)),
                (Atom::One(_), Atom::One(_)) => return self.reader.refuse(Construct::Syntax),
                // By Annex B, the hyphen stands for itself here.
                (first, last) => {
                    ranges.push((code('-'), code('-')));
                    ranges.extend_from_slice(first.set().ranges());
                    ranges.extend_from_slice(last.set().ranges());
                }
            }
        }
        let mut set = Set::of(&ranges);
        if self.flags.ignore_case {
            set = set.folded(self.unicode);
        }
        if negated {
            set = set.not();
        }
        if !self.unicode && set.tells_surrogates_apart() {
            self.reader.at = start;
            return self.reader.refuse(Construct::Surrogate);
        }
        Ok(Node::Set(set))
    }

    fn class_atom(&mut self) -> Answer<Atom> {
        if !self.reader.eat("\\") {
            let Some(one) = self.reader.next() else {
                return self.reader.refuse(Construct::Syntax);
            };
            return Ok(Atom::One(one));
        }
        if self.reader.eat("b") {
            return Ok(Atom::One(0x08));
        }
        if let Some(class) = self.class_escape()? {
            return Ok(class);
        }
        self.reader.character_escape(true).map(Atom::One)
    }

    /// Parses a class with the flag v, after `[`: nested classes, strings, and operands joined by
    /// `--` or `&&`.
    fn set_class(&mut self) -> Answer<Atom> {
        self.deeper()?;
        let negated = self.reader.eat("^");
        let mut set = Set::default();
        let mut strings: Vec<Vec<u32>> = Vec::new();
        let mut is_first = true;
        while !self.reader.eat("]") {
            let minus = !is_first && self.reader.eat("--");
            let and = !minus && !is_first && self.reader.eat("&&");
            is_first = false;
            let mut operand = self.operand()?;
            if let Atom::One(first) = operand
                && self.reader.sign(0) == Some('-')
                && self.reader.sign(1) != Some('-')
            {
                self.reader.at += 1;
                match self.operand()? {
                    Atom::One(last) if first <= last => {
                        operand = Atom::Many(Set::of(&[(first, last)]));
                    }
                    _ => return self.reader.refuse(Construct::Syntax),
                }
            }
            let others = match &mut operand {
                Atom::Strings(_, strings) => self.canonical(std::mem::take(strings)),
                _ => Vec::new(),
            };
            let mut other = operand.set();
            if self.flags.ignore_case {
                other = other.folded(true);
            }
            if minus {
                set = set.minus(&other);
                strings.retain(|string| !others.contains(string));
            } else if and {
                set = set.and(&other);
                strings.retain(|string| others.contains(string));
            } else {
                set = set.or(&other);
                for string in others {
                    if !strings.contains(&string) {
                        strings.push(string);
                    }
                }
            }
        }
        self.depth -= 1;
        if negated {
            return Ok(Atom::Many(set.not()));
        }
        if strings.is_empty() {
            return Ok(Atom::Many(set));
        }
        Ok(Atom::Strings(set, strings))
    }

    /// Makes strings equal that differ only in case, if case is ignored.
    fn canonical(&self, mut strings: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
        if self.flags.ignore_case {
            for one in strings.iter_mut().flatten() {
                let folded = Set::one(*one).folded(true);
                *one = folded.ranges().first().map_or(*one, |range| range.0);
            }
        }
        strings
    }

    fn operand(&mut self) -> Answer<Atom> {
        if self.reader.eat("[") {
            return self.set_class();
        }
        if self.reader.eat("\\q{") {
            return self.strings();
        }
        self.class_atom()
    }

    /// Parses `\q{...}`, after `\q{`.
    fn strings(&mut self) -> Answer<Atom> {
        let mut ranges = Vec::new();
        let mut strings = Vec::new();
        let mut string = Vec::new();
        loop {
            let ends = self.reader.eat("}");
            if ends || self.reader.eat("|") {
                match string[..] {
                    [one] => ranges.push((one, one)),
                    _ if strings.contains(&string) => {}
                    _ => strings.push(string.clone()),
                }
                string.clear();
                if ends {
                    return Ok(Atom::Strings(Set::of(&ranges), strings));
                }
                continue;
            }
            match self.class_atom()? {
                Atom::One(one) => string.push(one),
                _ => return self.reader.refuse(Construct::Syntax),
            }
        }
    }
}
