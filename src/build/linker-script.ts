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

/**
 * @param part a board with a resident loader has that at the start of its flash, and the application behind it
 * @param sectorStarts addresses at which flash sectors begin, rising; empty packs the weights behind the code
 */
export function linkerScript(board: Board, part: FirmwarePart, sectorStarts: readonly number[] = []): string {
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
  const handover = `    .handover (NOLOAD) : { link_handover = .; . += 16; } > ${stack}\n`;
  const weightsSection = `    .weights ${weightsStart(sectorStarts)} { *(.weights .weights.*) . = ALIGN(4); } > ${weights}\n`;
  return `ENTRY(start)
MEMORY
{
${memories.join('\n')}
}
SECTIONS
{
    .text : { KEEP(*(.vectors)) *(.text .text.*) . = ALIGN(16); } > ${code}
    .rodata : { *(.rodata .rodata.*) . = ALIGN(16); } > ${code}
${sectorStarts.length > 0 ? '' : weightsSection}${loaderBytes > 0 ? handover : ''}    .stack (NOLOAD) : { link_stack_low = .; . += ${board.firmware.stackBytes}; link_stack_top = .; } > ${stack}
    .data : ALIGN(4) { link_data = .; *(.data .data.*) . = ALIGN(4); link_data_end = .; } > ${data} AT> ${code}
    link_data_load = LOADADDR(.data);
${sectorStarts.length > 0 ? weightsSection : ''}    .bss (NOLOAD) : ALIGN(4) { link_bss = .; *(.bss .bss.* COMMON) . = ALIGN(4); link_bss_end = .; } > ${data}
    .arena (NOLOAD) : ALIGN(16) { *(.arena) } > ${arena}
    /DISCARD/ : { *(.ARM.exidx* .ARM.extab* .comment) }
}
`;
}

/** `ALIGN(16) :`, or the first start of a sector behind everything else in flash. */
function weightsStart(sectorStarts: readonly number[]): string {
  if (sectorStarts.length === 0) return ': ALIGN(16)';
  const end = '(LOADADDR(.data) + SIZEOF(.data))';
  const last = sectorStarts.at(-1)!;
  const choices = sectorStarts
    .slice(0, -1)
    .map((start) => `${end} <= 0x${start.toString(16)} ? 0x${start.toString(16)} : `);
  return `(${choices.join('')}0x${last.toString(16)}) :`;
}
