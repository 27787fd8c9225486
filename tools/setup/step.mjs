/** One step of the set-up: its line on the screen, the processes it starts, and how it fails. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './stamps.mjs';

/** A step that cannot go on. `hint` holds the commands that a person must run. */
export class StepFailed extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

/**
 * Runs `work` and prints one line for it: name, what it returned, seconds. Nothing is printed when it returns null.
 * `work` gets `say`, which prints an indented line at once; for what takes long.
 */
export async function step(name, work) {
  const begun = performance.now();
  const say = (text) => process.stdout.write(`  ${name}: ${text} ...\n`);
  const elapsed = () => (performance.now() - begun) / 1000;
  const heartbeat = setInterval(() => say(`still at it after ${elapsed().toFixed(0)} s`), 20_000);
  let outcome;
  try {
    outcome = await work(say);
  } finally {
    clearInterval(heartbeat);
  }
  if (outcome === null) return;
  const seconds = elapsed().toFixed(2);
  process.stdout.write(`  ${name.padEnd(16)} ${seconds.padStart(7)} s  ${outcome}\n`);
}

/** The full path of a program in `path`, or null. */
export function onPath(program, path = process.env.PATH ?? '') {
  for (const folder of path.split(delimiter)) {
    const file = join(folder || '.', program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {}
  }
  return null;
}

/**
 * Runs a program in the repository root; rejects with StepFailed, carrying the end of its output and `hint`, when it
 * cannot be started or fails. `onLine` sees each line of its output as it comes. `terminal` lends it our terminal.
 */
export function run([program, ...args], { env = {}, hint = [], onLine, terminal = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: terminal ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    const tail = [];
    const take = (stream) => {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          tail.push(line);
          if (tail.length > 40) tail.shift();
          onLine?.(line);
        }
      });
    };
    take(child.stdout);
    take(child.stderr);
    const command = [program, ...args].join(' ');
    child.on('error', (error) => reject(new StepFailed(`cannot start ${program}: ${error.message}`, hint)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve();
      if (tail.length > 0) process.stderr.write(`${tail.join('\n')}\n`);
      reject(new StepFailed(`${command} ended with ${signal ?? `status ${code}`}`, hint));
    });
  });
}
