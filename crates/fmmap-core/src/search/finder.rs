//! A needle, prepared once for many haystacks.

use super::bulk::{self, Batch};
use super::engine;
use super::kernels::{Level, Policy};
use super::lanes::{Forward, Hits, Probes, Reverse, Subject, Window};
use std::borrow::Cow;
use std::sync::Arc;

/// A needle, prepared for any number of searches.
///
/// Use it to search two haystacks or more, or one haystack in chunks: what a search learns about its haystack is kept
/// for the next one. Each thread needs a finder of its own, which [`Finder::by_ref`] makes.
#[derive(Clone, Debug)]
pub struct Finder<'n> {
    needle: Cow<'n, [u8]>,
    /// Which bytes are compared first; `None` until they are needed.
    probes: Option<Probes>,
}

impl<'n> Finder<'n> {
    /// Prepares a needle. O(m).
    pub fn new<B: ?Sized + AsRef<[u8]>>(needle: &'n B) -> Self {
        Self::prepare(Cow::Borrowed(needle.as_ref()))
    }

    fn prepare(needle: Cow<'n, [u8]>) -> Self {
        let probes = Some(ranked(&needle));
        Self { needle, probes }
    }

    /// A needle for one search. Its bytes are ranked only if all occurrences are asked for, because that takes as long as
    /// searching a few hundred bytes.
    #[inline]
    pub fn once(needle: &'n [u8]) -> Self {
        Self {
            needle: Cow::Borrowed(needle),
            probes: None,
        }
    }

    /// The same with its own copy of the needle.
    pub fn into_owned(self) -> Finder<'static> {
        Finder {
            needle: Cow::Owned(self.needle.into_owned()),
            probes: self.probes,
        }
    }

    /// Another finder for the same needle, for another thread.
    pub fn by_ref(&self) -> Finder<'_> {
        Finder {
            needle: Cow::Borrowed(&self.needle),
            probes: self.probes,
        }
    }

    /// The needle.
    pub fn needle(&self) -> &[u8] {
        &self.needle
    }

    /// Whether two occurrences can overlap: whether the needle begins as it ends, as `abra` does.
    ///
    /// If not, the haystack can be cut into chunks, each taken with the `needle().len() - 1` bytes
    /// that follow, which are counted in any order. If so, which occurrences count depends on those
    /// before them, so the chunks have to be counted in order: go on at [`Tally::next`]. An empty
    /// needle does not overlap itself. Computed at each call, in O(m) time and memory.
    pub fn overlaps_itself(&self) -> bool {
        overlaps(&self.needle)
    }

    /// The offset of the first occurrence, as [`find`].
    pub fn find(&mut self, haystack: &[u8]) -> Option<usize> {
        engine::first::<Forward>(haystack, &self.needle, self.probes.as_mut())
    }

    /// The offset of the last occurrence, as [`rfind`].
    pub fn rfind(&mut self, haystack: &[u8]) -> Option<usize> {
        engine::first::<Reverse>(haystack, &self.needle, self.probes.as_mut())
    }

    /// The number of occurrences, as [`count`].
    pub fn count(&mut self, haystack: &[u8]) -> usize {
        self.tally(haystack).count
    }

    /// The number of occurrences, and where the search would go on if the haystack were longer.
    pub fn tally(&mut self, haystack: &[u8]) -> Tally {
        match *self.needle {
            [] => Tally {
                count: haystack.len() + 1,
                next: haystack.len(),
            },
            [byte] => Tally {
                count: bulk::count_byte(byte, haystack),
                next: haystack.len(),
            },
            _ => {
                let mut hits = Hits::counted();
                self.bulk(haystack, &mut hits);
                let after = hits.found().map_or(0, |last| last + self.needle.len());
                // The last m - 1 bytes may be the beginning of an occurrence.
                let starts = (haystack.len() + 1).saturating_sub(self.needle.len());
                Tally {
                    count: hits.count,
                    next: after.max(starts),
                }
            }
        }
    }

    /// Fills `out` with the offsets, in ascending order and `base` added to each, of occurrences
    /// that do not overlap.
    ///
    /// Start at offset 0 with `base` the haystack's own offset, and go on at [`Batch::next`]. An
    /// empty needle occurs at every offset, the haystack's end included.
    ///
    /// ```
    /// use fmmap_core::search::Finder;
    ///
    /// let (haystack, mut finder) = (b"one, two, three, four", Finder::new(", "));
    /// let (mut offsets, mut all, mut at) = ([0.0; 2], Vec::new(), Some(0));
    /// while let Some(from) = at {
    ///     let batch = finder.find_batch(&haystack[from..], from as u64, &mut offsets);
    ///     all.extend_from_slice(&offsets[..batch.written]);
    ///     at = batch.next.map(|next| from + next);
    /// }
    /// assert_eq!(all, [3.0, 8.0, 15.0]);
    /// ```
    pub fn find_batch(&mut self, haystack: &[u8], base: u64, out: &mut [f64]) -> Batch {
        if self.needle.is_empty() {
            return bulk::every_offset::<Forward>(haystack.len(), base, out);
        }
        let probes = self.probes.get_or_insert_with(|| ranked(&self.needle));
        batch(&self.needle, probes, haystack, base, out)
    }

    /// Fills `out` with the offsets, in descending order and `base` added to each, of occurrences that do not overlap.
    ///
    /// Go on with `&haystack[..next]`, [`Batch::next`].
    pub fn rfind_batch(&mut self, haystack: &[u8], base: u64, out: &mut [f64]) -> Batch {
        let len = self.needle.len();
        match *self.needle {
            [] => bulk::every_offset::<Reverse>(haystack.len(), base, out),
            [byte] => bulk::bytes::<Reverse>(byte, haystack, base, out),
            _ if out.is_empty() => Batch {
                written: 0,
                next: Some(haystack.len()),
            },
            _ => {
                let mut hits = Hits::into_slice(out, base);
                let left = engine::search::<Reverse>(
                    Level::detect(),
                    &Policy::DEFAULT,
                    Some(self.probes.get_or_insert_with(|| ranked(&self.needle))),
                    Subject {
                        haystack,
                        needle: &self.needle,
                    },
                    &mut hits,
                );
                Batch {
                    written: hits.count,
                    next: (hits.count == hits.limit && left.len() > 0).then(|| left.hi + len - 1),
                }
            }
        }
    }

    /// Every match from the front, until `hits` has enough; the starts that are left then.
    fn bulk(&mut self, haystack: &[u8], hits: &mut Hits<'_>) -> Window {
        bulk::all(
            Level::detect(),
            &Policy::DEFAULT,
            self.probes.get_or_insert_with(|| ranked(&self.needle)),
            Subject {
                haystack,
                needle: &self.needle,
            },
            hits,
        )
    }
}

