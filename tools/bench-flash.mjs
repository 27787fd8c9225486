/**
 * How fast the flasher is against a virtual STM32L4R5 paced to 115,200 baud 8E1, beside stm32flash on the same line.
 * Usage: npx tsc && node tools/bench-flash.mjs [--quick]. Needs socat and stm32flash.
 *
 * Flash itself costs no time here: the figure of merit is the line's limit, 256 bytes per 268 byte times = 10,004 B/s.
 * Other work on the machine counts against the figures: run it on an idle one.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openSerialPort } from '../dist/src/base/serial-port.js';
import { bitsPerByte, maxBlockBytes, writeFrameBytes } from '../dist/src/flash/an3155.js';
import { chipByPid } from '../dist/src/flash/chips.js';
import { flashImage } from '../dist/src/flash/flash-image.js';
import { preciseClock } from '../dist/src/flash/line-clock.js';
import { openPtyLine } from '../dist/src/flash/pty-line.js';
import { RomEmulator } from '../dist/src/flash/rom-emulator.js';
import { seededRandom } from '../dist/src/flash/rom-faults.js';
import { pacePort } from '../dist/src/flash/sim-line.js';

const baudRate = 115_200;
const address = 0x08000000;
const sectorBytes = 4096;
const run = promisify(execFile);

await bench(process.argv.includes('--quick'));

/** A fresh device for as long as `work` runs. */
async function withDevice(work) {
  const line = await openPtyLine();
  const port = pacePort(line.device, baudRate, preciseClock, await line.measureTransport());
  const device = new RomEmulator(port, chipByPid(0x470), { clock: preciseClock });
  device.start();
  try {
    return await work(line.path);
  } finally {
    device.stop();
    await line.close();
  }
}

async function ours(path, image, options = {}) {
  const port = await openSerialPort(path, { baudRate, parity: 'even' });
  try {
    return await flashImage(port, image, address, options);
  } finally {
    await port.close();
  }
}

async function foreign(path, image) {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-bench-'));
  const file = join(folder, 'image.bin');
  writeFileSync(file, image);
  const begin = performance.now();
  try {
    await run('stm32flash', ['-m', '8n1', '-b', String(baudRate), '-v', '-w', file, path]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return (performance.now() - begin) / 1000;
}

function network(bytes, seed) {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
}

async function bench(quick) {
  const limit = ((baudRate / bitsPerByte) * maxBlockBytes) / writeFrameBytes;
  const cases = [{ name: '64 KiB network', bytes: 64 * 1024, layerAt: 28_800, layerBytes: 3000 }];
  if (!quick) cases.push({ name: '256 KiB network', bytes: 256 * 1024, layerAt: 100_000, layerBytes: 9000 });
  for (const { name, bytes, layerAt, layerBytes } of cases) {
    const image = network(bytes, 1);
    const changed = image.slice();
    changed.set(network(layerBytes, 2), layerAt);
    const seconds = await withDevice((path) => foreign(path, changed));
    await withDevice(async (path) => {
      const begins = [];
      const onSector = ({ kind }) => kind === 'erasing' && begins.push(performance.now());
      const full = await ours(path, image, { onSector });
      const rate = full.bytesWritten / full.writeSeconds;
      const sectorMs = begins.slice(1).map((ms, i) => ms - begins[i]);
      const median = sectorBytes / (sectorMs.sort((a, b) => a - b)[sectorMs.length >> 1] / 1000);
      const known = { uid: full.uid, hashes: full.hashes };
      const delta = await ours(path, changed, { known });
      const check = await ours(path, changed, { trust: 'nothing' });
      if (check.sectorsWritten !== 0) throw new Error('the delta flash left wrong bytes');
      console.log(
        `${name}: write ${rate.toFixed(0)} B/s = ${((100 * rate) / limit).toFixed(1)} % of ${limit.toFixed(0)} B/s, ` +
          `median sector ${median.toFixed(0)} B/s = ${((100 * median) / limit).toFixed(1)} %; ` +
          `full with verify ${full.seconds.toFixed(2)} s; stm32flash -v -w ${seconds.toFixed(2)} s; ` +
          `one layer (${layerBytes} B, ${delta.sectorsWritten} sectors) ${delta.seconds.toFixed(2)} s = ` +
          `${(seconds / delta.seconds).toFixed(1)} times faster than stm32flash`,
      );
    });
  }
}
