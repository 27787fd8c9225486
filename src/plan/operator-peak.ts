/** What an order of operators costs, computed step by step; knows nothing of how orders are found. */
import { ReflowError } from '../base/error.js';
import type { OrderProblem } from './allocation.js';

/**
 * Peak of live bytes when the operators run in `order`: before the first, and during each (inputs, outputs, scratch
 * and all else alive; of the in-place pairs whose input dies there, the one that saves most counts).
 * @returns null when the order is not a permutation of the operators or runs one before its inputs are made
 */
export function operatorPeak(problem: OrderProblem, order: readonly number[]): number | null {
  const { tensors, ops } = problem;
  const uses = tensors.map(() => 0);
  const made = tensors.map(() => true);
  for (const op of ops) {
    for (const t of new Set(op.inputs)) uses[t]!++;
    for (const t of op.outputs) made[t] = false;
  }
  const waiting = new Set(ops.keys());
  const lasting = (t: number) => uses[t]! > 0 || tensors[t]!.keep === true;
  let live = 0;
  tensors.forEach(({ bytes }, t) => {
    if (made[t] && lasting(t)) live += bytes;
  });
  let peak = live;
  for (const v of order) {
    const op = ops[v];
    if (op === undefined || !waiting.delete(v)) return null;
    const inputs = new Set(op.inputs);
    for (const t of inputs) {
      if (!made[t]) return null;
      uses[t]!--;
    }
    for (const t of op.outputs) {
      made[t] = true;
      live += tensors[t]!.bytes;
    }
    let saved = 0;
    for (const [input, output] of op.inPlace ?? []) {
      if (!lasting(input)) saved = Math.max(saved, Math.min(tensors[input]!.bytes, tensors[output]!.bytes));
    }
    peak = Math.max(peak, live + (op.scratchBytes ?? 0) - saved);
    for (const t of [...inputs, ...op.outputs]) if (!lasting(t)) live -= tensors[t]!.bytes;
  }
  return waiting.size === 0 ? peak : null;
}

/** Operators in an order that respects their inputs, lowest index first; null when the graph has a cycle. */
export function topologicalOrder(problem: OrderProblem): number[] | null {
  const producer = new Map<number, number>();
  problem.ops.forEach((op, v) => {
    for (const t of op.outputs) producer.set(t, v);
  });
  const done = new Set<number>();
  const order: number[] = [];
  const ready = (v: number) =>
    problem.ops[v]!.inputs.every((t) => !producer.has(t) || done.has(producer.get(t)!));
  for (let grown = true; grown; ) {
    grown = false;
    for (const v of problem.ops.keys()) {
      if (done.has(v) || !ready(v)) continue;
      done.add(v);
      order.push(v);
      grown = true;
    }
  }
  return order.length === problem.ops.length ? order : null;
}

/** Throws E_PLAN when the operators depend on each other in a circle. */
export function requireAcyclic(problem: OrderProblem): void {
  if (topologicalOrder(problem) === null) {
    throw new ReflowError('E_PLAN', 'the operators depend on each other in a circle', 'check the graph');
  }
}
