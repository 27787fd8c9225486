/**
 * The planner's table: RAM of the reference networks against what they must need at most, how planning time grows with the
 * network, and, with --instances, the bare problems of bench-planner.mjs (offsets and operator order).
 *
 * Usage: npm run bench:plan [-- --seconds S] [--objective ram|balanced] [--kernels ref|dsp] [--instances]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { importNetwork, planNetwork, prepareGraph } from '../dist/src/flow/compile-graph.js';
import { planDefaults } from '../dist/src/flow/requests.js';
import { planSolver } from '../dist/src/flow/solver.js';
import { GraphBuilder, randomNumbers } from '../dist/test/graph-builder.js';
import { mobileNetV2, streamingWakeWord } from '../dist/test/known-networks.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: String(planDefaults.seconds) },
    objective: { type: 'string' },
    kernels: { type: 'string' },
    instances: { type: 'boolean' },
  },
});
const solver = planSolver();

function plan(graph, input, objective, kernels) {
  const kernelSets = kernels === 'dsp' ? ['dsp', 'ref'] : ['ref'];
  const start = performance.now();
  const options = { objective, input, kernelSets, region: 'ram', solver, seconds: Number(values.seconds) };
  const made = planNetwork(graph, options);
  return { ...made, ms: performance.now() - start };
}

function file(name) {
  const path = join(root, `../shared/models/${name}.tflite`);
  return existsSync(path) ? importNetwork(readFileSync(path), name) : null;
}

function row(...cells) {
  const widths = [22, 10, 9, 6, 9, 9, 9, 8, 7];
  console.log(
    cells.map((c, i) => (i < 4 ? String(c).padEnd(widths[i]) : String(c).padStart(widths[i]))).join(' '),
  );
}

/** Bytes at most, input resident and streamed: the issue that asked for the planner. */
const networks = [
  ['kws', () => file('kws'), 4600, 4300],
  ['ic', () => file('ic'), 11_600, 10_400],
  ['vww96', () => file('vww96'), 29_000, 12_000],
  ['mcunet_vww80', () => file('mcunet_vww80'), 22_600, 15_600],
  ['ad', () => file('ad'), 1100, null],
  ['MobileNetV2 0.35 144', () => mobileNetV2(0.35, 144), 66_500, 25_600],
  ['MobileNetV2 1.0 224', () => mobileNetV2(1, 224), 193_000, 104_000],
  ['streaming wake word', streamingWakeWord, 3600, 3600],
];

console.log(`engine ${solver.engine}, ${values.seconds} s at most`);
row('network', 'input', 'objective', 'kern.', 'must', 'arena', 'bound', 'proof', 'ms');
for (const [name, make, resident, streamed] of networks) {
  const imported = make();
  if (imported === null) {
    console.log(`${name}: ../shared/models is not here`);
    continue;
  }
  const graph = prepareGraph(imported);
  for (const [input, must] of [
    ['resident', resident],
    ['streamed', streamed],
  ]) {
    if (must === null) continue;
    for (const objective of values.objective ? [values.objective] : ['balanced', 'ram']) {
      for (const kernels of values.kernels ? [values.kernels] : ['ref', 'dsp']) {
        // Reference kernels have no variants.
        if (objective === 'ram' && kernels === 'ref' && !values.objective) continue;
        const { arenaBytes, lowerBoundBytes, provenOptimal, ms } = plan(graph, input, objective, kernels);
        const over = arenaBytes > must ? ' TOO LARGE' : '';
        const proof = provenOptimal ? 'optimal' : 'open';
        row(
          name,
          input,
          objective,
          kernels,
          must,
          arenaBytes,
          lowerBoundBytes,
          proof,
          `${ms.toFixed(0)}${over}`,
        );
      }
    }
  }
}

/** Inverted residual blocks with a branch now and then, about `count` operators. */
function longNetwork(count) {
  const b = new GraphBuilder(`long${count}`, randomNumbers(count));
  let x = b.conv(b.input(1, 48, 48, 3), 16, 3, 3, { stride: 2 });
  for (let ops = 1; ops + 4 < count; ops += 4) {
    const y = b.conv(b.depthwise(b.conv(x, 48, 1, 1), 3, 3), 16, 1, 1);
    x = b.add(x, y);
  }
  return b.build(b.fullyConnected(b.globalPool(x), 10));
}

console.log('\ngrowth: operators, buffers, arena, bound, ms');
for (const count of [25, 50, 100, 200]) {
  const graph = prepareGraph(longNetwork(count));
  const { arenaBytes, lowerBoundBytes, buffers, ms } = plan(graph, 'resident', 'balanced', 'ref');
  console.log([graph.ops.length, buffers.length, arenaBytes, lowerBoundBytes, ms.toFixed(0)].join('  '));
}

if (values.instances) {
  console.log();
  const bench = join(root, 'tools/bench-planner.mjs');
  spawnSync(process.execPath, [bench, '--once'], { stdio: 'inherit' });
}
