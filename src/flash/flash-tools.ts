/**
 * Programs that people already have and that reach a board where its serial port does not: through the ST-LINK (OpenOCD, st-flash,
 * STM32_Programmer_CLI), by USB DFU (dfu-util), or by a copy to the disk that an ST-LINK shows. They are called, not linked.
 * Sources: their manuals (OpenOCD User's Guide 12.6 `program`; st-flash(1); ST UM2237 2.2; dfu-util(1)); ST UM2407 6.3 for the disk.
 */
import { copyFile, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ReflowError } from '../base/error.js';
import type { ExecResult, Processes } from '../base/processes.js';

/** What goes into an external flash, with STM32CubeProgrammer's loader for it where the board's file names one. */
export interface ToolPart {
  readonly bin: string;
  readonly address: number;
  readonly loader: string | null;
}

export interface ToolJob {
  /** A file with the bytes for `address` on. */
  readonly bin: string;
  readonly address: number;
  readonly bytes: number;
  /** Written first, so that the program finds them. */
  readonly parts: readonly ToolPart[];
  /** OpenOCD's configuration files for the board. */
  readonly openocd: readonly string[];
  /** A folder for files of the tool's own. */
  readonly scratch: string;
}

export interface ToolResult {
  /** Whether the tool compared what it wrote; a disk does not. */
  readonly verified: boolean;
  /** Whether the program runs now. */
  readonly started: boolean;
}

export type FlashTool = (job: ToolJob, processes: Processes) => Promise<ToolResult>;

const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
/** A megabyte over SWD takes half a minute. */
const timeoutMs = 180_000;

/** Runs a tool; a status other than 0 is E_FLASH with the line in which it says why. */
async function call(
  processes: Processes,
  program: string,
  args: readonly string[],
  install: string,
): Promise<ExecResult> {
  const result = await processes.exec({ program, args, timeoutMs, install });
  if (result.status === 0) return result;
  const lines = `${result.stderr}\n${result.stdout}`.split('\n').filter((line) => line.trim() !== '');
  const said = lines.find((line) => /error|fail|unable|cannot|no .*found/i.test(line)) ?? lines.at(-1);
  throw new ReflowError(
    'E_FLASH',
    `${program} ended with status ${result.status}: ${said ?? 'it said nothing'}`,
    'check that the board is plugged in and that no other program uses its ST-LINK',
  );
}

const openocd: FlashTool = async ({ bin, address, parts, openocd: files }, processes) => {
  if (files.length === 0)
    throw new ReflowError(
      'E_UNSUPPORTED',
      'the board has no OpenOCD configuration',
      'choose another way: --via',
    );
  // Braces are Tcl's quotes: a path with blanks stays one word.
  const first = parts.map((part) => `program {${part.bin}} ${hex(part.address)} verify; `);
  const command = `${first.join('')}program {${bin}} ${hex(address)} verify reset exit`;
  const args = [...files.flatMap((file) => ['-f', file]), '-c', command];
  await call(processes, 'openocd', args, 'install it: sudo apt-get install openocd');
  return { verified: true, started: true };
};

const stFlash: FlashTool = async ({ bin, address }, processes) => {
  const install = 'install it: sudo apt-get install stlink-tools';
  const { stdout, stderr } = await call(
    processes,
    'st-flash',
    ['--reset', 'write', bin, hex(address)],
    install,
  );
  return { verified: /verified/i.test(stdout + stderr), started: true };
};

const stm32Programmer: FlashTool = async ({ bin, address, parts }, processes) => {
  const connect = ['-c', 'port=SWD', 'mode=UR'];
  const install = 'install STM32CubeProgrammer from st.com and put it on the PATH';
  const program = 'STM32_Programmer_CLI';
  for (const part of parts) {
    const args = [...connect, '-el', part.loader!, '-w', part.bin, hex(part.address), '-v'];
    await call(processes, program, args, install);
  }
  await call(processes, program, [...connect, '-w', bin, hex(address), '-v', '-rst'], install);
  return { verified: true, started: true };
};

/** dfu-util does not verify, so what it wrote is read back and compared. */
const dfuUtil: FlashTool = async ({ bin, address, bytes, scratch }, processes) => {
  const install = 'install it: sudo apt-get install dfu-util';
  await call(processes, 'dfu-util', ['-a', '0', '-s', hex(address), '-D', bin], install);
  const back = join(scratch, 'read-back.bin');
  await call(processes, 'dfu-util', ['-a', '0', '-s', `${hex(address)}:${bytes}`, '-U', back], install);
  const [wanted, found] = await Promise.all([readFile(bin), readFile(back)]);
  if (!wanted.equals(found.subarray(0, wanted.length)))
    throw new ReflowError('E_FLASH', 'what dfu-util reads back is not what it wrote', 'flash again');
  return { verified: true, started: false };
};

/** Where systems mount disks: one folder per disk, on Linux below one per user. */
const mountFolders = ['/media', '/run/media', '/Volumes', '/mnt'];

/** Folders of mounted disks that an ST-LINK shows: they hold a DETAILS.TXT. */
export async function stlinkDisks(roots: readonly string[] = mountFolders): Promise<string[]> {
  const below = async (folder: string) =>
    (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
  const firsts = (await Promise.all(roots.map(below))).flat();
  const candidates = [...firsts, ...(await Promise.all(firsts.map(below))).flat()];
  const isDisk = async (folder: string) =>
    (await stat(join(folder, 'DETAILS.TXT')).catch(() => null))?.isFile() ? [folder] : [];
  return (await Promise.all(candidates.map(isDisk))).flat();
}

const settleMs = 3000;

/** @param roots where to look for the disk */
export function dragAndDrop(roots: readonly string[] = mountFolders, waitMs = settleMs): FlashTool {
  return async ({ bin }) => {
    const [disk, ...others] = await stlinkDisks(roots);
    if (!disk || others.length > 0) {
      const found = disk
        ? `several ST-LINK disks are mounted: ${[disk, ...others].join(', ')}`
        : 'no ST-LINK disk is mounted';
      throw new ReflowError(
        'E_FLASH',
        found,
        'plug in the one board that is to be flashed, and mount its disk',
      );
    }
    await copyFile(bin, join(disk, 'reflow.bin')).catch((error: Error) => {
      throw new ReflowError('E_FLASH', `cannot copy to ${disk}: ${error.message}`, 'check the disk', {
        cause: error,
      });
    });
    // A disk that could not flash comes back with a file that says so.
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    const complaint = await readFile(join(disk, 'FAIL.TXT'), 'utf8').catch(() => null);
    if (complaint !== null)
      throw new ReflowError('E_FLASH', `the ST-LINK says: ${complaint}`, 'reset the board and try again');
    return { verified: false, started: true };
  };
}

export const flashTools: Readonly<Record<string, FlashTool>> = {
  openocd,
  'st-flash': stFlash,
  'stm32-programmer': stm32Programmer,
  'dfu-util': dfuUtil,
  'drag-and-drop': dragAndDrop(),
};
