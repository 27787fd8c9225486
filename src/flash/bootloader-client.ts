/**
 * The STM32 ROM bootloader over a line that misbehaves: finds it, and repeats what may be repeated until it is certain.
 * Protocol: ST AN3155. Rules that shape it: an ACK does not prove a write; a word with ECC must never be programmed
 * twice; a bootloader measures the baud rate once and may measure it wrongly; a lost byte leaves it waiting for ever.
 */
import { ReflowError } from '../base/error.js';
import type { Port } from '../base/port.js';
import { ACK, bitsPerByte, commandCodes, maxBlockBytes, NACK, SYNC } from './an3155.js';
import { type Chip, chipByPid } from './chips.js';
import { type EntrySequence, playSteps } from './entry-sequence.js';
import { FlashError, LinkError } from './flash-error.js';
import { type LineClock, realClock, sleep } from './line-clock.js';
import { resync } from './resync.js';
import { RomTransactions } from './rom-transactions.js';
import { type SyncEvidence, syncFailure } from './sync-evidence.js';

export interface ClientOptions {
  readonly clock?: LineClock;
  /** How to reset into the bootloader; without it the board must already be there. */
  readonly entry?: EntrySequence | null;
  /** Tried in order. AN2606: some chips measure 115200 wrongly. */
  readonly baudRates?: readonly number[];
  /** Supply of the chip, for the programming width of F2/F4/F7. */
  readonly supplyMillivolts?: number;
  /** Throws when the whole job has taken too long. */
  readonly checkLimit?: () => void;
}

export interface ClientStats {
  /** Transactions that had to be repeated. */
  retries: number;
  /** Writes that failed after their data had been sent: the device may have taken the data for anything. */
  doubtfulWrites: number;
}

export interface Identity {
  readonly pid: number;
  readonly version: number;
  readonly commands: readonly number[];
  /** The device refused the first 0x7F: it had been synchronised before. */
  readonly alreadySynced: boolean;
  readonly baudRate: number;
}

const triesPerOperation = 6;

/** How long a silent bootloader may take to come back before it is reset: longer than the slowest adapter stalls. */
const patienceMs = 6000;

export class BootloaderClient {
  identity: Identity | null = null;
  readonly #rom: RomTransactions;
  readonly #clock: LineClock;
  readonly #entry: EntrySequence | null;
  readonly #baudRates: readonly number[];
  readonly #supplyMillivolts: number;
  #baudRate: number;
  #resets = 0;

