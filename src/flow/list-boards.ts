/** The boards that reflow knows. */
import { assetDocuments } from '../base/assets.js';
import { files } from '../base/files.js';
import { type Board, parseBoard } from '../hw/board.js';
import { boardById, type Catalogue, makeCatalogue } from '../hw/catalogue.js';
import { cyclesPerByte } from '../hw/memory-cost.js';
import type { BoardInfo, BoardsResult } from './results.js';

/** All targets and boards of the package. @throws ReflowError E_TARGET, E_BOARD, E_FILE */
export async function loadCatalogue(): Promise<Catalogue> {
  const [targets, boards] = await Promise.all([assetDocuments('targets'), assetDocuments('boards')]);
  return makeCatalogue(targets, boards);
}

/** A board, and the text of its file where it is not one of the package's. */
export interface NamedBoard {
  readonly board: Board;
  readonly document: string | null;
}

/**
 * @param name id of a board of the package, or the path of a board's file (`.json`)
 * @throws ReflowError E_BOARD, E_FILE
 */
export async function boardNamed(catalogue: Catalogue, name: string): Promise<NamedBoard> {
  if (!name.endsWith('.json')) return { board: boardById(catalogue, name), document: null };
  const document = Buffer.from(await files.read(name)).toString();
  return { board: parseBoard(document, name, catalogue.targets), document };
}

/** Every board, or the one with this id. @throws ReflowError E_BOARD when there is none; the hint lists those that exist */
export async function listBoards(id: string | null): Promise<BoardsResult> {
  const catalogue = await loadCatalogue();
  const boards = id === null ? catalogue.boards : [(await boardNamed(catalogue, id)).board];
  return { boards: boards.map(boardInfo) };
}

function boardInfo(board: Board): BoardInfo {
  const { id, summary, kind, target, clockHz, memories, counter, uart, run, flash, source } = board;
  const line =
    uart && run.kind === 'serial'
      ? `${uart.instance} on ${uart.tx} (TX) and ${uart.rx} (RX), ${run.baudRate} baud`
      : null;
  return {
    id,
    summary,
    kind,
    target,
    clockHz,
    counter: counter.kind,
    memories: memories.map((memory) => ({
      ...{ name: memory.name, base: memory.base, bytes: memory.bytes, kind: memory.kind, uses: memory.uses },
      cyclesPerByte: cyclesPerByte(memory),
      cached: memory.cached ?? null,
      dma: memory.dma ?? null,
      source: memory.source ?? null,
    })),
    line,
    flashRoutes: flash?.routes ?? [],
    wiring: flash?.wiring ?? null,
    optionBits: (board.optionBits ?? []).map(({ name, bit, effect }) => ({ name, bit, effect })),
    notes: board.notes ?? [],
    source,
  };
}
