/**
 * One board over one job: the bootloader client, what is known of the board, and the way back to it after a pulled
 * cable or a bootloader that stopped answering.
 */
import { ReflowError } from '../base/error.js';
import type { Port } from '../base/port.js';
import { BootloaderClient, type ClientOptions, type ClientStats } from './bootloader-client.js';
import type { BankMode, Chip } from './chips.js';
import { FlashError, LinkError } from './flash-error.js';
import { type LineClock, realClock, sleep } from './line-clock.js';
import { type Sector, sectorMap } from './sector-map.js';

export interface SessionOptions extends ClientOptions {
  /** Bank mode of chips that have two; read from the option bytes when not given. */
  readonly bankMode?: BankMode;
  /** Opens the port again after it went away; without it, a pulled cable ends the job. */
  readonly reopen?: () => Promise<Port>;
  /** How long to wait for the port to come back, ms (default 30 000). */
  readonly reconnectMs?: number;
}

/** What the board said of itself. */
export interface BoardFacts {
  readonly chip: Chip;
  readonly flashBytes: number;
  /** 96-bit unique id, hex. */
  readonly uid: string;
  readonly bankMode: BankMode | null;
  readonly sectors: readonly Sector[];
}

export class BoardSession {
  readonly clock: LineClock;
  client: BootloaderClient;
  facts!: BoardFacts;
  /** Times that the board was found again. */
  reconnects = 0;
  readonly stats: ClientStats = { retries: 0, doubtfulWrites: 0 };

  private constructor(
    port: Port,
    private readonly options: SessionOptions,
  ) {
    this.clock = options.clock ?? realClock;
    this.client = new BootloaderClient(port, options, this.stats);
  }

  /** Connects and learns what the board is. @throws FlashError with the finding */
  static async open(port: Port, options: SessionOptions): Promise<BoardSession> {
    const session = new BoardSession(port, options);
    try {
      await session.#connectAndLearn();
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  async #connectAndLearn(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (attempt === 1) await this.client.connect();
        this.facts = await this.#learn();
        return;
      } catch (error) {
        if (!(error instanceof LinkError) || attempt === 4) throw this.#final(error);
        await this.reconnect(error);
      }
    }
  }

  /**
   * Runs `work` and, when the line failed under it, finds the board again and says so.
   * @returns 'again' when the caller must decide what to repeat; any other failure passes
   */
  async attempt<T>(work: () => Promise<T>): Promise<T | 'again'> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LinkError) || error.trouble === 'torn') throw error;
      await this.reconnect(error);
      return 'again';
    }
  }

  /** @throws FlashError `port-lost`, `stopped-answering` or `wrong-board` when the board does not come back */
  async reconnect(why: LinkError): Promise<void> {
    if (++this.reconnects > 20) throw this.#final(why);
    if (why.trouble !== 'lost') {
      await this.#again(this.client.port, why);
      return;
    }
    const { reopen, reconnectMs = 30_000 } = this.options;
    const giveUpAt = this.clock.now() + reconnectMs;
    while (reopen && this.clock.now() < giveUpAt) {
      await sleep(this.clock, 250);
      this.options.checkLimit?.();
      let port: Port;
      try {
        port = await reopen();
      } catch {
        continue;
      }
      return this.#again(port, why);
    }
    throw new FlashError('port-lost', `${this.client.port.path} went away and did not come back`, {
      cause: why,
    });
  }

  async #again(port: Port, why: LinkError): Promise<void> {
    this.client.close();
    this.client = new BootloaderClient(port, this.options, this.stats);
    try {
      await this.client.connect();
      if (!this.facts) return;
      const again = await this.#learn();
      if (again.uid !== this.facts.uid) {
        throw new FlashError(
          'wrong-board',
          `another board (${again.uid}) answers on ${port.path} than before`,
        );
      }
    } catch (error) {
      if (error instanceof LinkError) return this.reconnect(error);
      if (error instanceof FlashError && error.finding === 'nothing-answers') {
        throw new FlashError('stopped-answering', `the bootloader on ${port.path} stopped answering`, {
          cause: why,
        });
      }
      throw error;
    }
  }

  /** The final word for a line failure that is not cured. */
  #final(error: unknown): unknown {
    if (!(error instanceof LinkError)) return error;
    const finding = error.trouble === 'lost' ? 'port-lost' : 'stopped-answering';
    return new FlashError(finding, `${this.client.port.path}: ${error.message}`, { cause: error });
  }

  async #learn(): Promise<BoardFacts> {
    const chip = this.client.chip;
    if (!chip) {
      const pid = this.client.identity?.pid ?? 0;
      throw new FlashError(
        'unknown-chip',
        `the chip has product id 0x${pid.toString(16)}, which reflow does not know`,
      );
    }
    if ((await this.client.probeProtection(chip.flashBase)) === 'protected') {
      throw new FlashError(
        'protected',
        `${chip.name} on ${this.client.port.path} is under readout protection`,
      );
    }
    // Short reads of these registers fail on some boards; a whole block that holds both works everywhere.
    const page = chip.uidRegister - (chip.uidRegister % 256);
    const info = await this.client.readSurely(page, 256);
    const at = chip.flashSizeRegister - page;
    const flashBytes = 1024 * (info[at]! | (info[at + 1]! << 8));
    const plausible = flashBytes >= 16 * 1024 && flashBytes <= chip.flashBytes;
    const uid = Buffer.from(info.subarray(chip.uidRegister - page, chip.uidRegister - page + 12)).toString(
      'hex',
    );
    const bankMode = this.options.bankMode ?? (await this.#readBankMode(chip));
    if (!plausible) {
      throw new ReflowError(
        'E_DEVICE',
        `${chip.name} reports ${flashBytes} bytes of flash, which cannot be`,
        'read again after a reset; report the chip if it stays',
      );
    }
    return { chip, flashBytes, uid, bankMode, sectors: sectorMap(chip, bankMode, flashBytes) };
  }

  async #readBankMode(chip: Chip): Promise<BankMode | null> {
    if (!chip.bankOption) return null;
    for (const address of chip.bankOption.addresses) {
      const read =
        (await this.client.readIfAllowed(address, 8)) && (await this.client.readSurely(address, 8));
      if (!read) continue;
      const view = new DataView(read.buffer, read.byteOffset, 8);
      const word = view.getUint32(0, true);
      if (chip.bankOption.complement && view.getUint32(4, true) !== ~word >>> 0) continue;
      const bit = (word >>> chip.bankOption.bit) & 1;
      return bit === chip.bankOption.dualWhen ? 'dual' : 'single';
    }
    return null;
  }

  /** Detaches; the port stays open. */
  close(): void {
    this.client.close();
  }
}
