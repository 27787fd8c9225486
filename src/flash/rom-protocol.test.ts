/** The protocol step by step on plain memory ports, and what is left of it when the other side sends anything at all. */
import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../base/error.js';
import { memoryPorts } from '../base/port.js';
import { ACK, commandCodes, commandFrame, NACK, writeDataFrame, xorOf } from './an3155.js';
import { BootloaderClient } from './bootloader-client.js';
import { chipByPid } from './chips.js';
import { entrySequences } from './entry-sequence.js';
import { VirtualClock } from './line-clock.js';
import { chooseFiller } from './resync.js';
import { RomEmulator } from './rom-emulator.js';
import { seededRandom } from './rom-faults.js';
import type { RomOptions } from './rom-options.js';
import { SimLine } from './sim-line.js';

/** A device and a function that sends it bytes and returns what it answers. */
function device(options: RomOptions = {}, pid = 0x413) {
  const [host, end] = memoryPorts();
  const rom = new RomEmulator(end, chipByPid(pid)!, options);
  rom.start();
  let received: number[] = [];
  host.onData((bytes) => received.push(...bytes));
  const ask = async (...bytes: number[]) => {
    received = [];
    await host.write(Uint8Array.from(bytes));
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
    return received;
  };
  return { rom, ask };
}

test('sync, a second sync byte, a third', async (t) => {
  const { ask } = device();
  t.deepEqual(await ask(0x7f), [ACK]);
  t.deepEqual(await ask(0x7f), []);
  t.deepEqual(await ask(0x7f), [NACK]);
});

test('a wrong first byte spoils the baud rate until a reset', async (t) => {
  const { rom, ask } = device();
  await ask(0x00);
  t.false((await ask(0x7f)).includes(ACK));
  rom.reset();
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.deepEqual(await ask(0x7f), [ACK]);
});

test('get, version, id', async (t) => {
  const { ask } = device();
  await ask(0x7f);
  t.deepEqual(await ask(0, 0xff), [
    ACK,
    11,
    0x31,
    0,
    1,
    2,
    0x11,
    0x21,
    0x31,
    0x44,
    0x63,
    0x73,
    0x82,
    0x92,
    ACK,
  ]);
  t.deepEqual(await ask(1, 0xfe), [ACK, 0x31, 0, 0, ACK]);
  t.deepEqual(await ask(2, 0xfd), [ACK, 1, 0x04, 0x13, ACK]);
  t.deepEqual(await ask(0x43, 0xbc), [NACK], 'old erase is not in the list');
});

test('a bad address: NACK from V3.1 on, silence before', async (t) => {
  const late = device();
  await late.ask(0x7f);
  await late.ask(0x11, 0xee);
  t.deepEqual(await late.ask(0x40, 0, 0, 0, 0x40), [NACK]);
  const early = device({ version: 0x30 });
  await early.ask(0x7f);
  await early.ask(0x11, 0xee);
  t.deepEqual(await early.ask(0x40, 0, 0, 0, 0x40), []);
  t.deepEqual(await early.ask(2, 0xfd), [ACK, 1, 0x04, 0x13, ACK]);
});

test('readout protection: one NACK or two; identification still works', async (t) => {
  for (const twoNacks of [false, true]) {
    const { ask } = device({ readoutProtected: true, twoNacks });
    await ask(0x7f);
    t.deepEqual(await ask(0x11, 0xee), twoNacks ? [NACK, NACK] : [NACK]);
    t.is((await ask(2, 0xfd))[0], ACK);
  }
});

test('a protected sector acknowledges what it does not do', async (t) => {
  const { rom, ask } = device({ protectedSectors: [0] });
  await ask(0x7f);
  await ask(...commandFrame(commandCodes.write));
  await ask(0x08, 0, 0, 0, 0x08);
  t.deepEqual(await ask(...writeDataFrame(Uint8Array.of(1, 2, 3, 4))), [ACK]);
  t.deepEqual([...rom.flash.read(0x08000000, 4)], [0xff, 0xff, 0xff, 0xff]);
});

test('programming only clears bits; an ECC word programmed twice is flagged', async (t) => {
  for (const [pid, flagged, value] of [
    [0x413, 0, 0x0c],
    [0x470, 1, 0x3c],
  ] as const) {
    const { rom, ask } = device({}, pid);
    await ask(0x7f);
    for (const byte of [0x3c, 0x0f]) {
      await ask(...commandFrame(commandCodes.write));
      await ask(0x08, 0, 0, 0, 0x08);
      t.deepEqual(await ask(...writeDataFrame(new Uint8Array(8).fill(byte))), [ACK]);
    }
    t.is(rom.flash.bytes[0], value);
    t.is(rom.flash.eccReprograms, flagged);
  }
});

