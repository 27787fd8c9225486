/** Runs the program as a shell would. */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './repository.js';

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface ProcessOptions {
  /** Closes our end of its stdout. */
  readonly deaf?: boolean;
  readonly cwd?: string;
  /** JavaScript that runs before the program. */
  readonly before?: string;
  /** A program and its first arguments that run the program, for example `sudo -u nobody`. */
  readonly through?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** User id to run as. */
  readonly uid?: number;
  /** The package's root, when it is a copy. */
  readonly packageRoot?: string;
}

/** Runs the program as a shell would, without a terminal and with stdin closed. */
export function reflow(argv: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
  const { deaf = false, cwd = tmpdir(), before, through = [], env = {}, uid, packageRoot = root } = options;
  const node = before ? ['--import', `data:text/javascript,${encodeURIComponent(before)}`] : [];
  const main = join(packageRoot, 'dist/src/cli/main.js');
  const [program, ...args] = [...through, process.execPath, ...node, main, ...argv];
  const child = spawn(program!, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  if (deaf) child.stdout.destroy();
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, out, err })));
}
