/**
 * A peer that behaves like an LPM01A on the far end of a Port: for tests, and for trying the tool without the meter. It
 * follows the documents, not a real unit; `faults` make it misbehave.
 */
import type { Port } from '../../base/port.js';
import { LineSplitter } from './line-splitter.js';

export interface Lpm01aFaults {
  /** Commands that get no answer. */
  readonly silentOn?: string;
  /** Commands that get an error. */
  readonly refuses?: string;
  /** Largest chunk that is sent at once; default all. */
  readonly chunkBytes?: number;
}

/** @param stream what is sent between `start` and `stop`, already encoded (ASCII or binary) */
export function emulateLpm01a(
  port: Port,
  stream: Uint8Array,
  faults: Lpm01aFaults = {},
): { commands: string[]; close: () => void } {
  const commands: string[] = [];
  const lines = new LineSplitter();
  let binary = false;
  const send = async (bytes: Uint8Array) => {
    const step = faults.chunkBytes ?? Math.max(1, bytes.length);
    for (let at = 0; at < bytes.length; at += step) await port.write(bytes.subarray(at, at + step));
  };
  const text = (line: string) => send(new TextEncoder().encode(line));
  const answer = async (command: string) => {
    commands.push(command);
    if (faults.silentOn === command) return;
    if (faults.refuses === command) {
      await text(`\r\nPowerShield > error ${command}\r\nError detail: not possible now\r\n\r\n`);
      return;
    }
    if (command === 'stop') {
      if (binary) await send(Uint8Array.from([0xf0, 0xf4, 0xff, 0xff]));
      else await text('\r\nend\r\n\r\nPowerShield > Acquisition completed\r\n');
      return;
    }
    if (command.startsWith('format ')) binary = command === 'format bin_hexa';
    await text(`\r\nPowerShield > ack ${command}\r\n`);
    if (command === 'start') await send(stream);
    else await text('\r\n');
  };
  let turn = Promise.resolve();
  const stop = port.onData((bytes) => {
    for (const line of lines.push(bytes)) turn = turn.then(() => answer(line.trim())).catch(() => undefined);
  });
  return { commands, close: stop };
}
