/** Sensors on the board itself: INA3221, tegrastats, pmic_read_adc, and the polling over them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { cut, cutPlaces, utf8 } from './chunks.fixture.js';
import { lostSamples } from './energy-trace.js';
import { cutWindow } from './energy-window.js';
import { diskTree, memoryTree } from './file-tree.js';
import { findIna3221, readIna3221 } from './ina3221.js';
import { PmicAdcDecoder, parsePmicAdc } from './pmic-adc.js';
import { pollPower } from './poll-power.js';
import { ina3221Sensor, PolledMeter, pmicSensor } from './polled-meter.js';
import { modulePower } from './power-rails.js';
import { parseTegrastatsLine, TegrastatsDecoder } from './tegrastats.js';

const hwmon = '/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3';
const orin = {
  '/sys/bus/i2c/drivers/ina3221/bind': '',
  [`${hwmon}/in1_label`]: 'VDD_IN\n',
  [`${hwmon}/in1_input`]: '4968\n',
  [`${hwmon}/curr1_input`]: '788\n',
  [`${hwmon}/in2_label`]: 'VDD_CPU_GPU_CV\n',
  [`${hwmon}/in2_input`]: '4960\n',
  [`${hwmon}/curr2_input`]: '120\n',
  [`${hwmon}/in3_label`]: 'NC\n',
  [`${hwmon}/in3_input`]: '0\n',
  [`${hwmon}/curr3_input`]: '0\n',
  [`${hwmon}/in7_label`]: 'sum of shunt voltages\n',
  [`${hwmon}/in7_input`]: '5\n',
};
const iio = '/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0';
const nano = {
  [`${iio}/rail_name_0`]: 'POM_5V_IN\n',
  [`${iio}/in_power0_input`]: '2545\n',
  [`${iio}/rail_name_1`]: 'POM_5V_GPU\n',
  [`${iio}/in_voltage1_input`]: '5000\n',
  [`${iio}/in_current1_input`]: '8\n',
};

test('INA3221: both layouts, unused channels left out, input rail taken as the total', async (t) => {
  for (const [files, names, watts] of [
    [orin, ['VDD_IN', 'VDD_CPU_GPU_CV'], 4.968 * 0.788],
    [nano, ['POM_5V_IN', 'POM_5V_GPU'], 2.545],
  ] as const) {
    const tree = memoryTree(files);
    const rails = await findIna3221(tree);
    t.deepEqual(
      rails.map((rail) => rail.name),
      [...names],
    );
    t.true(Math.abs(modulePower((await readIna3221(tree, rails))!)!.watts - watts) < 1e-9);
  }
  await t.throwsAsync(findIna3221(memoryTree({})), { code: 'E_DEVICE' });
});

test('INA3221: a file that cannot be read or holds no number spoils the reading, not the program', async (t) => {
  const rails = await findIna3221(memoryTree(orin));
  for (const value of ['', 'EAGAIN', '12.5.1', 'NaN']) {
    t.is(await readIna3221(memoryTree({ ...orin, [`${hwmon}/curr2_input`]: value }), rails), null);
  }
  const { [`${hwmon}/in1_input`]: _, ...without } = orin;
  t.is(await readIna3221(memoryTree(without), rails), null);
});

test('INA3221: the same tree on a disk', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'ina3221-'));
  for (const [path, content] of Object.entries(nano)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const tree = diskTree(root);
  t.deepEqual(
    await readIna3221(tree, await findIna3221(tree)),
    await readIna3221(memoryTree(nano), await findIna3221(memoryTree(nano))),
  );
  rmSync(root, { recursive: true });
});

const orinLine =
  '06-18-2025 11:25:24 RAM 3452/7620MB (lfb 25x4MB) SWAP 1518/16384MB (cached 174MB) CPU [1%@1420,2%@1420] GR3D_FREQ 0% ' +
  'cpu@50.031C tj@50.25C VDD_IN 4824mW/4830mW VDD_CPU_GPU_CV 518mW/518 VDD_SOC 1475mW/1475mW';
const nanoLine =
  'RAM 1655/3956MB (lfb 311x4MB) SWAP 0/1978MB (cached 0MB) IRAM 0/252kB(lfb 252kB) CPU [12%@102] EMC_FREQ 3%@1600 ' +
  'GR3D_FREQ 0%@76 APE 25 PLL@36.5C POM_5V_IN 2132/2140 POM_5V_GPU 78/78 POM_5V_CPU 275/275';

test('tegrastats: rails of Orin and Nano lines, with and without units; memory is no rail', (t) => {
  t.deepEqual(parseTegrastatsLine(orinLine), [
    { name: 'VDD_IN', watts: 4.824 },
    { name: 'VDD_CPU_GPU_CV', watts: 0.518 },
    { name: 'VDD_SOC', watts: 1.475 },
  ]);
  t.deepEqual(
    parseTegrastatsLine(nanoLine).map((rail) => rail.name),
    ['POM_5V_IN', 'POM_5V_GPU', 'POM_5V_CPU'],
  );
});

test('tegrastats: chunks, broken lines and garbage', (t) => {
  const line = fc.oneof(
    fc.constantFrom(orinLine, nanoLine, '', 'VDD_SOC 12mW/13mW', orinLine.slice(0, 200)),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), cutPlaces, (lines, places) => {
      const bytes = utf8(lines.join('\n'));
      const run = (chunks: Uint8Array[]) => {
        const decoder = new TegrastatsDecoder(100);
        for (const chunk of chunks) decoder.push(chunk);
        return decoder.finish();
      };
      const whole = run([bytes]);
      t.deepEqual(run(cut(bytes, places)), whole);
      t.is(
        whole.samples.length + lostSamples(whole),
        lines
          .join('\n')
          .split('\n')
          .filter((text) => text.replace(/\r$/, '').trim() !== '').length,
      );
    }),
  );
});

/** Readings of a Pi 5 under load; the numbers in parentheses do not pair (16 with 19, 17 with 20). */
const pi5 = `     3V7_WL_SW_A current(0)=0.05855580A
       3V3_SYS_A current(1)=0.06148359A
       1V8_SYS_A current(2)=0.13272650A
      DDR_VDD2_A current(3)=0.13955800A
      DDR_VDDQ_A current(4)=0.00980400A
       1V1_SYS_A current(5)=0.19811380A
        0V8_SW_A current(6)=0.34157550A
      VDD_CORE_A current(7)=5.03652000A
       3V3_DAC_A current(17)=0.00006105A
       3V3_ADC_A current(18)=0.00054945A
       0V8_AON_A current(16)=0.00531135A
          HDMI_A current(22)=0.02161170A
     3V7_WL_SW_V volt(8)=3.61069200V
       3V3_SYS_V volt(9)=3.29982600V
       1V8_SYS_V volt(10)=1.81684800V
      DDR_VDD2_V volt(11)=1.10109800V
      DDR_VDDQ_V volt(12)=0.60366240V
       1V1_SYS_V volt(13)=1.10292900V
        0V8_SW_V volt(14)=0.80292960V
      VDD_CORE_V volt(15)=0.89369880V
       3V3_DAC_V volt(20)=3.29944700V
       3V3_ADC_V volt(21)=3.30402600V
       0V8_AON_V volt(19)=0.79618980V
          HDMI_V volt(23)=4.92450000V
         EXT5V_V volt(24)=4.92450000V
          BATT_V volt(25)=0.00341880V
`;

