/** The PlanSolver that calls the native core (`src/plan/native`). */
import type { NativePlanner } from '../base/native.js';
import { type PlanSolver, type SolverLimits, validateAllocation, validateOrder } from './allocation.js';
import { requireAcyclic } from './operator-peak.js';

/** @param threads of the offset search; the result does not depend on it */
export function nativeSolver(native: NativePlanner, threads = 2): PlanSolver {
  const effort = (limits: SolverLimits) => ({
    seconds: limits.seconds,
    nodes: limits.nodes ?? 0,
    seed: limits.seed,
    threads,
  });
  return {
    engine: 'native',
    solveOffsets(problem, limits, capacity) {
      validateAllocation(problem);
      const { buffers, pairs = [] } = problem;
      const solved = native.solveOffsets(
        {
          lower: Float64Array.from(buffers, (b) => b.lower),
          upper: Float64Array.from(buffers, (b) => b.upper),
          size: Float64Array.from(buffers, (b) => b.size),
          align: Float64Array.from(buffers, (b) => b.alignment ?? 1),
          fixed: Float64Array.from(buffers, (b) => b.fixedOffset ?? -1),
          pairs: Float64Array.from(pairs.flatMap(({ above, below, delta }) => [below, above, delta])),
          capacity: capacity ?? -1,
        },
        effort(limits),
      );
      return {
        offsets: Array.from(solved.offsets),
        height: solved.height,
        lowerBound: solved.lowerBound,
        provenOptimal: solved.height === solved.lowerBound,
        engine: 'native',
      };
    },
    solveOrder(problem, limits) {
      validateOrder(problem);
      requireAcyclic(problem);
      const solved = native.solveOperatorOrder(
        {
          bytes: Float64Array.from(problem.tensors, (t) => t.bytes),
          keep: problem.tensors.map((t) => t.keep === true),
          ops: problem.ops.map((op) => ({
            inputs: op.inputs,
            outputs: op.outputs,
            scratch: op.scratchBytes ?? 0,
            inPlace: (op.inPlace ?? []).flat(),
          })),
        },
        effort(limits),
      );
      return { ...solved, provenOptimal: solved.peak === solved.lowerBound, engine: 'native' };
    },
  };
}
