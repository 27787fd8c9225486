//! Sets of buffers as slices of words.

/// The elements of a set, ascending.
pub fn bits(set: &[u64]) -> impl Iterator<Item = usize> + '_ {
    both(set, set)
}

/// The elements of the intersection of two sets.
pub fn both<'s>(a: &'s [u64], b: &'s [u64]) -> impl Iterator<Item = usize> + 's {
    a.iter().zip(b).enumerate().flat_map(|(w, (x, y))| {
        let mut rest = x & y;
        std::iter::from_fn(move || {
            if rest == 0 {
                return None;
            }
            let bit = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            Some(w * 64 + bit)
        })
    })
}
