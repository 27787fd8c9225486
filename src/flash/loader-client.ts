/**
 * An image onto a board through its resident loader: only the sectors whose CRC differs, each erased once and written once,
 * then the CRC of the whole image checked by the board before it writes the image's first bytes, which make it startable.
 * Where little of a sector differs, the board keeps the rest in RAM over the erase, and only what differs crosses the line.
 * Whatever is interrupted goes on where it was: finished sectors are found equal. The rules are in runtime-c/rf_loader.h.
 */
import { crc32 } from 'node:zlib';
import { ReflowError } from '../base/error.js';
import type { Port } from '../base/port.js';
import { FlashError, LinkError } from './flash-error.js';
import { type PlannedSector, planFlash } from './flash-plan.js';
import { keptSpans, type Span } from './kept-spans.js';
import { type LineClock, realClock, sleep } from './line-clock.js';
import { type LoaderInfo, readLoaderInfo } from './loader-info.js';
import {
  LoaderLink,
  LoaderRefusal,
  leaveRequest,
  loaderBody,
  loaderError,
  loaderRequest,
} from './loader-link.js';

export interface LoaderOptions {
  readonly clock?: LineClock;
  /** Refuse a loader of another board. */
  readonly board?: string;
  /** Opens the port again after it went away; without it a lost port ends the job. */
  readonly reopen?: () => Promise<Port>;
  /** How long to wait for the port to come back, ms (default 30 000). */
  readonly reconnectMs?: number;
  /** How long the loader may take to answer at first, ms (default 10 000: a person may press reset). */
  readonly bootMs?: number;
  /** Start the application afterwards. */
  readonly start?: boolean;
  /** The whole job's limit, ms (default two minutes and 1 ms per byte). */
  readonly limitMs?: number;
  /** Called before a sector is erased and once its CRC was right. */
  readonly onSector?: (event: {
    readonly kind: 'erasing' | 'verified';
    readonly index: number;
    readonly address: number;
  }) => unknown;
}

export interface LoaderResult {
  readonly bytesWritten: number;
  readonly sectorsWritten: number;
  readonly sectorsSkipped: number;
  readonly seconds: number;
  /** Always true: the board has compared the CRC of the whole image. */
  readonly verified: true;
  readonly retries: number;
  /** Times that the loader was found again after a lost port, a reset or a refused step. */
  readonly restarts: number;
  readonly started: boolean;
  readonly board: string;
}

const headBytes = 32;
const mostRestarts = 12;
/** So often may the flash not take what is written, as after a failing supply, before it counts as worn. */
const mostFlashRefusals = 4;
const writeRounds = 3;
/** RF_LOADER_KEPT_BYTES. */
const mostKeptBytes = 16_384;

/**
 * Flashes `image`, linked for `address`, through the resident loader on an open port. An application with a way back is
 * asked to make way.
 * @throws FlashError whose `finding` says what is wrong; ReflowError E_INPUT, E_DOES_NOT_FIT for an impossible image
 */
export async function flashThroughLoader(
  port: Port,
  image: Uint8Array,
  address: number,
  options: LoaderOptions = {},
): Promise<LoaderResult> {
  const clock = options.clock ?? realClock;
  const begin = clock.now();
  const job = new LoaderJob(port, image, address, options, clock);
  await job.run();
  return { ...job.result(), seconds: (clock.now() - begin) / 1000 };
}

class LoaderJob {
  #link: LoaderLink;
  #info!: LoaderInfo;
  /** It has answered in this job. */
  #met = false;
  #flashRefusals = 0;
  #leaveRefusals = 0;
  #bytesWritten = 0;
  #retries = 0;
  #restarts = 0;
  #started = false;
  #isComplete = false;
  #sectorCount = 0;
  readonly #written = new Set<number>();
  readonly #limitAt: number;

  constructor(
    port: Port,
    private readonly image: Uint8Array,
    private readonly address: number,
    private readonly options: LoaderOptions,
    private readonly clock: LineClock,
  ) {
    this.#link = new LoaderLink(port, clock);
    this.#limitAt = clock.now() + (options.limitMs ?? 120_000 + image.length);
  }

