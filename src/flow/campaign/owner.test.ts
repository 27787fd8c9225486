import { spawn } from 'node:child_process';
import test from 'ava';
import { isDead, ownerName } from './owner.js';

test('a living process is not dead, a killed one is, one of another system may live', async (t) => {
  const own = ownerName('desk');
  t.regex(own, /^desk:/);
  t.false(isDead(own));
  const url = new URL('./owner.js', import.meta.url).href;
  const script = `console.log((await import(${JSON.stringify(url)})).ownerName('desk')); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const other = await new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk) => resolve(String(chunk).trim())),
  );
  t.false(isDead(other));
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  t.true(isDead(other));
  const [host, , pid, begin] = other.split(':');
  t.false(isDead([host, 'ffffffff.1', pid, begin].join(':')));
  t.false(isDead('nonsense'));
});
