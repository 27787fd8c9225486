/**
 * A whole virtual board on a pseudo-terminal: an STM32F405 that waits in its ROM bootloader and, on Go, runs what was
 * flashed, on the same port.
 */
import { chipByPid } from './chips.js';
import { openPtyLine } from './pty-line.js';
import { bootInQemu, type QemuBoard, type QemuOptions } from './qemu-boot.js';
import { RomEmulator } from './rom-emulator.js';
import type { RomOptions } from './rom-options.js';

const f405 = chipByPid(0x413)!;

export interface VirtualStm32 {
  /** The port to flash and to talk to. */
  readonly path: string;
  readonly rom: RomEmulator;
  /** Resolves when the flashed program runs; rejects when QEMU does not start. */
  readonly booted: Promise<void>;
  /** Ends QEMU and the terminal. Idempotent. */
  close(): Promise<void>;
}

/** @throws ReflowError E_TOOL_MISSING without socat */
export async function openVirtualStm32(
  options: Omit<RomOptions, 'onGo'> & QemuOptions = {},
): Promise<VirtualStm32> {
  const line = await openPtyLine();
  let board: QemuBoard | null = null;
  let went = false;
  let boot!: (flash: Uint8Array) => void;
  const booted = new Promise<Uint8Array>((resolve) => {
    boot = resolve;
  }).then(async (flash) => {
    rom.stop();
    board = await bootInQemu(flash, line.device, options);
  });
  booted.catch(() => {});
  const onGo = (_address: number, flash: Uint8Array) => {
    went = true;
    boot(flash);
  };
  const rom = new RomEmulator(line.device, f405, { ...options, onGo });
  rom.start();
  const close = async () => {
    rom.stop();
    if (went) await booted.catch(() => {});
    await board?.close();
    await line.close();
  };
  return { path: line.path, rom, booted, close };
}
