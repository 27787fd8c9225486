/**
 * Talks MLPerf Tiny's protocol to a device over a Port. Commands end in `%`, at most 80 characters; every answer ends in
 * `m-ready`. The protocol has neither checksums nor flow control and bytes do get lost (mlcommons/tiny issue 79), so a
 * loaded input is read back and compared; every wait has a limit.
 */
import { ReflowError } from '../../base/error.js';
import type { Port } from '../../base/port.js';
import { LineSplitter } from './line-splitter.js';
import {
  type LoggedInference,
  type MlperfMessage,
  parseMlperfLine,
  parsePerformanceLog,
} from './mlperf-log.js';
import { PortBytes } from './port-bytes.js';

export interface MlperfClientOptions {
  /** Longest wait for the answer to a command other than `infer`. Default 3 s. */
  readonly commandMs?: number;
  /** Bytes per `db` command: at most 38 fit the 80-character buffer; official runners send 31, or 26 through an IO board. */
  readonly chunkBytes?: number;
}

/** Answers of more lines or longer lines than this are not from an MLPerf device. */
const mostLines = 100_000;

export class MlperfClient {
  readonly #bytes: PortBytes;
  #lines = new LineSplitter();
  /** False until the last command was answered to its end: then answers and commands may be out of step. */
  #inStep = false;
  #syncs = 1;
  readonly #commandMs: number;
  readonly #chunkBytes: number;

  constructor(port: Port, options: MlperfClientOptions = {}) {
    this.#bytes = new PortBytes(port);
    this.#commandMs = options.commandMs ?? 3000;
    this.#chunkBytes = Math.max(1, Math.min(38, options.chunkBytes ?? 31));
  }

  /** Vendor string of the device; asks up to three times, because the first bytes after opening a line are often noise. */
  async name(): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return textOf(await this.#command('name'), 'name');
      } catch (error) {
        if (attempt === 3 || (error instanceof ReflowError && error.code === 'E_PORT')) throw error;
        this.#inStep = false;
      }
    }
  }

  async profile(): Promise<{ profile: string; model: string }> {
    const messages = await this.#command('profile');
    return { profile: textOf(messages, 'profile'), model: textOf(messages, 'model') };
  }

  /** Device time in microseconds; null in energy mode, where the command pulses the marker pin instead. */
  async timestamp(): Promise<number | null> {
    const lap = (await this.#command('timestamp')).find((message) => message.kind === 'lap');
    return lap?.kind === 'lap' ? lap.us : null;
  }

  /** Loads one input tensor. Rejects with E_PROTOCOL when the device did not get every byte. */
  async load(input: Uint8Array, verify = true): Promise<void> {
    await this.#command(`db load ${input.length}`);
    let done = false;
    for (let at = 0; at < input.length; at += this.#chunkBytes) {
      const hex = Buffer.from(input.subarray(at, at + this.#chunkBytes)).toString('hex');
      done = (await this.#command(`db ${hex}`)).some((message) => message.kind === 'load-done');
    }
    if (!done) throw damaged(`the device did not confirm ${input.length} bytes`);
    if (!verify) return;
    const messages = await this.#command('db print', this.#commandMs + input.length * 10);
    const held = messages.flatMap((message) => (message.kind === 'buffer' ? message.bytes : []));
    const wrong = input.findIndex((byte, i) => held[i] !== byte);
    if (wrong >= 0 || held.length !== input.length) {
      throw damaged(
        `the device holds ${held.length} bytes; byte ${wrong >= 0 ? wrong : input.length} differs`,
      );
    }
  }

  /**
   * Runs W warm-up inferences and N timed ones.
   * @param timeoutMs longest wait for all of them
   */
  async infer(inferences: number, warmups: number, timeoutMs: number): Promise<LoggedInference> {
    const lines: string[] = [];
    await this.#command(`infer ${inferences} ${warmups}`, timeoutMs, lines);
    const window = parsePerformanceLog(lines.join('\n'))[0];
    if (!window) throw damaged('the answer to `infer` has no m-infer-start');
    if (window.inferences !== inferences || window.warmups !== warmups) {
      throw damaged(
        `the device ran ${window.inferences} and ${window.warmups} inferences, not ${inferences} and ${warmups}`,
      );
    }
    return window;
  }

  async results(): Promise<readonly number[]> {
    const results = (await this.#command('results')).find((message) => message.kind === 'results');
    if (results?.kind !== 'results') throw damaged('no m-results in the answer to `results`');
    return results.values;
  }

  close(): void {
    this.#bytes.stop();
  }

  /**
   * Gets in step with a device of unknown state: an unknown command with a number of its own ends whatever half a command
   * the device has collected, and its complaint names that number. All that comes before it (start-up messages, late
   * answers) is thrown away. No bare `%`: the reference firmware follows a null pointer on it.
   */
  async #settle(): Promise<void> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const mark = `sync${this.#syncs++}x`;
      const lines = new LineSplitter();
      let seen = false;
      await this.#bytes.port.write(new TextEncoder().encode(`${mark}%`));
      const deadlineMs = performance.now() + this.#commandMs;
      while (performance.now() < deadlineMs) {
        for (const line of lines.push(await this.#bytes.read(deadlineMs))) {
          seen ||= line.includes(mark);
          if (seen && parseMlperfLine(line).kind === 'ready') return;
        }
      }
    }
    throw this.#silent('a question for its state', 3 * this.#commandMs);
  }

  /** Sends a command and returns the messages up to `m-ready`; `e-[...]` in the answer rejects with E_DEVICE. */
  async #command(command: string, timeoutMs = this.#commandMs, raw: string[] = []): Promise<MlperfMessage[]> {
    if (!this.#inStep) await this.#settle();
    this.#inStep = false;
    this.#bytes.drop();
    this.#lines = new LineSplitter();
    await this.#bytes.port.write(new TextEncoder().encode(`${command}%`));
    const deadlineMs = performance.now() + timeoutMs;
    const messages: MlperfMessage[] = [];
    let error: string | null = null;
    while (performance.now() < deadlineMs && messages.length < mostLines) {
      for (const line of this.#lines.push(await this.#bytes.read(deadlineMs))) {
        raw.push(line);
        const message = parseMlperfLine(line);
        if (message.kind === 'error') error ??= message.text;
        if (message.kind !== 'ready') {
          messages.push(message);
          continue;
        }
        this.#inStep = true;
        if (error === null) return messages;

        throw new ReflowError(
          'E_DEVICE',
          `the device refused \`${command.slice(0, 20)}\`: ${error}`,
          'check the firmware and the command',
        );
      }
    }
    throw this.#silent(`\`${command.slice(0, 20)}\``, timeoutMs);
  }

  #silent(what: string, timeoutMs: number): ReflowError {
    return new ReflowError(
      'E_TIMEOUT',
      `the device on ${this.#bytes.port.path} did not finish ${what} within ${timeoutMs} ms`,
      'check that the MLPerf firmware is running and the baud rate is right',
    );
  }
}

function textOf(messages: readonly MlperfMessage[], kind: 'name' | 'profile' | 'model'): string {
  for (const message of messages) if (message.kind === kind) return message.text;
  throw damaged(`no m-${kind} in the answer`);
}

function damaged(what: string): ReflowError {
  return new ReflowError(
    'E_PROTOCOL',
    `MLPerf protocol: ${what}`,
    'lower the baud rate or send smaller chunks, then try again',
  );
}
