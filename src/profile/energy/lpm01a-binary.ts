/**
 * The binary stream of ST's X-NUCLEO-LPM01A (`format bin_hexa`): 16-bit big-endian readings, top nibble e, value
 * (x & 0xFFF) * 16^-e, so 0x52A0 is 0x2A0 * 16^-5 = 640.9 uA (ST UM2269). Between readings stand messages F0 Fx ...
 * FF FF: F1 error text, F2 information text, F3 time stamp (4 bytes ms, 1 byte buffer %), F4 end, F5 overcurrent, F6
 * power down, F7 voltage (2 bytes mV). The message layout comes from one third-party parser; byte order of its numbers
 * is taken to be that of the readings.
 *
 * Nothing but the next message shows that a byte was lost: readings since the last time stamp are then given up.
 * No reading starts with F: it would be below 16^-12 of full scale.
 */
import type { TraceDecoder } from './energy-meter.js';
import type { EnergyTrace } from './energy-trace.js';
import { Lpm01aRecorder, type Lpm01aSettings } from './lpm01a-ascii.js';

/** Payload bytes of messages with a fixed layout; texts (F1, F2) run to FF FF. */
const payloadBytes: Record<number, number> = { 243: 5, 244: 0, 245: 0, 246: 0, 247: 2 };
const maxTextBytes = 512;

export class Lpm01aBinaryDecoder implements TraceDecoder {
  #bytes = new Uint8Array(0);
  #started = false;
  readonly #recorder: Lpm01aRecorder;

  constructor(settings: Lpm01aSettings) {
    this.#recorder = new Lpm01aRecorder(settings);
  }

  get ended(): boolean {
    return this.#recorder.ended;
  }

  push(chunk: Uint8Array): void {
    const joined = new Uint8Array(this.#bytes.length + chunk.length);
    joined.set(this.#bytes);
    joined.set(chunk, this.#bytes.length);
    this.#bytes = joined.slice(this.#decode(joined));
  }

  /** Decodes what is complete and returns how many bytes that was. */
  #decode(bytes: Uint8Array): number {
    let at = 0;
    // The blank line behind `ack start` may reach us; as a reading it would be thousands of amperes.
    while (!this.#started && at < bytes.length && (bytes[at] === 13 || bytes[at] === 10)) at++;
    if (at < bytes.length) this.#started = true;
    while (at + 1 < bytes.length) {
      if (bytes[at] === 0xf0) {
        const used = this.#message(bytes, at);
        if (used === 0) return at;
        at += used;
      } else if (bytes[at + 1] === 0xf0) {
        // A reading that ends in F0, or a message one byte early because a byte was lost: no reading starts with F1 to F7.
        if (at + 3 > bytes.length) return at;
        if (bytes[at + 2]! >= 0xf1 && bytes[at + 2]! <= 0xf7) {
          this.#recorder.misframed('half a reading lost before a message');
          at += 1;
        } else at += this.#reading(bytes, at);
      } else at += this.#reading(bytes, at);
    }
    return at;
  }

  #reading(bytes: Uint8Array, at: number): 2 {
    const word = (bytes[at]! << 8) | bytes[at + 1]!;
    const value = (word & 0xfff) * 16 ** -(word >> 12);
    // No reading of a meter that ends at 50 mA comes near one ampere (or one joule per period): the framing is off.
    if (value < 1) this.#recorder.reading(value);
    else this.#recorder.misframed(`impossible reading 0x${word.toString(16).padStart(4, '0')}`);
    return 2;
  }

  /** Bytes of the message at `at`, or 0 when it is not complete yet. */
  #message(bytes: Uint8Array, at: number): number {
    const kind = bytes[at + 1]!;
    const fixed = payloadBytes[kind];
    if (fixed === undefined && kind !== 0xf1 && kind !== 0xf2) {
      this.#recorder.misframed(`unknown message F0 ${kind.toString(16).padStart(2, '0')}`);
      return 2;
    }
    if (fixed !== undefined) {
      const end = at + 2 + fixed;
      if (end + 2 > bytes.length) return 0;
      if (bytes[end] !== 0xff || bytes[end + 1] !== 0xff) {
        this.#recorder.misframed(`message F0 ${kind.toString(16)} without its end`);
        return 2;
      }
      this.#take(kind, bytes.subarray(at + 2, end));
      return fixed + 4;
    }
    for (let end = at + 2; end + 1 < bytes.length; end++) {
      if (bytes[end] === 0xff && bytes[end + 1] === 0xff) {
        this.#text(kind, bytes.subarray(at + 2, end));
        return end + 2 - at;
      }
      if (end - at > maxTextBytes) {
        this.#recorder.misframed('message text without its end');
        return 2;
      }
    }
    return 0;
  }

  #take(kind: number, payload: Uint8Array): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    if (kind === 0xf3) this.#recorder.stamp(view.getUint32(0) / 1000, view.getUint8(4));
    else if (kind === 0xf4) this.#recorder.end();
    else if (kind === 0xf5) this.#recorder.warn('the meter reports overcurrent');
    else if (kind === 0xf6) this.#recorder.warn('the meter switched the device off');
    else this.#recorder.warn(`the meter set the voltage to ${view.getUint16(0)} mV`);
  }

  #text(kind: number, payload: Uint8Array): void {
    // Events have no code of their own in binary; the firmware reports them as text like in ASCII.
    const text = String.fromCharCode(...payload.subarray(0, maxTextBytes)).trim();
    const event = /^event\s+(\d+)/.exec(text);
    if (event) this.#recorder.event(Number(event[1]));
    else
      this.#recorder.warn(`the meter ${kind === 0xf1 ? 'reports an error' : 'says'}: ${text.slice(0, 120)}`);
  }

  finish(): EnergyTrace {
    // Readings held back for a look ahead are whole; only a single odd byte is lost.
    let at = 0;
    while (at + 1 < this.#bytes.length && this.#bytes[at] !== 0xf0) at += this.#reading(this.#bytes, at);
    if (at < this.#bytes.length)
      this.#recorder.warn(`the stream ends inside a reading or message (${this.#bytes.length - at} bytes)`);
    this.#bytes = new Uint8Array(0);
    return this.#recorder.trace();
  }
}
