import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../base/error.js';
import { loadNativePlanner } from '../base/native.js';
import { checkOffsets } from './check-offsets.js';
import { parseInstance, planInstance } from './instance.js';
import { nativeSolver } from './native-solver.js';
import { typescriptSolver } from './typescript-solver.js';

const now = () => performance.now() / 1000;
const native = loadNativePlanner();
const data = new URL('../../../../shared/instances/', import.meta.url);

test('reads the columns in any order, CRLF, a byte order mark, blank lines and alignments', (t) => {
  const text = '\uFEFFsize,id,upper,lower,alignment\r\n4,a,3,0,1\r\n\r\n8,b,9,3,16\r\n';
  t.deepEqual(parseInstance(text), {
    ids: ['a', 'b'],
    buffers: [
      { lower: 0, upper: 3, size: 4, alignment: 1 },
      { lower: 3, upper: 9, size: 8, alignment: 16 },
    ],
  });
});

const head = 'id,lower,upper,size\n';
const refused: [name: string, text: string, message: RegExp][] = [
  ['an empty file', '', /line 1: column "" is not one of/],
  ['no header', 'a,0,3,4\n', /line 1: column "a" is not one of id, lower/],
  ['a missing column', 'id,lower,upper\na,0,3\n', /line 1: column size is missing/],
  ['a column named twice', 'id,lower,upper,size,size\na,0,3,4,4\n', /line 1: a column is named twice/],
  ['no buffers', head, /line 1: there is no buffer/],
  ['a missing field', `${head}a,0,3\n`, /line 2: 3 fields instead of 4/],
  ['an extra field', `${head}a,0,3,4,5\n`, /line 2: 5 fields instead of 4/],
  ['an empty id', `${head},0,3,4\n`, /line 2: the id is empty/],
  ['an id used twice', `${head}a,0,3,4\nb,0,3,4\na,0,3,4\n`, /line 4: id "a" was already used on line 2/],
  ['a negative size', `${head}a,0,3,-4\n`, /line 2: size is negative \("-4"\)/],
  ['NaN', `${head}a,NaN,3,4\n`, /line 2: lower is "NaN", not a whole number/],
  ['an empty number', `${head}a,0,,4\n`, /line 2: upper is "", not a whole number/],
  ['a fraction', `${head}a,0,3,4.5\n`, /line 2: size is "4.5"/],
  ['hexadecimal', `${head}a,0,0x3,4\n`, /line 2: upper is "0x3"/],
  ['an exponent', `${head}a,0,1e3,4\n`, /line 2: upper is "1e3"/],
  ['infinity', `${head}a,0,Infinity,4\n`, /line 2: upper is "Infinity"/],
  ['more than 2^53', `${head}a,0,9007199254740992,4\n`, /line 2: upper "9007199254740992" exceeds/],
  [
    'sizes that add up to more',
    `${head}a,0,1,9007199254740990\nb,0,1,9007199254740990\n`,
    /all sizes together/,
  ],
  ['an empty lifetime', `${head}a,3,3,4\n`, /line 2: upper 3 is not above lower 3/],
  ['a size of 0', `${head}a,0,3,0\n`, /line 2: the size is 0/],
  ['an alignment of 0', 'id,lower,upper,size,alignment\na,0,3,4,0\n', /line 2: the alignment is 0/],
];
for (const [name, text, message] of refused) {
  test(`refuses ${name}`, (t) => {
    const error = t.throws(() => parseInstance(text), { instanceOf: ReflowError, message });
    t.is(error.code, 'E_INPUT');
  });
}

