/** `reflow virtual`: a virtual board at a serial port, for trying everything that needs a real one. */
import { rmSync, symlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ReflowError } from '../base/error.js';
import { openVirtualStm32 } from '../flash/virtual-stm32.js';
import type { Progress } from './progress.js';

export interface VirtualRequest {
  /** Where a link to the port is put. */
  readonly link: string;
  /** Ends the board; null: it runs until a signal ends the process. */
  readonly seconds: number | null;
}

export interface VirtualResult {
  readonly board: string;
  readonly port: string;
  readonly booted: boolean;
}

/** The USART of the board's file (PC6, PC7). */
const usart = 6;

/**
 * A Netduino Plus 2 (STM32F405) that waits in its ROM bootloader, and runs what is flashed.
 * @throws ReflowError E_TOOL_MISSING without socat, E_FILE when the link cannot be made
 */
export async function virtual({ link, seconds }: VirtualRequest, progress: Progress): Promise<VirtualResult> {
  const device = await openVirtualStm32({ usart });
  const unlink = () => rmSync(link, { force: true });
  try {
    await mkdir(dirname(resolve(link)), { recursive: true });
    unlink();
    symlinkSync(device.path, link);
  } catch (error) {
    await device.close();
    throw new ReflowError('E_FILE', `cannot make ${link}`, 'give another place with --link', {
      cause: error,
    });
  }
  process.once('exit', unlink);
  let booted = false;
  device.booted.then(
    () => {
      booted = true;
    },
    () => undefined,
  );
  try {
    await progress.stage('virtual netduino-plus2', async (say) => {
      const words = `a virtual netduino-plus2 waits in its bootloader at ${link}; Ctrl-C ends it`;
      say(words);
      progress.note?.(words);
      await new Promise((over) => setTimeout(over, seconds === null ? 2 ** 31 - 1 : seconds * 1000));
    });
    return { board: 'netduino-plus2', port: link, booted };
  } finally {
    unlink();
    await device.close();
  }
}
