//! The states of a best-first search: storage, a hash table over them, and those to expand in order of their key.
use std::collections::BTreeMap;

use crate::block::{Set, State};

/// Stored states, a hash table over them and the buckets of those to expand, lowest key first, latest first.
pub struct Frontier<const W: usize> {
    pub states: Vec<State<W>>,
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

    /// Starts with `start`, unless nothing below `limit` can come of it.
    pub fn new(start: State<W>, limit: i64) -> Self {
        let mut frontier = Frontier { states: Vec::new(), slots: vec![0; 1 << 12], buckets: BTreeMap::new() };
        if start.key < limit {
            frontier.offer(start);
        }
        frontier
    }

    pub fn offer(&mut self, state: State<W>) {
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

    /// Up to `most` states of the lowest key, the latest first; none when nothing is left.
    pub fn pop(&mut self, most: usize) -> Vec<u32> {
        let mut batch = Vec::new();
        while let Some(mut lowest) = self.buckets.first_entry() {
            let key = *lowest.key();
            while batch.len() < most {
                let Some(index) = lowest.get_mut().pop() else { break };
                // A state that has since been reached with a lower key was expanded then.
                if self.states[index as usize].key == key {
                    batch.push(index);
                }
            }
            if lowest.get().is_empty() {
                lowest.remove();
            }
            if !batch.is_empty() {
                break;
            }
        }
        batch
    }
}
