/** The plan's segments with their operators. */
import type { Emission, EmittedOp } from './emit-project.js';

export interface Segment {
  /** C identifier. */
  readonly name: string;
  /** Its operators in the order in which they start. */
  readonly parts: readonly EmittedOp[];
  /** For each step, the operator's position in `parts`. */
  readonly steps: readonly number[];
}

export function segmentsOf({ plan, ops }: Emission): Segment[] {
  return plan.segments.map(({ first, last }, index) => {
    const ids = plan.steps.slice(first, last).map((step) => step.op);
    const order = [...new Set(ids)];
    const position = new Map(order.map((id, at) => [id, at]));
    return {
      name: `segment${index}`,
      parts: order.map((id) => ops.find((op) => op.index === id)!),
      steps: ids.map((id) => position.get(id)!),
    };
  });
}
