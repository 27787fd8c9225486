/** TensorProto to Constant: element types, the five places where a file may keep numbers, and data in a file beside it. */
import { type DType, dtypeBytes, elementCount, maxTensorBytes } from '../../ir/tensor.js';
import { type Constant, constantOf } from './constant.js';
import { damaged } from './fault.js';
import type { TensorProto } from './wire.js';

/** Bytes of a file beside the .onnx file by the name that the file gives it; null when there is none. */
export type ExternalReader = (location: string) => Uint8Array | null;

/** TensorProto.DataType, in the order of its numbers. */
const typeNames =
  `undefined float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64
  complex64 complex128 bfloat16 float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz uint4 int4 float4e2m1`.split(
    /\s+/,
  );

export function typeName(code: number): string {
  return typeNames[code] ?? `type ${code}`;
}

const sameHere = new Set<string>(['float32', 'uint8', 'int8', 'int16', 'int32', 'int64', 'bool']);

/** The element type of tensors that live at run time; null where reflow has none like it. */
export function dtypeOf(code: number): DType | null {
  const name = typeName(code);
  return sameHere.has(name) ? (name as DType) : null;
}

/** What constants of other types are read as: the next wider type that reflow has. */
const readAs: Readonly<
  Record<string, { as: DType; bytes: number; read(view: DataView, at: number): number }>
> = {
  float16: { as: 'float32', bytes: 2, read: (view, at) => halfFloat(view.getUint16(at, true)) },
  bfloat16: { as: 'float32', bytes: 2, read: (view, at) => brainFloat(view.getUint16(at, true)) },
  float64: { as: 'float32', bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  uint16: { as: 'int32', bytes: 2, read: (view, at) => view.getUint16(at, true) },
  uint32: { as: 'int64', bytes: 4, read: (view, at) => view.getUint32(at, true) },
  uint64: { as: 'int64', bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
};

/** The element type that constants of this type have here; null when they cannot be read. */
export function constantType(code: number): DType | null {
  return dtypeOf(code) ?? readAs[typeName(code)]?.as ?? null;
}

/** @throws ReflowError E_MODEL_FORMAT for data that is missing, of the wrong size or of a type that reflow cannot read */
export function readConstant(tensor: TensorProto, where: string, external: ExternalReader): Constant {
  const shape = tensor.dims.map(Number);
  if (shape.some((dim) => dim < 0 || dim > maxTensorBytes))
    throw damaged(`${where} has the shape [${shape}]`);
  const name = typeName(tensor.dataType);
  const dtype = constantType(tensor.dataType);
  if (!dtype) throw damaged(`${where} is ${name}, which reflow does not read`);
  const count = elementCount(shape);
  const width = readAs[name]?.bytes ?? dtypeBytes[dtype];
  if (count * Math.max(width, dtypeBytes[dtype]) > maxTensorBytes)
    throw damaged(`${where} claims to be larger than 2 GiB`);
  const raw = tensor.dataLocation === 1 ? externalBytes(tensor, where, external) : tensor.rawData;
  if (raw.length > 0 || tensor.dataLocation === 1) {
    if (raw.length !== count * width)
      throw damaged(`${where} has ${raw.length} bytes of data where ${count * width} are needed`);
    return fromRaw(dtype, name, shape, raw);
  }
  const values = listed(tensor, name);
  if (values.length !== count)
    throw damaged(`${where} has ${values.length} numbers where ${count} are needed`);
  return constantOf(dtype, shape, values);
}

function fromRaw(dtype: DType, name: string, shape: readonly number[], raw: Uint8Array): Constant {
  const other = readAs[name];
  if (!other) return { dtype, shape, data: dtype === 'bool' ? raw.map((byte) => (byte ? 1 : 0)) : raw };
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const values = Array.from({ length: raw.length / other.bytes }, (_, index) =>
    other.read(view, index * other.bytes),
  );
  return constantOf(dtype, shape, values);
}

/** The numbers of the typed lists; which list holds which type is said in the comments of onnx.proto3. */
function listed(tensor: TensorProto, name: string): readonly number[] {
  switch (name) {
    case 'float32':
      return tensor.floatData;
    case 'float64':
      return tensor.doubleData;
    case 'int64':
      return tensor.int64Data.map(Number);
    case 'uint32':
    case 'uint64':
      return tensor.uint64Data.map(Number);
    case 'float16':
      return tensor.int32Data.map(halfFloat);
    case 'bfloat16':
      return tensor.int32Data.map(brainFloat);
    default:
      return tensor.int32Data;
  }
}

/** Name of the file beside the .onnx file that holds a tensor's data; null when the .onnx file holds it. */
export function externalLocation(tensor: TensorProto): string | null {
  if (tensor.dataLocation !== 1) return null;
  return tensor.externalData.find(({ key }) => key === 'location')?.value ?? '';
}

function externalBytes(tensor: TensorProto, where: string, external: ExternalReader): Uint8Array {
  const entry = (name: string) => tensor.externalData.find(({ key }) => key === name)?.value;
  const location = externalLocation(tensor) ?? '';
  const file = external(location);
  if (!file)
    throw damaged(`${where} has its data in the file "${location}", which is not beside the network`);
  const offset = Number(entry('offset') ?? 0);
  const length = Number(entry('length') ?? file.length - offset);
  if (!(Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0))
    throw damaged(`${where} has no whole numbers as the place of its data`);
  if (offset + length > file.length) throw damaged(`${where} has its data beyond the end of "${location}"`);
  return file.subarray(offset, offset + length);
}

/** IEEE 754 binary16. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function brainFloat(bits: number): number {
  return new Float32Array(Uint32Array.of((bits & 0xffff) << 16).buffer)[0]!;
}
