/**
 * A Board is what is true of one product on the desk: its memories, its clock, the firmware that fits it and how to reach
 * it. One JSON file per board in `boards/`.
 */
import { z } from 'zod';
import { parseDocument } from './parse-document.js';
import type { Target } from './target.js';
import { timingSchema } from './timing.js';

/** What may lie in a memory. Constants other than weights belong to `code`. */
export type MemoryUse = 'code' | 'weights' | 'data' | 'stack' | 'arena';

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,8}$/, 'must be a hexadecimal string such as "0x20000000"')
  .transform((text) => Number.parseInt(text, 16));

/** How fast the core reaches a memory, in cycles of the core; for choosing between memories, not for predicting times. */
const accessSchema = z.strictObject({
  /** Until the first word of a burst is there. */
  latencyCycles: z.number().nonnegative().max(10_000),
  /** Sustained, behind that. */
  bytesPerCycle: z.number().positive().max(64),
});

/** How tools reach an external flash; a route that is not named cannot write it. */
const writersSchema = z.strictObject({
  /** The board's OpenOCD configuration declares a flash bank at its address. */
  openocd: z.literal(true).optional(),
  /** File of STM32CubeProgrammer's external loader. */
  'stm32-programmer': z.string().endsWith('.stldr').optional(),
});

const memorySchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]*$/),
  base: address,
  bytes: z.number().int().positive(),
  kind: z.enum(['flash', 'ram', 'external-flash', 'external-ram']),
  /** What may lie in it; `weights` in a RAM are copies of weights that lie in the internal flash. */
  uses: z.array(z.enum(['code', 'weights', 'data', 'stack', 'arena'])),
  /** Where it is not said, what is usual for the kind. */
  access: accessSchema.optional(),
  /** Whether the core's caches serve it. */
  cached: z.boolean().optional(),
  /** Whether peripherals reach it by DMA. */
  dma: z.boolean().optional(),
  writers: writersSchema.optional(),
  /** The documents of these facts, where they are others than the board's. */
  source: z.string().min(10).optional(),
});

const qemu = { program: z.string().min(1), package: z.string().min(1), args: z.array(z.string()) };

const runSchema = z.discriminatedUnion('kind', [
  /** The image is a program of this machine. */
  z.strictObject({ kind: z.literal('process') }),
  /** The image is a program of another Linux machine; `plugin` is a file of firmware/qemu that counts instructions. */
  z.strictObject({ kind: z.literal('qemu-user'), ...qemu, plugin: z.string().min(1).nullable() }),
  /** The image is the whole memory of an emulated machine. */
  z.strictObject({ kind: z.literal('qemu-system'), ...qemu }),
  /** A real board behind a serial line. */
  z.strictObject({
    kind: z.literal('serial'),
    baudRate: z.number().int().min(1200).max(4_000_000),
    usb: z.array(
      z.strictObject({
        vendorId: z.string().regex(/^[0-9a-f]{4}$/),
        productId: z.string().regex(/^[0-9a-f]{4}$/),
      }),
    ),
  }),
]);

/** A pin such as PD8. */
const pin = z.string().regex(/^P[A-K](1[0-5]|\d)$/, 'must be a pin such as "PA9"');

const uartSchema = z.strictObject({
  /** As the firmware's family.h names it. */
  instance: z.string().regex(/^(LPUART1|US?ART[1-8])$/),
  tx: pin,
  rx: pin,
  /** Number of the alternate function on both pins. */
  af: z.number().int().min(0).max(15),
});

const oscillatorSchema = z.strictObject({
  /** `internal` is the one that the family's firmware starts from; `bypass` is a clock that somebody else makes. */
  kind: z.enum(['internal', 'crystal', 'bypass']),
  hz: z.number().int().positive(),
});

const flashSchema = z.strictObject({
  /** Product id of the chip: an entry of src/flash/chips.ts. */
  chip: z.string().regex(/^0x[0-9a-f]{3}$/),
  /** Ways to get an image onto the board, the best first. */
  routes: z
    .array(z.enum(['loader', 'rom', 'openocd', 'st-flash', 'stm32-programmer', 'dfu-util', 'drag-and-drop']))
    .min(1),
  /** What the resident loader takes at the start of flash; applications begin behind it. */
  loaderBytes: z.number().int().positive(),
  /** OpenOCD's configuration files for this board, in order. */
  openocd: z.array(z.string().min(1)),
  /** How its pins reach the ROM bootloader, for `reflow doctor --port`. */
  wiring: z.string().min(10),
});

/** An option bit of the chip that changes what is measured or how it is flashed. */
const optionSchema = z.strictObject({
  name: z.string().min(1),
  register: address,
  bit: z.number().int().min(0).max(31),
  effect: z.string().min(10),
});

