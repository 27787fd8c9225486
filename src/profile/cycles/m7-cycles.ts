/**
 * Cycles of a Cortex-M7 whose memory never makes it wait: up to two instructions a cycle, in order, branches predicted. Pure.
 *
 * Facts from LLVM's scheduling model of the Cortex-M7 (ARMScheduleM7.td); from GCC's (cortex-m7.md) that memory is accessed once
 * a cycle, and that several registers take a cycle a pair. docs/cycles.md has the rules as a table, and what they were
 * checked against.
 */
import { type Block, isTaken } from './block.js';
import { type Instruction, type Kind, pc } from './instruction.js';

const divideCycles = 7;
const singles: readonly Kind[] = ['loads', 'stores', 'divide', 'table', 'system'];

/** Of a block that follows `from` (null: of a block at the beginning). */
export function m7Cycles(from: Block | null, block: Block): number {
  const pipeline = new Pipeline();
  if (from) {
    pipeline.run(from);
    if (isTaken(from, block)) pipeline.endGroup();
  }
  const before = pipeline.cycles;
  pipeline.run(block);
  return pipeline.cycles - before;
}

const longAgo = -100;

/** A pipeline that starts empty. */
class Pipeline {
  #cycle = 0;
  /** What this cycle has taken, in order. */
  #issued: Instruction[] = [];
  /** First cycle that nothing before occupies. */
  #free = 0;
  /** First cycles in which r0 to r14 (and the flags), and s0 to s31, can be read. */
  readonly #ready = new Array<number>(17).fill(longAgo);
  readonly #floatReady = new Array<number>(32).fill(longAgo);

  /** Up to the last instruction's, that one included. */
  get cycles(): number {
    return this.#issued.length === 0 ? 0 : this.#cycle + 1;
  }

  run(block: Block): void {
    for (const instruction of block.instructions) this.#issue(instruction);
  }

  /** What follows gets a cycle of its own. */
  endGroup(): void {
    this.#free = Math.max(this.#free, this.cycles);
  }

  #issue(instruction: Instruction): void {
    const own = canJoin(this.#issued, instruction) ? this.#cycle : this.#cycle + 1;
    const at = Math.max(own, this.#free, this.#operandsAt(instruction));
    if (at > this.#cycle) this.#issued = [];
    this.#cycle = at;
    this.#issued.push(instruction);
    const occupied = occupancy(instruction);
    if (occupied > 1) this.#free = at + occupied;
    set(this.#ready, instruction.base, at);
    set(this.#ready, instruction.writes & ~pc, at + latency(instruction));
    set(this.#floatReady, instruction.floatWrites, at + latency(instruction));
  }

  #operandsAt({ reads, early, late, floatReads, floatLate }: Instruction): number {
    return Math.max(
      latest(this.#ready, reads),
      latest(this.#ready, early & ~pc) + 1,
      latest(this.#ready, late) - 1,
      latest(this.#floatReady, floatReads),
      latest(this.#floatReady, floatLate) - floatLateCycles,
    );
  }
}

/** Accumulators of floating point. */
const floatLateCycles = 3;

function latest(ready: readonly number[], registers: number): number {
  let time = Number.NEGATIVE_INFINITY;
  for (let rest = registers, at = 0; rest !== 0; rest >>>= 1, at++) {
    if (rest & 1) time = Math.max(time, ready[at] ?? 0);
  }
  return time;
}

function set(ready: number[], registers: number, time: number): void {
  for (let rest = registers, at = 0; rest !== 0; rest >>>= 1, at++) if (rest & 1) ready[at] = time;
}

/** Whether a cycle that has taken `issued` takes `next` too; operands are looked at elsewhere. */
function canJoin(issued: readonly Instruction[], next: Instruction): boolean {
  const [first, second] = issued;
  if (!first) return true;
  if (second || isSingle(first) || isSingle(next) || next.kind === 'simd') return false;
  return unit(first) !== unit(next) || unit(next) === 'arithmetic' ? !(first.shifts && next.shifts) : false;
}

function isSingle({ kind, width }: Instruction): boolean {
  return singles.includes(kind) || width === 8;
}

/** Everything but simple arithmetic is there once. */
function unit({ kind }: Instruction): string {
  switch (kind) {
    case 'load':
    case 'store':
      return 'memory';
    case 'branch':
    case 'call':
    case 'jump':
      return 'branch';
    case 'float':
    case 'float-accumulate':
    case 'float-divide':
      return 'float';
    case 'multiply':
      return 'multiply';
    default:
      return 'arithmetic';
  }
}

/** Cycles in which nothing else is taken. */
function occupancy({ kind, words }: Instruction): number {
  if (kind === 'divide') return divideCycles;
  if (kind === 'table') return 2;
  return kind === 'loads' || kind === 'stores' ? Math.max(1, Math.ceil(words / 2)) : 1;
}

/** Cycles from execution to result. */
function latency(instruction: Instruction): number {
  switch (instruction.kind) {
    case 'simd':
      return instruction.latency;
    case 'multiply':
      return 2;
    case 'load':
      return instruction.width === 4 ? 1 : 2;
    case 'loads':
    case 'divide':
      return occupancy(instruction);
    case 'float':
      return 3;
    case 'float-accumulate':
      return 6;
    case 'float-divide':
      return 16;
    default:
      return 1;
  }
}
