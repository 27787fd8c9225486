/** Installs Debian packages with the rights that this process has, or says what a person must run. */
import { spawnSync } from 'node:child_process';
import { onPath, run, StepFailed } from './step.mjs';

/** Options that keep apt quiet, patient with a lock that somebody else holds, and free of questions. */
const apt = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3', '-o', 'Dpkg::Use-Pty=0'];

/** The one line that a person with the rights must run. */
function personCommand(names) {
  return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names.join(' ')}`;
}

/** How to become root: nothing when we are, sudo without a question, or sudo that may ask on this terminal. */
function elevation(names) {
  if (process.getuid?.() === 0) return { prefix: [], terminal: false };
  if (onPath('sudo') !== null) {
    if (spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) {
      return { prefix: ['sudo', '-n'], terminal: false };
    }
    if (process.stdin.isTTY && process.stdout.isTTY && !process.env.CI)
      return { prefix: ['sudo'], terminal: true };
  }
  throw new StepFailed(
    `missing Debian packages, and no rights to install them. Run this as a person, then try again:`,
    [personCommand(names)],
  );
}

/** Installs `missing` (see debianPackages), showing what apt does. */
export async function installPackages(missing, say) {
  const names = missing.map((wanted) => wanted.name);
  if (onPath('apt-get') === null) {
    throw new StepFailed(
      `this system has no apt-get. Install what these Debian packages hold, then try again:`,
      [names.join(' ')],
    );
  }
  const { prefix, terminal } = elevation(names);
  const options = { terminal, hint: [personCommand(names)], onLine: progress };
  const root = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...apt];
  say('apt-get update');
  try {
    await run([...root, 'update', '-q'], options);
  } catch (error) {
    // Package lists that are there already may do; the installation says so if not.
    if (!(error instanceof StepFailed)) throw error;
    say(`${error.message}; going on with the lists that are here`);
  }
  say(`apt-get install ${names.join(' ')}`);
  await run([...root, 'install', '-q', '-y', '--no-install-recommends', ...names], options);
}

/** A sign of life: what was fetched and what was set up. */
function progress(line) {
  if (/^(Get:\d+ |Setting up |Need to get )/.test(line)) process.stdout.write(`    ${line.slice(0, 100)}\n`);
}