/// A finder whose clones share the needle. What each learns about its haystack stays its own.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    needle: Arc<[u8]>,
    probes: Probes,
    /// Whether two occurrences can overlap.
    overlaps: bool,
}

impl Shared {
    pub(crate) fn new(needle: &[u8]) -> Self {
        Self {
            needle: needle.into(),
            probes: ranked(needle),
            overlaps: overlaps(needle),
        }
    }

    pub(crate) fn needle(&self) -> &[u8] {
        &self.needle
    }

    /// The offset of the first occurrence.
    pub(crate) fn find(&mut self, haystack: &[u8]) -> Option<usize> {
        engine::first::<Forward>(haystack, &self.needle, Some(&mut self.probes))
    }

    /// The offset of the last occurrence.
    pub(crate) fn rfind(&mut self, haystack: &[u8]) -> Option<usize> {
        engine::first::<Reverse>(haystack, &self.needle, Some(&mut self.probes))
    }

    /// Whether two occurrences can overlap, so that a batch may leave some of them out.
    pub(crate) fn overlaps_itself(&self) -> bool {
        self.overlaps
    }

    /// The number of occurrences. The needle is not empty, and does not overlap itself.
    pub(crate) fn count(&mut self, haystack: &[u8]) -> usize {
        if let [byte] = *self.needle {
            return bulk::count_byte(byte, haystack);
        }
        let mut hits = Hits::counted();
        let subject = Subject {
            haystack,
            needle: &self.needle,
        };
        let probes = &mut self.probes;
        bulk::all(
            Level::detect(),
            &Policy::DEFAULT,
            probes,
            subject,
            &mut hits,
        );
        hits.count
    }

    /// Fills `out` with the offsets of occurrences, as [`Finder::find_batch`]. The needle is not empty.
    pub(crate) fn find_batch(&mut self, haystack: &[u8], base: u64, out: &mut [f64]) -> Batch {
        batch(&self.needle, &mut self.probes, haystack, base, out)
    }
}

/// Fills `out` with the offsets of a needle that is not empty.
fn batch(needle: &[u8], probes: &mut Probes, haystack: &[u8], base: u64, out: &mut [f64]) -> Batch {
    if let [byte] = *needle {
        return bulk::bytes::<Forward>(byte, haystack, base, out);
    }
    if out.is_empty() {
        return Batch {
            written: 0,
            next: Some(0),
        };
    }
    let mut hits = Hits::into_slice(out, base);
    let subject = Subject { haystack, needle };
    let left = bulk::all(
        Level::detect(),
        &Policy::DEFAULT,
        probes,
        subject,
        &mut hits,
    );
    Batch {
        written: hits.count,
        next: (hits.count == hits.limit && left.len() > 0).then_some(left.lo),
    }
}

/// Whether a needle begins as it ends. O(m).
fn overlaps(needle: &[u8]) -> bool {
    // Knuth, Morris and Pratt's table: the length of the longest border of each prefix.
    let mut borders = vec![0_usize; needle.len()];
    let mut border = 0;
    for i in 1..needle.len() {
        while border > 0 && needle[i] != needle[border] {
            border = borders[border - 1];
        }
        border += usize::from(needle[i] == needle[border]);
        borders[i] = border;
    }
    border > 0
}

/// The probes for a needle.
fn ranked(needle: &[u8]) -> Probes {
    match needle.len() {
        0 | 1 => Probes::new(needle, &[0], 1),
        _ => Probes::rarest(needle),
    }
}

/// What [`Finder::tally`] counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Occurrences that do not overlap, from left to right.
    pub count: usize,
    /// Every occurrence that begins before this offset was counted or overlaps one that was: the
    /// search goes on here. At most the haystack's length.
    pub next: usize,
}
