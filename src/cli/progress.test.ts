import { PassThrough } from 'node:stream';
import test from 'ava';
import { FakeClock } from '../base/clock.js';
import { plainProgress, terminalProgress } from './progress.js';

test('plain: a line at the beginning and one at the end, with seconds; failures too', async (t) => {
  const lines: string[] = [];
  const clock = new FakeClock();
  const progress = plainProgress((text) => lines.push(text), clock);
  const result = await progress.stage('build', async (say) => {
    say('linking');
    await clock.sleep(1234);
    return 7;
  });
  t.is(result, 7);
  await t.throwsAsync(
    progress.stage('flash', async () => {
      throw new Error('no');
    }),
    { message: 'no' },
  );
  t.deepEqual(lines, ['build ...\n', 'build: 1.23 s\n', 'flash ...\n', 'flash: failed after 0.00 s\n']);
});

test('terminal: the stage is shown, its result and its own error come through', async (t) => {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  const terminal = stream as unknown as NodeJS.WriteStream;
  let shown = '';
  stream.on('data', (chunk) => {
    shown += chunk;
  });
  const progress = terminalProgress(terminal);
  t.is(await progress.stage('compile the network', async () => 42), 42);
  const error = new Error('board is gone');
  t.is(await t.throwsAsync(progress.stage('flash', () => Promise.reject(error))), error);
  t.regex(shown, /compile the network/);
});
