import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import Database from 'libsql';
import { ReflowError } from '../base/error.js';
import { counters, type Measurement, measurement, ofKind, type Run } from './measurement.js';
import { openStore } from './store.js';
import { storeFailure } from './store-failure.js';

function temporary(): { path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-store-'));
  return {
    path: join(folder, 'deep', 'store.db'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const run: Run = {
  at: '2025-11-25T08:54:01.123Z',
  toolVersion: '0.1.0',
  network: 'kws',
  board: 'virt-m4',
  clockHz: 168_000_000,
  modelHash: 'aa',
  planHash: 'bb',
  imageHash: null,
  document: '{"a":1}',
};

const values: Measurement[] = [
  measurement('latency', 7_696_906, 'instructions', 'emulated'),
  measurement('latency', 1_234_567, 'instructions', 'emulated', { index: 0, kind: 'conv2d' }),
  measurement('stack', 980, 'memory', 'emulated'),
  measurement('energy', 12.5, 'energy', 'measured'),
];

async function storeError(work: Promise<unknown>): Promise<ReflowError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ReflowError) return error;
    throw error;
  }
  throw new Error('no error was thrown');
}

test('a run comes back as it went in, in a file that outlives the process', async (t) => {
  const { path, remove } = temporary();
  t.teardown(remove);
  const first = await openStore(path);
  const id = await first.recordRun(run, values);
  t.regex(id, /^20251125T085401Z-[0-9a-f]{8}$/);
  await first.close();
  const second = await openStore(path);
  t.deepEqual(await second.readRun(id), { run: { id, ...run }, measurements: values });
  t.is(await second.readRun('nothing'), null);
  await second.close();
});

test('runs are listed newest first, and filtered', async (t) => {
  const { path, remove } = temporary();
  t.teardown(remove);
  const store = await openStore(path);
  for (const [day, board] of [
    ['01', 'host'],
    ['03', 'virt-m4'],
    ['02', 'host'],
  ] as const) {
    await store.recordRun({ ...run, board, at: `2025-11-${day}T00:00:00.000Z` }, []);
  }
  t.deepEqual(
    (await store.listRuns()).map((one) => one.at.slice(8, 10)),
    ['03', '02', '01'],
  );
  t.deepEqual(
    (await store.listRuns({ board: 'host', limit: 1 })).map((one) => one.at.slice(8, 10)),
    ['02'],
  );
  t.deepEqual(await store.listRuns({ modelHash: 'cc' }), []);
  await store.close();
});

test('a run of thousands of values is written whole', async (t) => {
  const { path, remove } = temporary();
  t.teardown(remove);
  const store = await openStore(path);
  const many = Array.from({ length: 4321 }, (_, index) =>
    measurement('latency', index, 'cycles', 'measured', { index, kind: 'add' }),
  );
  const id = await store.recordRun(run, many);
  t.deepEqual((await store.readRun(id))!.measurements, many);
  await store.close();
});

test('kinds never mix: the database refuses instructions that claim to be measured, and writes nothing of the run', async (t) => {
  const { path, remove } = temporary();
  t.teardown(remove);
  const store = await openStore(path);
  const wrong = { ...values[0]!, source: 'measured' } as Measurement;
  t.is((await storeError(store.recordRun(run, [values[1]!, wrong]))).code, 'E_STORE');
  t.deepEqual(await store.listRuns(), []);
  const crossed = { ...values[0]!, unit: 'cycles' } as unknown as Measurement;
  t.is((await storeError(store.recordRun(run, [crossed]))).code, 'E_STORE');
  await store.recordRun(run, values);
  t.is((await store.listRuns()).length, 1);
  await store.close();
  // Only the types of one kind come out of ofKind.
  const cycles: Measurement<'cycles'>[] = ofKind(values, 'cycles');
  t.deepEqual(cycles, []);
  t.is(ofKind(values, 'instructions').length, 2);
});

test('every kind and source of the table can be stored', async (t) => {
  const { path, remove } = temporary();
  t.teardown(remove);
  const store = await openStore(path);
  const all = Object.entries(counters).flatMap(([counter, { unit, sources }]) =>
    sources.map(
      (source) =>
        ({ metric: 'm', value: 1, counter, unit, source, opIndex: null, opKind: null }) as Measurement,
    ),
  );
  t.deepEqual((await store.readRun(await store.recordRun(run, all)))!.measurements, all);
  await store.close();
});

