/** The sectors of a chip: which bytes one erase takes with it. Pure. */
import { ReflowError } from '../base/error.js';
import type { BankMode, Chip } from './chips.js';

export interface Sector {
  /** Number in the erase command. */
  readonly index: number;
  readonly address: number;
  readonly bytes: number;
}

/**
 * Sectors in address order.
 * @param mode bank mode; required where the chip has two maps
 * @param flashBytes size that the device reported; a smaller part of a two-bank chip has a hole between its banks, so
 *   only its first bank is returned
 * @throws ReflowError E_DEVICE when the mode is needed and unknown
 */
export function sectorMap(chip: Chip, mode: BankMode | null, flashBytes = chip.flashBytes): Sector[] {
  const layout = chip.layouts.find((l) => l.mode === 'only' || l.mode === mode);
  if (!layout) {
    throw new ReflowError(
      'E_DEVICE',
      `${chip.name} can run its flash as one bank or two, and its option bytes could not be read`,
      'say which: --bank-mode single or --bank-mode dual',
    );
  }
  const usable = flashBytes >= chip.flashBytes || !chip.twoBanks ? flashBytes : flashBytes / 2;
  const sectors: Sector[] = [];
  let address = chip.flashBase;
  for (const run of layout.runs) {
    for (let i = 0; i < run.count; i++) {
      if (address + run.bytes > chip.flashBase + usable) return sectors;
      sectors.push({ index: sectors.length, address, bytes: run.bytes });
      address += run.bytes;
    }
  }
  return sectors;
}

/** First address at or after `address` at which a sector starts: where weights go to be flashed apart from the program. */
export function nextSectorAddress(sectors: readonly Sector[], address: number): number | undefined {
  return sectors.find((sector) => sector.address >= address)?.address;
}
