//! Starts that were looked at many at a time.

/// Starts that were looked at, and which of them are candidates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<const WORDS: usize> {
    pub(crate) from: usize,
    /// A bit for each start.
    pub(crate) masks: [u64; WORDS],
    /// How many starts they are.
    pub(crate) len: usize,
}

impl<const WORDS: usize> Default for Seen<WORDS> {
    fn default() -> Self {
        Self {
            from: 0,
            masks: [0; WORDS],
            len: 0,
        }
    }
}

impl<const WORDS: usize> Seen<WORDS> {
    /// The next candidate at or after `from` if one is known; otherwise where the search goes on.
    #[inline]
    pub(crate) fn next(&self, from: usize) -> Result<usize, usize> {
        let Some(offset) = from
            .checked_sub(self.from)
            .filter(|&offset| offset < self.len)
        else {
            return Err(from);
        };
        let mut word = offset / 64;
        let mut mask = self.masks[word] & u64::MAX << (offset % 64);
        while mask == 0 {
            word += 1;
            if word * 64 >= self.len {
                return Err(self.from + self.len);
            }
            mask = self.masks[word];
        }
        Ok(self.from + word * 64 + mask.trailing_zeros() as usize)
    }
}
