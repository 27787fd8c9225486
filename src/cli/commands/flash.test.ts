import test from 'ava';
import { call } from '../../../test/call-command.js';
import { sampleFlash } from '../../../test/sample-run.js';
import { flashCommand } from './flash.js';

test('flash takes a port, a board and a way, and says what it did', async (t) => {
  const { status, out, request } = await call(
    flashCommand,
    sampleFlash,
    'flash',
    'build',
    '--port',
    '/dev/x',
    '--via',
    'rom',
  );
  t.is(status, 0);
  t.deepEqual(request, {
    image: 'build',
    port: '/dev/x',
    board: null,
    via: 'rom',
    entry: null,
    store: '.reflow/store.db',
    trust: 'sample',
  });
  for (const pattern of [/flashed by loader/, /71,204 bytes in 3\.50 s/, /2 sectors/, /verified {2}yes/])
    t.regex(out, pattern);
  const blind = await call(
    flashCommand,
    { ...sampleFlash, verified: false, started: false },
    'flash',
    'x.bin',
  );
  t.regex(blind.out, /cannot tell/);
  t.regex(blind.out, /press reset/);
  t.is((await call(flashCommand, sampleFlash, 'flash', 'x', '--via', 'magic')).status, 2);
});
