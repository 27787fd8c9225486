/** Planner options for tests: reference kernels, the fallback solver, a moment's search. */
import type { PlanOptions } from '../src/plan/plan-graph.js';
import { typescriptSolver } from '../src/plan/typescript-solver.js';

export const planOptions: PlanOptions = {
  objective: 'balanced',
  input: 'resident',
  kernelSets: ['ref'],
  region: 'ram',
  solver: typescriptSolver(() => performance.now() / 1000),
  seconds: 0.2,
};
