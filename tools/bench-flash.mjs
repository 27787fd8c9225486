/**
 * How fast the flasher is against a virtual STM32L4R5 paced to 115,200 baud 8E1, beside stm32flash on the same line.
 * Usage: npx tsc && node tools/bench-flash.mjs [--quick] [NETWORK.tflite...]. Needs socat and stm32flash.
 * A network is built for nucleo-l4r5zi twice, the second time with other weights in its largest layer; `stm32flash -v -w` flashes
 * the second image, ours goes from the first to the second: through the ROM bootloader, and through the resident loader's own C
 * (runtime-c/test/loader_device.c) at 115,200 and at 921,600 baud behind the same kind of terminal and pacing. The loader's line is
 * paced at the ROM bootloader's 11 bits to the byte, one more than its 8N1 takes.
 *
 * Flash itself costs no time here: the figure of merit is the line's limit, 256 bytes per 268 byte times = 10,004 B/s.
 * Other work on the machine counts against the figures: run it on an idle one.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { assetPath } from '../dist/src/base/assets.js';
import { openProcessPort } from '../dist/src/base/process-port.js';
import { openSerialPort } from '../dist/src/base/serial-port.js';
import { bitsPerByte, maxBlockBytes, writeFrameBytes } from '../dist/src/flash/an3155.js';
import { chipByPid } from '../dist/src/flash/chips.js';
import { flashImage } from '../dist/src/flash/flash-image.js';
import { preciseClock } from '../dist/src/flash/line-clock.js';
import { flashThroughLoader } from '../dist/src/flash/loader-client.js';
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

/** The resident loader for this machine. */
async function buildLoader(folder) {
  const program = join(folder, 'loader_device');
  const sources = ['rf_wire.c', 'rf_loader.c', 'rf_serve.c', join('test', 'loader_device.c')];
  const includes = ['-I', assetPath('runtime-c'), '-I', assetPath('runtime-c', 'test')];
  const files = sources.map((name) => assetPath('runtime-c', name));
  await run('cc', ['-std=c99', '-O2', '-DRF_WIRE_DATA_BYTES=2048', ...includes, ...files, '-o', program]);
  return program;
}

/** Flashes both images in turn through a resident loader with the L4R5's sectors and flash words, on a line of `baud`. */
async function throughLoader(program, folder, baud, base, images) {
  const bytes = 256 * 1024;
  const wordBytes = 8;
  const file = join(folder, `flash-${baud}`);
  const state = Buffer.alloc(16 + bytes + bytes / wordBytes);
  state.fill(0xff, 16, 16 + bytes);
  writeFileSync(file, state);
  const args = [file, base, bytes, wordBytes, 1, sectorBytes, -1, 0].map(String);
  const line = await openPtyLine();
  const device = pacePort(line.device, baud, preciseClock, await line.measureTransport());
  const board = await openProcessPort(program, args, { install: 'build it' });
  device.onData((chunk) => board.write(chunk).catch(() => {}));
  board.onData((chunk) => device.write(chunk).catch(() => {}));
  const port = await openSerialPort(line.path, { baudRate: baud });
  try {
    const results = [];
    for (const image of images) {
      results.push(await flashThroughLoader(port, image, base));
      const kept = readFileSync(file).subarray(16, 16 + image.length);
      if (!kept.equals(image)) throw new Error('the loader left wrong bytes');
    }
    return results;
  } finally {
    await port.close();
    await board.close();
    await line.close();
  }
}

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
    const program = await buildLoader(folder);
    for (const baud of [115_200, 921_600]) {
      const images = [before.bytes, after.bytes];
      const [full, delta] = await throughLoader(program, folder, baud, before.at, images);
      const times = (result) =>
        `${result.seconds.toFixed(2)} s = ${(seconds / result.seconds).toFixed(1)} times faster`;
      console.log(
        `  resident loader at ${baud} baud: whole image ${times(full)} than stm32flash at ${baudRate}; ` +
          `that layer, ${delta.sectorsWritten} sectors of ${full.sectorsWritten}: ${times(delta)}`,
      );
    }
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
