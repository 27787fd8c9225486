//! Minimax best-first search over the downsets of one block.
//!
//! - A state is a downset; its key is the larger of the peak so far and a lower bound of what is still to come.
//! - Safe moves: an operator that can run without exceeding the key and does not increase the live bytes may run at
//!   once. Live bytes are a submodular function of the downset, so running it now never raises what follows.
//! - The bound of an operator v not yet run: while v runs, all that is done or must be done before v, and is needed by
//!   v or after it, is live.
//! - A beam search gives the first upper bound; states whose key reaches it are never stored.
use std::collections::BTreeMap;

use crate::cut_bound::{CutBound, Side};
use crate::order::{OrderProblem, Ordering};
use crate::portfolio::Effort;

/// States are dropped beyond this many bytes; the result is then not proved.
const MOST_BYTES: usize = 3 << 30;
const BEAM: usize = 64;

/// Solves a block with the narrowest set type that holds it.
pub fn search_block(problem: &OrderProblem, effort: &Effort) -> Ordering {
    match problem.ops.len() {
        0..=64 => Block::<1>::new(problem).solve(problem, effort),
        65..=128 => Block::<2>::new(problem).solve(problem, effort),
        129..=256 => Block::<4>::new(problem).solve(problem, effort),
        257..=512 => Block::<8>::new(problem).solve(problem, effort),
        _ => Block::<32>::new(problem).solve(problem, effort),
    }
}

type Set<const W: usize> = [u64; W];

fn has<const W: usize>(set: &Set<W>, v: usize) -> bool {
    set[v / 64] >> (v % 64) & 1 == 1
}

fn add<const W: usize>(set: &mut Set<W>, v: usize) {
    set[v / 64] |= 1 << (v % 64);
}

fn within<const W: usize>(a: &Set<W>, b: &Set<W>) -> bool {
    a.iter().zip(b).all(|(x, y)| x & !y == 0)
}

struct Operand<const W: usize> {
    bytes: i64,
    consumers: Set<W>,
}

/// One operator of the block, with all that its step needs.
struct Node<const W: usize> {
    pred: Set<W>,
    below: Set<W>,
    above: Set<W>,
    /// Inputs that die with their last consumer.
    inputs: Vec<Operand<W>>,
    /// Bytes of outputs, of outputs that nobody takes, and of scratch.
    born: i64,
    lost: i64,
    scratch: i64,
    /// (index in `inputs`, bytes saved) of in-place allowances.
    in_place: Vec<(usize, i64)>,
    /// Bytes of the step beyond what is live before it, at least.
    own: i64,
    /// Lower bound of the step: a constant, and bytes per operator not ordered against this one.
    fixed: i64,
    beside: Set<W>,
    beside_bytes: Vec<i64>,
    beside_equal: Option<i64>,
}

#[derive(Clone, Copy)]
struct State<const W: usize> {
    done: Set<W>,
    key: i64,
    live: i64,
    parent: u32,
    op: u32,
}

struct Block<const W: usize> {
    nodes: Vec<Node<W>>,
    start_live: i64,
    all: Set<W>,
}

