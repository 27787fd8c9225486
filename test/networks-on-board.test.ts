/** The small whole networks on an emulated Cortex-M4, with its own kernels: every layer and every run of the vectors. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { buildImage } from '../src/build/build-image.js';
import { writeProject } from '../src/flow/compile.js';
import { loadCatalogue } from '../src/flow/list-boards.js';
import { type Planned, planFor } from '../src/flow/plan.js';
import { planDefaults } from '../src/flow/requests.js';
import { verifyOn } from '../src/flow/verify.js';
import { boardById, targetOf } from '../src/hw/catalogue.js';
import { openBoard } from '../src/profile/open-board.js';
import { Session } from '../src/profile/session.js';
import { networkCases } from './network-cases.js';
import { decode } from './vector-file.js';

test('every small network on virt-m4', async (t) => {
  t.timeout(240_000);
  const folder = mkdtempSync(join(tmpdir(), 'reflow-networks-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const cases = new Map(networkCases.map((network) => [network.name, network]));
  const plans: Planned[] = [];
  for (const [name, { model }] of cases) {
    const network = join(folder, `${name}.tflite`);
    writeFileSync(network, decode(model));
    plans.push(await planFor({ network, board: 'virt-m4', ...planDefaults, seconds: 0.1 }));
    await writeProject(plans.at(-1)!, join(folder, name));
  }
  const catalogue = await loadCatalogue();
  const board = boardById(catalogue, 'virt-m4');
  const image = await buildImage(
    plans.map(({ graph }) => join(folder, graph.name)),
    board,
    targetOf(catalogue, board),
  );
  const open = await openBoard(board, image);
  try {
    const session = await Session.start(open.port);
    const networks = await session.networks();
    t.is(networks.length, cases.size);
    for (const network of networks) {
      const planned = plans.find(({ graph }) => graph.name === network.name)!;
      const { inputs, outputs, tensors, more } = cases.get(network.name)!;
      const vectors = [{ inputs, outputs, tensors }, ...more.map((run) => ({ ...run, tensors: [] }))];
      const result = await verifyOn(
        { planned, session, network, image },
        {
          name: 'vectors of an independent engine',
          vectors: vectors.map((run) => ({
            inputs: run.inputs.map(decode),
            outputs: run.outputs.map(({ data }) => decode(data)),
            layers: new Map(run.tensors.map(({ index, data }) => [index, decode(data)])),
          })),
        },
      );
      t.true(result.equal, `${network.name}: ${JSON.stringify(result.firstDivergent)}`);
      t.true(result.layersCompared > 0, network.name);
    }
  } finally {
    await open.close();
  }
});
