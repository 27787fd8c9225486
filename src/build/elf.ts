/**
 * Reads the section headers and symbols of a little-endian ELF file, 32 or 64 bits wide. Pure.
 * Source: System V ABI, edition 4.1, chapter 4; ELF-64 Object File Format 1.5.
 */
import { ReflowError } from '../base/error.js';

export interface Section {
  readonly name: string;
  /** Where it lies when the program runs. */
  readonly address: number;
  readonly bytes: number;
  /** Occupies memory when the program runs. */
  readonly allocated: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  /** Its contents are in the file (not so for .bss). */
  readonly loaded: boolean;
}

const SYMBOLS = 2;
const NOBITS = 8;
const FLAG = { write: 1, alloc: 2, exec: 4 };

/** @throws ReflowError E_BUILD when this is not such a file, or a damaged one */
export function elfSections(file: Uint8Array): readonly Section[] {
  return readElf(() => readSections(file));
}

/**
 * The value of every symbol by its name; null where symbols of one name have different values.
 * @throws ReflowError E_BUILD when this is not such a file, or a damaged one
 */
export function elfSymbols(file: Uint8Array): ReadonlyMap<string, number | null> {
  return readElf(() => readSymbols(file));
}

/**
 * What an image holds at an address; null unless all of it lies in one section whose contents are in the file.
 * @throws ReflowError E_BUILD when this is not such a file, or a damaged one
 */
export function elfBytes(file: Uint8Array): (address: number, bytes: number) => Uint8Array | null {
  const sections = readElf(() => new ElfReader(file).headers).filter(
    ({ type, flags }) => (flags & FLAG.alloc) !== 0 && type !== NOBITS,
  );
  return (address, bytes) => {
    const section = sections.find(
      (one) => one.address <= address && address + bytes <= one.address + one.bytes,
    );
    if (!section) return null;
    const from = section.offset + address - section.address;
    return from + bytes <= file.length ? file.subarray(from, from + bytes) : null;
  };
}

function readElf<T>(read: () => T): T {
  try {
    return read();
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

interface Header {
  readonly name: number;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly bytes: number;
  readonly link: number;
}

class ElfReader {
  readonly view: DataView;
  readonly wide: boolean;
  readonly headers: readonly Header[];
  readonly namesIndex: number;

  constructor(private readonly file: Uint8Array) {
    this.view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    if (this.view.getUint32(0) !== 0x7f454c46 || this.view.getUint8(5) !== 1) throw new RangeError('magic');
    this.wide = this.view.getUint8(4) === 2;
    const table = this.word(this.wide ? 0x28 : 0x20);
    const [entryBytes = 0, count = 0, namesIndex = 0] = [0, 2, 4].map((at) =>
      this.view.getUint16((this.wide ? 0x3a : 0x2e) + at, true),
    );
    this.namesIndex = namesIndex;
    this.headers = Array.from({ length: count }, (_, index) => this.#header(table + index * entryBytes));
  }

  word(at: number): number {
    return this.wide ? Number(this.view.getBigUint64(at, true)) : this.view.getUint32(at, true);
  }

  #header(at: number): Header {
    const size = this.wide ? 8 : 4;
    const [flags = 0, address = 0, offset = 0, bytes = 0] = [0, 1, 2, 3].map((k) =>
      this.word(at + 8 + k * size),
    );
    const link = this.view.getUint32(at + 8 + 4 * size, true);
    return {
      name: this.view.getUint32(at, true),
      type: this.view.getUint32(at + 4, true),
      flags,
      address,
      offset,
      bytes,
      link,
    };
  }

  /** The string at a place of the section of strings with this number. */
  text(section: number, at: number): string {
    const strings = this.headers[section];
    if (!strings) throw new RangeError('strings');
    const start = strings.offset + at;
    const end = this.file.indexOf(0, start);
    if (start > this.file.length || end < 0) throw new RangeError('name');
    return Buffer.from(this.file.subarray(start, end)).toString('latin1');
  }
}

function readSections(file: Uint8Array): Section[] {
  const elf = new ElfReader(file);
  return elf.headers.map(({ name, type, flags, address, bytes }) => ({
    name: elf.text(elf.namesIndex, name),
    address,
    bytes,
    allocated: (flags & FLAG.alloc) !== 0,
    writable: (flags & FLAG.write) !== 0,
    executable: (flags & FLAG.exec) !== 0,
    loaded: type !== NOBITS,
  }));
}

function readSymbols(file: Uint8Array): Map<string, number | null> {
  const elf = new ElfReader(file);
  const values = new Map<string, number | null>();
  for (const { type, offset, bytes, link } of elf.headers) {
    if (type !== SYMBOLS) continue;
    const entryBytes = elf.wide ? 24 : 16;
    if (offset + bytes > file.length) throw new RangeError('symbols');
    for (let at = offset; at + entryBytes <= offset + bytes; at += entryBytes) {
      const name = elf.text(link, elf.view.getUint32(at, true));
      const value = elf.word(at + (elf.wide ? 8 : 4));
      values.set(name, (values.get(name) ?? value) === value && values.get(name) !== null ? value : null);
    }
  }
  return values;
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
  return {
    flashBytes: total(({ loaded }) => loaded),
    textBytes: total(({ executable }) => executable),
    rodataBytes: total((s) => s.loaded && !s.writable && !s.executable && !isWeights(s)),
    weightBytes: total(isWeights),
    ramBytes: total((section) => section.writable || copyHome(section) !== null),
    arenaBytes: total(isArena),
  };
}

/** Weights where they are flashed, in any memory, and those that are copied into RAM. */
const isWeights = ({ name }: Section) => /^\.(weights|copied)(\.|$)/.test(name);

/** The arena, and what networks keep in other memories. */
const isArena = ({ name }: Section) => /^\.arena(\.|$)/.test(name);

/** The memory that is flashed with weights that are copied at start; null for other sections. */
const copyHome = ({ name }: Section) => /^\.copied\.[^.]+\.(.+)$/.exec(name)?.[1] ?? null;

/** One memory's part of the image. `home`: where initial values of data lie in flash. */
export function memorySizes(
  sections: readonly Section[],
  { name, base, bytes }: { readonly name: string; readonly base: number; readonly bytes: number },
  home: string,
): { used: number; weightBytes: number; arenaBytes: number } {
  const total = (wanted: (section: Section) => boolean) =>
    sections.filter(wanted).reduce((sum, section) => sum + section.bytes, 0);
  const inside = (s: Section) => s.allocated && base <= s.address && s.address < base + bytes;
  const flashedHere = (s: Section) =>
    s.allocated && !inside(s) && (copyHome(s) ?? (s.loaded && s.writable ? home : null)) === name;
  return {
    used: total((section) => inside(section) || flashedHere(section)),
    weightBytes: total((s) => isWeights(s) && (inside(s) || flashedHere(s))),
    arenaBytes: total((section) => inside(section) && isArena(section)),
  };
}
