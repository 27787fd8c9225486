/** A peer that behaves like a PPK2 on the far end of a Port; it follows the documents, not a real unit. */
import type { Port } from '../../base/port.js';

export interface Ppk2Reading {
  readonly adc: number;
  readonly range: number;
  readonly pins?: number;
}

/** Words as the meter sends them; the counter runs from `firstCounter`. */
export function encodePpk2(readings: readonly Ppk2Reading[], firstCounter = 0): Uint8Array {
  const bytes = new Uint8Array(readings.length * 4);
  const view = new DataView(bytes.buffer);
  readings.forEach((reading, i) => {
    const counter = (firstCounter + i) % 64;
    const word =
      (reading.adc & 0x3fff) | (reading.range << 14) | (counter << 18) | ((reading.pins ?? 0xff) << 24);
    view.setUint32(i * 4, word >>> 0, true);
  });
  return bytes;
}

/** Metadata text of a made-up unit with gains near one. */
export function ppk2MetadataText(overrides: Record<string, string> = {}): string {
  const values: Record<string, string> = { Calibrated: '1' };
  [1003.3506, 101.5865, 10.3027, 0.9636, 0.0564].forEach((ohms, k) => {
    values[`R${k}`] = String(ohms);
    values[`GS${k}`] = ['0.0000', '112.7890', '18.0115', '2.4217', '0.0729'][k]!;
    values[`GI${k}`] = ['1.0000', '0.9695', '0.9609', '0.9519', '0.9582'][k]!;
    values[`O${k}`] = ['112.9420', '75.4627', '64.6020', '50.4983', '88.2057'][k]!;
    values[`S${k}`] = ['0.000000048', '0.000000596', '0.000005281', '0.000062577', '0.002940743'][k]!;
    values[`I${k}`] = ['-0.000000104', '-0.000001443', '0.000036439', '-0.000374119', '-0.009388455'][k]!;
    values[`UG${k}`] = '1.00';
  });
  Object.assign(values, { HW: '9173', IA: '56' }, overrides);
  return `${Object.entries(values)
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n')}\nEND\n`;
}

/** @param stream sent after `start`; @param chunkBytes size of its chunks */
export function emulatePpk2(
  port: Port,
  stream: Uint8Array,
  chunkBytes = 61,
): { commands: number[][]; close: () => void } {
  const commands: number[][] = [];
  const close = port.onData((bytes) => {
    commands.push([...bytes]);
    if (bytes[0] === 0x19) void port.write(new TextEncoder().encode(ppk2MetadataText()));
    if (bytes[0] !== 0x06) return;
    for (let at = 0; at < stream.length; at += chunkBytes)
      void port.write(stream.subarray(at, at + chunkBytes));
  });
  return { commands, close };
}
