/**
 * The commands of ST's AN3155, each tried exactly once over a Port. Whatever goes wrong is a LinkError that names the
 * step; retrying is the business of `bootloader-client.ts`, which knows what may be repeated.
 */
import type { Port } from '../base/port.js';
import * as an3155 from './an3155.js';
import { ACK, NACK } from './an3155.js';
import { ByteReader } from './byte-reader.js';
import { LinkError } from './flash-error.js';
import type { LineClock } from './line-clock.js';

/** A reply that has not begun by then is not coming. Programming 256 bytes one by one takes under 50 ms anywhere. */
const ackMs = 1000;

export class RomTransactions {
  readonly reader: ByteReader;
  /** What was sent last and may lie half received in the device: recovery must not complete it by accident. */
  lastFrame: Uint8Array = new Uint8Array(0);
  /** The device may be waiting for frame bytes whose completion would change memory. */
  mayChangeMemory = false;
  /** The last write got as far as sending data. */
  dataSent = false;

  constructor(
    readonly port: Port,
    private readonly clock: LineClock,
    private readonly byteMs: () => number,
    private readonly beforeEach: () => void,
  ) {
    this.reader = new ByteReader(port, clock);
  }

  /** Hands bytes to the port. A write that fails or never ends is a lost port. */
  async send(frame: Uint8Array, stage: string): Promise<void> {
    this.lastFrame = frame;
    const limitMs = 2000 + 20 * frame.length * this.byteMs();
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.clock.schedule(limitMs, () => reject(new Error('the port does not take bytes')));
    });
    try {
      await Promise.race([this.port.write(frame), late]);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      this.reader.fail(cause);
      throw new LinkError('lost', stage, `the port went away (${cause.message})`);
    } finally {
      cancel();
    }
  }

  /** Whatever the device was told before, by whomever: it may be waiting for the rest of any frame. */
  assumeOpenFrame(): void {
    this.lastFrame = new Uint8Array(0);
    this.mayChangeMemory = true;
  }

  async expectAck(stage: string, timeoutMs = ackMs): Promise<void> {
    const [reply] = await this.reader.take(1, timeoutMs, stage);
    if (reply === ACK) return;
    if (reply === NACK) throw new LinkError('nack', stage, 'refused (NACK)');
    throw new LinkError('garbled', stage, `answered ${an3155.hex([reply!])} in place of ACK`);
  }

  /**
   * Sends a frame and waits for its ACK. Nothing waits for the write itself to return, which on a real port costs a
   * turn of the event loop and a drain: an ACK says more, and a write that fails makes the wait for it fail.
   */
  async #exchange(frame: Uint8Array, stage: string, timeoutMs = ackMs): Promise<void> {
    this.send(frame, stage).catch(() => {});
    await this.expectAck(stage, timeoutMs + frame.length * this.byteMs());
  }

  async #command(code: number, name: string, mayChangeMemory = false): Promise<void> {
    this.beforeEach();
    this.reader.drain();
    this.mayChangeMemory = mayChangeMemory;
    this.dataSent = false;
    await this.#exchange(an3155.commandFrame(code), `${name} command`);
  }

  async get(): Promise<an3155.GetReply> {
    await this.#command(an3155.commandCodes.get, 'get');
    const [count] = await this.reader.take(1, ackMs, 'get');
    const body = await this.reader.take(count! + 1, ackMs + 300 * this.byteMs(), 'get');
    await this.expectAck('get');
    return an3155.parseGet(body);
  }

  /** Version byte of Get Version; the two option bytes that follow are always zero. */
  async getVersion(): Promise<number> {
    await this.#command(an3155.commandCodes.getVersion, 'get version');
    const body = await this.reader.take(3, ackMs, 'get version');
    await this.expectAck('get version');
    return body[0]!;
  }

  async getId(): Promise<number> {
    await this.#command(an3155.commandCodes.getId, 'get id');
    const [count] = await this.reader.take(1, ackMs, 'get id');
    const body = await this.reader.take(count! + 1, ackMs + 300 * this.byteMs(), 'get id');
    await this.expectAck('get id');
    return an3155.parseGetId(body);
  }

  /** @param length 1 to 256 bytes */
  async read(address: number, length: number): Promise<Uint8Array> {
    await this.#command(an3155.commandCodes.read, 'read');
    await this.#exchange(an3155.addressFrame(address), 'read address');
    this.send(an3155.readLengthFrame(length), 'read length').catch(() => {});
    let reply: Uint8Array;
    try {
      reply = await this.reader.take(length + 1, ackMs + (length + 1) * this.byteMs(), 'read data');
    } catch (error) {
      const short = this.reader.drain();
      if (short.length > 0 && short.every((byte) => byte === NACK)) {
        throw new LinkError('nack', 'read length', 'refused (NACK)');
      }
      throw error;
    }
    if (reply[0] !== ACK) throw new LinkError('garbled', 'read data', 'the data did not begin with ACK');
    return reply.subarray(1);
  }

  /** @param data 1 to 256 bytes, already padded to the chip's word */
  async write(address: number, data: Uint8Array): Promise<void> {
    await this.#command(an3155.commandCodes.write, 'write', true);
    await this.#exchange(an3155.addressFrame(address), 'write address');
    this.dataSent = true;
    await this.#exchange(an3155.writeDataFrame(data), 'write data');
    this.mayChangeMemory = false;
  }

  /** @param extended use 0x44 rather than 0x43 */
  async erase(sectors: readonly number[], extended: boolean, timeoutMs: number): Promise<void> {
    const { erase, extendedErase } = an3155.commandCodes;
    await this.#command(extended ? extendedErase : erase, 'erase', true);
    const frame = extended ? an3155.extendedEraseFrame(sectors) : an3155.eraseFrame(sectors);
    await this.#exchange(frame, 'erase', timeoutMs);
    this.mayChangeMemory = false;
  }

  /**
   * Starts the program whose vector table lies at `address`.
   * @param firstAckMayFail the ACK of the command itself may never come (AN2606: H74x bootloader V9.0)
   */
  async go(address: number, firstAckMayFail: boolean): Promise<void> {
    try {
      await this.#command(an3155.commandCodes.go, 'go');
    } catch (error) {
      if (!(firstAckMayFail && error instanceof LinkError && error.trouble === 'timeout')) throw error;
    }
    await this.#exchange(an3155.addressFrame(address), 'go address');
  }

  close(): void {
    this.reader.close();
  }
}
