/**
 * A run like that of `kws` on virt-m4, for tests of what people see: the shapes and MACs of that network (DS-CNN, MLPerf Tiny),
 * buffers that alternate between two halves of the arena, and made-up costs.
 */
import type {
  FlashResult,
  PlanResult,
  ProfileResult,
  RunDocument,
  VerifyResult,
} from '../src/flow/results.js';

type Layer = readonly [kind: string, label: string, shape: readonly number[], macs: number, perMac: number];

const image = [1, 25, 5, 64];
const separable: readonly Layer[] = [
  ['depthwise_conv2d', 'DEPTHWISE_CONV_2D', image, 72_000, 7.9],
  ['conv2d', 'CONV_2D', image, 512_000, 2.4],
];

const layers: readonly Layer[] = [
  ['conv2d', 'CONV_2D', image, 320_000, 3.5],
  ...[0, 1, 2, 3].flatMap(() => separable),
  ['average_pool_2d', 'AVERAGE_POOL_2D', [1, 1, 1, 64], 0, 31_000],
  ['reshape', 'RESHAPE', [1, 64], 0, 210],
  ['fully_connected', 'FULLY_CONNECTED', [1, 12], 768, 3.1],
  ['softmax', 'SOFTMAX', [1, 12], 0, 2_900],
];

const hash = (letter: string) => letter.repeat(64);
const sizeOf = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);
const macs = layers.reduce((sum, [, , , count]) => sum + count, 0);

const perOp = layers.map(([kind, label, outputShape, count, perMac], index) => {
  const instructions = Math.round((count || 1) * perMac);
  return { index, kind, label, outputShape, macs: count, instructions };
});
const total = perOp.reduce((sum, op) => sum + op.instructions, 0);

const buffers = layers.flatMap(([, , shape], step) => {
  const bytes = sizeOf(shape);
  const offset = step % 2 === 0 ? 0 : 8000;
  const made = {
    tensor: step + 1,
    name: `layer_${step}`,
    region: 'ram',
    offset,
    bytes,
    first: step,
    last: Math.min(layers.length, step + 2),
    producer: step,
  };
  const scratch = { ...made, tensor: null, offset: 16_000, bytes: 1_280, last: step + 1 };
  return shape[3] === 64 && shape[1] === 25 ? [made, scratch] : [made];
});

export const samplePlan: PlanResult = {
  network: 'kws',
  board: 'virt-m4',
  modelHash: hash('a'),
  planHash: hash('b'),
  objective: 'balanced',
  input: 'resident',
  arenaBytes: 17_280,
  lowerBoundBytes: 16_490,
  provenOptimal: false,
  engine: 'native',
  family: 'whole layers in the order of the file, best of four first-fit orders',
  macs,
  extraMacs: 0,
  scratchBytes: 1_280,
  steps: layers.map(([, label], op) => ({ op, label })),
  buffers: [
    {
      tensor: 0,
      name: 'input_1',
      region: 'ram',
      offset: 8000,
      bytes: 490,
      first: 0,
      last: 1,
      producer: null,
    },
    ...buffers,
  ],
  regions: [
    {
      ...{ name: 'flash', kind: 'flash', bytes: 1_048_576, used: 71_204 },
      ...{ arenaBytes: 0, lowerBoundBytes: 0, weightBytes: 71_204 },
    },
    {
      ...{ name: 'ram', kind: 'ram', bytes: 196_608, used: 26_112 },
      ...{ arenaBytes: 17_280, lowerBoundBytes: 16_000, weightBytes: 0 },
    },
  ],
  flashBytes: 71_204,
  fits: true,
  advice: ['stream layers 0 to 8: -12,400 bytes, +1 % instructions'],
  seconds: 0.021,
};

export const sampleProfile: ProfileResult & { readonly instructions: number } = {
  network: 'kws',
  board: 'virt-m4',
  clockHz: null,
  source: 'emulated',
  runs: 1,
  modelHash: hash('a'),
  planHash: hash('b'),
  imageHash: hash('c'),
  perOp,
  total,
  instructions: total,
  macs,
  stackBytes: 980,
  arenaHighWater: 17_280,
  memories: [{ name: 'ram', bytes: 17_280, highWater: 17_280 }],
  arenaBytes: 17_280,
  energy: null,
  modelled: null,
  runId: '20251125T085401Z-0123abcd',
};

export const sampleVerify: VerifyResult = {
  network: 'kws',
  board: 'virt-m4',
  reference: 'the host reference',
  equal: true,
  layersCompared: 13,
  outputs: [{ name: 'Identity', maxAbsDiff: 0, rmse: 0, cosine: 1 }],
  firstDivergent: null,
};

export const sampleFlash: FlashResult = {
  board: 'nucleo-f446re',
  route: 'loader',
  bytesWritten: 71_204,
  sectorsSkipped: 2,
  seconds: 3.5,
  verified: true,
  started: true,
  bytesTrusted: 0,
  mostErases: 3,
};

export const sampleDocument: RunDocument = { plan: samplePlan, profile: sampleProfile, verify: sampleVerify };

export const sampleRun = {
  id: sampleProfile.runId,
  at: '2025-11-25T08:54:01.123Z',
  toolVersion: '0.1.0',
  network: 'kws',
  board: 'virt-m4',
  clockHz: null,
  modelHash: hash('a'),
  planHash: hash('b'),
  imageHash: hash('c'),
};
