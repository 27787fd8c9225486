/** Sensors that answer when asked, as meters: the INA3221 of a Jetson and the power chip of a Raspberry Pi 5. */
import { ReflowError } from '../../base/error.js';
import type { EnergyMeter } from './energy-meter.js';
import type { EnergySource, EnergyTrace } from './energy-trace.js';
import type { FileTree } from './file-tree.js';
import { findIna3221, readIna3221 } from './ina3221.js';
import { parsePmicAdc } from './pmic-adc.js';
import { pollPower } from './poll-power.js';
import { modulePower } from './power-rails.js';

/** A sensor: `find` looks for it once and rejects when it is absent; the function that it gives reads watts. */
export interface PowerSensor {
  readonly source: EnergySource;
  readonly find: () => Promise<() => Promise<number | null>>;
}

export function ina3221Sensor(tree: FileTree): PowerSensor {
  return {
    source: 'ina3221',
    find: async () => {
      const rails = await findIna3221(tree);
      return async () => modulePower((await readIna3221(tree, rails)) ?? [])?.watts ?? null;
    },
  };
}

/** @param run runs `vcgencmd pmic_read_adc` and gives its output */
export function pmicSensor(run: () => Promise<string>): PowerSensor {
  return {
    source: 'pi5-pmic',
    find: async () => {
      const read = async () => parsePmicAdc(await run())?.totalWatts ?? null;
      if ((await read().catch(() => null)) !== null) return read;
      throw new ReflowError(
        'E_DEVICE',
        '`vcgencmd pmic_read_adc` gives no rails',
        'only the Raspberry Pi 5 has this chip',
      );
    },
  };
}

/** Longest acquisition of one trace, an hour: the background poll ends even when stop() never comes. */
const longestMs = 3_600_000;

export class PolledMeter implements EnergyMeter {
  #read: (() => Promise<number | null>) | null = null;
  #trace: Promise<EnergyTrace> | null = null;
  #stopping = false;

  constructor(
    private readonly sensor: PowerSensor,
    private readonly periodMs: number,
  ) {}

  async open(): Promise<void> {
    this.#read = await this.sensor.find();
  }

  async start(): Promise<void> {
    if (!this.#read || this.#trace) throw outOfOrder('start');
    this.#stopping = false;
    this.#trace = pollPower(this.#read, {
      source: this.sensor.source,
      periodMs: this.periodMs,
      durationMs: longestMs,
      until: () => this.#stopping,
    });
  }

  async acquire(durationMs: number, until: () => boolean = () => false): Promise<void> {
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs && !until()) {
      await new Promise((resolve) =>
        setTimeout(resolve, Math.min(20, Math.max(1, endMs - performance.now()))),
      );
    }
  }

  async stop(): Promise<EnergyTrace> {
    if (!this.#trace) throw outOfOrder('stop');
    this.#stopping = true;
    const trace = await this.#trace;
    this.#trace = null;
    return trace;
  }

  async close(): Promise<void> {
    if (this.#trace) await this.stop().catch(() => undefined);
  }
}

function outOfOrder(call: string): ReflowError {
  return new ReflowError(
    'E_INTERNAL',
    `polled meter: ${call}() out of order`,
    'open, start, acquire, stop, close in order',
  );
}
