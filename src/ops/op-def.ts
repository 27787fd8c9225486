/**
 * What reflow knows about one operator, in one value. `ops` is pure. One file per operator exports one OpDef; its C
 * kernels are runtime-c/ops/<file>.c with the parameter struct in <file>.h; `ops/index.ts` lists it.
 */
import { ReflowError } from '../base/error.js';
import { type Attrs, type Graph, type Op, tensorOf } from '../ir/graph.js';
import type { DType, Tensor, TensorId } from '../ir/tensor.js';

/** Reads an operator's options table in the imported file; `field` is the field's position in TFLite's schema.fbs. */
export interface OptionsReader {
  int(field: number, fallback: number): number;
  byte(field: number, fallback: number): number;
  float(field: number, fallback: number): number;
  bool(field: number, fallback: boolean): boolean;
  ints(field: number): readonly number[];
}

/** How one builtin operator of TFLite maps to this OpDef. Codes and fields: tensorflow/lite/schema/schema.fbs, v3. */
export interface TfliteBinding<A extends Attrs> {
  readonly builtin: number;
  readonly name: string;
  /** Positions of our inputs among TFLite's, where the order differs: the image comes first here. */
  readonly inputs?: readonly number[];
  attrs(options: OptionsReader): A;
}

/** An operator with its tensors at hand. */
export interface OpView<A extends Attrs = Attrs> {
  readonly op: Op;
  readonly attrs: A;
  readonly inputs: readonly (Tensor | null)[];
  readonly outputs: readonly Tensor[];
  /** Input or output by position; throws ReflowError E_GRAPH when the file left out one that is required. */
  input(index: number): Tensor;
  output(index: number): Tensor;
}

export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Why an operator cannot run here, and what its owner can do about it. */
export interface Refusal {
  readonly reason: string;
  readonly hint: string;
}

/** Constant data in flash, e.g. weights, per-channel multipliers, tables. */
export interface ConstArray {
  /** Last part of the C identifier, e.g. `weights`, `bias`, `multipliers`. */
  readonly role: string;
  readonly values: Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array | Float32Array;
  /** The network's own numbers (counted in weightBytes) rather than constants that reflow derived. */
  readonly weight: boolean;
}

/** A value in a C initialiser. */
export type CValue =
  | number // an integer
  | { readonly float: number }
  | { readonly array: ConstArray | null } // pointer to constant data, NULL when null
  | { readonly list: readonly CValue[] } // brace list: small arrays inside the struct
  | { readonly struct: CStruct }
  /** Geometry of an image operand, `rf_plane`; emit fills in where its rows lie. */
  | { readonly plane: TensorId };

/** Designated initialisers, in the order of the C struct's fields. */
export type CStruct = { readonly [field: string]: CValue };

/**
 * One call of a kernel in the generated C. The C function is `rf_<kernel>` from runtime-c/ops/<file>.c, its parameter
 * struct `rf_<params-type>` is initialised from `params`, and its signature follows from `form`:
 *
 *   rows   void rf_k(const P *p, in..., out..., [scratch,] int32_t y_begin, int32_t y_end)   any band of output rows
 *   flat   void rf_k(const P *p, in..., out..., [scratch,] int32_t count)                    any run of elements
 *   whole  void rf_k(const P *p, in..., out... [, scratch])                                  the whole tensors
 *   accumulate  void rf_k(const P *p, in, out, [scratch,] int32_t y_begin, int32_t y_end)     input rows, all in order
 *
 * Pointers are in the order of `reads` then `writes`, typed by the tensors' element types.
 */
export interface KernelCall {
  readonly kernel: string;
  readonly file: string;
  /** Other files of runtime-c/ops that it calls. */
  readonly uses?: readonly string[];
  /** C type name of the parameter struct without the rf_ prefix; null when the kernel takes none. */
  readonly paramsType: string | null;
  readonly params: CStruct;
  readonly form: 'rows' | 'flat' | 'whole' | 'accumulate';
  readonly reads: readonly TensorId[];
  readonly writes: readonly TensorId[];
  /** Bytes of working memory the kernel needs while it runs, 8-byte aligned; it is part of the arena. */
  readonly scratchBytes: number;
  /** What it takes, where that depends on how it is run; the planner counts on it. */
  readonly instructions?: Instructions;
}

/** About how many instructions all output rows take: in one call, and in a call for each row. */
export interface Instructions {
  readonly whole: number;
  readonly byRow: number;
}

/**
 * When an output may lie over an input that dies here: safe if output offset <= input offset - leadBytes, for the order
 * in which the reference kernel walks (0 = exactly in place or lower).
 */
export interface Overlap {
  readonly input: number;
  readonly output: number;
  readonly leadBytes: number;
}

/**
 * Where one row of output 0 may lie over a row of input 0 that no later row reads, for a `window` operator and all its kernels
 * as they walk along a row: `leadBytes` before that row; `exact`: nowhere else, otherwise also lower.
 */
