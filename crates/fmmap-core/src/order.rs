//! Sorting in little code: the standard library compiles its sort anew for each type, several kilobytes each time.

/// Sorts a list of at most some hundred elements; equal ones stay in their order.
pub(crate) fn sort_few<T>(list: &mut [T], is_less: impl Fn(&T, &T) -> bool) {
    for at in 1..list.len() {
        let (sorted, rest) = list.split_at(at);
        let place = sorted.partition_point(|other| !is_less(&rest[0], other));
        list[place..=at].rotate_right(1);
    }
}

/// Sorts a list of any length.
#[inline(never)]
pub(crate) fn sort(list: &mut [u64]) {
    list.sort_unstable();
}

/// The same of smaller numbers, which are few or nearly in order most of the time.
pub(crate) fn sort_small(list: &mut [u32]) {
    const FEW: usize = 64;
    if list.len() > FEW {
        if !list.is_sorted() {
            let mut wide: Vec<u64> = list.iter().map(|&number| number.into()).collect();
            sort(&mut wide);
            for (number, wide) in list.iter_mut().zip(wide) {
                *number = u32::try_from(wide).unwrap_or(u32::MAX);
            }
        }
        return;
    }
    for at in 1..list.len() {
        let mut place = at;
        while place > 0 && list[place - 1] > list[place] {
            list.swap(place - 1, place);
            place -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{sort, sort_few, sort_small};

    #[test]
    fn lists_of_any_length_are_sorted_as_by_the_standard_library() {
        let mut state = 7_u32;
        for len in [0, 1, 2, 3, 20, 63, 64, 65, 300, 5000] {
            let list: Vec<u32> = (0..len)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state >> 24
                })
                .collect();
            let mut expected = list.clone();
            expected.sort_unstable();
            let mut small = list.clone();
            sort_small(&mut small);
            assert_eq!(small, expected);
            let mut wide: Vec<u64> = list.iter().map(|&number| number.into()).collect();
            sort(&mut wide);
            assert!(wide.is_sorted());
            if len <= 300 {
                let mut few: Vec<(u32, usize)> = list.iter().copied().zip(0..).collect();
                let mut stable = few.clone();
                stable.sort_by_key(|one| one.0);
                sort_few(&mut few, |a, b| a.0 < b.0);
                assert_eq!(few, stable);
            }
        }
    }
}
