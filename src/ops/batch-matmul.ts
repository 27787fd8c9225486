/** BATCH_MATMUL: products of the matrices in the last two dimensions, over batches that broadcast. */
import { ReflowError } from '../base/error.js';
import { elementCount, type Tensor } from '../ir/tensor.js';
import { broadcastShape, maxRank } from './broadcast.js';
import { batchMatmulDsp } from './dsp/batch-matmul.js';
import { stridesOf } from './move.js';
import type { CStruct, OpDef, OpView } from './op-def.js';
import { perTensor, quantiseMultiplier, requireWideShifts } from './quantise.js';
import { firstRefusal, largestValue, refuseDtype, refuseLongSum, refuseMixedTypes } from './refusal.js';
import { suffixOf } from './suffix.js';

export type BatchMatmulAttrs = { readonly adjX: boolean; readonly adjY: boolean };

const reference: OpDef<BatchMatmulAttrs> = {
  kind: 'batch_matmul',
  tflite: [
    {
      builtin: 126,
      name: 'BATCH_MATMUL',
      attrs: (options) => ({ adjX: options.bool(0, false), adjY: options.bool(1, false) }),
    },
  ],
  infer(view) {
    const { batch, rows, columns } = product(view);
    return [{ dtype: view.input(0).dtype, shape: [...batch, rows.count, columns.count] }];
  },
  refuse: (view) =>
    firstRefusal(
      () => refuseDtype(view.input(0), ['int8', 'int16', 'float32'], 'the left operand'),
      () => refuseMixedTypes(view, view.input(1), view.output(0)),
      () =>
        product(view).batch.length <= maxBatchRank
          ? null
          : { reason: `more than ${maxRank} dimensions`, hint: 'reshape the operands in the network' },
      () => {
        if (view.input(0).dtype === 'float32') return null;
        const { shift } = scaling(view);
        if (view.input(0).dtype === 'int16') requireWideShifts([shift]);
        const [a, b] = [largestValue(view.input(0)), largestValue(view.input(1))];
        const long = view.input(0).dtype === 'int8' ? refuseLongSum(product(view).depth.count, a * b) : null;
        if (long) return long;
        const zeros = [view.input(0), view.input(1), view.output(0)].map((t) => perTensor(t).zeroPoint);
        return view.input(0).dtype === 'int8' || zeros.every((zero) => zero === 0)
          ? null
          : {
              reason: 'int16 operands have a zero point that is not 0',
              hint: 'quantise the network again with the current TensorFlow Lite converter',
            };
      },
    ),
  macs: (view) => elementCount(view.output(0).shape) * product(view).depth.count,
  overlaps: () => [],
  calls(view) {
    const [a, b, out] = [view.input(0), view.input(1), view.output(0)];
    const isFloat = a.dtype === 'float32';
    return [
      {
        kernel: `batch_matmul_${suffixOf(a.dtype)}`,
        file: 'batch_matmul',
        paramsType: isFloat ? 'matrices' : 'batch_matmul_int_params',
        params: isFloat ? matrices(view) : { shape: { struct: matrices(view) }, ...scaling(view) },
        form: 'whole',
        reads: [a.id, b.id],
        writes: [out.id],
        scratchBytes: 0,
      },
    ];
  },
};

export const batchMatmul: OpDef<BatchMatmulAttrs> = {
  ...reference,
  fast: { dsp: (view) => batchMatmulDsp(reference.calls(view)) },
};

const maxBatchRank = maxRank - 2;

/** One index of the product, with the step that it takes in each operand; in elements. */
interface Index {
  readonly count: number;
  readonly a: number;
  readonly b: number;
}

/** The loops of the product; throws ReflowError E_GRAPH when the shapes do not fit. */
function product(view: OpView<BatchMatmulAttrs>) {
  const [a, b] = [matrix(view.input(0), view.attrs.adjX), matrix(view.input(1), view.attrs.adjY)];
  if (a.columns !== b.rows) throw damaged(view.input(0), view.input(1));
  const rows: Index = { count: a.rows, a: a.rowStep, b: 0 };
  const depth: Index = { count: a.columns, a: a.columnStep, b: b.rowStep };
  const columns: Index = { count: b.columns, a: 0, b: b.columnStep };
  return { a, b, batch: broadcastShape(a.batch, b.batch), rows, depth, columns };
}

/** The last two dimensions of an operand as it enters the product, transposed by its steps. */
function matrix(tensor: Tensor, transposed: boolean) {
  const { shape } = tensor;
  if (shape.length < 2) throw damaged(tensor);
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  const batch = shape.slice(0, -2);
  return transposed
    ? { batch, rows: columns, columns: rows, rowStep: 1, columnStep: columns }
    : { batch, rows, columns, rowStep: columns, columnStep: 1 };
}

function damaged(...tensors: Tensor[]): ReflowError {
  const shapes = tensors.map(({ shape }) => `[${shape}]`).join(' and ');
  return new ReflowError('E_GRAPH', `${shapes} cannot be multiplied as matrices`, 'export the network again');
}

/** `rf_matrices`. */
function matrices(view: OpView<BatchMatmulAttrs>): CStruct {
  const { a, b, batch, rows, depth, columns } = product(view);
  const front = (values: readonly number[], filler: number) => [
    ...Array<number>(maxBatchRank - values.length).fill(filler),
    ...values,
  ];
  const steps = (dims: readonly number[], size: number) => {
    const padded = front(dims, 1);
    const strides = stridesOf(padded);
    return { list: padded.map((dim, axis) => (dim === 1 ? 0 : strides[axis]! * size)) };
  };
  return {
    batch: { list: front(batch, 1) },
    a_batch: steps(a.batch, a.rows * a.columns),
    b_batch: steps(b.batch, b.rows * b.columns),
    rows: rows.count,
    depth: depth.count,
    columns: columns.count,
    a_row: rows.a,
    a_depth: depth.a,
    b_depth: depth.b,
    b_column: columns.b,
  };
}

/** TFLM multiplies the operands' scales in float32 here (kernel_util.cc), as in FULLY_CONNECTED with one scale. */
function scaling(view: OpView<BatchMatmulAttrs>) {
  const [a, b, out] = [perTensor(view.input(0)), perTensor(view.input(1)), perTensor(view.output(0))];
  const { multiplier, shift } = quantiseMultiplier(Math.fround(a.scale * b.scale) / out.scale);
  return { a_zero: a.zeroPoint, b_zero: b.zeroPoint, out_zero: out.zeroPoint, multiplier, shift };
}
