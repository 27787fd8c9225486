/** Pieces of Thumb-2 assembly as machine code, by the cross assembler. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elfBytes, elfSymbols } from '../src/build/elf.js';

const sizeName = (index: number) => `end_${index}`;

/**
 * Machine code of every source, for a Cortex-M7 with the double-precision FPU. Each starts at a multiple of 16 bytes, and its
 * end is at its own last instruction.
 */
export function assemble(sources: readonly string[]): Uint8Array[] {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-assembled-'));
  try {
    const text = sources.map(
      (source, index) => `.balign 16\nstart_${index}:\n${source}\n${sizeName(index)}:\n`,
    );
    const head = '.syntax unified\n.cpu cortex-m7\n.fpu fpv5-d16\n.thumb\n.text\n';
    writeFileSync(join(folder, 'code.s'), head + text.join(''));
    const built = spawnSync('arm-none-eabi-gcc', [
      ...['-mcpu=cortex-m7', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv5-d16', '-nostdlib'],
      ...['-Wl,-Ttext=0x10000,-e,0x10000', '-o', join(folder, 'code.elf'), join(folder, 'code.s')],
    ]);
    if (built.status !== 0) throw new Error(built.stderr.toString());
    const elf = readFileSync(join(folder, 'code.elf'));
    const [symbols, at] = [elfSymbols(elf), elfBytes(elf)];
    return sources.map((_, index) => {
      const start = symbols.get(`start_${index}`)! & ~1;
      const end = symbols.get(sizeName(index))! & ~1;
      return new Uint8Array(at(start, end - start)!);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
