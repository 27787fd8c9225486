import test from 'ava';
import { call } from '../../../test/call-command.js';
import { samplePlan } from '../../../test/sample-run.js';
import type { PlanInstance } from '../../flow/requests.js';
import type { InstanceResult } from '../../flow/results.js';
import { planCommand } from './plan.js';

const noInstance = async () => {
  throw new Error('no instance was asked for');
};

test('plan --instance solves a bare allocation problem; what exceeds the capacity is status 3', async (t) => {
  const solved: InstanceResult = {
    file: 'a.csv',
    buffers: [{ id: 'x', offset: 0, size: 12 }],
    ...{ height: 12, lowerBound: 10, gap: 0.2, provenOptimal: false, engine: 'typescript', seconds: 0.01 },
    ...{ capacity: null, fits: null },
  };
  const make = (story: PlanInstance) =>
    planCommand(
      async () => samplePlan,
      async () => {},
      story,
    );
  const fine = await call(make, solved, 'plan', '--instance', 'a.csv', '--seconds', '3');
  t.deepEqual(fine.request, { file: 'a.csv', capacity: null, seconds: 3 });
  t.regex(
    fine.out,
    /height +12 bytes\nlower bound +10 bytes\ngap +20\.00 %\nproof +open\nengine +typescript/,
  );
  const small = { ...solved, capacity: 11, fits: false };
  const bad = await call(make, small, 'plan', '--instance', 'a.csv', '--capacity', '11');
  t.is(bad.status, 3);
  t.regex(bad.err, /^E_DOES_NOT_FIT: a\.csv: .* 12 bytes, 1 too many/);
  for (const wrong of [
    ['plan'],
    ['plan', 'kws'],
    ['plan', 'kws', '--board', 'b', '--capacity', '3'],
    ['plan', 'kws', '--instance', 'a.csv'],
    ['plan', '--instance', 'a.csv', '--seconds', '0'],
  ])
    t.is((await call(make, solved, ...wrong)).status, 2, wrong.join(' '));
});

test('plan prints proof, memories, buffers and advice; draws on request; a misfit is status 3 with the missing bytes', async (t) => {
  const drawn: string[] = [];
  const draw = async (path: string) => void drawn.push(path);
  const make = (story: Parameters<typeof planCommand>[0]) => planCommand(story, draw, noInstance);
  const fine = await call(make, samplePlan, 'plan', 'kws', '--board', 'virt-m4', '--html', 'map.html');
  t.deepEqual(fine.request, {
    network: 'kws',
    board: 'virt-m4',
    objective: 'balanced',
    input: 'resident',
    seconds: 3,
    kernels: [],
  });
  t.deepEqual(drawn, ['map.html']);
  for (const pattern of [
    /arena 17,280 bytes, fits/,
    /790 bytes \(4\.8 %\) above/,
    /scratch of layer_0/,
    /Advice:\n {2}stream/,
  ]) {
    t.regex(fine.out, pattern);
  }
  const regions = [
    {
      name: 'ram',
      bytes: 16_384,
      used: 26_112,
      kind: 'ram',
      arenaBytes: 17_920,
      lowerBoundBytes: 0,
      weightBytes: 0,
    },
  ];
  const bad = await call(make, { ...samplePlan, fits: false, regions }, 'plan', 'k', '--board', 'b');
  t.is(bad.status, 3);
  t.regex(
    bad.err,
    /^E_DOES_NOT_FIT: kws does not fit virt-m4: 9,728 bytes are missing in ram\. Next: stream layers/,
  );
  t.is((await call(make, samplePlan, 'plan', 'k', '--board', 'b', '--seconds', '0')).status, 2);
});