  async run(): Promise<void> {
    for (;;) {
      try {
        await this.#once();
        return;
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  /** After trouble on the line or a board that started anew, everything is compared again; anything else is final. */
  async #recover(error: unknown): Promise<void> {
    const cured =
      error instanceof LinkError ||
      (error instanceof LoaderRefusal &&
        [loaderError.order, loaderError.crc, loaderError.flash].includes(error.code));
    if (!cured) throw this.#final(error);
    if (
      error instanceof LoaderRefusal &&
      error.code === loaderError.flash &&
      ++this.#flashRefusals > mostFlashRefusals
    )
      throw this.#final(error);
    if (++this.#restarts > mostRestarts) throw this.#final(error);
    this.#checkLimit();
    if (error instanceof LinkError && error.trouble === 'lost') await this.#reopen(error);
  }

  #final(error: unknown): unknown {
    const { path } = this.#link.port;
    if (error instanceof LoaderRefusal) {
      const where = `0x${(error.detail >>> 0).toString(16)}`;
      if (error.code === loaderError.flash)
        return new FlashError('mismatch', `the flash of ${path} does not take what is written at ${where}`);
      return new FlashError('mismatch', `the loader on ${path}: ${error.message}`);
    }
    if (!(error instanceof LinkError)) return error;
    const finding = error.trouble === 'lost' ? 'port-lost' : 'stopped-answering';
    return new FlashError(finding, `${path}: ${error.message}`, { cause: error });
  }

  #checkLimit(): void {
    if (this.clock.now() < this.#limitAt) return;
    throw new FlashError('too-slow', `flashing ${this.#link.port.path} took too long`);
  }

  async #reopen(why: LinkError): Promise<void> {
    const { reopen, reconnectMs = 30_000 } = this.options;
    const giveUpAt = this.clock.now() + reconnectMs;
    while (reopen && this.clock.now() < giveUpAt) {
      await sleep(this.clock, 100);
      this.#checkLimit();
      const port = await reopen().catch(() => null);
      if (!port) continue;
      this.#retries += this.#link.resends;
      this.#link = new LoaderLink(port, this.clock);
      return;
    }
    throw this.#final(why);
  }

  /** From greeting to start; throws at the first trouble. */
  async #once(): Promise<void> {
    this.#info = await this.#greet();
    const plan = this.#plan();
    this.#sectorCount = plan.length;
    const different: PlannedSector[] = [];
    for (const planned of plan) if (await this.#differs(planned)) different.push(planned);
    // The whole image is there, head and all; or the head is missing, which only the first sector's erase allows to write.
    if (!this.#info.hasApplication || different.length > 0) {
      // After trouble, no sector is read that need not be: a torn word with ECC cannot be.
      const keeps = this.#restarts === 0 && different.length <= plan.length / 2;
      for (const planned of plan) {
        const isDifferent = different.includes(planned);
        if (isDifferent || planned === plan[0]) await this.#write(planned, isDifferent, keeps);
      }
      await this.#commit();
    }
    this.#isComplete = true;
    if (this.options.start && !this.#started) {
      await this.#request('start', new Uint8Array(), 2000);
      this.#started = true;
    }
  }

  /** The image as it is committed: at least a head. */
  #padded(): Uint8Array {
    if (this.image.length >= headBytes) return this.image;
    const padded = new Uint8Array(headBytes).fill(0xff);
    padded.set(this.image);
    return padded;
  }

  #plan(): PlannedSector[] {
    const { base, sectors, wordBytes } = this.#info;
    if (this.address !== base) {
      throw new ReflowError(
        'E_INPUT',
        `the image is linked for 0x${this.address.toString(16)}, the board's loader starts applications at 0x${base.toString(16)}`,
        'build the image again for this board',
      );
    }
    return planFlash({
      sectors,
      segments: [{ name: 'application', address: base, bytes: this.#padded() }],
      wordBytes,
    });
  }

  /** Asks until the loader answers; asks an application that answers instead to make way. */
  async #greet(): Promise<LoaderInfo> {
    const giveUpAt = this.clock.now() + (this.options.bootMs ?? 10_000);
    for (;;) {
      this.#checkLimit();
      try {
        const info = readLoaderInfo(
          await this.#link.request(loaderRequest.info, new Uint8Array(), { timeoutMs: 250, resendMs: 100 }),
        );
        const { board } = this.options;
        this.#met = true;
        if (board === undefined || board === info.board) return info;
        throw new FlashError('wrong-board', `${this.#link.port.path} is a ${info.board}, not a ${board}`);
      } catch (error) {
        if (error instanceof LoaderRefusal && error.code === loaderError.request) await this.#askToLeave();
        else if (!(error instanceof LinkError) || error.trouble !== 'timeout') throw error;
        else if (this.clock.now() >= giveUpAt) throw this.#nobody();
      }
    }
  }

  async #askToLeave(): Promise<void> {
    try {
      await this.#link.request(leaveRequest, new Uint8Array(), { timeoutMs: 1000, resendMs: 250 });
    } catch (error) {
      if (error instanceof LinkError && error.trouble === 'timeout') return; // it left, and its answer was lost
      if (!(error instanceof LoaderRefusal)) throw error;
      // Once, it may be the loader's answer to a repeated plea: the application left, and its own answer was lost.
      if (++this.#leaveRefusals === 1) return;
      throw new FlashError(
        'application',
        `the application on ${this.#link.port.path} has no way back to a resident loader`,
        { hint: 'press reset while reflow flash waits, or flash the board once by another way: --via' },
      );
    }
  }

  #nobody(): FlashError {
    const { path } = this.#link.port;
    if (this.#met)
      return new FlashError('stopped-answering', `the resident loader on ${path} stopped answering`);
    const hint =
      'press reset while reflow flash waits; a board that has never had the loader gets it by another way: --via';
    if (this.#link.noise.length === 0)
      return new FlashError('nothing-answers', `no resident loader answers on ${path}`, { hint });
    return new FlashError('garbled', `what answers on ${path} is no resident loader`, { hint });
  }

  #request(name: keyof typeof loaderRequest, body: Uint8Array, timeoutMs: number, resendMs = 400) {
    this.#checkLimit();
    return this.#link.request(loaderRequest[name], body, { timeoutMs, resendMs });
  }

