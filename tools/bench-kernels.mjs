/**
 * Instructions per network, operator and MAC on the virtual boards, beside the peers' numbers, for every network of
 * ../shared/models; each run is checked against the golden vectors, layer by layer. Beside them the modelled time of a chip
 * with the same core, with its interval (docs/cycles.md).
 *
 * Usage: npm run bench:kernels -- [--board virt-m4,virt-m7,virt-m55] [--network kws,...] [--objective balanced,speed] [--layers] [--json]
 *   --layers  also prints every operator, with what its modelled cycles are spent on
 *   --json    prints one document instead
 *   --record  writes the instructions of `balanced` plans on virt-m4 to docs/kernel-instructions.json, which a test holds
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadCatalogue } from '../dist/src/flow/list-boards.js';
import { modelTime, timedBoard } from '../dist/src/flow/model-time.js';
import { msText } from '../dist/src/flow/modelled-text.js';
import { onBoard } from '../dist/src/flow/on-board.js';
import { silent } from '../dist/src/flow/progress.js';
import { dumpLayers, profile } from '../dist/src/profile/run.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const shared = join(root, '../shared');
const { values } = parseArgs({
  options: {
    board: { type: 'string', default: 'virt-m4,virt-m7,virt-m55' },
    network: { type: 'string', default: 'kws,vww96,ic,ad,mcunet_vww80,micro_speech,hello_world' },
    objective: { type: 'string', default: 'balanced,speed' },
    layers: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
  },
});

/**
 * TFLM with CMSIS-NN v7, whole network (../shared/reference/peer-numbers.md), and what we must reach and want, as ratios; on an
 * STM32L4R5 its modelled milliseconds (cycle-model.md, 3.4), ours at most, and the best published ones.
 */
const peers = {
  kws: { m4: 7_696_906, m7: 7_642_663, must: 0.6, goal: 0.42, l4r5: [89.8, 56, 43.2] },
  vww96: { m4: 24_101_960, m7: 24_025_586, must: 0.52, goal: 0.36, l4r5: [284.6, 152, 88.9] },
  ic: { m4: 29_864_087, m7: 30_027_217, must: 0.62, goal: 0.46, l4r5: [350.7, 222, 165] },
  ad: { m4: 582_958, m7: 583_252, must: 0.75, goal: 0.62, l4r5: [7.75, 6.2, 4.05] },
  micro_speech: { m4: 1_495_386, m7: 1_489_457 },
  hello_world: { m4: 3_523, m7: 3_552 },
  mcunet_vww80: { m4: 47_935_951, m7: 47_450_272, must: 0.5, goal: 0.33 },
};

/** Whose time is modelled from what a virtual board runs. */
const chips = { 'virt-m4': 'nucleo-l4r5zi', 'virt-m7': 'stm32f746g-disco' };
const catalogue = await loadCatalogue();

const list = (text) => text.split(',').filter((item) => item !== '');

if (!existsSync(join(shared, 'golden/manifest.json'))) {
  console.error('../shared/golden is not here: nothing to measure');
  process.exit(1);
}
const { models } = JSON.parse(readFileSync(join(shared, 'golden/manifest.json'), 'utf8'));

/** Counts one network on one board; throws when a layer differs from the golden vectors. */
async function measure(network, board, objective) {
  const request = {
    network: join(shared, 'models', `${network}.tflite`),
    board,
    port: null,
    plan: { objective, input: 'resident', seconds: 10 },
  };
  const chip = chips[board] === undefined ? null : timedBoard(catalogue, chips[board]);
  return onBoard(request, silent, async ({ session, network: loaded, planned, image }) => {
    const golden = (file) => new Uint8Array(readFileSync(join(shared, 'golden', network, file)));
    const vector = models[network].vectors[0];
    const inputs = vector.in.map(({ file }) => golden(file));
    const layers = new Map(
      (await dumpLayers(session, loaded, inputs)).map(({ tensor, bytes }) => [tensor.index, bytes]),
    );
    let compared = 0;
    for (const file of readdirSync(join(shared, 'golden', network, 'layers1'))) {
      const layer = layers.get(Number(/^t(\d+)_/.exec(file)[1]));
      if (!layer) continue;
      if (Buffer.compare(layer, golden(`layers1/${file}`)) !== 0)
        throw new Error(`${network} on ${board}, ${objective}: ${file} differs from the golden vector`);
      compared += 1;
    }
    const costs = await profile(session, loaded, inputs, 1);
    const macs = new Map(planned.project.ops.map((op) => [op.index, op.macs]));
    const modelled = chip === null ? null : (await modelTime(planned, image, chip, catalogue, inputs)).time;
    return {
      network,
      board,
      objective,
      instructions: costs.total,
      macs: planned.plan.macs,
      arenaBytes: planned.plan.arenaBytes,
      stackBytes: costs.stackBytes,
      textBytes: image.textBytes,
      rodataBytes: image.rodataBytes,
      weightBytes: image.weightBytes,
      layersCompared: compared,
      modelled,
      operators: costs.perOp.map((op) => ({
        index: op.index,
        kind: op.kind,
        macs: macs.get(op.index) ?? 0,
        instructions: op.count,
        kernels: planned.project.ops.find(({ index }) => index === op.index).calls.map((call) => call.kernel),
      })),
    };
  });
}

