//! The engines, each behind the same two questions.

use fmmap_core::pattern::{Flags, Needle, Options, Pattern};
use libloading::{Library, Symbol};
use std::ffi::{CString, c_char, c_int, c_uint, c_void};

/// A pattern that is prepared.
pub trait Engine {
    /// How many matches there are, of which none begins before the one in front of it has ended.
    fn count(&mut self, haystack: &[u8]) -> usize;

    /// Whether there is one.
    fn finds(&mut self, haystack: &[u8]) -> bool;
}

/// Prepares patterns for an engine; an error if there is no such engine here, or it does not take them.
pub fn make(
    engine: &str,
    patterns: &[String],
    flags: &str,
    literal: bool,
) -> Result<Box<dyn Engine>, String> {
    let one = || joined(patterns, literal);
    Ok(match engine {
        "fmmap" => Box::new(ours(patterns, flags, literal)?),
        "regex" => Box::new(regex(&one(), flags)?),
        "aho-corasick" if literal => Box::new(AhoCorasick::new(patterns)?),
        "Teddy" if literal => Box::new(Teddy::new(patterns)?),
        "PCRE2-JIT" => Box::new(Pcre::new(&one(), flags)?),
        "Hyperscan" => Box::new(Hyperscan::new(patterns, flags, literal)?),
        _ => return Err(format!("{engine} takes no such patterns")),
    })
}

/// Several patterns as one.
fn joined(patterns: &[String], literal: bool) -> String {
    let each = |pattern: &String| {
        if literal {
            regex::escape(pattern)
        } else {
            pattern.clone()
        }
    };
    patterns.iter().map(each).collect::<Vec<_>>().join("|")
}

fn ours(patterns: &[String], flags: &str, literal: bool) -> Result<Pattern, String> {
    let sources: Vec<Vec<u16>> = patterns
        .iter()
        .map(|text| text.encode_utf16().collect())
        .collect();
    let needles: Vec<Needle<'_>> = patterns
        .iter()
        .zip(&sources)
        .map(|(text, source)| {
            if literal {
                Needle::Bytes(text.as_bytes())
            } else {
                Needle::RegExp {
                    source,
                    flags: Flags::new(flags),
                }
            }
        })
        .collect();
    Pattern::new(&needles, &Options::default(), &mut |_| None).map_err(|error| error.to_string())
}

impl Engine for Pattern {
    fn count(&mut self, haystack: &[u8]) -> usize {
        Pattern::count(self, haystack, 0)
    }

    fn finds(&mut self, haystack: &[u8]) -> bool {
        self.find(haystack, 0).is_some()
    }
}

fn regex(pattern: &str, flags: &str) -> Result<regex::bytes::Regex, String> {
    regex::bytes::RegexBuilder::new(pattern)
        .unicode(false)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .size_limit(1 << 30)
        .build()
        .map_err(|error| error.to_string())
}

impl Engine for regex::bytes::Regex {
    fn count(&mut self, haystack: &[u8]) -> usize {
        self.find_iter(haystack).count()
    }

    fn finds(&mut self, haystack: &[u8]) -> bool {
        self.is_match(haystack)
    }
}

struct AhoCorasick(aho_corasick::AhoCorasick);

impl AhoCorasick {
    fn new(patterns: &[String]) -> Result<Self, String> {
        aho_corasick::AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::LeftmostFirst)
            .build(patterns)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

impl Engine for AhoCorasick {
    fn count(&mut self, haystack: &[u8]) -> usize {
        self.0.find_iter(haystack).count()
    }

    fn finds(&mut self, haystack: &[u8]) -> bool {
        self.0.is_match(haystack)
    }
}

struct Teddy(aho_corasick::packed::Searcher);

impl Teddy {
    fn new(patterns: &[String]) -> Result<Self, String> {
        aho_corasick::packed::Config::new()
            .match_kind(aho_corasick::packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(patterns)
            .build()
            .map(Self)
            .ok_or_else(|| "too many for Teddy".to_string())
    }
}

impl Engine for Teddy {
    fn count(&mut self, haystack: &[u8]) -> usize {
        self.0.find_iter(haystack).count()
    }