  async #crc(address: number, bytes: number): Promise<number> {
    // At the slowest clock a loader reads half a megabyte per second.
    const body = await this.#request('crc', loaderBody([address, bytes]), 1500 + bytes / 100);
    if (body.length !== 4) throw new LinkError('garbled', 'loader', 'a CRC of another length');
    return new DataView(body.buffer, body.byteOffset, 4).getUint32(0, true);
  }

  /**
   * Whether a sector must be written. A board that does not survive reading it, because a power cut has left a word half
   * programmed, comes back with another answer: yes.
   */
  async #differs({ sector, content, from, to }: PlannedSector): Promise<boolean> {
    try {
      return (await this.#crc(sector.address + from, to - from)) !== crc32(content.subarray(from, to));
    } catch (error) {
      if (!(error instanceof LinkError) || error.trouble !== 'timeout') throw error;
      this.#info = await this.#greet();
      return true;
    }
  }

  /** Erases and writes a sector, but for the image's head, until its CRC is right. */
  async #write(planned: PlannedSector, isDifferent: boolean, keeps: boolean): Promise<void> {
    const { sector, content, to } = planned;
    const { wordBytes, base } = this.#info;
    const from = sector.address === base ? headBytes : 0;
    const end = Math.min(sector.bytes, Math.ceil(to / wordBytes) * wordBytes);
    this.#written.add(sector.index);
    for (let round = 1; ; round++) {
      const { index, address } = sector;
      const whole = { from, to: end, isKept: false };
      const spans = keeps && round === 1 ? await this.#keep(planned, whole, isDifferent) : [whole];
      await this.options.onSector?.({ kind: 'erasing', index, address });
      await this.#request('erase', loaderBody([sector.address]), 15_000, 6000);
      for (const span of spans) {
        if (span.isKept) await this.#restore(planned, span);
        else await this.#writeContent(planned, span.from, span.to);
      }
      if (end <= from) break;
      if ((await this.#crc(sector.address + from, end - from)) === crc32(content.subarray(from, end))) break;
      if (round === writeRounds)
        throw new FlashError(
          'mismatch',
          `sector ${sector.index} of ${this.#link.port.path} does not keep what is written`,
        );
    }
    await this.options.onSector?.({ kind: 'verified', index: sector.index, address: sector.address });
  }

  /** Has the board keep the sector, and says which of its parts are right; all is to be written where it cannot. */
  async #keep({ sector, content }: PlannedSector, whole: Span, isDifferent: boolean): Promise<Span[]> {
    if (sector.bytes > mostKeptBytes) return [whole];
    try {
      await this.#request('keep', loaderBody([sector.address]), 1500);
    } catch (error) {
      // A loader of an earlier reflow does not know the request.
      if (error instanceof LoaderRefusal && error.code === loaderError.request) return [whole];
      throw error;
    }
    return keptSpans(whole.from, whole.to, isDifferent, async (from, to) => {
      const found = await this.#crc(sector.address + from, to - from);
      return found === crc32(content.subarray(from, to));
    });
  }

  async #restore({ sector }: PlannedSector, { from, to }: Span): Promise<void> {
    await this.#request('restore', loaderBody([sector.address + from, to - from]), 4000, 800);
    this.#bytesWritten += to - from;
  }

  async #writeContent({ sector, content }: PlannedSector, from: number, end: number): Promise<void> {
    const { wordBytes, dataBytes } = this.#info;
    const step = dataBytes - (dataBytes % wordBytes);
    for (let at = from; at < end; at += step) {
      const whole = content.subarray(at, Math.min(at + step, end));
      const last = whole.findLastIndex((byte) => byte !== 0xff);
      if (last < 0) continue;
      const first = whole.findIndex((byte) => byte !== 0xff);
      const start = first - (first % wordBytes);
      const bytes = whole.subarray(start, last - (last % wordBytes) + wordBytes);
      await this.#request('write', loaderBody([sector.address + at + start], bytes), 4000, 800);
      this.#bytesWritten += bytes.length;
    }
  }

  async #commit(): Promise<void> {
    const image = this.#padded();
    const body = loaderBody([image.length, crc32(image)], image.subarray(0, headBytes));
    await this.#request('commit', body, 3000 + image.length / 100, 1000);
    this.#bytesWritten += headBytes;
  }

  result(): Omit<LoaderResult, 'seconds'> {
    if (!this.#isComplete) throw new Error('not verified');
    return {
      bytesWritten: this.#bytesWritten,
      sectorsWritten: this.#written.size,
      sectorsSkipped: this.#sectorCount - this.#written.size,
      verified: true,
      retries: this.#retries + this.#link.resends,
      restarts: this.#restarts,
      started: this.#started,
      board: this.#info.board,
    };
  }
}
