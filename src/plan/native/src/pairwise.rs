//! Allocation with relaxed pairs and fixed offsets, where the skyline of `niche` does not apply.
//!
//! Every conflicting pair is a disjunction: b at least `gap(a, b)` above a, or a at least `gap(b, a)` above b. A gap is
//! the lower buffer's size, or less where a pair relation lets the upper one reach into it. A layout comes from an
//! order of the buffers by first fit; the order is improved by local search, then small problems are searched out.
use crate::portfolio::{Effort, Layout};
use crate::rng::Rng;
use crate::sections::{Buffer, clique_times, gcd, round_up};

/// `upper` must either not overlap `lower` or lie at `offset[lower] + delta` or above, `delta` below `lower`'s size.
#[derive(Clone, Copy)]
pub struct Pair {
    pub lower: usize,
    pub upper: usize,
    pub delta: i64,
}

struct Conflict {
    other: usize,
    /// Least distance when `other` lies below, and when it lies above.
    gap_below: i64,
    gap_above: i64,
}

pub struct Pairwise {
    buffers: Vec<Buffer>,
    fixed: Vec<Option<i64>>,
    conflicts: Vec<Vec<Conflict>>,
    sections: Vec<Vec<usize>>,
    /// Sizes up to the common alignment: what a buffer takes from the next one's point of view.
    rounded: Vec<i64>,
    /// True when first fit in the order of some best layout rebuilds it, so an exhausted search is a proof.
    exact: bool,
    /// Without pairs everything that is alive together lies apart.
    apart: bool,
}

