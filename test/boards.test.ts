/** Images of the fixture networks on every virtual board, through the real session, port and emulator. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { assetDocuments, packageRoot } from '../src/base/assets.js';
import { buildImage } from '../src/build/build-image.js';
import { boardById, type Catalogue, makeCatalogue, targetOf } from '../src/hw/catalogue.js';
import type { Image } from '../src/hw/image.js';
import { openBoard } from '../src/profile/open-board.js';
import { dumpLayers, profile, runOnce } from '../src/profile/run.js';
import { Session } from '../src/profile/session.js';

/** A folder that goes with this process. */
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-boards-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const fixture = (name: string) => join(packageRoot(), 'test', 'fixtures', name);
async function catalogue(): Promise<Catalogue> {
  return makeCatalogue(await assetDocuments('targets'), await assetDocuments('boards'));
}

async function build(boardId: string): Promise<Image> {
  const all = await catalogue();
  const board = boardById(all, boardId);
  const hostTarget = targetOf(all, boardById(all, 'host'));
  return buildImage([fixture('blur'), fixture('reverse')], board, targetOf(all, board), {
    outDir: join(temporary(), 'build'),
    hostTarget,
  });
}

const image = Uint8Array.from({ length: 96 * 96 * 3 }, (_, i) => (i * 31 + (i >> 5)) % 256);

/** What test/fixtures/blur computes, written again. */
function expectedLayers(): { half: Int8Array; pooled: Int8Array; scores: Int32Array } {
  const half = Int8Array.from(new Int8Array(image.buffer), (value) => Math.trunc(value / 2));
  const pooled = new Int8Array(12 * 12 * 3);
  for (let i = 0; i < pooled.length; i++) {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % 12, Math.floor(i / 36)];
    let sum = 0;
    for (let k = 0; k < 64; k++) {
      sum += half[((8 * y + Math.floor(k / 8)) * 96 + 8 * x + (k % 8)) * 3 + c] ?? 0;
    }
    pooled[i] = Math.floor(sum / 64);
  }
  const weight = (i: number) => ((37 * i + 11) % 255) - 127;
  const scores = Int32Array.from([0, 1], (k) =>
    pooled.reduce((sum, value, i) => sum + value * weight(432 * k + i), 0),
  );
  return { half, pooled, scores };
}

const bytesOf = (array: Int8Array | Int32Array) => new Uint8Array(array.buffer);

for (const boardId of ['host', 'virt-m3', 'virt-m4', 'virt-m7', 'virt-m33', 'virt-m55', 'virt-pi']) {
  test(`${boardId} runs, profiles and dumps two networks of one image`, async (t) => {
    const board = boardById(await catalogue(), boardId);
    const built = await build(boardId);
    t.is(built.arenaBytes, 28096);
    t.is(built.weightBytes, 864);
    const open = await openBoard(board, built);
    try {
      const session = await Session.start(open.port);
      t.is(session.identity.board, boardId);
      t.is(session.identity.counterKind, board.counter.kind);
      t.is(session.identity.arenaBytes, 28096);
      const [blur, reverse] = await session.networks();
      if (!blur || !reverse) throw new Error('two networks');
      t.is(blur.name, 'blur');
      t.is(blur.modelHash, 'b10a000000000000');
      t.deepEqual(blur.inputs[0]?.shape, [1, 96, 96, 3]);
      const { half, pooled, scores } = expectedLayers();

      const run = await runOnce(session, blur, [image]);
      t.deepEqual(run.outputs[0]?.bytes, bytesOf(scores));
      t.is(run.arenaHighWater, 28088);
      t.true(run.total > 0);

      const layers = await dumpLayers(session, blur, [image]);
      t.deepEqual(
        layers.map(({ tensor, bytes }) => [tensor.name, bytes]),
        [
          ['half', bytesOf(half)],
          ['pooled', bytesOf(pooled)],
          ['scores', bytesOf(scores)],
        ],
      );

      const other = await runOnce(session, reverse, [Uint8Array.from({ length: 16 }, (_, i) => i)]);
      t.deepEqual(
        other.outputs[0]?.bytes,
        Uint8Array.from({ length: 16 }, (_, i) => 15 - i),
      );
      t.is(other.arenaHighWater, 32);

      const costs = await profile(session, blur, [image], 3);
      t.deepEqual(
        costs.perOp.map(({ index, kind }) => [index, kind]),
        [
          [0, 'halve'],
          [1, 'average_pool_2d'],
          [3, 'fully_connected'],
        ],
      );
      t.true((costs.stackBytes ?? 0) > 0 && (costs.stackBytes ?? 0) < board.firmware.stackBytes);
      const sum = costs.perOp.reduce((total, { count }) => total + count, 0);
      if (board.counter.kind === 'instructions') {
        // Exact over three runs, and nothing of the counting is in the counts.
        t.is(costs.totalSpread, 0);
        for (const { spread } of costs.perOp) t.is(spread, 0);
        t.true(sum <= costs.total && costs.total - sum < 200, `${sum} of ${costs.total}`);
        t.true((costs.perOp[0]?.count ?? 0) > 96 * 96 * 3);
      }
      t.log(
        `${boardId}: ${costs.total} ${costs.counter}, by operator ${costs.perOp.map(({ count }) => count)}`,
      );
    } finally {
      await open.close();
    }
  });
}
