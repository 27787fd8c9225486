/**
 * Drives ST's X-NUCLEO-LPM01A over its USB serial line (3,686,400 baud): the command sequence of EEMBC's and MLCommons'
 * runners as a state machine, every wait limited. Commands, answers (`\r\nPowerShield > ack <command>\r\n\r\n`, or
 * `error ...` with `Error detail: ...`) and limits: ST UM2269, MLCommons' `power_manager_lpm.py`.
 */
import { ReflowError } from '../../base/error.js';
import type { Port } from '../../base/port.js';
import type { EnergyMeter } from './energy-meter.js';
import type { EnergyTrace } from './energy-trace.js';
import { Lpm01aAsciiDecoder } from './lpm01a-ascii.js';
import { Lpm01aBinaryDecoder } from './lpm01a-binary.js';
import { PortBytes } from './port-bytes.js';

export interface Lpm01aOptions {
  /** 1.8 to 3.3 V. */
  readonly volts: number;
  readonly rateHz?: 1000 | 5000 | 10000 | 20000 | 50000 | 100000;
  readonly format?: 'ascii' | 'binary';
  readonly output?: 'energy' | 'current';
  /** Longest wait for an answer to one command. Default 2 s. */
  readonly commandMs?: number;
}

type State = 'closed' | 'ready' | 'acquiring' | 'stopped';
type Decoder = Lpm01aAsciiDecoder | Lpm01aBinaryDecoder;

const rateNames: Record<number, string> = {
  1000: '1k',
  5000: '5k',
  10000: '10k',
  20000: '20k',
  50000: '50k',
  100000: '100k',
};

export class Lpm01a implements EnergyMeter {
  #state: State = 'closed';
  #decoder: Decoder;
  readonly #bytes: PortBytes;
  readonly #settings: Required<Lpm01aOptions>;

