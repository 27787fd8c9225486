/**
 * Campaigns as the judge sees them: killed at any moment, the table comes out the same; several hosts on one PostgreSQL
 * server never run a trial twice, and each survives the death of the other.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { CampaignStore, type JournalRow } from '../src/store/campaign-store.js';
import { openStore } from '../src/store/store.js';
import { campaignFolder, runCampaign, startCampaign } from './campaign-folder.js';
import { randomNumbers } from './graph-builder.js';
import { startPostgres } from './postgres.js';

const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const missing = ['arm-none-eabi-gcc', 'qemu-system-arm', 'aarch64-linux-gnu-gcc', 'qemu-aarch64'].filter(
  (tool) => !has(tool),
);
if (missing.length > 0) console.warn(`campaign: skipped without ${missing.join(', ')}`);
const whole = missing.length === 0 ? test.serial : test.serial.skip;

const server = await startPostgres();
test.after.always(() => server?.stop());
const shared = missing.length === 0 && server ? test.serial : test.serial.skip;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Journal and number of stored runs. */
async function recordOf(place: string): Promise<{ journal: JournalRow[]; runs: number }> {
  const store = await openStore(place);
  try {
    const journal = await new CampaignStore(store.database, 'shelf', 'test', 1000).journal();
    return { journal, runs: (await store.listRuns()).length };
  } finally {
    await store.close();
  }
}

/** Events of a kind by trial. */
function countsOf(journal: readonly JournalRow[], event: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of journal)
    if (row.event === event && row.trial) counts.set(row.trial, (counts.get(row.trial) ?? 0) + 1);
  return counts;
}

whole(
  'seven networks x four boards, killed at 20 random moments: the same table, nothing finished twice',
  async (t) => {
    t.timeout(1_500_000);
    const { folder, file, remove } = campaignFolder();
    t.teardown(remove);
    const undisturbed = await runCampaign(folder, 'run', file, '--store', 'undisturbed.db');
    t.is(undisturbed.table.length, 28);
    t.true(undisturbed.table.every(({ outcome }) => outcome === 'done'));
    t.true(existsSync(join(folder, 'campaign-shelf.html')));

    const random = randomNumbers(20);
    let unfinished = 0;
    for (let kill = 0; kill < 20; kill++) {
      const { child, ended } = startCampaign(folder, 'run', file, '--store', 'killed.db');
      await sleep(200 + random() * 6000);
      child.kill('SIGKILL');
      if ((await ended).status === null) unfinished++;
    }
    const resumed = await runCampaign(folder, 'run', file, '--store', 'killed.db');
    t.log(`${unfinished} of 20 kills hit a running campaign`);
    t.true(unfinished >= 10);
    t.deepEqual(resumed.table, undisturbed.table);
    const { journal, runs } = await recordOf(join(folder, 'killed.db'));
    t.is(runs, 28);
    const finished = countsOf(journal, 'finished');
    t.deepEqual([finished.size, Math.max(...finished.values())], [28, 1]);
    for (const id of finished.keys()) {
      const events = journal.filter(({ trial }) => trial === id).map(({ event }) => event);
      t.is(events.at(-1), 'finished', 'nothing happens to a trial after its end');
    }
    // Nothing to do: the table comes from the store.
    t.deepEqual((await runCampaign(folder, 'run', file, '--store', 'killed.db')).table, undisturbed.table);
    t.is((await recordOf(join(folder, 'killed.db'))).runs, 28);
    t.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith('reflow-campaign-') && !/-test-/.test(name)),
      [],
    );
  },
);

shared('two hosts on one PostgreSQL server share a campaign and start no trial twice', async (t) => {
  t.timeout(600_000);
  const { folder, file, remove } = campaignFolder({ boards: ['virt-m4', 'virt-m7'] }, 5);
  t.teardown(remove);
  const address = await server!.database();
  const both = await Promise.all(
    ['a', 'b'].map((host) => runCampaign(folder, 'run', file, '--store', address, '--host', host)),
  );
  t.deepEqual(both[0]!.table, both[1]!.table);
  t.true(both[0]!.table.every(({ outcome }) => outcome === 'done'));
  const { journal, runs } = await recordOf(address);
  t.is(runs, 10);
  t.deepEqual([...new Set(countsOf(journal, 'started').values())], [1]);
  const workers = new Set(journal.filter(({ event }) => event === 'finished').map(({ owner }) => owner[0]));
  t.deepEqual([...workers].sort(), ['a', 'b']);
});

for (const victim of ['a', 'b']) {
  shared(
    `two hosts on one PostgreSQL server: host ${victim} is killed, the other one does the rest`,
    async (t) => {
      t.timeout(600_000);
      const limits = { leaseSeconds: 8 };
      const { folder, file, remove } = campaignFolder({ boards: ['virt-m4', 'virt-m7'], limits }, 5);
      t.teardown(remove);
      const address = await server!.database();
      const hosts = ['a', 'b'].map((host) => ({
        host,
        ...startCampaign(folder, 'run', file, '--store', address, '--host', host),
      }));
      // Killed while it has trials in hand.
      for (;;) {
        const { journal } = await recordOf(address);
        if (journal.some(({ event, owner }) => event === 'started' && owner.startsWith(`${victim}:`))) break;
        await sleep(100);
      }
      await sleep(500);
      hosts.find(({ host }) => host === victim)!.child.kill('SIGKILL');
      const survivor = await hosts.find(({ host }) => host !== victim)!.ended;
      t.is(survivor.status, 0, survivor.err);
      const { table } = JSON.parse(survivor.out) as { table: { outcome: string }[] };
      t.is(table.length, 10);
      t.true(table.every(({ outcome }) => outcome === 'done'));
      const { journal, runs } = await recordOf(address);
      t.is(runs, 10);
      t.deepEqual([...new Set(countsOf(journal, 'finished').values())], [1]);
      for (const [id, starts] of countsOf(journal, 'started')) {
        const owners = journal.filter(({ trial, event }) => trial === id && event === 'started');
        // Started a second time only after the death of the first.
        if (starts > 1)
          t.deepEqual(
            owners.map(({ owner }) => owner[0]),
            [victim, victim === 'a' ? 'b' : 'a'],
          );
      }
    },
  );
}

if (!server) {
  test.skip('two hosts on one PostgreSQL server: NOT tested, no server is installed (Debian package postgresql)', () => {});
}
