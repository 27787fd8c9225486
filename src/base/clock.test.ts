import test from 'ava';
import { clock, FakeClock } from './clock.js';

test('the real clock sleeps about as long as it is told', async (t) => {
  const before = clock.nowMs();
  await clock.sleep(20);
  const passed = clock.nowMs() - before;
  t.true(passed >= 19, `${passed}`);
  t.true(Math.abs(Date.parse(clock.timestamp()) - Date.now()) < 1000);
});

test('the fake clock moves only when someone sleeps', async (t) => {
  const fake = new FakeClock();
  await fake.sleep(60_000);
  t.is(fake.nowMs(), 60_000);
  t.is(fake.timestamp(), '1970-01-01T00:01:00.000Z');
});
