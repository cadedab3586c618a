//! Comparing bytes, and finding where they differ.
//!
//! The position of a mismatch is used as a probe later: it would have ruled the candidate out.

/// The index of the first byte in which `a` and `b`, of the same length, differ; the length if
/// they are equal.
#[inline(always)]
pub(crate) fn first_difference(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let (a, b) = (&a[..len], &b[..len]);
    if len >= 8 {
        // It is short because more than fifty kernels contain it. A call would be shorter still, but it would empty the
        // registers in which they keep the bytes that they look for.
        let mut at = 0;
        while let (Some(x), Some(y)) = (chunk(a, at), chunk(b, at))
            && x == y
        {
            at += x.len();
        }
        at = at.min(len - 8);
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

/// The 32 bytes from `at` on, if there are as many.
#[inline(always)]
fn chunk(bytes: &[u8], at: usize) -> Option<&[u8; 32]> {
    bytes.get(at..)?.first_chunk()
}
