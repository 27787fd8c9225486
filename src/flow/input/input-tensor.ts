/** What the decoders of `--input` share: the tensor they fill, what they return, and how they refuse. */
import { ReflowError } from '../../base/error.js';
import { type DType, elementCount } from '../../ir/tensor.js';

/** The network's input: real value = scale * (stored value - zeroPoint). Scale null: the stored value is the real one. */
export interface InputTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly scale: number | null;
  readonly zeroPoint: number | null;
}

/**
 * What a file holds: the tensor's own bytes (`raw`), or one real number per element, still to be quantised (`real`).
 * `convention` says in words how the file's numbers were read.
 */
export type Decoded =
  | { readonly kind: 'raw'; readonly bytes: Uint8Array; readonly convention: string }
  | { readonly kind: 'real'; readonly values: ArrayLike<number>; readonly convention: string };

/** Refuses a file: E_INPUT with its name, what is wrong and what to do. */
export type Refuse = (what: string, hint: string) => ReflowError;

export function refusalFor(name: string): Refuse {
  return (what, hint) => new ReflowError('E_INPUT', `${name}: ${what}`, hint);
}

/** A shape for messages: `1x49x10x1`; `scalar` for []. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('x');
}

/** A message's words for what the network wants: `49x10 of int8 (490 elements)`. */
export function wanted(tensor: InputTensor): string {
  return `${shapeText(tensor.shape)} of ${tensor.dtype} (${elementCount(tensor.shape)} elements)`;
}
