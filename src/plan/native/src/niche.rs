//! Decides whether a set of buffers fits a capacity, by filling niches of the skyline.
use crate::sections::{Instance, round_up};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome { Found, Failed, Limit }

pub struct Rng(pub u64);
impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    pub fn unit(&mut self) -> f64 { (self.next() >> 11) as f64 / (1u64 << 53) as f64 }
}

#[derive(Clone, Copy)]
enum Undo { Floor(u32, i64), Base(u32, i64), Low(u32, i64), Place(u32) }

pub struct Search<'a> {
    inst: &'a Instance,
    cap: i64,
    floor: Vec<i64>,
    base: Vec<i64>,
    load: Vec<i64>,
    pad: Vec<i64>,
    count: Vec<u32>,
    cross: Vec<u32>,
    low: Vec<i64>,
    pub offset: Vec<i64>,
    words: usize,
    open: Vec<u64>,
    adj: Vec<u64>,
    member: Vec<u64>,
    trail: Vec<Undo>,
    table: Vec<u64>,
    zob: Vec<u64>,
    placed_hash: u64,
    pub nodes: u64,
    pub limit: u64,
    pub weight: Vec<f64>,
    pub priority: Vec<f64>,
    pub hits: u64,
    options: Vec<u32>,
    pub cfg: Cfg,
}
#[derive(Clone, Copy, Debug)]
pub struct Cfg { pub strong: bool, pub wdeg: bool, pub sel: u8, pub val: u8, pub noise: f64 }

impl<'a> Search<'a> {
    pub fn new(inst: &'a Instance, cap: i64, seed: u64, cfg: Cfg) -> Self {
        let n = inst.len();
        let words = n.div_ceil(64);
        let mut open = vec![0u64; words];
        for b in 0..n { open[b / 64] |= 1 << (b % 64); }
        let mut member = vec![0u64; words * inst.sections];
        for (s, m) in inst.members.iter().enumerate() { for &b in m { member[s * words + b / 64] |= 1 << (b % 64); } }
        let mut adj = vec![0u64; words * n];
        for b in 0..n {
            for s in inst.first[b]..inst.last[b] { for w in 0..words { adj[b * words + w] |= member[s * words + w]; } }
            adj[b * words + b / 64] &= !(1 << (b % 64));
        }
        let mut cross = vec![0u32; inst.sections + 1];
        for b in 0..n { for s in inst.first[b] + 1..inst.last[b] { cross[s] += 1; } }
        let common = inst.align.iter().fold(0, |a, &b| { let (mut x, mut y) = (a, b); while y != 0 { (x, y) = (y, x % y); } x }).max(1);
        let load: Vec<i64> = inst.members.iter().map(|m| m.iter().map(|&b| round_up(inst.size[b], common)).sum()).collect();
        let pad = load.iter().zip(&inst.load).map(|(a, b)| a - b).collect();
        let mut rng = Rng(seed);
        Search {
            inst, cap, floor: vec![0; inst.sections], base: vec![0; inst.sections], load, pad,
            count: inst.members.iter().map(|m| m.len() as u32).collect(), cross, low: vec![0; n], offset: vec![0; n], words, open, adj, member,
            trail: Vec::new(), table: vec![0; 1 << 20], zob: (0..n.max(inst.sections)).map(|_| rng.next() | 1).collect(), placed_hash: 0, nodes: 0, limit: u64::MAX,
            weight: vec![1.0; inst.sections], priority: vec![0.0; n], hits: 0, options: vec![0; inst.sections], cfg,
        }
    }

    fn undo(&mut self, mark: usize) {
        while self.trail.len() > mark {
            match self.trail.pop().unwrap() {
                Undo::Floor(s, v) => self.floor[s as usize] = v,
                Undo::Base(s, v) => self.base[s as usize] = v,
                Undo::Low(b, v) => self.low[b as usize] = v,
                Undo::Place(b) => {
                    let b = b as usize;
                    self.open[b / 64] |= 1 << (b % 64);
                    self.placed_hash ^= self.zob[b];
                    let (f, l) = (self.inst.first[b], self.inst.last[b]);
                    for s in f..l { self.load[s] += self.inst.size[b]; self.count[s] += 1; }
                    for s in f + 1..l { self.cross[s] += 1; }
                }
            }
        }
    }

