/** What the resident loader says of itself: its answer to INFO (runtime-c/rf_loader.h). Pure. */
import { LinkError } from './flash-error.js';
import type { Sector } from './sector-map.js';

export interface LoaderInfo {
  readonly hasApplication: boolean;
  /** Bytes of one message's data. */
  readonly dataBytes: number;
  /** Where the application's flash begins. */
  readonly base: number;
  readonly bytes: number;
  readonly wordBytes: number;
  readonly sectors: readonly Sector[];
  readonly board: string;
}

export const loaderVersion = 1;
const mostSectors = 4096;

/** @throws LinkError `garbled` when it contradicts itself or is of another version */
export function readLoaderInfo(body: Uint8Array): LoaderInfo {
  const wrong = (what: string) => new LinkError('garbled', 'loader', what);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.length < 14) throw wrong('its description is too short');
  if (view.getUint8(0) !== loaderVersion)
    throw wrong(`it speaks version ${view.getUint8(0)}, this reflow version ${loaderVersion}`);
  const [base, bytes, wordBytes, runs] = [
    view.getUint32(4, true),
    view.getUint32(8, true),
    view.getUint8(12),
    view.getUint8(13),
  ];
  const nameAt = 14 + 6 * runs;
  if (body.length < nameAt + 1 || body.length !== nameAt + 1 + view.getUint8(nameAt))
    throw wrong('its description has a wrong length');
  const sectors: Sector[] = [];
  let address = base;
  for (let run = 0; run < runs; run++) {
    const [count, size] = [view.getUint16(14 + 6 * run, true), view.getUint32(16 + 6 * run, true)];
    if (size === 0 || sectors.length + count > mostSectors) throw wrong('it describes impossible sectors');
    for (let i = 0; i < count; i++, address += size)
      sectors.push({ index: sectors.length, address, bytes: size });
  }
  const dataBytes = view.getUint16(2, true);
  const isWord = [4, 8, 16, 32].includes(wordBytes);
  if (address !== base + bytes || !isWord || dataBytes < 32) throw wrong('its sectors do not add up');
  return {
    hasApplication: (view.getUint8(1) & 1) === 1,
    dataBytes,
    base,
    bytes,
    wordBytes,
    sectors,
    board: Buffer.from(body.subarray(nameAt + 1)).toString('latin1'),
  };
}
