/**
 * Bare allocation problems as files: MiniMalloc's CSV (google/minimalloc README): a header that names the columns
 * `id,lower,upper,size` and, when wanted, `alignment`; one buffer a line; lifetimes are half open.
 */
import { ReflowError } from '../base/error.js';
import {
  type AllocationBuffer,
  type AllocationProblem,
  type AllocationSolution,
  type PlanSolver,
  validateAllocation,
} from './allocation.js';

/** A problem read from a file; `ids[i]` is the name of buffer i there. */
export interface Instance extends AllocationProblem {
  readonly ids: readonly string[];
}

const required = ['id', 'lower', 'upper', 'size'] as const;
const optional = ['alignment'] as const;
type Column = (typeof required)[number] | (typeof optional)[number];

function reject(line: number, what: string): never {
  throw new ReflowError(
    'E_INPUT',
    `line ${line}: ${what}`,
    'correct the CSV: columns id,lower,upper,size; whole numbers',
  );
}

/**
 * Reads MiniMalloc's CSV.
 * @throws ReflowError E_INPUT that names the line: bad header, missing or extra fields, numbers that are not whole,
 *   negative or too large, `upper` not above `lower`, empty sizes, an id used twice, no buffer at all
 */
export function parseInstance(text: string): Instance {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const columns = parseHeader(lines[0] ?? '');
  const ids: string[] = [];
  const buffers: AllocationBuffer[] = [];
  const seen = new Map<string, number>();
  lines.forEach((line, i) => {
    if (i === 0 || line.trim() === '') return;
    const fields = line.split(',').map((field) => field.trim());
    if (fields.length !== columns.length)
      reject(i + 1, `${fields.length} fields instead of ${columns.length}`);
    const value = (column: Column) => fields[columns.indexOf(column)]!;
    const id = value('id');
    if (id === '') reject(i + 1, 'the id is empty');
    if (seen.has(id)) reject(i + 1, `id ${quote(id)} was already used on line ${seen.get(id)}`);
    seen.set(id, i + 1);
    const lower = parseWhole(value('lower'), 'lower', i + 1);
    const upper = parseWhole(value('upper'), 'upper', i + 1);
    const size = parseWhole(value('size'), 'size', i + 1);
    if (upper <= lower) reject(i + 1, `upper ${upper} is not above lower ${lower}`);
    if (size === 0) reject(i + 1, 'the size is 0');
    ids.push(id);
    if (columns.includes('alignment')) {
      const alignment = parseWhole(value('alignment'), 'alignment', i + 1);
      if (alignment === 0) reject(i + 1, 'the alignment is 0');
      buffers.push({ lower, upper, size, alignment });
    } else {
      buffers.push({ lower, upper, size });
    }
  });
  if (buffers.length === 0) reject(1, 'there is no buffer below the header');
  const total = buffers.reduce((sum, b) => sum + b.size + (b.alignment ?? 1), 0);
  if (!Number.isSafeInteger(total)) reject(lines.length, `all sizes together (${total}) exceed 2^53`);
  return { ids, buffers };
}

function parseHeader(line: string): Column[] {
  const names = line.split(',').map((name) => name.trim().toLowerCase());
  const known: readonly string[] = [...required, ...optional];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) reject(1, `column ${quote(unknown)} is not one of ${known.join(', ')}`);
  const missing = required.find((name) => !names.includes(name));
  if (missing !== undefined) reject(1, `column ${missing} is missing`);
  if (new Set(names).size !== names.length) reject(1, 'a column is named twice');
  return names as Column[];
}

/** A decimal integer from 0 to 2^53 - 1; nothing that a lenient parser would take for a number. */
function parseWhole(text: string, what: string, line: number): number {
  if (/^-\d+$/.test(text)) reject(line, `${what} is negative (${quote(text)})`);
  if (!/^\d+$/.test(text)) reject(line, `${what} is ${quote(text)}, not a whole number`);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) reject(line, `${what} ${quote(text)} exceeds 2^53 - 1`);
  return value;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

export interface PlanInstanceOptions {
  /** Bytes to fit into: the search ends at the first layout that does. Without it the height is minimised. */
  readonly capacity?: number;
  readonly seconds: number;
  readonly seed: number;
  readonly solver: PlanSolver;
  /** Seconds of any monotonic clock. */
  readonly now: () => number;
}

/** The result of `planInstance`; `gap` is (height - lowerBound) / lowerBound. */
export interface InstancePlan extends AllocationSolution {
  readonly gap: number;
  readonly seconds: number;
  /** Whether the height is within the capacity; null when none was given. */
  readonly fits: boolean | null;
}

/**
 * Solves a bare allocation problem. The layout is returned even when it exceeds the capacity.
 * @throws ReflowError E_PLAN when the problem is not valid, E_USAGE when capacity or seconds are not
 */
export function planInstance(problem: AllocationProblem, options: PlanInstanceOptions): InstancePlan {
  const { capacity, seconds, seed, solver, now } = options;
  if (capacity !== undefined && !(Number.isSafeInteger(capacity) && capacity >= 0)) {
    throw new ReflowError(
      'E_USAGE',
      `the capacity is ${capacity}`,
      'give the capacity in bytes, a whole number',
    );
  }
  if (!(seconds >= 0) || !Number.isSafeInteger(seed) || seed < 0) {
    throw new ReflowError(
      'E_USAGE',
      `seconds ${seconds}, seed ${seed}`,
      'give seconds >= 0 and a whole seed >= 0',
    );
  }
  validateAllocation(problem);
  const start = now();
  const solution = solver.solveOffsets(problem, { seconds, seed }, capacity);
  return {
    ...solution,
    gap: solution.lowerBound > 0 ? (solution.height - solution.lowerBound) / solution.lowerBound : 0,
    seconds: now() - start,
    fits: capacity === undefined ? null : solution.height <= capacity,
  };
}
