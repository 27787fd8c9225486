/**
 * .tflite bytes to a Graph. `import` is pure. Table and field numbers are those of TensorFlow's
 * tensorflow/lite/schema/schema.fbs (version 3); operators are mapped by the registry in `ops`.
 */
import { ReflowError } from '../base/error.js';
import type { Graph, Op } from '../ir/graph.js';
import { type DType, maxTensorBytes, type Quant, type Tensor, tensorBytes } from '../ir/tensor.js';
import { tfliteBinding } from '../ops/index.js';
import type { OptionsReader } from '../ops/op-def.js';
import { rangeOf } from '../ops/quantise.js';
import { type FlatTable, rootTable } from './flat-table.js';
import { builtinName } from './tflite-builtins.js';

/** Bounds on what a file may claim, so that a hostile one cannot cost more than a moment. */
const maxEntries = 65_536;
const maxOperators = 4096;
const maxRank = 8;
const maxChannels = 1 << 20;

const dtypeByCode: ReadonlyMap<number, DType> = new Map([
  [0, 'float32'],
  [2, 'int32'],
  [3, 'uint8'],
  [4, 'int64'],
  [6, 'bool'],
  [7, 'int16'],
  [9, 'int8'],
]);
const otherTypes: ReadonlyMap<number, string> = new Map([
  [1, 'float16'],
  [5, 'string'],
  [8, 'complex64'],
  [10, 'float64'],
  [11, 'complex128'],
  [12, 'uint64'],
  [15, 'uint32'],
  [16, 'uint16'],
  [17, 'int4'],
]);

/** Whether the bytes carry TFLite's file identifier (`TFL3` at byte 4). */
export function isTflite(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && new TextDecoder('latin1').decode(bytes.subarray(4, 8)) === 'TFL3';
}

/**
 * Parses a .tflite file. Operators that reflow does not know become operators of kind `tflite:<NAME>`; finding out
 * whether the graph can run is `findUnsupported`'s business. Throws ReflowError E_MODEL_FORMAT for damaged files.
 * @param name the graph's name, a valid C identifier
 */
export function importTflite(bytes: Uint8Array, name: string): Graph {
  if (!isTflite(bytes)) {
    throw damaged(`${name} is not a .tflite file (no TFL3 mark)`);
  }
  try {
    return readModel(rootTable(bytes), bytes, name);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw damaged(`${name}.tflite is damaged: ${error.message}`, error);
    }
    throw error;
  }
}

function damaged(message: string, cause?: unknown): ReflowError {
  return new ReflowError('E_MODEL_FORMAT', message, 'export or download the network again', { cause });
}

function readModel(model: FlatTable, file: Uint8Array, name: string): Graph {
  const version = model.uint32(0, 0);
  if (version !== 3) throw damaged(`${name}.tflite has schema version ${version}; reflow reads version 3`);
  const graph = model.tables(2, maxEntries)[0];
  if (!graph) throw damaged(`${name}.tflite has no subgraph`);
  const buffers = model.tables(4, maxEntries);
  const tensors = graph.tables(0, maxEntries).map((table, id) => readTensor(table, id, buffers, file));
  const codes = model.tables(1, maxEntries).map(readOperatorCode);
  const operators = graph.tables(3, maxEntries);
  if (operators.length > maxOperators) {
    throw new ReflowError(
      'E_UNSUPPORTED',
      `${name} has ${operators.length} operators; at most ${maxOperators} are supported`,
      'split the network into smaller ones',
    );
  }
  const ops = operators.map((table, index) => readOp(table, index, codes, tensors.length));
  const ids = (field: number) =>
    graph.int32s(field, maxEntries).map((id) => tensorIndex(id, tensors.length, 'the subgraph'));
  return Object.freeze({ name, tensors, ops, inputs: ids(1), outputs: ids(2) });
}

interface OperatorCode {
  readonly builtin: number;
  readonly custom: string;
}

const builtinCustom = 32;
/** Files older than schema 3a keep the code in a byte; newer ones put this there when the code needs an int32. */
const placeholderCode = 127;

function readOperatorCode(table: FlatTable): OperatorCode {
  const old = table.int8(0, 0);
  return {
    builtin: old === placeholderCode ? table.int32(3, 0) : Math.max(old, table.int32(3, 0)),
    custom: table.string(1),
  };
}

