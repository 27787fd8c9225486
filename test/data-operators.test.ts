/** Operators that move data: damaged constants are refused and never reach C, run-time indices stay inside, shapes fold. */
import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../src/base/error.js';
import { importNetwork, planNetwork, prepareGraph } from '../src/flow/compile-graph.js';
import type { Attrs, Graph } from '../src/ir/graph.js';
import { type DType, elementCount, type Tensor, typedArray } from '../src/ir/tensor.js';
import { defOf, findUnsupported } from '../src/ops/index.js';
import { type CValue, type KernelCall, viewOp } from '../src/ops/op-def.js';
import { HostProgram } from './host-runner.js';
import { planOptions } from './plan-options.js';
import { decode, readVectors } from './vector-file.js';

type Operand = Pick<Tensor, 'dtype' | 'shape'> & { readonly values?: readonly number[] };

const int32 = (...values: number[]): Operand => ({ dtype: 'int32', shape: [values.length], values });
const scalar = (value: number): Operand => ({ dtype: 'int32', shape: [], values: [value] });
const computed = (dtype: DType, ...shape: number[]): Operand => ({ dtype, shape });

/** A network of one operator; what has no values is an input. */
function graphOf(
  name: string,
  kind: string,
  attrs: Attrs,
  inputs: readonly Operand[],
  output: Operand,
): Graph {
  const tensors = [...inputs, output].map(({ dtype, shape, values }, id): Tensor => {
    const data = values ? bytesOf(dtype, values) : null;
    return { id, name: `t${id}`, dtype, shape, quant: null, data };
  });
  const ids = inputs.map((_, id) => id);
  const outputs = [inputs.length];
  const op = { id: 0, kind, label: kind, inputs: ids, outputs, attrs };
  return { name, tensors, ops: [op], inputs: ids.filter((id) => !inputs[id]!.values), outputs };
}

function bytesOf(dtype: DType, values: readonly number[]): Uint8Array {
  if (dtype === 'int64') return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return new Uint8Array((dtype === 'float32' ? Float32Array : Int32Array).from(values).buffer);
}

const image = computed('float32', 1, 4, 6, 2);
const refused: readonly [kind: string, attrs: Attrs, inputs: Operand[], output: Operand, reason: RegExp][] = [
  ['gather', { axis: 1, batchDims: 0 }, [image, int32(0, 4)], computed('float32', 1, 2, 6, 2), /index 4/],
  ['gather', { axis: 1, batchDims: 0 }, [image, int32(-1)], computed('float32', 1, 1, 6, 2), /index -1/],
  ['gather', { axis: 4, batchDims: 0 }, [image, int32(0)], computed('float32', 1, 1, 6, 2), /axis 4/],
  ['gather', { axis: 1, batchDims: 2 }, [image, int32(0)], computed('float32', 1, 1, 6, 2), /2 batch/],
  [
    'gather',
    { axis: 1, batchDims: 0 },
    [image, computed('int16', 1)],
    computed('float32', 1, 1, 6, 2),
    /int16/,
  ],
  ['arg_max', {}, [image, scalar(4)], computed('int32', 1, 4, 6), /axis 4/],
  ['arg_max', {}, [image, computed('int32')], computed('int32', 1, 4, 6), /run time/],
  ['arg_min', {}, [image, scalar(-1)], computed('float32', 1, 4, 6), /float32/],
  ['reduce_max', { keepDims: false }, [image, int32(-5)], computed('float32', 1), /axis -5/],
  ['tile', {}, [image, int32(1, 0, 1, 1)], image, /cannot repeat/],
  ['tile', {}, [image, int32(1, 2)], image, /cannot repeat/],
  ['tile', {}, [image, int32(1, 2, 1, 1)], image, /the file says/],
  ['broadcast_to', {}, [image, int32(3, 4, 5, 2)], computed('float32', 3, 4, 5, 2), /broadcast/],
  ['fill', {}, [int32(2, 3), computed('float32', 2)], computed('float32', 2, 3), /value has shape/],
  ['range', {}, [scalar(0), scalar(4), scalar(0)], computed('int32', 4), /steps of 0/],
  ['range', {}, [scalar(0), scalar(-4), scalar(1)], computed('int32', 4), /impossible/],
  ['reverse', {}, [image, int32(4)], image, /axis 4/],
  [
    'mirror_pad',
    { symmetric: false },
    [image, int32(0, 0, 4, 0, 0, 0, 0, 0)],
    computed('float32', 1, 8, 6, 2),
    /exceeds/,
  ],
  ['depth_to_space', { block: 2 }, [image], computed('float32', 1, 8, 12, 1), /whole blocks/],
  ['space_to_depth', { block: 0 }, [image], image, /block of 0/],
  ['space_to_batch', {}, [image, int32(2, 0), int32(0, 0, 0, 0)], image, /blocks/],
  [
    'space_to_batch',
    {},
    [image, int32(3, 2), int32(0, 0, 0, 0)],
    computed('float32', 6, 1, 3, 2),
    /the file says/,
  ],
  [
    'batch_to_space',
    {},
    [image, int32(2, 2), int32(0, 0, 0, 0)],
    computed('float32', 1, 8, 12, 2),
    /the file says/,
  ],
  [
    'resize_bilinear',
    { alignCorners: true, halfPixelCenters: true },
    [image, int32(2, 3)],
    computed('float32', 1, 2, 3, 2),
    /contradict/,
  ],
  [
    'resize_bilinear',
    { alignCorners: false, halfPixelCenters: false },
    [image, int32(2, 3, 4)],
    computed('float32', 1, 2, 3, 2),
    /size has shape/,
  ],
  [
    'resize_nearest_neighbor',
    { alignCorners: false, halfPixelCenters: false },
    [image, computed('int32', 2)],
    computed('float32', 1, 2, 3, 2),
    /run time/,
  ],
  [
    'batch_matmul',
    { adjX: false, adjY: false },
    [image, image],
    computed('float32', 1, 4, 6, 6),
    /multiplied/,
  ],
  [
    'batch_matmul',
    { adjX: false, adjY: true },
    [computed('int32', 2, 2), computed('int32', 2, 2)],
    computed('int32', 2, 2),
    /int32/,
  ],
  [
    'pad',
    {},
    [image, int32(0, 0, 0, 0, 0, 0, 0, 0), { dtype: 'float32', shape: [2], values: [1, 2] }],
    image,
    /no single element/,
  ],
];

