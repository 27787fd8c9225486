/** Calls the compiler of a target, several files at a time, and says in one line what it has against them. */
import { ReflowError } from '../base/error.js';
import type { ExecResult, Processes } from '../base/processes.js';
import type { Target } from '../hw/target.js';

export interface CompileJob {
  readonly source: string;
  readonly object: string;
  readonly flags: readonly string[];
}

/** Generated code and our own: the same rules for all. */
export const strictFlags = ['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror'];

const toolTimeoutMs = 120_000;

/**
 * Runs one tool of the target.
 * @throws ReflowError E_TOOL_MISSING, E_TIMEOUT, E_DISK_FULL
 */
export async function callTool(
  processes: Processes,
  target: Target,
  program: string,
  args: readonly string[],
): Promise<ExecResult> {
  const install = `install it: sudo apt-get install ${target.tools.package}`;
  const result = await processes.exec({ program, args, timeoutMs: toolTimeoutMs, install });
  if (result.status !== 0 && /No space left on device/.test(result.stderr)) {
    throw new ReflowError(
      'E_DISK_FULL',
      `no space left for what ${program} writes`,
      'free some disk space and try again',
    );
  }
  return result;
}

/**
 * Compiles every file, `parallel` at a time; the first failure stops the rest.
 * @throws ReflowError E_BUILD with the first error's file and line, E_TOOL_MISSING, E_TIMEOUT
 */
export async function compileAll(
  processes: Processes,
  target: Target,
  jobs: readonly CompileJob[],
  parallel: number,
): Promise<void> {
  const queue = [...jobs];
  let failed = false;
  const work = async () => {
    for (let job = queue.shift(); job && !failed; job = queue.shift()) {
      const args = [...target.compileFlags, ...strictFlags, ...job.flags, '-c', job.source, '-o', job.object];
      try {
        const result = await callTool(processes, target, target.tools.compiler, args);
        if (result.status !== 0) throw compileError(job.source, result);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: parallel }, work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

function compileError(source: string, result: ExecResult): ReflowError {
  const lines = result.stderr.split('\n');
  const located = lines.find((line) => /^[^:]+:\d+:.*\berror:/.test(line));
  const said = located ?? lines.find((line) => /\berror:/.test(line)) ?? lines[0] ?? '';
  return new ReflowError(
    'E_BUILD',
    said.trim() || `${source}: the compiler ended with status ${result.status}`,
    'correct that line; if reflow wrote the file, report it together with the model',
  );
}
