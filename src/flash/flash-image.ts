/**
 * An image onto a board: only the sectors that differ, written once, verified in a second pass. Nothing here believes an
 * ACK: AN3155 acknowledges writes to protected sectors too, so success means bytes that were read back.
 *
 * Verification is a second pass because reading back right after a block has been reported to disturb the next write
 * (STM32H723), and because a board that took everything is then read in one sweep.
 */
import { ReflowError } from '../base/error.js';
import type { Port } from '../base/port.js';
import { BoardSession, type SessionOptions } from './board-session.js';
import { FlashError } from './flash-error.js';
import { type FlashSegment, type PlannedSector, planFlash, type SectorHashes } from './flash-plan.js';
import { realClock } from './line-clock.js';
import type { Sector } from './sector-map.js';
import { eraseAndWrite, refusal, sampleMatches, sectorMatches, witnessesMatch } from './sector-work.js';

export interface FlashOptions extends SessionOptions {
  /** Further spans, such as weights in sectors of their own. */
  readonly segments?: readonly FlashSegment[];
  /** What an earlier flash of this very board left; ignored when the board's unique id differs. */
  readonly known?: { readonly uid: string; readonly hashes: SectorHashes };
  /** Asked for the same once the board's unique id is known; null when there is no record of it. */
  readonly recall?: (uid: string, sectors: readonly Sector[]) => Promise<KnownFlash | null>;
  /**
   * `sample` (default): sectors whose recorded hash equals are checked at two places. `nothing`: every byte of the image
   * is read back, whatever the record says.
   */
  readonly trust?: 'sample' | 'nothing';
  /** Start the program afterwards. */
  readonly start?: boolean;
  /** The whole job's limit, ms (default two minutes and 2 ms per byte). */
  readonly limitMs?: number;
  /**
   * Called before a sector is erased (its recorded hash is void from then on, and its wear grows by one) and once it is
   * verified; awaited, so that a record is made before the deed.
   */
  readonly onSector?: (event: SectorEvent) => unknown;
}

/** Bytes that an image has somewhere and others have not, such as the hash of its network. */
export interface Witness {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export interface KnownFlash {
  readonly hashes: SectorHashes;
  /** Bytes of the image that was flashed last: where the board holds others, somebody else has flashed it since. */
  readonly witnesses: readonly Witness[];
}

export interface SectorEvent {
  readonly kind: 'erasing' | 'verified';
  readonly index: number;
  readonly address: number;
  /** Content hash of a verified sector. */
  readonly hash?: string;
}

export interface FlashResult {
  readonly bytesWritten: number;
  readonly sectorsWritten: number;
  readonly sectorsSkipped: number;
  readonly seconds: number;
  /** Part of `seconds` in which sectors were erased and written. */
  readonly writeSeconds: number;
  /** Always true: what cannot be verified is a FlashError. See `bytesTrusted` for what was not read in full. */
  readonly verified: true;
  /** Image bytes in sectors that rest on the caller's record and a sample. */
  readonly bytesTrusted: number;
  readonly retries: number;
  readonly reconnects: number;
  readonly started: boolean;
  readonly chip: string;
  readonly uid: string;
  /** For the caller's record of this board. */
  readonly hashes: SectorHashes;
}

const repairRounds = 4;

/**
 * Flashes `image` at `address` through the STM32 ROM bootloader on an open port (8E1), and verifies it.
 * @throws FlashError whose `finding` says what is wrong; ReflowError E_DOES_NOT_FIT, E_INPUT for an impossible image
 */
export async function flashImage(
  port: Port,
  image: Uint8Array,
  address: number,
  options: FlashOptions = {},
): Promise<FlashResult> {
  const clock = options.clock ?? realClock;
  const begin = clock.now();
  const segments = [{ name: 'program', address, bytes: image }, ...(options.segments ?? [])];
  const limitMs = options.limitMs ?? 120_000 + 2 * segments.reduce((sum, s) => sum + s.bytes.length, 0);
  const checkLimit = () => {
    options.checkLimit?.();
    if (clock.now() - begin > limitMs) {
      throw new FlashError(
        'too-slow',
        `flashing ${port.path} took longer than ${Math.round(limitMs / 1000)} s`,
      );
    }
  };
  if (options.start) checkVectorTable(image, address);
  const session = await BoardSession.open(port, { ...options, checkLimit });
  try {
    const { uid, sectors } = session.facts;
    const known = options.recall ? await options.recall(uid, sectors) : knownOf(options, uid);
    const trusted = known !== null && (await witnessesMatch(session, known.witnesses));
    const job = new FlashJob(session, segments, options, trusted ? known.hashes : {});
    const writeSeconds = await job.run();
    const started = options.start ? await job.startProgram(address) : false;
    return { ...job.result(), writeSeconds, started, seconds: (clock.now() - begin) / 1000 };
  } finally {
    session.close();
  }
}

function knownOf({ known }: FlashOptions, uid: string): KnownFlash | null {
  return known?.uid === uid ? { hashes: known.hashes, witnesses: [] } : null;
}

function checkVectorTable(image: Uint8Array, address: number): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const reset = image.byteLength >= 8 ? view.getUint32(4, true) : 0;
  if (reset % 2 === 1 && reset >= address && reset < address + image.byteLength) return;
  throw new ReflowError(
    'E_FLASH',
    `the image does not begin with a vector table: its reset vector is 0x${reset.toString(16)}`,
    'link the image for this address, or flash it without starting it',
  );
}

