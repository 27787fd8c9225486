import type { Command } from '../src/cli/command.js';
import { runCli } from '../src/cli/run-cli.js';
import { silent } from '../src/flow/progress.js';

/** What a command printed and returned. */
export interface Call {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  /** What the command asked of the long story. */
  readonly request: unknown;
}

/** Runs a command, with a long story that notes its request and answers with `result`. */
export async function call<R>(
  make: (story: (request: unknown) => Promise<R>) => Command,
  result: R,
  ...argv: string[]
): Promise<Call> {
  let request: unknown = null;
  let out = '';
  let err = '';
  const story = async (asked: unknown) => {
    request = asked;
    return result;
  };
  const status = await runCli(argv, {
    commands: [make(story)],
    folder: '/nowhere',
    version: '0',
    progress: silent,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { status, out, err, request };
}
