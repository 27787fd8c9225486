import test from 'ava';
import { planNetwork } from '../src/flow/compile-graph.js';
import { planSolver } from '../src/flow/solver.js';
import { transformerSizes, visionTransformerSchema } from '../src/import/arch/vision-transformer.js';
import { attentionWorkBytes, mlpTile, mlpWorkBytes } from '../src/ops/block-memory.js';
import { planTransformer, type TransformerShape } from '../src/plan/transformer-plan.js';
import { planOptions } from './plan-options.js';
import { fused, transformer } from './transformer-networks.js';

/** MCUFormer's tiny space, 240 pixels: every block shape with every patch size. */
const patches = [16, 20, 24, 28, 32];
const shapes = patches.flatMap((patch) =>
  [168, 192, 216].flatMap((dim) =>
    [3, 4].flatMap((heads) => [3.5, 4].map((mlpRatio) => ({ image: 240, patch, dim, heads, mlpRatio }))),
  ),
);

function shapeOf(fields: object): TransformerShape {
  const arch = visionTransformerSchema.parse({ architecture: 'vision-transformer', ...fields });
  const { tokens, grid, pads, blocks } = transformerSizes(arch)!;
  return { ...arch, tokens, grid, padBefore: pads[0], blocks };
}

test('the plan from sizes alone is the plan of the graph', (t) => {
  for (const [index, fields] of shapes.entries()) {
    if (index % 5 !== 2) continue;
    const small = { ...fields, depth: 1, classes: 10 };
    const graph = fused(transformer('candidate', small));
    for (const input of ['streamed', 'resident'] as const) {
      const options = {
        ...planOptions,
        input,
        objective: 'ram',
        seconds: 1.5,
        solver: planSolver(),
      } as const;
      const plan = planNetwork(graph, { ...options, kernelSets: ['dsp', 'ref'] });
      const quick = planTransformer(shapeOf(small), input);
      t.is(quick.arenaBytes, plan.arenaBytes, JSON.stringify({ fields, input }));
      t.is(quick.macs, plan.macs);
      t.true(plan.provenOptimal);
    }
  }
});

test('a candidate is planned within 20 ms', (t) => {
  const depths = { depth: 16, heads: Array.from({ length: 16 }, (_, i) => 3 + (i % 2)) };
  const once = (fields: object) => {
    const start = performance.now();
    planTransformer(shapeOf({ ...fields, ...depths }), 'streamed');
    return performance.now() - start;
  };
  // The machine may do other work: the best of three tells what planning takes.
  const times = shapes.map((fields) => Math.min(once(fields), once(fields), once(fields)));
  t.log(`slowest of ${times.length}: ${Math.max(...times).toFixed(2)} ms`);
  t.true(Math.max(...times) < 20);
});

test('judged networks: arena, multiplications and weight traffic', (t) => {
  const kib = (fields: object, input: 'streamed' | 'resident') =>
    planTransformer(shapeOf(fields), input).arenaBytes / 1024;
  const [tiny, small] = [
    { dim: 192, depth: 12, heads: 3 },
    { dim: 384, depth: 12, heads: 6 },
  ];
  t.true(kib(tiny, 'streamed') <= 102);
  t.true(kib({ image: 240, dim: 168, depth: 14, heads: 4 }, 'streamed') <= 126);
  t.true(kib({ image: 240, patch: 20, dim: 216, depth: 14, heads: 4 }, 'streamed') <= 88);
  t.true(kib(small, 'streamed') <= 177);
  t.true(kib(tiny, 'resident') <= 152);
  t.true(kib(small, 'resident') <= 178);
  const { macs, weightTraffic } = planTransformer(shapeOf(tiny), 'streamed');
  t.log(`DeiT-Tiny: ${macs} MACs, ${weightTraffic} bytes of weights read`);
  t.true(weightTraffic <= 16e6);
});

