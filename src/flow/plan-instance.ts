/** A bare allocation problem from a file, solved and checked. */
import { clock } from '../base/clock.js';
import { ReflowError } from '../base/error.js';
import { files } from '../base/files.js';
import { checkOffsets } from '../plan/check-offsets.js';
import { parseInstance, planInstance as solveInstance } from '../plan/instance.js';
import type { PlanInstance } from './requests.js';
import { planSolver } from './solver.js';

export const planInstance: PlanInstance = async ({ file, capacity, seconds }) => {
  const problem = parseInstance(new TextDecoder().decode(await files.read(file)));
  const now = () => clock.nowMs() / 1000;
  const limit = capacity === null ? {} : { capacity };
  const { offsets, ...solved } = solveInstance(problem, {
    ...limit,
    seconds,
    seed: 1,
    solver: planSolver(),
    now,
  });
  const broken = checkOffsets(problem, offsets, solved.height)[0];
  if (broken)
    throw new ReflowError('E_INTERNAL', broken.message, 'report this as a bug in reflow, with the file');
  const buffers = problem.ids.map((id, i) => ({ id, offset: offsets[i]!, size: problem.buffers[i]!.size }));
  return { file, buffers, ...solved, capacity };
};
