/** Both engines against brute force on tiny problems: optima, bounds, determinism, time limits. */
import test from 'ava';
import fc from 'fast-check';
import { loadNativePlanner } from '../base/native.js';
import type { AllocationProblem, OrderProblem, PlanSolver } from './allocation.js';
import { checkOffsets } from './check-offsets.js';
import { nativeSolver } from './native-solver.js';
import { operatorPeak } from './operator-peak.js';
import { typescriptSolver } from './typescript-solver.js';

const now = () => performance.now() / 1000;
const native = loadNativePlanner();
const solvers: PlanSolver[] = [typescriptSolver(now), ...(native ? [nativeSolver(native)] : [])];
const limits = { seconds: 10, seed: 1 };

/** Least height over all layouts, by trying them all, given the height of some valid one. */
function bestHeight(problem: AllocationProblem, known: number): number {
  const { buffers, pairs } = problem;
  let best = known;
  const extend = (offsets: number[], height: number) => {
    const i = offsets.length;
    if (height >= best) return;
    if (i === buffers.length) {
      best = height;
      return;
    }
    const { alignment = 1, size, fixedOffset } = buffers[i]!;
    for (let at = fixedOffset ?? 0; at <= (fixedOffset ?? best - 1); at += alignment) {
      const next = [...offsets, at];
      const head = {
        buffers: buffers.slice(0, i + 1),
        pairs: (pairs ?? []).filter((p) => Math.max(p.above, p.below) <= i),
      };
      const top = Math.max(height, at + size);
      if (top < best && checkOffsets(head, next, top).length === 0) extend(next, top);
    }
  };
  extend([], 0);
  return best;
}

const buffer = fc
  .record({
    lower: fc.integer({ min: 0, max: 5 }),
    life: fc.integer({ min: 1, max: 4 }),
    size: fc.integer({ min: 1, max: 4 }),
    alignment: fc.constantFrom(1, 1, 2, 4),
  })
  .map(({ lower, life, size, alignment }) => ({ lower, upper: lower + life, size, alignment }));

function check(solver: PlanSolver, problem: AllocationProblem, exact: boolean): boolean {
  const solved = solver.solveOffsets(problem, limits);
  const broken = checkOffsets(problem, solved.offsets, solved.height);
  if (broken.length > 0) throw new Error(broken[0]!.message);
  const best = bestHeight(problem, solved.height);
  if (solved.lowerBound > best) throw new Error(`bound ${solved.lowerBound} above the optimum ${best}`);
  if (solved.provenOptimal && solved.height !== best) throw new Error(`${solved.height} is not ${best}`);
  if (exact && !(solved.provenOptimal && solved.height === best)) {
    throw new Error(`height ${solved.height}, bound ${solved.lowerBound}, optimum ${best}`);
  }
  return true;
}

