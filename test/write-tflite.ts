/**
 * Writes .tflite files from plain values, so that a test can state exactly what is odd about a network. Table and field
 * numbers: tensorflow/lite/schema/schema.fbs, version 3; format: https://flatbuffers.dev/internals/.
 */
import type { DType } from '../src/ir/tensor.js';

export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  readonly name?: string;
  readonly scales?: readonly number[];
  readonly zeroPoints?: readonly number[];
  readonly axis?: number;
  readonly data?: Uint8Array | readonly number[];
}

export interface OpSpec {
  /** Number of the builtin operator. */
  readonly builtin: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The options table, field by field; absent ones keep their defaults. */
  readonly options?: readonly (Value | null)[];
}

export interface NetworkSpec {
  readonly tensors: readonly TensorSpec[];
  readonly ops: readonly OpSpec[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** A field of a table. */
export type Value =
  | { readonly int8: number }
  | { readonly int32: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly bytes: Uint8Array }
  | { readonly int32s: readonly number[] }
  | { readonly int64s: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly table: Fields }
  | { readonly tables: readonly Fields[] };
type Fields = readonly (Value | null)[];

export const int8 = (value: number): Value => ({ int8: value });
export const int32 = (value: number): Value => ({ int32: value });
export const float = (value: number): Value => ({ float: value });

const dtypeCodes: Readonly<Record<DType, number>> = {
  float32: 0,
  int32: 2,
  uint8: 3,
  int64: 4,
  bool: 6,
  int16: 7,
  int8: 9,
};

export function writeTflite({ tensors, ops, inputs, outputs }: NetworkSpec): Uint8Array {
  const codes = [...new Set(ops.map((op) => op.builtin))];
  const buffers: Fields[] = [[]];
  const subgraph: Fields = [
    { tables: tensors.map((tensor) => tensorFields(tensor, buffers)) },
    { int32s: inputs },
    { int32s: outputs },
    { tables: ops.map((op) => opFields(op, codes)) },
  ];
  const code = (builtin: number): Fields => [int8(Math.min(builtin, 127)), null, null, int32(builtin)];
  return writeFlat([
    int32(3),
    { tables: codes.map(code) },
    { tables: [subgraph] },
    null,
    { tables: buffers },
  ]);
}

function opFields({ builtin, inputs, outputs, options }: OpSpec, codes: readonly number[]): Fields {
  return [
    int32(codes.indexOf(builtin)),
    { int32s: inputs },
    { int32s: outputs },
    null,
    options ? { table: options } : null,
  ];
}

function tensorFields(tensor: TensorSpec, buffers: Fields[]): Fields {
  const { shape, dtype = 'int8', name = '', scales = [], zeroPoints = [], axis = 0, data } = tensor;
  if (data) buffers.push([{ bytes: Uint8Array.from(data) }]);
  const quant: Fields = [null, null, { floats: scales }, { int64s: zeroPoints }, null, null, int32(axis)];
  return [
    { int32s: shape },
    int8(dtypeCodes[dtype]),
    int32(data ? buffers.length - 1 : 0),
    { text: name },
    { table: quant },
  ];
}

/** A FlatBuffer with this root table and TFLite's file identifier. */
function writeFlat(root: Fields): Uint8Array {
  const out = new Output();
  out.uint32(0);
  out.raw(new TextEncoder().encode('TFL3'));
  out.patch(0, table(out, root));
  return out.bytes();
}

/** Returns where the table starts. Every field gets eight bytes, which no reader minds. */
function table(out: Output, fields: Fields): number {
  out.align();
  const vtable = out.length;
  out.uint16(4 + 2 * fields.length);
  out.uint16(4 + 8 * fields.length);
  for (const [index, value] of fields.entries()) out.uint16(value === null ? 0 : 4 + 8 * index);
  out.align();
  const start = out.length;
  out.uint32(start - vtable);
  for (const value of fields) {
    const number = new DataView(new ArrayBuffer(8));
    if (value && 'int8' in value) number.setInt8(0, value.int8);
    else if (value && 'int32' in value) number.setInt32(0, value.int32, true);
    else if (value && 'float' in value) number.setFloat32(0, value.float, true);
    out.raw(new Uint8Array(number.buffer));
  }
  for (const [index, value] of fields.entries()) {
    const at = start + 4 + 8 * index;
    const behind = value && offsetField(out, value);
    if (behind !== null) out.patch(at, behind - at);
  }
  return start;
}

/** Writes what a field points to and returns where; null for a field that is a number itself. */
function offsetField(out: Output, value: Value): number | null {
  if ('table' in value) return table(out, value.table);
  if ('int8' in value || 'int32' in value || 'float' in value) return null;
  out.align();
  const start = out.length;
  if ('tables' in value) {
    out.uint32(value.tables.length);
    for (const _ of value.tables) out.uint32(0);
    for (const [index, fields] of value.tables.entries()) {
      const at = start + 4 + 4 * index;
      out.patch(at, table(out, fields) - at);
    }
    return start;
  }
  const [count, content] = vector(value);
  out.uint32(count);
  out.raw(content);
  return start;
}

type Vector =
  | Extract<Value, { text: string } | { bytes: Uint8Array } | { int32s: readonly number[] }>
  | Numbers;
type Numbers = { readonly int64s: readonly number[] } | { readonly floats: readonly number[] };

function vector(value: Vector): [count: number, content: Uint8Array] {
  if ('text' in value) return counted(new TextEncoder().encode(value.text), 1);
  if ('bytes' in value) return counted(value.bytes, 1);
  if ('int32s' in value) return counted(Int32Array.from(value.int32s), 4);
  if ('int64s' in value) return counted(BigInt64Array.from(value.int64s, BigInt), 8);
  return counted(Float32Array.from(value.floats), 4);
}

function counted({ buffer, byteOffset, byteLength }: ArrayBufferView, bytes: number): [number, Uint8Array] {
  return [byteLength / bytes, new Uint8Array(buffer, byteOffset, byteLength)];
}

class Output {
  #buffer = new Uint8Array(1024);
  length = 0;

  raw(bytes: Uint8Array): void {
    while (this.length + bytes.length > this.#buffer.length) {
      const larger = new Uint8Array(2 * this.#buffer.length);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  uint16(value: number): void {
    this.raw(Uint8Array.of(value & 255, value >> 8));
  }

  uint32(value: number): void {
    this.raw(new Uint8Array(Uint32Array.of(value).buffer));
  }

  align(): void {
    this.raw(new Uint8Array(-this.length & 7));
  }

  patch(at: number, value: number): void {
    new DataView(this.#buffer.buffer).setUint32(at, value, true);
  }

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.length);
  }
}
