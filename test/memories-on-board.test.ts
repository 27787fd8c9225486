/**
 * Networks on emulated boards with several memories: working memory over two or three of them, weights in an external flash, and
 * copies in RAM. What runs is what the plan says, and equals the host or the golden vectors bit for bit.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { elfSections } from '../src/build/elf.js';
import { firmwareDataBytes } from '../src/flow/board-memories.js';
import { buildProject } from '../src/flow/build.js';
import { writeProject } from '../src/flow/compile.js';
import { generatedInputs } from '../src/flow/network-inputs.js';
import { type Planned, planFor, planRead } from '../src/flow/plan.js';
import { goldenReference, type Reference } from '../src/flow/reference.js';
import { planDefaults } from '../src/flow/requests.js';
import { verifyOn } from '../src/flow/verify.js';
import type { Image } from '../src/hw/image.js';
import type { Graph } from '../src/ir/graph.js';
import { tensorOf } from '../src/ir/graph.js';
import { tensorBytes } from '../src/ir/tensor.js';
import { codeBytesAtMost } from '../src/plan/place-weights.js';
import { openBoard } from '../src/profile/open-board.js';
import { dumpLayers, profile } from '../src/profile/run.js';
import { type BoardNetwork, Session } from '../src/profile/session.js';
import { mobileNetV2 } from './known-networks.js';
import { root } from './repository.js';

const splitBoard = join(root, 'test/fixtures/boards/virt-m4-split.json');
const shared = join(root, '../shared');
const folder = mkdtempSync(join(tmpdir(), 'reflow-memories-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
let projects = 0;

async function onBoard<T>(
  planned: Planned,
  work: (session: Session, network: BoardNetwork, image: Image) => Promise<T>,
): Promise<T> {
  const project = join(folder, String(projects++));
  await writeProject(planned, project);
  const image = await buildProject(project);
  const open = await openBoard(planned.board, image);
  try {
    const session = await Session.start(open.port);
    return await work(session, (await session.networks())[0]!, image);
  } finally {
    await open.close();
  }
}

/** Runs it, compares it, and holds the painted marks, the sections and the estimates against the plan. */
async function check(t: ExecutionContext, planned: Planned, reference: Reference): Promise<Image> {
  const { plan, graph, result } = planned;
  t.true(result.fits, JSON.stringify(result.regions));
  return onBoard(planned, async (session, network, image) => {
    const verdict = await verifyOn({ planned, session, network, image }, reference);
    t.true(verdict.equal, `${graph.name}: ${JSON.stringify(verdict.firstDivergent)}`);
    const others = plan.regions.length - 1;
    const { arenaHighWater, memories } = await profile(
      session,
      network,
      generatedInputs(graph, 1),
      1,
      others,
    );
    const marks = [{ name: plan.regions[0]!.name, highWater: arenaHighWater }, ...memories];
    for (const [index, { name, bytes }] of plan.regions.entries()) {
      const mark = marks[index]!;
      t.is(mark.name, name);
      // A scratch may have a tail that its kernel does not touch.
      const ends = plan.buffers.filter((b) => b.region === name && b.tensor !== null).map(endOf(graph));
      t.true(Math.max(0, ...ends) <= mark.highWater && mark.highWater <= bytes, `${name}: ${mark.highWater}`);
      t.is(image.memories.find((memory) => memory.name === name)!.arenaBytes, Math.max(16, bytes));
    }
    t.is(
      image.arenaBytes,
      plan.regions.reduce((sum, { bytes }) => sum + Math.max(16, bytes), 0),
    );
    for (const { name, weightBytes, arenaBytes } of result.regions) {
      const linked = image.memories.find((memory) => memory.name === name)!;
      t.true(linked.arenaBytes <= Math.max(16, arenaBytes) && linked.weightBytes <= weightBytes, name);
    }
    const sections = new Map(elfSections(readFileSync(image.elf)).map(({ name, bytes }) => [name, bytes]));
    t.true(sections.get('.data')! + sections.get('.bss')! <= firmwareDataBytes);
    t.true(image.textBytes + image.rodataBytes <= codeBytesAtMost(graph, plan));
    for (const part of image.parts) t.is(statSync(part.bin).size, part.bytes);
    return image;
  });
}

const endOf =
  (graph: Graph) =>
  ({ tensor, row, offset, bytes }: Planned['plan']['buffers'][number]) =>
    offset + (row === null ? tensorBytes(tensorOf(graph, tensor!)) : bytes);

