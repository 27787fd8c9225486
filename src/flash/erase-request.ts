/** The device's reading of an erase frame, old (0x43) or extended (0x44), ST AN3155. Pure. */
import { xorOf } from './an3155.js';

/** Bytes after the count, which is one byte in the old frame and two in the extended one. */
export function eraseTailBytes(count: number, extended: boolean): number {
  if (isSpecial(count, extended)) return 1;
  return extended ? 2 * (count + 1) + 1 : count + 2;
}

/**
 * Sector numbers to erase; null when the frame is refused: wrong checksum, a sector that is not there, a reserved code.
 * @param tail what followed the count, checksum included
 */
export function eraseRequest(
  count: number,
  tail: readonly number[],
  extended: boolean,
  sectors: number,
): number[] | null {
  const head = extended ? [count >> 8, count & 0xff] : [count];
  const all = Array.from({ length: sectors }, (_, index) => index);
  const sum = xorOf([...head, ...tail]);
  if (isSpecial(count, extended)) {
    // The old mass erase is FF 00: the checksum is the complement.
    if (!extended) return sum === 0xff ? all : null;
    if (sum !== 0 || count < 0xfffd) return null;
    const firstBank = count !== 0xfffd;
    const secondBank = count !== 0xfffe;
    return all.filter((index) => (index < sectors / 2 ? firstBank : secondBank));
  }
  const indices: number[] = [];
  const size = extended ? 2 : 1;
  for (let i = 0; i + size < tail.length; i += size) {
    indices.push(extended ? (tail[i]! << 8) | tail[i + 1]! : tail[i]!);
  }
  return sum === 0 && indices.every((index) => index < sectors) ? indices : null;
}

function isSpecial(count: number, extended: boolean): boolean {
  return extended ? count >= 0xfff0 : count === 0xff;
}
