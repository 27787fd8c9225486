/**
 * The record of a board's flash: what it saves, and that a record which is not true any more is found out. The board is a
 * virtual STM32U575 on a pseudo-terminal that waits in its ROM bootloader, flashed by the whole program.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { chipByPid } from '../flash/chips.js';
import { openPtyLine } from '../flash/pty-line.js';
import { RomEmulator } from '../flash/rom-emulator.js';
import { seededRandom } from '../flash/rom-faults.js';
import { FlashRecord } from '../store/flash-record.js';
import { openStore } from '../store/store.js';
import { flash } from './flash.js';
import { witnessesIn } from './flash-records.js';
import { silent } from './progress.js';
import type { FlashRequest } from './requests.js';
import type { FlashResult } from './results.js';

const missing = ['socat', 'arm-none-eabi-gcc'].filter(
  (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0,
);
if (missing.length > 0) console.warn(`flash records: skipped without ${missing.join(', ')}`);
const whole = missing.length === 0 ? test.serial : test.serial.skip;

const folder = mkdtempSync(join(tmpdir(), 'reflow-records-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const board = 'nucleo-u575zi-q';
const base = 0x08000000;
const application = base + 16_384;
const sectorBytes = 8192;

/** An image with a vector table and, in the first sector, 32 bytes that name its network. */
function image(seed: number, identity: number): Buffer {
  const random = seededRandom(seed);
  const bytes = Buffer.from(Uint8Array.from({ length: 10 * sectorBytes }, () => Math.floor(random() * 256)));
  bytes.writeUInt32LE(application + 257, 4);
  bytes.fill(identity, 64, 96);
  return bytes;
}

/** What `reflow build` says of such an image. */
function describe(bytes: Buffer): object {
  const zero = { flashBytes: 0, textBytes: 0, rodataBytes: 0, weightBytes: 0, ramBytes: 0, arenaBytes: 0 };
  const name = bytes.toString('hex', 64, 96);
  return {
    ...{
      name: 'net',
      board,
      target: 'cortex-m33',
      networks: [{ name: 'net', modelHash: name, planHash: name }],
    },
    ...{ elf: 'net.elf', bin: 'net.bin', hex: 'net.hex', map: 'net.map', plugin: null, address: application },
    ...{ ...zero, stackReserveBytes: 0, hash: 'c'.repeat(64) },
  };
}

async function flashOnto(
  path: string,
  bytes: Buffer,
  trust: FlashRequest['trust'] = 'sample',
): Promise<FlashResult> {
  writeFileSync(join(folder, 'net.bin'), bytes);
  writeFileSync(join(folder, 'net.image.json'), JSON.stringify(describe(bytes)));
  const image = join(folder, 'net.image.json');
  return flash(
    { image, port: path, board, via: 'rom', entry: null, store: join(folder, 'store.db'), trust },
    silent,
  );
}

whole(
  'only what differs is written, wear is counted, and a board that somebody else has flashed is found out',
  async (t) => {
    t.timeout(120_000);
    const line = await openPtyLine();
    const chip = chipByPid(0x482)!;
    const start = () => {
      const rom = new RomEmulator(line.device, chip);
      rom.start();
      return rom;
    };
    let rom = start();
    t.teardown(async () => {
      rom.stop();
      await line.close();
    });
    /** The same board after a reset into its bootloader, as Go has left it. */
    const again = () => {
      rom.stop();
      const fresh = new RomEmulator(line.device, chip);
      fresh.flash.preset(base, rom.flash.read(base, 2 ** 20));
      rom = fresh;
      rom.start();
    };
    const equal = (bytes: Uint8Array) => Buffer.from(bytes).equals(rom.flash.read(application, bytes.length));

    const first = image(1, 1);
    const full = await flashOnto(line.path, first);
    t.like(full, { verified: true, bytesTrusted: 0, mostErases: 1 });
    t.true(equal(first));

    // One sector differs: one is written, the others rest on the record.
    again();
    const second = Buffer.from(first);
    second.fill(7, 5 * sectorBytes, 6 * sectorBytes);
    const delta = await flashOnto(line.path, second);
    t.is(delta.bytesWritten, sectorBytes);
    t.true(delta.bytesTrusted > 8 * sectorBytes);
    t.false(delta.verified, 'nobody has read all of it');
    t.is(delta.mostErases, 2);
    t.true(equal(second));

    // Asked to trust nothing, all of it is read.
    again();
    t.like(await flashOnto(line.path, second, 'nothing'), {
      verified: true,
      bytesWritten: 0,
      bytesTrusted: 0,
    });

    // Somebody else's image, which differs in its name and in one byte of a sector that the next image has as recorded.
    again();
    const foreign = Buffer.from(second);
    foreign.fill(2, 64, 96);
    foreign[7 * sectorBytes + 2000]! ^= 1;
    rom.flash.bytes.set(foreign, application - base);
    const third = Buffer.from(second);
    third.fill(9, 3 * sectorBytes, 4 * sectorBytes);
    const found = await flashOnto(line.path, third);
    t.true(equal(third));
    t.like(found, { verified: true, bytesTrusted: 0 });

    const store = await openStore(join(folder, 'store.db'));
    const uid = await FlashRecord.lastOn(store.database, board, realpathSync(line.path));
    t.regex(uid!, /^[0-9a-f]{24}$/);
    const sectors = await new FlashRecord(store.database, uid!).sectors();
    t.is(sectors.find(({ address }) => address === application + 5 * sectorBytes)!.erases, 2);
    t.true(sectors.every(({ hash }) => hash !== null));
    await store.close();
  },
);

test('witnesses: the first bytes, the last ones, and where the image names its network', (t) => {
  const hash = 'ab'.repeat(32);
  const bytes = Buffer.alloc(1000, 1);
  Buffer.from(hash, 'hex').copy(bytes, 402, 0, 8);
  t.deepEqual(
    witnessesIn({ image: bytes, address: 0x100, identities: [hash, 'cd'.repeat(32)] }).map(
      ({ address, hex }) => [address, hex.length / 2],
    ),
    [
      [0x100, 32],
      [0x100 + 968, 32],
      [0x100 + 400, 32],
    ],
  );
  t.deepEqual(witnessesIn({ image: bytes, address: 0, identities: [] }), []);
});

test('a hash is void from before an erase until the sector is verified', async (t) => {
  const store = await openStore(join(folder, 'other.db'));
  t.teardown(() => store.close());
  const record = new FlashRecord(store.database, 'uid');
  await record.seen(board, '/dev/x');
  await record.verified(base, 'h1');
  await record.erasing(base);
  t.deepEqual(await record.sectors(), [{ address: base, hash: null, erases: 1 }]);
  await record.erasing(base);
  await record.verified(base, 'h2');
  t.deepEqual(await record.sectors(), [{ address: base, hash: 'h2', erases: 2 }]);
  await record.remember([{ address: 4, hex: 'ff' }]);
  t.deepEqual(await record.witnesses(), [{ address: 4, hex: 'ff' }]);
  t.is(await FlashRecord.lastOn(store.database, board, '/dev/x'), 'uid');
  await new FlashRecord(store.database, 'other').seen(board, '/dev/x');
  t.is(await FlashRecord.lastOn(store.database, board, '/dev/x'), 'other');
});
