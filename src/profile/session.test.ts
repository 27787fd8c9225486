import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { type ErrorCode, ReflowError } from '../base/error.js';
import { type MemoryPort, memoryPorts } from '../base/port.js';
import { encodeFrame, FrameReader, type Message } from '../base/wire.js';
import { makeBody } from './protocol.js';
import { Session } from './session.js';

const fast = { bootMs: 300, requestMs: 300, runMs: 300, resendMs: 30 };

const identity = makeBody([64, 2], [1, 1], [1, 1], [1, 4], [1, 4], [0, 4], [256, 4], [0, 4], text('fake'));

function text(value: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(value.length), Buffer.from(value)]);
}

/** The other end of a line: for each good request, the bytes to send back. */
function board(answer: (request: Message) => readonly Uint8Array[]): {
  host: MemoryPort;
  requests: Message[];
} {
  const [host, far] = memoryPorts();
  const reader = new FrameReader();
  const requests: Message[] = [];
  far.onData((bytes) => {
    for (const request of reader.push(bytes)) {
      if (!request) continue;
      requests.push(request);
      for (const frame of answer(request)) void far.write(frame);
    }
  });
  return { host, requests };
}

const reply = ({ type, sequence }: Message, body: Uint8Array) =>
  encodeFrame({ version: 1, type: type | 0x80, sequence, body });
const refuse = ({ type, sequence }: Message, code: number, detail: number) =>
  encodeFrame({ version: 1, type: 0xff, sequence, body: makeBody([code, 1], [type, 1], [detail, 4]) });

async function fails(
  t: ExecutionContext,
  answer: (request: Message) => readonly Uint8Array[],
  code: ErrorCode,
) {
  const { host } = board(answer);
  const error = await t.throwsAsync(Session.start(host, fast), { instanceOf: ReflowError });
  t.is(error?.code, code);
  t.notRegex(error?.message ?? '', /\n/);
  return error;
}

test('a board says what it is', async (t) => {
  const { host } = board((request) => [reply(request, identity)]);
  const session = await Session.start(host, fast);
  t.deepEqual(session.identity, {
    board: 'fake',
    dataBytes: 64,
    networkCount: 1,
    counterKind: 'instructions',
    ticks: 1,
    units: 1,
    clockHz: null,
    arenaBytes: 256,
    stackReserveBytes: null,
  });
});

test('a silent board is E_TIMEOUT, after several requests with one number', async (t) => {
  const { host, requests } = board(() => []);
  await t.throwsAsync(Session.start(host, fast), {
    code: 'E_TIMEOUT',
    message: /did not answer identify within 0.3 s/,
  });
  t.true(requests.length >= 3);
  t.is(new Set(requests.map(({ sequence }) => sequence)).size, 1);
});

test('a program that says something else is E_TIMEOUT or E_PROTOCOL, never a hang', async (t) => {
  await fails(t, () => [Buffer.from('m-ready\r\n')], 'E_TIMEOUT');
  await fails(t, () => [Buffer.from('m-ready\0')], 'E_PROTOCOL');
  await fails(t, (request) => [reply({ ...request, sequence: request.sequence ^ 1 }, identity)], 'E_TIMEOUT');
});

test('another version, a refusal and a malformed answer are told apart', async (t) => {
  await fails(
    t,
    (r) => [encodeFrame({ version: 2, type: 0x81, sequence: r.sequence, body: identity })],
    'E_PROTOCOL',
  );
  await fails(t, (r) => [refuse(r, 2, 9)], 'E_PROTOCOL');
  const refused = await fails(t, (r) => [refuse(r, 8, 0)], 'E_DEVICE');
  t.regex(refused?.message ?? '', /restarted/);
  await fails(t, (r) => [reply(r, identity.subarray(0, 9))], 'E_PROTOCOL');
  await fails(t, (r) => [reply(r, Buffer.concat([identity, Uint8Array.of(1)]))], 'E_PROTOCOL');
  await fails(
    t,
    (r) => [encodeFrame({ version: 1, type: 0xff, sequence: r.sequence, body: new Uint8Array(2) })],
    'E_PROTOCOL',
  );
});

test('a lost line is E_PORT at once', async (t) => {
  const { host } = board(() => {
    host.lose();
    return [];
  });
  await t.throwsAsync(Session.start(host, { ...fast, bootMs: 60_000 }), { code: 'E_PORT' });
});

test('damaged answers are asked for again', async (t) => {
  let damaged = 0;
  const { host, requests } = board((request) => {
    const frame = reply(request, identity);
    if (damaged++ < 3) frame[6] = (frame[6] ?? 0) ^ 0x40;
    return [frame];
  });
  t.is((await Session.start(host, { ...fast, bootMs: 3000 })).identity.board, 'fake');
  t.is(requests.length, 4);
});

test('when the board got a damaged request, it is sent again', async (t) => {
  let first = true;
  const { host } = board((request) => {
    const corrupt = refuse({ ...request, sequence: 0, type: 0 }, 1, 0);
    const frames = first ? [corrupt] : [reply(request, identity)];
    first = false;
    return frames;
  });
  t.is((await Session.start(host, fast)).identity.board, 'fake');
});

test('an input of the wrong size is refused before it is sent', async (t) => {
  const shape = {
    position: 0,
    index: 0,
    name: 'x',
    dtype: 'int8' as const,
    shape: [4],
    scale: 1,
    zeroPoint: 0,
    bytes: 4,
  };
  const network = { name: 'n', position: 0, operators: [], tensors: [shape], inputs: [shape], outputs: [] };
  const header = {
    arenaBytes: 0,
    modelHash: '',
    planHash: '',
    operatorCount: 0,
    tensorCount: 1,
    inputCount: 1,
    outputCount: 0,
  };
  const { host, requests } = board((request) => [reply(request, identity)]);
  const session = await Session.start(host, fast);
  const load = session.load({ ...network, ...header }, 0, new Uint8Array(5));
  await t.throwsAsync(load, { code: 'E_INPUT', message: /5 bytes, it has 4 bytes/ });
  await t.throwsAsync(session.load({ ...network, ...header }, 1, new Uint8Array(4)), { code: 'E_INPUT' });
  t.is(requests.length, 1);
});

test('whatever bodies a board sends, every request ends in a value or a ReflowError', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 8 }),
      async (bodies) => {
        let next = 0;
        const { host } = board((request) => [
          reply(request, request.type === 1 ? identity : (bodies[next++ % bodies.length] ?? identity)),
        ]);
        const session = await Session.start(host, fast);
        const guarded = [() => session.networks(), () => session.run()];
        for (const call of guarded) {
          await call().catch((error: unknown) => {
            if (!(error instanceof ReflowError)) throw error;
          });
        }
      },
    ),
    { numRuns: 200 },
  );
  t.pass();
});
