/**
 * The networks of ../shared on every virtual board, as people run them: planned, compiled, built, booted, and compared over
 * the session with TensorFlow Lite Micro's outputs, all vectors, every layer of the first.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { buildImage } from '../src/build/build-image.js';
import { writeProject } from '../src/flow/compile.js';
import { loadCatalogue } from '../src/flow/list-boards.js';
import { type Planned, planFor } from '../src/flow/plan.js';
import { goldenReference } from '../src/flow/reference.js';
import { planDefaults } from '../src/flow/requests.js';
import { verifyOn } from '../src/flow/verify.js';
import { memoryFor } from '../src/hw/board.js';
import { boardById, targetOf } from '../src/hw/catalogue.js';
import { openBoard } from '../src/profile/open-board.js';
import { Session } from '../src/profile/session.js';
import { root } from './repository.js';

const models = join(root, '../shared/models');
const names = existsSync(models)
  ? readdirSync(models)
      .filter((file) => file.endsWith('.tflite'))
      .map((file) => file.replace('.tflite', ''))
  : [];
/** What code and constants other than weights may take beside the weights. */
const codeBytes = 100_000;

async function plansFor(board: string): Promise<Planned[]> {
  const plans: Planned[] = [];
  for (const name of names) {
    const network = join(models, `${name}.tflite`);
    plans.push(await planFor({ network, board, ...planDefaults, seconds: 0.2 }));
  }
  return plans.filter(({ result }) => result.fits);
}

/** As few images as hold all networks, in order; the arena is shared, the weights are not. */
function images(plans: readonly Planned[]): Planned[][] {
  const groups: Planned[][] = [];
  let free = 0;
  for (const planned of plans) {
    const needed = planned.result.flashBytes;
    if (groups.length === 0 || needed > free) {
      groups.push([]);
      free = memoryFor(planned.board, 'weights').bytes - codeBytes;
    }
    groups.at(-1)!.push(planned);
    free -= needed;
  }
  return groups;
}

if (names.length === 0) test.skip('golden vectors on boards: ../shared/models is not here', () => {});

for (const boardId of names.length === 0
  ? []
  : ['host', 'virt-m3', 'virt-m4', 'virt-m7', 'virt-m33', 'virt-m55', 'virt-pi']) {
  test.serial(`${boardId} equals the golden vectors of every network, layer by layer`, async (t) => {
    t.timeout(240_000);
    const folder = mkdtempSync(join(tmpdir(), 'reflow-golden-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const catalogue = await loadCatalogue();
    const board = boardById(catalogue, boardId);
    const hostTarget = targetOf(catalogue, boardById(catalogue, 'host'));
    const plans = await plansFor(boardId);
    t.is(plans.length, names.length);
    for (const group of images(plans)) {
      const projects = group.map(({ graph }) => join(folder, graph.name));
      for (const [index, planned] of group.entries()) await writeProject(planned, projects[index]!);
      const image = await buildImage(projects, board, targetOf(catalogue, board), { hostTarget });
      const open = await openBoard(board, image);
      try {
        const session = await Session.start(open.port);
        for (const network of await session.networks()) {
          const planned = group.find(({ graph }) => graph.name === network.name)!;
          const golden = await goldenReference(planned.graph, join(root, '../shared/golden', network.name));
          t.is(golden.vectors.length, 3);
          const result = await verifyOn({ planned, session, network, image }, golden);
          t.true(result.equal, `${network.name}: ${JSON.stringify(result.firstDivergent)}`);
          t.true(
            result.layersCompared >= planned.graph.ops.length - 1,
            `${network.name}: ${result.layersCompared} layers of ${planned.graph.ops.length}`,
          );
        }
      } finally {
        await open.close();
      }
      t.log(`${group.map(({ graph }) => graph.name).join(', ')} in ${image.flashBytes} bytes`);
    }
  });
}