test('what contradicts itself is refused, with the reason', (t) => {
  for (const [kind, attrs, inputs, output, reason] of refused) {
    const found = findUnsupported(graphOf('g', kind, attrs, inputs, output));
    t.is(found.length, 1, kind);
    t.regex(found[0]!.reason, reason);
    t.true(found[0]!.hint.length > 0);
  }
});

/** Lowest and highest element that a move touches on each side. */
function reach(params: KernelCall['params'], side: 'in' | 'out'): { low: number; high: number } {
  const list = (value: CValue) => (value as { list: number[] }).list;
  const [dims, strides] = [list(params.dims!), list(params[`${side}_strides`]!)];
  const steps = dims.map((dim, axis) => (dim - 1) * strides[axis]!);
  const sum = (select: (step: number) => number) =>
    steps.reduce((total, step) => total + select(step), params[`${side}_offset`] as number);
  return { low: sum((step) => Math.min(step, 0)), high: sum((step) => Math.max(step, 0)) };
}

const moving: readonly { kind: string; attrs: fc.Arbitrary<Attrs>; constants: number }[] = [
  { kind: 'slice', attrs: fc.constant({}), constants: 2 },
  {
    kind: 'strided_slice',
    attrs: fc.record({
      beginMask: fc.nat(15),
      endMask: fc.nat(15),
      ellipsisMask: fc.constantFrom(0, 0, 2),
      newAxisMask: fc.constantFrom(0, 0, 1),
      shrinkAxisMask: fc.constantFrom(0, 0, 1),
      offset: fc.nat(1),
    }),
    constants: 3,
  },
  { kind: 'transpose', attrs: fc.constant({}), constants: 1 },
  { kind: 'tile', attrs: fc.constant({}), constants: 1 },
  { kind: 'broadcast_to', attrs: fc.constant({}), constants: 1 },
  { kind: 'reverse', attrs: fc.constant({}), constants: 1 },
  { kind: 'mirror_pad', attrs: fc.record({ symmetric: fc.boolean() }), constants: 1 },
  { kind: 'pad', attrs: fc.constant({}), constants: 1 },
  { kind: 'depth_to_space', attrs: fc.record({ block: fc.integer({ min: -1, max: 3 }) }), constants: 0 },
  { kind: 'space_to_depth', attrs: fc.record({ block: fc.integer({ min: -1, max: 3 }) }), constants: 0 },
];

const small = fc.array(fc.integer({ min: -3, max: 5 }), { minLength: 1, maxLength: 8 });
const shape = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 });

