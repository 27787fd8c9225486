/** Cycles of a network and of its operators, from a trace. Pure. */
import { ReflowError } from '../../base/error.js';
import type { Timing } from '../../hw/timing.js';
import { type CycleCost, costOf } from './cost.js';
import { type CodeAt, readTrace, sumWindows, type Window } from './trace.js';

export interface NetworkCycles {
  /** Of one warm inference. */
  readonly whole: CycleCost;
  /** By position in the network's list. Their sum leaves out what runs between them. */
  readonly operators: readonly CycleCost[];
}

/**
 * @param text a trace of the inferences that `runTraced` lets run
 * @param codeAt what lies in the image that ran
 * @param operators position of the operator of every window of the last one, in order
 * @param count how many operators the network has
 * @throws ReflowError E_PROTOCOL when the trace is malformed or of other inferences
 */
export function modelCycles(
  text: string,
  codeAt: CodeAt,
  operators: readonly number[],
  count: number,
  timing: Timing,
): NetworkCycles {
  const runs = readTrace(text, codeAt);
  const [, whole] = runs;
  const cut = runs.at(-1);
  const windows: Window[][] = Array.from({ length: count }, () => []);
  for (const window of cut ?? []) {
    if (window.number === 0) continue;
    const list = windows[operators[window.number - 1] ?? -1];
    if (!list) throw mismatch();
    list.push(window);
  }
  if (!whole || runs.length < 3 || (cut ?? []).every(({ number }) => number !== operators.length)) {
    throw mismatch();
  }
  return {
    whole: costOf(sumWindows(whole), timing),
    operators: windows.map((list) => costOf(sumWindows(list), timing)),
  };
}

function mismatch(): ReflowError {
  return new ReflowError(
    'E_PROTOCOL',
    "the emulator's trace does not show the operators that ran",
    'report this together with the network',
  );
}
