import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../../base/error.js';
import { inferencesSetting, isMeter, numberSetting, parseEnergySpec, windowsSetting } from './energy-spec.js';

test('meters and captures, with settings', (t) => {
  const lpm = parseEnergySpec('lpm01a:/dev/ttyACM1,volts=1.8,format=binary');
  t.like(lpm, { kind: 'lpm01a', place: '/dev/ttyACM1' });
  t.true(isMeter(lpm));
  t.is(numberSetting(lpm, 'volts', 3.3), 1.8);
  t.like(parseEnergySpec('ina3221'), { kind: 'ina3221', place: '' });
  const csv = parseEnergySpec('csv:a b.csv,n=4+5,windows=0.5-1+2-3.25');
  t.false(isMeter(csv));
  t.deepEqual(inferencesSetting(csv), [4, 5]);
  t.deepEqual(windowsSetting(csv), [
    { startS: 0.5, endS: 1 },
    { startS: 2, endS: 3.25 },
  ]);
});

test('a bare path is a capture by its name', (t) => {
  const kinds = ['x/run.csv', 'results.json', 'tegra.log', 'a/trace1-energy.bin', '../energy/kws', 'kws,n=3'];
  t.deepEqual(
    kinds.map((text) => parseEnergySpec(text).kind),
    ['csv', 'mlperf-results', 'tegrastats-log', 'trace', 'trace', 'trace'],
  );
});

test('what is wrong is E_USAGE with what there is', (t) => {
  const wrong: [string, RegExp][] = [
    ['lpm01a', /needs a place/],
    ['lpm01a:/dev/x,volt=3', /no setting volt=3.*volts=/],
    ['mlperf-results:x,n=3', /has none/],
    ['volt:3', /no energy source.*lpm01a/],
  ];
  for (const [text, pattern] of wrong)
    t.regex(t.throws(() => parseEnergySpec(text), { instanceOf: ReflowError })!.line, pattern);
  for (const settings of ['n=0', 'n=1.5', 'windows=3-2', 'windows=x']) {
    const spec = parseEnergySpec(`csv:x.csv,${settings}`);
    t.throws(() => [inferencesSetting(spec), windowsSetting(spec)], { instanceOf: ReflowError });
  }
  t.throws(() => numberSetting(parseEnergySpec('pmic,period=-1'), 'period', 1), { instanceOf: ReflowError });
});

test('any text is a spec or E_USAGE', (t) => {
  const words = fc.oneof(fc.string(), fc.constantFrom('csv:', 'lpm01a:', ',', 'n=', '=', '+', '-', '1'));
  fc.assert(
    fc.property(fc.array(words), (parts) => {
      try {
        const spec = parseEnergySpec(parts.join(''));
        inferencesSetting(spec);
        windowsSetting(spec);
      } catch (error) {
        t.true(error instanceof ReflowError && error.code === 'E_USAGE', String(error));
      }
    }),
  );
});