const counterSchema = z.strictObject({
  /** What one unit is: an executed instruction, a clock cycle of the core, or a nanosecond of wall clock. */
  kind: z.enum(['instructions', 'cycles', 'wall']),
  source: z.string().min(1),
  /** `ticks` of the counter are `units` of its kind. */
  ticks: z.number().int().positive(),
  units: z.number().int().positive(),
  /** Width of the counter that the firmware reads; a single operator must stay below a full turn. */
  bits: z.union([z.literal(24), z.literal(32), z.literal(64)]),
});

const boardSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  summary: z.string().min(10),
  kind: z.enum(['host', 'emulator', 'hardware']),
  target: z.string().min(1),
  /** Clock of the core in Hz; null where there is none that means anything (an emulator has no cycles). */
  clockHz: z.number().int().positive().nullable(),
  memories: z.array(memorySchema),
  firmware: z.strictObject({
    /** Folder of `firmware/`. */
    port: z.string().regex(/^[a-z0-9-]+$/),
    stackBytes: z.number().int().positive().multipleOf(256),
    defines: z.record(z.string().regex(/^RF_[A-Z0-9_]+$/), z.number().int()),
  }),
  run: runSchema,
  counter: counterSchema,
  /** The serial line of boards whose firmware reads its pins from here. */
  uart: uartSchema.optional(),
  /** Where the clock of such a board comes from. */
  oscillator: oscillatorSchema.optional(),
  /** How a hardware board is flashed. */
  flash: flashSchema.optional(),
  optionBits: z.array(optionSchema).optional(),
  /** How long code takes there, where that has been validated. */
  timing: timingSchema.optional(),
  /** What is not certain about these facts, and limits of the firmware. */
  notes: z.array(z.string().min(10)).optional(),
  /** The documents that these facts are from. */
  source: z.string().min(10),
});

export type Board = Readonly<z.infer<typeof boardSchema>>;
export type Memory = Board['memories'][number];
export type Counter = Board['counter'];
export type FlashRoute = NonNullable<Board['flash']>['routes'][number];
export type CounterKind = Counter['kind'];

type Check = (board: Board) => string | null;

const firstOf = <T>(
  items: readonly T[],
  mistake: (item: T, index: number) => string | null,
): string | null => {
  for (const [index, item] of items.entries()) {
    const found = mistake(item, index);
    if (found) return found;
  }
  return null;
};

const memoryNamesDiffer: Check = ({ memories }) =>
  firstOf(memories, (memory, index) =>
    memories.findIndex((other) => other.name === memory.name) < index
      ? `two memories are named ${memory.name}`
      : null,
  );

const memoriesAreWhole: Check = ({ memories }) =>
  firstOf(memories, ({ name, base, bytes }) =>
    bytes % 256 !== 0 || base % 256 !== 0
      ? `memory ${name} does not start and end at a multiple of 256 bytes`
      : null,
  );

const memoriesAreAddressable: Check = ({ memories }) =>
  firstOf(memories, ({ name, base, bytes }) =>
    base + bytes > 2 ** 32 ? `memory ${name} ends above 0xffffffff` : null,
  );

const memoriesAreApart: Check = ({ memories }) =>
  firstOf(memories, (memory, index) => {
    const other = memories
      .slice(0, index)
      .find(
        (earlier) => earlier.base < memory.base + memory.bytes && memory.base < earlier.base + earlier.bytes,
      );
    return other ? `memories ${other.name} and ${memory.name} overlap` : null;
  });

const everyUseHasAPlace: Check = ({ memories }) =>
  firstOf(['code', 'weights', 'data', 'stack', 'arena'] as const, (use) =>
    memories.some((memory) => memory.uses.includes(use)) ? null : `no memory is for ${use}`,
  );

const flashIsNotWritten: Check = ({ memories }) =>
  firstOf(memories, ({ name, kind, uses }) =>
    kind.endsWith('flash') && uses.some((use) => use === 'data' || use === 'stack' || use === 'arena')
      ? `memory ${name} is flash but is to hold data, stack or arena`
      : null,
  );

/** Copies are made from the internal flash, before anything else is set up. */
const weightsHaveAFlash: Check = ({ memories }) => {
  const first = memories.find(({ uses }) => uses.includes('weights'));
  const several = memories.filter(({ uses }) => uses.includes('weights')).length > 1;
  return several && first && first.kind !== 'flash'
    ? `the first memory for weights, ${first.name}, is not the internal flash`
    : null;
};

const writersAreForFlash: Check = ({ memories }) =>
  firstOf(memories, ({ name, kind, writers }) =>
    writers && kind !== 'external-flash' ? `memory ${name} has writers but is no external flash` : null,
  );