for (const solver of solvers) {
  test(`${solver.engine}: offsets of tiny problems are optimal and proved`, (t) => {
    const buffers = fc.array(buffer, { maxLength: 7 });
    fc.assert(
      fc.property(buffers, (list) =>
        check(solver, { buffers: list.map((b) => ({ ...b, alignment: 1 })) }, true),
      ),
      { seed: 1, numRuns: 300 },
    );
    t.pass();
  });

  test(`${solver.engine}: offsets with alignments are optimal and proved`, (t) => {
    const buffers = fc.array(buffer, { maxLength: 6 });
    fc.assert(
      fc.property(buffers, (list) => check(solver, { buffers: list }, true)),
      { seed: 2, numRuns: 300 },
    );
    t.pass();
  });

  test(`${solver.engine}: pair relations and fixed offsets give valid layouts and true bounds`, (t) => {
    const problem = fc.record({
      buffers: fc.array(buffer, { minLength: 2, maxLength: 5 }),
      pairs: fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.integer({ min: -1, max: 4 })), { maxLength: 4 }),
      fixed: fc.option(fc.nat(2).map((k) => k * 4)),
    });
    fc.assert(
      fc.property(problem, ({ buffers, pairs, fixed }) => {
        const list = buffers.map((b, i) => (i === 0 && fixed !== null ? { ...b, fixedOffset: fixed } : b));
        const named = pairs
          .filter(([above, below]) => above !== below && Math.max(above, below) < list.length)
          .map(([above, below, delta]) => ({ above, below, delta }));
        const exact = solver.engine === 'native' && named.length === 0 && fixed === null;
        return check(solver, { buffers: list, pairs: named }, exact);
      }),
      { seed: 3, numRuns: 300 },
    );
    t.pass();
  });

  test(`${solver.engine}: layouts above an input whose rows leave from the top are optimal and proved`, (t) => {
    const input = fc.array(fc.record({ size: fc.integer({ min: 1, max: 3 }), life: fc.nat(3) }), {
      maxLength: 4,
    });
    const problem = fc.record({ buffers: fc.array(buffer, { minLength: 1, maxLength: 5 }), input });
    fc.assert(
      fc.property(problem, ({ buffers, input }) => {
        // Rows from the ground up: each leaves after the one that lies on it.
        let [fixedOffset, upper] = [0, 1 + input.reduce((sum, { life }) => sum + life, 0)];
        const ground = input.map(({ size, life }) => {
          const row = { lower: 0, upper, size, fixedOffset };
          fixedOffset += size;
          upper -= life;
          return row;
        });
        return check(solver, { buffers: [...ground, ...buffers] }, true);
      }),
      { seed: 4, numRuns: 300 },
    );
    t.pass();
  });

  test(`${solver.engine}: an in-place chain takes the room of its largest link`, (t) => {
    const buffers = [0, 1, 2, 3].map((i) => ({ lower: i, upper: i + 2, size: 64 - i }));
    const pairs = [0, 1, 2].map((i) => ({ above: i, below: i + 1, delta: 0 }));
    const solved = solver.solveOffsets({ buffers, pairs }, limits);
    t.is(solved.height, 64);
    t.true(solved.provenOptimal);
    t.is(solver.solveOffsets({ buffers }, limits).height, 127);
  });

  test(`${solver.engine}: a shifted overlap costs exactly its shift`, (t) => {
    const buffers = [
      { lower: 0, upper: 2, size: 100 },
      { lower: 1, upper: 3, size: 100 },
    ];
    const pairs = [{ above: 0, below: 1, delta: 12 }];
    const solved = solver.solveOffsets({ buffers, pairs }, limits);
    t.deepEqual(solved.offsets, [12, 0]);
    t.is(solved.height, 112);
    t.is(solved.lowerBound, 112);
  });

  test(`${solver.engine}: no buffers need no memory`, (t) => {
    const solved = solver.solveOffsets({ buffers: [] }, limits);
    t.is(solved.height, 0);
    t.true(solved.provenOptimal);
  });

  test(`${solver.engine}: fixed offsets that contradict each other are refused`, (t) => {
    const fixed = (fixedOffset: number) => ({ lower: 0, upper: 1, size: 8, fixedOffset });
    const error = t.throws(() => solver.solveOffsets({ buffers: [fixed(0), fixed(4)] }, limits));
    t.like(error, { code: 'E_PLAN' });
  });

  test(`${solver.engine}: the order of tiny graphs is optimal and proved`, (t) => {
    fc.assert(
      fc.property(graph, (problem) => {
        const best = bestPeak(problem);
        const solved = solver.solveOrder(problem, limits);
        if (operatorPeak(problem, solved.order) !== solved.peak)
          throw new Error('the peak is not that of the order');
        if (solved.peak !== best || !solved.provenOptimal) {
          throw new Error(`peak ${solved.peak}, bound ${solved.lowerBound}, optimum ${best}`);
        }
      }),
      { seed: 4, numRuns: 400 },
    );
    t.pass();
  });

  test(`${solver.engine}: the same seed gives the same layout`, (t) => {
    const problem = dense(60);
    const effort = { seconds: 60, seed: 5, nodes: 20_000 };
    const [a, b] = [solver.solveOffsets(problem, effort), solver.solveOffsets(problem, effort)];
    t.deepEqual(a, b);
    t.deepEqual(checkOffsets(problem, a.offsets, a.height), []);
  });

  test(`${solver.engine}: the time limit is kept and a layout is there`, (t) => {
    const problem = dense(400);
    for (const seconds of [0, 0.3]) {
      const start = now();
      const solved = solver.solveOffsets(problem, { seconds, seed: 1 });
      t.true(now() - start < seconds + 2, `${now() - start} s`);
      t.deepEqual(checkOffsets(problem, solved.offsets, solved.height), []);
    }
    const start = now();
    const graph = ladder(60);
    const solved = solver.solveOrder(graph, { seconds: 0.2, seed: 1 });
    t.true(now() - start < 2.2, `${now() - start} s`);
    t.is(operatorPeak(graph, solved.order), solved.peak);
    t.true(solved.lowerBound <= solved.peak);
  });

  test(`${solver.engine}: a circle of operators is refused`, (t) => {
    const tensors = [{ bytes: 1 }, { bytes: 1 }];
    const ops = [
      { inputs: [0], outputs: [1] },
      { inputs: [1], outputs: [0] },
    ];
    t.like(
      t.throws(() => solver.solveOrder({ tensors, ops }, limits)),
      { code: 'E_PLAN' },
    );
  });
}

