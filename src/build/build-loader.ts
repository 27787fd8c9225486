/** The resident loader of a board: firmware/loader.c with the board's port and flash driver, as the bytes for the start of flash. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ReflowError } from '../base/error.js';
import { type Processes, processes as realProcesses } from '../base/processes.js';
import { inScratch } from '../base/scratch.js';
import type { Board } from '../hw/board.js';
import type { Target } from '../hw/target.js';
import { type CompileJob, callTool, compileAll } from './compiler.js';
import { firmwareDefines, firmwareIncludes, firmwareSources, partAddress } from './firmware.js';
import { linkError } from './link-error.js';
import { linkerScript } from './linker-script.js';

export interface Loader {
  /** Where it lies in flash. */
  readonly address: number;
  readonly bytes: Uint8Array;
}

/**
 * @throws ReflowError E_UNSUPPORTED when the board has none, E_BUILD, E_DOES_NOT_FIT when it is larger than the board's
 *   `flash.loaderBytes`, E_TOOL_MISSING, E_DISK_FULL, E_TIMEOUT
 */
export async function buildLoader(
  board: Board,
  target: Target,
  processes: Processes = realProcesses,
): Promise<Loader> {
  const { objcopy } = target.tools;
  if (!board.flash || objcopy === null) {
    throw new ReflowError(
      'E_UNSUPPORTED',
      `${board.id} has no resident loader`,
      'choose a hardware board: reflow boards',
    );
  }
  return inScratch('reflow-loader-', async (folder) => {
    const flags = [
      '-ffunction-sections',
      '-fdata-sections',
      ...firmwareDefines(board, 'loader'),
      ...firmwareIncludes(board).map((path) => `-I${path}`),
    ];
    const jobs = (await firmwareSources(board, target, 'loader')).map(
      (source, index): CompileJob => ({
        source,
        object: join(folder, `${index}-${basename(source, '.c')}.o`),
        flags,
      }),
    );
    await compileAll(processes, target, jobs, 2);
    const at = (extension: string) => join(folder, `loader.${extension}`);
    await writeFile(at('ld'), linkerScript(board, 'loader'));
    const objects = jobs.map(({ object }) => object);
    const args = [...target.compileFlags, ...objects, '-Wl,--gc-sections', '-o', at('elf'), '-T', at('ld')];
    const linked = await callTool(processes, target, target.tools.compiler, [...args, ...target.linkFlags]);
    if (linked.status !== 0) throw linkError(board, 'the loader', linked.stderr);
    const copied = await callTool(processes, target, objcopy, ['-O', 'binary', at('elf'), at('bin')]);
    if (copied.status !== 0)
      throw new ReflowError('E_BUILD', `${objcopy}: ${copied.stderr}`, 'check the disk and try again');
    return { address: partAddress(board, 'loader'), bytes: await readFile(at('bin')) };
  });
}
