import test from 'ava';
import { type ErrorCode, errorCodes } from '../../base/error.js';
import { outcomes, type Stage, verdictOn } from './outcome.js';

test('every error in every stage has a verdict, and the classes of the campaign are reached', (t) => {
  const stages: Stage[] = ['plan', 'build', 'reference', 'flash', 'boot', 'verify', 'profile'];
  const seen = new Set<string>();
  for (const code of Object.keys(errorCodes) as ErrorCode[])
    for (const stage of stages) seen.add(verdictOn(code, stage).outcome);
  // `done` and `noisy` come from a result.
  t.deepEqual([...seen].sort(), outcomes.filter((one) => one !== 'done' && one !== 'noisy').sort());
});

test('what fails on every board is not tried again; what a sick board may have caused is', (t) => {
  t.deepEqual(verdictOn('E_DOES_NOT_FIT', 'build'), { outcome: 'does not fit', fault: 'network' });
  t.deepEqual(verdictOn('E_UNSUPPORTED', 'plan'), { outcome: 'build', fault: 'network' });
  t.deepEqual(verdictOn('E_TIMEOUT', 'boot'), { outcome: 'no boot', fault: 'board' });
  t.deepEqual(verdictOn('E_TIMEOUT', 'profile'), { outcome: 'hang', fault: 'board' });
  t.deepEqual(verdictOn('E_PORT', 'verify'), { outcome: 'power lost', fault: 'board' });
  t.deepEqual(verdictOn('E_FLASH', 'flash'), { outcome: 'flash', fault: 'board' });
  t.is(verdictOn('E_TOOL_MISSING', 'build').fault, 'host');
});