impl Pairwise {
    pub fn new(buffers: &[Buffer], fixed: &[Option<i64>], pairs: &[Pair]) -> Pairwise {
        let n = buffers.len();
        let mut gaps = std::collections::HashMap::new();
        for p in pairs {
            let size = buffers[p.lower].size;
            let gap = gaps.entry((p.lower, p.upper)).or_insert(size);
            *gap = p.delta.min(*gap);
        }
        // Offsets are multiples of the common alignment, so are their differences.
        let common = buffers.iter().fold(0, |a, b| gcd(a, b.align)).max(1);
        let common = if fixed.iter().flatten().all(|f| f % common == 0) { common } else { 1 };
        let gap = |below: usize, above: usize| {
            let gap = *gaps.get(&(below, above)).unwrap_or(&buffers[below].size);
            gap.div_euclid(common) * common + if gap.rem_euclid(common) > 0 { common } else { 0 }
        };
        let mut conflicts: Vec<Vec<Conflict>> = (0..n).map(|_| Vec::new()).collect();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|&b| buffers[b].lower);
        for (i, &a) in order.iter().enumerate() {
            for &b in order[i + 1..].iter().take_while(|&&b| buffers[b].lower < buffers[a].upper) {
                let (ab, ba) = (gap(a, b), gap(b, a));
                if ab + ba <= 0 {
                    continue; // Whatever the offsets, one side of the disjunction holds.
                }
                conflicts[a].push(Conflict { other: b, gap_below: ba, gap_above: ab });
                conflicts[b].push(Conflict { other: a, gap_below: ab, gap_above: ba });
            }
        }
        let times = clique_times(buffers);
        let alive = |t: i64| (0..n).filter(|&b| buffers[b].lower <= t && t < buffers[b].upper).collect();
        Pairwise {
            buffers: buffers.to_vec(),
            fixed: fixed.to_vec(),
            conflicts,
            sections: times.into_iter().map(alive).collect(),
            rounded: buffers.iter().map(|b| round_up(b.size, common)).collect(),
            exact: gaps.values().all(|&gap| gap >= 0),
            apart: pairs.is_empty(),
        }
    }

    /// Bytes that the union of these buffers covers at least: all sizes less every overlap that a pair allows
    /// (Bonferroni), or the sizes of a subset without such pairs.
    fn union_bound(&self, set: &[usize]) -> i64 {
        let size = |b: usize| self.rounded[b];
        let padding = set.iter().map(|&b| size(b) - self.buffers[b].size).max().unwrap_or(0);
        // Without pairs nothing overlaps; rows of an input make sections too large for looking at every two of them.
        if self.apart {
            return set.iter().map(|&b| size(b)).sum::<i64>() - padding;
        }
        let overlap = |a: usize, b: usize| {
            // Alive together but in no conflict: any overlap is allowed.
            let Some(c) = self.conflicts[a].iter().find(|c| c.other == b) else { return size(a).min(size(b)) };
            let reach = (size(b) - c.gap_below).max(size(a) - c.gap_above);
            reach.clamp(0, size(a).min(size(b)))
        };
        let mut all = 0;
        let mut apart: Vec<usize> = Vec::new();
        let mut sorted = set.to_vec();
        sorted.sort_by_key(|&b| -size(b));
        for (i, &b) in sorted.iter().enumerate() {
            all += size(b) - sorted[..i].iter().map(|&a| overlap(a, b)).sum::<i64>();
            if apart.iter().all(|&a| overlap(a, b) == 0) {
                apart.push(b);
            }
        }
        all.max(apart.iter().map(|&b| size(b)).sum()) - padding
    }

    pub fn bound(&self) -> i64 {
        let unions = self.sections.iter().map(|s| self.union_bound(s)).max().unwrap_or(0);
        let tops = self.fixed.iter().zip(&self.buffers).filter_map(|(f, b)| f.map(|f| f + b.size));
        unions.max(tops.max().unwrap_or(0))
    }

    fn height(&self, offsets: &[i64]) -> i64 {
        offsets.iter().zip(&self.buffers).map(|(o, b)| o + b.size).max().unwrap_or(0)
    }

    /// The lowest offset at `from` or above that respects every placed neighbour of b.
    fn lowest(&self, b: usize, from: i64, offsets: &[Option<i64>]) -> i64 {
        let align = self.buffers[b].align;
        let mut blocked: Vec<(i64, i64)> = self.conflicts[b]
            .iter()
            .filter_map(|c| offsets[c.other].map(|o| (o - c.gap_above, o + c.gap_below)))
            .filter(|&(low, high)| low + 1 < high)
            .collect();
        blocked.sort_unstable();
        let mut at = round_up(from.max(0), align);
        for (low, high) in blocked {
            if low < at && at < high {
                at = round_up(high, align);
            }
        }
        at
    }

    fn start(&self) -> Vec<Option<i64>> {
        self.fixed.clone()
    }

    fn decode(&self, order: &[usize]) -> Vec<i64> {
        let mut offsets = self.start();
        for &b in order {
            if offsets[b].is_none() {
                offsets[b] = Some(self.lowest(b, 0, &offsets));
            }
        }
        offsets.into_iter().map(|o| o.unwrap_or(0)).collect()
    }

    /// Orders by size, area and time, then a local search that moves the topmost buffer, or what is in its way,
    /// earlier; then, when the bound is not met, a bounded exhaustive search.
    pub fn minimise(&self, goal: Option<i64>, effort: &Effort) -> Layout {
        let n = self.buffers.len();
        let mut bound = self.bound();
        let wanted = goal.unwrap_or(bound).max(bound);
        let life = |b: usize| self.buffers[b].upper - self.buffers[b].lower;
        let area = |b: usize| self.buffers[b].size as f64 * life(b) as f64;
        let mut orders: Vec<Vec<usize>> = vec![(0..n).collect(); 4];
        orders[0].sort_by_key(|&b| (-self.buffers[b].size, -life(b)));
        orders[1].sort_by(|&a, &b| area(b).total_cmp(&area(a)));
        orders[2].sort_by_key(|&b| (-life(b), -self.buffers[b].size));
        orders[3].sort_by_key(|&b| (self.buffers[b].lower, -self.buffers[b].size));
        let decoded = orders.into_iter().map(|order| (self.decode(&order), order));
        let best = decoded.min_by_key(|(offsets, _)| self.height(offsets));
        let (mut offsets, mut order) = best.unwrap_or_default();
        let mut height = self.height(&offsets);
        let mut rng = Rng::new(effort.seed);
        let rounds = (effort.nodes / 64).min(2000 + 200_000 / n.max(1) as u64);
        let mut current = height;
        let mut layout = offsets.clone();
        for step in 0..rounds {
            if height <= wanted || effort.over() {
                break;
            }
            let next = self.shift(&order, &layout, &mut rng);
            let candidate = self.decode(&next);
            let h = self.height(&candidate);
            // Sideways moves cross plateaus; a small chance of a worse one leaves valleys.
            if h <= current || rng.unit() < 0.01 {
                (order, layout, current) = (next, candidate, h);
                if h < height {
                    (height, offsets) = (h, layout.clone());
                }
            }
        }
        if height > wanted {
            let mut tree =
                Tree { problem: self, offsets: self.start(), best: height, layout: None, wanted, nodes: 0, effort };
            let done = tree.search(0);
            if let Some(found) = tree.layout {
                (height, offsets) = (tree.best, found);
            }
            if done && self.exact {
                bound = height;
            }
        }
        Layout { offsets, height, bound: bound.min(height) }
    }

    /// Moves a topmost buffer, or one that lies in conflict below it, to a random earlier place of the order.
    fn shift(&self, order: &[usize], offsets: &[i64], rng: &mut Rng) -> Vec<usize> {
        let height = self.height(offsets);
        let tops: Vec<usize> =
            (0..order.len()).filter(|&i| offsets[order[i]] + self.buffers[order[i]].size == height).collect();
        let mut from = tops[rng.below(tops.len())];
        if rng.unit() < 0.5 {
            let near = &self.conflicts[order[from]];
            if !near.is_empty() {
                let other = near[rng.below(near.len())].other;
                from = order.iter().position(|&b| b == other).unwrap_or(from);
            }
        }
        let mut next = order.to_vec();
        let b = next.remove(from);
        next.insert(rng.below(from + 1), b);
        next
    }
}

