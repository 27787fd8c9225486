import test from 'ava';
import { chips } from './chips.js';
import { entrySequences } from './entry-sequence.js';
import { FlashError } from './flash-error.js';
import { type FlashOptions, flashImage, type SectorEvent } from './flash-image.js';
import { VirtualClock } from './line-clock.js';
import { RomEmulator } from './rom-emulator.js';
import { seededRandom } from './rom-faults.js';
import type { RomOptions } from './rom-options.js';
import { SimLine } from './sim-line.js';

const adapter = entrySequences[0]!;

function virtualBoard(pid: number, options: RomOptions = {}, hasModemLines = true) {
  const clock = new VirtualClock();
  const line = new SimLine(clock, hasModemLines);
  const chip = chips.find((c) => c.pid === pid)!;
  const device = new RomEmulator(line.device, chip, { clock, control: line, ...options });
  device.start();
  const flash = async (image: Uint8Array, more: FlashOptions = {}, address = chip.flashBase) =>
    flashImage(await line.open(), image, address, { clock, entry: adapter, ...more });
  return { clock, line, chip, device, flash };
}

function randomImage(bytes: number, seed = 1): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
}

for (const chip of chips) {
  test(`flashes and verifies ${chip.name}`, async (t) => {
    const { device, flash } = virtualBoard(chip.pid);
    const image = randomImage(5003);
    const result = await flash(image);
    t.deepEqual(device.flash.read(chip.flashBase, image.length), image);
    t.true(result.verified);
    t.is(result.bytesTrusted, 0);
    t.is(device.flash.eccReprograms + device.flash.misaligned + device.flash.partialWords, 0);
    t.is(device.wordMode, chip.byteProgrammingDefault);
    t.is(device.overruns, 0);
    t.is(result.retries, 0);
  });
}
test('bank mode single of L4R5 erases 8 KiB pages, dual 4 KiB', async (t) => {
  for (const [bankMode, sectors] of [
    ['single', 1],
    ['dual', 2],
  ] as const) {
    const { flash } = virtualBoard(0x470, { bankMode });
    t.is((await flash(randomImage(8192))).sectorsWritten, sectors);
  }
});

test('uses the old erase command where the bootloader has no other', async (t) => {
  const { device, flash } = virtualBoard(0x413, { version: 0x22 });
  t.true((await flash(randomImage(300))).verified);
  t.is(device.commands.get(0x43), 1);
  t.is(device.commands.get(0x44), undefined);
});

test('a second flash of the same image writes nothing; of a changed one, only the changed sector', async (t) => {
  const { device, flash, chip } = virtualBoard(0x470);
  const image = randomImage(40_000);
  const first = await flash(image);
  t.is(first.sectorsWritten, 10);
  const again = await flash(image);
  t.is(again.bytesWritten, 0);
  t.is(again.bytesTrusted, 0);
  image[20_000]! ^= 0xff;
  const delta = await flash(image, { known: { uid: first.uid, hashes: first.hashes } });
  t.is(delta.sectorsWritten, 1);
  t.is(delta.bytesWritten, 4096);
  t.is(delta.bytesTrusted, 40_000 - 4096);
  t.true(delta.seconds < first.seconds / 5);
  t.deepEqual(device.flash.read(chip.flashBase, image.length), image);
  t.is(
    device.flash.wear.reduce((a, b) => a + b),
    11,
  );
});

test('a record of another board, and one that a foreign flash made stale, are not trusted', async (t) => {
  const { device, flash, chip } = virtualBoard(0x470);
  const image = randomImage(12_000);
  const first = await flash(image);
  for (const sector of device.flash.sectors.slice(0, 3)) device.flash.erase(sector.index);
  const hashes = first.hashes;
  t.is((await flash(image, { known: { uid: 'another', hashes } })).sectorsWritten, 3);
  device.flash.erase(1);
  t.is((await flash(image, { known: { uid: first.uid, hashes } })).sectorsWritten, 1);
  t.deepEqual(device.flash.read(chip.flashBase, image.length), image);
});

test('blocks of 0xFF are not written, and weights in sectors of their own stay when the program changes', async (t) => {
  const { flash, chip, device } = virtualBoard(0x480);
  const program = randomImage(3000);
  program.fill(0xff, 512, 2048);
  const weights = { name: 'weights', address: chip.flashBase + 8192, bytes: randomImage(20_000, 2) };
  const first = await flash(program, { segments: [weights] });
  t.is(first.bytesWritten, 512 + 3008 - 2048 + 20_000);
  program[0]! ^= 1;
  const events: SectorEvent[] = [];
  const second = await flash(program, { segments: [weights], onSector: (e) => events.push(e) });
  t.is(second.sectorsWritten, 1);
  t.deepEqual(
    events.filter((e) => e.kind === 'erasing').map((e) => e.index),
    [0],
  );
  t.is(events.filter((e) => e.kind === 'verified').length, 4);
  t.deepEqual(device.flash.read(weights.address, weights.bytes.length), weights.bytes);
});

