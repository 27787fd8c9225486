import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openStore } from '../src/store/store.js';
import { reflow } from './reflow-process.js';
import { sampleDocument, sampleRun } from './sample-run.js';

test('the program prints one document and nothing else on stdout', async (t) => {
  const { status, out, err } = await reflow(['boards', '--json']);
  t.deepEqual([status, err], [0, '']);
  t.true((JSON.parse(out) as { boards: unknown[] }).boards.length >= 4);
});

test('exit statuses reach the shell', async (t) => {
  t.is((await reflow(['--version'])).status, 0);
  t.is((await reflow(['nonsense'])).status, 2);
  t.is((await reflow(['boards', 'nonsense'])).status, 2);
  t.is((await reflow(['report'])).status, 1);
});

test('a reader that goes away is no failure', async (t) => {
  for (const argv of [['boards', '--json'], ['--help']]) {
    t.like(await reflow(argv, { deaf: true }), { status: 0, err: '' });
  }
});

test('a rejection that nobody handles is one E_INTERNAL line and status 1', async (t) => {
  const before = `const timer = setInterval(() => {
    if (process.listenerCount('unhandledRejection') === 0) return;
    clearInterval(timer);
    Promise.reject(new Error('lost'));
  }, 1);`;
  const { status, err } = await reflow(['doctor'], { before });
  t.is(status, 1);
  t.regex(err, /^E_INTERNAL: Error: lost\. Next: [^\n]+\n$/);
});

test('a stored run becomes a report through the program', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-process-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const store = await openStore(join(folder, '.reflow', 'store.db'));
  const { id: _id, ...run } = sampleRun;
  const id = await store.recordRun({ ...run, document: JSON.stringify(sampleDocument) }, []);
  await store.close();
  const { status, out, err } = await reflow(['report', '--json'], { cwd: folder });
  t.deepEqual([status, err], [0, '']);
  t.deepEqual(JSON.parse(out).report, join('.reflow', `report-${id}.html`));
});
