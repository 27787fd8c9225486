import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ReflowError } from '../base/error.js';
import { silent } from '../flow/progress.js';
import { type Command, defineCommand } from './command.js';
import { runCli } from './run-cli.js';

const seen: object[] = [];

const echo = defineCommand({
  command: 'echo <word>',
  describe: 'says it',
  positionals: { word: { type: 'string', demandOption: true } },
  options: {
    board: { type: 'string', demandOption: true },
    runs: { type: 'number', default: 1 },
    input: { type: 'string', array: true },
    objective: { choices: ['ram', 'speed'], default: 'ram' },
  },
  run: async ({ word, board, runs, input, objective }) => {
    const result = { word, board, runs, input: input ?? [], objective };
    seen.push(result);
    return result;
  },
  print: ({ word }) => `word: ${word}`,
});

const fail = (name: string, thrown: unknown) =>
  defineCommand({
    command: name,
    describe: 'fails',
    positionals: {},
    options: {},
    run: () => Promise.reject(thrown),
    print: () => '',
  });

const sad = defineCommand({
  command: 'sad',
  describe: 'finds bad news',
  positionals: {},
  options: {},
  run: async () => ({ fits: false }),
  print: () => 'the plan',
  complaint: () => new ReflowError('E_DOES_NOT_FIT', '12 bytes are missing in ram', 'take a larger board'),
});

const commands: readonly Command[] = [
  echo,
  sad,
  fail('broken', new TypeError('x is undefined\nat y')),
  fail('missing', new ReflowError('E_TOOL_MISSING', 'gcc is not installed', 'apt-get install gcc')),
  fail('thrown-text', 'just text'),
];

async function call(argv: string[], config?: object): Promise<{ status: number; out: string; err: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-cli-'));
  if (config) writeFileSync(join(folder, 'reflow.config.json'), JSON.stringify(config));
  let out = '';
  let err = '';
  const status = await runCli(argv, {
    commands,
    folder,
    version: '1.2.3',
    progress: silent,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  rmSync(folder, { recursive: true });
  return { status, out, err };
}

test('a result is text for people and one document with --json', async (t) => {
  t.deepEqual(await call(['echo', 'hi', '--board', 'b']), { status: 0, out: 'word: hi\n', err: '' });
  const { status, out, err } = await call(['echo', 'hi', '--board', 'b', '--json', '--input', 'x', 'y']);
  t.deepEqual([status, err], [0, '']);
  t.deepEqual(JSON.parse(out), { word: 'hi', board: 'b', runs: 1, input: ['x', 'y'], objective: 'ram' });
});

test('an error is one line on stderr, and a document on stdout with --json', async (t) => {
  const line = 'E_TOOL_MISSING: gcc is not installed. Next: apt-get install gcc\n';
  t.deepEqual(await call(['missing']), { status: 1, out: '', err: line });
  const { out, err } = await call(['missing', '--json']);
  t.is(err, line);
  const error = { code: 'E_TOOL_MISSING', message: 'gcc is not installed', hint: 'apt-get install gcc' };
  t.deepEqual(JSON.parse(out), { error });
});

test('bad news that comes with a whole result: both are shown, the status is the error', async (t) => {
  const plain = await call(['sad']);
  t.deepEqual([plain.status, plain.out], [3, 'the plan\n']);
  t.regex(plain.err, /^E_DOES_NOT_FIT: 12 bytes are missing in ram\. Next: take a larger board\n$/);
  const json = await call(['sad', '--json']);
  t.is(json.status, 3);
  t.like(JSON.parse(json.out), { fits: false, error: { code: 'E_DOES_NOT_FIT' } });
});

test('a fault of ours is one E_INTERNAL line without a stack', async (t) => {
  for (const command of ['broken', 'thrown-text']) {
    const { status, err } = await call([command]);
    t.is(status, 1);
    t.regex(err, /^E_INTERNAL: [^\n]+\n$/);
  }
});

test('wrong usage is status 2, one line, and says what was probably meant', async (t) => {
  const cases: [string[], RegExp][] = [
    [[], /no command was given\. Next: see reflow --help/],
    [['ehco', 'x'], /there is no command ehco\. Next: did you mean echo\?/],
    [['qqqqq'], /there is no command qqqqq\. Next: see reflow --help/],
    [['echo', 'x', '--board', 'b', '--rnus', '3'], /unknown argument: rnus\. Next: did you mean --runs\?/],
    [['echo', 'x'], /missing required argument: board\. Next: see reflow echo --help/],
    [['echo', '--board', 'b'], /not enough non-option arguments/],
    [['echo', 'x', 'y', '--board', 'b'], /unknown argument: y/],
    [['echo', 'x', '--board', 'b', '--objective', 'fast'], /objective.*fast.*"ram", "speed"/],
    [['--jsn'], /E_USAGE/],
  ];
  for (const [argv, pattern] of cases) {
    const { status, out, err } = await call(argv);
    t.is(status, 2, argv.join(' '));
    t.is(out, '');
    t.regex(err, pattern);
    t.regex(err, /^E_USAGE: [^\n]+\n$/);
    t.like(JSON.parse((await call([...argv, '--json'])).out), { error: { code: 'E_USAGE' } });
  }
});

test('settings are defaults, flags win, settings of other commands are no trouble', async (t) => {
  const config = { board: 'from-file', runs: 5, energy: 'meter' };
  await call(['echo', 'x'], config);
  t.like(seen.at(-1), { board: 'from-file', runs: 5 });
  await call(['echo', 'x', '--board', 'flag'], config);
  t.like(seen.at(-1), { board: 'flag', runs: 5 });
  t.is((await call(['sad'], config)).status, 3);
  const wrong = await call(['echo', 'x'], { bord: 'x' });
  t.is(wrong.status, 2);
  t.regex(wrong.err, /^E_CONFIG: /);
});

test('--version and --help print and end well', async (t) => {
  t.deepEqual(await call(['--version']), { status: 0, out: '1.2.3\n', err: '' });
  const { status, out } = await call(['--help']);
  t.is(status, 0);
  for (const command of commands) t.true(out.includes(command.command), command.command);
  t.regex((await call(['echo', '--help'])).out, /--objective .*choices: "ram", "speed"/s);
});

test('flags that look like numbers stay as they were written, and a repeated flag is its last', async (t) => {
  await call(['echo', '007', '--board', '12e3', '--input', '1.50']);
  t.like(seen.at(-1), { word: '007', board: '12e3', input: ['1.50'] });
  await call(['echo', 'x', '--board', 'a', '--board', 'b']);
  t.like(seen.at(-1), { board: 'b' });
  const nan = await call(['echo', 'x', '--board', 'a', '--runs', 'many']);
  t.is(nan.status, 2);
  t.regex(nan.err, /^E_USAGE: .*runs/);
});