impl<const W: usize> Block<W> {
    fn new(problem: &OrderProblem) -> Self {
        let links = problem.links();
        let n = problem.ops.len();
        let mut order = crate::order::topological(problem, &links).unwrap_or_default();
        let mut above = vec![[0u64; W]; n];
        for &v in &order {
            let mut set = [0u64; W];
            for &t in &problem.ops[v].inputs {
                if let Some(u) = links.producer[t] {
                    for w in 0..W {
                        set[w] |= above[u][w];
                    }
                    add(&mut set, u);
                }
            }
            above[v] = set;
        }
        let mut below = vec![[0u64; W]; n];
        order.reverse();
        for &v in &order {
            for u in 0..n {
                if has(&above[v], u) {
                    add(&mut below[u], v);
                }
            }
        }
        let takers = |t: usize| {
            let mut set = [0u64; W];
            for &c in &links.consumers[t] {
                add(&mut set, c);
            }
            set
        };
        let alive = |t: usize| problem.keep[t] || !links.consumers[t].is_empty();
        let nodes = (0..n)
            .map(|v| {
                let op = &problem.ops[v];
                let mut pred = [0u64; W];
                for u in op.inputs.iter().filter_map(|&t| links.producer[t]) {
                    add(&mut pred, u);
                }
                let mut mortal: Vec<usize> = op.inputs.iter().copied().filter(|&t| !problem.keep[t]).collect();
                mortal.sort_unstable();
                mortal.dedup();
                let in_place: Vec<(usize, i64)> = op
                    .in_place
                    .iter()
                    .filter_map(|&(t, u)| {
                        let at = mortal.iter().position(|&m| m == t)?;
                        Some((at, problem.bytes[t].min(problem.bytes[u])))
                    })
                    .collect();
                let born = op.outputs.iter().map(|&t| problem.bytes[t]).sum();
                let most_saved = in_place.iter().map(|p| p.1).max().unwrap_or(0);
                let own = born + op.scratch - most_saved;
                let mut fixed = own;
                let mut beside = [0u64; W];
                let mut beside_bytes = vec![0; n];
                for t in 0..problem.bytes.len() {
                    let needed = problem.keep[t]
                        || links.consumers[t].iter().any(|&c| c == v || has(&below[v], c));
                    match links.producer[t] {
                        _ if !needed => {}
                        None => fixed += problem.bytes[t],
                        Some(u) if has(&above[v], u) => fixed += problem.bytes[t],
                        Some(u) if u == v || has(&below[v], u) => {}
                        Some(u) => {
                            add(&mut beside, u);
                            beside_bytes[u] += problem.bytes[t];
                        }
                    }
                }
                let mut values = (0..n).filter(|&u| has(&beside, u)).map(|u| beside_bytes[u]);
                let first = values.next().unwrap_or(0);
                let beside_equal = values.all(|b| b == first).then_some(first);
                Node {
                    pred,
                    below: below[v],
                    above: above[v],
                    inputs: mortal.iter().map(|&t| Operand { bytes: problem.bytes[t], consumers: takers(t) }).collect(),
                    born,
                    lost: op.outputs.iter().filter(|&&t| !alive(t)).map(|&t| problem.bytes[t]).sum(),
                    scratch: op.scratch,
                    in_place,
                    own,
                    fixed,
                    beside,
                    beside_bytes,
                    beside_equal,
                }
            })
            .collect();
        let start = (0..problem.bytes.len()).filter(|&t| links.producer[t].is_none() && alive(t));
        let mut all = [0u64; W];
        for v in 0..n {
            add(&mut all, v);
        }
        Block { nodes, start_live: start.map(|t| problem.bytes[t]).sum(), all }
    }

    /// (bytes while v runs, live bytes after) from a state with `live` bytes.
    fn step(&self, done: &Set<W>, live: i64, v: usize) -> (i64, i64) {
        let node = &self.nodes[v];
        let mut freed = 0;
        let mut saved = 0;
        let dies = |operand: &Operand<W>| {
            (0..W).all(|w| {
                let me = if w == v / 64 { 1 << (v % 64) } else { 0 };
                operand.consumers[w] & !done[w] & !me == 0
            })
        };
        for operand in &node.inputs {
            if dies(operand) {
                freed += operand.bytes;
            }
        }
        for &(at, bytes) in &node.in_place {
            if bytes > saved && dies(&node.inputs[at]) {
                saved = bytes;
            }
        }
        (live + node.born + node.scratch - saved, live + node.born - node.lost - freed)
    }

    fn ready<'s>(&'s self, done: &'s Set<W>) -> impl Iterator<Item = usize> + 's {
        (0..self.nodes.len()).filter(move |&v| !has(done, v) && within(&self.nodes[v].pred, done))
    }

