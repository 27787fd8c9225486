import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { sampleDocument, sampleRun } from '../../test/sample-run.js';
import { ReflowError } from '../base/error.js';
import { openStore } from '../store/store.js';
import { reportData } from './report-data.js';
import { writeReport } from './write-report.js';

function temporary(): { store: string; folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-report-'));
  return {
    folder,
    store: join(folder, 'store.db'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const { id: _id, ...run } = sampleRun;
const document = JSON.stringify(sampleDocument);

test('the newest run, or the one that was named, becomes a page beside the store', async (t) => {
  const { store: path, folder, remove } = temporary();
  t.teardown(remove);
  const store = await openStore(path);
  const old = await store.recordRun(
    { ...run, network: 'old-one', at: '2024-01-01T00:00:00.000Z', document },
    [],
  );
  const fresh = await store.recordRun({ ...run, document }, []);
  await store.close();
  const newest = await writeReport({ store: path, run: null, out: null, list: false });
  t.is(newest.report, join(folder, `report-${fresh}.html`));
  t.true(readFileSync(newest.report!, 'utf8').includes('<h1>kws'));
  const out = join(folder, 'deep', 'x.html');
  const named = await writeReport({ store: path, run: old, out, list: false });
  t.is(named.report, out);
  t.true(readFileSync(out, 'utf8').includes('old-one'));
  const list = await writeReport({ store: path, run: null, out: null, list: true });
  t.deepEqual([list.report, list.runs.map((one) => one.id)], [null, [fresh, old]]);
  const missing = await t.throwsAsync(writeReport({ store: path, run: 'x', out: null, list: false }));
  t.regex((missing as ReflowError).line, /^E_STORE: there is no run x/);
});

test('a report makes no store where there is none', async (t) => {
  const { store, remove } = temporary();
  t.teardown(remove);
  const error = await t.throwsAsync(writeReport({ store, run: null, out: null, list: true }));
  t.is((error as ReflowError).code, 'E_STORE');
  t.false(existsSync(store));
});

test('a run without a document, or with a damaged or foreign one, is E_STORE', (t) => {
  const stored = (text: string | null) => ({ ...sampleRun, document: text });
  t.is(reportData(stored(document)).profile.total, sampleDocument.profile.total);
  const foreign = JSON.stringify({ ...sampleDocument, plan: { ...sampleDocument.plan, steps: 'none' } });
  for (const text of [null, '{', '{}', foreign]) {
    const error = t.throws(() => reportData(stored(text)), { instanceOf: ReflowError });
    t.is(error?.code, 'E_STORE');
  }
  t.regex(t.throws(() => reportData(stored(foreign)))!.message, /plan\.steps/);
});
