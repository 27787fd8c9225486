/** NVIDIA's `tegrastats` as a meter: its lines come over a Port, each is stamped when it arrives. */
import { ReflowError } from '../../base/error.js';
import type { Port } from '../../base/port.js';
import type { EnergyMeter } from './energy-meter.js';
import { type EnergyTrace, energyTrace } from './energy-trace.js';
import { LineSplitter } from './line-splitter.js';
import { PortBytes } from './port-bytes.js';
import { modulePower } from './power-rails.js';
import { SampleBuffer } from './sample-buffer.js';
import { parseTegrastatsLine } from './tegrastats.js';

const firstLineMs = 5000;

export class TegrastatsMeter implements EnergyMeter {
  readonly #bytes: PortBytes;
  #lines = new LineSplitter();
  #samples = new SampleBuffer();
  #timesS: number[] = [];
  #startMs = 0;

  constructor(port: Port) {
    this.#bytes = new PortBytes(port);
  }

  /** Waits for the first line that holds a power. Rejects with E_DEVICE when none comes within five seconds. */
  async open(): Promise<void> {
    const deadlineMs = performance.now() + firstLineMs;
    while (performance.now() < deadlineMs) {
      for (const line of this.#lines.push(await this.#bytes.read(deadlineMs)))
        if (modulePower(parseTegrastatsLine(line))) return;
    }
    throw new ReflowError(
      'E_DEVICE',
      'tegrastats told no power within 5 s',
      'a Jetson Nano 2GB has no sensor; run tegrastats by hand',
    );
  }

  async start(): Promise<void> {
    this.#bytes.drop();
    this.#lines = new LineSplitter();
    this.#samples = new SampleBuffer();
    this.#timesS = [];
    this.#startMs = performance.now();
  }

  async acquire(durationMs: number, until: () => boolean = () => false): Promise<void> {
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs && !until()) {
      const lines = this.#lines.push(await this.#bytes.read(Math.min(endMs, performance.now() + 50)));
      const timeS = (performance.now() - this.#startMs) / 1000;
      for (const line of lines) this.#take(line, timeS);
    }
  }

  #take(line: string, timeS: number): void {
    const watts = modulePower(parseTegrastatsLine(line))?.watts;
    // Lines that arrive together have one time; only the last of them is of that time.
    if (watts === undefined || timeS <= (this.#timesS.at(-1) ?? -1)) this.#samples.lose(1);
    else {
      this.#samples.push(watts);
      this.#timesS.push(timeS);
    }
  }

  async stop(): Promise<EnergyTrace> {
    return energyTrace({
      source: 'tegrastats',
      quantity: 'watts',
      samples: this.#samples.toArray(),
      clock: { kind: 'stamped', timesS: Float64Array.from(this.#timesS) },
      gaps: this.#samples.gaps,
      edges: [],
      warnings: [],
    });
  }

  async close(): Promise<void> {
    this.#bytes.stop();
  }
}
