/**
 * Frames on the line, as runtime-c/rf_wire.h describes them: 0x00, COBS(message and its CRC-32), 0x00. Pure functions;
 * runtime-c/test/wire-vectors.json holds both sides to the same bytes.
 */
import { crc32 } from 'node:zlib';

export const wireVersion = 1;
const headerBytes = 4;
const crcBytes = 4;

export interface Message {
  readonly version: number;
  readonly type: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** The whole frame of a message, with both delimiters. */
export function encodeFrame({ version, type, sequence, body }: Message): Uint8Array {
  const bytes = new Uint8Array(headerBytes + body.length + crcBytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, version);
  view.setUint8(1, type);
  view.setUint16(2, sequence, true);
  bytes.set(body, headerBytes);
  view.setUint32(headerBytes + body.length, crc32(bytes.subarray(0, headerBytes + body.length)), true);
  return Uint8Array.of(0, ...stuff(bytes), 0);
}

/** What lies between two delimiters; null when it is not a message (damaged, cut, too short). */
export function decodeFrame(frame: Uint8Array): Message | null {
  const bytes = unstuff(frame);
  if (!bytes || bytes.length < headerBytes + crcBytes) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - crcBytes;
  if (crc32(bytes.subarray(0, end)) !== view.getUint32(end, true)) return null;
  return {
    version: view.getUint8(0),
    type: view.getUint8(1),
    sequence: view.getUint16(2, true),
    body: bytes.subarray(headerBytes, end),
  };
}

/** COBS (Cheshire and Baker, 1999): each block is its length and up to 254 bytes that are not zero. */
function stuff(bytes: Uint8Array): number[] {
  const out: number[] = [];
  for (let at = 0; ; ) {
    let end = at;
    while (end < bytes.length && end - at < 254 && bytes[end] !== 0) end += 1;
    out.push(end - at + 1, ...bytes.subarray(at, end));
    if (end === bytes.length) return out;
    at = end - at < 254 ? end + 1 : end;
  }
}

function unstuff(frame: Uint8Array): Uint8Array | null {
  const out = new Uint8Array(frame.length);
  let length = 0;
  for (let at = 0; at < frame.length; ) {
    const code = frame[at] ?? 0;
    const block = frame.subarray(at + 1, at + code);
    if (code === 0 || block.length !== code - 1 || block.includes(0)) return null;
    out.set(block, length);
    length += block.length;
    at += code;
    if (code < 255 && at < frame.length) length += 1; // the zero that the block stands for
  }
  return out.subarray(0, length);
}

/** Longer than any frame of ours; what is longer is noise. */
const maxFrameBytes = 70_000;

/** Cuts a stream into frames. What it holds is bounded. */
export class FrameReader {
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** Takes bytes as they come; returns the messages that they complete, and null for each damaged frame. */
  push(bytes: Uint8Array): (Message | null)[] {
    const found: (Message | null)[] = [];
    let at = 0;
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, at)) {
      this.#hold(bytes.subarray(at, end));
      at = end + 1;
      if (this.#heldBytes > maxFrameBytes) found.push(null);
      else if (this.#heldBytes > 0) found.push(decodeFrame(Buffer.concat(this.#held)));
      this.#held = [];
      this.#heldBytes = 0;
    }
    this.#hold(bytes.subarray(at));
    return found;
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > maxFrameBytes) this.#held = [];
    else this.#held.push(bytes.slice());
  }
}