class FlashJob {
  readonly #plan: readonly PlannedSector[];
  /** Not read in full: skipped on the word of the caller's record. */
  #trusted: PlannedSector[] = [];
  /** Read in full before anything was written, and found equal. */
  #equal: PlannedSector[] = [];
  #written: PlannedSector[] = [];
  #bytesWritten = 0;

  constructor(
    private readonly session: BoardSession,
    segments: readonly FlashSegment[],
    private readonly options: FlashOptions,
    known: SectorHashes,
  ) {
    const { chip, sectors } = session.facts;
    this.#plan = planFlash({ sectors, segments, wordBytes: chip.wordBytes, known });
  }

  /** Returns the seconds spent writing. */
  async run(): Promise<number> {
    await this.#compare();
    const begin = this.session.clock.now();
    for (const planned of this.#written) await this.#write(planned, 0);
    const writeSeconds = (this.session.clock.now() - begin) / 1000;
    // A frame that lost its first byte may have been taken for commands: then nothing read before counts any more.
    const doubt = this.session.stats.doubtfulWrites > 0 || this.session.reconnects > 0;
    if (doubt) {
      await this.#verify([...this.#trusted, ...this.#equal, ...this.#written]);
      this.#trusted = [];
    } else {
      await this.#verify(this.#written);
    }
    for (const planned of this.#plan.filter((p) => !this.#trusted.includes(p))) {
      const { index, address } = planned.sector;
      await this.options.onSector?.({ kind: 'verified', index, address, hash: planned.hash });
    }
    return writeSeconds;
  }

  /** Sorts the sectors into what must be written and what is there already. */
  async #compare(): Promise<void> {
    let trust = (this.options.trust ?? 'sample') === 'sample';
    for (const planned of this.#plan) {
      if (trust && planned.state === 'same') trust = await sampleMatches(this.session, planned);
    }
    for (const planned of this.#plan) {
      if (trust && planned.state === 'same') this.#trusted.push(planned);
      else if (trust && planned.state === 'changed') this.#written.push(planned);
      else if (await sectorMatches(this.session, planned, false)) this.#equal.push(planned);
      else this.#written.push(planned);
    }
  }

  async #write(planned: PlannedSector, settleMs: number): Promise<void> {
    const { index, address } = planned.sector;
    this.#bytesWritten += await eraseAndWrite(this.session, planned, settleMs, async () => {
      await this.options.onSector?.({ kind: 'erasing', index, address });
    });
  }

  /** Reads back, repairs what differs, and reads everything again that may have suffered; returns only when all is right. */
  async #verify(sectors: readonly PlannedSector[]): Promise<void> {
    let open = sectors;
    for (let round = 0; ; round++) {
      const wrong: PlannedSector[] = [];
      for (const planned of open)
        if (!(await sectorMatches(this.session, planned, true))) wrong.push(planned);
      if (wrong.length === 0) return;
      if (round === repairRounds) throw await refusal(this.session, wrong[0]!);
      const doubtBefore = this.session.stats.doubtfulWrites;
      for (const planned of wrong) await this.#write(planned, 500 * 2 ** round);
      for (const planned of wrong) if (!this.#written.includes(planned)) this.#written.push(planned);
      open = this.session.stats.doubtfulWrites > doubtBefore ? this.#plan : wrong;
    }
  }

  async startProgram(address: number): Promise<true> {
    while ((await this.session.attempt(() => this.session.client.go(address))) === 'again');
    return true;
  }

  result(): Omit<FlashResult, 'seconds' | 'writeSeconds' | 'started'> {
    return {
      bytesWritten: this.#bytesWritten,
      sectorsWritten: this.#written.length,
      sectorsSkipped: this.#plan.length - this.#written.length,
      verified: true,
      bytesTrusted: this.#trusted.reduce((sum, p) => sum + p.to - p.from, 0),
      retries: this.session.stats.retries,
      reconnects: this.session.reconnects,
      chip: this.session.facts.chip.name,
      uid: this.session.facts.uid,
      hashes: Object.fromEntries(this.#plan.map((p) => [p.sector.index, p.hash])),
    };
  }
}
