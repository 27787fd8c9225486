/** The kernels among which the planner chooses for each operator: less working memory costs instructions. */
import { elementCount } from '../ir/tensor.js';
import { callChoices, defOf } from '../ops/index.js';
import type { Instructions, KernelCall, KernelSet, OpView } from '../ops/op-def.js';

export interface KernelChoice {
  /** Position in `callChoices`. */
  readonly choice: number;
  readonly scratchBytes: number;
  /** Of a Cortex-M4, estimated. */
  readonly instructions: Instructions;
}

export interface Kernels {
  readonly sets: readonly KernelSet[];
  /** Fastest first, each with less scratch than the one before it. */
  choices(view: OpView): readonly KernelChoice[];
}

/** Asks each operator once, whole and by rows: preparing the calls of fast kernels takes a while. */
export function kernelsOf(sets: readonly KernelSet[]): Kernels {
  const known = new Map<string, readonly KernelChoice[]>();
  const choices = (view: OpView) => {
    const key = `${view.op.id} ${view.output(0).shape}`;
    const list = known.get(key) ?? choicesOf(view, sets);
    known.set(key, list);
    return list;
  };
  return { sets, choices };
}

function choicesOf(view: OpView, sets: readonly KernelSet[]): KernelChoice[] {
  const list: KernelChoice[] = [];
  for (const [choice, calls] of callChoices(view, sets).entries()) {
    const scratchBytes = calls.reduce((most, call) => Math.max(most, call.scratchBytes), 0);
    if (list.length > 0 && scratchBytes >= list.at(-1)!.scratchBytes) continue;
    list.push({ choice, scratchBytes, instructions: instructionsOf(view, calls) });
  }
  return list;
}

/** What the calls state; roughly what other kernels take, which have no choices. */
function instructionsOf(view: OpView, calls: readonly KernelCall[]): Instructions {
  const stated = calls.map(({ instructions }) => instructions);
  if (stated.every((one) => one !== undefined))
    return {
      whole: stated.reduce((sum, one) => sum + one.whole, 0),
      byRow: stated.reduce((sum, one) => sum + one.byRow, 0),
    };
  const macs = defOf(view.op).macs(view);
  const fast = calls.every(({ kernel }) => kernel.endsWith('_dsp'));
  const elements = view.outputs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const whole = macs * (fast ? 1.3 : 8) + elements * 4 + instructionsPerCall;
  const accumulates = calls.some(({ form }) => form === 'accumulate');
  const [, rows = 1] = (accumulates ? view.input(0) : view.output(0)).shape;
  // Sums are fetched and put back for each row.
  const sums = accumulates ? 6 * elements : 0;
  return { whole, byRow: whole + rows * (instructionsPerCall + sums) };
}

const instructionsPerCall = 60;
