//! The compiled form of an allocation problem without pair relations: lifetimes become ranges of sections.
//!
//! A section is a maximal clique of the interval graph, that is, a moment at which some buffer has just been born and
//! the next event is a death. Two buffers conflict exactly when they share a section, every buffer covers a contiguous
//! range of sections, and there are at most as many sections as buffers.

/// One buffer of the problem as the caller states it. Lifetimes are half open; `size` and `align` are in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Buffer {
    pub lower: i64,
    pub upper: i64,
    pub size: i64,
    pub align: i64,
}

/// Sizes and alignments here are in units of `unit` bytes.
pub struct Instance {
    pub unit: i64,
    pub sections: usize,
    pub size: Vec<i64>,
    pub align: Vec<i64>,
    /// Buffers that lie where they must, lowest first, and their offsets; at any time they fill the memory from 0 up.
    pub fixed: Vec<(usize, i64)>,
    /// Divides every alignment, hence every offset.
    common: i64,
    /// First section of each buffer, and one past its last.
    pub first: Vec<usize>,
    pub last: Vec<usize>,
    /// Bytes that each section needs whatever the layout: sizes rounded up to the common alignment, less the largest
    /// rounding, because nothing has to stand on the topmost buffer.
    pub load: Vec<i64>,
    pub members: Vec<Vec<usize>>,
}

pub fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

pub fn round_up(value: i64, align: i64) -> i64 {
    (value + align - 1) / align * align
}

/// The moments of the maximal cliques, ascending.
pub fn clique_times(buffers: &[Buffer]) -> Vec<i64> {
    let mut events: Vec<(i64, bool)> = Vec::with_capacity(buffers.len() * 2);
    for b in buffers {
        events.push((b.lower, true));
        events.push((b.upper, false));
    }
    // At equal times deaths come first: lifetimes are half open.
    events.sort_unstable();
    let mut times = Vec::new();
    for (i, &(time, birth)) in events.iter().enumerate() {
        if birth && events.get(i + 1).is_none_or(|next| !next.1) {
            times.push(time);
        }
    }
    times
}

impl Instance {
    /// `buffers` must have `lower < upper`, `size > 0`, `align > 0`.
    pub fn new(buffers: &[Buffer]) -> Instance {
        Instance::with_fixed(buffers, &[])
    }

    /// `offsets[b]` is where buffer b must lie, for those that have one.
    pub fn with_fixed(buffers: &[Buffer], offsets: &[Option<i64>]) -> Instance {
        // An alignment of 1 does not force the unit down to one byte: every offset is a sum of sizes anyway.
        let unit = buffers.iter().fold(0, |u, b| gcd(gcd(u, b.size), if b.align > 1 { b.align } else { 0 })).max(1);
        let times = clique_times(buffers);
        let size: Vec<i64> = buffers.iter().map(|b| b.size / unit).collect();
        let align: Vec<i64> = buffers.iter().map(|b| (b.align / unit).max(1)).collect();
        let first: Vec<usize> = buffers.iter().map(|b| times.partition_point(|&t| t < b.lower)).collect();
        let last: Vec<usize> = buffers.iter().map(|b| times.partition_point(|&t| t < b.upper)).collect();
        let mut members = vec![Vec::new(); times.len()];
        for b in 0..buffers.len() {
            for section in &mut members[first[b]..last[b]] {
                section.push(b);
            }
        }
        let common = align.iter().fold(0, |a, &b| gcd(a, b)).max(1);
        let mut fixed: Vec<(usize, i64)> =
            offsets.iter().enumerate().filter_map(|(b, at)| at.map(|at| (b, at / unit))).collect();
        fixed.sort_by_key(|&(_, at)| at);
        let mut inst = Instance {
            unit,
            sections: times.len(),
            size,
            align,
            fixed,
            common,
            first,
            last,
            load: Vec::new(),
            members,
        };
        inst.load = (0..inst.sections)
            .map(|s| {
                let padding = inst.members[s].iter().map(|&b| inst.rounded(b) - inst.size[b]).max();
                inst.rounded_load(s) - padding.unwrap_or(0)
            })
            .collect();
        inst
    }

    /// Units that a buffer takes from the next one's point of view: its size up to the common alignment.
    pub fn rounded(&self, b: usize) -> i64 {
        round_up(self.size[b], self.common)
    }

    pub fn rounded_load(&self, s: usize) -> i64 {
        self.members[s].iter().map(|&b| self.rounded(b)).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.size.is_empty()
    }

    pub fn len(&self) -> usize {
        self.size.len()
    }

    /// The liveness bound, in units.
    pub fn bound(&self) -> i64 {
        self.load.iter().copied().max().unwrap_or(0)
    }

    /// The height of a layout, in units.
    pub fn height(&self, offsets: &[i64]) -> i64 {
        offsets.iter().zip(&self.size).map(|(o, s)| o + s).max().unwrap_or(0)
    }
}
