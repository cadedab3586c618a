//! The table of rows, which says what is searched for in what. To add a row, add a line here.

use crate::haystacks::{Kind, Random};

/// How a needle is made.
#[derive(Clone)]
pub enum Needle {
    /// These bytes.
    Is(&'static [u8]),
    /// The UTF-16LE of this text.
    Wide(&'static str),
    /// This many random bytes of the haystack's alphabet.
    Random(usize),
    /// This many bytes from the middle of the haystack, of which the one at this fraction is
    /// replaced by another byte of the haystack: such a needle nearly occurs.
    Near(usize, f64),
    /// A byte this many times, another byte, and again the first this many times.
    Runs(usize, u8, usize),
}

/// One row of the table.
#[derive(Clone)]
pub struct Row {
    pub kind: Kind,
    pub needle: Needle,
    pub label: &'static str,
    /// The length of the haystack, if it is not the usual one.
    pub len: Option<usize>,
}

const fn row(kind: Kind, label: &'static str, needle: Needle) -> Row {
    Row {
        kind,
        needle,
        label,
        len: None,
    }
}

const fn sized(kind: Kind, len: usize, label: &'static str, needle: Needle) -> Row {
    Row {
        kind,
        needle,
        label,
        len: Some(len),
    }
}

const fn small(len: usize, label: &'static str, needle: Needle) -> Row {
    sized(Kind::Log, len, label, needle)
}

/// The needles that are looked for in haystacks of several sizes.
const FOX: Needle = Needle::Is(b"fox jumps");
const COMMON: Needle = Needle::Is(b"tetonsine");
const WIDE: Needle = Needle::Wide("tetonsine");
const DIGITS: Needle = Needle::Is(b"123456");
const RANDOM: Needle = Needle::Random(32);

/// All rows.
pub const ROWS: &[Row] = &[
    row(Kind::Random, "1 byte, absent", Needle::Is(b"\xFF")),
    row(Kind::Random, "2 bytes, one absent", Needle::Is(b"\x07\xFF")),
    row(
        Kind::Random,
        "4 bytes, absent",
        Needle::Is(b"\x11\x92\xFD\xFF"),
    ),
    row(Kind::Random, "8 bytes", Needle::Random(8)),
    row(Kind::Random, "16 bytes", Needle::Random(16)),
    row(Kind::Random, "64 bytes", Needle::Random(64)),
    row(Kind::Random, "1024 bytes", Needle::Random(1024)),
    row(Kind::Random, "4096 bytes", Needle::Random(4096)),
    row(
        Kind::Random,
        "1024 bytes, nearly there",
        Needle::Near(1024, 0.9),
    ),
    row(Kind::Log, "2 bytes, absent", Needle::Is(b"ej")),
    row(Kind::Log, "3 bytes, absent", Needle::Is(b"tne")),
    row(
        Kind::Log,
        "phrase, absent",
        Needle::Is(b"the quick brown fox jumps"),
    ),
    row(Kind::Log, "word of common letters, absent", COMMON),
    row(
        Kind::Log,
        "long word of common letters, absent",
        Needle::Is(b"tonesatiresinrate"),
    ),
    row(Kind::Log, "a line, nearly there", Needle::Near(100, 0.5)),
    row(
        Kind::Log,
        "1024 bytes, nearly there",
        Needle::Near(1024, 0.3),
    ),
    row(
        Kind::Log,
        "time stamp, absent",
        Needle::Is(b"2026-03-31T00:00:00"),
    ),
    row(
        Kind::Source,
        "identifier, absent",
        Needle::Is(b"self.wordless("),
    ),
    row(
        Kind::Source,
        "indented brace, absent",
        Needle::Is(b"        }}\n    }"),
    ),
    row(
        Kind::Json,
        "key and value, absent",
        Needle::Is(b"\"id\":12345678,"),
    ),
    row(Kind::Json, "key, absent", Needle::Is(b"\"parents\":null")),
    row(Kind::Csv, "6 digits, absent", Needle::Is(b"123456")),
    row(Kind::Csv, "number in a column", Needle::Is(b",1234.12345,")),
    row(Kind::Dna, "12 letters, absent in most", Needle::Random(12)),
    row(Kind::Dna, "32 letters", Needle::Random(32)),
    row(Kind::Dna, "64 letters", Needle::Random(64)),
    row(
        Kind::Dna,
        "400 letters, nearly there",
        Needle::Near(400, 0.7),
    ),
    row(Kind::Bits, "32 letters", Needle::Random(32)),
    row(Kind::Bits, "64 letters", Needle::Random(64)),
    row(
        Kind::Bits,
        "400 letters, nearly there",
        Needle::Near(400, 0.7),
    ),
    row(Kind::Utf16, "word of common letters", WIDE),
    row(Kind::Utf16, "phrase", Needle::Wide("the quick brown fox")),
    row(
        Kind::Zeros,
        "0^31 1",
        Needle::Is(b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"),
    ),
    row(
        Kind::Zeros,
        "1 0^31",
        Needle::Is(b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    ),
    row(Kind::As, "a^31 b", Needle::Runs(31, b'b', 0)),
    row(Kind::As, "b a^31", Needle::Runs(0, b'b', 31)),
    row(Kind::As, "a^255 b", Needle::Runs(255, b'b', 0)),
    row(Kind::As, "a^127 b a^128", Needle::Runs(127, b'b', 128)),
    row(Kind::As, "a^1003 e a^1996", Needle::Runs(1003, b'e', 1996)),
    row(Kind::Period, "64, defect at 1/3", Needle::Near(64, 0.34)),
    row(Kind::Period, "256, defect at 0", Needle::Near(256, 0.0)),
    row(Kind::Period, "256, defect at 1/3", Needle::Near(256, 0.34)),
    row(
        Kind::Period,
        "2000, defect at 0.617",
        Needle::Near(2000, 0.617),
    ),
    row(
        Kind::Period,
        "2000, defect at the end",
        Needle::Near(2000, 0.9999),
    ),
    row(Kind::Defects, "256, defect at 0.3", Needle::Near(256, 0.3)),
    row(
        Kind::Defects,
        "6000, none in the needle",
        Needle::Is(&PERIODIC),
    ),
    row(
        Kind::Fibonacci,
        "300, nearly there",
        Needle::Near(300, 0.417),
    ),
    row(
        Kind::Fibonacci,
        "3000, nearly there",
        Needle::Near(3000, 0.417),
    ),
    small(0, "empty haystack", FOX),
    small(16, "9 bytes in 16", FOX),
    small(32, "9 bytes in 32", FOX),
    small(64, "2 bytes in 64", Needle::Is(b"fj")),
    small(64, "9 bytes in 64", FOX),
    small(128, "9 bytes in 128", FOX),
    small(256, "9 bytes in 256", FOX),
    small(512, "9 bytes in 512", FOX),
    small(1024, "2 bytes in 1 KiB", Needle::Is(b"fj")),
    small(1024, "9 bytes in 1 KiB", FOX),
    small(1024, "64 bytes in 1 KiB", Needle::Near(64, 0.5)),
    small(4096, "9 bytes in 4 KiB", FOX),
    small(4096, "common letters in 4 KiB", COMMON),
    small(16 << 10, "9 bytes in 16 KiB", FOX),
    small(16 << 10, "common letters in 16 KiB", COMMON),
    small(64 << 10, "9 bytes in 64 KiB", FOX),
    small(64 << 10, "common letters in 64 KiB", COMMON),
    small(1 << 20, "9 bytes in 1 MiB", FOX),
    small(1 << 20, "common letters in 1 MiB", COMMON),
    small(4096, "2 common letters in 4 KiB", Needle::Is(b"ao")),
    small(4096, "3 common letters in 4 KiB", Needle::Is(b"ate")),
    small(4096, "4 common letters in 4 KiB", Needle::Is(b"rest")),
    small(16 << 10, "2 common letters in 16 KiB", Needle::Is(b"ao")),
    small(16 << 10, "3 common letters in 16 KiB", Needle::Is(b"ate")),
    small(16 << 10, "4 common letters in 16 KiB", Needle::Is(b"rest")),
    small(64 << 10, "2 common letters in 64 KiB", Needle::Is(b"ao")),
    small(64 << 10, "3 common letters in 64 KiB", Needle::Is(b"ate")),
    small(64 << 10, "4 common letters in 64 KiB", Needle::Is(b"rest")),
    small(1 << 20, "2 common letters in 1 MiB", Needle::Is(b"ao")),
    small(1 << 20, "3 common letters in 1 MiB", Needle::Is(b"ate")),
    small(1 << 20, "4 common letters in 1 MiB", Needle::Is(b"rest")),
    sized(Kind::Dna, 4096, "DNA, 32 letters in 4 KiB", RANDOM),
    sized(Kind::Dna, 32 << 10, "DNA, 32 letters in 32 KiB", RANDOM),
    sized(Kind::Dna, 256 << 10, "DNA, 32 letters in 256 KiB", RANDOM),
    sized(Kind::Dna, 1 << 20, "DNA, 32 letters in 1 MiB", RANDOM),
    sized(Kind::Bits, 4096, "two letters, 32 in 4 KiB", RANDOM),
    sized(Kind::Bits, 32 << 10, "two letters, 32 in 32 KiB", RANDOM),
    sized(Kind::Bits, 256 << 10, "two letters, 32 in 256 KiB", RANDOM),
    sized(Kind::Bits, 1 << 20, "two letters, 32 in 1 MiB", RANDOM),
    sized(Kind::Utf16, 4096, "UTF-16 word in 4 KiB", WIDE),
    sized(Kind::Utf16, 32 << 10, "UTF-16 word in 32 KiB", WIDE),
    sized(Kind::Utf16, 256 << 10, "UTF-16 word in 256 KiB", WIDE),
    sized(Kind::Utf16, 1 << 20, "UTF-16 word in 1 MiB", WIDE),
    sized(Kind::Log, 4096, "word in 4 KiB of text", COMMON),
    sized(Kind::Log, 32 << 10, "word in 32 KiB of text", COMMON),
    sized(
        Kind::Log,
        32 << 10,
        "key in 32 KiB of text",
        Needle::Is(b"connection: refused"),
    ),
    sized(Kind::Log, 256 << 10, "word in 256 KiB of text", COMMON),
    sized(Kind::Log, 1 << 20, "word in 1 MiB of text", COMMON),
    sized(Kind::Csv, 4096, "6 digits in 4 KiB", DIGITS),
    sized(Kind::Csv, 32 << 10, "6 digits in 32 KiB", DIGITS),
    sized(Kind::Csv, 256 << 10, "6 digits in 256 KiB", DIGITS),
    sized(Kind::Csv, 1 << 20, "6 digits in 1 MiB", DIGITS),
];

/// Rows in which all matches are found.
pub const COUNTS: &[Row] = &[
    row(Kind::Log, "newlines", Needle::Is(b"\n")),
    row(Kind::Log, "e", Needle::Is(b"e")),
    row(Kind::Log, "th", Needle::Is(b"th")),
    row(Kind::Log, "the", Needle::Is(b"the")),
    row(Kind::Log, " request ", Needle::Is(b" request ")),
    row(Kind::Log, "00", Needle::Is(b"00")),
    row(Kind::Log, "session", Needle::Is(b"session")),
    row(Kind::Log, "/api/v1/", Needle::Is(b"/api/v1/")),
    row(Kind::Source, "4 spaces", Needle::Is(b"    ")),
    row(Kind::Source, "self", Needle::Is(b"self")),
    row(Kind::Json, "null},\\n", Needle::Is(b"null},\n")),
    row(Kind::Zeros, "0^4", Needle::Is(b"\0\0\0\0")),
    row(Kind::Dna, "ACGT", Needle::Is(b"ACGT")),
];

const PERIODIC: [u8; 6000] = {
    let unit = b"abcabdabcabea";
    let mut bytes = [0; 6000];
    let mut i = 0;
    while i < bytes.len() {
        bytes[i] = unit[i % unit.len()];
        i += 1;
    }
    bytes
};

impl Needle {
    pub fn make(&self, haystack: &[u8], seed: u64) -> Vec<u8> {
        let mut random = Random::new(seed + 77);
        match *self {
            Self::Is(bytes) => bytes.to_vec(),
            Self::Wide(text) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Random(len) => (0..len)
                .map(|_| haystack[random.below(haystack.len())])
                .collect(),
            Self::Near(len, defect) => {
                let from = haystack.len() / 2 - len / 2;
                let mut bytes = haystack[from..from + len].to_vec();
                let mut at = (len as f64 * defect) as usize;
                // If changing one byte is not enough, the next one is changed too.
                while memchr::memmem::find(haystack, &bytes).is_some() {
                    let old = bytes[at];
                    for _ in 0..100 {
                        bytes[at] = haystack[random.below(haystack.len())];
                        if bytes[at] != old {
                            break;
                        }
                    }
                    at = (at + 1) % len;
                }
                bytes
            }
            Self::Runs(before, odd, after) => {
                let mut bytes = vec![haystack[0]; before + 1 + after];
                bytes[before] = odd;
                bytes
            }
        }
    }
}
