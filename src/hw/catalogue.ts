/** All targets and boards that exist, from the texts of their files. Pure: `base/assets.ts` reads the files. */
import type { AssetDocument } from '../base/assets.js';
import { ReflowError } from '../base/error.js';
import { type Board, parseBoard } from './board.js';
import { parseTarget, type Target } from './target.js';

export interface Catalogue {
  readonly targets: readonly Target[];
  readonly boards: readonly Board[];
}

/**
 * @throws ReflowError E_TARGET or E_BOARD: the first mistake in any file, or an id that is not the file's name
 */
export function makeCatalogue(
  targetFiles: readonly AssetDocument[],
  boardFiles: readonly AssetDocument[],
): Catalogue {
  const targets = targetFiles.map(({ id, where, text }) =>
    named('E_TARGET', parseTarget(text, where), id, where),
  );
  const boards = boardFiles.map(({ id, where, text }) =>
    named('E_BOARD', parseBoard(text, where, targets), id, where),
  );
  return { targets, boards };
}

function named<T extends { readonly id: string }>(
  code: 'E_TARGET' | 'E_BOARD',
  value: T,
  id: string,
  where: string,
): T {
  if (value.id === id) return value;
  throw new ReflowError(
    code,
    `${where} says id ${value.id}`,
    `name the file ${value.id}.json or correct its id`,
  );
}

/** @throws ReflowError E_BOARD when there is no such board; the hint lists those that exist */
export function boardById(catalogue: Catalogue, id: string): Board {
  const board = catalogue.boards.find((candidate) => candidate.id === id);
  if (board) return board;
  const known = catalogue.boards.map((candidate) => candidate.id).join(', ');
  throw new ReflowError('E_BOARD', `there is no board ${id}`, `choose one of: ${known}`);
}

export function targetOf(catalogue: Catalogue, board: Board): Target {
  const target = catalogue.targets.find(({ id }) => id === board.target);
  if (!target) throw new Error(`board ${board.id} names target ${board.target}`); // parseBoard refused it
  return target;
}
