//! Minimax best-first search over the downsets of one block.
//!
//! - A state is a downset; its key is the larger of the peak so far and a lower bound of what is still to come.
//! - Safe moves: an operator that can run without exceeding the key and does not increase the live bytes may run at
//!   once. Live bytes are a submodular function of the downset, so running it now never raises what follows.
//! - The bound of an operator v not yet run: while v runs, all that is done or must be done before v, and is needed by
//!   v or after it, is live.
//! - A beam search gives the first upper bound; states whose key reaches it are never stored.

use crate::block::{Block, Set, State, add, elements};
use crate::frontier::Frontier;
use crate::order::{OrderProblem, Ordering};
use crate::portfolio::Effort;

/// States are dropped beyond this many bytes; the result is then not proved.
const MOST_BYTES: usize = 3 << 30;
/// States of a level times operators that the beam search may keep.
const BEAM: usize = 4000;
/// Most states that are expanded together.
const BATCH: usize = 1024;

/// Solves a block with the narrowest set type that holds it. Beyond 512 operators that nothing orders, the order stays
/// as given and only the bound of single operators is known.
pub fn search_block(problem: &OrderProblem, effort: &Effort) -> Ordering {
    match problem.ops.len() {
        0..=64 => solve::<1>(problem, effort),
        65..=128 => solve::<2>(problem, effort),
        129..=256 => solve::<4>(problem, effort),
        257..=512 => solve::<8>(problem, effort),
        n => {
            let order: Vec<usize> = (0..n).collect();
            Ordering { peak: problem.peak(&order), order, bound: problem.peak(&[]) }
        }
    }
}

/// The state after v and the safe moves that follow, or None when its key reaches `limit`.
fn child<const W: usize>(
    block: &Block<W>,
    (state, index): (&State<W>, u32),
    ready: &Set<W>,
    v: usize,
    limit: i64,
) -> Option<State<W>> {
    let (peak, after) = block.step(&state.done, state.live, v);
    let mut next = State { key: state.key.max(peak), parent: index, op: v as u32, ..*state };
    if next.key >= limit {
        return None;
    }
    let mut ready = *ready;
    block.run(&mut next, &mut ready, v, after);
    loop {
        block.close(&mut next, &mut ready, &block.all, |_| {});
        let ahead = block.ahead(&next.done);
        if ahead <= next.key {
            return Some(next);
        }
        next.key = ahead;
        if ahead >= limit {
            return None;
        }
    }
}

fn root<const W: usize>(block: &Block<W>) -> State<W> {
    let mut root =
        State { done: [0; W], key: block.start_live, live: block.start_live, parent: u32::MAX, op: u32::MAX };
    root.key = root.key.max(block.ahead(&root.done));
    let mut ready = block.ready(&root.done);
    block.close(&mut root, &mut ready, &block.all, |_| {});
    root
}

/// The operators from the start to `states[index]`.
fn replay<const W: usize>(block: &Block<W>, states: &[State<W>], mut index: u32) -> Vec<usize> {
    let mut path = Vec::new();
    while index != u32::MAX {
        path.push(states[index as usize]);
        index = states[index as usize].parent;
    }
    let mut order = Vec::with_capacity(block.nodes.len());
    let mut at = State { done: [0; W], live: block.start_live, key: 0, parent: 0, op: 0 };
    let mut ready = block.ready(&at.done);
    for state in path.iter().rev() {
        if state.op != u32::MAX {
            let v = state.op as usize;
            let after = block.step(&at.done, at.live, v).1;
            block.run(&mut at, &mut ready, v, after);
            order.push(v);
        }
        // Safe moves commute, so closing again inside the state's own set finds the same operators.
        at.key = state.key;
        block.close(&mut at, &mut ready, &state.done, |v| order.push(v));
    }
    order
}

