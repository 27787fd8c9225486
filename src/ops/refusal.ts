/** The refusals that many operators share. Each returns null when there is nothing to refuse. */
import type { DType, Tensor } from '../ir/tensor.js';
import type { OpView, Refusal } from './op-def.js';
import { type Activation, isClamp, rangeOf } from './quantise.js';

/** The first of several checks that refuses; later ones are not run. */
export function firstRefusal(...checks: (() => Refusal | null)[]): Refusal | null {
  for (const check of checks) {
    const refusal = check();
    if (refusal) return refusal;
  }
  return null;
}

/** Refuses a tensor whose element type is not among `allowed`; `what` names its role. */
export function refuseDtype(tensor: Tensor, allowed: readonly DType[], what: string): Refusal | null {
  if (allowed.includes(tensor.dtype)) return null;
  return {
    reason: `${what} is ${tensor.dtype}; there are kernels for ${allowed.join(', ')}`,
    hint: 'quantise the network to int8, or keep it float32',
  };
}

/** Refuses outputs whose element type differs from the first input's. */
export function refuseMixedTypes(view: OpView, ...tensors: Tensor[]): Refusal | null {
  const first = view.input(0).dtype;
  const odd = tensors.find((tensor) => tensor.dtype !== first);
  return odd
    ? {
        reason: `tensor ${odd.id} is ${odd.dtype} beside ${first}`,
        hint: 'quantise the whole network the same way',
      }
    : null;
}

/** Refuses an operand that must be known at compile time. */
export function refuseComputed(tensor: Tensor | null, what: string): Refusal | null {
  if (tensor === null || tensor.data !== null) return null;
  return {
    reason: `${what} is computed at run time; it must be a constant`,
    hint: 'export the network with a fixed shape and frozen parameters',
  };
}

/** Refuses tensors of another rank. */
export function refuseRank(tensor: Tensor, ranks: readonly number[], what: string): Refusal | null {
  if (ranks.includes(tensor.shape.length)) return null;
  return {
    reason: `${what} has ${tensor.shape.length} dimensions; ${ranks.join(' or ')} are supported`,
    hint: 'reshape it in the network',
  };
}

const quantiseAgain = 'quantise the network again with the current TensorFlow Lite converter';

/**
 * Refuses int8, uint8 and int16 tensors that have not exactly one scale with a zero point inside their type, and plain
 * integers that claim a scale. Float tensors pass.
 */
export function refuseScale(...tensors: Tensor[]): Refusal | null {
  for (const tensor of tensors) {
    const { dtype, quant } = tensor;
    const what = `tensor ${tensor.id} (${tensor.name})`;
    if (dtype === 'float32') continue;
    if (dtype === 'int32' || dtype === 'int64' || dtype === 'bool') {
      if (quant) return { reason: `${what} is a quantised ${dtype}`, hint: quantiseAgain };
      continue;
    }
    if (!quant) return { reason: `${what} is ${dtype} without a scale`, hint: quantiseAgain };
    if (quant.scales.length !== 1)
      return { reason: `${what} has one scale per channel`, hint: 'quantise activations per tensor' };
    const [min, max] = rangeOf(dtype);
    const zero = quant.zeroPoints[0]!;
    if (!(zero >= min && zero <= max))
      return { reason: `${what} has the zero point ${zero}, outside ${dtype}`, hint: quantiseAgain };
  }
  return null;
}

/** `refuseScale`, and refuses int16 tensors that are not symmetric. */
export function refuseQuantisation(...tensors: Tensor[]): Refusal | null {
  const odd = tensors.find((tensor) => tensor.dtype === 'int16' && tensor.quant?.zeroPoints[0] !== 0);
  return (
    refuseScale(...tensors) ??
    (odd
      ? {
          reason: `tensor ${odd.id} (${odd.name}) is int16 with a zero point that is not 0`,
          hint: quantiseAgain,
        }
      : null)
  );
}

/** Refuses tensors that do not share one quantisation (operators that move or compare the raw integers). */
export function refuseDifferentScales(...tensors: Tensor[]): Refusal | null {
  const key = ({ quant }: Tensor) => JSON.stringify(quant && [quant.scales, quant.zeroPoints]);
  const odd = tensors.find((tensor) => key(tensor) !== key(tensors[0]!));
  return odd
    ? {
        reason: `tensor ${odd.id} (${odd.name}) has another scale than tensor ${tensors[0]!.id}`,
        hint: quantiseAgain,
      }
    : null;
}

/** Refuses sums of so many terms that 32 bits could overflow; `largestTerm` is the largest magnitude of one. */
export function refuseLongSum(terms: number, largestTerm: number): Refusal | null {
  if (terms * largestTerm <= 2 ** 31 - 1) return null;
  return {
    reason: `a sum of ${terms} terms can be beyond 32 bits`,
    hint: 'reduce in two steps, or use a smaller tensor',
  };
}

/** Largest magnitude of a quantised value, with its zero point taken off or not. */
export function largestValue({ dtype, quant }: Tensor): number {
  const zero = quant?.zeroPoints[0] ?? 0;
  const [min, max] = rangeOf(dtype);
  return Math.max(-min, max - zero, zero - min);
}

/** Refuses a fused activation that kernels cannot clamp for. */
export function refuseActivation(activation: Activation): Refusal | null {
  return isClamp(activation)
    ? null
    : {
        reason: `the fused activation ${activation} is not supported`,
        hint: 'use a separate activation layer',
      };
}
