/** Bad files, bad arguments, full disks and mute boards on the command line: one line with a code, the right exit status. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ErrorCode } from '../src/base/error.js';
import { Random } from './random.js';
import { type Ended, type ProcessOptions, reflow } from './reflow-process.js';
import { root } from './repository.js';
import { type TensorSpec, writeTflite } from './write-tflite.js';

const folder = mkdtempSync(join(tmpdir(), 'reflow-hostile-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
chmodSync(folder, 0o755);
const at = (name: string) => join(folder, name);
const put = (name: string, contents: string | Uint8Array) => {
  writeFileSync(at(name), contents);
  return at(name);
};

const digits = join(root, 'networks/digits.tflite');
const digitsBytes = readFileSync(digits);
const random = new Random(1);
const tensor = (over: Partial<TensorSpec>): TensorSpec => ({
  shape: [1, 4],
  scales: [1],
  zeroPoints: [0],
  ...over,
});
const relu = { builtin: 19, inputs: [0], outputs: [1] };

const files = {
  small: put(
    'small.tflite',
    writeTflite({ tensors: [tensor({}), tensor({})], ops: [relu], inputs: [0], outputs: [1] }),
  ),
  empty: put('empty.tflite', ''),
  noise: put(
    'noise.tflite',
    Uint8Array.from({ length: 5000 }, () => random.below(256)),
  ),
  marked: put(
    'marked.tflite',
    Uint8Array.from([0, 0, 0, 0, 0x54, 0x46, 0x4c, 0x33, ...Array(500).fill(255)]),
  ),
  cut: put('cut.tflite', digitsBytes.subarray(0, digitsBytes.length >> 1)),
  strange: put(
    'strange.tflite',
    writeTflite({
      tensors: [tensor({}), tensor({})],
      ops: [{ ...relu, builtin: 32 }],
      inputs: [0],
      outputs: [1],
    }),
  ),
  wide: put(
    'wide.tflite',
    writeTflite({
      tensors: [tensor({ shape: [1, 300_000] }), tensor({ shape: [1, 300_000] })],
      ops: [relu],
      inputs: [0],
      outputs: [1],
    }),
  ),
  heavy: put(
    'heavy.tflite',
    writeTflite({
      tensors: [
        tensor({ shape: [1, 1000] }),
        tensor({ shape: [1200, 1000], data: Uint8Array.from({ length: 1_200_000 }, (_, i) => i % 251) }),
        tensor({ shape: [1, 1200] }),
      ],
      ops: [{ builtin: 9, inputs: [0, 1], outputs: [2], options: [] }],
      inputs: [0],
      outputs: [2],
    }),
  ),
};
mkdirSync(at('thesis'));
put('thesis/chapter1.txt', 'years of work');
const short = put('short.bin', Uint8Array.of(1, 2, 3));
const right = put('right.bin', Uint8Array.of(1, 2, 3, 4));
const text = put('input.txt', '1 2 3 4');
const array = put('array.npy', 'no array');
const picture = put('picture.png', digitsBytes.subarray(0, 100));

/** How it ended, told with --json: one document on stdout, one line with the code as the last of stderr, no stack. */
async function fails(
  t: ExecutionContext,
  argv: readonly string[],
  code: ErrorCode,
  status: number,
  options: ProcessOptions = {},
): Promise<string> {
  const ended = await reflow([...argv, '--json'], { cwd: folder, ...options });
  return endedWith(t, ended, code, status, argv.join(' '));
}

function endedWith(t: ExecutionContext, ended: Ended, code: ErrorCode, status: number, what: string): string {
  const last = ended.err.trimEnd().split('\n').at(-1)!;
  t.is(ended.status, status, `${what}: ${ended.err}`);
  t.regex(last, new RegExp(`^${code}: .*\\. Next: .`), what);
  t.notRegex(ended.err, /^ {4}at /m, what);
  const document = JSON.parse(ended.out) as { error?: { code?: string; message?: string } };
  t.is(document.error?.code, code, what);
  return document.error?.message ?? '';
}

