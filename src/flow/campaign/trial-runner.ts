/** Runs one trial in a process of its own, and sees to it that it ends. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Outcome, type Stage, type Verdict, verdictOn } from './outcome.js';
import type { TrialReport, TrialRequest } from './run-trial.js';
import type { TrialMessage } from './trial-process.js';

export type TrialEnding =
  | { readonly kind: 'report'; readonly report: TrialReport }
  | { readonly kind: 'failed'; readonly verdict: Verdict; readonly message: string }
  /** It was not let to its end. */
  | { readonly kind: 'stopped' };

export interface RunningTrial {
  readonly ended: Promise<TrialEnding>;
  /** Kills the process; then it ends as `stopped`. */
  stop(): void;
}

let started = 0;

/**
 * @param folder the trial's temporary files lie there, and are removed when it has ended
 * @param onStage told each stage as it begins
 */
export function startTrial(
  request: TrialRequest,
  folder: string,
  onStage: (stage: Stage) => void,
): RunningTrial {
  const scratch = join(folder, `trial-${++started}`);
  let child: ChildProcess | null = null;
  let stopped = false;
  const ended = mkdir(scratch, { recursive: true })
    .then(() => {
      child = fork(fileURLToPath(new URL('./trial-process.js', import.meta.url)), {
        env: { ...process.env, TMPDIR: scratch },
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
        serialization: 'advanced',
      });
      if (stopped) child.kill('SIGKILL');
      return follow(child, request, onStage);
    })
    .then((ending): TrialEnding => (stopped && ending.kind === 'failed' ? { kind: 'stopped' } : ending))
    .finally(() => rm(scratch, { recursive: true, force: true, maxRetries: 3 }));
  return {
    ended,
    stop() {
      stopped = true;
      child?.kill('SIGKILL');
    },
  };
}

/** From the request to the end of the process. */
function follow(
  child: ChildProcess,
  request: TrialRequest,
  onStage: (stage: Stage) => void,
): Promise<TrialEnding> {
  return new Promise((resolve) => {
    let stage: Stage = 'plan';
    let ending: TrialEnding | null = null;
    let isLate = false;
    const seconds = request.limits.trialSeconds;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, seconds * 1000);
    child.on('message', (message: TrialMessage) => {
      if (message.kind === 'stage') {
        stage = message.stage;
        onStage(stage);
      } else if (message.kind === 'report') ending = message;
      else {
        ending = { kind: 'failed', verdict: verdictOn(message.code, stage), message: message.message };
      }
    });
    child.on('error', () => undefined);
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      const how = signal ? `was killed by ${signal}` : `ended with status ${status}`;
      const message = isLate
        ? `no end of ${stage} within ${seconds} s`
        : `the process of the trial ${how} in ${stage}`;
      resolve(
        ending ?? { kind: 'failed', verdict: { outcome: unended(stage, isLate), fault: 'board' }, message },
      );
    });
    child.send(request, () => undefined);
  });
}

/** A trial that did not say how it ended. */
function unended(stage: Stage, isLate: boolean): Outcome {
  if (!isLate) return 'internal';
  if (stage === 'flash') return 'flash';
  if (stage === 'boot') return 'no boot';
  return stage === 'verify' || stage === 'profile' ? 'hang' : 'build';
}
