/**
 * A graph seen by the scheduler: which operators run row by row, and which tensors may be kept as single rows. Computed
 * once; everything that simulates schedules reads only this.
 */
import { ReflowError } from '../base/error.js';
import { type Graph, type Op, type OpId, tensorOf } from '../ir/graph.js';
import { type Tensor, type TensorId, tensorBytes } from '../ir/tensor.js';
import { defOf } from '../ops/index.js';
import { isTall, type OpView, rowView, viewOp } from '../ops/op-def.js';
import { alignUp } from './alignment.js';
import type { KernelChoice, Kernels } from './kernel-choices.js';

/** An input as an operator reads it: rows first[y] to last[y] - 1 in step `y`, or everything in every step. */
export interface RowInput {
  readonly tensor: TensorId;
  /** Null: the whole tensor. */
  readonly rows: { readonly first: readonly number[]; readonly last: readonly number[] } | null;
}

export interface RowOp {
  /** Null for the arrival of a streamed input, which "computes" the tensor row by row. */
  readonly op: OpId | null;
  /** Steps that the operator takes when it runs row by row; 1 when it needs whole tensors. */
  readonly steps: number;
  readonly inputs: readonly RowInput[];
  readonly outputs: readonly { readonly tensor: TensorId; readonly byRow: boolean }[];
  readonly kernels: readonly KernelChoice[];
  /** Position in `kernels` of the one that is chosen, and the memory of its own that it needs while it runs a step. */
  readonly kernel: number;
  readonly scratchBytes: number;
  /** Whether it must stay untouched between steps. */
  readonly scratchKept: boolean;
  /** Whether nothing of the outputs is written before the last step. */
  readonly writesLast: boolean;
  /** Inputs that output 0 may overwrite in place, by position in `inputs`: same element for element. */
  readonly inPlace: readonly number[];
  /** How many bytes before a dying row of input 0 a row of output 0 may start, to lie over it; null when it may not. */
  readonly shiftBytes: number | null;
  /** Whether it may do so where both rows then waste memory for as long as they live. */
  readonly shiftsWastefully: boolean;
}

export interface RowTensor {
  readonly tensor: Tensor;
  /** Number of units it is kept in: its rows, or 1 when it must be in one piece. */
  readonly units: number;
  readonly unitBytes: number;
  /** What a unit takes in the arena: it starts at a word, but rows of a resident input follow each other without a gap. */
  readonly heldBytes: number;
  /** Alive from the start (a resident input) and in one piece, although its rows die one by one. */
  readonly fixed: boolean;
  readonly producer: number | null;
  readonly readers: readonly number[];
  readonly isOutput: boolean;
}

export interface RowGraph {
  readonly ops: readonly RowOp[];
  readonly tensors: ReadonlyMap<TensorId, RowTensor>;
  /** Divides the offset of every row: a row table counts in such units. */
  readonly rowAlignment: number;
  readonly kernels: Kernels;
}

export interface RowGraphOptions {
  readonly input: 'resident' | 'streamed';
  readonly kernels: Kernels;
  /** False keeps every tensor in one piece and every operator whole. */
  readonly byRow: boolean;
  /** Whether rows of windows may be written over rows that die in the same step. */
  readonly shifted: boolean;
  readonly rowAlignment: number;
}

/**
 * The scheduler's view for the operators in `order`; a streamed input gets an operator of its own in front.
 */
export function rowGraph(graph: Graph, order: readonly OpId[], options: RowGraphOptions): RowGraph {
  const streamed =
    options.input === 'streamed' ? graph.inputs.filter((id) => isImage(tensorOf(graph, id))) : [];
  if (options.input === 'streamed' && streamed.length !== 1) {
    throw new ReflowError(
      'E_USAGE',
      `${graph.name} has ${streamed.length} image inputs; streaming feeds exactly one`,
      'plan with --input resident',
    );
  }
  const byId = new Map(graph.ops.map((op) => [op.id, op]));
  const ops = [
    ...streamed.map((id) => arrival(tensorOf(graph, id))),
    ...order.map((id) => rowOp(graph, byId.get(id)!, options)),
  ];
  const tensors = new Map<TensorId, RowTensor>();
  const mention = (id: TensorId) => {
    if (!tensors.has(id)) tensors.set(id, rowTensor(graph, ops, id, options.rowAlignment));
  };
  for (const id of [...graph.inputs, ...graph.outputs]) if (tensorOf(graph, id).data === null) mention(id);
  for (const op of ops) for (const { tensor } of [...op.inputs, ...op.outputs]) mention(tensor);
  keepWhole(tensors, options.rowAlignment);
  return { ops, tensors, rowAlignment: options.rowAlignment, kernels: options.kernels };
}

