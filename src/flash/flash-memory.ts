/** Flash of a virtual chip: what programming and erasing do to bytes, and a record of what no client may do. Pure. */
import type { Chip } from './chips.js';
import type { Sector } from './sector-map.js';

export class FlashMemory {
  readonly bytes: Uint8Array;
  /** Erases of each sector. */
  readonly wear: number[];
  /** Words with ECC that were programmed a second time without an erase; a client that causes one is wrong. */
  eccReprograms = 0;
  /** Writes to words with ECC that did not cover whole words. */
  partialWords = 0;
  /** Programming at a wrong alignment: it fails, and so does everything after it until a reset (AN2606 table 7). */
  misaligned = 0;
  readonly #programmed: Uint8Array;
  #broken = false;

  constructor(
    private readonly chip: Chip,
    readonly sectors: readonly Sector[],
    /** Sector numbers that ignore erases and writes. */
    readonly protectedSectors: ReadonlySet<number> = new Set(),
  ) {
    const last = sectors.at(-1)!;
    this.bytes = new Uint8Array(last.address + last.bytes - chip.flashBase).fill(0xff);
    this.wear = sectors.map(() => 0);
    this.#programmed = new Uint8Array(this.bytes.length / chip.wordBytes);
  }

  contains(address: number, length = 1): boolean {
    return address >= this.chip.flashBase && address + length <= this.chip.flashBase + this.bytes.length;
  }

  read(address: number, length: number): Uint8Array {
    const at = address - this.chip.flashBase;
    return this.bytes.slice(at, at + length);
  }

  /** Fills flash as an earlier job left it, without counting as programming. */
  preset(address: number, data: Uint8Array): void {
    const at = address - this.chip.flashBase;
    this.bytes.set(data, at);
    const { wordBytes } = this.chip;
    for (let i = 0; i < data.length; i++) {
      if (data[i] !== 0xff) this.#programmed[Math.floor((at + i) / wordBytes)] = 1;
    }
  }

  program(address: number, data: Uint8Array): void {
    const { wordBytes, ecc } = this.chip;
    const at = address - this.chip.flashBase;
    if (this.#broken || at % wordBytes !== 0) {
      this.misaligned++;
      this.#broken = true;
      return;
    }
    if (ecc && data.length % wordBytes !== 0) this.partialWords++;
    for (let i = 0; i < data.length; i += wordBytes) {
      if (this.#isProtected(address + i)) continue;
      const word = (at + i) / wordBytes;
      if (ecc && this.#programmed[word] === 1) {
        this.eccReprograms++;
        continue;
      }
      this.#programmed[word] = 1;
      for (let k = i; k < Math.min(i + wordBytes, data.length); k++) this.bytes[at + k]! &= data[k]!;
    }
  }

  /** A word whose programming was cut off: with ECC it reads as erased and is not. */
  tear(address: number): void {
    const word = Math.floor((address - this.chip.flashBase) / this.chip.wordBytes);
    if (!this.#isProtected(address)) this.#programmed[word] = 1;
  }

  /** A sector whose erase was cut off. */
  scar(index: number): void {
    const sector = this.sectors[index];
    if (!sector || this.protectedSectors.has(index)) return;
    for (let at = 0; at < sector.bytes; at += 64) {
      this.bytes[sector.address + at - this.chip.flashBase] = 0xa5;
      this.tear(sector.address + at);
    }
  }

  erase(index: number): void {
    const sector = this.sectors[index];
    if (!sector || this.protectedSectors.has(index)) return;
    this.wear[index]!++;
    const at = sector.address - this.chip.flashBase;
    this.bytes.fill(0xff, at, at + sector.bytes);
    this.#programmed.fill(0, at / this.chip.wordBytes, (at + sector.bytes) / this.chip.wordBytes);
  }

  /** A reset clears the error state of the flash interface. */
  reset(): void {
    this.#broken = false;
  }

  #isProtected(address: number): boolean {
    if (this.protectedSectors.size === 0) return false;
    const sector = this.sectors.find((s) => address >= s.address && address < s.address + s.bytes);
    return sector !== undefined && this.protectedSectors.has(sector.index);
  }
}
