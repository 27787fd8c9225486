/**
 * An image onto a board, by the way that the board's file names first or the user chooses: its resident loader, its ROM
 * bootloader, or a program for the ST-LINK or USB. All but the loader put the loader there as well.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clock } from '../base/clock.js';
import { ReflowError } from '../base/error.js';
import type { LineSettings, Port } from '../base/port.js';
import { type Processes, processes as realProcesses } from '../base/processes.js';
import { inScratch } from '../base/scratch.js';
import { openSerialPort } from '../base/serial-port.js';
import { buildLoader, type Loader } from '../build/build-loader.js';
import { partAddress } from '../build/firmware.js';
import { entrySequences } from '../flash/entry-sequence.js';
import { FlashError } from '../flash/flash-error.js';
import { flashImage } from '../flash/flash-image.js';
import { flashTools, type ToolPart } from '../flash/flash-tools.js';
import { flashThroughLoader } from '../flash/loader-client.js';
import type { Board, FlashRoute } from '../hw/board.js';
import { type Catalogue, targetOf } from '../hw/catalogue.js';
import type { FlashRecord } from '../store/flash-record.js';
import { knownFlash, recordsIn, witnessesIn } from './flash-records.js';
import { boardNamed, loadCatalogue } from './list-boards.js';
import type { Progress } from './progress.js';
import { type FlashableImage, type FlashablePart, readFlashable } from './read-image.js';
import type { Flash, FlashRequest } from './requests.js';
import type { FlashResult } from './results.js';

export const flash: Flash = async (request, progress) => {
  const [catalogue, image] = await Promise.all([loadCatalogue(), readFlashable(request.image)]);
  const { board } = await boardNamed(catalogue, boardNameOf(request, image));
  refuseOtherBoard(board, image);
  return flashBoard(catalogue, board, image, request, progress);
};

function boardNameOf(request: FlashRequest, image: FlashableImage): string {
  const name = request.board ?? image.boardFile ?? image.board;
  if (name !== null) return name;
  throw new ReflowError('E_USAGE', `${image.path} does not say which board it is for`, 'say it: --board ID');
}

function refuseOtherBoard({ id }: Board, image: FlashableImage): void {
  if (image.board === null || image.board === id) return;
  throw new ReflowError(
    'E_BOARD',
    `${image.path} was built for ${image.board}, not for ${id}`,
    `build it for ${id}`,
  );
}

/** Flashes what `buildProject` left in a project's folder, by the board's first way. @param store keeps its record */
export async function flashBuilt(
  folder: string,
  board: Board,
  port: string | null,
  store: string,
  progress: Progress,
): Promise<FlashResult> {
  const [catalogue, image] = await Promise.all([loadCatalogue(), readFlashable(folder)]);
  return flashBoard(
    catalogue,
    board,
    image,
    { port, via: null, entry: null, store, trust: 'sample' },
    progress,
  );
}

/** What a route works on. */
interface Job {
  readonly board: Board;
  readonly image: Uint8Array;
  readonly parts: readonly FlashablePart[];
  readonly address: number;
  readonly port: string | null;
  readonly entry: string | null;
  /** Makes the board's loader, where a route needs it. */
  readonly loader: () => Promise<Loader>;
  readonly processes: Processes;
  readonly say: (detail: string) => void;
  readonly store: string;
  readonly trust: FlashRequest['trust'];
  /** Hashes that the image holds and others do not. */
  readonly identities: readonly string[];
}

type Done = Omit<FlashResult, 'board' | 'route' | 'seconds'>;

