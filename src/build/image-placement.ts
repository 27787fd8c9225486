/** Which memories an image needs besides the board's first ones, from what its projects say. Pure. */
import { type Board, memoryFor } from '../hw/board.js';
import type { Placement } from './linker-script.js';
import type { Project } from './project.js';

export function placementOf(projects: readonly Project[]): Placement {
  // One arena serves all networks; it goes where the one with the largest wants it.
  const largest = [...projects].sort((a, b) => b.arenaBytes - a.arenaBytes)[0];
  const placed = projects.flatMap(({ placedWeights }) => placedWeights);
  const copies = new Map(
    placed.flatMap(({ memory, copy }) => (copy ? [[`${memory} ${copy}`, { from: memory, to: copy }]] : [])),
  );
  return {
    arena: largest?.arenaMemory ?? null,
    arenas: distinct(projects.flatMap(({ memories }) => memories.map(({ name }) => name))),
    weights: distinct(placed.flatMap(({ memory, copy }) => (copy === null ? [memory] : []))),
    copies: [...copies.values()],
  };
}

/** Sections that lie in another flash than the code, each with its memory: they are flashed by themselves. */
export function externalSections(
  board: Board,
  projects: readonly Project[],
): { readonly memory: string; readonly section: string }[] {
  const [code, weights] = [memoryFor(board, 'code').name, memoryFor(board, 'weights').name];
  return [
    ...(weights === code ? [] : [{ memory: weights, section: '.weights' }]),
    ...placementOf(projects).weights.map((memory) => ({ memory, section: `.weights.${memory}` })),
  ];
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
