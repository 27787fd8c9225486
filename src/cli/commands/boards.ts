import type { BoardInfo, BoardsResult } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { grouped, pairs, paragraphs, table } from '../text.js';

export const boardsCommand = (listBoards: (id: string | null) => Promise<BoardsResult>) =>
  defineCommand({
    command: 'boards [id]',
    describe: 'Lists the boards, or shows one',
    positionals: { id: { describe: "id of a board, or a board's file", type: 'string' } },
    options: {},
    run: ({ id }) => listBoards(id ?? null),
    print: printBoards,
  });

export function printBoards({ boards }: BoardsResult): string {
  const [only] = boards;
  if (boards.length === 1 && only) return printBoard(only);
  const rows = boards.map((board) => [
    board.id,
    board.kind,
    board.target,
    clockText(board.clockHz),
    board.counter,
    board.memories.map(({ name, bytes }) => `${name} ${sizeText(bytes)}`).join(', '),
  ]);
  return table(['board', 'kind', 'target', 'clock', 'counts', 'memories'], rows);
}

function printBoard(board: BoardInfo): string {
  const memories = board.memories.map(({ name, base, bytes, kind, cyclesPerByte, cached, dma, uses }) => [
    name,
    `0x${base.toString(16).padStart(8, '0')}`,
    bytes,
    [kind, ...(cached ? ['cached'] : []), ...(dma ? ['DMA'] : [])].join(', '),
    cyclesPerByte.toFixed(2),
    uses.join(' '),
  ]);
  return paragraphs(
    `${board.id}: ${board.summary}`,
    pairs([
      ['kind', board.kind],
      ['target', board.target],
      ['clock', clockText(board.clockHz)],
      ['counts', board.counter],
      ['line', board.line],
      ['flashed', board.flashRoutes.length === 0 ? null : `by ${board.flashRoutes.join(', ')}`],
      ['wiring', board.wiring],
      ['source', board.source],
    ]),
    table(['memory', 'base', 'bytes', 'kind', 'cycles/byte', 'holds'], memories),
    board.optionBits.length === 0
      ? ''
      : table(
          ['option', 'bit', 'effect'],
          board.optionBits.map(({ name, bit, effect }) => [name, bit, effect]),
        ),
    board.notes.map((note) => `- ${note}`).join('\n'),
  );
}

function clockText(hz: number | null): string {
  return hz === null ? '-' : `${grouped(hz / 1e6, 3)} MHz`;
}

/** Whole KiB, MiB or GiB where they are whole, else bytes. */
function sizeText(bytes: number): string {
  for (const [unit, name] of [
    [1024 ** 3, 'GiB'],
    [1024 ** 2, 'MiB'],
    [1024, 'KiB'],
  ] as const) {
    if (bytes >= unit && bytes % unit === 0) return `${bytes / unit} ${name}`;
  }
  return `${grouped(bytes)} B`;
}