test('a chip that does not bear reading between two writes loses the first 32 bytes of the second', async (t) => {
  const { rom, ask } = device({ readSpoilsNextWrite: true });
  const write = async (page: number) => {
    await ask(...commandFrame(commandCodes.write));
    await ask(0x08, 0, page, 0, 0x08 ^ page);
    t.deepEqual(await ask(...writeDataFrame(new Uint8Array(64).fill(1))), [ACK]);
  };
  await ask(0x7f);
  await write(0);
  await ask(0x11, 0xee);
  await ask(0x08, 0, 0, 0, 0x08);
  await ask(0x3f, 0xc0);
  await write(1);
  await write(2);
  const lost = [0, 1, 2].map(
    (page) => rom.flash.read(0x08000000 + 256 * page, 64).filter((b) => b === 0xff).length,
  );
  t.deepEqual(lost, [0, 32, 0]);
});

test('the filler completes no frame that changes memory, whatever was lost', (t) => {
  const random = seededRandom(3);
  for (let i = 0; i < 200; i++) {
    const frame = writeDataFrame(
      Uint8Array.from({ length: 1 + (i % 250) }, () => Math.floor(random() * 256)),
    );
    const filler = chooseFiller(frame, true);
    for (let lost = 0; lost < frame.length; lost++) {
      const arrived = [...frame.slice(0, lost), ...frame.slice(lost + 1)];
      const count = arrived[0]! + 1;
      const complete = [...arrived, ...new Array<number>(258).fill(filler)].slice(0, count + 2);
      // A lost count byte makes data the count: then 255 of 256 checksums fail, as on any line.
      if (lost > 0) t.not(xorOf(complete), 0, `byte ${lost} of ${frame.length}`);
    }
  }
  const filler = chooseFiller(new Uint8Array(0), true);
  t.not(xorOf(new Array<number>(filler + 3).fill(filler)), 0, 'write data made of fillers only');
  t.not(
    xorOf(new Array<number>(2 * (filler * 257 + 1) + 3).fill(filler)),
    0,
    'an erase made of fillers only',
  );
  t.is(xorOf(new Array<number>(0x7f + 3).fill(0x7f)), 0, '0x7F would be a valid write');
});

test('entry sequences are data that every one of them plays on any port', (t) => {
  t.is(new Set(entrySequences.map((s) => s.name)).size, entrySequences.length);
  for (const { enter, leave } of entrySequences) {
    const final = (steps: typeof enter) =>
      Object.assign({}, ...steps.map((s) => s.lines)) as Record<string, boolean>;
    t.notDeepEqual(final(enter), final(leave));
    t.true([...enter, ...leave].every((step) => step.waitMs > 0 && step.waitMs < 1000));
  }
});

test('fuzz: the device survives any bytes, programs nothing by them, and answers once it is reset', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), async (chunks) => {
      const clock = new VirtualClock();
      const line = new SimLine(clock);
      const rom = new RomEmulator(line.device, chipByPid(0x470)!, { clock, control: line });
      rom.start();
      const host = await line.open();
      await host.write(Uint8Array.of(0x7f));
      for (const chunk of chunks) await host.write(chunk);
      const client = new BootloaderClient(host, { clock, entry: entrySequences[0]! });
      const { pid } = await client.connect();
      rom.stop();
      return pid === 0x470 && rom.flash.bytes.every((byte) => byte === 0xff);
    }),
    { numRuns: 200 },
  );
  t.pass();
});

test('fuzz: a client that meets noise ends with one of our errors, in time', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.uint8Array({ maxLength: 12 })), async (answers) => {
      const clock = new VirtualClock();
      const line = new SimLine(clock);
      const answer = answers[Symbol.iterator]();
      line.device.onData(() => void line.device.write(answer.next().value ?? Uint8Array.of(ACK)));
      const client = new BootloaderClient(await line.open(), { clock });
      try {
        await client.connect();
      } catch (error) {
        if (!(error instanceof ReflowError)) throw error;
      }
      return clock.now() < 400_000;
    }),
    { numRuns: 60 },
  );
  t.pass();
});
