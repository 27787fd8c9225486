/** The virtual STM32 on a pseudo-terminal: a foreign client, and ours through the real serial binding. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openSerialPort } from '../base/serial-port.js';
import { chipByPid } from './chips.js';
import { flashImage } from './flash-image.js';
import { openPtyLine } from './pty-line.js';
import { RomEmulator } from './rom-emulator.js';
import { seededRandom } from './rom-faults.js';
import type { RomOptions } from './rom-options.js';

const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const withSocat = has('socat') ? test.serial : test.serial.skip;
const withBoth = has('socat') && has('stm32flash') ? test.serial : test.serial.skip;

async function withBoard(
  pid: number,
  options: RomOptions,
  work: (path: string, device: RomEmulator) => Promise<void>,
) {
  const line = await openPtyLine();
  const device = new RomEmulator(line.device, chipByPid(pid)!, options);
  device.start();
  try {
    await work(line.path, device);
  } finally {
    device.stop();
    await line.close();
  }
}

function stm32flash(path: string, ...args: string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) =>
    execFile('stm32flash', ['-m', '8n1', ...args, path], { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, out: stdout + stderr }),
    ),
  );
}

function image(bytes: number, seed = 7): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-flash-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const pid of [0x413, 0x450, 0x415, 0x449]) {
  withBoth(`stm32flash writes, verifies, reads, erases and starts ${chipByPid(pid)!.name}`, async (t) => {
    const started: number[] = [];
    await withBoard(pid, { onGo: (address) => started.push(address) }, async (path, device) =>
      inFolder(async (folder) => {
        const bytes = image(10_000);
        const [file, back] = [join(folder, 'image.bin'), join(folder, 'back.bin')];
        writeFileSync(file, bytes);
        const wrote = await stm32flash(path, '-v', '-w', file);
        t.is(wrote.code, 0, wrote.out);
        t.deepEqual(device.flash.read(device.chip.flashBase, bytes.length), bytes);
        t.is(device.flash.eccReprograms, 0);
        const read = await stm32flash(path, '-r', back, '-S', `0x8000000:${bytes.length}`);
        t.is(read.code, 0, read.out);
        t.deepEqual(new Uint8Array(readFileSync(back)), bytes);
        const erased = await stm32flash(path, '-o');
        t.is(erased.code, 0, erased.out);
        t.true(device.flash.bytes.every((byte) => byte === 0xff));
        const went = await stm32flash(path, '-g', '0x8000000');
        t.is(went.code, 0, went.out);
        t.deepEqual(started, [0x8000000]);
      }),
    );
  });
}

withBoth(
  'what stm32flash wrote, our client finds equal; and stm32flash is refused by readout protection',
  async (t) => {
    await withBoard(0x413, {}, async (path) =>
      inFolder(async (folder) => {
        const file = join(folder, 'image.bin');
        writeFileSync(file, image(5000));
        t.is((await stm32flash(path, '-w', file)).code, 0);
        const port = await openSerialPort(path, { baudRate: 115200, parity: 'even' });
        const result = await flashImage(port, image(5000), 0x08000000);
        await port.close();
        t.is(result.sectorsWritten, 0);
        t.is(result.bytesTrusted, 0);
      }),
    );
    await withBoard(0x413, { readoutProtected: true }, async (path) =>
      inFolder(async (folder) => {
        const file = join(folder, 'image.bin');
        writeFileSync(file, image(500));
        t.not((await stm32flash(path, '-w', file)).code, 0);
      }),
    );
  },
);

for (const pid of [0x470, 0x482, 0x413]) {
  withSocat(
    `our client through serialport: ${chipByPid(pid)!.name}, written, verified, started`,
    async (t) => {
      let started = -1;
      const onGo = (address: number) => {
        started = address;
      };
      await withBoard(pid, { onGo }, async (path, device) => {
        const bytes = image(20_000);
        new DataView(bytes.buffer).setUint32(4, 0x08000401, true);
        const port = await openSerialPort(path, { baudRate: 115200, parity: 'even' });
        const result = await flashImage(port, bytes, 0x08000000, { start: true });
        await port.close();
        t.true(result.verified && result.started);
        t.deepEqual(device.flash.read(0x08000000, bytes.length), bytes);
        t.is(started, 0x08000000);
      });
    },
  );
}

withSocat('a terminal that hangs up in the middle ends in port-lost, and soon', async (t) => {
  const line = await openPtyLine();
  const device = new RomEmulator(line.device, chipByPid(0x470)!, { programUs: 200 });
  device.start();
  const port = await openSerialPort(line.path, { baudRate: 115200, parity: 'even' });
  const flashing = flashImage(port, image(50_000), 0x08000000);
  setTimeout(() => void line.close(), 400);
  await t.throwsAsync(flashing, { code: 'E_PORT', message: /went away/ });
  device.stop();
  await port.close();
  await line.close();
});