test('pmic_read_adc: rails pair by name', (t) => {
  const reading = parsePmicAdc(pi5)!;
  t.is(reading.rails.length, 12);
  t.deepEqual([reading.inputVolts, reading.unpaired], [4.9245, []]);
  const aon = reading.rails.find((rail) => rail.name === '0V8_AON')!;
  t.true(Math.abs(aon.watts - 0.00531135 * 0.7961898) < 1e-12);
  t.true(Math.abs(reading.totalWatts - 5.921612227) < 1e-8);
  const shuffled = pi5.trimEnd().split('\n').reverse().join('\n');
  t.true(Math.abs(parsePmicAdc(shuffled)!.totalWatts - reading.totalWatts) < 1e-12);
});

test('pmic_read_adc: other boards, missing channels, streams and garbage', (t) => {
  t.is(parsePmicAdc('error=1 error_msg="Command not registered"\n'), null);
  t.deepEqual(parsePmicAdc(pi5.replace(/.*HDMI_V.*\n/, ''))!.unpaired, ['HDMI']);
  t.is(parsePmicAdc(' A_A current(1)=nanA\n A_V volt(2)=1.0V\n'), null);
  const decoder = new PmicAdcDecoder();
  const readings = cut(utf8(pi5.repeat(3)), [0.2, 0.21, 0.5, 0.77]).flatMap((chunk) => decoder.push(chunk));
  t.is([...readings, decoder.finish()!].filter((reading) => reading.rails.length === 12).length, 3);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...pi5.split('\n')), fc.string()), { maxLength: 60 }),
      (lines) => {
        const reading = parsePmicAdc(lines.join('\n'));
        t.true(reading === null || Number.isFinite(reading.totalWatts));
      },
    ),
  );
});

test('polling: failures and hanging sensors are counted, times rise, the end is kept', async (t) => {
  let calls = 0;
  const read = async () => {
    calls++;
    if (calls === 3) return null;
    if (calls === 4) throw new Error('EIO');
    if (calls === 5) return Number.NaN;
    if (calls === 6) return new Promise<number>(() => {});
    return 2;
  };
  const trace = await pollPower(read, { source: 'ina3221', periodMs: 5, durationMs: 250, readingMs: 40 });
  t.true(trace.samples.every((sample) => sample === 2));
  t.true(lostSamples(trace) >= 4);
  t.is(trace.warnings.length, 1);
  const ended = await pollPower(async () => 1, {
    source: 'ina3221',
    periodMs: 1,
    durationMs: 60_000,
    until: () => true,
  });
  t.is(ended.samples.length, 0);
});

test('meters on the board: found, polled, stopped; absent ones say so', async (t) => {
  const watts = parsePmicAdc(pi5)!.totalWatts;
  for (const [sensor, expected] of [
    [ina3221Sensor(memoryTree(orin)), 4.968 * 0.788],
    [pmicSensor(async () => pi5), watts],
  ] as const) {
    const meter = new PolledMeter(sensor, 5);
    await meter.open();
    await meter.start();
    await meter.acquire(300);
    const trace = await meter.stop();
    await meter.close();
    t.true(trace.samples.length >= 2);
    t.true(trace.samples.every((sample) => Math.abs(sample - expected) < 1e-9));
    const times = trace.clock.kind === 'stamped' ? trace.clock.timesS : [];
    const window = cutWindow(trace, times[0]!, times.at(-1)!)!;
    t.true(Math.abs(window.averagePowerUw / (expected * 1e6) - 1) < 1e-9);
  }
  await t.throwsAsync(new PolledMeter(ina3221Sensor(memoryTree({})), 5).open(), { code: 'E_DEVICE' });
  await t.throwsAsync(
    new PolledMeter(
      pmicSensor(async () => 'error=1'),
      5,
    ).open(),
    { code: 'E_DEVICE' },
  );
});
