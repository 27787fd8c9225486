/** What is done to one sector over a board session: compare, sample, erase and write. Each survives a lost line. */
import { maxBlockBytes } from './an3155.js';
import type { BoardSession } from './board-session.js';
import { FlashError, LinkError } from './flash-error.js';
import type { PlannedSector } from './flash-plan.js';
import { sleep } from './line-clock.js';

/**
 * Reads the planned bytes of the sector until a block differs.
 * @param surely a difference must show twice; without, a disturbed read counts as one and costs a needless write
 */
export async function sectorMatches(
  session: BoardSession,
  planned: PlannedSector,
  surely: boolean,
): Promise<boolean> {
  for (let at = planned.from - (planned.from % 4); at < planned.to; at += maxBlockBytes) {
    const expected = planned.content.subarray(at, Math.min(at + maxBlockBytes, planned.to));
    if (!(await readsAs(session, planned.sector.address + at, expected, surely))) return false;
  }
  return true;
}

const sampleBytes = 32;

/** Erases of one sector in one job, at most: flash endures 10,000. */
const mostAttempts = 20;

/** Reads 32 bytes where the content begins and 32 more at a place that its hash chooses: an early warning, no proof. */
export async function sampleMatches(session: BoardSession, planned: PlannedSector): Promise<boolean> {
  const span = planned.to - planned.from;
  const room = Math.max(1, span - sampleBytes);
  const chosen = planned.from + (Number.parseInt(planned.hash.slice(0, 8), 16) % room);
  for (const place of [planned.from, chosen]) {
    const at = place - (place % 4);
    const expected = planned.content.subarray(at, Math.min(at + sampleBytes, planned.to));
    if (!(await readsAs(session, planned.sector.address + at, expected, true))) return false;
  }
  return true;
}

/** Whether the board holds the bytes that the image of its last recorded flash had. */
export async function witnessesMatch(
  session: BoardSession,
  witnesses: readonly { readonly address: number; readonly bytes: Uint8Array }[],
): Promise<boolean> {
  for (const { address, bytes } of witnesses) {
    if (!(await readsAs(session, address, bytes, true))) return false;
  }
  return true;
}

/**
 * Read data carries no checksum. So bytes match when one read shows them all; they differ when two reads show the same
 * wrong byte in the same place. On a line so bad that neither happens they count as different.
 */
async function readsAs(
  session: BoardSession,
  address: number,
  expected: Uint8Array,
  surely: boolean,
): Promise<boolean> {
  let before: Uint8Array | null = null;
  for (let reads = 0; reads < 8; ) {
    const outcome = await session.attempt(async () => {
      if (reads > 1) await session.client.recover();
      return session.client.read(address, expected.length);
    });
    if (outcome === 'again') continue;
    if (outcome.every((byte, i) => byte === expected[i])) return true;
    if (!surely) return false;
    const earlier = before;
    if (earlier && outcome.some((byte, i) => byte !== expected[i] && byte === earlier[i])) return false;
    before = outcome;
    reads++;
  }
  return false;
}

/**
 * Erases the sector and writes its blocks, starting over whenever a block is left half written.
 * @param settleMs for a sector that has already failed: wait so long after the erase, which may be acknowledged before it
 *   ends (H74x V9.1, second bank), and read that it is erased; 0 trusts the ACK
 * @returns bytes programmed, repeats included
 * @throws FlashError `write-protected` when the sector acknowledges erases and keeps its content, `disturbed` when no
 *   attempt got to its end
 */
export async function eraseAndWrite(
  session: BoardSession,
  planned: PlannedSector,
  settleMs: number,
  beforeErase: () => Promise<void>,
): Promise<number> {
  let programmed = 0;
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    await beforeErase();
    try {
      const done = await session.attempt(async () => {
        await session.client.eraseSector(planned.sector.index, planned.sector.bytes);
        if (settleMs > 0) await expectErased(session, planned, settleMs);
        for (const block of planned.blocks) {
          await session.client.writeBlock(block.address, block.bytes);
          programmed += block.bytes.length;
        }
      });
      if (done !== 'again') return programmed;
    } catch (error) {
      if (!(error instanceof LinkError && error.trouble === 'torn')) throw error;
    }
  }
  // Either nothing can be written there, or the line never lasted for a whole sector.
  await session.client.eraseSector(planned.sector.index, planned.sector.bytes);
  await expectErased(session, planned, 500);
  throw new FlashError(
    'disturbed',
    `flash sector ${planned.sector.index} could not be written in one go in ${mostAttempts} attempts`,
  );
}

async function expectErased(session: BoardSession, planned: PlannedSector, settleMs: number): Promise<void> {
  const { address, bytes, index } = planned.sector;
  for (let attempt = 0; attempt < 3; attempt++) {
    await sleep(session.clock, settleMs);
    if (await isErased(session, planned)) return;
    await session.client.eraseSector(index, bytes);
  }
  throw new FlashError(
    'write-protected',
    `flash sector ${index} at 0x${address.toString(16)} acknowledges erasing and keeps its content: it is write-protected`,
  );
}

async function isErased(session: BoardSession, planned: PlannedSector): Promise<boolean> {
  for (const block of planned.blocks) {
    if (!(await readsAs(session, block.address, new Uint8Array(block.bytes.length).fill(0xff), true)))
      return false;
  }
  return true;
}

/** Why a sector that was erased and written again and again is still wrong. */
export async function refusal(session: BoardSession, planned: PlannedSector): Promise<FlashError> {
  const { address, index } = planned.sector;
  const where = `flash sector ${index} at 0x${address.toString(16)}`;
  const block = planned.blocks[0];
  const now = block ? await session.client.read(block.address, block.bytes.length) : new Uint8Array(0);
  if (block && now.every((byte) => byte === 0xff)) {
    return new FlashError(
      'write-protected',
      `${where} acknowledges writes and stays erased: it is write-protected`,
    );
  }
  return new FlashError('mismatch', `${where} does not hold what was written`);
}
