import { execFileSync } from 'node:child_process';
import test from 'ava';
import { openSerialPort } from '../base/serial-port.js';
import { chipByPid } from './chips.js';
import { diagnosePort, udevRule } from './diagnose.js';
import { VirtualClock } from './line-clock.js';
import { openPtyLine } from './pty-line.js';
import { RomEmulator } from './rom-emulator.js';
import type { RomOptions } from './rom-options.js';
import { SimLine } from './sim-line.js';

const chip = chipByPid(0x470)!;

async function diagnoseVirtual(
  options: RomOptions,
  setUp: (line: SimLine) => void = () => {},
  theChip = chip,
) {
  const clock = new VirtualClock();
  const line = new SimLine(clock, false);
  new RomEmulator(line.device, theChip, { clock, control: line, ...options }).start();
  setUp(line);
  const began = clock.now();
  const diagnosis = await diagnosePort('sim', { clock, open: () => line.open(), wiring: 'PA9 and PA10' });
  return { ...diagnosis, tookMs: clock.now() - began };
}

test('a board that waits is ready, and a second look finds it synchronised', async (t) => {
  const clock = new VirtualClock();
  const line = new SimLine(clock, false);
  new RomEmulator(line.device, chip, { clock, control: line, bankMode: 'single' }).start();
  const look = () => diagnosePort('sim', { clock, open: () => line.open() });
  const first = await look();
  t.like(first, { finding: 'ready', ok: true, chip: chip.name, flashBytes: 2 << 20, bankMode: 'single' });
  t.like(await look(), { finding: 'already-synced', ok: true, uid: first.uid });
});

test('tells the others apart, within a minute', async (t) => {
  const noParity = (line: SimLine) => {
    const { settings } = line;
    line.settings = () => ({ ...settings.call(line), parity: 'none' });
  };
  const cases = {
    application: await diagnoseVirtual({ startsInApplication: true }),
    protected: await diagnoseVirtual({ readoutProtected: true, twoNacks: true }),
    'wrong-parity': await diagnoseVirtual({}, noParity),
    'unknown-chip': await diagnoseVirtual({}, undefined, { ...chip, pid: 0x499 }),
    garbled: await diagnoseVirtual({ mostBaud: 1200 }),
  };
  for (const [finding, diagnosis] of Object.entries(cases)) {
    t.is(diagnosis.finding as string, finding, diagnosis.found);
    t.false(diagnosis.ok);
    t.true(diagnosis.tookMs < 60_000, `${finding} took ${diagnosis.tookMs} ms`);
  }
  t.is(cases.application.wiring, 'PA9 and PA10');
  t.is(cases.protected.wiring, undefined);
  t.regex(cases.application.found, /unknown command/);
});

test('nobody there', async (t) => {
  const clock = new VirtualClock();
  const line = new SimLine(clock, false);
  const diagnosis = await diagnosePort('sim', { clock, open: () => line.open(), wiring: 'PA9 and PA10' });
  t.like(diagnosis, { finding: 'nothing-answers', ok: false, wiring: 'PA9 and PA10' });
});

test('what opening a port can meet, by the real binding', async (t) => {
  t.is((await diagnosePort('/dev/does-not-exist')).finding, 'port-missing');
  t.is((await diagnosePort('/dev/null')).finding, 'not-serial');
});

test('no rights, with the udev rule', async (t) => {
  const open = async () => {
    throw new Error('Error: Permission denied, cannot open /dev/ttyACM0');
  };
  const diagnosis = await diagnosePort('/dev/ttyACM0', { open });
  t.like(diagnosis, { finding: 'no-rights', udevRule });
  t.regex(udevRule, /^SUBSYSTEM=="tty", ATTRS\{idVendor\}=="0483"/);
});

const hasSocat = (() => {
  try {
    execFileSync('socat', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

(hasSocat ? test : test.skip)('a port that another program holds is locked', async (t) => {
  const line = await openPtyLine();
  const other = await openSerialPort(line.path);
  t.is((await diagnosePort(line.path)).finding, 'port-locked');
  await other.close();
  await line.close();
});
