/** The solver that plans are made with: the native core where it was built, else the TypeScript one. */
import { clock } from '../base/clock.js';
import { loadNativePlanner } from '../base/native.js';
import type { PlanSolver } from '../plan/allocation.js';
import { nativeSolver } from '../plan/native-solver.js';
import { typescriptSolver } from '../plan/typescript-solver.js';

export function planSolver(): PlanSolver {
  const native = loadNativePlanner();
  return native ? nativeSolver(native) : typescriptSolver(() => clock.nowMs() / 1000);
}
