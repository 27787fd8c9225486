/** The refusals that many operators share. Each returns null when there is nothing to refuse. */
import type { DType, Tensor } from '../ir/tensor.js';
import type { OpView, Refusal } from './op-def.js';

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
