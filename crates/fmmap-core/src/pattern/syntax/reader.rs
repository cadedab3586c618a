//! Reads the source of a pattern, one unit after another.

use super::refusal::{Construct, Refusal};

pub(super) type Answer<T> = Result<T, Refusal>;

/// A position in a source. With the flag u or v, a surrogate pair is read as one character, as ECMAScript does.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    units: &'s [u16],
    unicode: bool,
    /// The position, in UTF-16 code units.
    pub(super) at: usize,
}

/// The number of a character of the syntax. Sources have all characters as numbers.
pub(super) const fn code(character: char) -> u32 {
    character as u32
}

/// The character of a surrogate pair.
pub(super) fn paired(high: u32, low: u32) -> u32 {
    0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)
}

pub(super) fn is_high(code: u32) -> bool {
    (0xD800..=0xDBFF).contains(&code)
}

pub(super) fn is_low(code: u32) -> bool {
    (0xDC00..=0xDFFF).contains(&code)
}

impl<'s> Reader<'s> {
    pub(super) fn new(units: &'s [u16], unicode: bool) -> Self {
        Self {
            units,
            unicode,
            at: 0,
        }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.units.len()
    }

    pub(super) fn unit(&self, ahead: usize) -> Option<u32> {
        self.units.get(self.at + ahead).map(|&unit| u32::from(unit))
    }

    /// The unit at a distance from here, if it may be part of the syntax.
    pub(super) fn sign(&self, ahead: usize) -> Option<char> {
        self.unit(ahead)
            .and_then(char::from_u32)
            .filter(char::is_ascii)
    }

    /// The next character.
    pub(super) fn next(&mut self) -> Option<u32> {
        let unit = self.unit(0)?;
        self.at += 1;
        if self.unicode
            && is_high(unit)
            && let Some(low) = self.unit(0).filter(|&low| is_low(low))
        {
            self.at += 1;
            return Some(paired(unit, low));
        }
        Some(unit)
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(ahead, sign)| self.unit(ahead) == Some(code(sign)))
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let starts = self.starts(text);
        if starts {
            self.at += text.len();
        }
        starts
    }

    pub(super) fn refuse<T>(&self, construct: Construct) -> Answer<T> {
        Err(Refusal::new(construct, self.at))
    }

    pub(super) fn expect(&mut self, text: &str) -> Answer<()> {
        if self.eat(text) {
            return Ok(());
        }
        self.refuse(Construct::Syntax)
    }

    /// A decimal number, if one stands here. A number that is too large becomes the largest possible.
    pub(super) fn decimal(&mut self) -> Option<u64> {
        let mut number = None;
        while let Some(digit) = self.sign(0).and_then(|sign| sign.to_digit(10)) {
            let so_far: u64 = number.unwrap_or(0);
            number = Some(so_far.saturating_mul(10).saturating_add(digit.into()));
            self.at += 1;
        }
        number
    }

    /// A hexadecimal number of exactly this many digits, if it stands here.
    pub(super) fn hexadecimal(&mut self, digits: usize) -> Option<u32> {
        let mut number = 0;
        for ahead in 0..digits {
            number = number * 16 + self.sign(ahead)?.to_digit(16)?;
        }
        self.at += digits;
        Some(number)
    }

    /// An octal number up to `\377`.
    pub(super) fn octal(&mut self) -> u32 {
        let mut number = 0;
        for _ in 0..3 {
            match self.sign(0).and_then(|sign| sign.to_digit(8)) {
                Some(digit) if number * 8 + digit <= 0o377 => {
                    number = number * 8 + digit;
                    self.at += 1;
                }
                _ => break,
            }
        }
        number
    }

    /// Parses `uXXXX` after `\`; with the flag u or v, or in the name of a group, also `u{X}` and surrogate pairs. If
    /// it does not stand here, returns `None` and does not move.
    pub(super) fn unicode_escape(&mut self, unicode: bool) -> Option<u32> {
        let start = self.at;
        let found = self.unicode_escape_from_here(unicode);
        if found.is_none() {
            self.at = start;
        }
        found
    }

    fn unicode_escape_from_here(&mut self, unicode: bool) -> Option<u32> {
        if !self.eat("u") {
            return None;
        }
        if unicode && self.eat("{") {
            let mut number = 0;
            while let Some(digit) = self.sign(0).and_then(|sign| sign.to_digit(16)) {
                number = (number * 16 + digit).min(0x11_0000);
                self.at += 1;
            }
            return self.eat("}").then_some(number);
        }
        let high = self.hexadecimal(4)?;
        if unicode && is_high(high) {
            let after = self.at;
            if self.eat("\\u")
                && let Some(low) = self.hexadecimal(4).filter(|&low| is_low(low))
            {
                return Some(paired(high, low));
            }
            self.at = after;
        }
        Some(high)
    }

    /// The second half of a surrogate pair, as a unit or as an escape, if it stands here.
    pub(super) fn low_half(&mut self) -> Option<u32> {
        let start = self.at;
        let low = if self.eat("\\u") {
            self.hexadecimal(4)
        } else {
            let unit = self.unit(0);
            self.at += 1;
            unit
        };
        let low = low.filter(|&low| is_low(low));
        if low.is_none() {
            self.at = start;
        }
        low
    }

    /// Parses the escape of one character, after `\`; by Annex B if there is no flag u or v.
    pub(super) fn character_escape(&mut self, in_class: bool) -> Answer<u32> {
        let Some(sign) = self.unit(0) else {
            return self.refuse(Construct::Syntax);
        };
        let control = match char::from_u32(sign) {
            Some('f') => 0x0C,
            Some('n') => 0x0A,
            Some('r') => 0x0D,
            Some('t') => 0x09,
            Some('v') => 0x0B,
            Some('0') if !self.sign(1).is_some_and(|sign| sign.is_ascii_digit()) => 0,
            Some('0'..='7') if !self.unicode => return Ok(self.octal()),
            Some('c') => {
                let annex = in_class && !self.unicode;
                return Ok(match self.sign(1) {
                    Some(letter)
                        if letter.is_ascii_alphabetic()
                            || annex && (letter.is_ascii_digit() || letter == '_') =>
                    {
                        self.at += 2;
                        code(letter) % 32
                    }
                    // The backslash stands for itself.
                    _ => code('\\'),
                });
            }
            Some('x') => {
                self.at += 1;
                return Ok(self.hexadecimal(2).unwrap_or(sign));
            }
            Some('u') => {
                if let Some(code) = self.unicode_escape(self.unicode) {
                    return Ok(code);
                }
                sign
            }
            _ => {
                return self
                    .next()
                    .map_or_else(|| self.refuse(Construct::Syntax), Ok);
            }
        };
        self.at += 1;
        Ok(control)
    }
}
