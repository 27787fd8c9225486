import test from 'ava';
import { assetDocuments } from '../base/assets.js';
import { ReflowError } from '../base/error.js';
import { type Board, type boardChecks, memoryFor, parseBoard } from './board.js';
import { boardById, makeCatalogue, targetOf } from './catalogue.js';

type Loose = Record<string, unknown>;

async function virtM4(): Promise<{ text: string; catalogue: ReturnType<typeof makeCatalogue> }> {
  const boards = await assetDocuments('boards');
  const file = boards.find(({ id }) => id === 'virt-m4');
  return { text: file?.text ?? '', catalogue: makeCatalogue(await assetDocuments('targets'), boards) };
}

test('every shipped target and board is valid', async (t) => {
  const catalogue = makeCatalogue(await assetDocuments('targets'), await assetDocuments('boards'));
  const ids = catalogue.boards.map(({ id }) => id);
  for (const id of ['host', 'virt-m3', 'virt-m4', 'virt-m7', 'virt-m33', 'virt-m55', 'virt-pi'])
    t.true(ids.includes(id), id);
  for (const board of catalogue.boards) t.is(targetOf(catalogue, board).id, board.target);
  t.is(memoryFor(boardById(catalogue, 'virt-m4'), 'arena').base, 0x20000000);
});

/** One edit of a valid board per check, and a word of the message that it must give. */
const mistakes: Record<keyof typeof boardChecks, [edit: (board: Loose & Board) => unknown, word: RegExp]> = {
  memoryNamesDiffer: [(b) => ({ memories: b.memories.map((m) => ({ ...m, name: 'flash' })) }), /named flash/],
  memoriesAreWhole: [(b) => ({ memories: b.memories.map((m) => ({ ...m, bytes: m.bytes - 4 })) }), /256/],
  memoriesAreAddressable: [
    (b) => ({ memories: b.memories.map((m) => ({ ...m, bytes: 2 ** 32 })) }),
    /0xffffffff/,
  ],
  memoriesAreApart: [(b) => ({ memories: b.memories.map((m) => ({ ...m, base: '0x20000000' })) }), /overlap/],
  everyUseHasAPlace: [(b) => ({ memories: b.memories.slice(0, 1) }), /no memory is for data/],
  flashIsNotWritten: [(b) => ({ memories: b.memories.map((m) => ({ ...m, kind: 'flash' })) }), /is flash/],
  weightsHaveAFlash: [
    (b) => ({ memories: b.memories.map((m) => ({ ...m, kind: 'ram', uses: [...m.uses, 'weights'] })) }),
    /flash, is not the internal flash/,
  ],
  writersAreForFlash: [
    (b) => ({ memories: b.memories.map((m) => ({ ...m, writers: { openocd: true } })) }),
    /no external flash/,
  ],
  stackFits: [(b) => ({ firmware: { ...b.firmware, stackBytes: 1 << 20 } }), /stackBytes/],
  runMatchesKind: [() => ({ run: { kind: 'process' } }), /cannot be run by process/],
  counterMatchesKind: [(b) => ({ counter: { ...b.counter, kind: 'cycles' } }), /must count instructions/],
  clockMatchesKind: [() => ({ clockHz: 168_000_000 }), /must be null/],
  hardwareIsReachable: [(b) => ({ ...hardware(b), flash: undefined }), /uart, oscillator and flash/],
  pinsDiffer: [(b) => ({ uart: { ...b.uart, tx: b.uart?.rx } }), /both PA10/],
  loaderLeavesRoom: [
    (b) => ({ ...hardware(b), flash: { ...flash, loaderBytes: 16000 } }),
    /no multiple of 512/,
  ],
  routesDiffer: [(b) => ({ ...hardware(b), flash: { ...flash, routes: ['rom', 'rom'] } }), /twice/],
  timingIsOfThisBoard: [
    (b) => ({ ...hardware(b), timing: { ...timing, tightMemories: ['dtcm'] } }),
    /dtcm, which is no memory/,
  ],
};

const timing = {
  core: 'cortex-m4',
  emulator: 'virt-m4',
  waitStates: 5,
  intervalPercent: 10,
  fetchWordBytes: 8,
  dataCache: { sets: 1, ways: 8, lineBytes: 32 },
  constants: {
    flashLoad: { cycles: 1, sigma: 1 },
    flashLine: { cycles: 5, sigma: 1 },
    fetchWord: { cycles: 0.2, sigma: 0.1 },
  },
  validation: [{ run: 'one', publishedMs: 1, errorPercent: 1 }],
  source: 'a reference manual',
};

const flash = {
  chip: '0x413',
  routes: ['rom'],
  loaderBytes: 16384,
  openocd: [],
  wiring: 'an adapter on PA9 and PA10',
};

/** virt-m4 as if it were silicon. */
const hardware = (board: Board) => ({
  kind: 'hardware',
  clockHz: 168_000_000,
  counter: { ...board.counter, kind: 'cycles' },
  run: { kind: 'serial', baudRate: 115200, usb: [] },
  oscillator: { kind: 'internal', hz: 16_000_000 },
  flash,
});

test('a loader that takes half of the flash is refused', async (t) => {
  const { text, catalogue } = await virtM4();
  const board = JSON.parse(text) as Loose & Board;
  const half = { ...board, ...hardware(board), flash: { ...flash, loaderBytes: 524288 } };
  t.throws(() => parseBoard(JSON.stringify(half), 'x', catalogue.targets), { message: /less than half/ });
});

for (const [name, [edit, word]] of Object.entries(mistakes)) {
  test(`board check ${name}`, async (t) => {
    const { text, catalogue } = await virtM4();
    const board = JSON.parse(text) as Loose & Board;
    const edited = JSON.stringify({ ...board, ...(edit(board) as Loose) });
    const error = t.throws(() => parseBoard(edited, 'boards/x.json', catalogue.targets), {
      instanceOf: ReflowError,
    });
    t.is(error?.code, 'E_BOARD');
    t.regex(error?.message ?? '', word);
    t.regex(error?.message ?? '', /^boards\/x\.json: /);
  });
}

test('a board file must be whole', async (t) => {
  const { text, catalogue } = await virtM4();
  const board = JSON.parse(text) as Loose;
  const parse = (value: string) => () => parseBoard(value, 'x', catalogue.targets);
  t.throws(parse(text.slice(0, -20)), { code: 'E_BOARD', message: /not JSON/ });
  t.throws(parse('null'), { code: 'E_BOARD' });
  t.throws(parse(JSON.stringify({ ...board, source: undefined })), { message: /source/ });
  t.throws(parse(JSON.stringify({ ...board, colour: 'red' })), { message: /colour/ });
  t.throws(parse(JSON.stringify({ ...board, target: 'z80' })), {
    message: /unknown target z80; known: .*cortex-m4/,
  });
});

test('names are those of the files, and an unknown board is told from the known ones', async (t) => {
  const { text, catalogue } = await virtM4();
  const renamed = [{ id: 'other', where: 'boards/other.json', text }];
  t.throws(() => makeCatalogue([], renamed), { code: 'E_BOARD' });
  const targets = await assetDocuments('targets');
  t.throws(() => makeCatalogue(targets, renamed), { code: 'E_BOARD', message: /says id virt-m4/ });
  const error = t.throws(() => boardById(catalogue, 'nucleo'), { instanceOf: ReflowError });
  t.regex(error?.hint ?? '', /virt-m4/);
});