test('whatever the text, either a valid problem or E_INPUT in one line', (t) => {
  const field = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.constantFrom('NaN', '-1', '1e9', '9'.repeat(30), ''),
  );
  const line = fc.array(field, { maxLength: 6 }).map((fields) => fields.join(','));
  const good = fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)).map(([id, a, b]) => `${id},${a},${a + b},${b}`);
  const text = fc.array(fc.oneof(line, good)).map((lines) => [head.trim(), ...lines].join('\n'));
  fc.assert(
    fc.property(fc.oneof(fc.string(), text), (input) => {
      try {
        const { buffers } = parseInstance(input);
        return buffers.length > 0 && buffers.every((b) => b.lower < b.upper && b.size > 0);
      } catch (error) {
        return error instanceof ReflowError && error.code === 'E_INPUT' && !error.line.includes('\n');
      }
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

test('a plan states height, bound, gap, proof, engine, seconds and whether it fits', (t) => {
  const instance = parseInstance(`${head}a,0,2,6\nb,1,3,4\nc,2,4,6\n`);
  let ticks = 0;
  const clock = () => ticks++;
  const options = { seconds: 5, seed: 1, solver: typescriptSolver(now), now: clock };
  const plan = planInstance(instance, { ...options, capacity: 9 });
  t.like(plan, {
    height: 10,
    lowerBound: 10,
    gap: 0,
    provenOptimal: true,
    engine: 'typescript',
    seconds: 1,
    fits: false,
  });
  t.is(planInstance(instance, { ...options, capacity: 10 }).fits, true);
  t.is(planInstance(instance, options).fits, null);
});

test('refuses a capacity, seconds or a seed that is no number of its kind', (t) => {
  const instance = parseInstance(`${head}a,0,2,6\n`);
  const options = { seconds: 5, seed: 1, solver: typescriptSolver(now), now };
  for (const wrong of [
    { capacity: -1 },
    { capacity: 0.5 },
    { seconds: Number.NaN },
    { seconds: -1 },
    { seed: -1 },
  ]) {
    t.like(
      t.throws(() => planInstance(instance, { ...options, ...wrong })),
      { code: 'E_USAGE' },
    );
  }
});

function reference(name: string) {
  return parseInstance(readFileSync(new URL(name, data), 'utf8'));
}

if (!existsSync(data)) {
  test.skip('reference instances: ../shared/instances is not there', () => {});
} else if (native === null) {
  test.skip('reference instances: the native core is not built', () => {});
} else {
  const options = { seconds: 60, seed: 1, solver: nativeSolver(native), now };
  for (const letter of 'ABCDEFGHIJK') {
    test(`MiniMalloc ${letter} fits 1,048,576`, (t) => {
      const instance = reference(`minimalloc/${letter}.1048576.csv`);
      const plan = planInstance(instance, { ...options, capacity: 1_048_576 });
      t.true(plan.fits);
      t.deepEqual(checkOffsets(instance, plan.offsets, plan.height), []);
    });
  }

  test('MiniMalloc C is at its bound, D and J at or below what MiniMalloc reaches', (t) => {
    t.like(planInstance(reference('minimalloc/C.1048576.csv'), options), {
      height: 1_039_360,
      provenOptimal: true,
    });
    for (const [letter, capacity] of [
      ['D', 1_031_168],
      ['J', 1_041_408],
    ] as const) {
      const instance = reference(`minimalloc/${letter}.1048576.csv`);
      const plan = planInstance(instance, { ...options, capacity });
      t.true(plan.fits, `${letter}: ${plan.height}`);
      t.deepEqual(checkOffsets(instance, plan.offsets, plan.height), []);
    }
  });

  for (const file of readdirSync(new URL('rows/', data)).filter((name) => name.endsWith('.csv'))) {
    test(`${file} is at its liveness bound`, (t) => {
      const instance = reference(`rows/${file}`);
      const plan = planInstance(instance, options);
      t.true(plan.provenOptimal, `${plan.height} above ${plan.lowerBound}`);
      t.deepEqual(checkOffsets(instance, plan.offsets, plan.height), []);
      const live = (time: number) =>
        instance.buffers.reduce((sum, b) => sum + (b.lower <= time && time < b.upper ? b.size : 0), 0);
      t.is(plan.height, Math.max(...instance.buffers.map((b) => live(b.lower))));
    });
  }
}
