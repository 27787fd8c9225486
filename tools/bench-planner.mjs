/**
 * Times the planner on the reference instances of ../shared: MiniMalloc's A to K, the row-streaming instances, and
 * the order of random wired cells. Median of 3 (seeds 1, 2, 3) unless --once.
 *
 * Usage: npx tsc && node tools/bench-planner.mjs [--engine native|typescript] [--once] [--open SECONDS] [--only TEXT]
 *   --open SECONDS  also minimises the instances whose optimum MiniMalloc leaves open (C, D, J)
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadNativePlanner } from '../dist/src/base/native.js';
import { checkOffsets } from '../dist/src/plan/check-offsets.js';
import { parseInstance, planInstance } from '../dist/src/plan/instance.js';
import { nativeSolver } from '../dist/src/plan/native-solver.js';
import { operatorPeak } from '../dist/src/plan/operator-peak.js';
import { seededRandom } from '../dist/src/plan/seeded-random.js';
import { typescriptSolver } from '../dist/src/plan/typescript-solver.js';
import { wiredCell } from './wired-cell.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const data = join(root, '../shared/instances');
const now = () => performance.now() / 1000;
const { values } = parseArgs({
  options: {
    engine: { type: 'string' },
    once: { type: 'boolean' },
    open: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const native = values.engine === 'typescript' ? null : loadNativePlanner();
if (native === null && values.engine === 'native') throw new Error('run `node tools/build-native.mjs` first');
const solver = native === null ? typescriptSolver(now) : nativeSolver(native);
const seeds = values.once ? [1] : [1, 2, 3];
/** MiniMalloc's seconds at capacity 1,048,576 (../shared/reference/memory-planning.md, section 1). */
const anchor = {
  A: 3.7,
  B: 2.85,
  C: 0.51,
  D: 2.03,
  E: 2.62,
  F: 3.7,
  G: 0.84,
  H: 1.27,
  I: 2.69,
  J: 0.63,
  K: 0.41,
};

function row(...cells) {
  const widths = [34, 12, 12, 8, 8, 9, 9];
  console.log(
    cells.map((c, i) => (i === 0 ? String(c).padEnd(widths[i]) : String(c).padStart(widths[i]))).join(' '),
  );
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** Solves for every seed; prints the worst height and bound and the median time, which it returns. */
function offsets(name, file, capacity, seconds, reference) {
  if (!name.includes(values.only)) return 0;
  const instance = parseInstance(readFileSync(file, 'utf8'));
  const plans = seeds.map((seed) => planInstance(instance, { capacity, seconds, seed, solver, now }));
  for (const plan of plans) {
    const broken = checkOffsets(instance, plan.offsets, plan.height);
    if (broken.length > 0) throw new Error(`${name}: ${broken[0].message}`);
  }
  const time = median(plans.map((p) => p.seconds));
  const height = Math.max(...plans.map((p) => p.height));
  const bound = Math.min(...plans.map((p) => p.lowerBound));
  const gap = `${((100 * (height - bound)) / bound).toFixed(2)} %`;
  const proof = plans.every((p) => p.provenOptimal) ? 'optimal' : (plans[0].fits ?? false) ? 'fits' : 'open';
  row(name, height, bound, gap, proof, time.toFixed(3), reference ?? '');
  return time;
}

function order(nodes, seconds) {
  const times = [];
  for (let seed = 0; seed < (values.once ? 3 : 10); seed++) {
    const name = `order: wired cell ${nodes}, seed ${seed}`;
    if (!name.includes(values.only)) continue;
    const problem = wiredCell(nodes, seededRandom(seed));
    const start = now();
    const solved = solver.solveOrder(problem, { seconds, seed: 1 });
    times.push(now() - start);
    if (operatorPeak(problem, solved.order) !== solved.peak) throw new Error(`${name}: the peak is wrong`);
    const gap = `${((100 * (solved.peak - solved.lowerBound)) / solved.lowerBound).toFixed(2)} %`;
    const given = operatorPeak(problem, [...problem.ops.keys()]);
    const proof = solved.provenOptimal ? 'optimal' : 'open';
    row(name, solved.peak, solved.lowerBound, gap, proof, times.at(-1).toFixed(3), `file ${given}`);
  }
  if (times.length > 0)
    console.log(`  median ${median(times).toFixed(3)} s, worst ${Math.max(...times).toFixed(3)} s`);
}

if (!existsSync(data)) throw new Error('the instances are missing: ../shared/instances');
console.log(`engine: ${solver.engine}`);
row('instance', 'height', 'bound', 'gap', 'proof', 'seconds', 'anchor s');
let total = 0;
for (const name of Object.keys(anchor)) {
  const file = join(data, `minimalloc/${name}.1048576.csv`);
  total += offsets(`${name} at 1048576`, file, 1048576, 10, anchor[name]);
}
console.log(`  sum of medians ${total.toFixed(3)} s (MiniMalloc 21.2 s)`);
offsets('C, least', join(data, 'minimalloc/C.1048576.csv'), undefined, 10);
if (values.open !== undefined) {
  for (const name of ['D', 'J']) {
    offsets(`${name}, least`, join(data, `minimalloc/${name}.1048576.csv`), undefined, Number(values.open));
  }
}
for (const file of readdirSync(join(data, 'rows')).filter((f) => f.endsWith('.csv'))) {
  offsets(file.replace('.csv', ''), join(data, 'rows', file), undefined, 20);
}
order(32, 10);
order(48, 20);
order(64, 60);
