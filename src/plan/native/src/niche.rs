//! Decides whether the buffers of an Instance fit a capacity: a depth-first search that fills valleys of the skyline.
//!
//! A layout is built from the floor up, so its state is a skyline: the height `floor[s]` above which section s is
//! free. Take a valley, a run of sections of equal floor x with higher neighbours, and any section t in it. Every
//! buffer that can start at x in t lies inside the valley, hence the branching is complete: either one of those
//! buffers starts at x, or t stays empty up to the lowest level at which another buffer could come to stand there.
//! Valleys need no order among each other, so the section with the fewest choices is always taken first.
//!
//! What prunes:
//! - load: floor + bytes still to come must not exceed the capacity, in every section;
//! - inference: the floor of a section rises to the lowest offset that any buffer still to come can have there;
//! - support: a buffer may only stand on the ground or on another buffer (every layout can be pushed down until that
//!   holds, without getting higher), so gaps that nothing explains are cut;
//! - nogoods: skylines that were exhausted are remembered by a 64-bit hash;
//! - decomposition: where no buffer crosses a border between sections, both sides are solved apart.
//!
//! The order of choices follows per-section weights that grow with failures (dom/wdeg, Boussemart et al. 2004), under
//! restarts. The ideas of bottom-up canonical layouts and of raising the floor by inference are those of MiniMalloc
//! (Moffitt, ASPLOS 2023); branching on valleys is that of skyline packing.
use std::time::Instant;

use crate::bitset::{BufferSets, bits, both};
use crate::rng::Rng;
use crate::sections::{Instance, round_up};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Found,
    /// Every choice was refuted: the capacity is too small.
    Failed,
    /// Stopped by the node limit, the deadline or a rival.
    Limit,
}

/// How the next section is picked among those of all valleys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pick {
    /// Fewest choices per weight of past failures.
    Weighted,
    /// Fewest choices, lowest floor first.
    Fewest,
    /// Lowest floor, fewest choices first.
    Lowest,
}

/// When a slice of search has to end.
pub struct Stop<'a> {
    pub nodes: u64,
    pub deadline: Option<Instant>,
    /// True when a result that takes precedence has been found elsewhere.
    pub overtaken: &'a (dyn Fn() -> bool + Sync),
}

enum Undo {
    Floor(usize, i64),
    Base(usize, i64),
    Low(usize, i64),
    Place(usize),
}

const TABLE: usize = 1 << 18;

pub struct Niche<'a> {
    inst: &'a Instance,
    capacity: i64,
    pick: Pick,
    uniform: bool,
    sets: &'a BufferSets,
    /// The buffers still to come, as bits.
    open: Vec<u64>,
    /// Per section: lowest offset of what is still to come, top of what is placed, bytes to come, buffers to come,
    /// and buffers to come that cross the border to the section before.
    floor: Vec<i64>,
    base: Vec<i64>,
    load: Vec<i64>,
    pad: Vec<i64>,
    count: Vec<u32>,
    cross: Vec<u32>,
    /// Keys of the buffers to come that start here, combined.
    birth: Vec<u64>,
    dirty: Vec<u64>,
    /// Per buffer: lowest offset it can still have, and the offset it was given.
    low: Vec<i64>,
    pub offset: Vec<i64>,
    trail: Vec<Undo>,
    table: Vec<u64>,
    keys: Vec<u64>,
    weight: Vec<f64>,
    /// Buffers of higher priority are tried first.
    pub priority: Vec<f64>,
    choices: Vec<u32>,
    valley: Vec<u32>,
    pub nodes: u64,
    node_end: u64,
}

impl<'a> Niche<'a> {
    pub fn new(inst: &'a Instance, sets: &'a BufferSets, pick: Pick, seed: u64) -> Self {
        let n = inst.len();
        let mut cross = vec![0u32; inst.sections + 1];
        for b in 0..n {
            cross[inst.first[b] + 1..inst.last[b]].iter_mut().for_each(|count| *count += 1);
        }
        let load: Vec<i64> = (0..inst.sections).map(|s| inst.rounded_load(s)).collect();
        let mut rng = Rng::new(seed);
        let keys: Vec<u64> = (0..n).map(|_| rng.draw()).collect();
        let mut birth = vec![0; inst.sections];
        for b in 0..n {
            birth[inst.first[b]] ^= keys[b];
        }
        Niche {
            inst,
            capacity: i64::MAX,
            pick,
            uniform: inst.align.iter().all(|&a| a == 1),
            sets,
            open: sets.all.clone(),
            floor: vec![0; inst.sections],
            base: vec![0; inst.sections],
            pad: load.iter().zip(&inst.load).map(|(a, b)| a - b).collect(),
            load,
            count: inst.members.iter().map(|m| m.len() as u32).collect(),
            cross,
            birth,
            dirty: vec![0; inst.sections.div_ceil(64)],
            low: vec![0; n],
            offset: vec![0; n],
            trail: Vec::new(),
            table: vec![0; TABLE],
            keys,
            weight: vec![1.0; inst.sections],
            priority: vec![0.0; n],
            choices: vec![0; inst.sections],
            valley: vec![0; inst.sections],
            nodes: 0,
            node_end: 0,
        }
    }

