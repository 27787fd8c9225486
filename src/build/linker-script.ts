/**
 * The linker script of a bare-metal image, from the board's memories. Pure.
 *
 * The stack lies at the start of its memory: one that overflows meets the end of the memory, and faults, before it meets
 * the arena. Before it lie 16 bytes that loader and application leave for each other (firmware/cortex-m/handover.h). Sections in flash end where the next may begin, so that their sizes add up to what is flashed. Symbols begin
 * with `link_`; firmware/cortex-m/start.c uses them. Source: GNU ld manual, chapter 3.
 */
import { type Board, memoryFor } from '../hw/board.js';
import { type FirmwarePart, partAddress } from './firmware.js';

/** @param part a board with a resident loader has that at the start of its flash, and the application behind it */
export function linkerScript(board: Board, part: FirmwarePart): string {
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
  return `ENTRY(start)
MEMORY
{
${memories.join('\n')}
}
SECTIONS
{
    .text : { KEEP(*(.vectors)) *(.text .text.*) . = ALIGN(16); } > ${code}
    .rodata : { *(.rodata .rodata.*) . = ALIGN(16); } > ${code}
    .weights : ALIGN(16) { *(.weights .weights.*) . = ALIGN(4); } > ${weights}
${loaderBytes > 0 ? handover : ''}    .stack (NOLOAD) : { link_stack_low = .; . += ${board.firmware.stackBytes}; link_stack_top = .; } > ${stack}
    .data : ALIGN(4) { link_data = .; *(.data .data.*) . = ALIGN(4); link_data_end = .; } > ${data} AT> ${code}
    link_data_load = LOADADDR(.data);
    .bss (NOLOAD) : ALIGN(4) { link_bss = .; *(.bss .bss.* COMMON) . = ALIGN(4); link_bss_end = .; } > ${data}
    .arena (NOLOAD) : ALIGN(16) { *(.arena) } > ${arena}
    /DISCARD/ : { *(.ARM.exidx* .ARM.extab* .comment) }
}
`;
}
