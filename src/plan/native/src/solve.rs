//! Chooses the solver for an allocation problem and gives the result in bytes.
use crate::pairwise::{Pair, Pairwise};
use crate::portfolio::{Effort, Layout, minimise};
use crate::sections::{Buffer, Instance};

/// Places buffers; `goal` ends the search as soon as a layout of that height is known. Without pairs, and with no fixed
/// buffers but such as stand on the ground, the niche search decides. Otherwise the pairwise search does, helped by the
/// niche search that ignores pairs.
pub fn solve(buffers: &[Buffer], fixed: &[Option<i64>], pairs: &[Pair], goal: Option<i64>, effort: &Effort) -> Layout {
    let free = fixed.iter().all(Option::is_none);
    if pairs.is_empty() && (free || stand_on_ground(buffers, fixed)) {
        return plain(buffers, fixed, goal, effort);
    }
    let found = Pairwise::new(buffers, fixed, pairs).minimise(goal, effort);
    if !free || found.height <= goal.unwrap_or(found.bound).max(found.bound) {
        return found;
    }
    // The bound of the problem without pairs does not hold with them; its layouts do.
    if plain_bound(buffers) >= found.height {
        return found;
    }
    let apart = plain(buffers, fixed, goal, effort);
    if apart.height < found.height { Layout { bound: found.bound, ..apart } } else { found }
}

/// Whether at every time the fixed buffers fill the memory from 0 up without a hole: then they are the start of a skyline.
fn stand_on_ground(buffers: &[Buffer], fixed: &[Option<i64>]) -> bool {
    let mut placed: Vec<(i64, &Buffer)> = fixed.iter().zip(buffers).filter_map(|(f, b)| f.map(|f| (f, b))).collect();
    placed.sort_by_key(|&(at, _)| at);
    let mut times: Vec<i64> = placed.iter().flat_map(|(_, b)| [b.lower, b.upper]).collect();
    times.sort_unstable();
    times.dedup();
    times.iter().all(|&t| {
        let mut top = 0;
        placed.iter().filter(|(_, b)| b.lower <= t && t < b.upper).all(|&(at, b)| {
            let stands = at == top;
            top = at + b.size;
            stands
        })
    })
}

fn plain(buffers: &[Buffer], fixed: &[Option<i64>], goal: Option<i64>, effort: &Effort) -> Layout {
    let inst = Instance::with_fixed(buffers, fixed);
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