const heads = [
  'network',
  'board',
  'objective',
  'instructions',
  '/MAC',
  'peer',
  'ratio',
  'must',
  'goal',
  'arena',
  'stack',
  'text',
  'layers',
  'modelled ms',
  'low',
  'high',
  'TFLM/must/best',
];
const widths = [13, 8, 10, 13, 6, 11, 6, 5, 5, 8, 6, 7, 6, 11, 6, 6, 15];
const row = (cells) =>
  cells
    .map((cell, i) => (i < 3 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i])))
    .join(' ');
const modelledCells = ({ board, modelled }, peer) =>
  modelled === null
    ? ['-', '', '', '']
    : [
        ...[modelled.ms, modelled.lowMs, modelled.highMs].map(msText),
        board === 'virt-m4' && peer?.l4r5 ? peer.l4r5.join('/') : '',
      ];
const causesText = ({ cycles, byCause }) =>
  Object.entries(byCause)
    .map(([cause, spent]) => `${cause} ${((100 * spent) / cycles).toFixed(0)} %`)
    .join(', ');
const results = [];
if (!values.json) {
  console.log(row(heads));
  for (const [board, id] of Object.entries(chips)) {
    const { clockHz, timing } = timedBoard(catalogue, id);
    console.log(
      `# modelled, not measured: the chip of ${id} at ${clockHz / 1e6} MHz for ${board}, +-${timing.intervalPercent} %`,
    );
  }
}
for (const board of list(values.board)) {
  for (const network of list(values.network)) {
    for (const objective of list(values.objective)) {
      const result = await measure(network, board, objective);
      const peer = peers[network]?.[board === 'virt-m7' ? 'm7' : 'm4'];
      results.push({ ...result, peerInstructions: peer ?? null });
      if (values.json) continue;
      console.log(
        row([
          network,
          board,
          objective,
          result.instructions,
          (result.instructions / result.macs).toFixed(2),
          peer ?? '',
          peer ? (result.instructions / peer).toFixed(3) : '',
          peers[network]?.must ?? '',
          peers[network]?.goal ?? '',
          result.arenaBytes,
          result.stackBytes,
          result.textBytes,
          result.layersCompared,
          ...modelledCells(result, peers[network]),
        ]),
      );
      if (!values.layers) continue;
      if (result.modelled)
        console.log(`  modelled cycles ${result.modelled.cycles}: ${causesText(result.modelled)}`);
      for (const op of result.operators) {
        const perMac = op.macs > 0 ? (op.instructions / op.macs).toFixed(2) : '';
        console.log(
          `  ${String(op.index).padStart(3)} ${op.kind.padEnd(18)} ${String(op.macs).padStart(8)} MACs ${String(op.instructions).padStart(9)} ${perMac.padStart(6)}  ${op.kernels.join(' ')}`,
        );
        const cost = result.modelled?.perOp.find(({ index }) => index === op.index);
        if (cost) console.log(`      modelled cycles ${cost.cycles}: ${causesText(cost)}`);
      }
    }
  }
}
if (values.json) console.log(JSON.stringify(results, null, 2));
if (values.record) {
  const recorded = results.filter(({ board, objective }) => board === 'virt-m4' && objective === 'balanced');
  const figures = Object.fromEntries(recorded.map(({ network, instructions }) => [network, instructions]));
  writeFileSync(join(root, 'docs/kernel-instructions.json'), `${JSON.stringify(figures, null, 2)}\n`);
}
