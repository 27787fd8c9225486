/**
 * Every check of the repository: `npm test`, or `npm test -- dist/src/store/*.test.js` for some test files only.
 *
 * First the linter and formatter, then ava, whose TAP output is counted here. The last line, alone, is
 * `N passed, N failed, N skipped`; the exit status is 1 when anything failed.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './setup/stamps.mjs';

const count = { passed: 0, failed: 0, skipped: 0 };

/** Runs a script of an npm package with Node; resolves to its exit status. `onLine` takes its output line by line. */
function runScript(script, args, onLine) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
      cwd: root,
      stdio: ['ignore', onLine ? 'pipe' : 'inherit', 'inherit'],
    });
    if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
}

/** One line of TAP: counts results, shows results and diagnostics, drops the frame around them. */
function takeTap(line) {
  const result = /^(not )?ok \d+ - (.*?)(?: # (SKIP|TODO))?$/.exec(line);
  if (result) {
    const [, not, title, directive] = result;
    const outcome = directive ? 'skipped' : not ? 'failed' : 'passed';
    count[outcome] += 1;
    process.stdout.write(`${{ passed: '  ok  ', failed: 'FAIL  ', skipped: 'skip  ' }[outcome]}${title}\n`);
  } else if (!/^(TAP version|1\.\.|# (tests|pass|fail|skip) |$)/.test(line)) {
    process.stdout.write(`      ${line}\n`);
  }
}

const chosen = process.argv.slice(2);
if (chosen.length === 0) {
  const lint = await runScript('@biomejs/biome/bin/biome', ['ci', '--error-on-warnings', '--colors=off']);
  count[lint === 0 ? 'passed' : 'failed'] += 1;
  process.stdout.write(`${lint === 0 ? '  ok  ' : 'FAIL  '}biome: lint and format\n`);
}
const before = count.failed;
const tests = await runScript('ava/entrypoints/cli.mjs', ['--tap', ...chosen], takeTap);
// A test run that died without a `not ok` has failed all the same.
if (tests !== 0 && count.failed === before) count.failed += 1;

process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
process.exitCode = count.failed === 0 ? 0 : 1;
