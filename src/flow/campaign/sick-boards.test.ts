/** Boards that fail: what the campaign says, and who is blamed. Ports that do not exist play the sick boards. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../../base/assets.js';
import { silent } from '../progress.js';
import { campaign } from './campaign.js';

const folder = mkdtempSync(join(tmpdir(), 'reflow-sick-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const digits = join(packageRoot(), 'networks', 'digits.tflite');
const missing = ['arm-none-eabi-gcc', 'qemu-system-arm'].filter(
  (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0,
);
if (missing.length > 0) console.warn(`sick boards: skipped without ${missing.join(', ')}`);
const whole = missing.length === 0 ? test.serial : test.serial.skip;

function request(name: string, document: object) {
  copyFileSync(digits, join(folder, 'digits.tflite'));
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ name, networks: ['digits.tflite'], ...document }));
  const store = join(folder, `${name}.db`);
  return { file, store, action: 'run', host: 'desk', again: null } as const;
}

whole(
  'a port that is not there: the board is reset, checked, and put into quarantine; --retry lifts that',
  async (t) => {
    t.timeout(300_000);
    const bytes = readFileSync(digits);
    writeFileSync(join(folder, 'other.tflite'), Buffer.concat([bytes, Buffer.alloc(4)]));
    const marks = join(folder, 'resets');
    const asked = request('sick', {
      networks: ['digits.tflite', 'other.tflite'],
      boards: [
        {
          board: 'netduino-plus2',
          units: [{ port: join(folder, 'nothing'), reset: ['sh', '-c', `echo reset >> ${marks}`] }],
        },
      ],
    });
    const first = await campaign(asked, silent);
    t.like(first, { complete: false, finished: 0, trials: 2 });
    t.is(first.quarantined.length, 1);
    t.regex(first.quarantined[0]!.why, /^power lost: serial port .* does not exist/);
    t.true(existsSync(marks));
    const resets = () => readFileSync(marks, 'utf8').trim().split('\n').length;
    t.is(resets(), 3);
    // In quarantine: not even tried.
    await campaign(asked, silent);
    t.is(resets(), 3);
    t.like(await campaign({ ...asked, again: 'failed' }, silent), { complete: false });
    t.is(resets(), 6);
  },
);

whole('a network that does not fit or cannot be built is a result, and no board is blamed', async (t) => {
  t.timeout(300_000);
  writeFileSync(join(folder, 'broken.tflite'), 'not a network');
  const ended = await campaign(
    request('mixed', { networks: ['digits.tflite', 'broken.tflite'], boards: ['virt-m4'] }),
    silent,
  );
  t.like(ended, { complete: true, finished: 2, quarantined: [] });
  t.deepEqual(
    ended.table.map(({ outcome }) => outcome),
    ['done', 'build'],
  );
  t.regex(ended.table[1]!.message!, /broken is neither/);
});

whole(
  'an emulator that hangs: the trial is killed at its limit and tried again, then it is a hang',
  async (t) => {
    t.timeout(300_000);
    const asked = request('slow', {
      boards: ['virt-m4'],
      limits: { trialSeconds: 600, runSeconds: 0.000001, attempts: 2 },
    });
    const ended = await campaign(asked, silent);
    t.like(ended, { complete: true, finished: 1, quarantined: [] });
    t.is(ended.table[0]!.outcome, 'hang');
    t.is(ended.runs[0]!.attempts, 2);
  },
);
