import test from 'ava';
import fc from 'fast-check';
import { sampleDocument, samplePlan, sampleProfile, sampleRun, sampleVerify } from '../../test/sample-run.js';
import type { ModelledTime, PlanResult } from '../flow/results.js';
import { planHtml, reportHtml } from './report-html.js';

const sample = reportHtml({ run: sampleRun, ...sampleDocument });

/** Every element is closed in the right order; throws otherwise. */
function checkNesting(html: string): void {
  const empty = new Set(['meta', 'rect', 'line', 'br']);
  const open: string[] = [];
  const body = html.replace(/<style>[\s\S]*?<\/style>/, '').replace('<!doctype html>', '');
  for (const [, close, name, self] of body.matchAll(/<(\/?)([a-zA-Z0-9]+)(?:"[^"]*"|[^">])*?(\/?)>/g)) {
    if (close) {
      const last = open.pop();
      if (last !== name) throw new Error(`</${name}> closes <${last}>`);
    } else if (!self && !empty.has(name!)) open.push(name!);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(' ')}`);
}

test('the page needs nothing from elsewhere', (t) => {
  t.notRegex(sample, /https?:|\/\/|@import|<script|<link|<img|url\((?!#)/);
  t.regex(sample, /^<!doctype html>/);
  checkNesting(sample);
});

test('it shows the figures, the hashes, the source and every operator', (t) => {
  for (const text of [
    'kws',
    'virt-m4',
    'bit-exact',
    '17,280',
    '16,490',
    '2,656,768',
    'instructions, emulated',
    '980',
  ]) {
    t.true(sample.includes(text), text);
  }
  for (const letter of 'abc') t.true(sample.includes(letter.repeat(64)));
  t.is(sample.match(/<td class="n">\d+<\/td><td><span class="dot/g)?.length, 13);
  t.true(sample.includes('They are not cycles'));
});

test('modelled cycles say that they are, with their interval', (t) => {
  const modelled: ModelledTime = {
    source: 'modelled',
    ...{ board: 'nucleo-l4r5zi', emulator: 'virt-<m4>', imageHash: '', clockHz: 120e6 },
    ...{ instructions: 1000, cycles: 6000, byCause: { issue: 6000 }, perOp: [] },
    ...{ ms: 0.05, lowMs: 0.045, highMs: 0.055, intervalPercent: 10 },
    validation: { runs: 9, worstErrorPercent: 5.7, source: '' },
    notIncluded: ['DMA'],
  };
  const { instructions: _, ...profile } = sampleProfile;
  const page = reportHtml({
    ...{ run: sampleRun, ...sampleDocument },
    profile: { ...profile, source: 'modelled', cycles: 6000, modelled },
  });
  t.regex(page, /modelled 0\.0500 ms \(0\.0450 to 0\.0550\) at 120 MHz.*virt-&lt;m4&gt;.*5\.7 % of 9/);
  t.regex(page, /Not included: DMA/);
  checkNesting(page);
});

test('the map has a box per buffer, hatched scratch, and the lines', (t) => {
  t.is(sample.match(/<g class="buffer/g)?.length, samplePlan.buffers.length);
  t.is(sample.match(/url\(#hatch\)/g)?.length, 9);
  t.true(sample.includes('lower bound 16,490'));
  t.true(sample.includes('scratch of layer_0'));
  const equal = planHtml({ ...samplePlan, lowerBoundBytes: samplePlan.arenaBytes });
  t.true(equal.includes('arena 17,280 = lower bound'));
});

test('boxes lie where the plan says', (t) => {
  const plan: PlanResult = {
    ...samplePlan,
    arenaBytes: 100,
    lowerBoundBytes: 100,
    steps: [
      { op: 0, label: 'ADD' },
      { op: 1, label: 'ADD' },
    ],
    buffers: [{ tensor: 1, name: 'x', region: 'ram', offset: 50, bytes: 50, first: 1, last: 2, producer: 0 }],
  };
  // Plot: x 66..1042 for two steps, y 22..362 for 0..106 bytes, upward.
  const box = /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" rx/.exec(planHtml(plan))!;
  t.deepEqual(box.slice(1).map(Number), [555, 41.2, 486, 160.4]);
});

test('bad news is told', (t) => {
  const verify = {
    ...sampleVerify,
    equal: false,
    firstDivergent: {
      index: 3,
      kind: 'depthwise_conv2d',
      label: 'DEPTHWISE_CONV_2D',
      tensor: 25,
      name: 'block_1',
      differing: 17,
      elements: 8000,
      maxAbsDiff: 4,
    },
  };
  const html = reportHtml({ run: sampleRun, ...sampleDocument, verify });
  t.regex(html, /differs from the reference/);
  t.regex(html, /operator 3 DEPTHWISE_CONV_2D, tensor block_1: 17 of 8,000 elements, by up to 4/);
  const over = { ...sampleProfile, arenaHighWater: 20_000 };
  t.regex(reportHtml({ run: sampleRun, ...sampleDocument, profile: over }), /ABOVE the plan/);
  t.regex(planHtml({ ...samplePlan, fits: false }), /does not fit/);
});

test('names from a hostile file stay text, and any plan makes a well-formed page', (t) => {
  const evil = '"><script>alert(1)</script>&\'';
  const buffer = fc.record({
    tensor: fc.option(fc.nat(99), { nil: null }),
    name: fc.oneof(fc.string(), fc.constant(evil)),
    region: fc.constantFrom('ram', 'dtcm'),
    offset: fc.nat(100_000),
    bytes: fc.nat(100_000),
    first: fc.nat(20),
    last: fc.integer({ min: 21, max: 40 }),
    producer: fc.option(fc.nat(60), { nil: null }),
  });
  const step = fc.record({ op: fc.nat(99), label: fc.oneof(fc.string(), fc.constant(evil)) });
  fc.assert(
    fc.property(
      fc.array(buffer, { maxLength: 30 }),
      fc.array(step, { maxLength: 40 }),
      fc.nat(200_000),
      (buffers, steps, arenaBytes) => {
        const html = planHtml({ ...samplePlan, network: evil, buffers, steps, arenaBytes });
        t.false(html.includes('<script'));
        t.notRegex(html, /NaN|Infinity|undefined/);
        checkNesting(html);
      },
    ),
    { numRuns: 300 },
  );
});
