/** One request at a time over a Port: sequence numbers, time limits, repetition when frames are damaged or lost. */
import { ReflowError } from '../base/error.js';
import type { Port } from '../base/port.js';
import { encodeFrame, FrameReader, type Message, wireVersion } from '../base/wire.js';
import { answerBit, corruptCode, errorType, type RequestName, readError, requestType } from './protocol.js';

export interface RequestLimits {
  /** Until E_TIMEOUT. */
  readonly timeoutMs: number;
  /** The request is sent again when nothing has come for so long. The board never does the same request twice. */
  readonly resendMs: number;
}

export interface Answer {
  readonly body: Uint8Array;
  /** Messages that the board sent on its way to the answer, as they came. */
  readonly events: readonly Message[];
}

/** Damaged frames in a row that one request survives. */
const maxDamaged = 20;
/** After a damaged frame the answer may still be on its way; so long is waited before the request is sent again. */
const graceMs = 100;

export class Link {
  #sequence = Math.floor(Math.random() * 0xffff);
  #busy = false;

  constructor(private readonly port: Port) {}

  /**
   * Sends a request and returns its answer.
   * @throws ReflowError E_TIMEOUT when the board is silent, E_PROTOCOL when it speaks something else, E_DEVICE when it
   *   refuses, E_PORT when the line is lost
   */
  async request(name: RequestName, body: Uint8Array, limits: RequestLimits): Promise<Answer> {
    if (this.#busy) throw new Error('one request at a time');
    this.#busy = true;
    // 0 is kept for errors about frames whose number is not known.
    this.#sequence = (this.#sequence % 0xffff) + 1;
    try {
      return await new Exchange(this.port, name, this.#sequence, body, limits).run();
    } finally {
      this.#busy = false;
    }
  }
}

class Exchange {
  readonly #reader = new FrameReader();
  readonly #events: Message[] = [];
  readonly #frame: Uint8Array;
  #damaged = 0;
  #heard = false;
  #resend: NodeJS.Timeout | undefined;
  #resolve: (answer: Answer) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(
    private readonly port: Port,
    private readonly name: RequestName,
    private readonly sequence: number,
    body: Uint8Array,
    private readonly limits: RequestLimits,
  ) {
    this.#frame = encodeFrame({ version: wireVersion, type: requestType[name], sequence, body });
  }

  async run(): Promise<Answer> {
    const stopData = this.port.onData((bytes) => this.#take(bytes));
    const stopLost = this.port.onLost((error) => this.#reject(asPortError(error)));
    const timer = setTimeout(() => this.#reject(this.#timeout()), this.limits.timeoutMs);
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
        this.#send();
      });
    } finally {
      clearTimeout(timer);
      clearTimeout(this.#resend);
      stopData();
      stopLost();
    }
  }

  #send(): void {
    this.port.write(this.#frame).catch((error: unknown) => this.#reject(asPortError(error)));
    this.#sendAgainAfter(this.limits.resendMs);
  }

  #sendAgainAfter(ms: number): void {
    clearTimeout(this.#resend);
    this.#resend = setTimeout(() => this.#send(), ms);
  }

  #take(bytes: Uint8Array): void {
    this.#heard = true;
    for (const message of this.#reader.push(bytes)) this.#handle(message);
  }

  #handle(message: Message | null): void {
    if (message === null) this.#onDamage();
    else if (message.version !== wireVersion) this.#reject(this.#wrongVersion(message.version));
    else if (message.type === errorType) this.#onError(message);
    else if (message.sequence !== this.sequence)
      return; // a late answer to an earlier request
    else if (message.type === (requestType[this.name] | answerBit)) {
      this.#resolve({ body: message.body, events: this.#events });
    } else {
      this.#events.push(message);
      this.#sendAgainAfter(this.limits.resendMs);
    }
  }

  #onError({ body, sequence }: Message): void {
    const error = readError(body);
    if (error === null || error.code === corruptCode) this.#onDamage();
    else if (sequence !== this.sequence) return;
    else if (error.isVersion) this.#reject(this.#wrongVersion(null));
    else this.#reject(this.#refused(error.text));
  }

  #onDamage(): void {
    this.#damaged += 1;
    if (this.#damaged > maxDamaged) this.#reject(this.#tooMuchDamage());
    else this.#sendAgainAfter(Math.min(graceMs, this.limits.resendMs));
  }

  #refused(why: string): ReflowError {
    return new ReflowError(
      'E_DEVICE',
      `the board at ${this.port.path} refused ${this.name}: ${why}`,
      'build the image again and run it once more',
    );
  }

  #timeout(): ReflowError {
    if (this.#damaged > 0) return this.#tooMuchDamage();
    const heard = this.#heard ? 'sent nothing that answers' : 'did not answer';
    return new ReflowError(
      'E_TIMEOUT',
      `the board at ${this.port.path} ${heard} ${this.name} within ${this.limits.timeoutMs / 1000} s`,
      'check that the right image is on it, reset it and try again',
    );
  }

  #tooMuchDamage(): ReflowError {
    return new ReflowError(
      'E_PROTOCOL',
      `${this.#damaged} damaged frames from ${this.port.path} while it was asked to ${this.name}`,
      'check cable and baud rate, and that no other program uses the port',
    );
  }

  #wrongVersion(version: number | null): ReflowError {
    const theirs = version === null ? 'another version' : `version ${version}`;
    return new ReflowError(
      'E_PROTOCOL',
      `the board at ${this.port.path} speaks ${theirs} of the protocol, this reflow version ${wireVersion}`,
      'build the image again with this reflow',
    );
  }
}

function asPortError(error: unknown): ReflowError {
  if (error instanceof ReflowError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new ReflowError('E_PORT', `the line was lost: ${text}`, 'check the cable and try again', {
    cause: error,
  });
}
