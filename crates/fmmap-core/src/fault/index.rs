//! Which range holds an address: a sorted table that is never changed, only replaced by a changed
//! copy, so that a signal handler can read it at any moment.
//!
//! If one table held all ranges, adding one would copy all the others, and opening `n` maps would
//! take quadratic time. So the table is cut into sorted chunks of at most [`CHUNK`] ranges, which
//! successive copies share: adding or removing one range copies one chunk and the list of chunks. A
//! lookup is two binary searches.

use std::ops::Range;
use std::sync::Arc;

/// The most ranges in one chunk. At 10,000 ranges the list of chunks is about as long.
const CHUNK: usize = 128;

/// A range of addresses and what is known about it.
pub(super) struct Entry<T> {
    pub(super) addresses: Range<usize>,
    pub(super) mapped: Arc<T>,
}

// Derived, the implementation would ask for `T: Clone`.
impl<T> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Self {
            addresses: self.addresses.clone(),
            mapped: Arc::clone(&self.mapped),
        }
    }
}

/// Disjoint ranges of addresses, in order.
pub(super) struct Index<T> {
    /// None is empty; all starts in one are below all starts in the next.
    chunks: Vec<Arc<[Entry<T>]>>,
}

fn first<T>(chunk: &[Entry<T>]) -> usize {
    chunk
        .first()
        .map_or(usize::MAX, |entry| entry.addresses.start)
}

impl<T> Index<T> {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new() }
    }

    /// The range that holds `address`. Neither allocates nor panics: the signal handler calls it.
    pub(super) fn find(&self, address: usize) -> Option<&Entry<T>> {
        let after = self.chunks.partition_point(|chunk| first(chunk) <= address);
        let chunk = self.chunks.get(after.checked_sub(1)?)?;
        let after = chunk.partition_point(|entry| entry.addresses.start <= address);
        let entry = chunk.get(after.checked_sub(1)?)?;
        (address < entry.addresses.end).then_some(entry)
    }

    /// The ranges that have an address in common with `addresses`, in order.
    pub(super) fn over(&self, addresses: &Range<usize>) -> impl Iterator<Item = &Entry<T>> {
        let Range { start, end } = *addresses;
        let after = self.chunks.partition_point(|chunk| first(chunk) <= start);
        self.chunks
            .iter()
            .skip(after.saturating_sub(1))
            .flat_map(|chunk| chunk.iter())
            .skip_while(move |entry| entry.addresses.end <= start)
            .take_while(move |entry| entry.addresses.start < end)
    }

    /// The same table once more: it shares all chunks with this one.
    pub(super) fn same(&self) -> Self {
        Self {
            chunks: self.chunks.clone(),
        }
    }

    /// A copy with one more range, which must not overlap any range that is there.
    pub(super) fn with(&self, entry: Entry<T>) -> Self {
        let start = entry.addresses.start;
        let mut chunks = self.chunks.clone();
        let at = chunks
            .partition_point(|chunk| first(chunk) <= start)
            .saturating_sub(1);
        let Some(chunk) = chunks.get(at) else {
            return Self {
                chunks: vec![Arc::from([entry])],
            };
        };
        let mut entries = chunk.to_vec();
        let place = entries.partition_point(|other| other.addresses.start < start);
        entries.insert(place, entry);
        if entries.len() > CHUNK {
            let upper = entries.split_off(CHUNK / 2);
            chunks.insert(at + 1, Arc::from(upper));
        }
        chunks[at] = Arc::from(entries);
        Self { chunks }
    }

    /// A copy without the range that begins at `start`; the same ranges if there is none.
    pub(super) fn without(&self, start: usize) -> Self {
        let mut chunks = self.chunks.clone();
        let at = chunks
            .partition_point(|chunk| first(chunk) <= start)
            .saturating_sub(1);
        let Some(chunk) = chunks.get(at) else {
            return Self { chunks };
        };
        let mut entries = chunk.to_vec();
        entries.retain(|entry| entry.addresses.start != start);
        // Chunks that emptied out one by one would leave a list as long as there are ranges.
        if let Some(next) = chunks.get(at + 1)
            && entries.len() + next.len() <= CHUNK / 2
        {
            entries.extend(next.iter().cloned());
            chunks.remove(at + 1);
        }
        if entries.is_empty() {
            chunks.remove(at);
        } else {
            chunks[at] = Arc::from(entries);
        }
        Self { chunks }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, Entry, Index, first};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn check(index: &Index<usize>) {
        let mut end = 0;
        for chunk in &index.chunks {
            assert!(!chunk.is_empty() && chunk.len() <= CHUNK);
            for entry in chunk.iter() {
                assert!(entry.addresses.start >= end);
                end = entry.addresses.end;
            }
        }
        assert!(index.chunks.is_sorted_by_key(|chunk| first(chunk)));
    }

    proptest! {
        // The seed is printed, so no file of failed cases is kept.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Compares the index with a plain map: after any additions and removals, every lookup
        /// gives the same answer.
        #[test]
        fn finds_what_a_plain_map_finds(
            steps in prop::collection::vec((any::<bool>(), 0_usize..800, 1_usize..10), 1..2000),
            looks in prop::collection::vec((0_usize..8200, 0_usize..100), 200),
        ) {
            let mut index = Index::new();
            let mut plain = BTreeMap::new();
            for (add, slot, len) in steps {
                let start = slot * 10 + 10;
                if add && !plain.contains_key(&start) {
                    plain.insert(start, start + len);
                    index = index.with(Entry { addresses: start..start + len, mapped: Arc::new(start) });
                } else if !add {
                    plain.remove(&start);
                    index = index.without(start);
                }
            }
            check(&index);
            for (address, len) in looks {
                let over = address..address + len;
                let expected = plain
                    .iter()
                    .filter(|&(&start, &end)| start < over.end && over.start < end)
                    .map(|(&start, _)| start);
                prop_assert!(index.over(&over).map(|entry| *entry.mapped).eq(expected));
                let expected = plain
                    .range(..=address)
                    .next_back()
                    .filter(|&(_, &end)| address < end)
                    .map(|(&start, _)| start);
                prop_assert_eq!(index.find(address).map(|entry| *entry.mapped), expected);
            }
        }
    }

    #[test]
    fn ten_thousand_ranges_come_and_go() {
        let mut index = Index::new();
        for slot in 0..10_000_usize {
            // The order is neither rising nor falling: 7919 is prime and shares no factor with
            // 10,000.
            let start = (slot * 7919 % 10_000 + 1) * 4096;
            index = index.with(Entry {
                addresses: start..start + 4096,
                mapped: Arc::new(start),
            });
        }
        check(&index);
        assert!(index.chunks.len() <= 2 * 10_000 / (CHUNK / 2));
        for slot in 1..=10_000_usize {
            assert_eq!(
                index.find(slot * 4096 + 4095).map(|entry| *entry.mapped),
                Some(slot * 4096)
            );
        }
        assert!(index.find(4095).is_none());
        assert!(index.find(10_001 * 4096).is_none());
        for slot in 1..=10_000_usize {
            index = index.without(slot * 7919 % 10_000 * 4096 + 4096);
        }
        assert!(index.chunks.is_empty());
    }
}
