/** One call of the command line, from its arguments to its exit status. */
import { asReflowError, type ReflowError } from '../base/error.js';
import type { Progress } from '../flow/progress.js';
import type { Command } from './command.js';
import { readConfig } from './config.js';
import { parseCommandLine } from './parse-command-line.js';

export interface Surroundings {
  readonly commands: readonly Command[];
  /** Where reflow.config.json is sought. */
  readonly folder: string;
  readonly version: string;
  readonly progress: Progress;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/**
 * Runs one command. With --json, stdout gets exactly one document: the result, or `{"error": {code, message, hint}}`, or
 * both in one when a complete result is bad news. Failures are one line on stderr. Never throws.
 * @returns the exit status: 0 done, 1 failed, 2 wrong usage, 3 cannot fit or not supported
 */
export async function runCli(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { commands, folder, version, progress, out, err } = surroundings;
  // Decided here and not by the parser, because its errors have to be told in the right form too.
  const json = argv.some((word) => word === '--json' || word === '--json=true');
  try {
    const parsed = await parseCommandLine(argv, commands, await readConfig(folder), version);
    if (parsed.kind === 'text') {
      out(`${parsed.text}\n`);
      return 0;
    }
    const outcome = await parsed.command.execute(parsed.args, progress);
    const { complaint } = outcome;
    if (json) out(document({ ...outcome.json, ...(complaint ? errorDocument(complaint) : {}) }));
    else out(`${outcome.text}\n`);
    if (complaint) err(`${complaint.line}\n`);
    return complaint?.exitStatus ?? 0;
  } catch (thrown) {
    const error = asReflowError(thrown);
    err(`${error.line}\n`);
    if (json) out(document(errorDocument(error)));
    return error.exitStatus;
  }
}

function errorDocument({ code, message, hint }: ReflowError): object {
  return { error: { code, message, hint } };
}

function document(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
