/** Advice to use memories of the board that its file does not list for activations or weights: each is planned. */
import { type Memory, memoryFor } from '../hw/board.js';
import { cyclesPerByte } from '../hw/memory-cost.js';
import { tensorOf } from '../ir/graph.js';
import { accessCycles, trafficOf } from '../plan/memory-traffic.js';
import { placeWeights } from '../plan/place-weights.js';
import type { Plan } from '../plan/plan.js';
import { planInMemories } from '../plan/plan-memories.js';
import type { AdviceQuestion } from './advice.js';

/** What goes to each RAM that the file does not list for the arena, if that makes it fit; the cheapest first. */
export function moveAdvice({ graph, board, options, roomBytes }: AdviceQuestion): string[] {
  const first = memoryFor(board, 'arena');
  const listed = options.memories ?? [{ name: first.name, roomBytes, cyclesPerByte: cyclesPerByte(first) }];
  const others = board.memories.filter(({ kind, uses }) => kind.endsWith('ram') && !uses.includes('arena'));
  others.sort((a, b) => cyclesPerByte(a) - cyclesPerByte(b));
  return others.flatMap((memory) => {
    const added = { name: memory.name, roomBytes: memory.bytes, cyclesPerByte: cyclesPerByte(memory) };
    const plan = planInMemories(graph, { ...options, memories: [...listed, added], weights: [] });
    const fits = plan.regions.every(
      ({ name, bytes }) => bytes <= ([...listed, added].find((one) => one.name === name)?.roomBytes ?? 0),
    );
    const region = plan.regions.find(({ name }) => name === memory.name);
    if (!fits || !region) return [];
    const prices = new Map(board.memories.map((one) => [one.name, cyclesPerByte(one)]));
    const here = new Map(board.memories.map((one) => [one.name, cyclesPerByte(first)]));
    const cycles = accessCycles(graph, plan, prices) - accessCycles(graph, plan, here);
    const what = plan.regions.length === 1 ? 'the arena' : movedText(plan, memory.name);
    return [
      `move ${what} to ${memory.name}: ${grouped(region.bytes)} bytes there, fits; ${costText(cycles)}; ${listText(memory, 'arena')}`,
    ];
  });
}

function movedText(plan: Plan, name: string): string {
  const inIt = plan.buffers.filter(({ region }) => region === name);
  const tensors = [...new Set(inIt.flatMap(({ tensor }) => (tensor === null ? [] : [tensor])))];
  const scratches = new Set(inIt.flatMap(({ scratchOf }) => (scratchOf === null ? [] : [scratchOf])));
  const shown = tensors.slice(0, mostNamed).join(', ');
  const more = tensors.length > mostNamed ? ` and ${tensors.length - mostNamed} more` : '';
  const scratch = scratches.size === 0 ? [] : [`the scratch of ${scratches.size} operators`];
  const named =
    tensors.length === 0 ? [] : [`${tensors.length === 1 ? 'tensor' : 'tensors'} ${shown}${more}`];
  return [...named, ...scratch].join(' and ');
}

const mostNamed = 6;

/** Where weights that have no place could go. */
export function flashAdvice({ graph, board, plan, missingFlashBytes }: AdviceQuestion): string[] {
  if (missingFlashBytes <= 0) return [];
  const first = memoryFor(board, 'weights');
  const home = { name: first.name, cyclesPerByte: cyclesPerByte(first) };
  const others = board.memories.filter(
    ({ kind, uses }) => kind.endsWith('flash') && !uses.includes('weights'),
  );
  const { weights: traffic } = trafficOf(graph, plan.kernelSets);
  const weightBytes = graph.ops
    .flatMap((op) => op.inputs)
    .reduce((sum: number, id) => sum + (id === null ? 0 : (tensorOf(graph, id).data?.byteLength ?? 0)), 0);
  const moves = others.flatMap((memory) => {
    const room = { ...home, roomBytes: Math.max(0, weightBytes - missingFlashBytes) };
    const other = { name: memory.name, roomBytes: memory.bytes, cyclesPerByte: cyclesPerByte(memory) };
    const moved = placeWeights(graph, plan, { flashed: [room, other], copies: [] });
    const bytes = moved.reduce((sum, one) => sum + one.bytes, 0);
    if (bytes < missingFlashBytes || bytes > memory.bytes) return [];
    const price = other.cyclesPerByte - home.cyclesPerByte;
    const cycles = moved.reduce((sum, { op }) => sum + price * (traffic.get(op) ?? 0), 0);
    return [
      `put the weights of ${moved.length} operators, ${grouped(bytes)} bytes, into ${memory.name}: ${costText(cycles)}; ${listText(memory, 'weights')}`,
    ];
  });
  return [
    ...moves,
    `${grouped(missingFlashBytes)} bytes of weights have no place in flash: quantise to int8, use a narrower network or a larger board`,
  ];
}

/** Cycles are those of the memories' models. */
function costText(cycles: number): string {
  const sign = cycles < 0 ? '-' : '+';
  return `about ${sign}${grouped(Math.round(Math.abs(cycles)))} cycles of access an inference`;
}

function listText({ kind }: Memory, use: 'arena' | 'weights'): string {
  const ready = kind.startsWith('external') ? ', once the firmware sets it up' : '';
  return `list "${use}" among its uses in the board's file${ready}`;
}

export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
