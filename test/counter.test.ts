/** The counters of the emulated boards, against a loop whose instructions are known; and the stack, against a known depth. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { assetDocuments, packageRoot } from '../src/base/assets.js';
import { buildImage } from '../src/build/build-image.js';
import { boardById, makeCatalogue, targetOf } from '../src/hw/catalogue.js';
import { openBoard } from '../src/profile/open-board.js';
import { type Profile, profile } from '../src/profile/run.js';
import { Session } from '../src/profile/session.js';

/** A folder that goes with this process. */
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-counter-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Profiles of the network `spin` for each number of rounds. */
async function spin(boardId: string, rounds: readonly number[]): Promise<Profile[]> {
  const catalogue = makeCatalogue(await assetDocuments('targets'), await assetDocuments('boards'));
  const board = boardById(catalogue, boardId);
  const image = await buildImage(
    join(packageRoot(), 'test', 'fixtures', 'spin'),
    board,
    targetOf(catalogue, board),
    {
      outDir: join(temporary(), 'build'),
      hostTarget: targetOf(catalogue, boardById(catalogue, 'host')),
    },
  );
  const open = await openBoard(board, image);
  try {
    const session = await Session.start(open.port);
    const network = await session.network(0);
    const profiles: Profile[] = [];
    for (const n of rounds) {
      profiles.push(await profile(session, network, [new Uint8Array(Uint32Array.of(n).buffer)], 2));
    }
    return profiles;
  } finally {
    await open.close();
  }
}

const rounds = [1, 2, 3, 10, 1000, 123_457, 90_000_000];

for (const boardId of ['virt-m3', 'virt-m4', 'virt-m7', 'virt-m33', 'virt-m55', 'virt-pi']) {
  test(`${boardId} counts every instruction, once`, async (t) => {
    const profiles = await spin(boardId, rounds);
    const first = profiles[0];
    if (!first) throw new Error('no profile');
    for (const [index, n] of rounds.entries()) {
      const found = profiles[index];
      t.is(found?.totalSpread, 0);
      // Two instructions per round, and never more than a handful around the loop.
      t.is((found?.perOp[0]?.count ?? 0) - (first.perOp[0]?.count ?? 0), 2 * (n - 1));
      t.is((found?.total ?? 0) - first.total, 2 * (n - 1));
      t.is(found?.perOp[1]?.spread, 0);
    }
    // What the hooks cost is subtracted as measured around nothing; the compiler may lay that out a little differently.
    const least = first.perOp[0]?.count ?? 0;
    t.true(least <= 6, `${least}`);
    t.true((first.stackBytes ?? 0) >= 3000 && (first.stackBytes ?? 0) < 3400, `${first.stackBytes}`);
    t.log(`${boardId}: one round costs ${least} in all; stack ${first.stackBytes}`);
  });
}

test('host measures wall clock and says so', async (t) => {
  const [short, long] = await spin('host', [1, 90_000_000]);
  t.is(short?.counter, 'wall');
  t.true((long?.total ?? 0) > 1_000_000 && (long?.total ?? 0) > (short?.total ?? 0));
});
