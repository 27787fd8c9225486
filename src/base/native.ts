/**
 * Finds and loads the planner's native module, a Node addon built by `tools/build-native.mjs`. It is optional: where
 * it is missing or does not load, `loadNativePlanner` gives null and the TypeScript solver takes its place.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Arrays of one entry per buffer; `fixed` -1 is free, `pairs` flat triples (lower, upper, delta), `capacity` -1 none. */
export interface NativeOffsetProblem {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly size: Float64Array;
  readonly align: Float64Array;
  readonly fixed: Float64Array;
  readonly pairs: Float64Array;
  readonly capacity: number;
}

/** `nodes` 0 is no limit. */
export interface NativeEffort {
  readonly seconds: number;
  readonly nodes: number;
  readonly seed: number;
  readonly threads: number;
}

export interface NativeOrderProblem {
  readonly bytes: Float64Array;
  readonly keep: readonly boolean[];
  readonly ops: readonly {
    readonly inputs: readonly number[];
    readonly outputs: readonly number[];
    readonly scratch: number;
    /** Flat pairs (input, output). */
    readonly inPlace: readonly number[];
  }[];
}

/** The addon's exports. They throw on malformed problems and never on hard ones. */
export interface NativePlanner {
  solveOffsets(
    problem: NativeOffsetProblem,
    limits: NativeEffort,
  ): { offsets: Float64Array; height: number; lowerBound: number };
  solveOperatorOrder(
    problem: NativeOrderProblem,
    limits: NativeEffort,
  ): { order: number[]; peak: number; lowerBound: number };
}

/** Where the build puts the addon of this platform: beside the compiled sources, in dist/native. */
export function nativePlannerPath(): string {
  return fileURLToPath(
    new URL(`../../native/planner-${process.platform}-${process.arch}.node`, import.meta.url),
  );
}

/** The addon at `path`, or null when there is none, it is damaged, or it lacks a function. */
export function loadNativePlanner(path: string = nativePlannerPath()): NativePlanner | null {
  let loaded: unknown;
  try {
    loaded = createRequire(import.meta.url)(path);
  } catch {
    return null;
  }
  return isNativePlanner(loaded) ? loaded : null;
}

function isNativePlanner(value: unknown): value is NativePlanner {
  if (typeof value !== 'object' || value === null) return false;
  const names = ['solveOffsets', 'solveOperatorOrder'];
  return names.every((name) => typeof Reflect.get(value, name) === 'function');
}
