/** The C server and the TypeScript session over a line that damages and loses bytes in both directions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { assetDocuments, packageRoot } from '../src/base/assets.js';
import type { Port } from '../src/base/port.js';
import { buildImage } from '../src/build/build-image.js';
import { boardById, makeCatalogue, targetOf } from '../src/hw/catalogue.js';
import { openBoard } from '../src/profile/open-board.js';
import { dumpLayers, profile, runOnce } from '../src/profile/run.js';
import { Session } from '../src/profile/session.js';

/** A folder that goes with this process. */
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-noisy-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Park and Miller's generator (CACM 31(10), 1988): faults that can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Passes bytes on; about one in `one` is changed, and as many are lost. */
function noisy(port: Port, next: () => number, one: number): Port & { faults: number } {
  const spoil = (bytes: Uint8Array) =>
    Uint8Array.from(
      [...bytes].flatMap((byte) => {
        const chance = next() * one;
        if (chance >= 2) return [byte];
        line.faults += 1;
        return chance < 1 ? [] : [byte ^ (1 << Math.floor(next() * 8))];
      }),
    );
  const line = {
    path: port.path,
    faults: 0,
    write: (bytes: Uint8Array) => port.write(spoil(bytes)),
    onData: (listener: (bytes: Uint8Array) => void) => port.onData((bytes) => listener(spoil(bytes))),
    onLost: (listener: (error: Error) => void) => port.onLost(listener),
    setLines: port.setLines.bind(port),
    setLine: port.setLine.bind(port),
    close: () => port.close(),
  };
  return line;
}

test('every answer is right, whatever the line does', async (t) => {
  const catalogue = makeCatalogue(await assetDocuments('targets'), await assetDocuments('boards'));
  const board = boardById(catalogue, 'host');
  const outDir = join(temporary(), 'build');
  const folder = join(packageRoot(), 'test', 'fixtures', 'reverse');
  const open = await openBoard(
    board,
    await buildImage(folder, board, targetOf(catalogue, board), { outDir }),
  );
  try {
    const line = noisy(open.port, random(5), 400);
    const session = await Session.start(line, { resendMs: 40 });
    const [network] = await session.networks();
    if (!network) throw new Error('no network');
    for (let round = 0; round < 40; round++) {
      const input = Uint8Array.from({ length: 16 }, (_, i) => (7 * i + round) % 256);
      const expected = input.slice().reverse();
      t.deepEqual((await runOnce(session, network, [input])).outputs[0]?.bytes, expected);
      t.deepEqual((await dumpLayers(session, network, [input]))[0]?.bytes, expected);
      t.is((await profile(session, network, [input], 1)).perOp.length, 1);
    }
    t.true(line.faults > 100, `${line.faults}`);
    t.log(`${line.faults} faults survived`);
  } finally {
    await open.close();
  }
});
