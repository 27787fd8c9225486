/**
 * `reflow profile --energy` with a peer for each meter: the network runs on this machine, the peers tell a power that is
 * known, so what comes out is known too.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packageRoot } from '../../base/assets.js';
import { openPtyLine } from '../../flash/pty-line.js';
import { emulateLpm01a } from '../../profile/energy/lpm01a-emulator.js';
import { emulatePpk2, encodePpk2 } from '../../profile/energy/ppk2-emulator.js';
import { openStore } from '../../store/store.js';
import { profile } from '../profile.js';
import { silent } from '../progress.js';
import { planDefaults } from '../requests.js';
import { energy } from './energy.js';

const folder = mkdtempSync(join(tmpdir(), 'reflow-profile-energy-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const hasSocat = spawnSync('sh', ['-c', 'command -v socat']).status === 0;
if (!hasSocat) console.warn('profile --energy: LPM01A and PPK2 are skipped without socat');
const overPty = hasSocat ? test.serial : test.serial.skip;

const store = join(folder, 'store.db');
const run = (source: string | null, board = 'host') =>
  profile(
    {
      network: join(packageRoot(), 'networks', 'digits.tflite'),
      ...{
        board,
        port: null,
        plan: planDefaults,
        runs: 2,
        store,
        energy: source,
        windowSeconds: 0.4,
        modelled: false,
      },
    },
    silent,
  );

/** Five windows of a steady power: microjoules per inference are watts x seconds / inferences. */
async function steady(t: ExecutionContext, source: string, watts: number, tolerance: number) {
  const result = await run(source);
  const { energy: found } = result;
  t.is(found!.windows.length, 5);
  t.like(found, { source: 'measured', meter: source, lostEdges: 0 });
  // On a busy machine a sensor that is polled misses readings, and a window that missed many does not count.
  const counted = found!.windows.filter((window) => window.counted);
  t.true(counted.length >= 2, found!.warnings.join());
  const energies = counted
    .map(({ startS, endS, inferences }) => (watts * 1e6 * (endS - startS)) / inferences)
    .sort((a, b) => a - b);
  const middle = energies.length >> 1;
  const expected =
    energies.length % 2 === 1 ? energies[middle]! : (energies[middle - 1]! + energies[middle]!) / 2;
  t.true(Math.abs(found!.uJ / expected - 1) < tolerance, `${found!.uJ} is not ${expected}`);
  for (const { startS, endS } of found!.windows) t.true(endS - startS > 0.05);
  const opened = await openStore(store);
  const { measurements } = (await opened.readRun(result.runId))!;
  await opened.close();
  t.deepEqual(
    measurements
      .filter(({ metric }) => metric === 'energy')
      .map(({ value, unit, source: how }) => [value, unit, how]),
    [[found!.uJ, 'uJ', 'measured']],
  );
}

