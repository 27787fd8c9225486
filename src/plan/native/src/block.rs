//! One block of operators in the form that the search of its downsets needs: sets as bits, steps as sums.
use crate::cut_bound::{CutBound, Side};
use crate::order::{Links, OrderProblem, topological};

pub type Set<const W: usize> = [u64; W];

pub fn has<const W: usize>(set: &Set<W>, v: usize) -> bool {
    set[v / 64] >> (v % 64) & 1 == 1
}

pub fn add<const W: usize>(set: &mut Set<W>, v: usize) {
    set[v / 64] |= 1 << (v % 64);
}

fn within<const W: usize>(a: &Set<W>, b: &Set<W>) -> bool {
    a.iter().zip(b).all(|(x, y)| x & !y == 0)
}

pub fn elements<const W: usize>(set: &Set<W>) -> impl Iterator<Item = usize> + use<W> {
    let mut rest = *set;
    let mut word = 0;
    std::iter::from_fn(move || {
        while word < W && rest[word] == 0 {
            word += 1;
        }
        let bits = rest.get_mut(word)?;
        let bit = bits.trailing_zeros() as usize;
        *bits &= *bits - 1;
        Some(word * 64 + bit)
    })
}

struct Operand<const W: usize> {
    bytes: i64,
    consumers: Set<W>,
}

/// One operator of the block, with all that its step needs.
pub struct Node<const W: usize> {
    pred: Set<W>,
    /// Operators that take an output, directly; all that follow; all that precede.
    next: Vec<usize>,
    pub below: Set<W>,
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
}

/// Lower bound of an operator's step: a constant, and the bytes of each operator done that is not ordered against it.
struct Ahead<const W: usize> {
    fixed: i64,
    beside: Set<W>,
    /// What each of `beside` counts for when that is the same for all; otherwise `bytes` tells.
    each: Option<i64>,
    bytes: Vec<i64>,
}

#[derive(Clone, Copy)]
pub struct State<const W: usize> {
    pub done: Set<W>,
    pub key: i64,
    pub live: i64,
    pub parent: u32,
    pub op: u32,
}

pub struct Block<const W: usize> {
    pub nodes: Vec<Node<W>>,
    /// Apart from `nodes`, and small: every state reads all of it.
    aheads: Vec<Ahead<W>>,
    pub start_live: i64,
    pub all: Set<W>,
}

/// All operators that precede, and all that follow, each operator.
fn relations<const W: usize>(problem: &OrderProblem, links: &Links) -> (Vec<Set<W>>, Vec<Set<W>>) {
    let n = problem.ops.len();
    let mut above = vec![[0u64; W]; n];
    let mut below = vec![[0u64; W]; n];
    for v in topological(problem, links).unwrap_or_default() {
        let mut set = [0u64; W];
        for u in problem.ops[v].inputs.iter().filter_map(|&t| links.producer[t]) {
            for (word, more) in set.iter_mut().zip(above[u]) {
                *word |= more;
            }
            add(&mut set, u);
        }
        above[v] = set;
        for u in elements(&set) {
            add(&mut below[u], v);
        }
    }
    (above, below)
}

fn node<const W: usize>(problem: &OrderProblem, links: &Links, v: usize, above: Set<W>, below: Set<W>) -> Node<W> {
    let op = &problem.ops[v];
    let set = |list: &mut dyn Iterator<Item = usize>| {
        let mut set = [0u64; W];
        list.for_each(|u| add(&mut set, u));
        set
    };
    let sorted = |mut list: Vec<usize>| {
        list.sort_unstable();
        list.dedup();
        list
    };
    let mortal = sorted(op.inputs.iter().copied().filter(|&t| !problem.keep[t]).collect());
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
    let operand =
        |&t: &usize| Operand { bytes: problem.bytes[t], consumers: set(&mut links.consumers[t].iter().copied()) };
    Node {
        pred: set(&mut op.inputs.iter().filter_map(|&t| links.producer[t])),
        next: sorted(op.outputs.iter().flat_map(|&t| links.consumers[t].iter().copied()).collect()),
        below,
        above,
        inputs: mortal.iter().map(operand).collect(),
        born,
        lost: op.outputs.iter().filter(|&&t| !problem.lasts(links, t)).map(|&t| problem.bytes[t]).sum(),
        scratch: op.scratch,
        in_place,
        own: born + op.scratch - most_saved,
    }
}

