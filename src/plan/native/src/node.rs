//! The functions that Node calls. Numbers are doubles that hold integers; the TypeScript side has checked them.
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{Error, Float64Array, Result};
use napi_derive::napi;

use crate::order::{Op, OrderProblem, solve_order};
use crate::pairwise::Pair;
use crate::portfolio::Effort;
use crate::sections::Buffer;
use crate::solve::solve;

/// `fixed` is -1 where the offset is free; `pairs` holds (lower, upper, delta) triples; `capacity` is -1 for none.
#[napi(object)]
pub struct NativeOffsetProblem {
    pub lower: Float64Array,
    pub upper: Float64Array,
    pub size: Float64Array,
    pub align: Float64Array,
    pub fixed: Float64Array,
    pub pairs: Float64Array,
    pub capacity: f64,
}

#[napi(object)]
pub struct NativeEffort {
    pub seconds: f64,
    /// 0 for no limit.
    pub nodes: f64,
    pub seed: f64,
    pub threads: u32,
}

#[napi(object)]
pub struct NativeLayout {
    pub offsets: Float64Array,
    pub height: f64,
    pub lower_bound: f64,
}

#[napi(object)]
pub struct NativeOp {
    pub inputs: Vec<u32>,
    pub outputs: Vec<u32>,
    pub scratch: f64,
    /// (input, output) tensors, flat.
    pub in_place: Vec<u32>,
}

#[napi(object)]
pub struct NativeOrderProblem {
    pub bytes: Float64Array,
    pub keep: Vec<bool>,
    pub ops: Vec<NativeOp>,
}

#[napi(object)]
pub struct NativeOrder {
    pub order: Vec<u32>,
    pub peak: f64,
    pub lower_bound: f64,
}

fn effort(given: &NativeEffort) -> Effort {
    // Beyond a year there is no deadline; Duration panics on what it cannot hold.
    let seconds = given.seconds.clamp(0.0, 3.2e7);
    Effort {
        deadline: Some(Instant::now() + Duration::from_secs_f64(seconds)),
        nodes: if given.nodes > 0.0 { given.nodes as u64 } else { u64::MAX },
        seed: given.seed as u64,
        threads: given.threads as usize,
    }
}

#[napi]
pub fn solve_offsets(problem: NativeOffsetProblem, limits: NativeEffort) -> Result<NativeLayout> {
    let n = problem.size.len();
    let lengths = [problem.lower.len(), problem.upper.len(), problem.align.len(), problem.fixed.len()];
    if lengths.iter().any(|&l| l != n) || !problem.pairs.len().is_multiple_of(3) {
        return Err(Error::from_reason("arrays of different lengths"));
    }
    let buffers: Vec<Buffer> = (0..n)
        .map(|i| Buffer {
            lower: problem.lower[i] as i64,
            upper: problem.upper[i] as i64,
            size: problem.size[i] as i64,
            align: problem.align[i] as i64,
        })
        .collect();
    if buffers.iter().any(|b| b.lower >= b.upper || b.size <= 0 || b.align <= 0) {
        return Err(Error::from_reason("a buffer is empty"));
    }
    let effort = effort(&limits);
    let goal = (problem.capacity >= 0.0).then_some(problem.capacity as i64);
    let fixed: Vec<Option<i64>> = problem.fixed.iter().map(|&f| (f >= 0.0).then_some(f as i64)).collect();
    let pairs: Vec<Pair> = problem
        .pairs
        .chunks_exact(3)
        .map(|p| Pair { lower: p[0] as usize, upper: p[1] as usize, delta: p[2] as i64 })
        .collect();
    if pairs.iter().any(|p| p.lower >= n || p.upper >= n || p.lower == p.upper) {
        return Err(Error::from_reason("a pair names no buffer"));
    }
    let layout = solve(&buffers, &fixed, &pairs, goal, &effort);
    Ok(NativeLayout {
        offsets: layout.offsets.iter().map(|&o| o as f64).collect::<Vec<_>>().into(),
        height: layout.height as f64,
        lower_bound: layout.bound as f64,
    })
}

#[napi]
pub fn solve_operator_order(problem: NativeOrderProblem, limits: NativeEffort) -> Result<NativeOrder> {
    let index = |list: &[u32]| list.iter().map(|&t| t as usize).collect::<Vec<_>>();
    let ops: Vec<Op> = problem
        .ops
        .iter()
        .map(|op| Op {
            inputs: index(&op.inputs),
            outputs: index(&op.outputs),
            scratch: op.scratch as i64,
            in_place: op.in_place.chunks_exact(2).map(|p| (p[0] as usize, p[1] as usize)).collect(),
        })
        .collect();
    let tensors = problem.bytes.len();
    let named = ops.iter().flat_map(|op| {
        op.inputs.iter().chain(&op.outputs).copied().chain(op.in_place.iter().flat_map(|&(a, b)| [a, b]))
    });
    if problem.keep.len() != tensors || named.max().is_some_and(|t| t >= tensors) {
        return Err(Error::from_reason("an operator names no tensor"));
    }
    let bytes = problem.bytes.iter().map(|&b| b as i64).collect();
    let problem = OrderProblem { bytes, keep: problem.keep, ops };
    let solved = solve_order(&problem, &effort(&limits)).ok_or_else(|| Error::from_reason("the graph has a cycle"))?;
    Ok(NativeOrder {
        order: solved.order.iter().map(|&v| v as u32).collect(),
        peak: solved.peak as f64,
        lower_bound: solved.bound as f64,
    })
}
