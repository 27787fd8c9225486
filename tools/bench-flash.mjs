/**
 * How fast the flasher is against a virtual STM32L4R5 paced to 115,200 baud 8E1, beside stm32flash on the same line.
 * Usage: npx tsc && node tools/bench-flash.mjs [--quick] [NETWORK.tflite...]. Needs socat and stm32flash.
 * A network is built for nucleo-l4r5zi twice, the second time with other weights in its largest layer; `stm32flash -v -w` flashes
 * the second image, ours goes from the first to the second. (How fast the resident loader is at 921,600 baud:
 * `npx ava dist/src/flash/loader-client.test.js -m '*921*'`.)
 *
 * Flash itself costs no time here: the figure of merit is the line's limit, 256 bytes per 268 byte times = 10,004 B/s.
 * Other work on the machine counts against the figures: run it on an idle one.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
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
import { buildProject } from '../dist/src/flow/build.js';
import { writeProject } from '../dist/src/flow/compile.js';
import { importNetwork } from '../dist/src/flow/compile-graph.js';
import { planFor } from '../dist/src/flow/plan.js';
import { planDefaults } from '../dist/src/flow/requests.js';

const baudRate = 115_200;
const address = 0x08000000;
const sectorBytes = 4096;
const run = promisify(execFile);

const networks = process.argv.slice(2).filter((word) => word.endsWith('.tflite'));
if (networks.length === 0) await bench(process.argv.includes('--quick'));
for (const network of networks) await benchNetwork(network);

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

/** The bytes that `reflow build` links for a network, and where they go. */
async function linked(network, folder) {
  const planned = await planFor({ network, board: 'nucleo-l4r5zi', ...planDefaults });
  const project = join(folder, 'project');
  await writeProject(planned, project);
  const image = await buildProject(project);
  return { bytes: new Uint8Array(readFileSync(image.bin)), at: image.address };
}

async function benchNetwork(network) {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-bench-'));
  try {
    const original = readFileSync(network);
    const constants = importNetwork(original, 'net').tensors.flatMap(({ data }) => data ?? []);
    const layer = constants.reduce((best, data) => (data.length > best.length ? data : best));
    const changed = Buffer.from(original);
    const from = changed.indexOf(layer);
    // Neighbours change places, so that sums stay and the same kernels fit.
    for (let i = from; i + 1 < from + layer.length; i += 2) changed.subarray(i, i + 2).reverse();
    const path = join(folder, basename(network));
    writeFileSync(path, changed);
    const [before, after] = [await linked(network, folder), await linked(path, folder)];
    const seconds = await withDevice((line) => foreign(line, after.bytes));
    await withDevice(async (line) => {
      const flash = async (bytes, options) => {
        const port = await openSerialPort(line, { baudRate, parity: 'even' });
        try {
          return await flashImage(port, bytes, before.at, options);
        } finally {
          await port.close();
        }
      };
      const full = await flash(before.bytes, {});
      const delta = await flash(after.bytes, { known: { uid: full.uid, hashes: full.hashes } });
      const check = await flash(after.bytes, { trust: 'nothing' });
      if (check.sectorsWritten !== 0) throw new Error('the delta flash left wrong bytes');
      console.log(
        `${basename(network)} for nucleo-l4r5zi: ${after.bytes.length} bytes, stm32flash -v -w ${seconds.toFixed(2)} s; ` +
          `largest layer (${layer.length} B) changed: ${delta.sectorsWritten} sectors in ${delta.seconds.toFixed(2)} s = ` +
          `${(seconds / delta.seconds).toFixed(1)} times faster`,
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
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