/** A program of one line on the disk. */
function script(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

function tree(root: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

overPty('LPM01A, ASCII and binary', async (t) => {
  t.timeout(120_000);
  const slots = 40_000;
  // 25 uJ each millisecond is 25 mW.
  const ascii = `${'0250-07\r\n'.repeat(slots)}`;
  const binary = new Uint8Array(slots * 2);
  // 0x52a0: 672 / 16^5 A, at 3.3 V.
  for (let i = 0; i < slots; i++) binary.set([0x52, 0xa0], 2 * i);
  for (const [settings, stream, watts] of [
    ['', new TextEncoder().encode(ascii), 0.025],
    [',format=binary', binary, (672 / 16 ** 5) * 3.3],
  ] as const) {
    const line = await openPtyLine();
    t.teardown(() => line.close());
    const peer = emulateLpm01a(line.device, stream);
    await steady(t, `lpm01a:${line.path}${settings}`, watts, 0.02);
    t.true(peer.commands.includes('pwr on nostatus') && peer.commands.at(-1) === 'hrc');
    t.true(peer.commands.includes('pwr off'));
    peer.close();
  }
});

overPty('PPK2', async (t) => {
  t.timeout(120_000);
  const line = await openPtyLine();
  t.teardown(() => line.close());
  const stream = encodePpk2(Array.from({ length: 600_000 }, () => ({ adc: 1000, range: 3 })));
  const peer = emulatePpk2(line.device, stream, 4096);
  const result = await run(`ppk2:${line.path},volts=3`);
  // Calibration turns 1000 counts of the second largest range into a current that the decoder's own tests know.
  const uj = result.energy!.windows.map(
    ({ uJ, inferences, startS, endS }) => (uJ * inferences) / (endS - startS),
  );
  t.true(Math.max(...uj) / Math.min(...uj) < 1.01);
  t.true(result.energy!.uJ > 0);
  // Started once, and the device is off at the end; commands may arrive together.
  const commands = () => peer.commands.flat();
  for (let waits = 0; waits < 50 && commands().at(-1) !== 0; waits++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  t.deepEqual(commands().slice(-2), [0x0c, 0]);
  t.is(commands().filter((byte) => byte === 0x06).length, 1);
  peer.close();
});

test.serial('INA3221, both layouts of sysfs', async (t) => {
  t.timeout(120_000);
  const hwmon = '/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3';
  const fresh = tree(join(folder, 'hwmon'), {
    [`${hwmon}/in1_label`]: 'VDD_IN\n',
    [`${hwmon}/in1_input`]: '5000\n',
    [`${hwmon}/curr1_input`]: '800\n',
  });
  await steady(t, `ina3221:${fresh}`, 4, 1e-6);
  const iio = '/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0';
  const old = tree(join(folder, 'iio'), {
    [`${iio}/rail_name_0`]: 'POM_5V_IN\n',
    [`${iio}/in_power0_input`]: '2545\n',
  });
  await steady(t, `ina3221:${old}`, 2.545, 1e-6);
});

test.serial('tegrastats and pmic_read_adc, as programs', async (t) => {
  t.timeout(120_000);
  const tegrastats = script(
    'tegrastats',
    'while :; do echo "RAM 1/2MB VDD_IN 3900mW/3922mW"; sleep 0.05; done',
  );
  await steady(t, `tegrastats:${tegrastats},period=50`, 3.9, 1e-6);
  const vcgencmd = script(
    'vcgencmd',
    'printf " VDD_CORE_A current(7)=2.00000000A\\n VDD_CORE_V volt(15)=0.80000000V\\n EXT5V_V volt(24)=5.1V\\n"',
  );
  await steady(t, `pmic:${vcgencmd}`, 1.6, 1e-6);
});

test.serial('captures: Joulescope and Otii CSV by edges or times, a log of tegrastats', async (t) => {
  const rows = Array.from({ length: 1001 }, (_, i) => {
    const s = i / 100;
    const low = [1, 3, 5, 7].some((edge) => s >= edge && s < edge + 0.1) ? 0 : 1;
    return `${s},0.010,3.0,${(0.03).toFixed(3)},0,0,${low}`;
  });
  const joulescope = join(folder, 'joulescope.csv');
  writeFileSync(joulescope, `#time,current,voltage,power,charge,energy,gpi0\n${rows.join('\n')}\n`);
  const byEdges = await energy({ capture: `${joulescope},n=100` }, silent);
  t.is(byEdges.windows.length, 2);
  t.is(byEdges.lostEdges, 0);
  // 30 mW over two seconds by 100 inferences.
  t.true(Math.abs(byEdges.medianUj! - 600) < 1);
  const byTimes = await energy({ capture: `${joulescope},n=50,windows=0-1+2-3+4-5+6-7+8-9` }, silent);
  t.is(byTimes.windows.length, 5);
  t.true(Math.abs(byTimes.medianUj! - 600) < 1);
  const otii = join(folder, 'otii.csv');
  const otiiRows = Array.from({ length: 501 }, (_, i) => `${i / 100},0.02,3.0`);
  writeFileSync(
    otii,
    `"Timestamp (s)","Arc Main Current (A)","Arc Main Voltage (V)"\n${otiiRows.join('\n')}\n`,
  );
  t.true(Math.abs((await energy({ capture: `${otii},n=10,windows=1-2` }, silent)).medianUj! - 6000) < 1);
  const log = join(folder, 'tegra.log');
  writeFileSync(log, 'RAM 1/2MB VDD_IN 4000mW/4000mW\n'.repeat(100));
  const tegra = await energy({ capture: `${log},n=10,period=100,windows=1-2+3-4` }, silent);
  t.true(Math.abs(tegra.medianUj! - 400_000) < 1);
  await t.throwsAsync(energy({ capture: joulescope }, silent), {
    code: 'E_USAGE',
    message: /how many inferences/,
  });
  await t.throwsAsync(energy({ capture: 'lpm01a:/dev/x' }, silent), { code: 'E_USAGE' });
});

const captures = join(packageRoot(), '..', 'shared', 'energy');
const names = existsSync(captures) ? readdirSync(captures) : [];
if (names.length === 0) console.warn('profile --energy: captures of ../shared/energy are absent, NOT tested');
(names.length === 0 ? test.serial.skip : test.serial)('EEMBC captures beside a profile', async (t) => {
  t.timeout(120_000);
  for (const name of names) {
    const capture = join(captures, name);
    const { medianUj, submittedUj, lostEdges } = await energy({ capture }, silent);
    t.true(Math.abs(medianUj! / submittedUj! - 1) < 1e-3, name);
    t.is(lostEdges, name.includes('lost_edge') ? 1 : 0);
  }
  const result = await run(`trace:${join(captures, names[0]!)}`, 'host');
  t.is(result.energy!.lostEdges, names[0]!.includes('lost_edge') ? 1 : 0);
});

test.serial('an emulator under a meter is refused, a meter that is not there is E_PORT', async (t) => {
  const root = tree(join(folder, 'none'), {});
  await t.throwsAsync(run(`ina3221:${root}`), { code: 'E_DEVICE', message: /INA3221/ });
  await t.throwsAsync(run('lpm01a:/dev/nothing'), { code: 'E_PORT' });
  await t.throwsAsync(run('nonsense:1'), { code: 'E_USAGE' });
});
