/** The solver that plans are made with: the native core where it was built, else the TypeScript one. */
import { clock } from '../base/clock.js';
import { loadNativePlanner } from '../base/native.js';
import type { PlanSolver, SolverLimits } from '../plan/allocation.js';
import { nativeSolver } from '../plan/native-solver.js';
import { typescriptSolver } from '../plan/typescript-solver.js';

export function planSolver(): PlanSolver {
  const native = loadNativePlanner();
  return native ? nativeSolver(native) : typescriptSolver(() => clock.nowMs() / 1000);
}

/**
 * The same with so much time that only the effort in nodes ends a search: the plan is then the same whatever else the
 * machine does.
 */
export function patientSolver(): PlanSolver {
  const solver = planSolver();
  const patient = (limits: SolverLimits) =>
    limits.nodes === undefined ? limits : { ...limits, seconds: limits.seconds * 100 };
  return {
    engine: solver.engine,
    solveOffsets: (problem, limits, capacity) => solver.solveOffsets(problem, patient(limits), capacity),
    solveOrder: (problem, limits) => solver.solveOrder(problem, patient(limits)),
  };
}
