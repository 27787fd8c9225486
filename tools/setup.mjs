/**
 * Makes this machine ready, and does nothing that is done already: `node tools/setup.mjs demo|test|build`.
 *
 * Plain Node without packages, because it runs before there are any. One line a step, with its duration. Exit status 1,
 * with the command that a person must run, when something is missing that this process may not install.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { debianPackages } from './setup/debian-packages.mjs';
import { installPackages } from './setup/install-packages.mjs';
import { onnxOperatorTests } from './setup/onnx-tests.mjs';
import { hashFiles, readStamp, removeOrphans, root, sourceFiles, writeStamp } from './setup/stamps.mjs';
import { onPath, run, StepFailed, step } from './setup/step.mjs';

const oldestNode = [20, 19];

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return process.version;
  throw new StepFailed(`this is Node ${process.version}; reflow needs ${oldestNode.join('.')} or later`, [
    'install Node 20.19 or later (Debian packages: nodejs, npm), then run the same command again',
  ]);
}

/** node_modules is right when the stamp inside it, which `npm ci` throws away first, names this lock file. */
async function npmPackages(say) {
  const stamp = join(root, 'node_modules', '.reflow-stamp');
  const wanted = hashFiles([join(root, 'package-lock.json')], process.versions.modules);
  if (readStamp(stamp) === wanted) return 'up to date';
  say('npm ci');
  // An absolute npm from the npm that started us wins over the path; --include=dev holds under NODE_ENV=production.
  const npm = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, process.env.npm_execpath]
    : ['npm'];
  await run([...npm, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    env: { ONNXRUNTIME_NODE_INSTALL: 'skip' },
    hint: ['npm ci --include=dev'],
  });
  writeStamp(stamp, wanted);
  return 'installed';
}

async function debian(profile, say) {
  const missing = debianPackages(profile).filter((wanted) => !wanted.present());
  if (missing.length === 0) return 'up to date';
  await installPackages(missing, say);
  const still = missing.filter((wanted) => !wanted.present());
  if (still.length === 0) return `installed ${missing.map((wanted) => wanted.name).join(' ')}`;
  throw new StepFailed(
    `still missing after the installation: ${still.map((wanted) => wanted.name).join(' ')}`,
    [`apt-get install -y --no-install-recommends ${still.map((wanted) => wanted.name).join(' ')}`],
  );
}

/** dist is right when it was made from these sources and no other tsc has written there since. */
async function typescript(say) {
  const stamp = join(root, 'dist', '.reflow-stamp');
  const buildInfo = join(root, 'dist', '.tsbuildinfo');
  const sources = hashFiles([
    ...sourceFiles('src', /\.ts$/),
    ...sourceFiles('test', /\.ts$/),
    join(root, 'tsconfig.json'),
    join(root, 'package-lock.json'),
  ]);
  const key = () => (existsSync(buildInfo) ? hashFiles([buildInfo], sources) : sources);
  if (readStamp(stamp) === key()) return 'up to date';
  say('tsc');
  removeOrphans('src');
  removeOrphans('test');
  await run([process.execPath, join(root, 'node_modules', 'typescript', 'bin', 'tsc')], {
    hint: ['npx tsc'],
  });
  writeStamp(stamp, key());
  return 'built';
}

/** The planner's Rust core is optional: the TypeScript planner takes over where it cannot be built. */
async function nativePlanner(say) {
  const builder = join(root, 'tools', 'build-native.mjs');
  if (!existsSync(builder)) return null;
  const cargo = onPath('cargo') ?? onPath('cargo', join(process.env.HOME ?? '/root', '.cargo', 'bin'));
  if (cargo === null) return 'left out (no cargo); the TypeScript planner is used';
  const stamp = join(root, 'dist', '.native-stamp');
  const key = () =>
    hashFiles(
      [...sourceFiles('src', /(\.rs|Cargo\.toml|Cargo\.lock)$/), builder],
      [...sourceFiles('src', /\.node$/), ...sourceFiles('dist', /\.node$/)].join(),
    );
  const known = readStamp(stamp);
  if (known === key()) return 'up to date';
  if (known === `failed ${key()}`) {
    return 'left out (its build failed); the TypeScript planner is used. To try again: node tools/build-native.mjs';
  }
  say('cargo build');
  try {
    await run([process.execPath, builder], {
      env: { PATH: `${dirname(cargo)}:${process.env.PATH}` },
      hint: [],
    });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    // Remembered, because an attempt without a network takes long.
    writeStamp(stamp, `failed ${key()}`);
    return `left out (${error.message}); the TypeScript planner is used`;
  }
  writeStamp(stamp, key());
  return 'built';
}

async function main(profile) {
  if (!['demo', 'test', 'build'].includes(profile)) {
    process.stderr.write('usage: node tools/setup.mjs demo|test|build\n');
    return 2;
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  process.stdout.write(`reflow ${version}: set-up for ${profile}\n`);
  try {
    await step('Node', checkNode);
    if (profile !== 'build') await step('Debian packages', (say) => debian(profile, say));
    await step('npm packages', npmPackages);
    await step('TypeScript', typescript);
    await step('native planner', nativePlanner);
    if (profile === 'test') await step('ONNX tests', onnxOperatorTests);
    return 0;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    process.stderr.write(`\nset-up stopped: ${error.message}\n`);
    for (const line of error.hint) process.stderr.write(`  ${line}\n`);
    return 1;
  }
}

process.exitCode = await main(process.argv[2] ?? 'build');
