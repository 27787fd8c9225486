//! Chooses the solver for an allocation problem and gives the result in bytes.
use crate::pairwise::{Pair, Pairwise};
use crate::portfolio::{Effort, Layout, minimise};
use crate::sections::{Buffer, Instance};

/// Places buffers; `goal` ends the search as soon as a layout of that height is known. Plain problems go to the niche
/// search. With pairs or fixed offsets the pairwise search decides, helped by the niche search that ignores pairs.
pub fn solve(buffers: &[Buffer], fixed: &[Option<i64>], pairs: &[Pair], goal: Option<i64>, effort: &Effort) -> Layout {
    let free = fixed.iter().all(Option::is_none);
    if pairs.is_empty() && free {
        return plain(buffers, goal, effort);
    }
    let found = Pairwise::new(buffers, fixed, pairs).minimise(goal, effort);
    if !free || found.height <= goal.unwrap_or(found.bound).max(found.bound) {
        return found;
    }
    // The bound of the problem without pairs does not hold with them; its layouts do.
    if plain_bound(buffers) >= found.height {
        return found;
    }
    let apart = plain(buffers, goal, effort);
    if apart.height < found.height { Layout { bound: found.bound, ..apart } } else { found }
}

fn plain(buffers: &[Buffer], goal: Option<i64>, effort: &Effort) -> Layout {
    let inst = Instance::new(buffers);
    let life: Vec<f64> = buffers.iter().map(|b| (b.upper - b.lower) as f64).collect();
    let layout = minimise(&inst, &life, goal.map(|g| g.div_euclid(inst.unit)), effort);
    Layout {
        offsets: layout.offsets.iter().map(|o| o * inst.unit).collect(),
        height: layout.height * inst.unit,
        bound: layout.bound * inst.unit,
    }
}

fn plain_bound(buffers: &[Buffer]) -> i64 {
    let inst = Instance::new(buffers);
    inst.bound() * inst.unit
}