    fn place(&mut self, b: usize, x: i64) -> bool {
        let (f, l) = (self.inst.first[b], self.inst.last[b]);
        let top = x + self.inst.size[b];
        self.offset[b] = x;
        self.open[b / 64] &= !(1 << (b % 64));
        self.placed_hash ^= self.zob[b];
        self.trail.push(Undo::Place(b as u32));
        for s in f..l {
            self.load[s] -= self.inst.size[b];
            self.count[s] -= 1;
            self.trail.push(Undo::Base(s as u32, self.base[s]));
            self.base[s] = top;
        }
        for s in f + 1..l { self.cross[s] -= 1; }
        self.raise(f, l, top, b)
    }

    /// raises floors of f..l to top, propagates
    fn raise(&mut self, f: usize, l: usize, top: i64, b: usize) -> bool {
        for s in f..l { self.trail.push(Undo::Floor(s as u32, self.floor[s])); self.floor[s] = top; }
        let (mut lo, mut hi) = (f, l);
        for w in 0..self.words {
            let mut bits = self.open[w] & if b == usize::MAX { self.member[f * self.words + w] } else { self.adj[b * self.words + w] };
            while bits != 0 {
                let c = w * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if self.low[c] < top {
                    let v = round_up(top, self.inst.align[c]);
                    self.trail.push(Undo::Low(c as u32, self.low[c]));
                    self.low[c] = v;
                    if v + self.inst.size[c] > self.cap { return false; }
                    lo = lo.min(self.inst.first[c]);
                    hi = hi.max(self.inst.last[c]);
                }
            }
        }
        for s in lo..hi {
            if self.count[s] == 0 { continue; }
            let mut m = i64::MAX;
            for w in 0..self.words {
                let mut bits = self.open[w] & self.member[s * self.words + w];
                while bits != 0 { let c = w * 64 + bits.trailing_zeros() as usize; bits &= bits - 1; m = m.min(self.low[c]); }
            }
            if m > self.floor[s] { self.trail.push(Undo::Floor(s as u32, self.floor[s])); self.floor[s] = m; }
            if self.floor[s] + self.load[s] - self.pad[s] > self.cap { if self.cfg.wdeg { self.weight[s] += 1.0; } return false; }
            if self.cfg.strong && !self.staircase(s) { if self.cfg.wdeg { self.weight[s] += 1.0; } return false; }
        }
        true
    }

    /// one-machine bound with release times
    fn staircase(&self, s: usize) -> bool {
        let mut items: [(i64, i64); 256] = [(0, 0); 256];
        let mut k = 0;
        for w in 0..self.words {
            let mut bits = self.open[w] & self.member[s * self.words + w];
            while bits != 0 {
                let c = w * 64 + bits.trailing_zeros() as usize; bits &= bits - 1;
                if self.low[c] > self.floor[s] && k < 256 {
                    items[k] = (self.low[c], self.inst.size[c]);
                    k += 1;
                }
            }
        }
        let items = &mut items[..k];
        items.sort_unstable_by(|a, b| b.cmp(a));
        let mut sum = 0;
        for &(lo, size) in items.iter() { sum += size; if lo + sum - self.pad[s] > self.cap { return false; } }
        true
    }

    fn hash(&self, p: usize, q: usize) -> u64 {
        let mut h = 0x1234_5678u64.wrapping_add(p as u64 * 1000003 + q as u64);
        for s in p..q { h = (h ^ self.floor[s] as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15); h ^= h >> 29; }
        // unplaced set within p..q is hashed by xor over members: cheap approximate = placed buffers within p..q
        let mut u = 0u64;
        for w in 0..self.words {
            let mut bits = self.open[w];
            while bits != 0 { let c = w * 64 + bits.trailing_zeros() as usize; bits &= bits - 1;
                if self.inst.first[c] >= p && self.inst.last[c] <= q { u ^= self.zob[c].wrapping_mul(0xD6E8_FEB8_6659_FD93); } }
        }
        h ^= u; h = h.wrapping_mul(0xD6E8_FEB8_6659_FD93); h ^ (h >> 31) | 1
    }

    pub fn solve(&mut self, a: usize, z: usize) -> Outcome {
        // components
        let mut p = a;
        let mut comps: Vec<(usize, usize)> = Vec::new();
        for s in a + 1..=z {
            if s == z || self.cross[s] == 0 {
                if self.count[p] > 0 { comps.push((p, s)); }
                p = s;
            }
        }
        if comps.len() > 1 { comps.sort_by_key(|c| c.1 - c.0); }
        for (p, q) in comps {
            match self.branch(p, q) { Outcome::Found => {} other => return other }
        }
        Outcome::Found
    }