test('the flat view carries everything that a value must carry', async (t) => {
  const { path, remove } = temporary();
  t.teardown(remove);
  const store = await openStore(path);
  const id = await store.recordRun(run, values);
  await store.close();
  const rows = new Database(path).prepare('select * from measurement_rows where op_index = 0').all([]);
  t.deepEqual(rows, [
    {
      metric: 'latency',
      value: 1_234_567,
      unit: 'instructions',
      source: 'emulated',
      counter: 'instructions',
      op_index: 0,
      op_kind: 'conv2d',
      board: 'virt-m4',
      clock_hz: 168_000_000,
      network: 'kws',
      model_hash: 'aa',
      plan_hash: 'bb',
      image_hash: null,
      run_id: id,
      run_at: run.at,
      tool_version: '0.1.0',
    },
  ]);
});

test('a file that is no database, or a damaged one, is E_STORE', async (t) => {
  const { path, remove } = temporary();
  t.teardown(remove);
  const store = await openStore(path);
  await store.recordRun(run, values);
  await store.close();
  const good = readFileSync(path);
  for (const log of ['-wal', '-shm']) rmSync(path + log, { force: true });
  writeFileSync(path, 'this is not a database, whatever its name says. '.repeat(200));
  const error = await storeError(openStore(path));
  t.is(error.code, 'E_STORE');
  t.regex(error.line, /store\.db: the file is damaged or no SQLite database\. Next: move the file away/);
  // Cut or overwritten anywhere: either the store still answers, or it says E_STORE. Each in a file of its own, because
  // libsql keeps a closed file open for a while.
  let count = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(good.length - 1),
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      async (at, noise) => {
        const bad = Buffer.from(good);
        bad.set(noise.subarray(0, bad.length - at), at);
        count += 1;
        writeFileSync(`${path}.${count}`, noise.length % 2 === 0 ? bad : bad.subarray(0, at));
        try {
          const opened = await openStore(`${path}.${count}`);
          try {
            for (const { id } of await opened.listRuns()) await opened.readRun(id);
            await opened.recordRun(run, values);
          } finally {
            await opened.close();
          }
        } catch (thrown) {
          t.true(thrown instanceof ReflowError && thrown.code === 'E_STORE', String(thrown));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a locked file is E_STORE once the patience is over', async (t) => {
  const { path, remove } = temporary();
  t.teardown(remove);
  const store = await openStore(path, { busyTimeoutMs: 100 });
  const other = new Database(path);
  other.exec('begin immediate');
  const error = await storeError(store.recordRun(run, values));
  t.regex(error.line, /^E_STORE: measurement store .*locked/);
  other.exec('rollback');
  other.close();
  await store.recordRun(run, values);
  t.is((await store.listRuns()).length, 1);
  await store.close();
});

test('a folder that cannot be made, and a store of a newer reflow, are E_STORE', async (t) => {
  const { path, remove } = temporary();
  t.teardown(remove);
  await (await openStore(path)).close();
  t.is((await storeError(openStore(join(path, 'store.db')))).code, 'E_STORE');
  const raw = new Database(path);
  raw.exec('pragma user_version = 999');
  raw.close();
  t.regex((await storeError(openStore(path))).line, /newer reflow/);
});

test('a full disk is E_DISK_FULL', (t) => {
  const full = (code: string) => storeFailure('x.db', Object.assign(new Error('full'), { code }));
  t.is(full('SQLITE_FULL').code, 'E_DISK_FULL');
  t.is(full('ENOSPC').code, 'E_DISK_FULL');
});

test('four processes that make and write one store at once lose nothing', async (t) => {
  const { path, remove } = temporary();
  t.teardown(remove);
  const script = `
    const { openStore } = await import(${JSON.stringify(new URL('./store.js', import.meta.url).href)});
    const store = await openStore(${JSON.stringify(path)});
    const run = ${JSON.stringify(run)};
    const values = ${JSON.stringify(values)};
    for (let i = 0; i < 10; i += 1) await store.recordRun(run, values);
    await store.close();`;
  const start = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  await Promise.all([start(), start(), start(), start()]);
  t.true(existsSync(path));
  const store = await openStore(path);
  const runs = await store.listRuns();
  t.is(runs.length, 40);
  t.is((await store.readRun(runs[17]!.id))!.measurements.length, values.length);
  await store.close();
});
