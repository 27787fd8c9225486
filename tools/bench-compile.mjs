/**
 * From a .tflite file to a linked image, split by stage: median of 5. Status 1 when the whole takes 5 s or more.
 *
 * Usage: npm run bench:compile [-- NETWORK [BOARD]]      kws of ../shared on virt-m4 unless said otherwise
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processes } from '../dist/src/base/processes.js';
import { buildImage } from '../dist/src/build/build-image.js';
import { emitProject } from '../dist/src/emit/emit-project.js';
import { writeProject } from '../dist/src/flow/compile.js';
import { importNetwork, planNetwork, prepareGraph } from '../dist/src/flow/compile-graph.js';
import { loadCatalogue } from '../dist/src/flow/list-boards.js';
import { identifier } from '../dist/src/flow/network-file.js';
import { planDefaults } from '../dist/src/flow/requests.js';
import { planSolver } from '../dist/src/flow/solver.js';
import { memoryFor } from '../dist/src/hw/board.js';
import { boardById, targetOf } from '../dist/src/hw/catalogue.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [network = join(root, '../shared/models/kws.tflite'), boardId = 'virt-m4'] = process.argv.slice(2);
const rounds = 5;
const mostSeconds = 5;

const catalogue = await loadCatalogue();
const board = boardById(catalogue, boardId);
const target = targetOf(catalogue, board);
const hostTarget = targetOf(catalogue, boardById(catalogue, 'host'));
const name = identifier(network);

/** Seconds of one round by stage, in order. */
async function round(folder) {
  const seconds = {};
  const stage = async (title, work) => {
    const start = performance.now();
    const result = await work();
    seconds[title] = (performance.now() - start) / 1000;
    return result;
  };
  const imported = await stage('import', () => importNetwork(new Uint8Array(readFileSync(network)), name));
  const graph = await stage('passes', () => prepareGraph(imported));
  const plan = await stage('plan', () =>
    planNetwork(graph, {
      ...planDefaults,
      kernelSets: target.kernelSets,
      region: memoryFor(board, 'arena').name,
      solver: planSolver(),
    }),
  );
  const hash = '00'.repeat(32);
  const project = await stage('emit', () =>
    emitProject(graph, plan, { file: basename(network), modelHash: hash, planHash: hash }),
  );
  const file = { file: basename(network), modelHash: hash };
  await stage('write', () =>
    writeProject({ network: file, board, graph, plan, project, result: { planHash: hash } }, folder),
  );
  // Compilers run until the first call that has no -c; from there on it is the linker.
  let linkStart = 0;
  const exec = (call) => {
    if (linkStart === 0 && !call.args.includes('-c')) linkStart = performance.now();
    return processes.exec(call);
  };
  const start = performance.now();
  await buildImage(folder, board, target, { hostTarget, processes: { ...processes, exec } });
  seconds['compile C'] = (linkStart - start) / 1000;
  seconds.link = (performance.now() - linkStart) / 1000;
  return seconds;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const scratch = mkdtempSync(join(tmpdir(), 'reflow-bench-'));
const all = [];
try {
  for (let index = 0; index < rounds; index++) all.push(await round(join(scratch, `${index}`)));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${basename(network)} to an image for ${boardId}, median of ${rounds}`);
for (const title of Object.keys(all[0])) {
  const times = all.map((seconds) => seconds[title]);
  console.log(`${title.padEnd(10)} ${median(times).toFixed(3).padStart(7)} s`);
}
const total = median(all.map((seconds) => Object.values(seconds).reduce((sum, value) => sum + value, 0)));
console.log(`${'total'.padEnd(10)} ${total.toFixed(3).padStart(7)} s, at most ${mostSeconds} s`);
if (total >= mostSeconds) process.exitCode = 1;
