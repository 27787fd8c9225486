import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { startPostgres } from '../../test/postgres.js';
import { CampaignStore } from './campaign-store.js';
import { measurement, type Run } from './measurement.js';
import { openStore, type Store } from './store.js';

const run: Run = {
  at: '2026-11-25T08:54:01.123Z',
  toolVersion: '0.1.0',
  network: 'kws',
  board: 'virt-m4',
  clockHz: null,
  modelHash: 'aa',
  planHash: 'bb',
  imageHash: null,
  document: '{"a":1}',
};
const values = [
  measurement('latency', 7_696_906.25, 'cycles', 'measured'),
  measurement('stack', 980, 'memory', 'measured'),
];
const trials = ['a', 'b', 'c'].map((id) => ({ id, title: `net ${id}`, place: 'virt-m4' }));
const known = new Set(['a', 'b', 'c']);
const end = { outcome: 'done', message: null, result: '{}', run: { run, measurements: values } };

const folder = mkdtempSync(join(tmpdir(), 'reflow-campaign-store-'));
const server = await startPostgres();
test.after.always(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server?.stop();
});

const kinds: [string, () => Promise<string>][] = [
  ['SQLite', async () => join(folder, `${Math.random()}.db`)],
  ...(server ? [['PostgreSQL', () => server.database()] as [string, () => Promise<string>]] : []),
];

for (const [kind, place] of kinds) {
  const story = (title: string, tell: (t: import('ava').ExecutionContext, store: Store) => Promise<void>) =>
    test(`${kind}: ${title}`, async (t) => {
      const store = await openStore(await place());
      try {
        await tell(t, store);
      } finally {
        await store.close();
      }
    });
  const campaign = (store: Store, owner: string, leaseMs = 60_000) =>
    new CampaignStore(store.database, 'shelf', owner, leaseMs);

  story('a run with its values comes back as it went in', async (t, store) => {
    const id = await store.recordRun(run, values);
    t.deepEqual(await store.readRun(id), { run: { id, ...run }, measurements: values });
    t.is((await store.listRuns({ board: 'virt-m4' })).length, 1);
  });

  story(
    'of many claims at once each trial goes to one, and is finished once with its run',
    async (t, store) => {
      const owners = ['x', 'y', 'z', 'w'].map((owner) => campaign(store, owner));
      await owners[0]!.enroll(trials);
      await owners[1]!.enroll(trials);
      const claims = await Promise.all(owners.map((owner, i) => owner.claim('virt-m4', `u${i}`, known)));
      t.deepEqual(claims.flatMap((claim) => claim?.id ?? []).sort(), ['a', 'b', 'c']);
      for (const [i, claim] of claims.entries()) {
        if (!claim) continue;
        t.is(await owners[(i + 1) % 4]!.finish(claim, end), 'lost');
        t.not(await owners[i]!.finish(claim, end), 'lost');
        t.is(await owners[i]!.finish(claim, end), 'lost');
      }
      t.is((await store.listRuns()).length, 3);
      t.true(
        (await owners[0]!.trials()).every(({ state, run_id }) => state === 'finished' && run_id !== null),
      );
      t.is(await owners[0]!.claim('virt-m4', 'u0', known), null);
      const events = (await owners[0]!.journal()).map(({ event }) => event);
      t.is(events.filter((event) => event === 'started').length, 3);
      t.is(events.filter((event) => event === 'finished').length, 3);
    },
  );

  story('a lease that ran out goes to another, and the late answer does not count', async (t, store) => {
    const [slow, quick] = [campaign(store, 'slow', 1500), campaign(store, 'quick')];
    await slow.enroll([trials[0]!]);
    const first = (await slow.claim('virt-m4', 'u', known))!;
    t.is(await quick.claim('virt-m4', 'u', known), null);
    await new Promise((resolve) => setTimeout(resolve, 1800));
    const second = (await quick.claim('virt-m4', 'u', known))!;
    t.true(second.token > first.token);
    t.is(await slow.finish(first, end), 'lost');
    t.deepEqual([...(await slow.renew())], []);
    t.deepEqual([...(await quick.renew())], [['a', second.token]]);
    t.not(await quick.finish(second, end), 'lost');
    t.is((await store.listRuns()).length, 1);
  });

  story('a dead owner is buried, a trial given back waits at the end', async (t, store) => {
    const [dead, living] = [campaign(store, 'dead'), campaign(store, 'living')];
    await dead.enroll(trials);
    t.truthy(await dead.takeUnit('port'));
    t.is(await living.takeUnit('port'), null);
    const claim = (await dead.claim('virt-m4', 'port', known))!;
    t.deepEqual(await living.owners(), ['dead']);
    await living.bury('dead');
    t.like(await living.takeUnit('port'), { quarantine: null, failures: 0 });
    const again = (await living.claim('virt-m4', 'port', known))!;
    t.is(again.id, claim.id);
    await living.giveBack(again, true, 'no boot');
    t.is((await living.claim('virt-m4', 'port', known))!.id, 'b');
    await living.judgeUnit('port', 3, 'does not answer');
    await living.releaseUnit('port');
    t.like(await dead.takeUnit('port'), { quarantine: 'does not answer', failures: 3 });
  });

  story('reopened trials are run again', async (t, store) => {
    const one = campaign(store, 'one');
    await one.enroll([trials[0]!]);
    await one.finish((await one.claim('virt-m4', 'u', known))!, { ...end, outcome: 'hang', run: null });
    await one.reopen(['flash']);
    t.is(await one.claim('virt-m4', 'u', known), null);
    await one.reopen(['hang']);
    t.truthy(await one.claim('virt-m4', 'u', known));
  });
}

if (!server) {
  test.skip('PostgreSQL: no server is installed here (Debian package postgresql): its half is NOT tested', () => {});
}