/** @throws ReflowError E_UNSUPPORTED where nothing can be flashed; otherwise as the routes */
export async function flashBoard(
  catalogue: Catalogue,
  board: Board,
  image: FlashableImage,
  request: Pick<FlashRequest, 'port' | 'via' | 'entry' | 'store' | 'trust'>,
  progress: Progress,
  processes: Processes = realProcesses,
): Promise<FlashResult> {
  if (!board.flash) {
    throw new ReflowError(
      'E_UNSUPPORTED',
      `${board.id} is no board that is flashed`,
      `run the image as it is: reflow run NET --board ${board.id}`,
    );
  }
  const { routes } = board.flash;
  const route = request.via ?? routes.find((one) => unwritable(board, one, image) === null) ?? routes[0]!;
  if (!board.flash.routes.includes(route)) {
    throw new ReflowError(
      'E_UNSUPPORTED',
      `${board.id} cannot be flashed by ${route}`,
      `choose one of: ${board.flash.routes.join(', ')}`,
    );
  }
  refuseParts(board, route, image);
  const address = image.address ?? partAddress(board, 'application');
  const begin = clock.nowMs();
  const done = await progress.stage('flash', (say) => {
    const loader = () => buildLoader(board, targetOf(catalogue, board), processes);
    const job = {
      board,
      image: image.bytes,
      parts: image.parts,
      address,
      port: request.port,
      entry: request.entry,
      loader,
      processes,
      say,
      store: request.store,
      trust: request.trust,
      identities: image.identities,
    };
    return (route === 'loader' ? byLoader(job) : route === 'rom' ? byRom(job) : byTool(job, route)).catch(
      (error) => {
        throw withOtherRoutes(error, board, route);
      },
    );
  });
  return { board: board.id, route, ...done, seconds: (clock.nowMs() - begin) / 1000 };
}

/** A board that does not answer may be reached by another way. */
function withOtherRoutes(error: unknown, { flash: facts }: Board, route: FlashRoute): unknown {
  const others = facts!.routes.filter((other) => other !== route);
  const mute =
    error instanceof FlashError && ['nothing-answers', 'application', 'garbled'].includes(error.finding);
  if (!mute || others.length === 0) return error;
  const hint = `${error.hint.replace(/: --via$/, '')}; other ways to this board: --via ${others.join(', --via ')}`;
  return new FlashError(error.finding, error.message, { cause: error, hint });
}

/** The first part of the image that a route cannot write; null when it can write all. */
function unwritable(board: Board, route: FlashRoute, { parts }: FlashableImage): FlashablePart | null {
  const writers = (part: FlashablePart) => board.memories.find(({ name }) => name === part.memory)?.writers;
  const isWritten = (part: FlashablePart) =>
    (route === 'openocd' || route === 'stm32-programmer') && writers(part)?.[route] !== undefined;
  return parts.find((part) => !isWritten(part)) ?? null;
}

/** Before anything is written: a board with half an image would run on what its other flash held before. */
function refuseParts(board: Board, route: FlashRoute, image: FlashableImage): void {
  const part = unwritable(board, route, image);
  if (part === null) return;
  const able = board.flash!.routes.filter((other) => unwritable(board, other, image) === null);
  throw new ReflowError(
    'E_UNSUPPORTED',
    `${route} cannot write the ${part.bytes.length} bytes of weights for ${part.memory} of ${board.id}`,
    able.length > 0
      ? `choose one that can: --via ${able.join(', --via ')}`
      : `name a way in its "writers" in the board's file, or write ${part.memory} yourself from the image's .${part.memory}.bin`,
  );
}

function portOf({ board, port }: Job): string {
  if (port) return port;
  throw new ReflowError(
    'E_USAGE',
    `${board.id} is flashed over a serial port`,
    'say which: --port /dev/ttyACM0',
  );
}

async function byLoader(job: Job): Promise<Done> {
  const path = portOf(job);
  return recordsIn(job, async (records) => {
    const { bytesWritten, sectorsSkipped, started } = await throughLoader(
      job,
      path,
      await records.onPort(path),
    );
    return { bytesWritten, sectorsSkipped, started, verified: true, bytesTrusted: 0 };
  });
}

