//! Minimises the height of an Instance: greedy layouts first, then lanes of niche search with restarts.
//!
//! A lane is one configuration of the search with its own memory. Lanes run in rounds; in a round each lane makes one
//! restart with a node budget. What a round yields depends only on the lanes, never on the number of threads or their
//! speed: of two lanes that reach the goal, the one of the lower number wins. So the same seed gives the same layout,
//! unless the deadline cuts a round short.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::bitset::BufferSets;
use crate::niche::{Niche, Outcome, Pick, Stop};
use crate::rng::{Rng, luby};
use crate::sections::{Instance, round_up};

/// Nodes of the shortest restart; and by buffers, each of which takes a node on the way to a layout.
const RESTART_NODES: u64 = 1000;
const RESTART_NODES_PER_BUFFER: u64 = 2;
/// The deepest recursion is a few frames per buffer.
const STACK_BYTES_PER_BUFFER: usize = 4096;
/// Beyond this the conflict sets alone would take a gigabyte; the greedy layouts remain.
const MOST_BUFFERS: usize = 50_000;

/// How much effort a solver may spend. The deadline makes results depend on the machine; `nodes` does not.
#[derive(Clone, Copy)]
pub struct Effort {
    pub deadline: Option<Instant>,
    pub nodes: u64,
    pub seed: u64,
    pub threads: usize,
}

impl Effort {
    pub fn over(&self) -> bool {
        self.deadline.is_some_and(|end| Instant::now() >= end)
    }
}

/// A layout in units, with a height below which none exists.
pub struct Layout {
    pub offsets: Vec<i64>,
    pub height: i64,
    pub bound: i64,
}

/// First fit in the given order: each buffer goes to the lowest gap among those already placed, fixed ones first.
pub fn first_fit(inst: &Instance, order: &[usize]) -> Vec<i64> {
    let mut offsets = vec![0; inst.len()];
    let mut placed: Vec<usize> = Vec::with_capacity(order.len());
    let mut is_fixed = vec![false; inst.len()];
    for &(b, at) in &inst.fixed {
        offsets[b] = at;
        is_fixed[b] = true;
        placed.push(b);
    }
    for &b in order.iter().filter(|&&b| !is_fixed[b]) {
        let mut at = 0;
        // `placed` is ascending by offset, so one pass finds the lowest gap.
        for &p in &placed {
            let apart = inst.last[p] <= inst.first[b] || inst.last[b] <= inst.first[p];
            if apart || offsets[p] + inst.size[p] <= at {
                continue;
            }
            if at + inst.size[b] <= offsets[p] {
                break;
            }
            at = round_up(offsets[p] + inst.size[p], inst.align[b]);
        }
        offsets[b] = at;
        placed.insert(placed.partition_point(|&p| offsets[p] <= at), b);
    }
    offsets
}

fn greedy(inst: &Instance) -> Vec<i64> {
    let width = |b: usize| (inst.last[b] - inst.first[b]) as i64;
    let keys: [&dyn Fn(usize) -> (i64, i64); 4] =
        [&|b| (-inst.size[b], -width(b)), &|b| (-width(b), -inst.size[b]), &|b| (-width(b) * inst.size[b], 0), &|b| {
            (inst.first[b] as i64, -width(b))
        }];
    let layouts = keys.iter().map(|key| {
        let mut order: Vec<usize> = (0..inst.len()).collect();
        order.sort_by_key(|&b| key(b));
        first_fit(inst, &order)
    });
    layouts.min_by_key(|offsets| inst.height(offsets)).unwrap_or_default()
}

/// What a lane prefers to place first in a valley.
#[derive(Clone, Copy)]
enum Prefer {
    /// Sections covered times size.
    Area,
    /// Time alive times size.
    LifeArea,
    /// Restart by restart: time alive, time alive times size, fullest section times time alive.
    Rotate,
}

struct Lane<'a> {
    niche: Niche<'a>,
    prefer: Prefer,
    /// Part of the gap between best and bound that the lane tries to close at once; cycles with the restarts.
    greed: &'static [f64],
    rng: Rng,
    restarts: u32,
    target: i64,
    outcome: Outcome,
}

const TO_BOUND: &[f64] = &[1.0];
const STEPS: &[f64] = &[0.5, 0.25, 0.1, 0.5, 0.75, 0.0];
const SMALL_STEPS: &[f64] = &[0.25, 0.1, 0.5, 0.0, 0.4, 0.2];
/// Those that go for the bound come first: where one of them reaches it, the others need not run.
const LANES: [(Pick, Prefer, &[f64]); 6] = [
    (Pick::Weighted, Prefer::Area, TO_BOUND),
    (Pick::Weighted, Prefer::LifeArea, TO_BOUND),
    (Pick::Weighted, Prefer::Rotate, STEPS),
    (Pick::Fewest, Prefer::LifeArea, STEPS),
    (Pick::Weighted, Prefer::Rotate, SMALL_STEPS),
    (Pick::Lowest, Prefer::Area, TO_BOUND),
];

