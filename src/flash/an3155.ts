/** Frames of the STM32 USART bootloader protocol, ST AN3155 (rev. 20). Pure: bytes in, bytes out. */
import { ReflowError } from '../base/error.js';

export const ACK = 0x79;
export const NACK = 0x1f;
export const SYNC = 0x7f;

export const commandCodes = {
  get: 0x00,
  getVersion: 0x01,
  getId: 0x02,
  read: 0x11,
  go: 0x21,
  write: 0x31,
  erase: 0x43,
  extendedErase: 0x44,
  special: 0x50,
  extendedSpecial: 0x51,
  writeProtect: 0x63,
  writeUnprotect: 0x73,
  readoutProtect: 0x82,
  readoutUnprotect: 0x92,
  getChecksum: 0xa1,
} as const;

/** Most bytes of one read or write. */
export const maxBlockBytes = 256;

/** Frame bytes of a 256-byte write, both directions: the line's limit is baud / 11 * 256 / 268. */
export const writeFrameBytes = 268;

/** Bits per byte on the line: start, 8 data, even parity, stop. */
export const bitsPerByte = 11;

export function xorOf(bytes: Iterable<number>, start = 0): number {
  let sum = start;
  for (const byte of bytes) sum ^= byte;
  return sum;
}

/** Command code and its complement. */
export function commandFrame(code: number): Uint8Array {
  return Uint8Array.of(code, code ^ 0xff);
}

/** Four address bytes, most significant first, and their XOR. */
export function addressFrame(address: number): Uint8Array {
  const bytes = [(address >>> 24) & 0xff, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff];
  return Uint8Array.of(...bytes, xorOf(bytes));
}

/** Count of a read (1 to 256), less one, and its complement. */
export function readLengthFrame(length: number): Uint8Array {
  checkCount(length, maxBlockBytes);
  return Uint8Array.of(length - 1, (length - 1) ^ 0xff);
}

/** Data of a write (1 to 256 bytes): count less one, data, XOR of both. */
export function writeDataFrame(data: Uint8Array): Uint8Array {
  checkCount(data.length, maxBlockBytes);
  const frame = new Uint8Array(data.length + 2);
  frame[0] = data.length - 1;
  frame.set(data, 1);
  frame[data.length + 1] = xorOf(data, data.length - 1);
  return frame;
}

/** Old erase (0x43): one byte per sector. */
export function eraseFrame(sectors: readonly number[]): Uint8Array {
  checkCount(sectors.length, 255);
  if (sectors.some((s) => s > 0xff)) throw badFrame('the old erase command numbers only 256 sectors');
  const bytes = [sectors.length - 1, ...sectors];
  return Uint8Array.of(...bytes, xorOf(bytes));
}

/** Extended erase (0x44): two bytes per sector. Counts from 0xFFF0 mean mass and bank erase and are never made here. */
export function extendedEraseFrame(sectors: readonly number[]): Uint8Array {
  checkCount(sectors.length, 0xfff0);
  const bytes = [sectors.length - 1, ...sectors].flatMap((word) => [word >> 8, word & 0xff]);
  return Uint8Array.of(...bytes, xorOf(bytes));
}

export interface GetReply {
  /** Protocol version, 0x31 for V3.1. */
  readonly version: number;
  readonly commands: readonly number[];
}

/**
 * Body of a Get reply, between count and ACK.
 * @throws ReflowError E_PROTOCOL when it cannot be one (a wrong baud rate also "answers")
 */
export function parseGet(body: Uint8Array): GetReply {
  const [version, ...commands] = body;
  const known = new Set<number>(Object.values(commandCodes));
  const plausible =
    version !== undefined &&
    version >= 0x10 &&
    version <= 0x5f &&
    commands[0] === 0 &&
    commands.some((c) => c === 0x02);
  if (!plausible || new Set(commands).size !== commands.length || !commands.every((c) => known.has(c))) {
    throw badFrame(`the bootloader's command list makes no sense: ${hex(body)}`);
  }
  return { version, commands };
}

/** Body of a Get ID reply: product id, two bytes. */
export function parseGetId(body: Uint8Array): number {
  if (body.length !== 2) throw badFrame(`the bootloader's product id makes no sense: ${hex(body)}`);
  return (body[0]! << 8) | body[1]!;
}

export function hex(bytes: Iterable<number>): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function checkCount(count: number, most: number): void {
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw badFrame(`a frame of ${count} units was asked for`);
}

function badFrame(message: string): ReflowError {
  return new ReflowError('E_PROTOCOL', message, 'reset the board into its bootloader and try again');
}
