import test from 'ava';
import { calibrations, chooseRange, int8Quant } from './choose-range.js';
import { ValueHistogram } from './value-histogram.js';

/** 20,000 values spread over [-1, 1), and one far out. */
function withOutlier(outlier: number): ValueHistogram {
  const seen = new ValueHistogram(1);
  seen.add(Float32Array.from({ length: 20_000 }, (_, i) => i / 10_000 - 1));
  seen.add(Float32Array.of(outlier));
  return seen;
}

test('min-max keeps an outlier, percentile leaves it out, no range is wider than what was seen', (t) => {
  const seen = withOutlier(5);
  t.deepEqual(chooseRange(seen, 'min-max'), [-1, 5]);
  t.true(chooseRange(seen, 'percentile')[1] < 1.01);
  t.true(chooseRange(seen, 'entropy')[1] <= 5);
  const peaked = new ValueHistogram(1);
  for (let i = 0; i < 5; i++) peaked.add(Float32Array.from({ length: 200_000 }, (_, k) => k / 100_000 - 1));
  peaked.add(Float32Array.of(5));
  t.true(chooseRange(peaked, 'mse')[1] < 4);
});

test('every range holds zero, and zero is exact', (t) => {
  const seen = new ValueHistogram(1);
  seen.add(Float32Array.of(3, 4, 5));
  for (const by of calibrations) {
    const [low, high] = chooseRange(seen, by);
    t.true(low <= 0 && high >= 0, by);
    t.is(int8Quant([low, high]).zeroPoints[0], -128);
  }
});

test('the histogram keeps its counts while it widens, and refuses what is not finite', (t) => {
  const seen = new ValueHistogram(2);
  t.true(seen.add(Float32Array.of(0.001, -1, 2, 1000)));
  t.is(
    seen.counts.reduce((sum, count) => sum + count, 0),
    4,
  );
  t.deepEqual([...seen.means].map(Math.round), [1, 500]);
  t.false(seen.add(Float32Array.of(Number.NaN, 1)));
  t.false(new ValueHistogram(1).add(Float32Array.of(Infinity)));
});