    /// Runs safe moves until none is left, among `allowed` operators; tells each to `note`.
    fn close(&self, state: &mut State<W>, allowed: &Set<W>, mut note: impl FnMut(usize)) {
        loop {
            let next = self.ready(&state.done).filter(|&v| has(allowed, v)).find_map(|v| {
                let (peak, after) = self.step(&state.done, state.live, v);
                (peak <= state.key && after <= state.live).then_some((v, after))
            });
            let Some((v, after)) = next else { return };
            add(&mut state.done, v);
            state.live = after;
            note(v);
        }
    }

    /// Lower bound of the peak of all that is still to run.
    fn ahead(&self, done: &Set<W>) -> i64 {
        let mut most = 0;
        for (v, node) in self.nodes.iter().enumerate() {
            if has(done, v) {
                continue;
            }
            let beside = match node.beside_equal {
                Some(each) => (0..W).map(|w| i64::from((node.beside[w] & done[w]).count_ones())).sum::<i64>() * each,
                None => (0..self.nodes.len())
                    .filter(|&u| has(&node.beside, u) && has(done, u))
                    .map(|u| node.beside_bytes[u])
                    .sum(),
            };
            most = most.max(node.fixed + beside);
        }
        most
    }

    /// Lower bound of the whole block by cuts, one per operator.
    fn cut_bound(&self, problem: &OrderProblem) -> i64 {
        let mut cut = CutBound::new(problem);
        let bounds = self.nodes.iter().enumerate().map(|(v, node)| {
            node.own
                + cut.least_live(self.nodes.len(), |u| {
                    if u == v || has(&node.below, u) {
                        Side::Ahead
                    } else if has(&node.above, u) {
                        Side::Done
                    } else {
                        Side::Free
                    }
                })
        });
        bounds.max().unwrap_or(0)
    }

    fn child(&self, state: &State<W>, index: u32, v: usize) -> State<W> {
        let (peak, after) = self.step(&state.done, state.live, v);
        let mut next = State { done: state.done, key: state.key.max(peak), live: after, parent: index, op: v as u32 };
        add(&mut next.done, v);
        loop {
            self.close(&mut next, &self.all, |_| {});
            let ahead = self.ahead(&next.done);
            if ahead <= next.key {
                return next;
            }
            next.key = ahead;
        }
    }

    fn root(&self) -> State<W> {
        let mut root = State { done: [0; W], key: self.start_live, live: self.start_live, parent: u32::MAX, op: u32::MAX };
        root.key = root.key.max(self.ahead(&root.done));
        self.close(&mut root, &self.all, |_| {});
        root
    }

    /// The operators from the start to `states[index]`.
    fn replay(&self, states: &[State<W>], mut index: u32) -> Vec<usize> {
        let mut path = Vec::new();
        while index != u32::MAX {
            path.push(states[index as usize]);
            index = states[index as usize].parent;
        }
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut at = State { done: [0; W], live: self.start_live, key: 0, parent: 0, op: 0 };
        for state in path.iter().rev() {
            if state.op != u32::MAX {
                let v = state.op as usize;
                at.live = self.step(&at.done, at.live, v).1;
                add(&mut at.done, v);
                order.push(v);
            }
            // Safe moves commute, so closing again inside the state's own set finds the same operators.
            at.key = state.key;
            self.close(&mut at, &state.done, |v| order.push(v));
        }
        order
    }

