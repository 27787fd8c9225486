/** Ways to make a network fit, or smaller: each is planned, so that its bytes are known and not guessed. */
import type { Board } from '../hw/board.js';
import type { Graph } from '../ir/graph.js';
import type { Plan } from '../plan/plan.js';
import type { MemoryPlanOptions } from '../plan/plan-memories.js';
import { planNetwork } from './compile-graph.js';
import { flashAdvice, grouped, moveAdvice } from './memory-advice.js';

export interface AdviceQuestion {
  readonly graph: Graph;
  readonly board: Board;
  /** The plan to improve on, and what it was made with. */
  readonly plan: Plan;
  readonly options: MemoryPlanOptions;
  /** Bytes that the arena may take in its first memory. */
  readonly roomBytes: number;
  /** Bytes of constants that the memory for weights lacks; 0 when they fit. */
  readonly missingFlashBytes: number;
}

interface Change {
  readonly words: string;
  readonly cost: string;
  readonly options: Partial<MemoryPlanOptions>;
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
  const { plan } = question;
  const ways = changes.flatMap((change) => {
    const changed = planWith(question, change);
    if (changed === null || changed.arenaBytes >= plan.arenaBytes) return [];
    return [{ change, arenaBytes: changed.arenaBytes, fits: isWithin(question, changed) }];
  });
  // Whoever pays more wants more for it.
  const worth = ways.filter((way, i) =>
    ways.slice(0, i).every((cheaper) => cheaper.arenaBytes > way.arenaBytes),
  );
  const fitting = worth.filter(({ fits }) => fits);
  const others = worth.filter((way) => !fitting.includes(way));
  others.sort((a, b) => a.arenaBytes - b.arenaBytes);
  const line = ({ change, arenaBytes, fits }: (typeof ways)[number]) => {
    const verdict = isWithin(question, plan) ? '' : fits ? ', fits' : ', still too large';
    const saved = grouped(plan.arenaBytes - arenaBytes);
    return `plan with ${change.words}: -${saved} bytes (arena ${grouped(arenaBytes)}${verdict}); ${change.cost}`;
  };
  const moves = isWithin(question, plan) ? [] : moveAdvice(question);
  return [...fitting.map(line), ...moves, ...others.map(line), ...flashAdvice(question)];
}

/** A plan in several memories, or in another than the first, was made to fit them. */
function isWithin({ options, roomBytes }: AdviceQuestion, { regions }: Plan): boolean {
  return regions.every(
    ({ name, bytes }) => name !== options.region || regions.length > 1 || bytes <= roomBytes,
  );
}

/** The plan after a change; null when that is how it is planned already, or cannot be. */
function planWith({ graph, options }: AdviceQuestion, change: Change): Plan | null {
  const ranks = ['speed', 'balanced', 'ram'];
  const changed = { ...options, ...change.options };
  if (changed.input === options.input && changed.objective === options.objective) return null;
  if (ranks.indexOf(changed.objective) < ranks.indexOf(options.objective)) return null;
  if (changed.input === 'streamed' && images(graph) !== 1) return null;
  if (options.input === 'streamed' && change.options.input === 'streamed') return null;
  return planNetwork(graph, { ...changed, seconds: options.seconds / changes.length });
}

function images(graph: Graph): number {
  const shapes = graph.inputs.map((id) => graph.tensors.find((tensor) => tensor.id === id)!.shape);
  return shapes.filter((shape) => shape.length === 4 && shape[0] === 1 && shape[1]! > 1).length;
}