/// An order by keeping the best few states of each number of operators done. When the time is up, the deepest state is
/// finished by running the cheapest operator at each step.
fn beam<const W: usize>(block: &Block<W>, effort: &Effort) -> Ordering {
    let n = block.nodes.len();
    let mut states = vec![root(block)];
    let mut levels: Vec<Vec<u32>> = vec![Vec::new(); n + 1];
    let size = |done: &Set<W>| done.iter().map(|w| w.count_ones() as usize).sum::<usize>();
    levels[size(&states[0].done)].push(0);
    let width = (BEAM / n.max(1)).clamp(2, 64);
    for level in 0..n {
        if effort.over() {
            break;
        }
        let mut here = levels[level].clone();
        here.sort_by_key(|&i| (states[i as usize].done, states[i as usize].key));
        here.dedup_by_key(|i| states[*i as usize].done);
        here.sort_by_key(|&i| (states[i as usize].key, states[i as usize].live));
        for &i in here.iter().take(width) {
            let state = states[i as usize];
            let ready = block.ready(&state.done);
            for v in elements(&ready) {
                if let Some(next) = child(block, (&state, i), &ready, v, i64::MAX) {
                    levels[size(&next.done)].push(states.len() as u32);
                    states.push(next);
                }
            }
        }
    }
    let deepest = levels.iter().rev().flat_map(|level| level.iter().min_by_key(|&&i| states[i as usize].key)).next();
    let mut index = deepest.copied().unwrap_or(0);
    while states[index as usize].done != block.all {
        let state = states[index as usize];
        let ready = block.ready(&state.done);
        let cheapest = elements(&ready).min_by_key(|&v| block.step(&state.done, state.live, v));
        let Some(next) = cheapest.and_then(|v| child(block, (&state, index), &ready, v, i64::MAX)) else { break };
        index = states.len() as u32;
        states.push(next);
    }
    Ordering { order: replay(block, &states, index), peak: states[index as usize].key, bound: 0 }
}

fn solve<const W: usize>(problem: &OrderProblem, effort: &Effort) -> Ordering {
    let block = Block::<W>::new(problem);
    let mut best = beam(&block, effort);
    let mut start = root(&block);
    if effort.over() {
        best.bound = start.key.min(best.peak);
        return best;
    }
    start.key = start.key.max(block.cut_bound(problem));
    let mut search = Frontier::new(start, best.peak);
    let most = MOST_BYTES / (std::mem::size_of::<State<W>>() + 16);
    let mut expanded = 0usize;
    best.bound = best.peak;
    loop {
        // Narrow at first, so that easy blocks stay a dive; the order of states does not depend on the threads.
        let batch = search.pop((expanded / 64).clamp(1, BATCH));
        let Some(&first) = batch.first() else { break };
        let key = search.states[first as usize].key;
        expanded += batch.len();
        if search.states.len() >= most || expanded as u64 > effort.nodes || effort.over() {
            best.bound = key;
            break;
        }
        if let Some(&end) = batch.iter().find(|&&i| search.states[i as usize].done == block.all) {
            best = Ordering { order: replay(&block, &search.states, end), peak: key, bound: key };
            break;
        }
        for next in expand_all(&block, &search.states, &batch, best.peak, effort.threads) {
            search.offer(next);
        }
    }
    best
}

/// The children of a batch of states, in order; large batches are shared by two threads.
fn expand_all<const W: usize>(
    block: &Block<W>,
    states: &[State<W>],
    batch: &[u32],
    limit: i64,
    threads: usize,
) -> Vec<State<W>> {
    let work = |part: &[u32]| {
        let mut children = Vec::with_capacity(part.len() * 8);
        for &index in part {
            expand(block, &states[index as usize], index, limit, &mut children);
        }
        children
    };
    if threads < 2 || batch.len() < BATCH / 2 {
        return work(batch);
    }
    let (left, right) = batch.split_at(batch.len() / 2);
    std::thread::scope(|scope| {
        let other = std::thread::Builder::new().spawn_scoped(scope, || work(right));
        let mut children = work(left);
        // A thread that cannot be had, or that failed, costs time only.
        children.extend(other.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| work(right)));
        children
    })
}

/// Appends the children of a state; only one when it dominates the others.
fn expand<const W: usize>(block: &Block<W>, state: &State<W>, index: u32, limit: i64, children: &mut Vec<State<W>>) {
    let ready = block.ready(&state.done);
    let before = children.len();
    for v in elements(&ready) {
        let Some(next) = child(block, (state, index), &ready, v, limit) else { continue };
        // The argument for safe moves holds for v together with the safe moves that only it opens.
        let mut opened = block.nodes[v].below;
        add(&mut opened, v);
        let only = (0..W).all(|w| next.done[w] & !state.done[w] & !opened[w] == 0);
        if only && next.key == state.key && next.live <= state.live {
            children.truncate(before);
            children.push(next);
            return;
        }
        children.push(next);
    }
}
