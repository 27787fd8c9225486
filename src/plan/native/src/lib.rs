//! The planner's exact core: offsets of buffers and order of operators. `node` is its face to Node; the rest is plain
//! Rust without dependencies.
pub mod bitset;
pub mod block;
pub mod cut_bound;
pub mod downsets;
pub mod frontier;
pub mod niche;
#[cfg(feature = "node")]
mod node;
pub mod order;
pub mod pairwise;
pub mod portfolio;
pub mod rng;
pub mod sections;
pub mod solve;