function readOp(table: FlatTable, index: number, codes: readonly OperatorCode[], tensorCount: number): Op {
  const code = codes[table.uint32(0, 0)];
  if (!code) throw damaged(`operator ${index} refers to an operator code that is not there`);
  const where = `operator ${index}`;
  const stated = table
    .int32s(1, maxEntries)
    .map((id) => (id === -1 ? null : tensorIndex(id, tensorCount, where)));
  const outputs = table.int32s(2, maxEntries).map((id) => tensorIndex(id, tensorCount, where));
  const known = tfliteBinding(code.builtin);
  const label = code.builtin === builtinCustom ? `CUSTOM:${code.custom}` : builtinName(code.builtin);
  if (!known) return { id: index, kind: `tflite:${label}`, label, inputs: stated, outputs, attrs: {} };
  const { kind, binding } = known;
  const inputs = binding.inputs?.map((position) => stated[position] ?? null) ?? stated;
  return { id: index, kind, label, inputs, outputs, attrs: binding.attrs(optionsReader(table.table(4))) };
}

function tensorIndex(id: number, count: number, where: string): number {
  if (id < 0 || id >= count) throw damaged(`${where} refers to tensor ${id} of ${count}`);
  return id;
}

function optionsReader(table: FlatTable | null): OptionsReader {
  return {
    int: (field, fallback) => table?.int32(field, fallback) ?? fallback,
    byte: (field, fallback) => table?.int8(field, fallback) ?? fallback,
    float: (field, fallback) => table?.float32(field, fallback) ?? fallback,
    bool: (field, fallback) => (table?.uint8(field, fallback ? 1 : 0) ?? (fallback ? 1 : 0)) !== 0,
    ints: (field) => table?.int32s(field, maxEntries) ?? [],
  };
}

function readTensor(table: FlatTable, id: number, buffers: readonly FlatTable[], file: Uint8Array): Tensor {
  const name = table.string(3);
  const where = `tensor ${id} (${name})`;
  const shape = table.int32s(0, maxRank);
  if (shape.some((dim) => dim < 1)) throw damaged(`${where} has the impossible shape [${shape.join(', ')}]`);
  const code = table.int8(1, 0);
  const dtype = dtypeByCode.get(code);
  if (!dtype) {
    const type = otherTypes.get(code) ?? `type ${code}`;
    throw new ReflowError(
      'E_UNSUPPORTED',
      `${where} is ${type}`,
      'convert the network to int8, int16 or float32',
    );
  }
  if (tensorBytes({ dtype, shape }) > maxTensorBytes)
    throw damaged(`${where} claims to be larger than 2 GiB`);
  const data = readData(table, buffers, file, where);
  if (data !== null && data.length !== tensorBytes({ dtype, shape })) {
    throw damaged(
      `${where} has ${data.length} bytes of data where ${tensorBytes({ dtype, shape })} are needed`,
    );
  }
  return { id, name, dtype, shape, quant: readQuant(table.table(4), shape, dtype, where), data };
}

function readData(
  table: FlatTable,
  buffers: readonly FlatTable[],
  file: Uint8Array,
  where: string,
): Uint8Array | null {
  const index = table.uint32(2, 0);
  const buffer = buffers[index];
  if (!buffer) {
    if (index === 0) return null;
    throw damaged(`${where} refers to buffer ${index} of ${buffers.length}`);
  }
  const inside = buffer.bytes(0);
  if (inside.length > 0) return inside;
  // Files beyond 2 GB keep data after the FlatBuffer; offsets 0 and 1 mean "none".
  const offset = buffer.uint64(1);
  const size = buffer.uint64(2);
  if (offset <= 1n || size === 0n) return null;
  if (offset + size > BigInt(file.length)) throw damaged(`${where} has its data beyond the end of the file`);
  return file.subarray(Number(offset), Number(offset + size));
}

function readQuant(
  table: FlatTable | null,
  shape: readonly number[],
  dtype: DType,
  where: string,
): Quant | null {
  if (!table) return null;
  const scales = table.float32s(2, maxChannels);
  if (scales.length === 0) return null;
  const zeros = table.int64s(3, maxChannels).map(Number);
  const zeroPoints =
    zeros.length === 0 ? scales.map(() => 0) : zeros.length === 1 ? scales.map(() => zeros[0]!) : zeros;
  const axis = scales.length === 1 ? null : table.int32(6, 0);
  if (zeroPoints.length !== scales.length || (axis !== null && shape[axis] !== scales.length)) {
    throw damaged(
      `${where} has ${scales.length} scales and ${zeros.length} zero points for shape [${shape.join(', ')}]`,
    );
  }
  // Converters write scale 0 for constants that are all zeros.
  if (scales.some((scale) => !(scale >= 0) || !Number.isFinite(scale)))
    throw damaged(`${where} has a scale that is no number of at least 0`);
  const [min, max] = rangeOf(dtype === 'int8' || dtype === 'uint8' || dtype === 'int16' ? dtype : 'int32');
  if (zeroPoints.some((zero) => !(zero >= min && zero <= max)))
    throw damaged(`${where} has a zero point outside ${min} to ${max}`);
  return { scales, zeroPoints, axis };
}
