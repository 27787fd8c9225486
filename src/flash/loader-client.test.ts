/**
 * The client against the loader's own C, compiled for this machine: a virtual board whose line is a process's standard input
 * and output and whose flash is a file, so that a supply can fail and come back.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { assetPath } from '../base/assets.js';
import type { Port } from '../base/port.js';
import { openProcessPort } from '../base/process-port.js';
import { FlashError } from './flash-error.js';
import { preciseClock } from './line-clock.js';
import { flashThroughLoader, type LoaderOptions } from './loader-client.js';
import { seededRandom } from './rom-faults.js';

const folder = mkdtempSync(join(tmpdir(), 'reflow-loader-test-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const program = join(folder, 'loader_device');

test.before((t) => {
  const sources = ['rf_wire.c', 'rf_loader.c', 'rf_serve.c', join('test', 'loader_device.c')];
  const args = [
    ...['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-O1', '-g'],
    ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-DRF_WIRE_DATA_BYTES=2048'],
    ...['-I', assetPath('runtime-c'), '-I', assetPath('runtime-c', 'test')],
    ...sources.map((name) => assetPath('runtime-c', name)),
  ];
  const built = spawnSync('cc', [...args, '-o', program]);
  t.is(built.status, 0, built.stderr.toString());
});

const base = 0x08004000;
const bytes = 0x40000;
const sectorBytes = 0x2000;
const counters = 16;

/** A chip of 256 KiB; `word` 4 has no ECC. */
class VirtualBoard {
  readonly file: string;
  opened = 0;

  constructor(
    name: string,
    readonly word = 16,
    private readonly application = false,
  ) {
    this.file = join(folder, `${name}.flash`);
    const state = Buffer.alloc(counters + bytes + bytes / word);
    state.fill(0xff, counters, counters + bytes);
    writeFileSync(this.file, state);
  }

  /** Switches it on; the supply fails after `cut` words. */
  open(cut = -1): Promise<Port> {
    this.opened++;
    const { word, file } = this;
    const shape = [base, bytes, word, word > 4 ? 1 : 0, sectorBytes, cut];
    const runsFirst = this.application && this.opened === 1 ? 1 : 0;
    const args = [file, ...shape, runsFirst].map(String);
    return openProcessPort(program, args, { install: 'build it' });
  }

  #counter(index: number): number {
    return readFileSync(this.file).readUInt32LE(4 * index);
  }
  get reprograms(): number {
    return this.#counter(0);
  }
  get erases(): number {
    return this.#counter(1);
  }
  get starts(): number {
    return this.#counter(2);
  }

  flash(length: number): Uint8Array {
    return new Uint8Array(readFileSync(this.file).subarray(counters, counters + length));
  }

  /** Flashes over a line that `spoil` may spoil, on a board whose supply may fail once. */
  async load(image: Uint8Array, options: LoaderOptions = {}, spoil = (port: Port) => port, cut = -1) {
    const ports: Port[] = [];
    const opened = async (failsAfter = -1) => {
      const port = spoil(await this.open(failsAfter));
      ports.push(port);
      return port;
    };
    try {
      const first = await opened(cut);
      return await flashThroughLoader(first, image, base, { reopen: () => opened(), ...options });
    } finally {
      await Promise.all(ports.map((port) => port.close()));
    }
  }
}

/** An image of random bytes with a vector table and a gap. */
function makeImage(length: number, seed = 1): Uint8Array {
  const random = seededRandom(seed);
  const image = Uint8Array.from({ length }, () => Math.floor(random() * 256));
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, base + 0x101, true);
  image.fill(0xff, Math.floor(length / 2), Math.floor(length / 2) + 3000);
  return image;
}