    /// One restart at `capacity` (units, at least the instance's bound). After `Found`, `offset` holds the layout.
    pub fn run(&mut self, capacity: i64, stop: &Stop) -> Outcome {
        if capacity > self.capacity {
            // A skyline refuted at a smaller capacity may well be completed at a larger one, never the reverse.
            self.table.fill(0);
        }
        self.capacity = capacity;
        self.node_end = self.nodes + stop.nodes;
        let stands = self.inst.fixed.iter().all(|&(b, at)| self.place(b, at));
        let outcome = if stands { self.solve(0, self.inst.sections, stop) } else { Outcome::Failed };
        self.undo(0);
        outcome
    }

    /// Solves sections p..q, split where nothing crosses.
    fn solve(&mut self, p: usize, q: usize, stop: &Stop) -> Outcome {
        let mut parts = Vec::new();
        let mut from = p;
        for s in p + 1..=q {
            if s == q || self.cross[s] == 0 {
                if self.count[from] > 0 {
                    parts.push((from, s));
                }
                from = s;
            }
        }
        parts.sort_by_key(|part| part.1 - part.0);
        for (from, to) in parts {
            match self.branch(from, to, stop) {
                Outcome::Found => {}
                other => return other,
            }
        }
        Outcome::Found
    }

    fn branch(&mut self, p: usize, q: usize, stop: &Stop) -> Outcome {
        self.nodes += 1;
        if self.nodes >= self.node_end || (self.nodes.is_multiple_of(128) && self.halted(stop)) {
            return Outcome::Limit;
        }
        let hash = self.hash(p, q);
        let slot = (hash >> 20) as usize & (TABLE - 1);
        if self.table[slot] == hash {
            return Outcome::Failed;
        }
        let t = self.choose(p, q);
        let x = self.floor[t];
        for c in self.candidates(t, x) {
            let mark = self.trail.len();
            if self.place(c, x) {
                match self.solve(p, q, stop) {
                    Outcome::Failed => {}
                    other => return other,
                }
            }
            self.undo(mark);
        }
        let slack = self.capacity - x - self.load[t] + self.pad[t];
        if slack > 0 {
            let y = self.next_level(t, x);
            let mark = self.trail.len();
            if y - x <= slack && self.raise(t, t + 1, y, None) {
                match self.solve(p, q, stop) {
                    Outcome::Failed => {}
                    other => return other,
                }
            }
            self.undo(mark);
        }
        self.table[slot] = hash;
        Outcome::Failed
    }

    fn halted(&self, stop: &Stop) -> bool {
        stop.deadline.is_some_and(|end| Instant::now() >= end) || (stop.overtaken)()
    }

    /// Identifies what is left to do in sections p..q: skyline, support and buffers to come.
    fn hash(&self, p: usize, q: usize) -> u64 {
        const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut h = (p as u64) << 32 | q as u64;
        for s in p..q {
            let support = if self.uniform { i64::from(self.base[s] == self.floor[s]) } else { self.base[s] };
            h = (h ^ (self.floor[s] << 1 ^ support << 40) as u64 ^ self.birth[s]).wrapping_mul(MIX);
            h ^= h >> 29;
        }
        (h ^ (h >> 31)) | 1
    }

    /// The section to branch on: one of a valley, by the rule of `pick`.
    fn choose(&mut self, p: usize, q: usize) -> usize {
        let mut start = p;
        while start < q {
            let x = self.floor[start];
            let mut end = start + 1;
            while end < q && self.floor[end] == x {
                end += 1;
            }
            let low = (start == p || self.floor[start - 1] > x) && (end == q || self.floor[end] > x);
            self.valley[start..end].fill(if low { start as u32 + 1 } else { 0 });
            self.choices[start..end].fill(0);
            start = end;
        }
        for c in bits(&self.open) {
            let (f, l) = (self.inst.first[c], self.inst.last[c]);
            if f >= p
                && l <= q
                && self.valley[f] != 0
                && self.valley[f] == self.valley[l - 1]
                && self.low[c] == self.floor[f]
            {
                for choices in &mut self.choices[f..l] {
                    *choices += 1;
                }
            }
        }
        let mut best = (f64::INFINITY, p);
        for s in p..q {
            if self.valley[s] == 0 {
                continue;
            }
            let slack = self.capacity - self.floor[s] - self.load[s] + self.pad[s];
            let k = f64::from(self.choices[s] + u32::from(slack > 0));
            let level = self.floor[s] as f64 / self.capacity as f64;
            let score = match self.pick {
                Pick::Weighted => k / self.weight[s],
                Pick::Fewest => k + level,
                Pick::Lowest => self.floor[s] as f64 + k / 1024.0,
            };
            if score < best.0 {
                best = (score, s);
            }
        }
        best.1
    }