fn ahead<const W: usize>(problem: &OrderProblem, links: &Links, v: usize, node: &Node<W>) -> Ahead<W> {
    let n = problem.ops.len();
    let mut fixed = node.own;
    let mut beside = [0u64; W];
    let mut bytes = vec![0; n];
    for t in 0..problem.bytes.len() {
        let late = |&c: &usize| c == v || has(&node.below, c);
        if !problem.keep[t] && !links.consumers[t].iter().any(late) {
            continue;
        }
        match links.producer[t] {
            None => fixed += problem.bytes[t],
            Some(u) if has(&node.above, u) => fixed += problem.bytes[t],
            Some(u) if u == v || has(&node.below, u) => {}
            Some(u) => {
                add(&mut beside, u);
                bytes[u] += problem.bytes[t];
            }
        }
    }
    let first = elements(&beside).next().map_or(0, |u| bytes[u]);
    let equal = elements(&beside).all(|u| bytes[u] == first);
    Ahead { fixed, beside, each: equal.then_some(first), bytes: if equal { Vec::new() } else { bytes } }
}

impl<const W: usize> Block<W> {
    pub fn new(problem: &OrderProblem) -> Self {
        let links = problem.links();
        let n = problem.ops.len();
        let (above, below) = relations(problem, &links);
        let nodes: Vec<Node<W>> = (0..n).map(|v| node(problem, &links, v, above[v], below[v])).collect();
        let aheads = nodes.iter().enumerate().map(|(v, node)| ahead(problem, &links, v, node)).collect();
        let start = (0..problem.bytes.len()).filter(|&t| links.producer[t].is_none() && problem.lasts(&links, t));
        let mut all = [0u64; W];
        for v in 0..n {
            add(&mut all, v);
        }
        Block { nodes, aheads, start_live: start.map(|t| problem.bytes[t]).sum(), all }
    }

    /// (bytes while v runs, live bytes after) from a state with `live` bytes.
    pub fn step(&self, done: &Set<W>, live: i64, v: usize) -> (i64, i64) {
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

    /// Operators that can run after `done`.
    pub fn ready(&self, done: &Set<W>) -> Set<W> {
        let mut set = [0; W];
        for (v, node) in self.nodes.iter().enumerate() {
            if !has(done, v) && within(&node.pred, done) {
                add(&mut set, v);
            }
        }
        set
    }

    /// Runs v; `ready` follows.
    pub fn run(&self, state: &mut State<W>, ready: &mut Set<W>, v: usize, after: i64) {
        add(&mut state.done, v);
        state.live = after;
        ready[v / 64] &= !(1 << (v % 64));
        for &u in &self.nodes[v].next {
            if within(&self.nodes[u].pred, &state.done) {
                add(ready, u);
            }
        }
    }

    /// Runs safe moves until none is left, among `allowed` operators; tells each to `note`.
    pub fn close(&self, state: &mut State<W>, ready: &mut Set<W>, allowed: &Set<W>, mut note: impl FnMut(usize)) {
        loop {
            let next = elements(ready).filter(|&v| has(allowed, v)).find_map(|v| {
                let (peak, after) = self.step(&state.done, state.live, v);
                (peak <= state.key && after <= state.live).then_some((v, after))
            });
            let Some((v, after)) = next else { return };
            self.run(state, ready, v, after);
            note(v);
        }
    }

    /// Lower bound of the peak of all that is still to run.
    pub fn ahead(&self, done: &Set<W>) -> i64 {
        let mut most = 0;
        let mut rest = self.all;
        for (w, word) in rest.iter_mut().enumerate() {
            *word &= !done[w];
        }
        for v in elements(&rest) {
            let ahead = &self.aheads[v];
            let beside = match ahead.each {
                Some(each) => (0..W).map(|w| i64::from((ahead.beside[w] & done[w]).count_ones())).sum::<i64>() * each,
                None => elements(&ahead.beside).filter(|&u| has(done, u)).map(|u| ahead.bytes[u]).sum(),
            };
            most = most.max(ahead.fixed + beside);
        }
        most
    }

    /// Lower bound of the whole block by cuts, one per operator.
    pub fn cut_bound(&self, problem: &OrderProblem) -> i64 {
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
}
