/**
 * Drives a Nordic PPK2 over its USB serial line. Commands (one byte and arguments, no answers but to 0x19): 0x19
 * metadata, 0x0D set voltage, 0x11 mode (1 ampere meter, 2 source), 0x0C device power, 0x06 start, 0x07 stop, 0x20 reset.
 */
import { ReflowError } from '../../base/error.js';
import type { Port } from '../../base/port.js';
import type { EnergyMeter } from './energy-meter.js';
import type { EnergyTrace } from './energy-trace.js';
import { PortBytes } from './port-bytes.js';
import { Ppk2Decoder } from './ppk2-decoder.js';
import { type Ppk2Metadata, Ppk2MetadataReader } from './ppk2-metadata.js';

export interface Ppk2Options {
  /** 0.8 to 5 V: set in source mode; in ampere mode the voltage that the device really has. */
  readonly volts: number;
  readonly mode?: 'source' | 'ampere';
  readonly markerPin?: number;
  /** Longest wait for the metadata. Default 2 s. */
  readonly commandMs?: number;
}

export class Ppk2 implements EnergyMeter {
  readonly #bytes: PortBytes;
  #metadata: Ppk2Metadata | null = null;
  #decoder: Ppk2Decoder | null = null;

  /** Throws ReflowError E_USAGE for a voltage or pin that the meter does not have. */
  constructor(
    port: Port,
    private readonly options: Ppk2Options,
  ) {
    const { volts, markerPin } = options;
    if (!(volts >= 0.8 && volts <= 5))
      throw new ReflowError('E_USAGE', `PPK2: ${volts} V is outside 0.8 to 5 V`, 'choose another voltage');
    if (markerPin !== undefined && !(Number.isInteger(markerPin) && markerPin >= 0 && markerPin <= 7)) {
      throw new ReflowError('E_USAGE', `PPK2: there is no logic pin D${markerPin}`, 'use D0 to D7');
    }
    this.#bytes = new PortBytes(port);
  }

  /** Reads the calibration, sets mode and voltage, and switches the device on. */
  async open(): Promise<void> {
    // A run that died may have left a measurement running.
    await this.#send(0x07);
    await this.#drain();
    await this.#send(0x19);
    this.#metadata = await this.#readMetadata();
    await this.#send(0x11, this.options.mode === 'ampere' ? 1 : 2);
    await this.#send(0x0d, ...regulatorBytes(this.options.volts));
    await this.#send(0x0c, 1);
  }

  async start(): Promise<void> {
    if (!this.#metadata)
      throw new ReflowError(
        'E_INTERNAL',
        'PPK2: start() before open()',
        'open, start, acquire, stop, close in order',
      );
    this.#bytes.drop();
    this.#decoder = new Ppk2Decoder({
      metadata: this.#metadata,
      volts: this.options.volts,
      markerPin: this.options.markerPin,
    });
    await this.#send(0x06);
  }

  /** Takes in what the meter sends for `durationMs`, or until `until` becomes true. */
  async acquire(durationMs: number, until: () => boolean = () => false): Promise<void> {
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs && !until()) {
      this.#decoder?.push(await this.#bytes.read(Math.min(endMs, performance.now() + 50)));
    }
  }

  async stop(): Promise<EnergyTrace> {
    await this.#send(0x07);
    const decoder = this.#decoder;
    if (!decoder)
      throw new ReflowError(
        'E_INTERNAL',
        'PPK2: stop() before start()',
        'open, start, acquire, stop, close in order',
      );
    this.#decoder = null;
    decoder.push(await this.#bytes.read(performance.now() + 20));
    return decoder.finish();
  }

  /** Measurement ended, device off. Never throws. */
  async close(): Promise<void> {
    await this.#send(0x07).catch(() => undefined);
    await this.#send(0x0c, 0).catch(() => undefined);
    this.#bytes.stop();
  }

  async #send(...command: number[]): Promise<void> {
    await this.#bytes.port.write(Uint8Array.from(command));
  }

  /** Throws away a stream that is still running down, at most 500 ms. */
  async #drain(): Promise<void> {
    const endMs = performance.now() + 500;
    while (performance.now() < endMs) {
      if ((await this.#bytes.read(performance.now() + 30)).length === 0) return;
    }
  }

  async #readMetadata(): Promise<Ppk2Metadata> {
    const reader = new Ppk2MetadataReader();
    const waitMs = this.options.commandMs ?? 2000;
    const deadlineMs = performance.now() + waitMs;
    while (performance.now() < deadlineMs) {
      const metadata = reader.push(await this.#bytes.read(deadlineMs));
      if (metadata) return metadata;
    }
    throw new ReflowError(
      'E_TIMEOUT',
      `the PPK2 on ${this.#bytes.port.path} sent no metadata within ${waitMs} ms`,
      'a PPK2 has two ports: try the other one; else unplug and replug it',
    );
  }
}

/** The regulator counts millivolts from 800 in steps of one, in two bytes that start at 3 and 32. */
export function regulatorBytes(volts: number): [number, number] {
  const steps = Math.round(volts * 1000) - 800 + 32;
  return [3 + Math.floor(steps / 256), steps % 256];
}