export interface RowOverlap {
  readonly leadBytes: number;
  readonly exact: boolean;
}

/**
 * How an operator can run row by row along dimension 1 of NHWC tensors with one image.
 *   window      output row y reads input rows first(y) to last(y) - 1 of input 0; the kernel has form `rows`
 *   pointwise   output row y is the same operator on row y of each input as tall as the output, and on the others whole
 *   accumulate  each row of input 0 is read once, in order; the output is complete after the last; form `accumulate`. With
 *               `growing` it is written from the first row on; otherwise only after the last, and the scratch holds sums
 */
export type RowRule =
  | { readonly kind: 'window'; first(y: number): number; last(y: number): number }
  | { readonly kind: 'pointwise' }
  | { readonly kind: 'accumulate'; readonly growing?: boolean };

/**
 * `dsp`: Cortex-M with the DSP extension (M4, M7, M33). `mve`: Cortex-M with Helium (M55). `plain`: tables and loops that pay on
 * any small core (M0+, M3). `ref`: any C99 compiler.
 */
export type KernelSet = 'dsp' | 'mve' | 'plain' | 'ref';

export interface OpDef<A extends Attrs = Attrs> {
  /** Registry key and file name with underscores, e.g. `depthwise_conv2d`. */
  readonly kind: string;
  readonly tflite: readonly TfliteBinding<A>[];
  /** Output types from input types and attributes; throws ReflowError E_GRAPH when they contradict each other. */
  infer(view: OpView<A>): readonly TensorType[];
  /** Null when reflow can run this operator with these tensors. */
  refuse(view: OpView<A>): Refusal | null;
  /** Multiply-accumulates, by the usual convention (0 for data movement and activations). */
  macs(view: OpView<A>): number;
  overlaps(view: OpView<A>): readonly Overlap[];
  /** The reference kernel calls that compute this operator, in order; usually one. */
  calls(view: OpView<A>): readonly KernelCall[];
  /** Faster calls with equal results, by kernel set; a set's function returns null where it has nothing better. */
  readonly fast?: {
    dsp?(view: OpView<A>): readonly KernelCall[] | null;
    mve?(view: OpView<A>): readonly KernelCall[] | null;
    plain?(view: OpView<A>): readonly KernelCall[] | null;
  };
  /** The same as a faster call, with less and less working memory and ever more instructions; equal results. */
  leaner?(view: OpView<A>, call: KernelCall): readonly KernelCall[];
  /** Null, or absent, when the operator needs whole tensors. */
  rows?(view: OpView<A>): RowRule | null;
  /** Null, or absent, when an output row must lie apart from every row that is read for it. */
  rowOverlap?(view: OpView<A>): RowOverlap | null;
  /** Outputs from constant inputs as raw little-endian bytes (shape arithmetic); null when it cannot or need not fold. */
  fold?(view: OpView<A>): readonly Uint8Array[] | null;
}

/** An operator with its tensors looked up in the graph. */
export function viewOp<A extends Attrs>(graph: Graph, op: Op): OpView<A> {
  const inputs = op.inputs.map((id) => (id === null ? null : tensorOf(graph, id)));
  const outputs = op.outputs.map((id) => tensorOf(graph, id));
  const required = (list: readonly (Tensor | null)[], index: number, what: string): Tensor => {
    const tensor = list[index];
    if (!tensor) {
      throw new ReflowError(
        'E_GRAPH',
        `operator ${op.id} (${op.label}) has no ${what} ${index}`,
        'export the network again; the file is damaged or the exporter is at fault',
      );
    }
    return tensor;
  };
  return {
    op,
    attrs: op.attrs as A,
    inputs,
    outputs,
    input: (index) => required(inputs, index, 'input'),
    output: (index) => required(outputs, index, 'output'),
  };
}

/** The operator on one row: every tensor as tall as the output is cut to a height of 1; ids stay. */
export function rowView<A extends Attrs>(view: OpView<A>): OpView<A> {
  const height = view.output(0).shape[1];
  const cut = (tensor: Tensor): Tensor =>
    isTall(tensor, height) ? { ...tensor, shape: tensor.shape.with(1, 1) } : tensor;
  const cutOrNull = (tensor: Tensor | null) => tensor && cut(tensor);
  return {
    ...view,
    inputs: view.inputs.map(cutOrNull),
    outputs: view.outputs.map(cut),
    input: (index) => cut(view.input(index)),
    output: (index) => cut(view.output(index)),
  };
}

/** Whether a tensor is an image of this height, and so is cut into rows with the output. */
export function isTall(tensor: Tensor, height: number | undefined): boolean {
  return (
    tensor.data === null && tensor.shape.length === 4 && tensor.shape[0] === 1 && tensor.shape[1] === height
  );
}
