//! Sets of buffers as slices of words.
use crate::sections::Instance;

/// The buffers of each section, and those in conflict with each buffer.
pub struct BufferSets {
    pub all: Vec<u64>,
    member: Vec<u64>,
    conflict: Vec<u64>,
}

impl BufferSets {
    pub fn new(inst: &Instance) -> BufferSets {
        let n = inst.len();
        let words = n.div_ceil(64);
        let mut sets =
            BufferSets { all: vec![0; words], member: vec![0; words * inst.sections], conflict: vec![0; words * n] };
        for b in 0..n {
            sets.all[b / 64] |= 1 << (b % 64);
        }
        for (s, buffers) in inst.members.iter().enumerate() {
            for &b in buffers {
                sets.member[s * words + b / 64] |= 1 << (b % 64);
            }
        }
        for b in 0..n {
            for s in inst.first[b]..inst.last[b] {
                for w in 0..words {
                    sets.conflict[b * words + w] |= sets.member[s * words + w];
                }
            }
            sets.conflict[b * words + b / 64] &= !(1 << (b % 64));
        }
        sets
    }

    pub fn members(&self, s: usize) -> &[u64] {
        let words = self.all.len();
        &self.member[s * words..(s + 1) * words]
    }

    pub fn conflicts(&self, b: usize) -> &[u64] {
        let words = self.all.len();
        &self.conflict[b * words..(b + 1) * words]
    }
}

/// The elements of a set, ascending.
pub fn bits(set: &[u64]) -> Both<'_> {
    both(set, set)
}

/// The elements of the intersection of two sets, ascending.
pub fn both<'s>(a: &'s [u64], b: &'s [u64]) -> Both<'s> {
    let rest = if a.is_empty() { 0 } else { a[0] & b[0] };
    Both { a, b, word: 0, rest }
}

pub struct Both<'s> {
    a: &'s [u64],
    b: &'s [u64],
    word: usize,
    rest: u64,
}

impl Iterator for Both<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.rest == 0 {
            self.word += 1;
            self.rest = self.a.get(self.word)? & self.b.get(self.word)?;
        }
        let bit = self.rest.trailing_zeros() as usize;
        self.rest &= self.rest - 1;
        Some(self.word * 64 + bit)
    }
}
