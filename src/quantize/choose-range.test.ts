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

test('min-max keeps an outlier, the others leave it out', (t) => {
  const seen = withOutlier(5);
  t.deepEqual(chooseRange(seen, 'min-max'), [-1, 5]);
  for (const by of ['percentile', 'entropy'] as const) t.true(chooseRange(seen, by)[1] < 4, by);
  t.true(chooseRange(withOutlier(1.5), 'mse')[1] <= 1.5);
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
