/** The package's functions against the program: what one resolves to is what the other prints with --json. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
// As a dependent imports it: through `exports` of package.json.
import * as reflow from 'reflow';
import { reflow as program } from './reflow-process.js';
import { root } from './repository.js';

const network = join(root, 'networks/digits.tflite');
const input = join(root, 'networks/digits-test/00_label4.png');

/** What is another number, name or place in every run. */
const fickle = new Set([
  'seconds',
  'report',
  'runId',
  'elf',
  'folder',
  'us',
  'stages',
  'stackBytes',
  'total',
]);

/** JSON without what differs from run to run. */
function settled(value: object): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (fickle.has(key) ? typeof inner : inner)));
}

test('every function resolves to what its command prints', async (t) => {
  t.timeout(180_000);
  const cwd = mkdtempSync(join(tmpdir(), 'reflow-package-'));
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }));
  const board = 'host';
  const store = join(cwd, 'store.db');
  const project = join(cwd, 'project');
  const printed = async (...argv: string[]) => {
    const { status, out, err } = await program([...argv, '--json'], { cwd });
    t.is(status, 0, err);
    return settled(JSON.parse(out));
  };
  const same = async (result: object, ...argv: string[]) =>
    t.deepEqual(settled(result), await printed(...argv), argv[0]);
  const on = ['--board', board];

  await same(await reflow.boards(), 'boards');
  await same(await reflow.inspect({ network }), 'inspect', network);
  await same(
    await reflow.plan({ network, board, objective: 'speed' }),
    'plan',
    network,
    ...on,
    '--objective',
    'speed',
  );
  await same(
    await reflow.compile({ network, board, out: project }),
    'compile',
    network,
    ...on,
    '--out',
    project,
  );
  await same(await reflow.build({ folder: project }), 'build', project);
  await same(await reflow.run({ network, board, inputs: [input] }), 'run', network, ...on, '--input', input);
  await same(
    await reflow.verify({ network, board, project }),
    'verify',
    network,
    ...on,
    '--project',
    project,
  );
  const profiled = await reflow.profile({ network, board, runs: 2, store });
  await same(profiled, 'profile', network, ...on, '--runs', '2', '--store', store);
  const before = process.cwd();
  process.chdir(cwd);
  try {
    const deployed = await reflow.deploy({ network, board, store, inputs: [input] });
    await same(deployed, 'deploy', network, ...on, '--store', store, '--input', input);
  } finally {
    process.chdir(before);
  }
});

test('failures are ReflowError with the code that the command prints', async (t) => {
  const error = await t.throwsAsync(reflow.plan({ network: '/nothing.tflite', board: 'host' }));
  t.true(error instanceof reflow.ReflowError && error.code === 'E_FILE' && error.exitStatus === 1);
  await t.throwsAsync(reflow.boards('nonsense'), { code: 'E_BOARD' });
});