/** The operator with these constants and the output that it computes; null where it refuses. */
function accepted(kind: string, attrs: Attrs, inputs: Operand[], stated: number[]): Graph | null {
  try {
    const draft = graphOf('g', kind, attrs, inputs, computed('float32', ...stated));
    const [type] = defOf(draft.ops[0]!).infer(viewOp(draft, draft.ops[0]!));
    const usable =
      type!.shape.every((dim) => Number.isInteger(dim) && dim > 0) && elementCount(type!.shape) < 1e6;
    const graph = usable ? graphOf('g', kind, attrs, inputs, type!) : draft;
    return findUnsupported(graph).length === 0 ? graph : null;
  } catch (error) {
    if (error instanceof ReflowError) return null;
    throw error;
  }
}

for (const { kind, attrs, constants } of moving) {
  test(`${kind}: any constants are refused or stay inside both tensors`, (t) => {
    let ran = 0;
    const lists = fc.array(small, { minLength: constants, maxLength: constants });
    fc.assert(
      fc.property(shape, attrs, lists, shape, fc.boolean(), (dims, options, values, stated, known) => {
        const data = {
          ...computed('float32', ...dims),
          ...(known ? { values: Array(elementCount(dims)).fill(1) } : {}),
        };
        const fitted = values.map((list) =>
          list.slice(0, kind === 'mirror_pad' || kind === 'pad' ? 2 * dims.length : Math.max(1, dims.length)),
        );
        const graph = accepted(kind, options, [data, ...fitted.map((list) => int32(...list))], stated);
        if (!graph) return;
        ran++;
        const view = viewOp(graph, graph.ops[0]!);
        for (const call of defOf(graph.ops[0]!)
          .calls(view)
          .filter((one) => one.kernel === 'move')) {
          for (const side of ['in', 'out'] as const) {
            const tensor = graph.tensors[(side === 'in' ? call.reads : call.writes)[0]!]!;
            const { low, high } = reach(call.params, side);
            t.true(low >= 0 && high < elementCount(tensor.shape));
          }
        }
        defOf(graph.ops[0]!).fold?.(view);
      }),
      { numRuns: 2000, seed: 7 },
    );
    t.true(ran >= 20, `${ran} accepted`);
  });
}

test('shape arithmetic leaves nothing but the RESHAPE', (t) => {
  for (const { name, model } of readVectors('shape_arithmetic')) {
    const { ops } = prepareGraph(importNetwork(decode(model), 'g'));
    t.deepEqual(
      ops.map(({ kind }) => kind),
      ['reshape'],
      name,
    );
  }
});

const outside = [-5, 1000, -(2 ** 31), 2 ** 31 - 1, 3];
const programs: readonly { graph: Graph; inputs: Uint8Array[]; expected: number[] }[] = [
  ...(['int32', 'int64'] as const).map((dtype) => ({
    graph: graphOf(
      `gather_${dtype}`,
      'gather',
      { axis: 0, batchDims: 0 },
      [computed('int32', 4), computed(dtype, 5)],
      computed('int32', 5),
    ),
    inputs: [bytesOf('int32', [10, 11, 12, 13]), bytesOf(dtype, outside)],
    expected: [10, 13, 10, 13, 13],
  })),
  {
    graph: graphOf('shape_output', 'shape', {}, [computed('float32', 2, 3)], computed('int64', 2)),
    inputs: [bytesOf('float32', [1, 2, 3, 4, 5, 6])],
    expected: [2, 3],
  },
  {
    graph: graphOf('rank_output', 'rank', {}, [computed('float32', 2, 1)], computed('int32')),
    inputs: [bytesOf('float32', [1, 2])],
    expected: [2],
  },
  {
    graph: graphOf('range_output', 'range', {}, [scalar(7), scalar(-2), scalar(-4)], computed('int32', 3)),
    inputs: [],
    expected: [7, 3, -1],
  },
];

test('run-time indices outside the axis take the nearest slice; constants can be outputs', async (t) => {
  const networks = programs.map(({ graph }) => ({
    graph: prepareGraph(graph),
    plan: planNetwork(graph, planOptions),
  }));
  const program = await HostProgram.compile(networks);
  t.teardown(() => program.close());
  programs.forEach(({ graph, inputs, expected }, index) => {
    const output = graph.tensors[graph.outputs[0]!]!;
    const actual = Array.from(typedArray(output.dtype, program.run(index, inputs).outputs[0]!), Number);
    t.deepEqual(actual, expected, graph.name);
  });
});
