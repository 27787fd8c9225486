import test from 'ava';
import fc from 'fast-check';
import { int8Table, int16Table } from './lookup-table.js';

const scale = fc.record({
  scale: fc.double({ min: 1e-3, max: 1, noNaN: true }).map(Math.fround),
  zeroPoint: fc.integer({ min: -128, max: 127 }),
});

test('int8: every entry is the nearest quantised value, clamped', (t) => {
  fc.assert(
    fc.property(scale, scale, (input, output) => {
      const table = int8Table(input, output, Math.tanh);
      table.forEach((value, index) => {
        const real =
          Math.tanh(input.scale * (index - 128 - input.zeroPoint)) / output.scale + output.zeroPoint;
        const nearest = Math.max(-128, Math.min(127, real));
        t.true(Math.abs(value - nearest) <= 0.5001, `${index}: ${value} for ${nearest}`);
      });
    }),
    { numRuns: 50 },
  );
});

// TFLite's grid is off by up to one input step at its ends, on top of what the interpolation costs.
test('int16: interpolation is near a smooth function everywhere', (t) => {
  const input = { scale: Math.fround(10 / 65535), zeroPoint: 32767 };
  const output = { scale: Math.fround(2 / 65535), zeroPoint: 0 };
  const table = int16Table(input, output, Math.exp);
  t.is(table.length, 513);
  for (let x = -32768; x <= 32767; x += 37) {
    const at = 256 + (x >> 7);
    const value = table[at]! + ((table[at + 1]! - table[at]!) * (x & 127)) / 128;
    const real = Math.exp(input.scale * (x - input.zeroPoint)) / output.scale;
    const tolerance = 2 + real * input.scale;
    t.true(Math.abs(value - Math.min(real, 32767)) <= tolerance, `${x}: ${value} for ${real}`);
  }
});