for (const word of [4, 8, 16, 32]) {
  test(`flashes, verifies and starts with flash words of ${word} bytes`, async (t) => {
    const board = new VirtualBoard(`plain-${word}`, word);
    const image = makeImage(50_003);
    const result = await board.load(image, { start: true, board: 'virtual' });
    t.deepEqual(board.flash(image.length), image);
    t.like(result, {
      verified: true,
      started: true,
      sectorsWritten: 7,
      sectorsSkipped: 0,
      restarts: 0,
      retries: 0,
    });
    t.true(result.bytesWritten > 46_000 && result.bytesWritten < 50_100, `${result.bytesWritten}`);
    t.deepEqual([board.erases, board.reprograms, board.starts], [7, 0, 1]);
  });
}

test('only sectors that differ are written, and the first one, which holds the head', async (t) => {
  const board = new VirtualBoard('delta');
  const image = makeImage(60_000);
  await board.load(image);
  const again = await board.load(image);
  t.like(again, { bytesWritten: 0, sectorsWritten: 0, sectorsSkipped: 8 });
  image[40_000]! ^= 0xff;
  const events: string[] = [];
  const delta = await board.load(image, { onSector: ({ kind, index }) => events.push(`${kind} ${index}`) });
  t.like(delta, { sectorsWritten: 2, sectorsSkipped: 6 });
  t.deepEqual(events, ['erasing 0', 'verified 0', 'erasing 4', 'verified 4']);
  t.deepEqual(board.flash(image.length), image);
  t.is(board.erases, 10);
  t.is(board.reprograms, 0);
});

test('an application is asked to make way', async (t) => {
  const board = new VirtualBoard('application', 16, true);
  const image = makeImage(9000);
  t.true((await board.load(image)).verified);
  t.deepEqual(board.flash(image.length), image);
});

/** Loses and flips bytes in both directions. */
function noisy(port: Port, rate: number, seed: number): Port {
  const random = seededRandom(seed);
  const spoil = (chunk: Uint8Array) =>
    Uint8Array.from(
      [...chunk].flatMap((byte) => {
        if (random() >= rate) return [byte];
        return random() < 0.5 ? [] : [byte ^ (1 << Math.floor(random() * 8))];
      }),
    );
  return {
    path: port.path,
    write: (chunk) => port.write(spoil(chunk)),
    onData: (listener) => port.onData((chunk) => listener(spoil(chunk))),
    onLost: (listener) => port.onLost(listener),
    setLines: (lines) => port.setLines(lines),
    setLine: (settings) => port.setLine(settings),
    close: () => port.close(),
  };
}

test('lost and damaged bytes cost retries, never wrong flash', async (t) => {
  let retries = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const board = new VirtualBoard(`noisy-${seed}`, [8, 16, 32][seed % 3]);
    const image = makeImage(20_000, seed);
    const result = await board.load(image, {}, (port) => noisy(port, 1 / 6000, seed));
    t.deepEqual(board.flash(image.length), image);
    t.is(board.reprograms, 0);
    retries += result.retries;
  }
  t.true(retries > 10, `${retries}`);
});

test('a supply that fails at any moment: the job goes on, an ECC word is never programmed twice', async (t) => {
  const image = makeImage(20_000);
  const words = 20_000 / 16;
  for (const cut of [0, 1, 57, 513, 900, words - 188, words - 187]) {
    const board = new VirtualBoard(`cut-${cut}`);
    const result = await board.load(image, { start: true }, undefined, cut);
    t.deepEqual(board.flash(image.length), image, `${cut}`);
    t.is(board.reprograms, 0);
    t.true(result.restarts >= 1 && result.verified);
    t.true(board.erases <= 3 + 3, `${board.erases}`);
  }
});

test('damage and power cuts together, at random: verified and right, or a FlashError; never an ECC word twice', async (t) => {
  const run = async (seed: number) => {
    const random = seededRandom(seed);
    const board = new VirtualBoard(`storm-${seed}`, [4, 8, 16, 32][seed % 4], seed % 5 === 0);
    const image = makeImage(4000 + Math.floor(random() * 40_000), seed);
    const cut = Math.floor(random() * 3000);
    const rate = random() < 0.3 ? 1 / 400 : 1 / 8000;
    try {
      const result = await board.load(
        image,
        { limitMs: 20_000, bootMs: 3000 },
        (port) => noisy(port, rate, seed),
        cut,
      );
      t.true(result.verified);
      t.deepEqual(board.flash(image.length), image, `seed ${seed}`);
    } catch (error) {
      t.true(error instanceof FlashError, `seed ${seed}: ${error}`);
    }
    t.is(board.reprograms, 0, `seed ${seed}`);
  };
  const runs = Number(process.env.REFLOW_LOADER_FAULT_RUNS ?? 40);
  for (let done = 0; done < runs; done += 8) {
    await Promise.all(Array.from({ length: Math.min(8, runs - done) }, (_, k) => run(100 + done + k)));
  }
});