test('Go starts the program at its address; an image without a vector table is not started', async (t) => {
  const image = randomImage(1000);
  new DataView(image.buffer).setUint32(4, 0x08000101, true);
  let started = 0;
  const { flash } = virtualBoard(0x413, {
    onGo: (address) => {
      started = address;
    },
  });
  t.true((await flash(image, { start: true })).started);
  t.is(started, 0x08000000);
  const other = virtualBoard(0x413);
  await t.throwsAsync(other.flash(new Uint8Array(64), { start: true }), {
    code: 'E_FLASH',
    message: /vector table/,
  });
});

async function finding(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'success';
  } catch (error) {
    return error instanceof FlashError ? error.finding : String(error);
  }
}

test('says what is wrong', async (t) => {
  const image = randomImage(600);
  const says = async (expected: string, options: RomOptions, lines = true) => {
    const board = virtualBoard(0x450, options, lines);
    board.device.flash.preset(board.chip.flashBase, new Uint8Array(4096).fill(0x12));
    t.is(await finding(board.flash(image)), expected, expected);
    t.is(board.device.flash.eccReprograms, 0);
  };
  await says('protected', { readoutProtected: true });
  await says('protected', { readoutProtected: true, twoNacks: true });
  await says('write-protected', { protectedSectors: [0] });
  await says('application', { startsInApplication: true }, false);
  await says('success', { startsInApplication: true }, true);
  await says('garbled', { mostBaud: 1200 });
  await says('success', { mostBaud: 57600 });
});

test('a protected sector that was blank is recognised', async (t) => {
  const { flash } = virtualBoard(0x450, { protectedSectors: [0] });
  t.is(await finding(flash(randomImage(600))), 'write-protected');
});

test('readout protection is found before anything is erased', async (t) => {
  const { device, flash } = virtualBoard(0x413, { readoutProtected: true });
  t.is(await finding(flash(randomImage(600))), 'protected');
  t.is(
    device.flash.wear.reduce((a, b) => a + b),
    0,
  );
});

test('nobody there', async (t) => {
  const clock = new VirtualClock();
  const line = new SimLine(clock);
  t.is(
    await finding(flashImage(await line.open(), randomImage(10), 0x08000000, { clock })),
    'nothing-answers',
  );
});

test('an impossible image is refused before anything is erased', async (t) => {
  const { flash, device } = virtualBoard(0x421);
  await t.throwsAsync(flash(new Uint8Array(512 * 1024 + 1)), { code: 'E_DOES_NOT_FIT' });
  await t.throwsAsync(flash(new Uint8Array(10), {}, 0x08000002), { code: 'E_INPUT' });
  t.is(
    device.flash.wear.reduce((a, b) => a + b),
    0,
  );
});

test('a pulled cable: goes on where it was', async (t) => {
  const { clock, line, device, flash, chip } = virtualBoard(0x470);
  const image = randomImage(20_000);
  clock.schedule(1500, () => {
    line.unplug();
    device.reset();
    clock.schedule(3000, () => line.plugIn());
  });
  const result = await flash(image, { reopen: () => line.open() });
  t.is(result.reconnects, 1);
  t.deepEqual(device.flash.read(chip.flashBase, image.length), image);
  t.is(device.flash.eccReprograms, 0);
  t.true(device.flash.wear.reduce((a, b) => a + b) <= 6);
});

test('a pulled cable that stays out ends in port-lost', async (t) => {
  const { clock, line, flash } = virtualBoard(0x470);
  clock.schedule(1500, () => line.unplug());
  t.is(await finding(flash(randomImage(20_000), { reopen: () => line.open() })), 'port-lost');
});

test('H74x V9.0: Go without its first ACK starts the program all the same', async (t) => {
  const image = randomImage(1000);
  new DataView(image.buffer).setUint32(4, 0x08000101, true);
  let started = false;
  const onGo = () => {
    started = true;
  };
  const { flash } = virtualBoard(0x450, { goWithoutFirstAck: true, onGo });
  t.true((await flash(image, { start: true })).started);
  t.true(started);
});

test('reading back between writes, which some chips do not bear, never happens', async (t) => {
  const { flash, device, chip } = virtualBoard(0x450, { readSpoilsNextWrite: true });
  const image = randomImage(5000);
  const result = await flash(image);
  t.deepEqual(device.flash.read(chip.flashBase, image.length), image);
  t.is(result.sectorsWritten, 1);
  t.is(device.flash.wear[0], 1);
});
