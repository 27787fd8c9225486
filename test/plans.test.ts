/** Properties of plans on random networks: the checker accepts them all, rejects broken ones, and the C computes the same. */
import test from 'ava';
import { loadNativePlanner } from '../src/base/native.js';
import { planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import type { Graph } from '../src/ir/graph.js';
import { tensorBytes } from '../src/ir/tensor.js';
import type { PlanSolver } from '../src/plan/allocation.js';
import { checkPlan } from '../src/plan/check-plan.js';
import { nativeSolver } from '../src/plan/native-solver.js';
import type { Plan, PlanBuffer } from '../src/plan/plan.js';
import type { PlanOptions } from '../src/plan/plan-graph.js';
import { typescriptSolver } from '../src/plan/typescript-solver.js';
import { randomNumbers } from './graph-builder.js';
import { HostProgram, type RunResult } from './host-runner.js';
import { planOptions } from './plan-options.js';
import { randomGraph } from './random-graph.js';

const graphs = 1000;
const compiled = 240;
const perProgram = 40;

/** Plans that do not depend on how busy the machine is: nodes alone limit the search. */
const patient = (solver: PlanSolver): PlanSolver => ({
  engine: solver.engine,
  solveOffsets: (problem, limits, capacity) =>
    solver.solveOffsets(problem, { ...limits, seconds: 600 }, capacity),
  solveOrder: (problem, limits) => solver.solveOrder(problem, { ...limits, seconds: 600 }),
});
const native = loadNativePlanner();
const typescript = patient(typescriptSolver(() => performance.now() / 1000));
const solvers = [typescript, ...(native ? [patient(nativeSolver(native, 1))] : [])];
const modes: readonly Partial<PlanOptions>[] = [
  { objective: 'balanced', input: 'resident' },
  { objective: 'balanced', input: 'streamed', kernelSets: ['dsp', 'ref'] },
  { objective: 'speed', input: 'resident' },
];

function isStreamable(graph: Graph): boolean {
  const images = graph.inputs.filter((id) => graph.tensors[id]!.shape[1]! > 1);
  return images.length === 1;
}

function plansOf(graph: Graph, options: Partial<PlanOptions>): Plan[] {
  const seconds = 0.002;
  return modes
    .filter(({ input }) => input === 'resident' || isStreamable(graph))
    .map((mode) => planNetwork(graph, { ...planOptions, solver: typescript, seconds, ...options, ...mode }));
}

for (const solver of solvers) {
  test(`${graphs} random networks: every plan of the ${solver.engine} solver passes the checker`, (t) => {
    for (let seed = 0; seed < graphs; seed++) {
      const graph = prepareGraph(randomGraph(seed));
      const [rows, ...others] = plansOf(graph, { solver });
      const layers = others.at(-1)!;
      t.true(rows!.arenaBytes <= layers.arenaBytes, `${graph.name}: rows take more than layers`);
      for (const plan of [rows!, ...others]) t.true(plan.lowerBoundBytes <= plan.arenaBytes);
    }
  });
}

for (let first = 0; first < compiled; first += perProgram) {
  test(`random networks ${first} to ${first + perProgram - 1}: the C of every plan computes the same, dead bytes poisoned`, async (t) => {
    const networks = Array.from({ length: perProgram }, (_, i) => {
      const graph = prepareGraph(randomGraph(first + i));
      return plansOf(graph, {}).map((plan, mode) => {
        const named = { ...graph, name: `${graph.name}_${mode}` };
        return { graph: named, plan: { ...plan, graph: named.name } };
      });
    });
    const program = await HostProgram.compile(networks.flat(), { poison: true });
    t.teardown(() => program.close());
    const random = randomNumbers(first + 77);
    const inputs = networks.map(([network]) =>
      network!.graph.inputs.map((id) =>
        Uint8Array.from({ length: tensorBytes(network!.graph.tensors[id]!) }, () => 256 * random()),
      ),
    );
    const jobs = networks.flatMap((plans, i) => plans.map((_, mode) => ({ i, mode })));
    const results = program.runAll(jobs.map(({ i }, index) => ({ index, inputs: inputs[i]! })));
    for (const [i, plans] of networks.entries()) {
      const runs = results.filter((_, index) => jobs[index]!.i === i);
      for (const run of runs) t.deepEqual(sorted(run), sorted(runs.at(-1)!), plans[0]!.graph.name);
    }
  });
}

/** Operators that run in turns write their tensors in another order. */
function sorted({ tensors, outputs }: RunResult) {
  return { tensors: [...tensors].sort(([a], [b]) => a - b), outputs };
}

test('the checker rejects plans that were broken on purpose', (t) => {
  let broken = 0;
  for (let seed = 0; seed < 150; seed++) {
    const graph = prepareGraph(randomGraph(seed));
    for (const plan of plansOf(graph, {})) {
      for (const [what, wrong] of mutants(plan, randomNumbers(seed + 5))) {
        t.throws(() => checkPlan(graph, wrong), { code: 'E_PLAN' }, `${graph.name}, ${plan.input}: ${what}`);
        broken++;
      }
    }
  }
  t.true(broken > 1000, `${broken} broken plans`);
});

function mutants(plan: Plan, random: () => number): [string, Plan][] {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const list: [string, Plan][] = [];
  const change = (buffer: PlanBuffer, fields: Partial<PlanBuffer>): Plan => ({
    ...plan,
    buffers: plan.buffers.map((other) => (other === buffer ? { ...buffer, ...fields } : other)),
  });
  const tensors = plan.buffers.filter(({ tensor }) => tensor !== null);
  const moved = pick(tensors)!;
  // Read when the other has come and gone.
  const victim = tensors.find((other) => other.first < moved.first && other.last > moved.last);
  if (victim)
    list.push([`tensor ${moved.tensor} over ${victim.tensor}`, change(moved, { offset: victim.offset })]);
  list.push(['a buffer outside', change(moved, { offset: plan.arenaBytes - moved.bytes + 4 })]);
  const lasting = pick(tensors.filter(({ first, last }) => last > first + 1));
  if (lasting)
    list.push([`tensor ${lasting.tensor} dies early`, change(lasting, { last: lasting.last - 1 })]);
  list.push(['a buffer is missing', { ...plan, buffers: plan.buffers.filter((other) => other !== moved) }]);
  const scratch = pick(plan.buffers.filter(({ scratchOf }) => scratchOf !== null));
  if (scratch) list.push(['a scratch is short', change(scratch, { bytes: 3 })]);
  // One step left of two means that the operator runs whole, which is right too.
  const step = pick(
    plan.steps.filter(({ op }) => plan.steps.filter((other) => other.op === op).length !== 2),
  );
  if (step)
    list.push(['a step is missing', { ...plan, steps: plan.steps.filter((other) => other !== step) }]);
  return list;
}
