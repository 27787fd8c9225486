/** Ways to make a network fit, or smaller: each is planned, so that its bytes are known and not guessed. */
import type { Board, Memory } from '../hw/board.js';
import type { Graph } from '../ir/graph.js';
import type { Plan } from '../plan/plan.js';
import type { PlanOptions } from '../plan/plan-graph.js';
import { planNetwork } from './compile-graph.js';

export interface AdviceQuestion {
  readonly graph: Graph;
  readonly board: Board;
  /** The plan to improve on, and what it was made with. */
  readonly plan: Plan;
  readonly options: PlanOptions;
  /** Bytes that the arena may take in its memory. */
  readonly roomBytes: number;
  /** Bytes of constants that the memory for weights lacks; 0 when they fit. */
  readonly missingFlashBytes: number;
}

interface Change {
  readonly words: string;
  readonly cost: string;
  readonly options: Partial<PlanOptions>;
}

/** What each change costs grows down the list. */
const changes: readonly Change[] = [
  {
    words: '--objective balanced',
    cost: 'operators run row by row, every row computed once',
    options: { objective: 'balanced' },
  },
  {
    words: '--objective ram',
    cost: 'kernels with less working memory take longer',
    options: { objective: 'ram' },
  },
  {
    words: '--input streamed',
    cost: 'the firmware delivers the input row by row',
    options: { input: 'streamed' },
  },
  {
    words: '--input streamed --objective ram',
    cost: 'the firmware delivers the input row by row; kernels with less working memory take longer',
    options: { input: 'streamed', objective: 'ram' },
  },
];

/** One line each, with bytes and cost: first what makes it fit, the cheapest first; then what brings most. */
export function adviceFor(question: AdviceQuestion): string[] {
  const { plan, roomBytes, missingFlashBytes } = question;
  const ways = changes.flatMap((change) => {
    const arenaBytes = arenaWith(question, change);
    return arenaBytes === null || arenaBytes >= plan.arenaBytes ? [] : [{ change, arenaBytes }];
  });
  // Whoever pays more wants more for it.
  const worth = ways.filter((way, i) =>
    ways.slice(0, i).every((cheaper) => cheaper.arenaBytes > way.arenaBytes),
  );
  const fitting = worth.filter(({ arenaBytes }) => arenaBytes <= roomBytes);
  const others = worth.filter((way) => !fitting.includes(way));
  others.sort((a, b) => a.arenaBytes - b.arenaBytes);
  const lines = [...fitting, ...others].map(({ change, arenaBytes }) => {
    const fits = plan.arenaBytes <= roomBytes ? '' : arenaBytes <= roomBytes ? ', fits' : ', still too large';
    const saved = grouped(plan.arenaBytes - arenaBytes);
    return `plan with ${change.words}: -${saved} bytes (arena ${grouped(arenaBytes)}${fits}); ${change.cost}`;
  });
  return [...lines, ...otherMemories(question), ...flashAdvice(missingFlashBytes)];
}

/** The arena after a change; null when that is how it is planned already, or cannot be. */
function arenaWith({ graph, options }: AdviceQuestion, change: Change): number | null {
  const ranks = ['speed', 'balanced', 'ram'];
  const changed = { ...options, ...change.options };
  if (changed.input === options.input && changed.objective === options.objective) return null;
  if (ranks.indexOf(changed.objective) < ranks.indexOf(options.objective)) return null;
  if (changed.input === 'streamed' && images(graph) !== 1) return null;
  if (options.input === 'streamed' && change.options.input === 'streamed') return null;
  return planNetwork(graph, { ...changed, seconds: options.seconds / changes.length }).arenaBytes;
}

function images(graph: Graph): number {
  const shapes = graph.inputs.map((id) => graph.tensors.find((tensor) => tensor.id === id)!.shape);
  return shapes.filter((shape) => shape.length === 4 && shape[0] === 1 && shape[1]! > 1).length;
}

function otherMemories({ board, plan, options, roomBytes }: AdviceQuestion): string[] {
  if (plan.arenaBytes <= roomBytes) return [];
  const isLarger = ({ name, kind, bytes }: Memory) =>
    name !== options.region && kind.endsWith('ram') && bytes >= plan.arenaBytes;
  return board.memories.filter(isLarger).map(({ name, bytes, kind }) => {
    const slower = kind === 'external-ram' ? 'external memory is slower' : 'a change of the board file';
    return `put the arena into ${name}, ${grouped(bytes)} bytes: ${slower}`;
  });
}

function flashAdvice(missingBytes: number): string[] {
  if (missingBytes <= 0) return [];
  return [
    `${grouped(missingBytes)} bytes of weights have no place in flash: quantise to int8, use a narrower network or a larger board`,
  ];
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