interface Buffer {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Buffers of an attention block, by phase: each head makes keys, values and queries and attends; then the projection. */
function headByHead({ tokens, dim, headDim, blocks }: TransformerShape): Buffer[] {
  const heads = blocks[0]!.width / headDim;
  const end = 4 * heads + 1;
  const padded = Math.ceil(tokens / 4) * 4;
  const making = 8 * Math.ceil(dim / 8) * 8 + dim + 4 * headDim;
  const attending = 4 * padded + 8 * Math.max(padded, headDim);
  const buffers: Buffer[] = [{ bytes: tokens * dim, first: 0, last: end }];
  for (let head = 0; head < heads; head++) {
    const at = 4 * head;
    buffers.push(
      { bytes: tokens * headDim, first: at, last: at + 4 },
      { bytes: padded * headDim, first: at + 1, last: at + 4 },
      { bytes: tokens * headDim, first: at + 2, last: end },
      { bytes: making, first: at, last: at + 3 },
      { bytes: attending, first: at + 3, last: at + 4 },
    );
  }
  return buffers;
}

/** The other schedule: keys and values of all heads first, and no place for results, which are projected query by query. */
function allKeys({ tokens, dim, headDim, blocks }: TransformerShape): Buffer[] {
  const { width } = blocks[0]!;
  const padded = Math.ceil(tokens / 4) * 4;
  return [
    { bytes: tokens * dim, first: 0, last: 2 },
    { bytes: tokens * width + padded * width, first: 0, last: 2 },
    { bytes: 4 * padded + 8 * Math.max(padded, headDim) + 4 * width, first: 1, last: 2 },
  ];
}

/** The lowest peak over every order in which buffers can be put at the lowest free place. */
function lowestPeak(buffers: readonly Buffer[]): number {
  const bound = mostLive(buffers);
  let best = Number.POSITIVE_INFINITY;
  const placed: { buffer: Buffer; offset: number }[] = [];
  const place = (left: readonly Buffer[], peak: number): void => {
    if (peak >= best || best === bound) return;
    if (left.length === 0) {
      best = peak;
      return;
    }
    for (const [index, buffer] of left.entries()) {
      const others = placed
        .filter((other) => other.buffer.first < buffer.last && buffer.first < other.buffer.last)
        .sort((a, b) => a.offset - b.offset);
      let offset = 0;
      for (const other of others)
        if (other.offset < offset + buffer.bytes)
          offset = Math.max(offset, other.offset + other.buffer.bytes);
      placed.push({ buffer, offset });
      place(left.toSpliced(index, 1), Math.max(peak, offset + buffer.bytes));
      placed.pop();
    }
  };
  place(buffers, 0);
  return best;
}

function mostLive(buffers: readonly Buffer[]): number {
  const at = (time: number) =>
    buffers.reduce((sum, { bytes, first, last }) => sum + (first <= time && time < last ? bytes : 0), 0);
  return Math.max(...buffers.map(({ first }) => at(first)));
}

test('attention takes what the best of all placements of its buffers takes, on every block shape', (t) => {
  for (const fields of shapes) {
    const shape = shapeOf({ ...fields, depth: 1 });
    const { tokens, dim, headDim, blocks } = shape;
    const { width } = blocks[0]!;
    const taken = tokens * dim + attentionWorkBytes({ tokens, dim, width, headDim });
    const best = lowestPeak(headByHead(shape));
    t.is(taken, best, JSON.stringify(fields));
    t.true(best <= lowestPeak(allKeys(shape)), 'keys of all heads at once never take less in this space');
  }
});

test('the MLP reads its weights as seldom as any tile within the memory of attention allows', (t) => {
  for (const fields of shapes) {
    const { tokens, dim, headDim, blocks } = shapeOf({ ...fields, depth: 1 });
    const { width, hidden } = blocks[0]!;
    const room = attentionWorkBytes({ tokens, dim, width, headDim });
    const passes = Array.from({ length: tokens }, (_, index) => index + 1)
      .filter((tile) => mlpWorkBytes({ tokens, dim, hidden }, tile) <= room)
      .map((tile) => Math.ceil(tokens / tile));
    const tile = mlpTile({ tokens, dim, hidden }, room);
    t.true(mlpWorkBytes({ tokens, dim, hidden }, tile) <= room, JSON.stringify(fields));
    t.is(Math.ceil(tokens / tile), Math.min(...passes), JSON.stringify(fields));
  }
});
