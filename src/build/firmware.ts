/** Which files and macros the program around the networks consists of, for a board. `firmware/port.h` documents the macros. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { assetPath } from '../base/assets.js';
import { type Board, memoryFor } from '../hw/board.js';
import type { Target } from '../hw/target.js';

/** What lies in flash: a loader at its start, the application behind it. */
export type FirmwarePart = 'application' | 'loader';

/** What an application does: serves networks by our protocol, or speaks MLPerf Tiny's. */
export type FirmwareProgram = 'serve' | 'mlperf';

/** Folders of `firmware/`: the board's port, what its vendor's families share, and what the core needs. */
function folders(board: Board, target: Target): string[] {
  const { port } = board.firmware;
  const vendor = /^(stm32|mps)(?=.)/.exec(port)?.[0];
  return [port, ...(vendor ? [vendor] : []), ...(target.image === 'bare-metal' ? ['cortex-m'] : [])];
}

/** Absolute paths of the C files of the firmware and of the runtime that it needs. */
export async function firmwareSources(
  board: Board,
  target: Target,
  part: FirmwarePart,
  program: FirmwareProgram = 'serve',
): Promise<readonly string[]> {
  const found = await Promise.all(
    folders(board, target).map(async (folder) =>
      (await readdir(assetPath('firmware', folder)))
        .filter((name) => name.endsWith('.c'))
        .map((name) => assetPath('firmware', folder, name)),
    ),
  );
  const [main, ...runtime] =
    part === 'loader'
      ? ['loader.c', 'rf_wire.c', 'rf_loader.c']
      : program === 'mlperf'
        ? ['mlperf.c', 'rf_mlperf.c']
        : ['main.c', 'rf_wire.c', 'rf_serve.c'];
  return [
    assetPath('firmware', main!),
    ...runtime.map((name) => assetPath('runtime-c', name)),
    ...found.flat(),
  ];
}

/** Folders for `#include`. */
export function firmwareIncludes(board: Board): readonly string[] {
  return [assetPath('firmware'), assetPath('firmware', board.firmware.port), assetPath('runtime-c')].filter(
    existsSync,
  );
}

/** Address at which a part of a bare-metal board's flash begins. */
export function partAddress(board: Board, part: FirmwarePart): number {
  return memoryFor(board, 'code').base + (part === 'application' ? (board.flash?.loaderBytes ?? 0) : 0);
}

/** Bytes of one message's data in the loader: more than in an application, because every message costs a turn of the line. */
const loaderDataBytes = 2048;

/** Compiler flags that define what `firmware/port.h` says. */
export function firmwareDefines(board: Board, part: FirmwarePart): string[] {
  const { id, firmware, counter, clockHz } = board;
  const kind = {
    wall: 'RF_COUNTER_WALL',
    instructions: 'RF_COUNTER_INSTRUCTIONS',
    cycles: 'RF_COUNTER_CYCLES',
  };
  return [
    `-DRF_BOARD="${id}"`,
    `-DRF_STACK_BYTES=${firmware.stackBytes}`,
    `-DRF_COUNTER_KIND=${kind[counter.kind]}`,
    `-DRF_COUNTER_TICKS=${counter.ticks}`,
    `-DRF_COUNTER_UNITS=${counter.units}`,
    '-DRF_WEIGHTS=__attribute__((section(".weights")))',
    // Not the names of the output sections: .weights would take what begins with it.
    '-DRF_ARENA_IN(memory)=__attribute__((section(".rf_arena." #memory)))',
    '-DRF_WEIGHTS_IN(memory)=__attribute__((section(".rf_weights." #memory)))',
    '-DRF_WEIGHTS_COPIED(from,to)=__attribute__((section(".rf_copied." #to "." #from)))',
    ...(clockHz === null ? [] : [`-DRF_CLOCK_HZ=${clockHz}u`]),
    ...uartDefines(board),
    ...flashDefines(board),
    ...(part === 'loader' ? ['-DRF_LOADER_BUILD=1', `-DRF_WIRE_DATA_BYTES=${loaderDataBytes}`] : []),
    ...Object.entries(firmware.defines).map(([name, value]) => `-D${name}=${value}`),
  ];
}

/** PB7 as 16 * port + pin. */
const pinNumber = (pin: string) => 16 * (pin.charCodeAt(1) - 'A'.charCodeAt(0)) + Number(pin.slice(2));

function uartDefines({ uart, oscillator, run }: Board): string[] {
  if (!uart) return [];
  const baudRate = run.kind === 'serial' ? run.baudRate : 115200;
  return [
    `-DRF_UART=${uart.instance}`,
    `-DRF_UART_TX=${pinNumber(uart.tx)}`,
    `-DRF_UART_RX=${pinNumber(uart.rx)}`,
    `-DRF_UART_AF=${uart.af}`,
    `-DRF_UART_BAUD=${baudRate}u`,
    ...(oscillator
      ? [
          `-DRF_OSCILLATOR_HZ=${oscillator.hz}u`,
          `-DRF_OSCILLATOR_INTERNAL=${Number(oscillator.kind === 'internal')}`,
          `-DRF_OSCILLATOR_BYPASS=${Number(oscillator.kind === 'bypass')}`,
        ]
      : []),
  ];
}

function flashDefines(board: Board): string[] {
  if (!board.flash) return [];
  const { base, bytes } = memoryFor(board, 'code');
  return [
    `-DRF_FLASH_BASE=0x${base.toString(16)}u`,
    `-DRF_FLASH_BYTES=0x${bytes.toString(16)}u`,
    `-DRF_LOADER_BYTES=0x${board.flash.loaderBytes.toString(16)}u`,
  ];
}
