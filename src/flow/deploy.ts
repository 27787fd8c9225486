/** Compile, build, flash or boot, run, verify and profile, in one go. */
import { join } from 'node:path';
import { clock } from '../base/clock.js';
import { profile as profileOn } from '../profile/run.js';
import { buildProject, buildResult } from './build.js';
import { writeProject } from './compile.js';
import { flashBuilt } from './flash.js';
import { inspectNetwork } from './inspect.js';
import { inputsOrGenerated } from './network-inputs.js';
import { planRequestOf, running } from './on-board.js';
import { assertFits, planFor } from './plan.js';
import { recordProfile } from './profile.js';
import { hostReference } from './reference.js';
import type { Deploy } from './requests.js';
import type { DeployResult } from './results.js';
import { bytesOf, runOn } from './run.js';
import { verifyOn } from './verify.js';

/** Where deploy keeps the C project and the image, below the working folder. */
export const deployFolder = join('.reflow', 'deploy');

const profileRuns = 3;

export const deploy: Deploy = async (request, progress) => {
  const stages: { name: string; seconds: number }[] = [];
  const stage = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    progress.stage(name, async () => {
      const start = clock.nowMs();
      const result = await work();
      stages.push({ name, seconds: (clock.nowMs() - start) / 1000 });
      return result;
    });

  const planned = await stage('plan', () => planFor(planRequestOf(request)));
  assertFits(planned.result);
  const folder = join(deployFolder, `${planned.graph.name}-${planned.board.id}`);
  const compiled = await stage('compile', () => writeProject(planned, folder));
  const image = await stage('build', () => buildProject(folder));
  const inputs = await inputsOrGenerated(planned.graph, request.inputs);
  const reference = await stage('reference', () => hostReference(request, request.plan.attention));
  const flashed =
    planned.board.kind === 'hardware'
      ? await flashBuilt(folder, planned.board, request.port, request.store, progress)
      : null;
  if (flashed) stages.push({ name: 'flash', seconds: flashed.seconds });
  return running(planned, image, request.port, async (connected): Promise<DeployResult> => {
    const board = { ...connected, planned, image };
    const ran = await stage('run', () => runOn(board, inputs));
    const verified = await stage('verify', () => verifyOn(board, reference));
    const counted = await stage('profile', () =>
      profileOn(board.session, board.network, bytesOf(inputs), profileRuns, planned.plan.regions.length - 1),
    );
    const profiled = await stage('store', () => recordProfile(board, counted, request.store, verified));
    return {
      network: planned.graph.name,
      board: planned.board.id,
      inspect: inspectNetwork(planned.network),
      plan: planned.result,
      compile: compiled,
      build: buildResult(image),
      flash: flashed,
      run: ran,
      verify: verified,
      profile: profiled,
      stages,
    };
  });
};