  constructor(
    readonly port: Port,
    options: ClientOptions = {},
    readonly stats: ClientStats = { retries: 0, doubtfulWrites: 0 },
  ) {
    this.#clock = options.clock ?? realClock;
    this.#entry = options.entry ?? null;
    this.#baudRates = options.baudRates ?? [115200, 57600, 38400];
    this.#supplyMillivolts = options.supplyMillivolts ?? 3300;
    this.#baudRate = this.#baudRates[0]!;
    this.#rom = new RomTransactions(
      port,
      this.#clock,
      () => this.#byteMs(),
      options.checkLimit ?? (() => {}),
    );
  }

  /** The chip's facts, once connected. */
  get chip(): Chip | undefined {
    return this.identity ? chipByPid(this.identity.pid) : undefined;
  }

  /**
   * Resets (where it can), synchronises and identifies, down the baud ladder.
   * @throws FlashError that says what answers instead; LinkError `lost`
   */
  async connect(): Promise<Identity> {
    const evidence: SyncEvidence = { received: [], syncs: 0, nacks: 0, answers: 0 };
    // The start of a bootloader takes from 1 ms to 2.6 s (AN2606): later tries wait longer.
    for (const startupMs of [100, 600, 2600]) {
      for (const baudRate of this.#baudRates) {
        await this.port.setLine({ baudRate, parity: 'even' }).catch(() => {});
        this.#baudRate = baudRate;
        const reset = this.#entry ? await playSteps(this.port, this.#entry.enter, this.#clock) : false;
        if (reset) {
          this.#resets++;
          await sleep(this.#clock, startupMs);
        }
        const identity = await this.#syncAndIdentify(evidence, reset);
        if (identity) {
          this.identity = identity;
          await this.#chooseWidth();
          return identity;
        }
      }
    }
    throw syncFailure(this.port.path, this.#baudRates, evidence);
  }

  async #syncAndIdentify(evidence: SyncEvidence, reset: boolean): Promise<Identity | null> {
    const heardBefore = evidence.received.length;
    let synced = await this.#sync(evidence);
    if (!synced && !reset && evidence.received.length === heardBefore) {
      // An interrupted job may have left it in the middle of a frame, where a few 0x7F are just more data.
      this.#rom.assumeOpenFrame();
      if (await this.#resync()) synced = 'nack';
    }
    if (!synced) return null;
    evidence.syncs++;
    for (let attempt = 0; attempt < triesPerOperation; attempt++) {
      try {
        const { version, commands } = await this.#rom.get();
        evidence.answers++;
        const pid = await this.#rom.getId();
        // Replies carry no checksum, and a wrong one here would mislead everything after it: ask twice.
        const again = await this.#rom.get();
        const equal =
          again.commands.join() === commands.join() && (await this.#rom.getVersion()) === again.version;
        if (!equal || again.version !== version || (await this.#rom.getId()) !== pid) continue;
        return { pid, version, commands, alreadySynced: synced === 'nack', baudRate: this.#baudRate };
      } catch (error) {
        this.#passFatal(error);
        if (attempt === 0 && error instanceof LinkError && error.trouble === 'nack') evidence.nacks++;
        if (!(await this.#resync())) return null;
      }
    }
    return null;
  }

  /** One 0x7F, and a second one when nothing came: a device that was synchronised before took the first as half a command. */
  async #sync(evidence: SyncEvidence): Promise<'ack' | 'nack' | null> {
    await this.#rom.reader.collect(0, 5);
    // An answer takes some ms, with a USB adapter some tens; a device that waits for the second byte costs the first wait.
    for (const waitMs of [100, 250, 250]) {
      await this.#rom.send(Uint8Array.of(SYNC), 'sync');
      const reply = await this.#rom.reader.collect(waitMs, 20);
      evidence.received.push(...reply);
      if (reply.length === 1 && reply[0] === ACK) return 'ack';
      if (reply.length > 0 && reply.every((byte) => byte === NACK)) return 'nack';
      if (reply.length > 1 && reply.at(-1) === NACK) return 'nack';
    }
    return null;
  }

  /** One 32-bit-aligned or other span of memory, in blocks of 256 bytes, each repeated until it arrives whole. */
  async read(address: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += maxBlockBytes) {
      const block = Math.min(maxBlockBytes, length - at);
      bytes.set(await this.#repeat(() => this.#rom.read(address + at, block)), at);
    }
    return bytes;
  }

  /**
   * Read data carries no checksum: up to 256 bytes on which much hangs, read until two reads agree, or one shows what
   * no accident makes: the bytes `expected`, or erased flash.
   * @throws FlashError `disturbed` when 16 reads all differ
   */
  async readSurely(address: number, length: number, expected?: Uint8Array): Promise<Uint8Array> {
    const reads: string[] = [];
    while (reads.length < 16) {
      const bytes = await this.read(address, length);
      const text = Buffer.from(bytes).toString('hex');
      if (reads.includes(text) || bytes.every((byte) => byte === 0xff)) return bytes;
      if (expected && bytes.every((byte, i) => byte === expected[i])) return bytes;
      if (reads.length > 0) await this.recover();
      reads.push(text);
    }
    throw new FlashError('disturbed', `no two reads of the same memory on ${this.port.path} agree`);
  }

  /** Up to 256 bytes, or null when the device refuses that address three times, also silently (before V3.1). */
  async readIfAllowed(address: number, length: number): Promise<Uint8Array | null> {
    let refusals = 0;
    for (let attempt = 0; attempt < 2 * triesPerOperation && refusals < 3; attempt++) {
      try {
        return await this.#rom.read(address, length);
      } catch (error) {
        this.#passFatal(error);
        if (error instanceof LinkError && error.stage === 'read address') refusals++;
        await this.recover();
      }
    }
    return null;
  }

  /**
   * Writes one block of up to 256 bytes to erased memory and returns when it has been programmed exactly once, as far
   * as ACKs and, after any doubt, a read-back can tell.
   * @throws LinkError `torn` when the sector must be erased before anything is written there again
   */
  async writeBlock(address: number, data: Uint8Array): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const resets = this.#resets;
      try {
        return await this.#rom.write(address, data);
      } catch (error) {
        const inDoubt = this.#rom.dataSent;
        if (inDoubt) this.stats.doubtfulWrites++;
        this.#passFatal(error);
        await this.recover();
        const torn = (why: string) =>
          new LinkError('torn', 'write data', `block 0x${address.toString(16)} ${why}`);
        // A reset may have cut a word, or an erase that was acknowledged early, off in the middle: it can read as
        // erased and not be. ECC does not forgive a second programming.
        if (resets !== this.#resets && this.chip?.ecc) throw torn('was written to while the board was reset');
        if (inDoubt) {
          const now = await this.readSurely(address, data.length, data);
          if (now.every((byte, i) => byte === data[i])) return;
          if (!now.every((byte) => byte === 0xff)) throw torn('is half written');
        }
        if (attempt === triesPerOperation) throw error;
        this.stats.retries++;
      }
    }
  }

  /** Erases one sector; safe to repeat. `bytes` sets the time limit. */
  async eraseSector(index: number, bytes: number): Promise<void> {
    const extended = this.identity?.commands.includes(commandCodes.extendedErase) ?? true;
    // Slowest named sector: 128 KiB in 4 s (x8 parallelism, datasheets); four times that.
    const timeoutMs = 1000 + bytes / 8;
    await this.#repeat(() => this.#rom.erase([index], extended, timeoutMs));
  }

  /**
   * Starts the program at `address`.
   * @returns false when the last ACK did not come and the bootloader is gone all the same
   */
  async go(address: number): Promise<boolean> {
    const isH7 = this.chip?.family === 'H7';
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#rom.go(address, isH7);
        return true;
      } catch (error) {
        this.#passFatal(error);
        if (!(error instanceof LinkError) || attempt === triesPerOperation) throw error;
        const silent = error.stage === 'go address' && error.trouble === 'timeout';
        if (!silent) await this.recover();
        else if (!(await this.#resync())) return false;
      }
    }
  }

  /** Resets into the application through the modem lines. False where the port has none. */
  async leave(): Promise<boolean> {
    return this.#entry ? playSteps(this.port, this.#entry.leave, this.#clock) : false;
  }

  /**
   * One read, tried five times, to tell readout protection (which refuses the command each time, on some products
   * with two NACKs) from an accident.
   */
  async probeProtection(address: number): Promise<'open' | 'protected'> {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        await this.#rom.read(address, 4);
        return 'open';
      } catch (error) {
        this.#passFatal(error);
        await this.recover();
        if (!(error instanceof LinkError && error.trouble === 'nack' && error.stage === 'read command'))
          return 'open';
      }
    }
    return 'protected';
  }

  /** Back to the command prompt: by filler bytes, else by reset. */
  async recover(): Promise<void> {
    if (await this.#resync(patienceMs)) return;
    const before = this.identity;
    if (!this.#entry) throw new LinkError('timeout', 'resync', 'the bootloader stopped answering');
    try {
      await this.connect();
    } catch (error) {
      if (error instanceof FlashError && error.finding === 'nothing-answers') {
        throw new LinkError('timeout', 'resync', 'the bootloader stopped answering, even after a reset');
      }
      throw error;
    }
    if (before && before.pid !== this.identity?.pid) {
      throw new FlashError('wrong-board', `another chip answers on ${this.port.path} than before`);
    }
  }

  /** Detaches from the port, which stays open. */
  close(): void {
    this.#rom.close();
  }

  #byteMs(): number {
    return (1000 * bitsPerByte) / this.#baudRate;
  }

  #resync(patienceMs = 0): Promise<boolean> {
    const confirm = async (): Promise<boolean> => {
      try {
        const { version, commands } = await this.#rom.get();
        return (
          !this.identity ||
          (version === this.identity.version && commands.length === this.identity.commands.length)
        );
      } catch (error) {
        this.#passFatal(error);
        return false;
      }
    };
    return resync(this.#rom, this.#clock, this.#byteMs(), patienceMs, confirm);
  }

  async #repeat<T>(transaction: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await transaction();
      } catch (error) {
        this.#passFatal(error);
        if (attempt === triesPerOperation) throw error;
        this.stats.retries++;
        await this.recover();
      }
    }
  }

  /** F2/F4/F7 program byte by byte until told the supply: AN2606, virtual byte at 0xFFFF0000. Lost at every reset. */
  async #chooseWidth(): Promise<void> {
    if (!this.chip?.byteProgrammingDefault) return;
    const volts = this.#supplyMillivolts;
    const width = volts >= 2700 ? 3 : volts >= 2400 ? 2 : volts >= 2100 ? 1 : 0;
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        await this.#rom.write(0xffff0000, Uint8Array.of(width));
        return;
      } catch (error) {
        this.#passFatal(error);
        // Refused under readout protection and by bootloaders without the byte: then bytes it is.
        if (!(await this.#resync())) return;
      }
    }
  }

  #passFatal(error: unknown): void {
    if (!(error instanceof ReflowError) || error instanceof FlashError) throw error;
    if (error instanceof LinkError && error.trouble === 'lost') throw error;
  }
}
