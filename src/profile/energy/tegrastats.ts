/**
 * Output of NVIDIA's `tegrastats`: one line per interval, rails as `NAME now/average`, milliwatts, with or without the
 * unit: `VDD_IN 3913mW/3922mW VDD_SOC 1238mW/1237mW` (Orin), `POM_5V_IN 2545/2547` (Nano). `RAM 1500/7620MB` looks alike
 * and is told apart by its unit.
 */
import type { TraceDecoder } from './energy-meter.js';
import { type EnergyTrace, energyTrace } from './energy-trace.js';
import { LineSplitter } from './line-splitter.js';
import { modulePower, type PowerRail } from './power-rails.js';
import { SampleBuffer } from './sample-buffer.js';

const rail = /(?:^|\s)([A-Z][A-Z0-9_]*) (\d+)(?:mW)?\/(\d+)(?:mW)?(?=\s|$)/g;

/** Rails of one line; empty when it has none. */
export function parseTegrastatsLine(line: string): PowerRail[] {
  return [...line.matchAll(rail)].map((match) => ({ name: match[1]!, watts: Number(match[2]) / 1e3 }));
}

/** Chunk-fed; the lines carry no time of use, so the interval that tegrastats was started with must be given. */
export class TegrastatsDecoder implements TraceDecoder {
  readonly #lines = new LineSplitter();
  readonly #buffer = new SampleBuffer();
  readonly #warnings: string[] = [];
  #from: string | null = null;

  /** @param intervalMs of `tegrastats --interval`, milliseconds */
  constructor(private readonly intervalMs: number) {}

  push(chunk: Uint8Array | string): void {
    for (const line of this.#lines.push(chunk)) this.#line(line);
  }

  #line(line: string): void {
    if (line.trim() === '') return;
    const power = modulePower(parseTegrastatsLine(line));
    // A line whose rails differ from the others' would mix two quantities in one trace.
    if (power && (this.#from === null || this.#from === power.from)) {
      this.#from = power.from;
      this.#buffer.push(power.watts);
      return;
    }
    this.#buffer.lose(1);
    if (this.#warnings.length < 100) this.#warnings.push(`no usable power in line "${line.slice(0, 80)}"`);
  }

  finish(): EnergyTrace {
    this.#line(this.#lines.finish());
    if (this.#from?.startsWith('sum')) this.#warnings.push(`no input rail: power is the ${this.#from}`);
    return energyTrace({
      source: 'tegrastats',
      quantity: 'watts',
      samples: this.#buffer.toArray(),
      clock: { kind: 'uniform', rateHz: 1000 / this.intervalMs },
      gaps: this.#buffer.gaps,
      edges: [],
      warnings: this.#warnings,
    });
  }
}
