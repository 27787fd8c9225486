import test from 'ava';
import type { CampaignResult } from '../../flow/campaign/campaign-result.js';
import { silent } from '../../flow/progress.js';
import { campaignHtml } from '../../report/campaign-html.js';
import { runCli } from '../run-cli.js';
import { campaignCommand } from './campaign.js';

const hash = 'a'.repeat(64);
const found = {
  source: 'emulated' as const,
  instructions: 1_279_680,
  macs: 880_768,
  arenaBytes: 4544,
  arenaHighWater: 4544,
  stackBytes: 467,
  flashBytes: 49_656,
  modelHash: hash,
  planHash: hash,
  imageHash: hash,
};
const result: CampaignResult = {
  campaign: 'shelf',
  store: '.reflow/store.db',
  action: 'run',
  complete: true,
  trials: 2,
  finished: 2,
  table: [
    {
      network: 'a.tflite',
      board: 'virt-m4',
      setting: 'balanced, resident',
      outcome: 'done',
      message: null,
      result: found,
    },
    {
      network: '<b>.tflite',
      board: 'virt-m4',
      setting: 'balanced, resident',
      outcome: 'does not fit',
      message: '4 bytes & more',
      result: null,
    },
  ],
  runs: [],
  quarantined: [],
};

async function call(answer: CampaignResult, ...argv: string[]) {
  let [out, err]: [string, string] = ['', ''];
  let asked: unknown = null;
  const command = campaignCommand(
    async (request) => {
      asked = request;
      return answer;
    },
    async () => 'r.html',
  );
  const status = await runCli(['campaign', ...argv], {
    commands: [command],
    folder: '/nowhere',
    version: '0',
    progress: silent,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { status, out, err, asked };
}

test('run may be left out; flags become the request', async (t) => {
  const asked = { action: 'run', file: 'c.json', store: '.reflow/store.db', host: null, again: null };
  t.deepEqual((await call(result, 'c.json')).asked, asked);
  t.deepEqual((await call(result, 'run', 'c.json')).asked, asked);
  t.like((await call(result, 'show', 'c.json')).asked, { action: 'show' });
  t.like((await call(result, 'run', 'c.json', '--retry', '--host', 'desk')).asked, {
    again: 'failed',
    host: 'desk',
  });
  t.like((await call(result, 'run', 'c.json', '--fresh')).asked, { again: 'all' });
  t.is((await call(result, 'c.json', 'd.json')).status, 2);
  t.is((await call(result, 'run')).status, 2);
});

test('the table for people, and exit status 0 when every trial has ended', async (t) => {
  const { status, out } = await call(result, 'run', 'c.json');
  t.is(status, 0);
  t.regex(out, /2 of 2 trials ended/);
  t.regex(out, /a\.tflite +virt-m4 +done +1,279,680 +instructions +4,544 +49,656 +467/);
  t.regex(out, /does not fit .*4 bytes & more/);
});

test('trials that nobody ran, and wrong output, are failures', async (t) => {
  const sick = {
    ...result,
    complete: false,
    finished: 1,
    quarantined: [{ unit: 'u', why: 'no boot: silent' }],
  };
  const open = await call(sick, 'run', 'c.json');
  t.is(open.status, 1);
  t.regex(open.err, /E_DEVICE: 1 of 2 trials were not run: no boot: silent/);
  t.is((await call({ ...sick, action: 'show' }, 'show', 'c.json')).status, 0);
  const wrong = {
    ...result,
    table: [{ ...result.table[0]!, outcome: 'wrong output', message: 'first in CONV_2D' }],
  };
  t.regex((await call(wrong, 'run', 'c.json')).err, /E_MISMATCH/);
});

test('the page escapes what files are called', (t) => {
  const html = campaignHtml(result);
  t.regex(html, /&lt;b&gt;\.tflite/);
  t.regex(html, /4 bytes &amp; more/);
  t.regex(html, /1,279,680/);
  t.notRegex(html, /<b>/);
});
