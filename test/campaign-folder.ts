/** A campaign of seven networks x four virtual boards in a folder of its own, and the program that runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CampaignResult } from '../src/flow/campaign/campaign-result.js';
import { importNetwork } from '../src/flow/compile-graph.js';
import { root } from './repository.js';

export interface CampaignFolder {
  readonly folder: string;
  readonly file: string;
  remove(): void;
}

export const virtualBoards = ['virt-m4', 'virt-m7', 'virt-pi', { board: 'virt-m4', name: 'second-m4' }];

/** Seven networks: the digit reader with other weights each. */
export function campaignFolder(more: object = {}, networks = 7): CampaignFolder {
  const folder = mkdtempSync(join(tmpdir(), 'reflow-campaign-test-'));
  const digits = readFileSync(join(root, 'networks', 'digits.tflite'));
  const weights = largestConstant(digits);
  for (let k = 0; k < networks; k++) {
    const bytes = Buffer.from(digits);
    bytes[weights] = k + 1;
    writeFileSync(join(folder, `digits${k}.tflite`), bytes);
  }
  const file = join(folder, 'campaign.json');
  const campaign = { name: 'shelf', networks: ['digits*.tflite'], boards: virtualBoards, ...more };
  writeFileSync(file, JSON.stringify(campaign));
  return { folder, file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Where in the file its largest constant begins. */
function largestConstant(file: Buffer): number {
  const constants = importNetwork(file, 'digits').tensors.flatMap(({ data }) => data ?? []);
  return file.indexOf(constants.reduce((best, data) => (data.length > best.length ? data : best)));
}

export interface CampaignProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly status: number | null; readonly out: string; readonly err: string }>;
}

export function startCampaign(folder: string, ...argv: string[]): CampaignProcess {
  const child = spawn(process.execPath, [join(root, 'dist/src/cli/main.js'), 'campaign', ...argv, '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = new Promise<{ status: number | null; out: string; err: string }>((resolve) =>
    child.on('close', (status) => resolve({ status, out, err })),
  );
  return { child, ended };
}

/** Runs it to its end. */
export async function runCampaign(folder: string, ...argv: string[]): Promise<CampaignResult> {
  const { status, out, err } = await startCampaign(folder, ...argv).ended;
  if (status !== 0) throw new Error(`campaign ended with ${status}: ${err}`);
  return JSON.parse(out) as CampaignResult;
}
