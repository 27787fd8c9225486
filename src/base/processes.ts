/** The seam to other programs. Everything that calls a compiler or an emulator takes Processes. */
import { spawn } from 'node:child_process';
import { ReflowError } from './error.js';

export interface ExecRequest {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly timeoutMs: number;
  /** What to do when the program is missing, e.g. `sudo apt-get install gcc`. */
  readonly install: string;
}

export interface ExecResult {
  /** Exit status; null when a signal ended the program. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Processes {
  /**
   * Runs a program to its end and returns what it said, whatever its exit status.
   * @throws ReflowError E_TOOL_MISSING when there is no such program, E_TIMEOUT when it runs too long (it is killed)
   */
  exec(request: ExecRequest): Promise<ExecResult>;
}

/** Output beyond this is cut, so that a program gone wild cannot fill our memory. */
const maxOutputBytes = 16 * 1024 * 1024;

export const processes: Processes = {
  exec(request) {
    return new Promise((resolve, reject) => {
      const child = spawn(request.program, request.args, {
        cwd: request.cwd,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      let kept = 0;
      const keep = (list: Buffer[]) => (chunk: Buffer) => {
        kept += chunk.length;
        if (kept <= maxOutputBytes) list.push(chunk);
      };
      child.stdout.on('data', keep(out));
      child.stderr.on('data', keep(err));
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        child.kill('SIGKILL');
        // A grandchild may hold the pipes open; what it still says is of no interest.
        child.stdout.destroy();
        child.stderr.destroy();
      }, request.timeoutMs);
      child.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        reject(startError(request.program, request.install, error));
      });
      child.on('close', (status) => {
        clearTimeout(timer);
        if (timedOut) reject(timeoutError(request));
        else
          resolve({ status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
      });
    });
  },
};

/** Why a program could not be started. */
export function startError(program: string, install: string, error: NodeJS.ErrnoException): ReflowError {
  return error.code === 'ENOENT'
    ? new ReflowError('E_TOOL_MISSING', `${program} is not installed`, install, { cause: error })
    : new ReflowError('E_TOOL_MISSING', `${program} cannot be started: ${error.message}`, install, {
        cause: error,
      });
}

function timeoutError({ program, timeoutMs }: ExecRequest): ReflowError {
  return new ReflowError(
    'E_TIMEOUT',
    `${program} was stopped after ${timeoutMs / 1000} s without ending`,
    'run it by hand to see where it hangs',
  );
}

/** A fake: answers from a function, and records what was asked of it. */
export class FakeProcesses implements Processes {
  readonly requests: ExecRequest[] = [];
  constructor(private readonly answer: (request: ExecRequest) => Partial<ExecResult> | ReflowError) {}

  async exec(request: ExecRequest): Promise<ExecResult> {
    this.requests.push(request);
    const answer = this.answer(request);
    if (answer instanceof ReflowError) throw answer;
    return { status: 0, stdout: '', stderr: '', ...answer };
  }
}