test('after a cut without a way back the job says so, and the next one finishes what is missing', async (t) => {
  const board = new VirtualBoard('resume');
  const image = makeImage(60_000);
  const error = await t.throwsAsync(
    board.load(
      image,
      { reopen: async () => Promise.reject(new Error('gone')), reconnectMs: 300 },
      undefined,
      2900,
    ),
    { instanceOf: FlashError },
  );
  t.is(error?.finding, 'port-lost');
  const result = await board.load(image);
  t.true(result.sectorsSkipped >= 4, `${result.sectorsSkipped}`);
  t.deepEqual(board.flash(image.length), image);
  t.is(board.reprograms, 0);
});

test('a loader of another board, an image for another address and one that is too large are refused', async (t) => {
  const board = new VirtualBoard('refused');
  const wrong = await t.throwsAsync(board.load(makeImage(100), { board: 'nucleo-f446re' }), {
    instanceOf: FlashError,
  });
  t.is(wrong?.finding, 'wrong-board');
  await t.throwsAsync(board.load(makeImage(bytes + 1)), { code: 'E_DOES_NOT_FIT' });
  const port = await board.open();
  await t.throwsAsync(flashThroughLoader(port, makeImage(100), 0x08000000), {
    code: 'E_INPUT',
    message: /linked for 0x8000000/,
  });
  await port.close();
  t.is(board.erases, 0);
});

test('a program that is no loader ends in a finding within the time given', async (t) => {
  const port = await openProcessPort('cat', [], { install: '' });
  const error = await t.throwsAsync(flashThroughLoader(port, makeImage(100), base, { bootMs: 400 }), {
    instanceOf: FlashError,
  });
  // Whole frames that come back are not for the host; the end of one that the limit cut in two is noise.
  t.true(error?.finding === 'nothing-answers' || error?.finding === 'garbled', error?.finding);
  await port.close();
});

/** A line of 921,600 baud with ten bits to the byte, in both directions. */
function paced(port: Port): Port {
  const byteMs = (1000 * 10) / 921_600;
  const direction = () => {
    let freeAt = 0;
    return (count: number) => {
      freeAt = Math.max(freeAt, preciseClock.now()) + count * byteMs;
      return freeAt - preciseClock.now();
    };
  };
  const [sending, receiving] = [direction(), direction()];
  return {
    path: port.path,
    write: (chunk) =>
      new Promise((resolve, reject) =>
        preciseClock.schedule(sending(chunk.length), () => port.write(chunk).then(resolve, reject)),
      ),
    onData: (listener) =>
      port.onData((chunk) => preciseClock.schedule(receiving(chunk.length), () => listener(chunk))),
    onLost: (listener) => port.onLost(listener),
    setLines: (lines) => port.setLines(lines),
    setLine: (settings) => port.setLine(settings),
    close: () => port.close(),
  };
}

test.serial('at 921,600 baud it is six times as fast as stm32flash at 115,200', async (t) => {
  const board = new VirtualBoard('speed');
  const image = makeImage(131_072);
  image.fill(0x55, 60_000, 70_000);
  const result = await board.load(image, {}, paced);
  const bytesPerSecond = result.bytesWritten / result.seconds;
  t.log(`${Math.round(bytesPerSecond)} bytes per second, CRC of the whole included`);
  // Measured with stm32flash 0.7 on a line paced to 115,200 baud: 9.2 kB/s without verification.
  t.true(bytesPerSecond > 6 * 9200, `${bytesPerSecond}`);
});
