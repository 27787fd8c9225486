import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { PNG } from 'pngjs';
import { reportHtml } from '../src/report/report-html.js';
import { sampleDocument, sampleRun } from './sample-run.js';

const browser = '/usr/bin/chromium';

/** Pixels of the page as a browser draws it, 1200 wide. */
function screenshot(html: string): PNG {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-picture-'));
  try {
    writeFileSync(join(folder, 'page.html'), html);
    const options = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--window-size=1200,1200',
    ];
    const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
    const files = [`--user-data-dir=${join(folder, 'profile')}`, `--screenshot=${join(folder, 'page.png')}`];
    const page = `file://${join(folder, 'page.html')}`;
    spawnSync(browser, [...options, ...quiet, ...files, page], { stdio: 'ignore', timeout: 60_000 });
    return PNG.sync.read(readFileSync(join(folder, 'page.png')));
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

(existsSync(browser) ? test : test.skip)(
  'a browser draws the report: boxes in the colours of their operators',
  (t) => {
    t.timeout(90_000);
    const { data } = screenshot(reportHtml({ run: sampleRun, ...sampleDocument }));
    const areas = new Map<number, number>();
    for (let i = 0; i < data.length; i += 4) {
      const colour = data.readUIntBE(i, 3);
      areas.set(colour, (areas.get(colour) ?? 0) + 1);
    }
    const large = [...areas].filter(([, area]) => area > 15_000).map(([colour]) => colour);
    // Paper, cards, and the two colours of the alternating convolutions at least.
    t.true(large.length >= 4, large.map((colour) => colour.toString(16)).join(' '));
    const hueOf = (colour: number) => ((colour >> 16) & 255) - (colour & 255);
    t.true(
      large.some((colour) => hueOf(colour) < -25),
      'a blue area',
    );
    t.true(
      large.some((colour) => hueOf(colour) > 25),
      'an orange area',
    );
  },
);
