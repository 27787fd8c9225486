//! Lower bound of the live bytes while an operator runs, by maximum flow.
//!
//! When v runs after the downset D, the set X of operators done contains D and the ancestors of v, but neither v nor
//! its descendants. The live bytes of X are a cut: a tensor counts when its producer is in X and a consumer is not.
//! So the least that can be live at that moment is a minimum cut, and any flow is a valid bound.
use crate::order::OrderProblem;

const NEVER: i64 = i64::MAX / 4;

#[derive(Default)]
pub struct CutBound {
    /// Nodes: operators, then tensors, then source and sink. Edge e and e ^ 1 are each other's reverse.
    to: Vec<u32>,
    capacity: Vec<i64>,
    residual: Vec<i64>,
    edges: Vec<Vec<u32>>,
    stamp: Vec<u32>,
    now: u32,
    source: usize,
    sink: usize,
    path: Vec<(usize, usize)>,
}

/// What a node is for one question.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Done,
    Ahead,
    Free,
}

impl CutBound {
    pub fn new(problem: &OrderProblem) -> CutBound {
        let links = problem.links();
        let (n, m) = (problem.ops.len(), problem.bytes.len());
        let (source, sink) = (n + m, n + m + 1);
        let mut cut = CutBound {
            to: Vec::new(),
            capacity: Vec::new(),
            residual: Vec::new(),
            edges: vec![Vec::new(); n + m + 2],
            stamp: vec![0; n + m + 2],
            now: 0,
            source,
            sink,
            path: Vec::new(),
        };
        for t in 0..m {
            let from = links.producer[t].unwrap_or(source);
            cut.edge(from, n + t, problem.bytes[t]);
            for &c in &links.consumers[t] {
                cut.edge(n + t, c, NEVER);
                if let Some(u) = links.producer[t] {
                    // A downset that holds c holds u.
                    cut.edge(c, u, NEVER);
                }
            }
            if problem.keep[t] {
                cut.edge(n + t, sink, NEVER);
            }
        }
        cut.residual = cut.capacity.clone();
        cut
    }

    fn edge(&mut self, from: usize, to: usize, capacity: i64) {
        for (a, b, c) in [(from, to, capacity), (to, from, 0)] {
            self.edges[a].push(self.to.len() as u32);
            self.to.push(b as u32);
            self.capacity.push(c);
        }
    }

    /// Least live bytes of a downset that holds all `Done` operators and no `Ahead` one, of `ops` in all.
    pub fn least_live(&mut self, ops: usize, side: impl Fn(usize) -> Side) -> i64 {
        self.residual.copy_from_slice(&self.capacity);
        let side = |node: usize| match node {
            _ if node < ops => side(node),
            _ if node == self.source => Side::Done,
            _ if node == self.sink => Side::Ahead,
            _ => Side::Free,
        };
        let mut flow = 0;
        let roots: Vec<usize> = (0..ops).chain([self.source]).filter(|&u| side(u) == Side::Done).collect();
        // Nodes visited by a search that failed as a whole stay dead: no later path can touch them.
        let dead = self.now + 1;
        self.now = dead;
        for root in roots {
            loop {
                self.now += 1;
                match augment(
                    &self.edges,
                    &self.to,
                    &mut self.residual,
                    &mut self.stamp,
                    &mut self.path,
                    (dead, self.now),
                    root,
                    &side,
                ) {
                    0 => break,
                    pushed => flow += pushed,
                }
            }
        }
        if self.now > u32::MAX / 2 {
            self.stamp.fill(0);
            self.now = 0;
        }
        flow
    }
}

/// Pushes flow along one path from `root`; 0 when there is none, and then all that was visited is marked dead.
#[allow(clippy::too_many_arguments)]
fn augment(
    edges: &[Vec<u32>],
    to: &[u32],
    residual: &mut [i64],
    stamp: &mut [u32],
    path: &mut Vec<(usize, usize)>,
    (dead, now): (u32, u32),
    root: usize,
    side: &impl Fn(usize) -> Side,
) -> i64 {
    path.clear();
    path.push((root, 0));
    let mut visited = vec![root];
    stamp[root] = now;
    while let Some(&(node, next)) = path.last() {
        let Some(&e) = edges[node].get(next) else {
            path.pop();
            continue;
        };
        let end = path.len() - 1;
        path[end].1 += 1;
        let other = to[e as usize] as usize;
        if residual[e as usize] == 0 || stamp[other] == dead || stamp[other] == now {
            continue;
        }
        match side(other) {
            Side::Done => {}
            Side::Free => {
                stamp[other] = now;
                visited.push(other);
                path.push((other, 0));
            }
            Side::Ahead => {
                let along: Vec<usize> = path.iter().map(|&(u, next)| edges[u][next - 1] as usize).collect();
                let pushed = along.iter().map(|&e| residual[e]).min().unwrap_or(0);
                for e in along {
                    residual[e] -= pushed;
                    residual[e ^ 1] += pushed;
                }
                return pushed;
            }
        }
    }
    for node in visited {
        stamp[node] = dead;
    }
    0
}