    fn branch(&mut self, p: usize, q: usize) -> Outcome {
        self.nodes += 1;
        if self.nodes >= self.limit { return Outcome::Limit; }
        let h = self.hash(p, q);
        let slot = (h >> 20) as usize & (self.table.len() - 1);
        if self.table[slot] == h { self.hits += 1; return Outcome::Failed; }
        // options per section
        for s in p..q { self.options[s] = 0; }
        // plateaus
        let mut best: Option<(f64, usize)> = None;
        let mut s = p;
        let mut mins: Vec<(usize, usize)> = Vec::new();
        while s < q {
            let mut e = s + 1;
            while e < q && self.floor[e] == self.floor[s] { e += 1; }
            if (s == p || self.floor[s - 1] > self.floor[s]) && (e == q || self.floor[e] > self.floor[s]) { mins.push((s, e)); }
            s = e;
        }
        for &(s0, e0) in &mins {
            let x = self.floor[s0];
            // candidates within
            for w in 0..self.words {
                let mut bits = self.open[w];
                while bits != 0 { let c = w * 64 + bits.trailing_zeros() as usize; bits &= bits - 1;
                    if self.low[c] == x && self.inst.first[c] >= s0 && self.inst.last[c] <= e0 {
                        for t in self.inst.first[c]..self.inst.last[c] { self.options[t] += 1; }
                    } }
            }
            for t in s0..e0 {
                let slack = self.cap - x - self.load[t] + self.pad[t];
                let k = self.options[t] as f64 + if slack > 0 { 1.0 } else { 0.0 };
                let score = match self.cfg.sel {
                    0 => k / self.weight[t],
                    1 => (k + slack as f64 / self.cap as f64) / self.weight[t],
                    2 => k * 1e6 + x as f64,
                    3 => x as f64 * 1e3 + k,
                    _ => (k + slack as f64 / self.cap as f64 * 20.0) / self.weight[t],
                };
                if best.is_none_or(|b| score < b.0) { best = Some((score, t)); }
            }
        }
        let (_, t) = best.unwrap();
        let x = self.floor[t];
        let mut cand: Vec<(f64, usize)> = Vec::new();
        for w in 0..self.words {
            let mut bits = self.open[w] & self.member[t * self.words + w];
            while bits != 0 { let c = w * 64 + bits.trailing_zeros() as usize; bits &= bits - 1;
                if self.low[c] == x { cand.push((-self.priority[c], c)); } }
        }
        cand.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap());
        for (_, c) in cand {
            let supported = x == 0 || (self.inst.first[c]..self.inst.last[c]).any(|s| round_up(self.base[s], self.inst.align[c]) == x);
            if !supported { continue; }
            let mark = self.trail.len();
            if self.place(c, x) {
                match self.solve(p, q) { Outcome::Failed => {} other => { return other; } }
            }
            self.undo(mark);
        }
        // close
        let slack = self.cap - x - self.load[t] + self.pad[t];
        if slack > 0 {
            let y = self.next_level(t, x);
            if y - x <= slack {
                let mark = self.trail.len();
                if self.raise(t, t + 1, y, usize::MAX) {
                    match self.solve(p, q) { Outcome::Failed => {} other => { return other; } }
                }
                self.undo(mark);
            }
        }
        self.table[slot] = h;
        Outcome::Failed
    }

    fn next_level(&self, t: usize, x: i64) -> i64 {
        let mut y = i64::MAX;
        for w in 0..self.words {
            let mut bits = self.open[w] & self.member[t * self.words + w];
            while bits != 0 { let b = w * 64 + bits.trailing_zeros() as usize; bits &= bits - 1;
                if self.low[b] > x { y = y.min(self.low[b]); continue; }
                for v in 0..self.words {
                    let mut nb = self.open[v] & self.adj[b * self.words + v] & !self.member[t * self.words + v];
                    while nb != 0 { let c = v * 64 + nb.trailing_zeros() as usize; nb &= nb - 1;
                        y = y.min(round_up(self.low[c] + self.inst.size[c], self.inst.align[b])); }
                }
            }
        }
        y
    }
    pub fn reset(&mut self) { self.undo(0); }
}
