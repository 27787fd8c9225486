import test from 'ava';
import { openProcessPort } from './process-port.js';

const options = { install: 'install it' };
const program = (script: string) => openProcessPort(process.execPath, ['-e', script], options);

test('bytes go through a program and come back', async (t) => {
  const port = await openProcessPort('cat', [], options);
  const received: number[] = [];
  const echoed = new Promise<void>((resolve) =>
    port.onData((bytes) => {
      received.push(...bytes);
      if (received.length === 256) resolve();
    }),
  );
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  await port.write(all);
  await echoed;
  t.deepEqual(received, [...all]);
  t.false(await port.setLines({ dtr: true }));
  await port.close();
  await port.close();
  await t.throwsAsync(port.write(all), { code: 'E_PORT' });
});

test('a program that ends takes the line with it, and its last words are told', async (t) => {
  const port = await program('setTimeout(() => { console.error("no memory"); process.exit(3) }, 50)');
  const error = await new Promise<Error>((resolve) => port.onLost(resolve));
  t.regex(error.message, /ended with status 3: no memory/);
});

test('close does not count as a loss', async (t) => {
  const port = await program('setInterval(() => {}, 1000)');
  port.onLost(() => t.fail());
  await port.close();
  t.pass();
});

test('a program that is not there is E_TOOL_MISSING', async (t) => {
  await t.throwsAsync(openProcessPort('no-such-program', [], options), { code: 'E_TOOL_MISSING' });
});