impl Lane<'_> {
    fn aim(&mut self, inst: &Instance, best: i64, bound: i64, life: &[f64]) {
        let greed = self.greed[self.restarts as usize % self.greed.len()];
        let step = ((best - bound) as f64 * greed) as i64;
        self.target = (best - step.max(1)).max(bound);
        for (b, &life) in life.iter().enumerate() {
            let width = (inst.last[b] - inst.first[b]) as f64;
            let size = inst.size[b] as f64;
            let worth = match (self.prefer, self.restarts % 3) {
                (Prefer::Area, _) => width * size,
                (Prefer::LifeArea, _) | (Prefer::Rotate, 1) => life * size,
                (Prefer::Rotate, 0) => life,
                (Prefer::Rotate, _) => {
                    let fullest = inst.load[inst.first[b]..inst.last[b]].iter().max();
                    life * fullest.map_or(0.0, |&load| load as f64)
                }
            };
            let noise = if self.restarts == 0 { 0.0 } else { 0.5 * self.rng.unit() };
            self.niche.priority[b] = worth.ln() + noise;
        }
        self.restarts += 1;
    }

    fn run(&mut self, stop: &Stop) {
        self.outcome = self.niche.run(self.target, stop);
    }
}

/// Lowers the height until `goal` (units; the bound when None) is reached, proved out of reach, or effort is spent.
/// `life` is the time that each buffer lives, in any unit.
pub fn minimise(inst: &Instance, life: &[f64], goal: Option<i64>, effort: &Effort) -> Layout {
    let offsets = greedy(inst);
    let mut best = Layout { height: inst.height(&offsets), offsets, bound: inst.bound() };
    let wanted = |best: &Layout| goal.unwrap_or(best.bound).max(best.bound);
    if inst.len() > MOST_BUFFERS || best.height <= wanted(&best) || effort.over() {
        return best;
    }
    let sets = BufferSets::new(inst);
    let mut seeds = Rng::new(effort.seed);
    let mut lanes: Vec<Lane> = LANES
        .iter()
        .map(|&(pick, prefer, greed)| Lane {
            niche: Niche::new(inst, &sets, pick, seeds.draw()),
            prefer,
            greed: if goal.is_some() { TO_BOUND } else { greed },
            rng: Rng::new(seeds.draw()),
            restarts: 0,
            target: 0,
            outcome: Outcome::Limit,
        })
        .collect();
    while best.height > wanted(&best) && goal.is_none_or(|g| g >= best.bound) {
        for lane in &mut lanes {
            lane.aim(inst, best.height, wanted(&best), life);
        }
        round(&mut lanes, wanted(&best), effort, inst.len());
        for lane in &lanes {
            match lane.outcome {
                Outcome::Found if inst.height(&lane.niche.offset) < best.height => {
                    best.offsets.clone_from(&lane.niche.offset);
                    best.height = inst.height(&best.offsets);
                }
                Outcome::Failed => best.bound = best.bound.max(lane.target + 1),
                _ => {}
            }
        }
        let spent: u64 = lanes.iter().map(|lane| lane.niche.nodes).sum();
        if effort.over() || spent >= effort.nodes {
            break;
        }
    }
    best
}

/// One restart of every lane. Lane i runs on thread i mod threads.
fn round(lanes: &mut [Lane], goal: i64, effort: &Effort, buffers: usize) {
    let winner = AtomicUsize::new(usize::MAX);
    let restart_nodes = RESTART_NODES.max(RESTART_NODES_PER_BUFFER * buffers as u64);
    let threads = effort.threads.clamp(1, lanes.len());
    let mut shares: Vec<Vec<(usize, &mut Lane)>> = (0..threads).map(|_| Vec::new()).collect();
    for (i, lane) in lanes.iter_mut().enumerate() {
        shares[i % threads].push((i, lane));
    }
    std::thread::scope(|scope| {
        for share in shares {
            let winner = &winner;
            let work = move || {
                for (i, lane) in share {
                    let stop = Stop {
                        nodes: restart_nodes * luby(lane.restarts),
                        deadline: effort.deadline,
                        overtaken: &|| winner.load(Ordering::Relaxed) < i,
                    };
                    if winner.load(Ordering::Relaxed) < i {
                        lane.outcome = Outcome::Limit;
                        continue;
                    }
                    lane.run(&stop);
                    if lane.outcome == Outcome::Found && lane.target <= goal {
                        winner.fetch_min(i, Ordering::Relaxed);
                    }
                }
            };
            let stack = (1 << 20) + buffers * STACK_BYTES_PER_BUFFER;
            // A thread that cannot be started leaves its lanes at `Limit`: less search, never a wrong answer.
            let _ = std::thread::Builder::new().stack_size(stack).spawn_scoped(scope, work);
        }
    });
}
