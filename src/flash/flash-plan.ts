/**
 * What a flash will do, sector by sector, before anything is sent. Pure: the image, the sector map and what the caller
 * knows of the board in, sectors and blocks out.
 */
import { ReflowError } from '../base/error.js';
import { sha256 } from '../base/hash.js';
import { maxBlockBytes } from './an3155.js';
import { nextSectorAddress, type Sector } from './sector-map.js';

/** A span of the image. A program and its weights are two segments, so that a change of one leaves the other alone. */
export interface FlashSegment {
  readonly name: string;
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** SHA-256 (hex) of each sector's whole content, by sector number, as an earlier verified flash left it. */
export type SectorHashes = Readonly<Record<number, string>>;

export interface WriteBlock {
  readonly address: number;
  /** A multiple of the chip's word, at most 256 bytes, with a byte other than 0xFF in its first and its last word. */
  readonly bytes: Uint8Array;
}

export interface PlannedSector {
  readonly sector: Sector;
  /** The whole sector as it will be: 0xFF where no segment lies. */
  readonly content: Uint8Array;
  readonly hash: string;
  /** Offsets in the sector between which all segments lie; these bytes are compared. */
  readonly from: number;
  readonly to: number;
  readonly segments: readonly string[];
  /** `same`: the caller's record says that nothing changed. `changed`: it says otherwise. `unknown`: no record. */
  readonly state: 'same' | 'changed' | 'unknown';
  readonly blocks: readonly WriteBlock[];
}

export interface PlanInput {
  readonly sectors: readonly Sector[];
  readonly segments: readonly FlashSegment[];
  /** Unit of programming; segments start on it. */
  readonly wordBytes: number;
  readonly known?: SectorHashes;
}

/**
 * Sectors that the segments touch, in address order.
 * @throws ReflowError E_DOES_NOT_FIT outside the flash, E_INPUT when segments overlap, are empty or start off a word
 */
export function planFlash({ sectors, segments, wordBytes, known = {} }: PlanInput): PlannedSector[] {
  checkSegments(sectors, segments, wordBytes);
  const planned: PlannedSector[] = [];
  for (const sector of sectors) {
    const end = sector.address + sector.bytes;
    const inside = segments.filter((s) => s.address < end && s.address + s.bytes.length > sector.address);
    if (inside.length === 0) continue;
    const content = new Uint8Array(sector.bytes).fill(0xff);
    let from = sector.bytes;
    let to = 0;
    for (const segment of inside) {
      const first = Math.max(segment.address, sector.address);
      const last = Math.min(segment.address + segment.bytes.length, end);
      content.set(
        segment.bytes.subarray(first - segment.address, last - segment.address),
        first - sector.address,
      );
      from = Math.min(from, first - sector.address);
      to = Math.max(to, last - sector.address);
    }
    const hash = sectorHash(content);
    const before = known[sector.index];
    planned.push({
      sector,
      content,
      hash,
      from,
      to,
      segments: inside.map((s) => s.name),
      state: before === undefined ? 'unknown' : before === hash ? 'same' : 'changed',
      blocks: blocksOf(content, sector.address, wordBytes),
    });
  }
  return planned;
}

/** SHA-256 of a sector's content, in hex. */
export function sectorHash(content: Uint8Array): string {
  return sha256(content);
}

/**
 * Where weights may start so that no sector holds both them and the program.
 * @throws ReflowError E_DOES_NOT_FIT when the program reaches into the last sector
 */
export function weightsAddress(
  sectors: readonly Sector[],
  programAddress: number,
  programBytes: number,
): number {
  const address = nextSectorAddress(sectors, programAddress + programBytes);
  if (address !== undefined) return address;
  throw new ReflowError(
    'E_DOES_NOT_FIT',
    `the program ends at 0x${(programAddress + programBytes).toString(16)}, in or past the last flash sector`,
    'shrink the program, or let the weights share its last sector',
  );
}

/** Blocks of up to 256 bytes without the erased words at their ends; a block of nothing but 0xFF is none. */
function blocksOf(content: Uint8Array, address: number, wordBytes: number): WriteBlock[] {
  const blocks: WriteBlock[] = [];
  for (let start = 0; start < content.length; start += maxBlockBytes) {
    const whole = content.subarray(start, start + maxBlockBytes);
    const first = whole.findIndex((byte) => byte !== 0xff);
    if (first < 0) continue;
    const last = whole.findLastIndex((byte) => byte !== 0xff);
    const from = first - (first % wordBytes);
    const to = last - (last % wordBytes) + wordBytes;
    blocks.push({ address: address + start + from, bytes: whole.slice(from, to) });
  }
  return blocks;
}

function checkSegments(
  sectors: readonly Sector[],
  segments: readonly FlashSegment[],
  wordBytes: number,
): void {
  const begin = sectors[0]?.address ?? 0;
  const end = sectors.length > 0 ? sectors.at(-1)!.address + sectors.at(-1)!.bytes : 0;
  const sorted = [...segments].sort((a, b) => a.address - b.address);
  sorted.forEach((segment, i) => {
    const where = `${segment.name} (${segment.bytes.length} bytes at 0x${segment.address.toString(16)})`;
    if (segment.bytes.length === 0) throw inputError(`${where} is empty`);
    if (segment.address % wordBytes !== 0)
      throw inputError(`${where} does not start on a ${wordBytes}-byte flash word`);
    const before = sorted[i - 1];
    if (before && before.address + before.bytes.length > segment.address) {
      throw inputError(`${where} overlaps ${before.name}`);
    }
    if (segment.address < begin || segment.address + segment.bytes.length > end) {
      throw new ReflowError(
        'E_DOES_NOT_FIT',
        `${where} does not fit into flash 0x${begin.toString(16)} to 0x${end.toString(16)}`,
        'shrink the network or choose a board with more flash; `reflow plan` shows what takes the room',
      );
    }
  });
}

function inputError(message: string): ReflowError {
  return new ReflowError('E_INPUT', message, 'link the image again for this board');
}
