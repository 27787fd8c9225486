/**
 * CSV exports: Joulescope (`#time,current,voltage,power,charge,energy`, also with units in parentheses and GPI columns)
 * and Qoitech Otii (`"Timestamp (s)","Arc Main Current (A)","Arc Main Voltage (V)","Arc Main Energy (J)"`). Columns are
 * found by name and unit in the header; without a header nothing is guessed. Joulescope writes NaN for dropped readings.
 */

import { ReflowError } from '../../base/error.js';
import { type CsvColumns, findColumns, splitRow } from './csv-header.js';
import type { TraceDecoder } from './energy-meter.js';
import { type Edge, type EnergySource, type EnergyTrace, energyTrace } from './energy-trace.js';
import { LineSplitter } from './line-splitter.js';
import { SampleBuffer } from './sample-buffer.js';

export interface CsvOptions {
  /** Supply voltage for files that hold a current only. */
  readonly volts?: number;
  /** Name of the column whose falling edges are markers; default the first one that looks like a digital input. */
  readonly marker?: string;
}

/** Lines before the header that are looked at: comments, version lines. */
const longestPreamble = 50;

/** Chunk-fed. */
export class EnergyCsvDecoder implements TraceDecoder {
  readonly #lines = new LineSplitter();
  readonly #buffer = new SampleBuffer();
  readonly #times: number[] = [];
  readonly #edges: Edge[] = [];
  readonly #warnings: string[] = [];
  #columns: CsvColumns | null = null;
  #preamble = 0;
  #zeroS: number | null = null;
  #energyJ: number | null = null;
  #marker: number | null = null;

  constructor(private readonly options: CsvOptions = {}) {}

  /** Throws ReflowError E_INPUT when the file has no header that names a time and a power, energy or current. */
  push(chunk: Uint8Array | string): void {
    for (const line of this.#lines.push(chunk)) this.#line(line);
  }

  #line(line: string): void {
    if (line.trim() === '') return;
    if (this.#columns) {
      this.#row(splitRow(line, this.#columns.separator), this.#columns);
      return;
    }
    this.#columns = findColumns(line, this.options);
    if (!this.#columns && ++this.#preamble > longestPreamble) throw noHeader();
  }

  #row(cells: string[], columns: CsvColumns): void {
    const cell = (index: number | null) => (index === null ? Number.NaN : columns.number(cells[index] ?? ''));
    const rawS = columns.time(cells[columns.timeIndex] ?? '');
    if (Number.isFinite(rawS)) this.#zeroS ??= rawS;
    const timeS = rawS - (this.#zeroS ?? 0);
    if (!Number.isFinite(timeS) || timeS <= (this.#times.at(-1) ?? -1)) {
      this.#warn(`a row's time does not rise or cannot be read: "${cells.join(' ').slice(0, 60)}"`);
      this.#buffer.lose(1);
      return;
    }
    this.#markerEdge(timeS, cell(columns.markerIndex));
    if (columns.energyIndex !== null) {
      this.#cumulative(timeS, cell(columns.energyIndex) * columns.energyScale);
      return;
    }
    const watts =
      columns.powerIndex !== null
        ? cell(columns.powerIndex) * columns.powerScale
        : cell(columns.currentIndex) *
          columns.currentScale *
          (columns.voltageIndex !== null
            ? cell(columns.voltageIndex) * columns.voltageScale
            : this.options.volts!);
    this.#sample(timeS, watts);
  }

  /** Energy columns count up; the sample is the rise since the row before. */
  #cumulative(timeS: number, joules: number): void {
    if (!Number.isFinite(joules)) {
      this.#buffer.lose(1);
      return;
    }
    const rise = this.#energyJ === null ? 0 : joules - this.#energyJ;
    if (rise < 0)
      this.#warn(
        `the energy column falls at ${timeS.toFixed(3)} s: a reset counter, or current flowing back`,
      );
    this.#sample(timeS, rise);
    this.#energyJ = joules;
  }

  #sample(timeS: number, value: number): void {
    this.#buffer.push(value);
    if (Number.isFinite(value)) this.#times.push(timeS);
  }

  #markerEdge(timeS: number, level: number): void {
    if (!Number.isFinite(level)) return;
    const high = level >= 0.5 ? 1 : 0;
    if (this.#marker === 1 && high === 0) this.#edges.push({ timeS });
    this.#marker = high;
  }

  #warn(text: string): void {
    if (this.#warnings.length < 100) this.#warnings.push(text);
  }

  finish(): EnergyTrace {
    const rest = this.#lines.finish();
    if (rest !== '') this.#line(rest);
    if (!this.#columns) throw noHeader();
    const lost = this.#buffer.slots - this.#buffer.length;
    if (lost > 0) this.#warn(`${lost} readings are missing or NaN`);
    const source: EnergySource = this.#columns.source;
    return energyTrace({
      source,
      quantity: this.#columns.energyIndex !== null ? 'joules' : 'watts',
      samples: this.#buffer.toArray(),
      clock: { kind: 'stamped', timesS: Float64Array.from(this.#times) },
      gaps: this.#buffer.gaps,
      edges: this.#edges,
      warnings: this.#warnings,
    });
  }
}

function noHeader(): ReflowError {
  return new ReflowError(
    'E_INPUT',
    'the CSV file has no header that names a time and a power, an energy, or a current with a voltage',
    'export with the column names; for a file with a current only, give the supply voltage',
  );
}
