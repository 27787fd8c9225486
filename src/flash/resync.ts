/**
 * Getting back to the command prompt of a bootloader that lost a byte. It may be waiting for the rest of a frame, for
 * ever: AN3155 has no time-out. Filler bytes end that frame, and they must be chosen so that what they complete is
 * refused: completed as it stands, it would erase or program something.
 */
import { commandCodes, NACK, SYNC } from './an3155.js';
import type { LineClock } from './line-clock.js';
import type { RomTransactions } from './rom-transactions.js';

const codes = Object.values(commandCodes);
const notACommand = (byte: number) => !codes.some((code) => code === byte || (code ^ 0xff) === byte);

/**
 * Fillers that can complete nothing. 0x7F is the usual one and also wakes a bootloader that was reset, but a device
 * waiting for write data takes it as "128 bytes" followed by 128 times 0x7F and a checksum of 0x7F, which is a valid
 * frame. An even number has an odd count of bytes, so that the XOR is zero. A byte that is nowhere in the frame cannot
 * stand in for a byte that was lost from it.
 */
export function chooseFiller(lastFrame: Uint8Array, mayChangeMemory: boolean): number {
  if (!mayChangeMemory && !lastFrame.includes(SYNC)) return SYNC;
  for (let byte = 4; byte < 256; byte += 2) {
    if (notACommand(byte) && !lastFrame.includes(byte)) return byte;
  }
  return 4;
}

/** Longest frame that a filler can open: extended erase of 0x0404 + 1 sectors. Twice that ends any. */
const mostFillers = 4200;

/**
 * Sends fillers until the device refuses something and then answers `confirm` as it should.
 * @param patienceMs how long to go on once enough was sent to end any frame: the device may be busy, or its answer late
 * @returns false when it stays silent; LinkError `lost` passes through
 */
export async function resync(
  rom: RomTransactions,
  clock: LineClock,
  byteMs: number,
  patienceMs: number,
  confirm: () => Promise<boolean>,
): Promise<boolean> {
  const filler = chooseFiller(rom.lastFrame, rom.mayChangeMemory);
  await rom.reader.collect(5, 20);
  const patientUntil = clock.now() + patienceMs;
  let sent = 0;
  let burst = 1;
  let refusals = 0;
  while ((sent < mostFillers || clock.now() < patientUntil) && refusals < 12) {
    await rom.send(new Uint8Array(burst).fill(filler), 'resync');
    const reply = await rom.reader.collect(60 + burst * byteMs, 20);
    sent += burst;
    // Two fillers are always a refused command, so a NACK is the prompt; a late ACK may come just before it.
    if (reply.length > 0) {
      if ((reply.includes(NACK) || filler === SYNC) && (await confirm())) return true;
      burst = 1;
      refusals++;
    } else if (sent >= mostFillers) {
      burst = 1;
    } else if (sent > 2) {
      burst = Math.min(512, burst * 2);
    }
  }
  return false;
}