    /// An order by keeping the best few states of each number of operators done.
    fn beam(&self) -> Ordering {
        let mut states = vec![self.root()];
        let mut levels: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.len() + 1];
        let size = |done: &Set<W>| done.iter().map(|w| w.count_ones() as usize).sum::<usize>();
        levels[size(&states[0].done)].push(0);
        for level in 0..self.nodes.len() {
            let mut here = std::mem::take(&mut levels[level]);
            here.sort_by_key(|&i| {
                let s = &states[i as usize];
                (s.done, s.key)
            });
            here.dedup_by_key(|i| states[*i as usize].done);
            here.sort_by_key(|&i| (states[i as usize].key, states[i as usize].live));
            here.truncate(BEAM);
            for i in here {
                let state = states[i as usize];
                for v in self.ready(&state.done) {
                    let next = self.child(&state, i, v);
                    levels[size(&next.done)].push(states.len() as u32);
                    states.push(next);
                }
            }
        }
        let last = levels[self.nodes.len()].iter().min_by_key(|&&i| states[i as usize].key);
        match last {
            Some(&i) => Ordering { order: self.replay(&states, i), peak: states[i as usize].key, bound: 0 },
            None => Ordering { order: Vec::new(), peak: i64::MAX, bound: 0 },
        }
    }

    fn solve(&self, problem: &OrderProblem, effort: &Effort) -> Ordering {
        let mut best = self.beam();
        let mut root = self.root();
        root.key = root.key.max(self.cut_bound(problem));
        let mut search = Frontier { states: vec![root], slots: vec![0; 1 << 12], buckets: BTreeMap::new() };
        let most = MOST_BYTES / (std::mem::size_of::<State<W>>() + 16);
        if root.key < best.peak {
            search.insert(root, 0);
        }
        let mut expanded = 0u64;
        best.bound = best.peak;
        while let Some((key, index)) = search.pop() {
            expanded += 1;
            let full = search.states.len() >= most || expanded >= effort.nodes;
            if full || (expanded % 256 == 0 && effort.over()) {
                best.bound = key;
                break;
            }
            let state = search.states[index as usize];
            if state.done == self.all {
                best = Ordering { order: self.replay(&search.states, index), peak: key, bound: key };
                break;
            }
            let mut children: Vec<State<W>> = Vec::new();
            for v in self.ready(&state.done) {
                let next = self.child(&state, index, v);
                if next.key >= best.peak {
                    continue;
                }
                // The same argument as for safe moves holds for v with the safe moves that it opens.
                let only = (0..W).all(|w| {
                    let me = if w == v / 64 { 1 << (v % 64) } else { 0 };
                    next.done[w] & !state.done[w] & !me & !self.nodes[v].below[w] == 0
                });
                if only && next.key == state.key && next.live <= state.live {
                    children = vec![next];
                    break;
                }
                children.push(next);
            }
            for next in children {
                search.offer(next);
            }
        }
        best
    }
}

/// Stored states, a hash table over them and the buckets of those to expand, lowest key first, latest first.
struct Frontier<const W: usize> {
    states: Vec<State<W>>,
    /// Index + 1 of a state, or 0; open addressing.
    slots: Vec<u32>,
    buckets: BTreeMap<i64, Vec<u32>>,
}

impl<const W: usize> Frontier<W> {
    fn slot(&self, done: &Set<W>) -> usize {
        let mut h = 0u64;
        for word in done {
            h = (h ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            h ^= h >> 32;
        }
        let mask = self.slots.len() - 1;
        let mut at = h as usize & mask;
        while self.slots[at] != 0 && self.states[self.slots[at] as usize - 1].done != *done {
            at = (at + 1) & mask;
        }
        at
    }

    fn insert(&mut self, state: State<W>, index: u32) {
        let at = self.slot(&state.done);
        self.slots[at] = index + 1;
        self.buckets.entry(state.key).or_default().push(index);
    }

    fn offer(&mut self, state: State<W>) {
        let at = self.slot(&state.done);
        if self.slots[at] == 0 {
            let index = self.states.len() as u32;
            self.states.push(state);
            self.slots[at] = index + 1;
            self.buckets.entry(state.key).or_default().push(index);
            if self.states.len() * 2 > self.slots.len() {
                self.grow();
            }
        } else {
            let index = self.slots[at] - 1;
            if state.key < self.states[index as usize].key {
                self.states[index as usize] = state;
                self.buckets.entry(state.key).or_default().push(index);
            }
        }
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 4];
        for i in 0..self.states.len() {
            let at = self.slot(&self.states[i].done);
            self.slots[at] = i as u32 + 1;
        }
    }

    fn pop(&mut self) -> Option<(i64, u32)> {
        loop {
            let mut lowest = self.buckets.first_entry()?;
            let key = *lowest.key();
            match lowest.get_mut().pop() {
                Some(index) if self.states[index as usize].key == key => return Some((key, index)),
                Some(_) => {}
                None => {
                    lowest.remove();
                }
            }
        }
    }
}
