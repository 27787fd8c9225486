import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../../base/error.js';
import { loadCatalogue } from '../list-boards.js';
import { parseCampaign, readCampaign } from './campaign-file.js';

const folder = mkdtempSync(join(tmpdir(), 'reflow-campaign-file-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
for (const [name, text] of [
  ['a.tflite', 'one'],
  ['b.tflite', 'two'],
  ['c.onnx', 'three'],
] as const) {
  writeFileSync(join(folder, name), text);
}

async function read(document: object) {
  const path = join(folder, `${Math.random()}.json`);
  writeFileSync(path, JSON.stringify(document));
  return readCampaign(path, await loadCatalogue());
}
const least = { name: 'n', networks: ['*.tflite'], boards: ['virt-m4'] };

test('networks x boards x settings, with defaults and patterns', async (t) => {
  const campaign = await read({
    ...least,
    boards: [
      'virt-m4',
      { board: 'netduino-plus2', name: 'desk', units: [{ port: '/dev/x' }, { port: '/dev/y' }] },
    ],
    settings: [{}, { objective: 'ram' }],
  });
  t.deepEqual(
    campaign.trials.map(({ title }) => title),
    ['a', 'b'].flatMap((net) =>
      ['virt-m4', 'desk'].flatMap((place) =>
        ['balanced, resident', 'ram, resident'].map((words) => `${net}.tflite on ${place} (${words})`),
      ),
    ),
  );
  t.is(campaign.places[1]!.units.length, 2);
  t.like(campaign.limits, { trialSeconds: 600, attempts: 2, leaseSeconds: 30 });
  const ids = campaign.trials.map(({ id }) => id);
  t.is(new Set(ids).size, ids.length);
});

test('the same trial has the same id in every file: adding networks repeats nothing', async (t) => {
  const small = await read({ ...least, networks: ['b.tflite'] });
  const large = await read({ ...least, networks: ['*'], name: 'n' }).catch(() => null);
  const all = large ?? (await read({ ...least, networks: ['c.onnx', 'b.tflite', 'a.tflite'] }));
  t.true(all.trials.some(({ id }) => id === small.trials[0]!.id));
});

test('mistakes are one line', async (t) => {
  const wrong: [object, RegExp][] = [
    [{ ...least, nane: 1 }, /nane/],
    [{ ...least, name: 'a b' }, /letters/],
    [{ ...least, networks: ['*.none'] }, /no file matches/],
    [{ ...least, networks: ['gone.tflite'] }, /gone\.tflite/],
    [{ ...least, boards: ['virt-m4', 'virt-m4'] }, /two boards are named virt-m4/],
    [{ ...least, boards: ['nucleo-f446re'] }, /real board without a port/],
    [{ ...least, boards: [{ board: 'virt-m4', units: [{ port: '/dev/x' }] }] }, /no board at a port/],
    [{ ...least, boards: ['nothing'] }, /nothing/],
    [{ ...least, settings: [{}, {}] }, /listed twice/],
  ];
  for (const [document, pattern] of wrong) {
    const error = await t.throwsAsync(read(document), { instanceOf: ReflowError });
    t.regex(error!.line, pattern);
  }
});

test('any text is a campaign or E_INPUT', (t) => {
  const parts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"name":"n","networks":${json}}`),
  );
  fc.assert(
    fc.property(parts, (text) => {
      try {
        parseCampaign(text, 'x.json');
      } catch (error) {
        t.true(error instanceof ReflowError && error.code === 'E_INPUT', String(error));
      }
    }),
  );
});
