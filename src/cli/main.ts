#!/usr/bin/env node
/** The program `reflow`: the real streams, signals and last resorts around `runCli`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../base/assets.js';
import { asReflowError } from '../base/error.js';
import { commands } from './commands/index.js';
import { plainProgress, terminalProgress } from './progress.js';
import { runCli } from './run-cli.js';

/** A reader that went away (`reflow boards | head`) is no failure; what we would have said is simply not needed. */
function ignoreBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

function lastResort(thrown: unknown): void {
  if (process.env.REFLOW_DEBUG === '1') console.error(thrown);
  else process.stderr.write(`${asReflowError(thrown).line}\n`);
  process.exit(1);
}

/** Resolves when the stream has taken everything that was written to it, or is gone. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.write('', () => resolve());
  });
}

process.on('uncaughtException', lastResort);
process.on('unhandledRejection', lastResort);
// An exit, unlike the death by a signal, lets everybody remove temporary folders and end emulators.
for (const [signal, number] of [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.on(signal, () => process.exit(128 + number));
}
ignoreBrokenPipe(process.stdout);
ignoreBrokenPipe(process.stderr);

const { version } = JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8')) as {
  version: string;
};
const err = (text: string) => void process.stderr.write(text);
const status = await runCli(process.argv.slice(2), {
  commands,
  folder: process.cwd(),
  version,
  progress: process.stderr.isTTY && !process.env.CI ? terminalProgress(process.stderr) : plainProgress(err),
  out: (text) => void process.stdout.write(text),
  err,
});
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
// Not left to the event loop: a serial port or a child that hangs must not keep the prompt away.
process.exit(status);
