/** What the linker's complaints mean. Pure. GNU ld prints one line per memory that is too small. */
import { ReflowError } from '../base/error.js';
import type { Board } from '../hw/board.js';

/** E_DOES_NOT_FIT when memories overflowed, with the bytes that are missing in each; E_BUILD otherwise. */
export function linkError(board: Board, imageName: string, stderr: string): ReflowError {
  const missing = [...stderr.matchAll(/region `([^']+)' overflowed by (\d+) bytes/g)].map(
    ([, name, bytes]) => ({
      name: name ?? '',
      bytes: Number(bytes),
    }),
  );
  if (missing.length > 0) return doesNotFit(board, imageName, missing);
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const said =
    lines.find((line) => /undefined reference|multiple definition|error:|cannot find/.test(line)) ?? lines[0];
  return new ReflowError(
    'E_BUILD',
    `linking ${imageName} for ${board.id} failed: ${said ?? 'the linker said nothing'}`,
    'check that reflow.json lists every source; if reflow wrote it, report it together with the model',
  );
}

export function doesNotFit(
  board: Board,
  imageName: string,
  missing: readonly { readonly name: string; readonly bytes: number }[],
): ReflowError {
  const parts = missing.map(({ name, bytes }) => {
    const memory = board.memories.find((candidate) => candidate.name === name);
    return `${bytes} bytes are missing in ${name}${memory ? ` (${memory.bytes} bytes)` : ''}`;
  });
  return new ReflowError(
    'E_DOES_NOT_FIT',
    `${imageName} does not fit ${board.id}: ${parts.join(', ')}`,
    'plan for less RAM with --objective ram, or choose a board with more memory: reflow boards',
  );
}
