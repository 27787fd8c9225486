/** The plan's segments with their operators. */
import { tensorOf } from '../ir/graph.js';
import { dtypeBytes, elementCount, type Tensor } from '../ir/tensor.js';
import type { Emission, EmittedOp } from './emit-project.js';

export interface Segment {
  /** C identifier. */
  readonly name: string;
  /** Its operators in the order in which they start; null is the arrival of the input's rows. */
  readonly parts: readonly (EmittedOp | null)[];
  /** For each step, the position in `parts`. */
  readonly steps: readonly number[];
}

export function segmentsOf({ plan, ops }: Pick<Emission, 'plan' | 'ops'>): Segment[] {
  return plan.segments.map(({ first, last }, index) => {
    const ids = plan.steps.slice(first, last).map((step) => step.op);
    const order = [...new Set(ids)];
    const position = new Map(order.map((id, at) => [id, at]));
    return {
      name: `segment${index}`,
      parts: order.map((id) => (id === null ? null : ops.find((op) => op.index === id)!)),
      steps: ids.map((id) => position.get(id)!),
    };
  });
}

/** Whether a segment is emitted as a table of turns: several operators, or rows that arrive. */
export function isProgram({ parts }: Segment): boolean {
  return parts.length > 1 || parts.includes(null);
}

export const operatorsOf = ({ parts }: Segment): EmittedOp[] => parts.filter((part) => part !== null);

/** The input whose rows arrive one by one; null when all inputs are resident. */
export function streamedInput({ graph, plan }: Pick<Emission, 'graph' | 'plan'>): Tensor | null {
  const arrival = plan.steps.find((step) => step.op === null);
  return arrival ? tensorOf(graph, arrival.tensor!) : null;
}

/** Bytes of one row of an image. */
export function rowBytesOf(tensor: Tensor): number {
  return dtypeBytes[tensor.dtype] * elementCount(tensor.shape.slice(2));
}
