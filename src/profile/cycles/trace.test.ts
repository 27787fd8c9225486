import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../../base/error.js';
import type { Timing } from '../../hw/timing.js';
import { costOf } from './cost.js';
import { modelCycles } from './model.js';
import { instructionsOf, readTrace, sumWindows } from './trace.js';

const nop = [0x00, 0xbf];
const adds = [0x40, 0x1c]; // adds r0, r0, #1
const load = [0x08, 0x68]; // ldr r0, [r1]
const bne = (halfwords: number) => [halfwords & 0xff, 0xd1];

/** At 0x100: a loop of three instructions that jumps to itself; behind it one that ends. */
const image = new Uint8Array([...adds, ...load, ...bne(-4), ...nop, ...nop, ...nop, ...nop, ...nop]);
const codeAt = (address: number, bytes: number) =>
  address >= 0x100 && address + bytes <= 0x100 + image.length
    ? image.subarray(address - 0x100, address - 0x100 + bytes)
    : null;

const loop = `window 0 1 2 3 4 5 6 7
edge - 0 1
edge 0 0 9
edge 0 1 1
`;
const blocks = 'block 0 100 6\nblock 1 106 4\n';
const whole = `reflow-trace 1\nrun 0\n${blocks}${loop}done\n`;

const m4: Timing = {
  core: 'cortex-m4',
  emulator: 'virt-m4',
  waitStates: 5,
  tightMemories: [],
  intervalPercent: 10,
  validation: [{ run: 'one', publishedMs: 1, errorPercent: 1 }],
  source: 'a test of this file',
  fetchWordBytes: 8,
  dataCache: { sets: 1, ways: 8, lineBytes: 32 },
  constants: {
    flashLoad: { cycles: 100, sigma: 1 },
    flashLine: { cycles: 1000, sigma: 1 },
    fetchWord: { cycles: 0.5, sigma: 1 },
  },
};

const { fetchWordBytes: _, ...common } = m4;
const m7: Timing = {
  ...common,
  core: 'cortex-m7',
  emulator: 'virt-m7',
  fetchCache: { sets: 64, ways: 2, lineBytes: 32 },
  constants: {
    mispredict: { cycles: 10, sigma: 1 },
    flashLine: { cycles: 100, sigma: 1 },
    sramLine: { cycles: 1000, sigma: 1 },
  },
};

test('a trace is read whole', (t) => {
  const [run] = readTrace(whole, codeAt);
  const [window] = run ?? [];
  t.deepEqual(window?.memory, {
    flashLoads: 1,
    flashMisses: 2,
    sramMisses: 3,
    fetchMisses: 4,
    half: 5,
    wordAtHalf: 6,
    wordAtByte: 7,
  });
  t.deepEqual(
    window?.edges.map(({ from, to, count }) => [from?.address ?? null, to.address, count]),
    [
      [null, 0x100, 1],
      [0x100, 0x100, 9],
      [0x100, 0x106, 1],
    ],
  );
  t.is(instructionsOf(window!), 10 * 3 + 2);
});

test('memory terms and branches of a loop, cause by cause', (t) => {
  const window = sumWindows(readTrace(whole, codeAt)[0]!);
  // Ten rounds of an addition, a load behind it and a branch, nine times taken; two instructions of nothing.
  t.deepEqual(costOf(window, m4), {
    instructions: 32,
    cycles: 32 + 10 + 9 + (5 + 6 + 2 * 7) + (100 + 2 * 1000) + 0.5 * 2,
    byCause: {
      issue: 32,
      loads: 10,
      branches: 9,
      unaligned: 5 + 6 + 2 * 7,
      flashData: 1 * 100 + 2 * 1000,
      // The loop lies in one word, which is read once; what follows ends in the next.
      fetch: 0.5 * 2,
      sram: 0,
      mispredicts: 0,
    },
  });
  const { byCause } = costOf(window, m7);
  t.is(byCause.mispredicts, 10); // the end of the loop
  t.is(byCause.flashData, 200);
  t.is(byCause.fetch, 400);
  t.is(byCause.sram, 3000);
  t.is(byCause.unaligned + byCause.loads + byCause.branches, 0);
});

test('windows add up, edge by edge', (t) => {
  const [window] = readTrace(whole, codeAt)[0]!;
  const twice = sumWindows([window!, window!]);
  t.deepEqual(
    twice.edges.map(({ count }) => count),
    [2, 18, 2],
  );
  t.is(twice.memory.wordAtByte, 14);
  t.is(costOf(twice, m4).cycles, 2 * costOf(window!, m4).cycles);
});

/** Two inferences and one that is cut: operator 1, operator 0, operator 1 again. */
const cut = `reflow-trace 1
run 0
${blocks}${loop}done
run 1
${loop}done
run 2
window 0 0 0 0 0 0 0 0
edge - 1 1
window 1 0 0 0 0 0 0 0
edge 1 0 1
window 2 0 0 0 0 0 0 0
edge 0 1 4
window 3 0 0 0 0 0 0 0
edge 1 0 2
done
`;

test('windows belong to the operators that the board has named', (t) => {
  const { whole: all, operators } = modelCycles(cut, codeAt, [1, 0, 1], 3, m4);
  t.is(all.instructions, 32);
  t.deepEqual(
    operators.map(({ instructions }) => instructions),
    [8, 9, 0],
  );
});

test('a trace of other inferences is refused', (t) => {
  for (const [operators, count] of [
    [[1, 0], 3],
    [[1, 0, 1, 1], 3],
    [[1, 0, 7], 3],
    [[], 3],
  ] as const) {
    t.throws(() => modelCycles(cut, codeAt, operators, count, m4), { code: 'E_PROTOCOL' });
  }
  t.throws(() => modelCycles(whole, codeAt, [], 0, m4), { code: 'E_PROTOCOL' });
});

test('what is not a trace is refused, and nothing hangs', (t) => {
  const bad = [
    '',
    'reflow-trace 2\n',
    'reflow-trace 1\nblock 1 100 6\n',
    'reflow-trace 1\nblock 0 100 5\n',
    'reflow-trace 1\nblock 0 90 6\n',
    'reflow-trace 1\nblock 0 100 0\n',
    'reflow-trace 1\nwindow 0 0 0 0 0 0 0 0\n',
    'reflow-trace 1\nrun 0\nwindow 0 0 0\n',
    'reflow-trace 1\nrun 0\nedge - 0 1\n',
    'reflow-trace 1\nrun 0\nedge - 1e3 1\n',
  ];
  for (const text of bad) t.throws(() => readTrace(text, codeAt), { code: 'E_PROTOCOL' }, text);
  t.deepEqual(readTrace('reflow-trace 1\nrun 0\n', codeAt), []);
  fc.assert(
    fc.property(fc.nat(cut.length), fc.nat(8), fc.string({ maxLength: 8 }), (at, drop, text) => {
      try {
        modelCycles(cut.slice(0, at) + text + cut.slice(at + drop), codeAt, [1, 0, 1], 3, m4);
      } catch (error) {
        t.true(error instanceof ReflowError && error.code === 'E_PROTOCOL');
      }
    }),
    { numRuns: 2000 },
  );
});
