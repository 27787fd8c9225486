import test from 'ava';
import fc from 'fast-check';
import { ReflowError } from '../../base/error.js';
import { cut, cutPlaces, utf8 } from './chunks.fixture.js';
import { type CsvOptions, EnergyCsvDecoder } from './energy-csv.js';
import { lostSamples } from './energy-trace.js';
import { cutWindow } from './energy-window.js';

function decode(text: string, options: CsvOptions = {}) {
  const decoder = new EnergyCsvDecoder(options);
  decoder.push(text);
  return decoder.finish();
}

const joulescope = `#time,current,voltage,power,charge,energy
0.0,0.399422,4.74572,1.89553,0,0
0.5,0.400691,4.74479,1.90114,0.200345,0.950568
1.0,NaN,NaN,NaN,NaN,NaN
1.5,0.399461,4.74573,1.89572,0.599772,2.84609
`;

test('Joulescope statistics: power, and NaN is a lost reading', (t) => {
  const trace = decode(joulescope);
  t.is(trace.source, 'joulescope-csv');
  t.deepEqual([...trace.samples], [1.89553, 1.90114, 1.89572]);
  t.deepEqual(trace.gaps, [{ beforeSample: 2, lostSamples: 1 }]);
  t.is(cutWindow(trace, 0, 1.5)!.lostSamples, 1);
  t.is(cutWindow(trace, 0, 0.4)!.lostSamples, 0);
});

test('Otii: quoted names with units, current times voltage, a marker column', (t) => {
  const trace = decode(
    '"Timestamp (s)","Arc Main Current (mA)","Arc Main Voltage (V)","Arc Main Energy (J)","GPI 1"\n' +
      '10,100,3.0,0,1\n10.1,200,3.0,0.03,0\n10.2,300,3.0,0.09,1\n10.3,300,3.0,0.18,0\n',
  );
  t.is(trace.source, 'otii-csv');
  t.true([0.3, 0.6, 0.9, 0.9].every((watts, i) => Math.abs(trace.samples[i]! - watts) < 1e-12));
  t.deepEqual(
    trace.edges.map((edge) => edge.timeS.toFixed(3)),
    ['0.100', '0.300'],
  );
});

test('energy only, wall clock, semicolons with decimal commas, current with a given voltage', (t) => {
  const energy = decode(
    '"Wall-clock time (UTC)","Arc Main Energy (mWh)"\n2024-05-01 10:00:00.000,1\n2024-05-01 10:00:01.500,2\n',
  );
  t.is(energy.quantity, 'joules');
  t.true(Math.abs(cutWindow(energy, 0, 1.5)!.energyUj - 3.6e6) < 1e-3);
  const comma = decode('Time (ms);Power (mW)\n0;1,5\n10;2,5\n');
  t.deepEqual([...comma.samples], [0.0015, 0.0025]);
  t.true(Math.abs(cutWindow(comma, 0, 0.01)!.energyUj - 20) < 1e-9);
  const microamps = decode('time,current (uA)\n0,10\n1,20\n', { volts: 2 });
  t.true([2e-5, 4e-5].every((watts, i) => Math.abs(microamps.samples[i]! / watts - 1) < 1e-12));
  t.throws(() => decode('time,current (uA)\n0,10\n'), { code: 'E_INPUT' });
});

test('rows that go back in time or are cut short are lost, not believed', (t) => {
  const trace = decode('version 1\n\ntime,power\n0,1\n2,1\n1,9\n3\n4,1\nx,1\n5,1e999\n6,2\n');
  t.deepEqual([...trace.samples], [1, 1, 1, 2]);
  t.is(lostSamples(trace), 4);
  t.true(trace.warnings.length > 0);
});

test('unknown units and missing headers are refused, not guessed', (t) => {
  for (const text of ['', '0,1\n1,2\n', 'time,power (furlong)\n0,1\n', 'a,b\n1,2\n', 'x\n'.repeat(100)]) {
    t.throws(() => decode(text), { instanceOf: ReflowError, code: 'E_INPUT' });
  }
});

test('chunks decode like the whole; garbage gives E_INPUT or a finite trace', (t) => {
  const piece = fc.oneof(
    fc.constantFrom(
      joulescope,
      'time,power\n',
      '1,2\n',
      '"',
      ';',
      '1e308,1e308\n',
      'time;energy (J);gpi[0]\n',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), cutPlaces, (pieces, places) => {
      const bytes = utf8(pieces.join(''));
      const run = (chunks: Uint8Array[]) => {
        try {
          const decoder = new EnergyCsvDecoder({ volts: 3 });
          for (const chunk of chunks) decoder.push(chunk);
          return decoder.finish();
        } catch (error) {
          t.true(error instanceof ReflowError && error.code === 'E_INPUT');
          return 'refused';
        }
      };
      t.deepEqual(run(cut(bytes, places)), run([bytes]));
    }),
    { numRuns: 400 },
  );
});
