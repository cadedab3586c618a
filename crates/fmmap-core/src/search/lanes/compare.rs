//! Comparing bytes, and finding where they differ.
//!
//! The position of a mismatch is used as a probe later: it would have ruled the candidate out.

/// The index of the first byte in which `a` and `b`, of the same length, differ; the length if
/// they are equal.
#[inline(always)]
pub(crate) fn first_difference(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let (a, b) = (&a[..len], &b[..len]);
    if len >= 32 {
        let (heads, _) = a.as_chunks::<32>();
        let (others, _) = b.as_chunks::<32>();
        for (i, (x, y)) in heads.iter().zip(others).enumerate() {
            if x != y {
                return i * 32 + difference_in_chunk(x, y);
            }
        }
        // The last 32 bytes overlap what was compared already.
        if let (Some(x), Some(y)) = (a.last_chunk::<32>(), b.last_chunk::<32>())
            && x != y
        {
            return len - 32 + difference_in_chunk(x, y);
        }
        return len;
    }
    if len >= 8 {
        let mut at = 0;
        loop {
            let differs = word(a, at) ^ word(b, at);
            if differs != 0 {
                return at + (differs.trailing_zeros() / 8) as usize;
            }
            if at + 8 >= len {
                return len;
            }
            at = (at + 8).min(len - 8);
        }
    }
    if let (Some(x), Some(y)) = (a.first_chunk::<4>(), b.first_chunk::<4>()) {
        let differs = u32::from_le_bytes(*x) ^ u32::from_le_bytes(*y);
        if differs != 0 {
            return (differs.trailing_zeros() / 8) as usize;
        }
        if let (Some(x), Some(y)) = (a.last_chunk::<4>(), b.last_chunk::<4>()) {
            let differs = u32::from_le_bytes(*x) ^ u32::from_le_bytes(*y);
            if differs != 0 {
                return len - 4 + (differs.trailing_zeros() / 8) as usize;
            }
        }
        return len;
    }
    // Three bytes at most.
    let mut i = 0;
    while i < len && a[i] == b[i] {
        i += 1;
    }
    i
}

/// The index of the last byte in which `a` and `b`, of the same length, differ.
pub(crate) fn last_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let mut end = a.len().min(b.len());
    while let (Some(x), Some(y)) = (a[..end].last_chunk::<64>(), b[..end].last_chunk::<64>()) {
        if x != y {
            break;
        }
        end -= 64;
    }
    (0..end).rev().find(|&i| a[i] != b[i])
}

/// The eight bytes from `at` on, the first one lowest.
#[inline(always)]
pub(crate) fn word(bytes: &[u8], at: usize) -> u64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

/// Where two chunks that were not equal differ. Another process may have made them equal since:
/// then any answer will do, and this one is in range.
#[inline(always)]
fn difference_in_chunk(a: &[u8; 32], b: &[u8; 32]) -> usize {
    let (a, _) = a.as_chunks::<8>();
    let (b, _) = b.as_chunks::<8>();
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        let differs = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differs != 0 {
            return i * 8 + (differs.trailing_zeros() / 8) as usize;
        }
    }
    31
}
