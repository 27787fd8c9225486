/**
 * The firmware that speaks MLPerf Tiny's protocol, on the virtual boards: `reflow profile --mlperf`, and a conversation as
 * MLCommons' runner holds it, word by word.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { buildProject } from '../src/flow/build.js';
import { writeProject } from '../src/flow/compile.js';
import type { MlperfResult } from '../src/flow/mlperf-result.js';
import { planFor } from '../src/flow/plan.js';
import { planDefaults } from '../src/flow/requests.js';
import { openBoard } from '../src/profile/open-board.js';
import { reflow } from './reflow-process.js';
import { root } from './repository.js';

const network = join(root, 'networks', 'digits.tflite');
const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'reflow-mlperf-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const needs: Record<string, readonly string[]> = {
  host: ['gcc'],
  'virt-m4': ['arm-none-eabi-gcc', 'qemu-system-arm'],
  'virt-m7': ['arm-none-eabi-gcc', 'qemu-system-arm'],
  'virt-pi': ['aarch64-linux-gnu-gcc', 'qemu-aarch64'],
};

for (const [board, tools] of Object.entries(needs)) {
  const missing = tools.filter((tool) => !has(tool));
  if (missing.length > 0) console.warn(`MLPerf firmware: ${board} is skipped without ${missing.join(', ')}`);
  const whole = missing.length === 0 ? test.serial : test.serial.skip;
  whole(
    `profile --mlperf on ${board}: five windows by the rules, results as the host has them`,
    async (t) => {
      t.timeout(300_000);
      const argv = ['profile', network, '--board', board, '--mlperf', '--rule', 'either', '--json'];
      const { status, out, err } = await reflow(argv, { cwd: folder });
      t.is(status, 0, err);
      const result = JSON.parse(out) as MlperfResult & { us?: number; instructions?: number };
      t.is(result.windows.length, 5);
      t.true(result.windows.every(({ inferences, warmups }) => inferences === 10 && warmups === 10));
      t.true(result.valid);
      if (board === 'host') t.true(result.source === 'measured' && result.us! > 0);
      else {
        t.is(result.source, 'emulated');
        const profiled = await reflow(['profile', network, '--board', board, '--json'], { cwd: folder });
        const { instructions } = JSON.parse(profiled.out) as { instructions: number };
        // The copy of the input and the call come on top.
        const ratio = result.instructions! / instructions;
        t.true(ratio > 0.99 && ratio < 1.02, `${result.instructions} against ${instructions}`);
      }
    },
  );
}

const board = 'virt-m4';
(needs[board]!.every(has) ? test.serial : test.serial.skip)(
  'a conversation as the official runner holds it',
  async (t) => {
    t.timeout(120_000);
    const planned = await planFor({ network, board, ...planDefaults });
    const project = join(folder, 'project');
    await writeProject(planned, project);
    const flags = ['-DRF_MLPERF_MODEL="ic01"', '-DRF_MLPERF_INPUT_BYTES=3136', '-DRF_MLPERF_UNSIGNED=1'];
    const image = await buildProject(project, { program: 'mlperf', flags });
    const { port, close } = await openBoard(planned.board, image);
    t.teardown(close);
    let said = '';
    port.onData((bytes) => {
      said += Buffer.from(bytes).toString('latin1');
    });
    const ask = async (command: string): Promise<string[]> => {
      said = '';
      await port.write(Buffer.from(`${command}%`));
      for (let waits = 0; !said.endsWith('m-ready\r\n'); waits++) {
        if (waits === 2000) throw new Error(`${command}: ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return said.trim().split('\r\n');
    };
    // What the emulator printed before anybody listened is lost; a first command may be cut.
    await ask('name');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    t.deepEqual(await ask('name'), ['m-name-dut-[reflow, 1 ns is 1 instruction]', 'm-ready']);
    t.deepEqual(await ask('profile'), [
      'm-profile-[ULPMark for tinyML Firmware V0.0.1]',
      'm-model-[ic01]',
      'm-ready',
    ]);
    t.regex((await ask('timestamp'))[0]!, /^m-lap-us-\d+$/);
    t.deepEqual(await ask('db load 784'), ['m-[Expecting 784 bytes]', 'm-ready']);
    const picture = Buffer.from(Uint8Array.from({ length: 784 }, (_, i) => (i * 7) % 256));
    let last: string[] = [];
    for (let at = 0; at < 784; at += 31) last = await ask(`db ${picture.toString('hex', at, at + 31)}`);
    t.deepEqual(last, ['m-load-done', 'm-ready']);
    const ran = await ask('infer 3 1');
    t.deepEqual(ran.slice(0, 3), ['m-warmup-start-1', 'm-warmup-done', 'm-infer-start-3']);
    const [from, to] = ran.flatMap((line) => /^m-lap-us-(\d+)$/.exec(line)?.[1] ?? []).map(Number);
    t.true(to! - from! > 3000 && to! - from! < 5000, `${to! - from!} us`);
    t.deepEqual(ran.slice(-3, -2), ['m-infer-done']);
    const values = /^m-results-\[(.*)\]$/.exec(ran.at(-2)!)![1]!.split(',').map(Number);
    t.is(values.length, 10);
    // A softmax: the values are shares of one.
    t.true(Math.abs(values.reduce((sum, value) => sum + value, 0) - 1) < 0.05);
    t.is((await ask('results'))[0], ran.at(-2));
    // The same picture as floats at the tensor's own scale gives the same results: x / 255 here.
    await ask('db load 3136');
    const floats = Buffer.from(
      new Float32Array(picture.map((byte) => byte)).map((byte) => byte / 255).buffer,
    );
    for (let at = 0; at < floats.length; at += 31) await ask(`db ${floats.toString('hex', at, at + 31)}`);
    t.is((await ask('infer 1 0')).at(-2), ran.at(-2));
    // An input of another size is refused, and the device goes on.
    await ask('db load 5');
    await ask('db 0102030405');
    t.regex((await ask('infer 1 0'))[0]!, /^e-\[/);
    t.regex((await ask('nonsense'))[0]!, /^e-\[/);
  },
);
