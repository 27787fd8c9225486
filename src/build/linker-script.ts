/**
 * The linker script of a bare-metal image, from the board's memories. Pure.
 *
 * The stack lies at the start of its memory: one that overflows meets the end of the memory, and faults, before it meets
 * the arena. Before it lie 16 bytes that loader and application leave for each other (firmware/cortex-m/handover.h). Sections in
 * flash end where the next may begin, so that their sizes add up to what is flashed, but for the gap before weights that begin
 * with a sector of their own, last of all, so that a change of some weights touches neither code nor the weights before them.
 * Symbols begin with `link_`; firmware/cortex-m/start.c uses them. Source: GNU ld manual, chapter 3.
 */
import { type Board, memoryFor } from '../hw/board.js';
import { type FirmwarePart, partAddress } from './firmware.js';

/** What an image has outside the board's first memories. A memory that this board lacks is taken for its first one. */
export interface Placement {
  /** The memory of the caller's arena; null: the board's first for arenas. */
  readonly arena: string | null;
  /** Memories with the rest of the networks' working memory, those with weights, and pairs of flash and RAM for copies. */
  readonly arenas: readonly string[];
  readonly weights: readonly string[];
  readonly copies: readonly { readonly from: string; readonly to: string }[];
}

export interface LinkOptions {
  /** Addresses at which flash sectors begin, rising; empty packs the weights behind the code. */
  readonly sectorStarts?: readonly number[];
  readonly placement?: Placement;
}

const usualPlacement: Placement = { arena: null, arenas: [], weights: [], copies: [] };

/** @param part a board with a resident loader has that at the start of its flash, and the application behind it */
export function linkerScript(board: Board, part: FirmwarePart, options: LinkOptions = {}): string {
  const { sectorStarts = [], placement = usualPlacement } = options;
  const [code, weights, data, stack, arena] = (['code', 'weights', 'data', 'stack', 'arena'] as const).map(
    (use) => memoryFor(board, use).name,
  );
  const loaderBytes = board.flash?.loaderBytes ?? 0;
  const memories = board.memories.map(({ name, base, bytes, kind }) => {
    const rights = kind.endsWith('flash') ? 'rx' : 'rwx';
    const start = name === code ? partAddress(board, part) : base;
    const length = name !== code ? bytes : part === 'loader' ? loaderBytes : bytes - loaderBytes;
    return `    ${name} (${rights}) : ORIGIN = 0x${start.toString(16)}, LENGTH = ${length}`;
  });
  const at = (name: string | null, usual: string) =>
    board.memories.some((memory) => memory.name === name) ? name! : usual;
  const copied = ({ to, from }: Placement['copies'][number]) => `.copied.${to}.${from}`;
  const copies = placement.copies.map(
    (copy) =>
      `    ${copied(copy)} : ALIGN(16) { *(.rf_copied.${copy.to}.${copy.from}) . = ALIGN(4); } > ${at(copy.to, data!)} AT> ${at(copy.from, code!)}\n`,
  );
  const table = placement.copies.map(
    (copy) => `LONG(LOADADDR(${copied(copy)})) LONG(ADDR(${copied(copy)})) LONG(SIZEOF(${copied(copy)})) `,
  );
  const weightsElsewhere = placement.weights.map(
    (name) =>
      `    .weights.${name} : ALIGN(16) { *(.rf_weights.${name}) . = ALIGN(4); } > ${at(name, weights!)}\n`,
  );
  const arenas = placement.arenas.map(
    (name) => `    .arena.${name} (NOLOAD) : ALIGN(16) { *(.rf_arena.${name}) } > ${at(name, arena!)}\n`,
  );
  const handover = `    .handover (NOLOAD) : { link_handover = .; . += 16; } > ${stack}\n`;
  const lastCopy = placement.copies.at(-1);
  const lastBefore = lastCopy ? copied(lastCopy) : '.data';
  const weightsSection = `    .weights ${weightsStart(sectorStarts, lastBefore)} { *(.weights .weights.*) . = ALIGN(4); } > ${weights}\n`;
  return `ENTRY(start)
MEMORY
{
${memories.join('\n')}
}
SECTIONS
{
    .text : { KEEP(*(.vectors)) *(.text .text.*) . = ALIGN(16); } > ${code}
    .rodata : { *(.rodata .rodata.*) . = ALIGN(4); link_copies = .; ${table.join('')}link_copies_end = .; . = ALIGN(16); } > ${code}
${sectorStarts.length > 0 ? '' : weightsSection}${weightsElsewhere.join('')}${loaderBytes > 0 ? handover : ''}    .stack (NOLOAD) : { link_stack_low = .; . += ${board.firmware.stackBytes}; link_stack_top = .; } > ${stack}
    .data : ALIGN(4) { link_data = .; *(.data .data.*) . = ALIGN(4); link_data_end = .; } > ${data} AT> ${code}
    link_data_load = LOADADDR(.data);
${copies.join('')}${sectorStarts.length > 0 ? weightsSection : ''}    .bss (NOLOAD) : ALIGN(4) { link_bss = .; *(.bss .bss.* COMMON) . = ALIGN(4); link_bss_end = .; } > ${data}
    .arena (NOLOAD) : ALIGN(16) { *(.arena) } > ${at(placement.arena, arena!)}
${arenas.join('')}    /DISCARD/ : { *(.ARM.exidx* .ARM.extab* .comment) }
}
`;
}

/** `ALIGN(16) :`, or the first start of a sector behind everything else in flash. */
function weightsStart(sectorStarts: readonly number[], last: string): string {
  if (sectorStarts.length === 0) return ': ALIGN(16)';
  const end = `(LOADADDR(${last}) + SIZEOF(${last}))`;
  const farthest = sectorStarts.at(-1)!;
  const choices = sectorStarts
    .slice(0, -1)
    .map((start) => `${end} <= 0x${start.toString(16)} ? 0x${start.toString(16)} : `);
  return `(${choices.join('')}0x${farthest.toString(16)}) :`;
}
