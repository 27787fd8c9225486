/**
 * A device under test on the far end of a Port, speaking MLPerf Tiny's protocol as `runtime-c/rf_mlperf.c` does: for tests
 * of the client, with faults.
 */
import type { Port } from '../../base/port.js';

export interface MlperfDevice {
  readonly vendor: string;
  readonly model: string;
  readonly inputBytes: number;
  /** Virtual microseconds of one inference: no time passes, the clock of the device just says so. */
  readonly latencyUs: number;
  readonly run: (input: Uint8Array) => readonly number[];
  readonly energyMode?: boolean;
}

export interface MlperfFaults {
  /** Called with every byte on its way to the device; null loses it. */
  readonly toDevice?: (byte: number) => number | null;
  /** Called with every answer on its way to the host. */
  readonly toHost?: (text: string) => string;
}

const commandChars = 80;

export class MlperfEmulator {
  #command = '';
  #tooLong = false;
  #buffer = new Uint8Array(0);
  #filled = 0;
  #nowUs = 0;
  #results: readonly number[] = [];
  /** Marker pulses so far, device microseconds (energy mode). */
  readonly pulsesUs: number[] = [];
  readonly #stop: () => void;

  constructor(
    private readonly port: Port,
    private readonly device: MlperfDevice,
    private readonly faults: MlperfFaults = {},
  ) {
    this.#stop = port.onData((bytes) => this.#feed(bytes));
  }

  /** What a device prints when it starts. */
  boot(): void {
    this.#say(
      `m-timestamp-mode-${this.device.energyMode ? 'energy' : 'performance'}`,
      ...this.#stamp(),
      'm-init-done',
      'm-ready',
    );
  }

  close(): void {
    this.#stop();
  }

  #feed(bytes: Uint8Array): void {
    for (const raw of bytes) {
      const byte = this.faults.toDevice ? this.faults.toDevice(raw) : raw;
      if (byte === null || byte === 10 || byte === 13) continue;
      if (byte !== 37) {
        if (this.#command.length < commandChars) this.#command += String.fromCharCode(byte);
        else this.#tooLong = true;
        continue;
      }
      const answer = this.#tooLong ? ['e-[Command too long]'] : this.#answer(this.#command);
      this.#say(...answer, 'm-ready');
      this.#command = '';
      this.#tooLong = false;
    }
  }

  #say(...lines: string[]): void {
    const text = lines.map((line) => `${line}\r\n`).join('');
    void this.port
      .write(new TextEncoder().encode(this.faults.toHost ? this.faults.toHost(text) : text))
      .catch(() => undefined);
  }

  #answer(command: string): string[] {
    const words = command.split(' ').filter((word) => word !== '');
    switch (words[0]) {
      case 'name':
        return [`m-name-dut-[${this.device.vendor}]`];
      case 'profile':
        return ['m-profile-[ULPMark for tinyML Firmware V0.0.1]', `m-model-[${this.device.model}]`];
      case 'timestamp':
        return this.#stamp();
      case 'db':
        return this.#db(words.slice(1));
      case 'infer':
        return this.#infer(words[1] ?? '1', words[2] ?? '10');
      case 'results':
        return [this.#resultsLine()];
      default:
        return [`e-[Unknown command: ${words[0] ?? ''}]`];
    }
  }

  #stamp(): string[] {
    if (!this.device.energyMode) return [`m-lap-us-${this.#nowUs}`];
    this.pulsesUs.push(this.#nowUs);
    return [];
  }

  #db([what, count]: string[]): string[] {
    if (what === undefined) return ["e-[Command 'db' requires a subcommand]"];
    if (what === 'load') {
      const size = /^\d+$/.test(count ?? '') ? Number(count) : 0;
      if (size <= 0) return ["e-[Command 'db load' must be >0 bytes]"];
      if (size > this.device.inputBytes)
        return [`e-[Input of ${size} bytes exceeds ${this.device.inputBytes}]`];
      this.#buffer = new Uint8Array(size);
      this.#filled = 0;
      return [`m-[Expecting ${size} bytes]`];
    }
    if (what === 'print') return this.#print();
    if (this.#filled >= this.#buffer.length) return ['e-[No load in progress]'];
    if (what.length % 2 !== 0) return ['e-[Insufficent number of hex digits]'];
    if (!/^[0-9a-fA-F]*$/.test(what)) return ['e-[Invalid hex digit]'];
    for (let i = 0; i < what.length && this.#filled < this.#buffer.length; i += 2) {
      this.#buffer[this.#filled++] = Number.parseInt(what.slice(i, i + 2), 16);
    }
    return this.#filled === this.#buffer.length ? ['m-load-done'] : [];
  }

  #print(): string[] {
    const lines: string[] = [];
    for (let at = 0; at < this.#buffer.length; at += 8) {
      const pairs = [...this.#buffer.subarray(at, at + 8)].map((byte) => byte.toString(16).padStart(2, '0'));
      lines.push(`m-buffer-${pairs.join('-')}`);
    }
    return lines;
  }

  #infer(n: string, w: string): string[] {
    const inferences = /^\d{1,9}$/.test(n) ? Number(n) : 0;
    if (inferences <= 0) return ['e-[Inference iterations must be >0]'];
    if (!/^\d{1,9}$/.test(w)) return ['e-[Inference warmup must be >=0]'];
    this.#nowUs += Number(w) * this.device.latencyUs;
    const start = [
      `m-warmup-start-${Number(w)}`,
      'm-warmup-done',
      `m-infer-start-${inferences}`,
      ...this.#stamp(),
    ];
    this.#nowUs += inferences * this.device.latencyUs;
    this.#results = this.device.run(this.#buffer);
    return [...start, ...this.#stamp(), 'm-infer-done', this.#resultsLine()];
  }

  #resultsLine(): string {
    return `m-results-[${this.#results.map((value) => value.toFixed(3)).join(',')}]`;
  }
}