/** The rows of one resident input, the largest, may die one by one; the others live until their last row is read. */
function keepWhole(tensors: Map<TensorId, RowTensor>, rowAlignment: number): void {
  const bytes = ({ units, unitBytes }: RowTensor) => units * unitBytes;
  const inputs = [...tensors].filter(([, { fixed, units }]) => fixed && units > 1);
  const largest = inputs.reduce((most, [, tensor]) => Math.max(most, bytes(tensor)), 0);
  const kept = inputs.find(([, tensor]) => bytes(tensor) === largest);
  for (const [id, tensor] of inputs)
    if (id !== kept?.[0])
      tensors.set(id, {
        ...{ ...tensor, units: 1, unitBytes: bytes(tensor) },
        heldBytes: alignUp(bytes(tensor), rowAlignment),
      });
}

function isImage({ shape }: Tensor): boolean {
  return shape.length === 4 && shape[0] === 1 && shape[1]! > 1;
}

function arrival(tensor: Tensor): RowOp {
  const outputs = [{ tensor: tensor.id, byRow: true }];
  return {
    op: null,
    steps: tensor.shape[1]!,
    inputs: [],
    outputs,
    kernels: [{ choice: 0, scratchBytes: 0, instructions: { whole: 0, byRow: 0 } }],
    kernel: 0,
    scratchBytes: 0,
    scratchKept: false,
    writesLast: false,
    inPlace: [],
    shiftBytes: null,
    shiftsWastefully: false,
  };
}

function rowOp(graph: Graph, op: Op, options: RowGraphOptions): RowOp {
  const { byRow } = options;
  const view = viewOp(graph, op);
  const def = defOf(op);
  const rule = (byRow && def.rows?.(view)) || null;
  const computed = op.inputs.flatMap((id, position) =>
    id === null || tensorOf(graph, id).data !== null ? [] : [{ id, position }],
  );
  const shown = rule?.kind === 'pointwise' ? rowView(view) : view;
  const kernels = options.kernels.choices(shown);
  const overlaps = def.overlaps(shown);
  const inPlace = computed.flatMap(({ position }, index) =>
    overlaps.some((o) => o.input === position && o.output === 0 && o.leadBytes === 0) ? [index] : [],
  );
  const height = view.outputs[0]?.shape[1] ?? 1;
  const steps = rule === null ? 1 : rule.kind === 'accumulate' ? view.input(0).shape[1]! : height;
  const all = Array.from({ length: steps }, (_, y) => y);
  const oneRow = { first: all, last: all.map((y) => y + 1) };
  const readRows = (position: number): RowInput['rows'] => {
    if (rule?.kind === 'window')
      return position === 0 ? { first: all.map(rule.first), last: all.map(rule.last) } : null;
    if (rule?.kind === 'accumulate') return position === 0 ? oneRow : null;
    return rule?.kind === 'pointwise' && isTall(view.input(position), height) ? oneRow : null;
  };
  // A window over a constant, or one whose rows go nowhere, has nothing to shift.
  const isWindow = rule?.kind === 'window' && computed[0]?.position === 0 && op.outputs.length > 0;
  return {
    op: op.id,
    steps,
    inputs: computed.map(({ id, position }) => ({ tensor: id, rows: readRows(position) })),
    outputs: op.outputs.map((tensor) => ({ tensor, byRow: rule !== null && rule.kind !== 'accumulate' })),
    kernels,
    kernel: 0,
    scratchBytes: kernels[0]!.scratchBytes,
    scratchKept: rule?.kind === 'accumulate',
    writesLast: rule?.kind === 'accumulate' && !rule.growing,
    inPlace,
    shiftBytes: isWindow && options.shifted ? shiftOf(view, options.rowAlignment) : null,
    shiftsWastefully: false,
  };
}

/** A lead that must be exact may leave the row beside the grid on which rows lie. */
function shiftOf(view: OpView, rowAlignment: number): number | null {
  const overlap = defOf(view.op).rowOverlap?.(view) ?? null;
  if (overlap === null) return null;
  if (overlap.leadBytes % rowAlignment === 0) return overlap.leadBytes;
  return overlap.exact ? null : alignUp(overlap.leadBytes, rowAlignment);
}

function rowTensor(graph: Graph, ops: readonly RowOp[], id: TensorId, rowAlignment: number): RowTensor {
  const tensor = tensorOf(graph, id);
  const producer = ops.findIndex((op) => op.outputs.some((output) => output.tensor === id));
  const readers = ops.flatMap((op, position) =>
    op.inputs.some((input) => input.tensor === id) ? [position] : [],
  );
  const isOutput = graph.outputs.includes(id);
  const writtenByRow =
    producer < 0
      ? isImage(tensor)
      : ops[producer]!.outputs.some((output) => output.tensor === id && output.byRow);
  const readByRow = readers.every((position) =>
    ops[position]!.inputs.every((input) => input.tensor !== id || input.rows !== null),
  );
  // An output is handed over in one piece; so is a resident input, but its rows may die one by one.
  const units = writtenByRow && readByRow && !isOutput ? (tensor.shape[1] ?? 1) : 1;
  const unitBytes = tensorBytes(tensor) / units;
  return {
    tensor,
    units,
    unitBytes,
    heldBytes: producer < 0 && units > 1 ? unitBytes : alignUp(unitBytes, rowAlignment),
    fixed: producer < 0,
    producer: producer < 0 ? null : producer,
    readers,
    isOutput,
  };
}