  /** Throws ReflowError E_USAGE for settings outside the meter's limits. */
  constructor(port: Port, options: Lpm01aOptions) {
    this.#settings = { rateHz: 1000, format: 'ascii', output: 'energy', commandMs: 2000, ...options };
    checkLimits(this.#settings);
    this.#bytes = new PortBytes(port);
    this.#decoder = this.#newDecoder();
  }

  get state(): State {
    return this.#state;
  }

  /** Takes control, sets everything up and switches the device's supply on. */
  async open(): Promise<void> {
    this.#expect('closed', 'open');
    const { volts, rateHz, format, output } = this.#settings;
    await this.#bytes.port.setLine({ baudRate: 3686400 });
    await this.#command('htc').catch(async () => {
      // A run that died may have left an acquisition running, whose stream buries the answer.
      await this.#write('stop');
      await this.#bytes.read(performance.now() + this.#settings.commandMs / 4);
      await this.#command('htc');
    });
    this.#state = 'ready';
    await this.#command('pwr off');
    await this.#command('acqtime inf');
    await this.#command('trigdelay 0');
    await this.#command('trigsrc sw');
    await this.#command('eventsrc d7 fal');
    await this.#command(`output ${output}`);
    await this.#command(`format ${format === 'ascii' ? 'ascii_dec' : 'bin_hexa'}`);
    await this.#command(`freq ${rateNames[rateHz]}`);
    await this.#command(`volt ${Math.round(volts * 1000)}m`);
  }

  /** Switches the device's supply on and starts the acquisition. */
  async start(): Promise<void> {
    if (this.#state !== 'stopped') this.#expect('ready', 'start');
    await this.#command('pwr on nostatus');
    this.#decoder = this.#newDecoder();
    const rest = await this.#command('start');
    this.#state = 'acquiring';
    if (rest.length > 0) this.#decoder.push(rest);
  }

  /** Takes in what the meter sends for `durationMs`, or until `until` becomes true. */
  async acquire(durationMs: number, until: () => boolean = () => false): Promise<void> {
    this.#expect('acquiring', 'acquire');
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs && !until() && !this.#decoder.ended) {
      // Short waits, so that `until` is looked at even when the meter is silent.
      this.#decoder.push(await this.#bytes.read(Math.min(endMs, performance.now() + 50)));
    }
  }

  /** Ends the acquisition and returns the trace. Rejects with E_TIMEOUT when the meter does not say that it has ended. */
  async stop(): Promise<EnergyTrace> {
    this.#expect('acquiring', 'stop');
    await this.#write('stop');
    const deadlineMs = performance.now() + this.#settings.commandMs;
    while (!this.#decoder.ended) {
      if (performance.now() >= deadlineMs) throw this.#silent('stop');
      this.#decoder.push(await this.#bytes.read(deadlineMs));
    }
    this.#state = 'stopped';
    return this.#decoder.finish();
  }

  /** Device off, control released. Never throws and never waits longer than four command times: it runs on the way out. */
  async close(): Promise<void> {
    if (this.#state === 'acquiring') await this.stop().catch(() => undefined);
    if (this.#state !== 'closed') {
      await this.#command('pwr off').catch(() => undefined);
      await this.#command('hrc').catch(() => undefined);
    }
    this.#state = 'closed';
    this.#bytes.stop();
  }

  #newDecoder(): Decoder {
    const { output, rateHz, volts, format } = this.#settings;
    return format === 'ascii'
      ? new Lpm01aAsciiDecoder({ output, rateHz, volts })
      : new Lpm01aBinaryDecoder({ output, rateHz, volts });
  }

  async #write(command: string): Promise<void> {
    await this.#bytes.port.write(new TextEncoder().encode(`${command}\n`));
  }

  /** Sends one command and waits for its acknowledgement; returns the bytes behind the acknowledgement's line. */
  async #command(command: string): Promise<Uint8Array> {
    this.#bytes.drop();
    await this.#write(command);
    const deadlineMs = performance.now() + this.#settings.commandMs;
    let detail: string | null = null;
    let held = new Uint8Array(0);
    for (;;) {
      if (performance.now() >= deadlineMs)
        throw detail === null ? this.#silent(command) : refused(command, detail);
      held = concat(held, await this.#bytes.read(deadlineMs));
      // Line by line over bytes: behind `ack start` the stream may be binary.
      for (let end = held.indexOf(10); end >= 0; end = held.indexOf(10)) {
        const line = String.fromCharCode(...held.subarray(0, Math.min(end, 400)))
          .replaceAll('PowerShield >', '')
          .trim();
        held = held.slice(end + 1);
        if (line === `ack ${command}` || line.startsWith(`ack ${command} `)) return held;
        if (/^error detail/i.test(line)) throw refused(command, line.replace(/^error detail:?/i, '').trim());
        if (/^error/i.test(line)) detail = line;
      }
      if (held.length > 1 << 20) throw this.#silent(command);
    }
  }

  #expect(state: State, what: string): void {
    if (this.#state === state) return;
    throw new ReflowError(
      'E_INTERNAL',
      `LPM01A: ${what}() while ${this.#state}`,
      'open, start, acquire, stop, close in order',
    );
  }

  #silent(command: string): ReflowError {
    return new ReflowError(
      'E_TIMEOUT',
      `the LPM01A on ${this.#bytes.port.path} did not answer \`${command}\` within ${this.#settings.commandMs} ms`,
      'unplug and replug the meter; check that no other program has its port open',
    );
  }
}

function refused(command: string, detail: string): ReflowError {
  return new ReflowError(
    'E_DEVICE',
    `the LPM01A refused \`${command}\`: ${detail || 'no reason given'}`,
    'check its settings and firmware version',
  );
}

function checkLimits(settings: Required<Lpm01aOptions>): void {
  const wrong = (what: string, hint: string) => new ReflowError('E_USAGE', `LPM01A: ${what}`, hint);
  const { volts, rateHz, format, output } = settings;
  if (!(volts >= 1.8 && volts <= 3.3))
    throw wrong(`${volts} V is outside 1.8 to 3.3 V`, 'supply the device another way');
  if (rateNames[rateHz] === undefined)
    throw wrong(`no sample rate ${rateHz} Hz`, 'use 1000, 5000, 10000, 20000, 50000 or 100000');
  if (format === 'ascii' && rateHz > 5000)
    throw wrong(`${rateHz} Hz without time limit needs the binary format`, 'use format binary');
  if (output === 'energy' && rateHz > 10000)
    throw wrong('energy output ends at 10 kHz', 'use output current');
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
