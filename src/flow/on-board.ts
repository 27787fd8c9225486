/** From a network's file to a session with a board that runs it, and everything ended again afterwards. */
import { join } from 'node:path';
import { ReflowError } from '../base/error.js';
import { inScratch } from '../base/scratch.js';
import type { Image } from '../hw/image.js';
import { openBoard } from '../profile/open-board.js';
import { type BoardNetwork, Session, type SessionOptions } from '../profile/session.js';
import { buildProject } from './build.js';
import { writeProject } from './compile.js';
import { assertFits, type Planned, planFor } from './plan.js';
import type { Progress } from './progress.js';
import type { BoardRequest, PlanRequest } from './requests.js';

/** A board that answers, with the network on it. */
export interface Running {
  readonly session: Session;
  readonly network: BoardNetwork;
}

export interface OnBoard extends Running {
  readonly planned: Planned;
  readonly image: Image;
}

/** What run, verify, profile and deploy plan with. */
export function planRequestOf({ network, shapes, board, plan }: BoardRequest): PlanRequest {
  return { network, ...(shapes ? { shapes } : {}), board, ...plan };
}

/** Compiles and builds in a folder of its own, boots, does `work`, and removes everything. */
export async function onBoard<T>(
  request: BoardRequest,
  progress: Progress,
  work: (board: OnBoard) => Promise<T>,
): Promise<T> {
  return inScratchFolder(async (folder) => {
    const planned = await progress.stage('plan', () => planFor(planRequestOf(request)));
    assertFits(planned.result);
    await progress.stage('compile', () => writeProject(planned, folder));
    const image = await progress.stage('build', () => buildProject(folder));
    return running(planned, image, request.port, (board) => work({ ...board, planned, image }));
  });
}

/** Boots an image and opens a session for `work`. */
export async function running<T>(
  planned: Planned,
  image: Image,
  port: string | null,
  work: (board: Running) => Promise<T>,
  options: SessionOptions = {},
): Promise<T> {
  if (port !== null && planned.board.kind !== 'hardware') {
    throw new ReflowError('E_USAGE', `${planned.board.id} is no board at a port`, 'leave out --port');
  }
  const open = await openBoard(planned.board, image, port === null ? {} : { port });
  try {
    const session = await Session.start(open.port, options);
    const network = (await session.networks()).find(({ name }) => name === planned.graph.name);
    if (!network) {
      throw new ReflowError(
        'E_DEVICE',
        `${planned.board.id} does not hold ${planned.graph.name}`,
        'flash the image again',
      );
    }
    return await work({ session, network });
  } finally {
    await open.close();
  }
}

export async function inScratchFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  return inScratch('reflow-', (scratch) => work(join(scratch, 'project')));
}