/// Depth-first search that places buffers by ascending offset.
struct Tree<'a> {
    problem: &'a Pairwise,
    offsets: Vec<Option<i64>>,
    best: i64,
    layout: Option<Vec<i64>>,
    wanted: i64,
    nodes: u64,
    effort: &'a Effort,
}

/// Nodes of the exhaustive search; it is meant for what a person could draw.
const TREE_NODES: u64 = 400_000;

impl Tree<'_> {
    /// True when the subtree was searched out.
    fn search(&mut self, level: i64) -> bool {
        self.nodes += 1;
        let most = TREE_NODES.min(self.effort.nodes);
        if self.nodes > most || self.effort.over() {
            return false;
        }
        let p = self.problem;
        let mut open: Vec<(i64, usize)> = (0..p.buffers.len())
            .filter(|&b| self.offsets[b].is_none())
            .map(|b| (p.lowest(b, level, &self.offsets), b))
            .collect();
        if open.is_empty() {
            let layout: Vec<i64> = self.offsets.iter().map(|o| o.unwrap_or(0)).collect();
            let height = p.height(&layout);
            if height < self.best {
                self.best = height;
                self.layout = Some(layout);
            }
            return true;
        }
        if open.iter().any(|&(at, b)| at + p.buffers[b].size >= self.best) || self.overfull(&open) {
            return true;
        }
        open.sort_by_key(|&(at, b)| (at, -p.buffers[b].size));
        // Whoever starts at or above the top of a buffer that is still open leaves it room below, and may be lowered.
        let roof = open.iter().map(|&(at, b)| at + p.reach(b)).min().unwrap_or(i64::MAX);
        for &(at, b) in &open {
            if at >= roof {
                break;
            }
            self.offsets[b] = Some(at);
            let done = self.search(at);
            self.offsets[b] = None;
            if !done {
                return false;
            }
            if self.best <= self.wanted {
                return true;
            }
        }
        true
    }

    fn overfull(&self, open: &[(i64, usize)]) -> bool {
        let mut at = vec![None; self.problem.buffers.len()];
        for &(low, b) in open {
            at[b] = Some(low);
        }
        self.problem.sections.iter().any(|section| {
            let rest: Vec<usize> = section.iter().copied().filter(|&b| at[b].is_some()).collect();
            let low = rest.iter().filter_map(|&b| at[b]).min();
            low.is_some_and(|low| low + self.problem.union_bound(&rest) >= self.best)
        })
    }
}

impl Pairwise {
    /// How far above b's offset b still matters to what lies above it.
    fn reach(&self, b: usize) -> i64 {
        self.conflicts[b].iter().map(|c| c.gap_above).max().unwrap_or(0).max(self.buffers[b].size)
    }
}
