/** The Graph in the making: values by their ONNX names, each with its tensor and form, and the operators so far. */
import type { Attrs, Op } from '../../ir/graph.js';
import { type DType, elementCount, type Quant, type Tensor, type TensorId } from '../../ir/tensor.js';
import { type Constant, constantOf, reshaped } from './constant.js';
import { refuse } from './fault.js';
import {
  axisOrder,
  type Form,
  formShape,
  inForm,
  permutationBetween,
  plainForm,
  reshapedForm,
  sameOrder,
} from './form.js';
import type { OnnxNode } from './node.js';

/** A tensor that holds a value, and in which order of axes. */
export interface Place {
  readonly tensor: TensorId;
  readonly form: Form;
}

export interface ElementType {
  readonly dtype: DType;
  readonly quant: Quant | null;
}

/** What a name of the file stands for. Shapes are ONNX's own, whatever the form of the tensor. */
export interface Value extends ElementType {
  readonly shape: readonly number[];
  /** Known at import. */
  readonly constant: Constant | null;
  /** Where it lies once computed; null for constants and for what `reshapeOf` or `realOf` still has to be turned into. */
  readonly place: Place | null;
  /** The same elements in ONNX's order under another shape; moved only when somebody needs them in that order. */
  readonly reshapeOf: Value | null;
  /** The quantised value whose real numbers this is; dequantised only when somebody needs them. */
  readonly realOf: Value | null;
  /** Whether nobody but the next reader sees the tensor, so that its producer may be changed. */
  readonly exclusive: boolean;
}

/** Whether numbers of two types are the same bits. */
export function sameType(a: ElementType, b: ElementType): boolean {
  const key = ({ dtype, quant }: ElementType) => JSON.stringify([dtype, quant?.scales, quant?.zeroPoints]);
  return key(a) === key(b);
}

export const float: ElementType = { dtype: 'float32', quant: null };

/** A state of a Lowering. */
export interface Mark {
  readonly ops: readonly Op[];
  readonly tensors: number;
  readonly extraOps: number;
}

export class Lowering {
  readonly tensors: Tensor[] = [];
  readonly ops: Op[] = [];
  readonly #values = new Map<string, Value>();
  /** Tensors made from a value for a form, so that nothing is moved twice. */
  readonly #forms = new Map<Value, Map<string, TensorId>>();
  readonly #places = new Map<Value, Place>();
  #node: OnnxNode | null = null;
  #target: ElementType | null = null;
  readonly #outputs = new Set<TensorId>();
  #extraOps: number;
  #named = false;

  /** @param nodeCount nodes in the file: operators beyond one a node get numbers from there on */
  constructor(
    private readonly uses: ReadonlyMap<string, number>,
    nodeCount: number,
  ) {
    this.#extraOps = nodeCount;
  }

  /**
   * What follows is made for this node.
   * @param target the quantised type of its result, when the node is to run in integers
   */
  enter(node: OnnxNode | null, target: ElementType | null): void {
    this.#node = node;
    this.#named = false;
    this.#target = target;
  }