async function throughLoader(job: Job, path: string, record: FlashRecord, bootMs?: number) {
  const baudRate = job.board.run.kind === 'serial' ? job.board.run.baudRate : 115200;
  return overPort(path, { baudRate }, (port, reopen) =>
    flashThroughLoader(port, job.image, job.address, {
      board: job.board.id,
      start: true,
      ...(bootMs !== undefined && { bootMs }),
      onSector: async ({ kind, index, address }) => {
        job.say(`${kind} sector ${index}`);
        // The loader checks what lies in the image; of the sector's rest it does not tell.
        if (kind === 'erasing') await record.erasing(address);
      },
      reopen,
    }),
  );
}

async function byRom(job: Job): Promise<Done> {
  const path = portOf(job);
  const entry = entrySequences.find(({ name }) => name === job.entry) ?? null;
  const loader = await job.loader();
  return recordsIn(job, async (records) => {
    const settings = { baudRate: 115200, parity: 'even' } as const;
    let record: FlashRecord | null = null;
    const done = await overPort(path, settings, (port, reopen) =>
      flashImage(port, loader.bytes, loader.address, {
        entry,
        start: true,
        trust: job.trust,
        segments: [{ name: 'application', address: job.address, bytes: job.image }],
        recall: async (uid, sectors) => {
          record = await records.ofDevice(uid, path);
          const known = await knownFlash(record, sectors);
          // Void until the job has ended well.
          await record.remember([]);
          return known;
        },
        onSector: async ({ kind, index, address, hash }) => {
          job.say(`${kind} sector ${index}`);
          if (kind === 'erasing') await record?.erasing(address);
          else await record?.verified(address, hash ?? null);
        },
        reopen,
      }),
    );
    const { bytesWritten, sectorsSkipped, started } = done;
    const result = { bytesWritten, sectorsSkipped, started, verified: true, bytesTrusted: 0 };
    await record!.remember(witnessesIn(job));
    if (done.bytesTrusted === 0) return result;
    // What was not read, the loader can compare in no time, where it is at this port.
    job.say('the loader compares all of it');
    const compared = await throughLoader(job, path, record!, 1500).catch(() => null);
    if (compared === null) return { ...result, verified: false, bytesTrusted: done.bytesTrusted };
    return { ...result, bytesWritten: bytesWritten + compared.bytesWritten };
  });
}

/** Work over an open port that may have to be opened again. */
async function overPort<T>(
  path: string,
  settings: LineSettings,
  work: (port: Port, reopen: () => Promise<Port>) => Promise<T>,
): Promise<T> {
  let port = await openSerialPort(path, settings);
  try {
    return await work(port, async () => {
      await port.close().catch(() => {});
      port = await openSerialPort(path, settings);
      return port;
    });
  } finally {
    await port.close();
  }
}

/** Loader and application as one file. */
async function byTool(job: Job, route: FlashRoute): Promise<Done> {
  const loader = await job.loader();
  const all = new Uint8Array(job.address - loader.address + job.image.length).fill(0xff);
  all.set(loader.bytes);
  all.set(job.image, job.address - loader.address);
  return inScratch('reflow-flash-', async (scratch) => {
    const bin = join(scratch, 'image.bin');
    await writeFile(bin, all);
    const parts = await Promise.all(job.parts.map((part) => toolPart(job.board, part, scratch)));
    const bytes = job.parts.reduce((sum, part) => sum + part.bytes.length, all.length);
    job.say(`${route} writes ${bytes} bytes`);
    const { verified, started } = await flashTools[route]!(
      { bin, address: loader.address, bytes: all.length, parts, openocd: job.board.flash!.openocd, scratch },
      job.processes,
    );
    return {
      bytesWritten: bytes,
      sectorsSkipped: 0,
      verified,
      started,
      bytesTrusted: 0,
      mostErases: null,
    };
  });
}

async function toolPart(board: Board, part: FlashablePart, scratch: string): Promise<ToolPart> {
  const bin = join(scratch, `${part.memory}.bin`);
  await writeFile(bin, part.bytes);
  const { writers } = board.memories.find(({ name }) => name === part.memory)!;
  return { bin, address: part.address, loader: writers?.['stm32-programmer'] ?? null };
}
