/**
 * What firmware/qemu/block_trace.c writes: which blocks of code ran after which, how often, and what the chip's caches missed.
 * Pure; the format stands at the head of that file.
 */
import { ReflowError } from '../../base/error.js';
import { type Block, makeBlock } from './block.js';

/** Accesses to memory, and lines that caches did not have. Unaligned accesses by how a word or halfword lies. */
export interface MemoryCounts {
  readonly flashLoads: number;
  readonly flashMisses: number;
  readonly sramMisses: number;
  readonly fetchMisses: number;
  readonly half: number;
  readonly wordAtHalf: number;
  readonly wordAtByte: number;
}

export interface Edge {
  /** Null at the beginning of a run. */
  readonly from: Block | null;
  readonly to: Block;
  readonly count: number;
}

export interface Window {
  /** 0: outside of operators; k: the k-th time that an operator ran. */
  readonly number: number;
  readonly memory: MemoryCounts;
  readonly edges: readonly Edge[];
}

/** One inference. The same window may come in several pieces. */
export type TraceRun = readonly Window[];

const countNames = [
  'flashLoads',
  'flashMisses',
  'sramMisses',
  'fetchMisses',
  'half',
  'wordAtHalf',
  'wordAtByte',
] as const satisfies readonly (keyof MemoryCounts)[];

const header = 'reflow-trace 1';

/** What lies at an address of the image; null where there is no code. */
export type CodeAt = (address: number, bytes: number) => Uint8Array | null;

/**
 * The runs that a trace holds, in order; one that was cut off at the end is left out.
 * @throws ReflowError E_PROTOCOL when the text is not a trace
 */
export function readTrace(text: string, codeAt: CodeAt): readonly TraceRun[] {
  const lines = text.split('\n');
  if (lines[0] !== header) throw malformed(1);
  const blocks: Block[] = [];
  const runs: TraceRun[] = [];
  let run: Window[] | null = null;
  let edges: Edge[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line === '') continue;
    const [word, ...fields] = line.split(' ');
    const bad = () => malformed(index + 1);
    if (word === 'block') blocks.push(readBlock(fields, blocks.length, codeAt, bad));
    else if (word === 'run') run = [];
    else if (!run) throw bad();
    else if (word === 'window') {
      edges = [];
      run.push(readWindow(fields, edges, bad));
    } else if (word === 'edge') edges.push(readEdge(fields, blocks, bad));
    else if (word === 'done') {
      runs.push(run);
      run = null;
    } else throw bad();
  }
  return runs;
}

function readBlock(fields: readonly string[], expected: number, codeAt: CodeAt, bad: () => Error): Block {
  const [number, address, bytes] = fields;
  if (number !== String(expected) || !/^[0-9a-f]{1,8}$/.test(address ?? '')) throw bad();
  const code = codeAt(Number.parseInt(address!, 16), readCount(bytes, bad));
  if (!code || code.length === 0 || code.length > mostBlockBytes) throw bad();
  const block = makeBlock(Number.parseInt(address!, 16), code);
  if (block.instructions.reduce((sum, { bytes }) => sum + bytes, block.address) !== block.end) throw bad();
  return block;
}

/** QEMU ends a block after 512 instructions. */
const mostBlockBytes = 2048;

function readWindow(fields: readonly string[], edges: Edge[], bad: () => Error): Window {
  const [number, ...counts] = fields.map((field) => readCount(field, bad));
  if (number === undefined || counts.length !== countNames.length) throw bad();
  const memory = Object.fromEntries(countNames.map((name, at) => [name, counts[at]!]));
  return { number, memory: memory as Record<(typeof countNames)[number], number>, edges };
}

function readEdge(fields: readonly string[], blocks: readonly Block[], bad: () => Error): Edge {
  const [from, to, count] = fields;
  if (fields.length !== 3) throw bad();
  const blockAt = (field: string | undefined) => blocks[readCount(field, bad)] ?? null;
  const edge = { from: from === '-' ? null : blockAt(from), to: blockAt(to), count: readCount(count, bad) };
  if ((from !== '-' && !edge.from) || !edge.to) throw bad();
  return { ...edge, to: edge.to };
}

function readCount(field: string | undefined, bad: () => Error): number {
  const value = /^\d{1,16}$/.test(field ?? '') ? Number(field) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw bad();
  return value;
}

function malformed(line: number): ReflowError {
  return new ReflowError(
    'E_PROTOCOL',
    `line ${line} of the emulator's trace is malformed`,
    'report this together with the network',
  );
}

const noMemory: MemoryCounts = {
  flashLoads: 0,
  flashMisses: 0,
  sramMisses: 0,
  fetchMisses: 0,
  half: 0,
  wordAtHalf: 0,
  wordAtByte: 0,
};

/** Several windows as one: every edge once. */
export function sumWindows(windows: readonly Window[]): Window {
  const memory: Record<keyof MemoryCounts, number> = { ...noMemory };
  const edges = new Map<Block | null, Map<Block, number>>();
  for (const window of windows) {
    for (const name of countNames) memory[name] += window.memory[name];
    for (const { from, to, count } of window.edges) {
      const leaving = edges.get(from) ?? new Map<Block, number>();
      leaving.set(to, (leaving.get(to) ?? 0) + count);
      edges.set(from, leaving);
    }
  }
  return {
    number: windows[0]?.number ?? 0,
    memory,
    edges: [...edges].flatMap(([from, leaving]) => [...leaving].map(([to, count]) => ({ from, to, count }))),
  };
}

/** Instructions that ran, those whose condition did not hold included. */
export function instructionsOf({ edges }: Window): number {
  return edges.reduce((sum, { to, count }) => sum + count * to.instructions.length, 0);
}