const onHost = ['--board', 'host'];
const cases: readonly (readonly [argv: string[], code: ErrorCode, status: number])[] = [
  [['inspect', files.empty], 'E_MODEL_FORMAT', 1],
  [['inspect', files.noise], 'E_MODEL_FORMAT', 1],
  [['inspect', files.marked], 'E_MODEL_FORMAT', 1],
  [['plan', files.cut, ...onHost], 'E_MODEL_FORMAT', 1],
  [['compile', files.strange, ...onHost, '--out', at('out')], 'E_UNSUPPORTED', 3],
  [['inspect', folder], 'E_FILE', 1],
  [['inspect', at('nothing.tflite')], 'E_FILE', 1],
  [['plan', files.small, '--board', 'nonsense'], 'E_BOARD', 2],
  [['plan', files.small, ...onHost, '--seconds', 'soon'], 'E_USAGE', 2],
  [['profile', files.small, ...onHost, '--runs', '1000000000'], 'E_USAGE', 2],
  [['run', files.small, ...onHost], 'E_USAGE', 2],
  [['run', files.small, ...onHost, '--input', short], 'E_INPUT', 2],
  [['run', files.small, ...onHost, '--input', text], 'E_INPUT', 2],
  [['run', files.small, ...onHost, '--input', array], 'E_INPUT', 2],
  [['run', digits, ...onHost, '--input', picture], 'E_INPUT', 2],
  [['run', files.small, ...onHost, '--input', right, right], 'E_INPUT', 2],
  [['run', files.small, ...onHost, '--input', at('nothing.bin')], 'E_FILE', 1],
  [['verify', files.small, ...onHost, '--golden', at('nothing')], 'E_INPUT', 2],
  [['verify', files.small, ...onHost, '--golden', at('thesis')], 'E_INPUT', 2],
  [['verify', files.small, ...onHost, '--project', at('thesis')], 'E_FILE', 1],
  [['build', at('thesis')], 'E_FILE', 1],
  [['compile', files.small, ...onHost, '--out', at('thesis')], 'E_FILE', 1],
  [['compile', files.small, ...onHost, '--out', text], 'E_FILE', 1],
  [['run', files.small, ...onHost, '--input', right, '--layers', at('thesis')], 'E_FILE', 1],
  [['report', '--store', text], 'E_STORE', 1],
];

test.serial('bad files and bad arguments', async (t) => {
  t.timeout(180_000);
  for (const [argv, code, status] of cases) await fails(t, argv, code, status);
  t.deepEqual(readdirSync(at('thesis')), ['chapter1.txt']);
  t.false(existsSync(at('out')));
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.') && name !== '.reflow'),
    [],
  );
});

test.serial('a network that does not fit: what is missing, and where', async (t) => {
  for (const [file, memory] of [
    [files.wide, 'ram'],
    [files.heavy, 'flash'],
  ] as const) {
    const argv = ['compile', file, '--board', 'virt-m4', '--out', at('large')];
    t.regex(await fails(t, argv, 'E_DOES_NOT_FIT', 3), new RegExp(`\\d+ bytes are missing in ${memory}`));
  }
  t.false(existsSync(at('large')));
});

// Root may read and write everything, so these run as nobody.
const nobody = process.getuid?.() === 0 ? { uid: 65534 } : {};

test.serial('files that may not be read, folders that may not be written', async (t) => {
  const secret = put('secret.tflite', digitsBytes);
  chmodSync(secret, 0);
  mkdirSync(at('locked'), { mode: 0o555 });
  await fails(t, ['inspect', secret], 'E_FILE', 1, nobody);
  await fails(t, ['compile', files.small, ...onHost, '--out', at('locked/net')], 'E_FILE', 1, nobody);
  const store = ['--store', at('locked/store.db')];
  await fails(t, ['profile', files.small, ...onHost, ...store], 'E_STORE', 1, nobody);
  t.deepEqual(readdirSync(at('locked')), []);
});

