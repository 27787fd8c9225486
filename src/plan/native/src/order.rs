//! The order of operators with the least peak of live bytes.
//!
//! What matters of a partial order of execution is only the set of operators done, a downset of the graph: it fixes
//! the live bytes, so the best peak is a minimax path through the downsets. The graph is cut at operators that every
//! other one must precede or follow; each block between cuts is searched apart (`downsets`), and the peaks compose.
use crate::downsets::search_block;
use crate::portfolio::Effort;

#[derive(Clone, Default)]
pub struct Op {
    pub inputs: Vec<usize>,
    pub outputs: Vec<usize>,
    /// Bytes needed only while the operator runs.
    pub scratch: i64,
    /// (input, output) tensors that may share bytes when the operator is the input's last consumer; one pair counts.
    pub in_place: Vec<(usize, usize)>,
}

/// A graph for ordering. Tensors that no operator produces are there from the start; `keep` lives to the end.
#[derive(Clone, Default)]
pub struct OrderProblem {
    pub bytes: Vec<i64>,
    pub keep: Vec<bool>,
    pub ops: Vec<Op>,
}

pub struct Ordering {
    pub order: Vec<usize>,
    pub peak: i64,
    pub bound: i64,
}

/// Who makes and who takes each tensor.
pub struct Links {
    pub producer: Vec<Option<usize>>,
    pub consumers: Vec<Vec<usize>>,
}

impl OrderProblem {
    pub fn links(&self) -> Links {
        let mut producer = vec![None; self.bytes.len()];
        let mut consumers = vec![Vec::new(); self.bytes.len()];
        for (v, op) in self.ops.iter().enumerate() {
            for &t in &op.outputs {
                producer[t] = Some(v);
            }
            for &t in &op.inputs {
                if !consumers[t].contains(&v) {
                    consumers[t].push(v);
                }
            }
        }
        Links { producer, consumers }
    }

    /// Whether a tensor outlives the operator that makes it, or the start.
    pub fn lasts(&self, links: &Links, t: usize) -> bool {
        self.keep[t] || !links.consumers[t].is_empty()
    }

    /// Peak of live bytes when the operators run in `order`.
    pub fn peak(&self, order: &[usize]) -> i64 {
        let links = self.links();
        let mut left: Vec<usize> = links.consumers.iter().map(Vec::len).collect();
        let starts = |t: usize| links.producer[t].is_none() && (left[t] > 0 || self.keep[t]);
        let mut live: i64 = (0..self.bytes.len()).filter(|&t| starts(t)).map(|t| self.bytes[t]).sum();
        let mut peak = live;
        for &v in order {
            let op = &self.ops[v];
            let mut dying = Vec::new();
            for &t in &op.inputs {
                if !dying.contains(&t) && left[t] == 1 && !self.keep[t] {
                    dying.push(t);
                }
            }
            let shared = op.in_place.iter().filter(|(t, _)| dying.contains(t));
            let saved = shared.map(|&(t, u)| self.bytes[t].min(self.bytes[u])).max().unwrap_or(0);
            live += op.outputs.iter().map(|&t| self.bytes[t]).sum::<i64>();
            peak = peak.max(live + op.scratch - saved);
            live -= dying.iter().map(|&t| self.bytes[t]).sum::<i64>();
            live -= op.outputs.iter().filter(|&&t| left[t] == 0 && !self.keep[t]).map(|&t| self.bytes[t]).sum::<i64>();
            for (t, rest) in left.iter_mut().enumerate() {
                if op.inputs.contains(&t) {
                    *rest -= 1;
                }
            }
        }
        peak
    }
}

/// Blocks of operators in execution order: inside a block the order is free, between blocks it is forced. An operator
/// that every other one precedes or follows is a block of its own.
fn blocks(problem: &OrderProblem, links: &Links, topological: &[usize]) -> Vec<Vec<usize>> {
    let n = topological.len();
    let words = n.div_ceil(64);
    let mut before = vec![vec![0u64; words]; n];
    let mut position = vec![0; n];
    for (i, &v) in topological.iter().enumerate() {
        position[v] = i;
    }
    let mut ancestors = vec![0u32; n];
    let mut descendants = vec![0u32; n];
    for (i, &v) in topological.iter().enumerate() {
        let mut set = vec![0u64; words];
        for &t in &problem.ops[v].inputs {
            if let Some(u) = links.producer[t] {
                let p = position[u];
                for (a, b) in set.iter_mut().zip(&before[p]) {
                    *a |= b;
                }
                set[p / 64] |= 1 << (p % 64);
            }
        }
        for p in 0..i {
            if set[p / 64] >> (p % 64) & 1 == 1 {
                ancestors[i] += 1;
                descendants[p] += 1;
            }
        }
        before[i] = set;
    }
    let mut result: Vec<Vec<usize>> = Vec::new();
    let mut current = Vec::new();
    for (i, &v) in topological.iter().enumerate() {
        if ancestors[i] + descendants[i] + 1 == n as u32 {
            if !current.is_empty() {
                result.push(std::mem::take(&mut current));
            }
            result.push(vec![v]);
        } else {
            current.push(v);
        }
    }
    if !current.is_empty() {
        result.push(current);
    }
    result
}

