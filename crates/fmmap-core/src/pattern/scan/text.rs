//! Reads characters of a haystack whose bytes may be no characters, and may change at any time.

use crate::pattern::Encoding;
use crate::pattern::automata::symbols::{Whole, kind};
use crate::pattern::syntax::tree::Kind;

/// The number of bytes of the character that starts here; 1 if there is no valid character.
pub(crate) fn len_at(haystack: &[u8], at: usize, encoding: Encoding) -> usize {
    let Some(rest) = haystack.get(at..) else {
        return 1;
    };
    if encoding == Encoding::Latin1 {
        return 1;
    }
    let mut bytes = [0; 4];
    let len = rest.len().min(4);
    bytes[..len].copy_from_slice(&rest[..len]);
    let need = match bytes[0] {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return 1,
    };
    if need <= len && std::str::from_utf8(&bytes[..need]).is_ok() {
        need
    } else {
        1
    }
}

/// Whether a place is not inside of a character, so that an empty match is allowed there.
pub(crate) fn is_boundary(haystack: &[u8], at: usize, encoding: Encoding) -> bool {
    let is_inside = |byte: u8| byte & 0xC0 == 0x80;
    if encoding == Encoding::Latin1 || !haystack.get(at).is_some_and(|&byte| is_inside(byte)) {
        return true;
    }
    (1..=3.min(at)).all(|back| len_at(haystack, at - back, encoding) <= back)
}

/// What an assertion sees before a place.
pub(crate) fn before(haystack: &[u8], at: usize, whole: Whole) -> Kind {
    kind(whole.before(haystack, at).0)
}

/// What an assertion sees behind a place.
pub(crate) fn after(haystack: &[u8], at: usize, whole: Whole) -> Kind {
    kind(whole.at(haystack, at).0)
}

#[cfg(test)]
mod tests {
    use super::{Encoding, is_boundary, len_at};

    #[test]
    fn characters_are_what_utf8_says_and_other_bytes_are_one_each() {
        let text = "aé\u{2028}😀".as_bytes();
        let boundaries: Vec<usize> = (0..=text.len())
            .filter(|&at| is_boundary(text, at, Encoding::Utf8))
            .collect();
        assert_eq!(boundaries, [0, 1, 3, 6, 10]);
        assert!((0..text.len()).all(|at| is_boundary(text, at, Encoding::Latin1)));
        for bad in [
            &b"\x80\x80"[..],
            b"\xC3",
            b"\xE2\x80",
            b"\xFF\x80",
            b"\xED\xA0\x80",
            b"\xC0\x80",
        ] {
            for at in 0..bad.len() {
                assert!(is_boundary(bad, at, Encoding::Utf8), "{bad:x?} {at}");
                assert_eq!(len_at(bad, at, Encoding::Utf8), 1);
            }
        }
    }
}