/** A disk of 64 KiB in a namespace of its own. */
const tiny = at('tiny');
mkdirSync(tiny);
const onTinyDisk = (command: string) => [
  'unshare',
  '-rm',
  'sh',
  '-c',
  `mount -t tmpfs -o size=64k t ${tiny} && ${command}`,
  'sh',
];
const [unshare, ...trial] = onTinyDisk('true');
const mayMount = spawnSync(unshare!, trial).status === 0;

(mayMount ? test.serial : test.serial.skip)('a full disk leaves nothing half-written', async (t) => {
  const through = onTinyDisk(`"$@"; status=$?; ls -A ${tiny} >${at('left')}; exit $status`);
  await fails(t, ['compile', digits, ...onHost, '--out', join(tiny, 'net')], 'E_DISK_FULL', 1, { through });
  t.is(readFileSync(at('left'), 'utf8'), '');
  const store = ['--store', join(tiny, 'a', 'store.db')];
  const full = onTinyDisk(`head -c 60000 /dev/zero >${tiny}/filler; "$@"`);
  await fails(t, ['profile', files.small, ...onHost, ...store], 'E_DISK_FULL', 1, { through: full });
});

/** The package with one more board: hardware behind a serial port. */
function packageWithHardware(): string {
  const copy = at('package');
  cpSync(join(root, 'dist/src'), join(copy, 'dist/src'), { recursive: true });
  cpSync(join(root, 'boards'), join(copy, 'boards'), { recursive: true });
  for (const name of ['package.json', 'node_modules', 'firmware', 'runtime-c', 'targets'])
    symlinkSync(join(root, name), join(copy, name));
  const board = JSON.parse(readFileSync(join(root, 'boards/virt-m4.json'), 'utf8'));
  const hardware = {
    ...board,
    id: 'mute',
    summary: 'A board on the desk that never answers',
    kind: 'hardware',
    clockHz: 168_000_000,
    run: { kind: 'serial', baudRate: 115_200, usb: [] },
    counter: { kind: 'cycles', source: 'DWT', ticks: 1, units: 1, bits: 32 },
    oscillator: { kind: 'internal', hz: 16_000_000 },
    flash: { chip: '0x413', routes: ['loader'], loaderBytes: 16_384, openocd: [], wiring: 'no wires at all' },
  };
  writeFileSync(join(copy, 'boards/mute.json'), JSON.stringify(hardware));
  return copy;
}

const exited = (child: ChildProcess) => new Promise((resolve) => child.on('exit', resolve));

test('a board that stays mute is E_TIMEOUT, one that is not there E_PORT or E_USAGE', async (t) => {
  t.timeout(120_000);
  const packageRoot = packageWithHardware();
  const [mine, theirs] = [at('port'), at('other-end')];
  const line = spawn('socat', [`pty,rawer,link=${mine}`, `pty,rawer,link=${theirs}`], { stdio: 'ignore' });
  const gone = exited(line);
  try {
    const run = ['run', files.small, '--board', 'mute', '--input', right];
    await fails(t, run, 'E_USAGE', 2, { packageRoot });
    await fails(t, [...run, '--port', at('no-port')], 'E_PORT', 1, { packageRoot });
    t.regex(await fails(t, [...run, '--port', mine], 'E_TIMEOUT', 1, { packageRoot }), /within 10 s/);
  } finally {
    line.kill();
    await gone;
  }
});

test('an emulator that hangs is E_TIMEOUT, one that ends E_DEVICE with its words', async (t) => {
  t.timeout(120_000);
  const emulator = (name: string, script: string) => {
    mkdirSync(at(name));
    writeFileSync(at(`${name}/qemu-system-arm`), `#!/bin/sh\n${script}\n`);
    chmodSync(at(`${name}/qemu-system-arm`), 0o755);
    return { env: { PATH: `${at(name)}:${process.env.PATH}` } };
  };
  const run = ['run', files.small, '--board', 'virt-m4', '--input', right];
  const said = await fails(t, run, 'E_DEVICE', 1, emulator('ends', 'echo no such machine >&2; exit 1'));
  t.regex(said, /no such machine/);
  await fails(t, run, 'E_TIMEOUT', 1, emulator('hangs', 'exec sleep 100'));
});