/// Kahn's order, lowest index first; None when the graph has a cycle.
pub fn topological(problem: &OrderProblem, links: &Links) -> Option<Vec<usize>> {
    let n = problem.ops.len();
    let mut waiting: Vec<usize> = vec![0; n];
    for (v, op) in problem.ops.iter().enumerate() {
        let mut inputs = op.inputs.clone();
        inputs.sort_unstable();
        inputs.dedup();
        waiting[v] = inputs.iter().filter(|&&t| links.producer[t].is_some()).count();
    }
    let mut ready: std::collections::BTreeSet<usize> = (0..n).filter(|&v| waiting[v] == 0).collect();
    let mut order = Vec::with_capacity(n);
    while let Some(v) = ready.pop_first() {
        order.push(v);
        for &t in &problem.ops[v].outputs {
            for &c in &links.consumers[t] {
                waiting[c] -= 1;
                if waiting[c] == 0 {
                    ready.insert(c);
                }
            }
        }
    }
    (order.len() == n).then_some(order)
}

/// The block as a problem of its own, and the bytes that are live all through it without being touched.
fn extract(
    problem: &OrderProblem,
    links: &Links,
    block_of: &[usize],
    block: usize,
    ops: &[usize],
) -> (OrderProblem, i64) {
    let mut local = vec![usize::MAX; problem.bytes.len()];
    let mut sub = OrderProblem::default();
    let mut idle = 0;
    for (t, local) in local.iter_mut().enumerate() {
        let born = links.producer[t].map(|u| block_of[u]);
        let later = problem.keep[t] || links.consumers[t].iter().any(|&c| block_of[c] > block);
        let here = born == Some(block) || links.consumers[t].iter().any(|&c| block_of[c] == block);
        if here {
            *local = sub.bytes.len();
            sub.bytes.push(problem.bytes[t]);
            sub.keep.push(later);
        } else if later && born.is_none_or(|b| b < block) {
            idle += problem.bytes[t];
        }
    }
    for &v in ops {
        let op = &problem.ops[v];
        sub.ops.push(Op {
            inputs: op.inputs.iter().map(|&t| local[t]).collect(),
            outputs: op.outputs.iter().map(|&t| local[t]).collect(),
            scratch: op.scratch,
            in_place: op.in_place.iter().map(|&(t, u)| (local[t], local[u])).collect(),
        });
    }
    (sub, idle)
}

/// Finds an order of least peak. None when the graph has a cycle.
pub fn solve_order(problem: &OrderProblem, effort: &Effort) -> Option<Ordering> {
    let links = problem.links();
    let given = topological(problem, &links)?;
    let blocks = blocks(problem, &links, &given);
    let mut block_of = vec![0; problem.ops.len()];
    for (i, ops) in blocks.iter().enumerate() {
        for &v in ops {
            block_of[v] = i;
        }
    }
    let mut order = Vec::with_capacity(problem.ops.len());
    let mut bound = problem.peak(&[]);
    for (i, ops) in blocks.iter().enumerate() {
        let (sub, idle) = extract(problem, &links, &block_of, i, ops);
        let solved = search_block(&sub, effort);
        order.extend(solved.order.iter().map(|&v| ops[v]));
        bound = bound.max(solved.bound + idle);
    }
    let mut peak = problem.peak(&order);
    let file: Vec<usize> = (0..problem.ops.len()).collect();
    let mut seen = vec![false; problem.ops.len()];
    let valid = file.iter().all(|&v| {
        seen[v] = true;
        problem.ops[v].inputs.iter().all(|&t| links.producer[t].is_none_or(|u| u < v && seen[u]))
    });
    // A search cut short must not end above the order that the caller came with.
    if valid && problem.peak(&file) < peak {
        peak = problem.peak(&file);
        order = file;
    }
    Some(Ordering { order, peak, bound: bound.min(peak) })
}
