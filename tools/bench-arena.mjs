/**
 * What plans cost on an emulated board: arena, painted high-water mark, and instructions against layer by layer, for every
 * network of ../shared/models, each way to plan it.
 *
 * Usage: npm run bench:arena [-- --board virt-m4] [--network kws,ic,...] [--plans balanced:resident,ram:streamed,...] [--layers]
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generatedInputs } from '../dist/src/flow/network-inputs.js';
import { onBoard } from '../dist/src/flow/on-board.js';
import { silent } from '../dist/src/flow/progress.js';
import { planDefaults } from '../dist/src/flow/requests.js';
import { profile } from '../dist/src/profile/run.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    board: { type: 'string', default: 'virt-m4' },
    network: { type: 'string', default: 'kws,ic,vww96,mcunet_vww80,ad,micro_speech,hello_world' },
    plans: { type: 'string', default: 'balanced:resident,balanced:streamed,ram:resident,ram:streamed' },
    layers: { type: 'boolean', default: false },
  },
});

async function measure(network, objective, input) {
  const request = {
    network: join(root, '../shared/models', `${network}.tflite`),
    board: values.board,
    port: null,
    plan: { objective, input, seconds: planDefaults.seconds },
  };
  return onBoard(request, silent, async ({ session, network: loaded, planned }) => {
    const { total, arenaHighWater, perOp } = await profile(
      session,
      loaded,
      generatedInputs(planned.graph, 1),
      1,
    );
    return { arenaBytes: planned.plan.arenaBytes, arenaHighWater, total, perOp };
  });
}

const widths = [14, 10, 10, 9, 9, 12, 8];
const row = (cells) =>
  console.log(
    cells.map((c, i) => (i < 3 ? String(c).padEnd(widths[i]) : String(c).padStart(widths[i]))).join(' '),
  );
row(['network', 'objective', 'input', 'arena', 'painted', 'instructions', 'ratio']);
for (const network of values.network.split(',')) {
  if (!existsSync(join(root, '../shared/models', `${network}.tflite`))) {
    console.log(`${network}: ../shared/models is not here`);
    continue;
  }
  const layers = await measure(network, 'speed', 'resident');
  const print = (objective, input, { arenaBytes, arenaHighWater, total, perOp }) => {
    const painted = arenaHighWater === arenaBytes ? arenaHighWater : `${arenaHighWater} !`;
    row([network, objective, input, arenaBytes, painted, total, (total / layers.total).toFixed(4)]);
    if (!values.layers) return;
    for (const [at, { index, kind, count }] of perOp.entries()) {
      const alone = layers.perOp.find((op) => op.index === index)?.count ?? 0;
      console.log(`  ${at} operator ${index} ${kind}: ${count} (${count - alone} more)`);
    }
  };
  print('speed', 'resident', layers);
  for (const plan of values.plans.split(',')) {
    const [objective, input] = plan.split(':');
    try {
      print(objective, input, await measure(network, objective, input));
    } catch (error) {
      row([network, objective, input, error.message]);
    }
  }
}
