//! Search for a needle in the bytes of a mapping.

/// The offset of the first occurrence of `needle` in `haystack`. An empty needle is found at 0.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

/// The offset of the last occurrence of `needle` in `haystack`. An empty needle is found at the end.
pub fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::rfind(haystack, needle)
}
