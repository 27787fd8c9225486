/**
 * Trace files of EEMBC's EnergyRunner, as published with the MLPerf Tiny results v1.1 and v1.2: `traceN-energy.bin` is
 * one byte 0xF1, the sample rate in Hz and then microjoules per sample, all float32 little-endian;
 * `traceN-timestamps.json` is a list of edge times in seconds, the first of them from the device's start-up.
 */
import { ReflowError } from '../../base/error.js';
import { type Edge, type EnergyTrace, energyTrace } from './energy-trace.js';
import { SampleBuffer } from './sample-buffer.js';

const headerBytes = 5;

/** Chunk-fed decoder of the energy file. */
export class EembcEnergyDecoder {
  readonly #buffer = new SampleBuffer();
  readonly #word = new DataView(new ArrayBuffer(4));
  #rateHz = Number.NaN;
  #bytes = 0;

  /** Throws ReflowError E_INPUT when the file is something else. */
  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (this.#bytes === 0) {
        if (byte !== 0xf1) throw notATrace(`it starts with byte ${byte}, not 241`);
      } else {
        const place = (this.#bytes - 1) % 4;
        this.#word.setUint8(place, byte);
        if (place === 3) this.#take(this.#word.getFloat32(0, true));
      }
      this.#bytes++;
    }
  }

  #take(value: number): void {
    if (this.#bytes >= headerBytes) {
      this.#buffer.push(value * 1e-6);
      return;
    }
    if (!(value > 0 && value <= 1e7)) throw notATrace(`its sample rate is ${value} Hz`);
    this.#rateHz = value;
  }

  /** @param edgesS from parseEembcTimestamps */
  finish(edgesS: readonly number[]): EnergyTrace {
    if (Number.isNaN(this.#rateHz)) throw notATrace(`it has ${this.#bytes} bytes`);
    const warnings: string[] = [];
    const rest = (this.#bytes - headerBytes) % 4;
    if (rest !== 0) warnings.push(`the energy file ends inside a sample (${rest} bytes left over)`);
    const samples = this.#buffer.toArray();
    const negative = samples.filter((sample) => sample < 0).length;
    if (negative > 0) warnings.push(`${negative} samples are below zero`);
    return energyTrace({
      source: 'eembc-trace',
      quantity: 'joules',
      samples,
      clock: { kind: 'uniform', rateHz: this.#rateHz },
      gaps: this.#buffer.gaps,
      edges: edgesS.map((timeS): Edge => ({ timeS })),
      warnings,
    });
  }
}

/** Edge times of a timestamps file, seconds, rising. Throws ReflowError E_INPUT for anything else. */
export function parseEembcTimestamps(text: string): number[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notATrace('its timestamps file is not JSON', error);
  }
  if (!Array.isArray(value)) throw notATrace('its timestamps file is not a list');
  const times = value.map((time: unknown) => {
    if (typeof time !== 'number' || !Number.isFinite(time) || time < 0)
      throw notATrace('a timestamp is not a number of seconds');
    return time;
  });
  if (times.some((time, i) => i > 0 && time <= times[i - 1]!)) throw notATrace('its timestamps do not rise');
  return times;
}

/** Both files at once. */
export function decodeEembcTrace(energyBin: Uint8Array, timestampsJson: string): EnergyTrace {
  const decoder = new EembcEnergyDecoder();
  decoder.push(energyBin);
  return decoder.finish(parseEembcTimestamps(timestampsJson));
}

function notATrace(why: string, cause?: unknown): ReflowError {
  return new ReflowError(
    'E_INPUT',
    `not an EEMBC trace: ${why}`,
    'give traceN-energy.bin with its traceN-timestamps.json',
    {
      cause,
    },
  );
}