/** The reference kernels on this machine, in one memory. */
async function hostReference(graph: Graph): Promise<Reference> {
  const network = {
    file: `${graph.name}.tflite`,
    graph,
    modelHash: '0'.repeat(64),
    format: 'tflite' as const,
  };
  const planned = await planRead(network, { ...planDefaults, board: 'host', objective: 'speed' });
  return onBoard(planned, async (session, onHost) => {
    const inputs = generatedInputs(planned.graph, 1);
    const dumped = await dumpLayers(session, onHost, inputs);
    const layers = new Map(dumped.map(({ tensor, bytes }) => [tensor.index, bytes]));
    const outputs = planned.graph.outputs.map((id) => layers.get(id)!);
    return { name: 'this machine', vectors: [{ inputs, outputs, layers }] };
  });
}

test.serial('digits on a virt-m4 whose memories are all too small for it', async (t) => {
  t.timeout(300_000);
  const network = join(root, 'networks/digits.tflite');
  const request = { ...planDefaults, network, objective: 'speed' as const };
  const whole = await planFor({ ...request, board: 'virt-m4' });
  const arena = whole.plan.arenaBytes;
  const code = codeBytesAtMost(whole.graph, whole.plan);
  const board = JSON.parse(readFileSync(splitBoard, 'utf8'));
  const sizes: Record<string, number> = {
    flash: code + 10_000,
    dtcm: 8192 + firmwareDataBytes + 0.45 * arena,
    sram1: 0.6 * arena,
    sram2: 0.9 * arena,
  };
  for (const memory of board.memories)
    memory.bytes = 256 * Math.floor((sizes[memory.name] ?? memory.bytes) / 256);
  const path = join(folder, 'board.json');
  writeFileSync(path, JSON.stringify(board));
  const planned = await planFor({ ...request, board: path });
  t.true(planned.plan.regions.length >= 2);
  const reference = await hostReference(whole.network.graph);
  const image = await check(t, planned, reference);
  t.deepEqual(
    image.parts.map(({ memory, address }) => [memory, address]),
    [['qspi', 0x08080000]],
  );
});

const golden: readonly [string, 'balanced' | 'speed', string[]][] = [
  ['kws', 'speed', ['dtcm', 'sram1']],
  ['ic', 'speed', ['dtcm', 'sram1', 'sram2']],
  ['vww96', 'speed', ['dtcm', 'sram1', 'sram2']],
  ['mcunet_vww80', 'balanced', ['sram1']],
];
for (const [name, objective, memories] of golden) {
  const network = join(shared, 'models', `${name}.tflite`);
  const run = existsSync(network) ? test.serial : test.serial.skip;
  run(`${name}, ${objective}, over ${memories.join(', ')} equals the golden vectors`, async (t) => {
    t.timeout(300_000);
    const planned = await planFor({ ...planDefaults, network, board: splitBoard, objective });
    t.deepEqual(
      planned.plan.regions.map((region) => region.name),
      memories,
    );
    const image = await check(t, planned, await goldenReference(planned.graph, join(shared, 'golden', name)));
    const copied = planned.plan.weights.filter(({ copy }) => copy !== null).length;
    const external = planned.plan.weights.filter(({ memory }) => memory === 'qspi').length;
    t.is(image.parts.length, Math.min(1, external));
    t.is(copied > 0, objective === 'speed');
    t.log(planned.result.regions.map((r) => `${r.name} ${r.arenaBytes} + ${r.weightBytes}`).join(', '));
  });
}

test.serial(
  'MobileNetV2 on virt-m7: weights that the flash cannot hold, working memory beyond its RAM',
  async (t) => {
    t.timeout(600_000);
    const graph = mobileNetV2(1, 128);
    const network = {
      file: 'mobilenet_v2.tflite',
      graph,
      modelHash: '0'.repeat(64),
      format: 'tflite' as const,
    };
    const planned = await planRead(network, { ...planDefaults, board: 'virt-m7', objective: 'speed' });
    const used = (name: string) => planned.result.regions.find((region) => region.name === name)!;
    t.true(used('qspi').weightBytes > 2_000_000 && used('flash').weightBytes > 500_000);
    t.deepEqual(
      planned.plan.regions.map(({ name }) => name),
      ['ram', 'sdram'],
    );
    const image = await check(t, planned, await hostReference(graph));
    t.is(image.parts[0]!.address, 0x60000000);
    t.log(planned.result.regions.map((r) => `${r.name} ${r.arenaBytes} + ${r.weightBytes}`).join(', '));
  },
);
