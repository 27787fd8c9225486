/** The record of boards' flash in the store, as flashing uses it. */
import { realpath } from 'node:fs/promises';
import type { KnownFlash, Witness } from '../flash/flash-image.js';
import type { Sector } from '../flash/sector-map.js';
import type { Board } from '../hw/board.js';
import { FlashRecord, type StoredWitness } from '../store/flash-record.js';
import { openStore } from '../store/store.js';
import type { FlashResult } from './results.js';

export interface Records {
  /** Of the board with this unique id, which is now on that port. */
  ofDevice(uid: string, port: string): Promise<FlashRecord>;
  /** Of the board that was on that port last: the resident loader does not tell the chip's id. */
  onPort(port: string): Promise<FlashRecord>;
}

/** Flashes under a record: `work` says which one it uses, the result says how worn the board is. */
export async function recordsIn(
  { store: place, board }: { readonly store: string; readonly board: Board },
  work: (records: Records) => Promise<Omit<FlashResult, 'board' | 'route' | 'seconds' | 'mostErases'>>,
): Promise<Omit<FlashResult, 'board' | 'route' | 'seconds'>> {
  const store = await openStore(place);
  const { database } = store;
  let used: FlashRecord | null = null;
  const open = async (device: string, port: string) => {
    used = new FlashRecord(database, device);
    await used.seen(board.id, port);
    return used;
  };
  const real = (port: string) => realpath(port).catch(() => port);
  try {
    const done = await work({
      ofDevice: async (uid, port) => open(uid, await real(port)),
      onPort: async (path) => {
        const port = await real(path);
        return open((await FlashRecord.lastOn(database, board.id, port)) ?? `${board.id}@${port}`, port);
      },
    });
    const sectors = (await (used as FlashRecord | null)?.sectors()) ?? [];
    return { ...done, mostErases: Math.max(0, ...sectors.map(({ erases }) => erases)) };
  } finally {
    await store.close();
  }
}

/** What the record knows of a board with these sectors; null when it knows nothing that can be trusted. */
export async function knownFlash(
  record: FlashRecord,
  sectors: readonly Sector[],
): Promise<KnownFlash | null> {
  const witnesses = await record.witnesses();
  if (witnesses.length === 0) return null;
  const hashes: Record<number, string> = {};
  for (const { address, hash } of await record.sectors()) {
    const sector = sectors.find((candidate) => candidate.address === address);
    if (sector && hash !== null) hashes[sector.index] = hash;
  }
  return { hashes, witnesses: witnesses.map(witness) };
}

function witness({ address, hex }: StoredWitness): Witness {
  return { address, bytes: new Uint8Array(Buffer.from(hex, 'hex')) };
}

const witnessBytes = 32;

interface FlashedImage {
  readonly image: Uint8Array;
  readonly address: number;
  readonly identities: readonly string[];
}

/**
 * The image's first bytes, its last ones, and the places where it says which network it holds; none for an image that does not
 * say it, because then another one may look the same in all places but one, and no record can be trusted.
 */
export function witnessesIn({ image, address, identities }: FlashedImage): StoredWitness[] {
  const buffer = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  // The firmware holds the first eight bytes of each hash.
  const places = identities
    .map((hash) => buffer.indexOf(Buffer.from(hash.slice(0, 16), 'hex')))
    .filter((place) => place >= 0);
  if (places.length === 0) return [];
  const starts = [0, Math.max(0, image.length - witnessBytes), ...places];
  return [...new Set(starts.map((start) => start - (start % 4)))].map((start) => ({
    address: address + start,
    hex: buffer.subarray(start, start + witnessBytes).toString('hex'),
  }));
}
