import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type Disk, files, filesOn } from './files.js';

/** A folder that goes with this process. */
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-files-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const real: Disk = { mkdir, mkdtemp, writeFile, rename, rm };
const ours = () => true;
const failing = (code: string) => Object.assign(new Error(code), { code });

test('a folder is replaced as a whole', async (t) => {
  const parent = temporary();
  const folder = join(parent, 'a/net');
  await files.writeFolder(folder, new Map([['old.c', 'x']]));
  await files.writeFolder(
    folder,
    new Map<string, string | Uint8Array>([
      ['net.c', 'y'],
      ['rf/op.c', Uint8Array.of(1, 2)],
    ]),
    (names) => names.includes('old.c'),
  );
  t.deepEqual(readdirSync(folder).sort(), ['net.c', 'rf']);
  t.deepEqual([...readFileSync(join(folder, 'rf/op.c'))], [1, 2]);
  t.deepEqual(readdirSync(join(parent, 'a')), ['net']);
});

for (const [code, expected] of [
  ['ENOSPC', 'E_DISK_FULL'],
  ['EIO', 'E_FILE'],
] as const) {
  test(`${code} while writing leaves the old folder and no scratch`, async (t) => {
    const parent = temporary();
    const folder = join(parent, 'net');
    await files.writeFolder(folder, new Map([['net.c', 'old']]));
    let writes = 0;
    const disk = filesOn({
      ...real,
      writeFile: async (path, contents) => {
        writes += 1;
        if (writes === 2) throw failing(code);
        await writeFile(path, contents);
      },
    });
    await t.throwsAsync(
      disk.writeFolder(
        folder,
        new Map([
          ['net.c', 'new'],
          ['b.c', 'new'],
        ]),
        ours,
      ),
      { code: expected },
    );
    t.is(readFileSync(join(folder, 'net.c'), 'utf8'), 'old');
    t.deepEqual(readdirSync(parent), ['net']);
  });
}

test('a failed exchange puts the old folder back', async (t) => {
  const parent = temporary();
  const folder = join(parent, 'net');
  await files.writeFolder(folder, new Map([['net.c', 'old']]));
  const disk = filesOn({
    ...real,
    rename: async (from, to) => {
      if (from.endsWith('new')) throw failing('EPERM');
      await rename(from, to);
    },
  });
  await t.throwsAsync(disk.writeFolder(folder, new Map([['net.c', 'new']]), ours), { code: 'E_FILE' });
  t.is(readFileSync(join(folder, 'net.c'), 'utf8'), 'old');
});

test('a file is replaced or left alone', async (t) => {
  const path = join(temporary(), 'x/y.txt');
  await files.write(path, 'one');
  const disk = filesOn({ ...real, writeFile: async () => Promise.reject(failing('ENOSPC')) });
  await t.throwsAsync(disk.write(path, 'two'), { code: 'E_DISK_FULL' });
  t.is(Buffer.from(await files.read(path)).toString(), 'one');
});

test('names outside the folder are refused', async (t) => {
  const parent = temporary();
  for (const name of ['../evil', '/tmp/evil', 'a/../../evil']) {
    await t.throwsAsync(files.writeFolder(join(parent, 'net'), new Map([[name, 'x']])), { code: 'E_FILE' });
  }
  t.false(existsSync(join(parent, 'evil')));
});

test('what cannot be read or written says so in one line', async (t) => {
  const parent = temporary();
  writeFileSync(join(parent, 'file'), '');
  await t.throwsAsync(files.read(join(parent, 'none')), { code: 'E_FILE', message: /none: does not exist/ });
  await t.throwsAsync(files.writeFolder(join(parent, 'file/net'), new Map()), { code: 'E_FILE' });
});

test('what others wrote is not replaced', async (t) => {
  const parent = temporary();
  writeFileSync(join(parent, 'thesis.txt'), 'x');
  const ours = (names: readonly string[]) => names.includes('reflow.json');
  await t.throwsAsync(files.writeFolder(parent, new Map([['net.c', 'new']]), ours), { code: 'E_FILE' });
  await t.throwsAsync(files.writeFolder(join(parent, 'thesis.txt'), new Map([['net.c', 'new']])), {
    code: 'E_FILE',
  });
  t.deepEqual(readdirSync(parent), ['thesis.txt']);
});
