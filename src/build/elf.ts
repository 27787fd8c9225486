/**
 * Reads the section headers of a little-endian ELF file, 32 or 64 bits wide. Pure.
 * Source: System V ABI, edition 4.1, chapter 4; ELF-64 Object File Format 1.5.
 */
import { ReflowError } from '../base/error.js';

export interface Section {
  readonly name: string;
  readonly bytes: number;
  /** Occupies memory when the program runs. */
  readonly allocated: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  /** Its contents are in the file (not so for .bss). */
  readonly loaded: boolean;
}

const NOBITS = 8;
const FLAG = { write: 1, alloc: 2, exec: 4 };

/** @throws ReflowError E_BUILD when this is not such a file, or a damaged one */
export function elfSections(file: Uint8Array): readonly Section[] {
  try {
    return readSections(file);
  } catch (error) {
    throw new ReflowError(
      'E_BUILD',
      'the linker wrote a file that is not ELF',
      'check the compiler of this target',
      {
        cause: error,
      },
    );
  }
}

function readSections(file: Uint8Array): Section[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0) !== 0x7f454c46 || view.getUint8(5) !== 1) throw new RangeError('magic');
  const wide = view.getUint8(4) === 2;
  const word = (at: number) => (wide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true));
  const table = word(wide ? 0x28 : 0x20);
  const [entryBytes, count, namesIndex] = [0, 2, 4].map((at) =>
    view.getUint16((wide ? 0x3a : 0x2e) + at, true),
  );
  const header = (index: number) => {
    const at = table + index * (entryBytes ?? 0);
    const size = wide ? 8 : 4;
    return {
      name: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      flags: word(at + 8),
      offset: word(at + 8 + 2 * size),
      bytes: word(at + 8 + 3 * size),
    };
  };
  const names = header(namesIndex ?? 0);
  const nameAt = (at: number) => {
    const start = names.offset + at;
    const end = file.indexOf(0, start);
    if (start > file.length || end < 0) throw new RangeError('name');
    return Buffer.from(file.subarray(start, end)).toString('latin1');
  };
  return Array.from({ length: count ?? 0 }, (_, index) => {
    const { name, type, flags, bytes } = header(index);
    return {
      name: nameAt(name),
      bytes,
      allocated: (flags & FLAG.alloc) !== 0,
      writable: (flags & FLAG.write) !== 0,
      executable: (flags & FLAG.exec) !== 0,
      loaded: type !== NOBITS,
    };
  });
}

/** Bytes by what they are; see Image for their meaning. */
export interface SectionSizes {
  readonly flashBytes: number;
  readonly textBytes: number;
  readonly rodataBytes: number;
  readonly weightBytes: number;
  readonly ramBytes: number;
  readonly arenaBytes: number;
}

export function sectionSizes(sections: readonly Section[]): SectionSizes {
  const total = (wanted: (section: Section) => boolean) =>
    sections
      .filter((section) => section.allocated && wanted(section))
      .reduce((sum, { bytes }) => sum + bytes, 0);
  const isWeights = ({ name }: Section) => name === '.weights';
  return {
    flashBytes: total(({ loaded }) => loaded),
    textBytes: total(({ executable }) => executable),
    rodataBytes: total((s) => s.loaded && !s.writable && !s.executable && !isWeights(s)),
    weightBytes: total(isWeights),
    ramBytes: total(({ writable }) => writable),
    arenaBytes: total(({ name }) => name === '.arena'),
  };
}
