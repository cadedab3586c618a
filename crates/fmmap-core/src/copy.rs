//! Copies one line in one pass.
//!
//! Lines are short, and the processor can't predict where one ends. To search for the newline and then
//! copy causes two mispredicted branches: at the end of the search, and at the size of the copy. To copy
//! blocks of 64 bytes until one of them has a newline causes one, and loads each byte once.

#![expect(
    clippy::inline_always,
    reason = "the instructions of a vector must be inlined into the function that has them"
)]

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::search::lanes::Isa;

/// Vectors in a block.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const BLOCK: usize = 4;

/// Copies the line at the beginning of `rest`, with its newline, to `target`, unless it has more than `room` bytes.
/// Returns its length in any case. The bytes of `target` behind the line may be overwritten.
///
/// O(n) time in the length of the line. If the two overlap, what is copied has no meaning.
///
/// # Safety
///
/// `target` is valid for writing `room` bytes. Others may write the bytes of `rest` meanwhile.
pub unsafe fn readline(rest: &[u8], target: *mut u8, room: usize) -> usize {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as the caller vouches.
    let ended = unsafe { blocks(crate::search::lanes::Sse2, rest, target, room) };
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as the caller vouches.
    let ended = unsafe { blocks(crate::search::lanes::Neon, rest, target, room) };
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let ended = Err(0);
    let done = match ended {
        Ok(len) => return len,
        Err(done) => done,
    };
    let tail = &rest[done..];
    let more = memchr::memchr(b'\n', tail).map_or(tail.len(), |at| at + 1);
    let len = done + more;
    if len <= room {
        // SAFETY: `done <= len <= room`.
        let target = unsafe { target.add(done) };
        // SAFETY: both have `more` bytes.
        unsafe { std::ptr::copy(tail.as_ptr(), target, more) };
    }
    len
}

/// Copies whole blocks. Returns the length of the line if it ends in one of them, and otherwise how much was copied,
/// in which there is no newline.
///
/// # Safety
///
/// As [`readline`]'s.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
unsafe fn blocks<I: Isa>(
    isa: I,
    rest: &[u8],
    target: *mut u8,
    room: usize,
) -> Result<usize, usize> {
    let newline = isa.splat(b'\n');
    let limit = rest.len().min(room);
    let mut done = 0;
    while limit - done >= BLOCK * I::LANES {
        let lanes = std::array::from_fn::<_, BLOCK, _>(|at| {
            let at = done + at * I::LANES;
            // SAFETY: the block ends at `limit` at the latest, which is inside of `rest`.
            let from = unsafe { rest.as_ptr().add(at) };
            // SAFETY: as above, for all bytes of the vector.
            let vector = unsafe { isa.load(from) };
            // SAFETY: `limit` is inside of the room, too.
            let to = unsafe { target.add(at) };
            // SAFETY: as above, for all bytes of the vector.
            unsafe { to.cast::<I::Vector>().write_unaligned(vector) };
            isa.equal(vector, newline)
        });
        let any = isa.or(isa.or(lanes[0], lanes[1]), isa.or(lanes[2], lanes[3]));
        if isa.any(any) {
            return Ok(done + first(isa, lanes) + 1);
        }
        done += BLOCK * I::LANES;
    }
    Err(done)
}

/// The first lane of a block that is true. At least one is.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
fn first<I: Isa>(isa: I, lanes: [I::Lanes; BLOCK]) -> usize {
    let bits = I::LANES << I::LANE_BITS;
    if bits * BLOCK == 64 {
        // One word for the whole block: a branch that picks the vector with the newline would be mispredicted too.
        let word = (0..BLOCK).fold(0, |word, at| word | isa.mask(lanes[at]) << (at * bits));
        return word.trailing_zeros() as usize >> I::LANE_BITS;
    }
    let mut from = 0;
    for lanes in lanes {
        let mask = isa.mask(lanes);
        if mask != 0 {
            return from + (mask.trailing_zeros() as usize >> I::LANE_BITS);
        }
        from += I::LANES;
    }
    from
}

#[cfg(test)]
mod tests {
    use super::readline;

    /// Runs `readline` on a haystack and a target that both end where their allocations end.
    fn copied(rest: &[u8], room: usize) -> (usize, Vec<u8>) {
        let rest = rest.to_vec().into_boxed_slice();
        let mut target = vec![b'?'; room + 1];
        // SAFETY: the target has `room` bytes.
        let len = unsafe { readline(&rest, target.as_mut_ptr(), room) };
        assert_eq!(
            target.pop(),
            Some(b'?'),
            "nothing is written behind the room"
        );
        (len, target)
    }

    #[test]
    fn a_line_is_copied_with_its_newline_whatever_its_length() {
        for len in 1..300 {
            for after in [0, 1, 15, 64, 200] {
                let mut text: Vec<u8> = (b'a'..=b'z').cycle().take(len).collect();
                text[len - 1] = b'\n';
                let line = text.clone();
                text.extend(vec![b'\n'; after]);
                for room in [len, len + 1, len + 63, len + 64, 4096] {
                    let (found, target) = copied(&text, room);
                    assert_eq!(found, len);
                    assert_eq!(&target[..len], line);
                }
            }
        }
    }

    #[test]
    fn a_line_that_is_longer_than_the_room_is_only_measured() {
        for len in [1_usize, 2, 63, 64, 65, 128, 129, 1000] {
            let mut text = vec![b'a'; len - 1];
            text.extend(b"\nb\n");
            for room in [0, 1, len / 2, len - 1] {
                assert_eq!(copied(&text, room.min(len - 1)).0, len);
            }
        }
    }

    #[test]
    fn the_last_line_needs_no_newline() {
        for len in 0..200 {
            let text = vec![b'a'; len];
            for room in [len, len + 70] {
                let (found, target) = copied(&text, room);
                assert_eq!(found, len);
                assert_eq!(&target[..len], text);
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_line_is_copied_from_its_own_bytes_to_its_own_room() {
        let (mut source, mut target) = (
            crate::guarded::Guarded::new(1),
            crate::guarded::Guarded::new(1),
        );
        let (source, target) = (source.bytes(), target.bytes());
        source.fill(b'a');
        let len = source.len();
        for n in (0..200).chain([len - 1, len]) {
            for room in [0, n / 2, n, n + 1, len].map(|room| room.min(len)) {
                // The line ends at the guard page, and so does the target.
                let (line, at) = (&source[len - n..], len - room);
                target.fill(b'?');
                let free = target[at..].as_mut_ptr();
                // SAFETY: the target has `room` bytes behind `at`.
                let copied = unsafe { readline(line, free, room) };
                assert_eq!(copied, n);
                assert!(n > room || target[at..at + n] == *line);
                assert!(target[..at].iter().all(|byte| *byte == b'?'));
            }
        }
    }
}
