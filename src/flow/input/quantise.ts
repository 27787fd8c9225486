/** Real numbers to the bytes of a tensor, and the range of real numbers that a tensor can hold. */
import { type DType, dtypeBytes } from '../../ir/tensor.js';
import type { InputTensor, Refuse } from './input-tensor.js';

const limits: Readonly<Record<Exclude<DType, 'float32' | 'int64'>, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  int32: [-2147483648, 2147483647],
  bool: [0, 1],
};

/** Smallest and largest real number of a quantised tensor; null for types without limits of their own. */
export function realRange(tensor: InputTensor): readonly [number, number] | null {
  if (tensor.dtype === 'float32' || tensor.dtype === 'int64') return null;
  const [low, high] = limits[tensor.dtype];
  const scale = tensor.scale ?? 1;
  const zeroPoint = tensor.zeroPoint ?? 0;
  return [(low - zeroPoint) * scale, (high - zeroPoint) * scale];
}

/** Rounds halves away from zero, as TFLite's quantisation does. */
function roundHalfAway(x: number): number {
  return x < 0 ? -Math.round(-x) : Math.round(x);
}

/**
 * Little-endian bytes of the tensor: q = round(x / scale) + zeroPoint, halves away from zero, then clamped to the type.
 * The division is in float32, as in TFLite's AffineQuantize (tensorflow/lite/kernels/internal/reference/quantize.h).
 * A value that is not a number is refused; infinities clamp.
 */
export function quantise(values: ArrayLike<number>, tensor: InputTensor, refuse: Refuse): Uint8Array {
  const { dtype } = tensor;
  const bytes = new Uint8Array(values.length * dtypeBytes[dtype]);
  const view = new DataView(bytes.buffer);
  const scale = Math.fround(tensor.scale ?? 1);
  const zeroPoint = tensor.zeroPoint ?? 0;
  for (let i = 0; i < values.length; i += 1) {
    const x = values[i]!;
    if (Number.isNaN(x)) throw refuse(`element ${i} is not a number`, 'repair the file');
    if (dtype === 'float32') view.setFloat32(4 * i, x, true);
    else store(view, i, dtype, roundHalfAway(Math.fround(Math.fround(x) / scale)) + zeroPoint);
  }
  return bytes;
}

function store(view: DataView, index: number, dtype: Exclude<DType, 'float32'>, q: number): void {
  if (dtype === 'int64') {
    const edge = 2 ** 63;
    const whole = q >= edge ? 2n ** 63n - 1n : BigInt(Math.max(q, -edge));
    view.setBigInt64(8 * index, whole, true);
    return;
  }
  const [low, high] = limits[dtype];
  const clamped = Math.min(high, Math.max(low, q));
  if (dtype === 'int8') view.setInt8(index, clamped);
  else if (dtype === 'int16') view.setInt16(2 * index, clamped, true);
  else if (dtype === 'int32') view.setInt32(4 * index, clamped, true);
  else view.setUint8(index, clamped);
}