const stackFits: Check = ({ memories, firmware }) =>
  memories.some(({ uses, bytes }) => uses.includes('stack') && bytes > firmware.stackBytes)
    ? null
    : 'firmware.stackBytes is as large as the memory for the stack';

const runMatchesKind: Check = ({ kind, run }) => {
  const expected = { host: ['process'], emulator: ['qemu-user', 'qemu-system'], hardware: ['serial'] }[kind];
  return expected.includes(run.kind) ? null : `a board of kind ${kind} cannot be run by ${run.kind}`;
};

/** Kinds of measurement are never mixed: only an emulator counts instructions, only hardware cycles. */
const counterMatchesKind: Check = ({ kind, counter }) => {
  const expected = { host: 'wall', emulator: 'instructions', hardware: 'cycles' }[kind];
  return counter.kind === expected
    ? null
    : `a board of kind ${kind} must count ${expected}, not ${counter.kind}`;
};

const clockMatchesKind: Check = ({ kind, clockHz }) => {
  if (kind === 'hardware') return clockHz === null ? 'a hardware board needs clockHz' : null;
  return clockHz === null ? null : `a board of kind ${kind} has no clock: clockHz must be null`;
};

/** The firmware of every hardware board that we have talks through a UART and is flashed. */
const hardwareIsReachable: Check = ({ kind, uart, oscillator, flash }) =>
  kind !== 'hardware' || (uart && oscillator && flash)
    ? null
    : 'a hardware board needs uart, oscillator and flash';

const pinsDiffer: Check = ({ uart }) =>
  uart && uart.tx === uart.rx ? `uart.tx and uart.rx are both ${uart.tx}` : null;

const loaderLeavesRoom: Check = (board) => {
  if (!board.flash) return null;
  const { base, bytes } = memoryFor(board, 'code');
  const { loaderBytes } = board.flash;
  if (loaderBytes >= bytes / 2) return 'flash.loaderBytes leaves less than half of the flash';
  // A vector table starts at a multiple of its size rounded up to a power of two: 128 bytes without interrupts.
  return (base + loaderBytes) % 512 === 0 ? null : 'flash.loaderBytes is no multiple of 512';
};

const routesDiffer: Check = ({ flash }) =>
  flash && new Set(flash.routes).size < flash.routes.length ? 'flash.routes names a route twice' : null;

const timingIsOfThisBoard: Check = ({ timing, kind, target, memories }) => {
  if (!timing) return null;
  if (kind !== 'hardware') return 'only a hardware board has timing';
  if (timing.core !== target) return `timing is of a ${timing.core}, the board's target is ${target}`;
  const unknown = timing.tightMemories.find((name) => !memories.some((memory) => memory.name === name));
  return unknown === undefined ? null : `timing.tightMemories names ${unknown}, which is no memory`;
};

/** Each rejects one mistake; the message says which. */
export const boardChecks = {
  memoryNamesDiffer,
  memoriesAreWhole,
  memoriesAreAddressable,
  memoriesAreApart,
  everyUseHasAPlace,
  flashIsNotWritten,
  weightsHaveAFlash,
  writersAreForFlash,
  stackFits,
  runMatchesKind,
  counterMatchesKind,
  clockMatchesKind,
  hardwareIsReachable,
  pinsDiffer,
  loaderLeavesRoom,
  routesDiffer,
  timingIsOfThisBoard,
};

/**
 * Reads one board file.
 * @param where names the file in messages
 * @param targets the targets that exist
 * @throws ReflowError E_BOARD when it is not JSON, lacks a field, fails a check or names an unknown target
 */
export function parseBoard(text: string, where: string, targets: readonly Target[]): Board {
  const knownTarget: Check = ({ target }) =>
    targets.some(({ id }) => id === target)
      ? null
      : `unknown target ${target}; known: ${targets.map(({ id }) => id).join(', ')}`;
  const checks = [...Object.values(boardChecks), knownTarget];
  return parseDocument({ code: 'E_BOARD', schema: boardSchema, checks }, text, where);
}

/** The memory that `use` goes to: the first that allows it, in the file's order. */
export function memoryFor(board: Board, use: MemoryUse): Memory {
  const memory = board.memories.find(({ uses }) => uses.includes(use));
  if (!memory) throw new Error(`board ${board.id} has no memory for ${use}`); // parseBoard refused it
  return memory;
}

/** All memories that allow `use`, in the file's order. */
export function memoriesFor(board: Board, use: MemoryUse): readonly Memory[] {
  return board.memories.filter(({ uses }) => uses.includes(use));
}