  /** What `undo` goes back to. */
  mark(): Mark {
    return { ops: [...this.ops], tensors: this.tensors.length, extraOps: this.#extraOps };
  }

  /** Forgets the operators and tensors that were made since the mark. */
  undo({ ops, tensors, extraOps }: Mark): void {
    this.ops.splice(0, Infinity, ...ops);
    this.tensors.length = tensors;
    this.#extraOps = extraOps;
    for (const [value, place] of this.#places) if (place.tensor >= tensors) this.#places.delete(value);
    for (const made of this.#forms.values())
      for (const [form, tensor] of made) if (tensor >= tensors) made.delete(form);
  }

  /** The type of what this node's arithmetic gives, where nothing else is said: that of its operand. */
  resultType(operand: ElementType): ElementType {
    return this.#target ?? { dtype: operand.dtype, quant: operand.quant };
  }

  /** Whether the node is to run in integers. */
  get quantised(): boolean {
    return this.#target !== null;
  }

  value(name: string): Value {
    const value = this.#values.get(name);
    if (!value) throw new RangeError(`the value ${name} is not there`);
    return value;
  }

  define(name: string, value: Value): void {
    const exclusive = value.exclusive && this.uses.get(name) === 1;
    this.#values.set(name, exclusive === value.exclusive ? value : { ...value, exclusive });
    if (value.place && exclusive) this.#rename(value.place.tensor, name);
  }

  /** Input `index` of a node; null for an optional one that is absent. */
  optional(node: OnnxNode, index: number): Value | null {
    const name = node.inputs[index];
    if (name === undefined || name === '') return null;
    const value = this.value(name);
    if (this.#target === null) return value;
    return value.constant?.stored ? this.known(value.constant.stored) : (value.realOf ?? value);
  }

  input(node: OnnxNode, index: number): Value {
    return this.optional(node, index) ?? refuse(`it has no input ${index}`, 'export the network again');
  }

  /** An input that must be known at import. */
  constant(node: OnnxNode, index: number, what: string): Constant {
    return this.#known(this.input(node, index), what);
  }

  optionalConstant(node: OnnxNode, index: number, what: string): Constant | null {
    const value = this.optional(node, index);
    return value && this.#known(value, what);
  }

  #known(value: Value, what: string): Constant {
    if (value.constant) return value.constant;
    return refuse(
      `${what} is computed at run time; it must be a constant`,
      'export the network with a fixed shape and frozen parameters',
    );
  }

  tensor(
    name: string,
    { dtype, quant }: ElementType,
    shape: readonly number[],
    data: Uint8Array | null,
  ): TensorId {
    if (shape.some((dim) => dim < 1))
      refuse(`a tensor of shape [${shape}] has no elements`, 'export the network again');
    const id = this.tensors.length;
    this.tensors.push({ id, name, dtype, shape, quant, data });
    return id;
  }

  /** A constant as a tensor of the graph, in ONNX's own order of axes. */
  constantTensor(constant: Constant, role: string): TensorId {
    const { dtype, quant = null, shape, data } = constant;
    return this.tensor(`${this.#node?.outputs[0] ?? ''}/${role}`, { dtype, quant }, shape, data);
  }

  integers(values: readonly number[], role: string, shape: readonly number[] = [values.length]): TensorId {
    return this.constantTensor(constantOf('int32', shape, values), role);
  }

  /** Adds an operator; returns its outputs' tensors. `shapes` are the tensors' own. */
  emitAll(
    kind: string,
    inputs: readonly (TensorId | null)[],
    shapes: readonly (readonly number[])[],
    type: ElementType,
    attrs: Attrs = {},
  ): TensorId[] {
    const node = this.#node;
    const outputs = shapes.map((shape, index) =>
      this.tensor(node?.outputs[index] ?? kind, type, shape, null),
    );
    const id = node && !this.#named ? node.index : this.#extraOps++;
    this.#named = true;
    this.ops.push({ id, kind, label: node?.opType ?? kind.toUpperCase(), inputs, outputs, attrs });
    return outputs;
  }

  emit(
    kind: string,
    inputs: readonly (TensorId | null)[],
    shape: readonly number[],
    type: ElementType,
    attrs: Attrs = {},
  ): TensorId {
    return this.emitAll(kind, inputs, [shape], type, attrs)[0]!;
  }

  /** A value that an operator has just computed. */
  computed(tensor: TensorId, form: Form, shape: readonly number[]): Value {
    const { dtype, quant } = this.tensors[tensor]!;
    return {
      dtype,
      quant,
      shape,
      constant: null,
      place: { tensor, form },
      reshapeOf: null,
      realOf: null,
      exclusive: true,
    };
  }

  /** A value that is known. */
  known(constant: Constant): Value {
    const { dtype, shape, quant = null } = constant;
    return { dtype, quant, shape, constant, place: null, reshapeOf: null, realOf: null, exclusive: false };
  }

  /** The form in which a value lies, or would lie without moving it. */
  formOf(value: Value): Form {
    if (value.place) return value.place.form;
    return value.realOf ? this.formOf(value.realOf) : plainForm(value.shape.length);
  }

  /** The tensor that holds a value in this form; moves elements when it must. */
  tensorIn(value: Value, form: Form): TensorId {
    const key = form.join();
    const made = this.#forms.get(value) ?? new Map<string, TensorId>();
    this.#forms.set(value, made);
    const known = made.get(key);
    if (known !== undefined) return known;
    const tensor = value.constant
      ? this.constantTensor(inForm(value.constant, form), 'constant')
      : this.#movedTo(value, form);
    made.set(key, tensor);
    return tensor;
  }

  #movedTo(value: Value, form: Form): TensorId {
    const { tensor, form: current } = this.placeOf(value);
    if (current.join() === form.join()) return tensor;
    const shape = formShape(form, value.shape);
    if (sameOrder(current, form, value.shape)) return this.#reshape(tensor, shape, value);
    const direct = permutationBetween(current, form, value.shape);
    if (direct) return this.transpose(tensor, direct);
    const order = axisOrder(form, value.shape).map((axis) => current.indexOf(axis));
    const rest = current.flatMap((_, at) => (order.includes(at) ? [] : [at]));
    return this.#reshape(this.transpose(tensor, [...rest, ...order]), shape, value);
  }

  /** Where a value lies; what was put off is done now, once. */
  placeOf(value: Value): Place {
    const place = value.place ?? this.#places.get(value) ?? this.#placed(value);
    this.#places.set(value, place);
    return place;
  }

  #placed(value: Value): Place {
    const form = plainForm(value.shape.length);
    if (value.reshapeOf) {
      const source = this.tensorIn(value.reshapeOf, plainForm(value.reshapeOf.shape.length));
      return { tensor: this.#reshape(source, value.shape, value), form };
    }
    if (!value.realOf) return { tensor: this.tensorIn(value, form), form };
    const { tensor, form: same } = this.placeOf(value.realOf);
    return { tensor: this.emit('dequantize', [tensor], this.tensors[tensor]!.shape, float), form: same };
  }

  transpose(tensor: TensorId, permutation: readonly number[]): TensorId {
    const from = this.tensors[tensor]!;
    const shape = permutation.map((axis) => from.shape[axis]!);
    return this.emit('transpose', [tensor, this.integers(permutation, 'permutation')], shape, from);
  }

  /** The same elements as a tensor of another shape. */
  #reshape(tensor: TensorId, shape: readonly number[], { dtype, quant }: ElementType): TensorId {
    if (this.tensors[tensor]!.shape.join() === shape.join()) return tensor;
    return this.emit('reshape', [tensor], shape, { dtype, quant }, { rule: 'reshape', dims: shape });
  }

  /** The same elements under another shape of the tensor. */
  asShape(tensor: TensorId, shape: readonly number[]): TensorId {
    return this.#reshape(tensor, shape, this.tensors[tensor]!);
  }

  /** A quantised tensor in another scale; the tensor itself where it has that already. */
  requantised(tensor: TensorId, type: ElementType): TensorId {
    const from = this.tensors[tensor]!;
    return sameType(from, type) ? tensor : this.emit('quantize', [tensor], from.shape, type);
  }

  /** A value's elements, in ONNX's order, under another shape; nothing moves yet where something would have to. */
  reshaped(value: Value, shape: readonly number[]): Value {
    if (elementCount(shape) !== elementCount(value.shape))
      refuse(`[${value.shape}] cannot become [${shape}]`, 'export the network with a fixed batch size');
    if (shape.some((dim) => !(Number.isInteger(dim) && dim >= (value.constant ? 0 : 1))))
      refuse(`there is no shape [${shape}]`, 'export the network again');
    if (value.constant) return this.known(reshaped(value.constant, shape));
    if (value.realOf) return { ...value, shape, realOf: this.reshaped(value.realOf, shape) };
    if (value.reshapeOf) return this.reshaped(value.reshapeOf, shape);
    const place = value.place!;
    const kept = reshapedForm(place.form, value.shape, shape);
    if (!kept) return { ...value, shape, place: null, reshapeOf: value };
    const tensor = kept.same ? place.tensor : this.#reshape(place.tensor, formShape(kept.form, shape), value);
    return { ...value, shape, place: { tensor, form: kept.form }, exclusive: value.exclusive && kept.same };
  }

  /** The operator that wrote a value, when nobody else reads what it wrote; null otherwise. */
  producer(value: Value): Op | null {
    if (!value.exclusive || !value.place) return null;
    const { tensor } = value.place;
    return this.ops.findLast((op) => op.outputs.length === 1 && op.outputs[0] === tensor) ?? null;
  }

  /** Puts another operator in the place of one that `producer` gave. */
  replace(op: Op, change: Partial<Pick<Op, 'attrs' | 'inputs'>>): void {
    this.ops[this.ops.indexOf(op)] = { ...op, ...change };
  }

  /** Gives a tensor that nobody has read yet another element type: the one it has after what was merged into its operator. */
  retype(tensor: TensorId, type: ElementType): void {
    this.tensors[tensor] = { ...this.tensors[tensor]!, ...type };
  }

  /** A tensor as an output of the network: a copy where it is an input or an output already. */
  output(name: string, tensor: TensorId, inputs: readonly TensorId[]): TensorId {
    const { shape, data } = this.tensors[tensor]!;
    const taken = inputs.includes(tensor) || this.#outputs.has(tensor);
    const attrs = { rule: 'reshape', dims: shape };
    const own =
      taken && data === null ? this.emit('reshape', [tensor], shape, this.tensors[tensor]!, attrs) : tensor;
    this.#outputs.add(own);
    this.#rename(own, name);
    return own;
  }

  #rename(tensor: TensorId, name: string): void {
    if (this.tensors[tensor]!.data === null) this.tensors[tensor] = { ...this.tensors[tensor]!, name };
  }
}
