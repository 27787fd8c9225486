/** What reaches the programs that flash through an ST-LINK, and what is read as an image. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ReflowError } from '../base/error.js';
import { FakeProcesses, type Processes, processes } from '../base/processes.js';
import { buildLoader } from '../build/build-loader.js';
import { boardById, targetOf } from '../hw/catalogue.js';
import { flashBoard } from './flash.js';
import { loadCatalogue } from './list-boards.js';
import { silent } from './progress.js';
import { readFlashable } from './read-image.js';

const folder = mkdtempSync(join(tmpdir(), 'reflow-flash-flow-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

test('a tool gets loader and application in one file, for the start of flash', async (t) => {
  const catalogue = await loadCatalogue();
  const board = boardById(catalogue, 'nucleo-f446re');
  const loader = await buildLoader(board, targetOf(catalogue, board));
  const application = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  let written = Buffer.alloc(0);
  const openocd = new FakeProcesses(({ args }) => {
    written = readFileSync(/\{(.*)\}/.exec(args.at(-1)!)![1]!);
    return {};
  });
  // The loader is compiled by the real compiler; only the tool is a fake.
  const mixed: Processes = {
    exec: (request) => (request.program === 'openocd' ? openocd : processes).exec(request),
  };
  const image = {
    ...{ path: 'x.bin', board: null, boardFile: null, bytes: application, address: null },
    ...{ identities: [], parts: [] },
  };
  const request = { port: null, via: 'openocd', entry: null, store: ':memory:', trust: 'sample' } as const;
  const result = await flashBoard(catalogue, board, image, request, silent, mixed);
  t.like(result, {
    board: board.id,
    route: 'openocd',
    verified: true,
    started: true,
    bytesWritten: 16_384 + 1000,
  });
  t.deepEqual(openocd.requests[0]!.args.slice(0, 2), ['-f', 'board/st_nucleo_f4.cfg']);
  t.deepEqual(written.subarray(0, loader.bytes.length), Buffer.from(loader.bytes));
  t.true(written.subarray(loader.bytes.length, 16_384).every((byte) => byte === 0xff));
  t.deepEqual(new Uint8Array(written.subarray(16_384)), application);
});

test('weights for an external flash are written first, by a way that can; the others refuse in one line', async (t) => {
  const catalogue = await loadCatalogue();
  const known = boardById(catalogue, 'stm32f746g-disco');
  const withWriters = (writers: object) => ({
    ...known,
    memories: known.memories.map((memory) => (memory.name === 'qspi' ? { ...memory, writers } : memory)),
  });
  const weights = Uint8Array.from({ length: 300 }, (_, i) => i % 7);
  const image = {
    ...{
      path: 'x.bin',
      board: null,
      boardFile: null,
      address: null,
      bytes: new Uint8Array(100),
      identities: [],
    },
    parts: [{ memory: 'qspi', address: 0x90000000, bytes: weights }],
  };
  const flashed = async (board: typeof known, via: 'st-flash' | 'stm32-programmer' | null) => {
    let written = Buffer.alloc(0);
    const calls: string[] = [];
    const tool = new FakeProcesses(({ program, args }) => {
      const line = [program, ...args].join(' ');
      const path = /[^ {]*qspi\.bin/.exec(line)?.[0];
      if (path) written = readFileSync(path);
      calls.push(line.replace(/[^ {]*\//g, ''));
      return {};
    });
    const mixed: Processes = {
      exec: (request) => (/openocd|STM32|st-flash/.test(request.program) ? tool : processes).exec(request),
    };
    const request = { port: null, via, entry: null, store: ':memory:', trust: 'sample' } as const;
    const result = await flashBoard(catalogue, board, image, request, silent, mixed);
    t.deepEqual(written, Buffer.from(weights));
    t.is(result.bytesWritten, 32_768 + 100 + 300);
    return { calls, route: result.route };
  };
  const byOpenocd = await flashed(withWriters({ openocd: true }), null);
  t.is(byOpenocd.route, 'openocd');
  t.regex(
    byOpenocd.calls[0]!,
    /program \{qspi.bin\} 0x90000000 verify; program \{image.bin\} 0x08000000 verify reset exit$/,
  );
  const loader = 'N25Q128A_STM32F746G-DISCO.stldr';
  const { calls } = await flashed(withWriters({ 'stm32-programmer': loader }), 'stm32-programmer');
  t.regex(calls[0]!, new RegExp(`-el ${loader} -w qspi.bin 0x90000000 -v$`));
  t.regex(calls[1]!, /-w image.bin 0x08000000 -v -rst$/);
  const both = withWriters({ openocd: true, 'stm32-programmer': loader });
  const refused = await t.throwsAsync(flashed(both, 'st-flash'), { code: 'E_UNSUPPORTED' });
  t.regex(refused!.message, /^st-flash cannot write the 300 bytes of weights for qspi/);
  t.regex((refused as ReflowError).hint, /--via openocd, --via stm32-programmer/);
  const bare = { ...known, memories: known.memories.map(({ writers: _, ...memory }) => memory) };
  await t.throwsAsync(flashed(bare, null), { code: 'E_UNSUPPORTED', message: /^loader cannot write/ });
});

test('an image is a folder with one description, a description, or bytes alone', async (t) => {
  const build = join(folder, 'project', 'build');
  mkdirSync(build, { recursive: true });
  writeFileSync(join(build, 'net.bin'), 'bytes');
  const image = {
    name: 'net',
    board: 'nucleo-f446re',
    target: 'cortex-m4',
    networks: [{ name: 'net', modelHash: 'a', planHash: 'b' }],
    ...{ elf: 'net.elf', bin: 'net.bin', hex: 'net.hex', map: 'net.map', plugin: null, address: 0x08004000 },
    ...{
      flashBytes: 5,
      textBytes: 5,
      rodataBytes: 0,
      weightBytes: 0,
      ramBytes: 0,
      arenaBytes: 0,
      stackReserveBytes: 0,
    },
    hash: 'c'.repeat(64),
  };
  const description = join(build, 'net.image.json');
  writeFileSync(description, JSON.stringify(image));
  for (const path of [join(folder, 'project'), build, description]) {
    const read = await readFlashable(path);
    t.like(read, { board: 'nucleo-f446re', address: 0x08004000 });
    t.is(Buffer.from(read.bytes).toString(), 'bytes');
  }
  t.like(await readFlashable(join(build, 'net.bin')), { board: null, address: null });
  writeFileSync(join(build, 'other.image.json'), '{}');
  await t.throwsAsync(readFlashable(build), { code: 'E_INPUT', message: /several images/ });
  writeFileSync(description, JSON.stringify({ ...image, bin: null, hex: null, address: null }));
  await t.throwsAsync(readFlashable(description), { code: 'E_INPUT', message: /nothing to flash/ });
  await t.throwsAsync(readFlashable(folder), { code: 'E_FILE', message: /is no image/ });
});