test('the native layout does not depend on the number of threads', (t) => {
  if (native === null) {
    t.log('no native core here: build it with `node tools/build-native.mjs`');
    t.pass();
    return;
  }
  const effort = { seconds: 60, seed: 5, nodes: 20_000 };
  const [one, two] = [nativeSolver(native, 1), nativeSolver(native, 2)];
  t.deepEqual(one.solveOffsets(dense(60), effort), two.solveOffsets(dense(60), effort));
});

/** Many overlapping buffers of unlike sizes, from a fixed formula. */
function dense(count: number): AllocationProblem {
  const buffers = Array.from({ length: count }, (_, i) => {
    const lower = (i * 37) % 101;
    return { lower, upper: lower + 1 + ((i * 53) % 29), size: 1 + ((i * 7919) % 997) };
  });
  return { buffers };
}

/** `count` independent chains of three operators into one: far too many downsets to try them all. */
function ladder(count: number): OrderProblem {
  const tensors = [{ bytes: 1 }];
  const ops = [];
  const ends: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let k = 0, from = 0; k < 3; k++) {
      const to = tensors.push({ bytes: 1 + ((i * 31 + k * 17) % 23) }) - 1;
      ops.push({ inputs: [from], outputs: [to] });
      from = to;
      if (k === 2) ends.push(to);
    }
  }
  ops.push({ inputs: ends, outputs: [tensors.push({ bytes: 1 }) - 1] });
  return { tensors, ops };
}

/** Up to 7 operators, each making one or two tensors from earlier ones or the two inputs. */
const graph: fc.Arbitrary<OrderProblem> = fc
  .record({
    bytes: fc.array(fc.nat(9), { minLength: 16, maxLength: 16 }),
    keep: fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }),
    ops: fc.array(
      fc.record({
        picks: fc.array(fc.nat(99), { minLength: 1, maxLength: 3 }),
        two: fc.boolean(),
        place: fc.boolean(),
        scratch: fc.nat(3),
      }),
      { maxLength: 7 },
    ),
  })
  .map(({ bytes, keep, ops }) => {
    let made = 2;
    const list = ops.map(({ picks, two, place, scratch }) => {
      const inputs = [...new Set(picks.map((p) => p % made))];
      const outputs = two ? [made, made + 1] : [made];
      made += outputs.length;
      const inPlace: [number, number][] = place ? [[inputs[0]!, outputs[0]!]] : [];
      return { inputs, outputs, scratchBytes: scratch, inPlace };
    });
    const tensors = Array.from({ length: made }, (_, t) => ({
      bytes: bytes[t]!,
      keep: keep[t]! && t % 3 === 0,
    }));
    return { tensors, ops: list };
  });

/** Least peak over all permutations. */
function bestPeak(problem: OrderProblem): number {
  let best = Number.POSITIVE_INFINITY;
  const extend = (order: number[], rest: number[]) => {
    if (rest.length === 0) best = Math.min(best, operatorPeak(problem, order) ?? Number.POSITIVE_INFINITY);
    for (const v of rest) {
      extend(
        [...order, v],
        rest.filter((u) => u !== v),
      );
    }
  };
  extend([], [...problem.ops.keys()]);
  return best;
}
