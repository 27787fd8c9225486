import test from 'ava';
import { ReflowError } from './error.js';
import { FakeProcesses, processes } from './processes.js';

const request = { timeoutMs: 10_000, install: 'install it' };

test('output and exit status come back', async (t) => {
  const script = 'process.stdout.write("out"); process.stderr.write("err"); process.exit(7)';
  const result = await processes.exec({ ...request, program: process.execPath, args: ['-e', script] });
  t.deepEqual(result, { status: 7, stdout: 'out', stderr: 'err' });
});

test('a missing program is E_TOOL_MISSING with the way to install it', async (t) => {
  const error = await t.throwsAsync(processes.exec({ ...request, program: 'no-such-program', args: [] }), {
    instanceOf: ReflowError,
  });
  t.is(error?.line, 'E_TOOL_MISSING: no-such-program is not installed. Next: install it');
});

test('a program that does not end is killed, even when a child of it holds the pipe', async (t) => {
  const started = Date.now();
  const run = processes.exec({
    ...request,
    program: 'sh',
    args: ['-c', 'sleep 5 & sleep 5'],
    timeoutMs: 200,
  });
  await t.throwsAsync(run, { code: 'E_TIMEOUT' });
  t.true(Date.now() - started < 3000);
});

test('a program gone wild does not fill the memory', async (t) => {
  const script = 'const b = Buffer.alloc(1 << 20, 65); for (let i = 0; i < 40; i++) process.stdout.write(b)';
  const result = await processes.exec({ ...request, program: process.execPath, args: ['-e', script] });
  t.true(result.stdout.length <= 16 * 1024 * 1024);
});

test('the fake records and answers', async (t) => {
  const fake = new FakeProcesses(({ program }) =>
    program === 'bad' ? new ReflowError('E_TOOL_MISSING', 'bad', 'x') : { stdout: program },
  );
  t.is((await fake.exec({ ...request, program: 'gcc', args: ['-v'] })).stdout, 'gcc');
  await t.throwsAsync(fake.exec({ ...request, program: 'bad', args: [] }), { code: 'E_TOOL_MISSING' });
  t.deepEqual(fake.requests[0]?.args, ['-v']);
});