    /// Buffers that can start at x in section t and would stand on something, best first.
    fn candidates(&self, t: usize, x: i64) -> Vec<usize> {
        let mut list: Vec<usize> = self
            .open_in(t)
            .filter(|&c| {
                let mut range = self.inst.first[c]..self.inst.last[c];
                self.low[c] == x && (x == 0 || range.any(|s| round_up(self.base[s], self.inst.align[c]) == x))
            })
            .collect();
        list.sort_by(|&a, &b| self.priority[b].total_cmp(&self.priority[a]));
        list
    }

    fn open_in(&self, s: usize) -> impl Iterator<Item = usize> + '_ {
        both(&self.open, self.sets.members(s))
    }

    /// The lowest level above x at which some buffer could come to stand in section t if none starts there at x: at
    /// its own lowest offset, or on the top of a buffer still to come that lies beside t.
    fn next_level(&self, t: usize, x: i64) -> i64 {
        let here = self.sets.members(t);
        let mut y = i64::MAX;
        for b in self.open_in(t) {
            if self.low[b] > x {
                y = y.min(self.low[b]);
                continue;
            }
            for c in both(&self.open, self.sets.conflicts(b)) {
                if here[c / 64] >> (c % 64) & 1 == 0 {
                    y = y.min(round_up(self.low[c] + self.inst.size[c], self.inst.align[b]));
                }
            }
        }
        y
    }

    fn place(&mut self, b: usize, x: i64) -> bool {
        let (f, l) = (self.inst.first[b], self.inst.last[b]);
        let top = x + self.inst.size[b];
        self.offset[b] = x;
        self.open[b / 64] &= !(1 << (b % 64));
        self.birth[f] ^= self.keys[b];
        self.trail.push(Undo::Place(b));
        for s in f..l {
            self.load[s] -= self.inst.rounded(b);
            self.count[s] -= 1;
            self.cross[s] -= u32::from(s > f);
            self.trail.push(Undo::Base(s, self.base[s]));
            self.base[s] = top;
        }
        self.raise(f, l, top, Some(b))
    }

    /// Lifts the floor of sections f..l to `top` (those of the placed buffer `by`, or one section), and infers.
    fn raise(&mut self, f: usize, l: usize, top: i64, by: Option<usize>) -> bool {
        for s in f..l {
            self.trail.push(Undo::Floor(s, self.floor[s]));
            self.floor[s] = top;
        }
        self.dirty.fill(0);
        for s in f..l {
            self.dirty[s / 64] |= 1 << (s % 64);
        }
        let touched = by.map_or(self.sets.members(f), |b| self.sets.conflicts(b));
        for c in both(&self.open, touched) {
            let before = self.low[c];
            if before >= top {
                continue;
            }
            self.trail.push(Undo::Low(c, before));
            self.low[c] = round_up(top, self.inst.align[c]);
            if self.low[c] + self.inst.size[c] > self.capacity {
                return false;
            }
            // Floors equal the lowest offset of their section, so only those that c defined can rise.
            for s in self.inst.first[c]..self.inst.last[c] {
                self.dirty[s / 64] |= u64::from(self.floor[s] == before) << (s % 64);
            }
        }
        let dirty = std::mem::take(&mut self.dirty);
        let sound = bits(&dirty).all(|s| self.count[s] == 0 || self.infer(s));
        self.dirty = dirty;
        sound
    }

    fn infer(&mut self, s: usize) -> bool {
        let mut lowest = i64::MAX;
        for c in self.open_in(s) {
            lowest = lowest.min(self.low[c]);
            if lowest == self.floor[s] {
                break;
            }
        }
        if lowest > self.floor[s] {
            self.trail.push(Undo::Floor(s, self.floor[s]));
            self.floor[s] = lowest;
        }
        let fits = self.floor[s] + self.load[s] - self.pad[s] <= self.capacity;
        if !fits {
            self.weight[s] += 1.0;
        }
        fits
    }

    fn undo(&mut self, mark: usize) {
        while self.trail.len() > mark {
            match self.trail.pop() {
                Some(Undo::Floor(s, v)) => self.floor[s] = v,
                Some(Undo::Base(s, v)) => self.base[s] = v,
                Some(Undo::Low(b, v)) => self.low[b] = v,
                Some(Undo::Place(b)) => {
                    self.open[b / 64] |= 1 << (b % 64);
                    self.birth[self.inst.first[b]] ^= self.keys[b];
                    for s in self.inst.first[b]..self.inst.last[b] {
                        self.load[s] += self.inst.rounded(b);
                        self.count[s] += 1;
                        self.cross[s] += u32::from(s > self.inst.first[b]);
                    }
                }
                None => return,
            }
        }
    }
}
