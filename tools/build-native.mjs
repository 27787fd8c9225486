/**
 * Builds the planner's native core (src/plan/native, Rust) into dist/native when cargo is there. The core is optional:
 * without it reflow plans with its TypeScript solver. Skips at once when nothing changed since the last build.
 *
 * Usage: node tools/build-native.mjs [--force]; exit status 1 only when cargo is there and the build fails.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const crate = join(root, 'src/plan/native');
const output = join(root, `dist/native/planner-${process.platform}-${process.arch}.node`);
const library = {
  linux: 'libreflow_planner.so',
  darwin: 'libreflow_planner.dylib',
  win32: 'reflow_planner.dll',
};

/**
 * @param {{ force?: boolean }} [options]
 * @returns {{ status: 'built' | 'current' | 'absent' | 'failed', message: string }}
 */
export function buildNative({ force = false } = {}) {
  const sources = [
    'Cargo.toml',
    'build.rs',
    '.cargo/config.toml',
    ...readdirSync(join(crate, 'src')).map((file) => join('src', file)),
  ];
  const changed = Math.max(...sources.map((file) => statSync(join(crate, file)).mtimeMs));
  if (!force && existsSync(output) && statSync(output).mtimeMs > changed) {
    return { status: 'current', message: 'native planner core: up to date' };
  }
  const name = library[process.platform];
  if (name === undefined || spawnSync('cargo', ['--version']).status !== 0) {
    const message =
      'native planner core: not built, cargo is not installed (optional; the TypeScript planner is used). ' +
      'To get it: install Rust, then run `node tools/build-native.mjs`';
    return { status: 'absent', message };
  }
  const build = spawnSync('cargo', ['build', '--release', '--quiet'], { cwd: crate, encoding: 'utf8' });
  if (build.status !== 0) {
    return {
      status: 'failed',
      message: `native planner core: cargo build failed\n${build.stderr}`,
    };
  }
  mkdirSync(dirname(output), { recursive: true });
  // A running process may have the old file mapped: replace it, never write into it.
  copyFileSync(join(crate, 'target/release', name), `${output}.new`);
  renameSync(`${output}.new`, output);
  return { status: 'built', message: `native planner core: built ${output.slice(root.length + 1)}` };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { status, message } = buildNative({ force: process.argv.includes('--force') });
  console.log(message);
  process.exitCode = status === 'failed' ? 1 : 0;
}