    fn finds(&mut self, haystack: &[u8]) -> bool {
        self.0.find(haystack).is_some()
    }
}

/// The first of these libraries that is there. It is never unloaded.
fn library(names: &[&str]) -> Result<&'static Library, String> {
    for name in names {
        // SAFETY: what these libraries do when they are loaded is known: nothing.
        if let Ok(found) = unsafe { Library::new(*name) } {
            return Ok(Box::leak(Box::new(found)));
        }
    }
    Err(format!("there is no {}", names.join(" or ")))
}

/// A function of a library. Its type is that of the library's header.
fn function<T>(library: &'static Library, name: &str) -> Result<Symbol<'static, T>, String> {
    // SAFETY: the callers state the types of the libraries' own headers.
    unsafe { library.get(name.as_bytes()) }.map_err(|error| error.to_string())
}

type Opaque = *mut c_void;
type PcreMatch =
    unsafe extern "C" fn(Opaque, *const u8, usize, usize, u32, Opaque, Opaque) -> c_int;

struct Pcre {
    run: Symbol<'static, PcreMatch>,
    code: Opaque,
    data: Opaque,
    places: *const usize,
}

impl Pcre {
    fn new(pattern: &str, flags: &str) -> Result<Self, String> {
        type Compile =
            unsafe extern "C" fn(*const u8, usize, u32, *mut c_int, *mut usize, Opaque) -> Opaque;
        type Jit = unsafe extern "C" fn(Opaque, u32) -> c_int;
        type Data = unsafe extern "C" fn(Opaque, Opaque) -> Opaque;
        type Places = unsafe extern "C" fn(Opaque) -> *const usize;
        let library = library(&["libpcre2-8.so.0", "libpcre2-8.so"])?;
        let compile: Symbol<'_, Compile> = function(library, "pcre2_compile_8")?;
        let jit: Symbol<'_, Jit> = function(library, "pcre2_jit_compile_8")?;
        let data: Symbol<'_, Data> = function(library, "pcre2_match_data_create_from_pattern_8")?;
        let places: Symbol<'_, Places> = function(library, "pcre2_get_ovector_pointer_8")?;
        let bits = [('i', 0x8), ('m', 0x400), ('s', 0x20)];
        let options = bits
            .iter()
            .filter(|(flag, _)| flags.contains(*flag))
            .fold(0, |sum, (_, bit)| sum | bit);
        let (mut error, mut at) = (0, 0);
        let null = std::ptr::null_mut();
        // SAFETY: the pattern and its length are those of a string, the others are local variables.
        let code = unsafe {
            compile(
                pattern.as_ptr(),
                pattern.len(),
                options,
                &raw mut error,
                &raw mut at,
                null,
            )
        };
        if code.is_null() {
            return Err(format!("PCRE2 says {error} at {at}"));
        }
        // SAFETY: the code is what was compiled.
        let failed = unsafe { jit(code, 1) };
        if failed != 0 {
            return Err(format!("PCRE2's JIT says {failed}"));
        }
        // SAFETY: as before.
        let data = unsafe { data(code, null) };
        Ok(Self {
            run: function(library, "pcre2_jit_match_8")?,
            code,
            data,
            // SAFETY: the data was just made.
            places: unsafe { places(data) },
        })
    }

    fn next(&mut self, haystack: &[u8], from: usize) -> Option<(usize, usize)> {
        let null = std::ptr::null_mut();
        // SAFETY: the haystack and its length belong together, the rest was made for this code.
        let found = unsafe {
            (self.run)(
                self.code,
                haystack.as_ptr(),
                haystack.len(),
                from,
                0,
                self.data,
                null,
            )
        };
        if found < 0 {
            return None;
        }
        // SAFETY: the first two places are those of the whole match, after a match.
        Some(unsafe { (*self.places, *self.places.add(1)) })
    }
}

impl Engine for Pcre {
    fn count(&mut self, haystack: &[u8]) -> usize {
        let (mut count, mut from) = (0, 0);
        while from <= haystack.len()
            && let Some((start, end)) = self.next(haystack, from)
        {
            count += 1;
            from = end + usize::from(start == end);
        }
        count
    }

    fn finds(&mut self, haystack: &[u8]) -> bool {
        self.next(haystack, 0).is_some()
    }
}

type OnMatch = unsafe extern "C" fn(c_uint, u64, u64, c_uint, *mut c_void) -> c_int;
type Scan =
    unsafe extern "C" fn(Opaque, *const u8, c_uint, c_uint, Opaque, OnMatch, Opaque) -> c_int;

struct Hyperscan {
    scan: Symbol<'static, Scan>,
    database: Opaque,
    scratch: Opaque,
}

/// What a scan has come to: all matches are reported, each end of them.
struct Seen {
    count: usize,
    end: u64,
    is_first_enough: bool,
}

unsafe extern "C" fn on_match(
    _: c_uint,
    from: u64,
    to: u64,
    _: c_uint,
    seen: *mut c_void,
) -> c_int {
    // SAFETY: it is the `Seen` that the scan was started with.
    let seen = unsafe { &mut *seen.cast::<Seen>() };
    if seen.count == 0 || from >= seen.end {
        seen.count += 1;
        seen.end = to;
    }
    c_int::from(seen.is_first_enough)
}

impl Hyperscan {
    fn new(patterns: &[String], flags: &str, literal: bool) -> Result<Self, String> {
        type Compile = unsafe extern "C" fn(
            *const *const c_char,
            *const c_uint,
            *const c_uint,
            c_uint,
            c_uint,
            *const c_void,
            *mut Opaque,
            *mut Opaque,
        ) -> c_int;
        type Scratch = unsafe extern "C" fn(Opaque, *mut Opaque) -> c_int;
        let library = library(&["libhs.so.5", "libhs.so"])?;
        let compile: Symbol<'_, Compile> = function(library, "hs_compile_multi")?;
        let alloc: Symbol<'_, Scratch> = function(library, "hs_alloc_scratch")?;
        let bits = [('i', 1), ('m', 4), ('s', 2)];
        // The starts of matches are wanted.
        let options = bits
            .iter()
            .filter(|(flag, _)| flags.contains(*flag))
            .fold(256, |sum, (_, bit)| sum | bit);
        let texts: Vec<CString> = patterns
            .iter()
            .map(|pattern| CString::new(joined(std::slice::from_ref(pattern), literal)))
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?;
        let pointers: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
        let all = vec![options; texts.len()];
        let null = std::ptr::null_mut();
        let (mut database, mut error, mut scratch) = (null, null, null);
        let many = c_uint::try_from(texts.len()).map_err(|error| error.to_string())?;
        // SAFETY: there are as many patterns as options, and the rest are local variables.
        let failed = unsafe {
            compile(
                pointers.as_ptr(),
                all.as_ptr(),
                std::ptr::null(),
                many,
                1,
                null,
                &raw mut database,
                &raw mut error,
            )
        };
        if failed != 0 {
            return Err(format!("Hyperscan says {failed}"));
        }
        // SAFETY: the database was just made.
        let failed = unsafe { alloc(database, &raw mut scratch) };
        if failed != 0 {
            return Err(format!("Hyperscan's scratch says {failed}"));
        }
        Ok(Self {
            scan: function(library, "hs_scan")?,
            database,
            scratch,
        })
    }

    fn scanned(&mut self, haystack: &[u8], is_first_enough: bool) -> usize {
        let mut seen = Seen {
            count: 0,
            end: 0,
            is_first_enough,
        };
        let length = c_uint::try_from(haystack.len()).expect("a haystack below 4 GiB");
        // SAFETY: the haystack and its length belong together; the callback gets the pointer to `seen`.
        unsafe {
            (self.scan)(
                self.database,
                haystack.as_ptr(),
                length,
                0,
                self.scratch,
                on_match,
                (&raw mut seen).cast(),
            );
        }
        seen.count
    }
}

impl Engine for Hyperscan {
    fn count(&mut self, haystack: &[u8]) -> usize {
        self.scanned(haystack, false)
    }

    fn finds(&mut self, haystack: &[u8]) -> bool {
        self.scanned(haystack, true) > 0
    }
}
