/** Plans over several memories: against brute force, on random networks, and broken on purpose. */
import test from 'ava';
import { randomNumbers } from '../../test/graph-builder.js';
import { planOptions } from '../../test/plan-options.js';
import { randomGraph } from '../../test/random-graph.js';
import { prepareGraph } from '../flow/compile-graph.js';
import type { Graph } from '../ir/graph.js';
import { checkPlan } from './check-plan.js';
import { trafficOf } from './memory-traffic.js';
import { placeLives } from './place-lives.js';
import type { Plan } from './plan.js';
import { planGraph } from './plan-graph.js';
import { planInMemories } from './plan-memories.js';
import { clustersOf } from './rigid-groups.js';
import { type ArenaMemory, spreadPlan } from './spread-plan.js';

const { solver } = planOptions;
const quick = { ...planOptions, seconds: 0.002 };

/** Two or three memories of which none has room for the whole arena; together they may have, or not. */
function smallMemories(arenaBytes: number, random: () => number): ArenaMemory[] {
  return ['dtcm', 'sram', 'sdram'].slice(random() < 0.5 ? 1 : 0).map((name, i) => ({
    name,
    roomBytes: Math.floor((arenaBytes * (0.3 + 0.65 * random())) / 4) * 4,
    cyclesPerByte: 1 + i * Math.floor(4 * random()),
  }));
}

const rooms = (memories: readonly ArenaMemory[]) =>
  new Map(memories.map(({ name, roomBytes }) => [name, roomBytes]));

function costOf(graph: Graph, plan: Plan, memories: readonly ArenaMemory[]): number {
  const { tensors, scratch } = trafficOf(graph, plan.kernelSets);
  const price = new Map(memories.map(({ name, cyclesPerByte }) => [name, cyclesPerByte]));
  const seen = new Map(
    plan.buffers.map(({ tensor, scratchOf, region }) => [
      tensor === null ? `s${scratchOf}` : `t${tensor}`,
      { moved: (tensor === null ? scratch.get(scratchOf ?? -1) : tensors.get(tensor)) ?? 0, region },
    ]),
  );
  return [...seen.values()].reduce((sum, { moved, region }) => sum + moved * price.get(region)!, 0);
}

/** The least cost of all ways to give each cluster a memory; null when none fits. */
function bruteForce(graph: Graph, plan: Plan, memories: readonly ArenaMemory[]): number | null {
  const clusters = clustersOf(graph, plan);
  let best: number | null = null;
  for (let way = 0; way < memories.length ** clusters.length; way++) {
    const at = clusters.map((_, i) => Math.floor(way / memories.length ** i) % memories.length);
    const fits = memories.every(({ roomBytes }, memory) => {
      const lives = clusters
        .filter((_, i) => at[i] === memory)
        .flatMap(({ pieces }) => pieces.map((p) => p.life));
      if (lives.length === 0) return true;
      return placeLives(lives, solver, { seconds: 20, seed: 1, nodes: 100_000 }).arenaBytes <= roomBytes;
    });
    if (!fits) continue;
    const buffers = plan.buffers.map((buffer) => {
      const cluster = clusters.findIndex(({ tensors, scratchOf }) =>
        buffer.tensor !== null ? tensors.includes(buffer.tensor) : scratchOf.includes(buffer.scratchOf ?? -1),
      );
      return { ...buffer, region: memories[at[cluster]!]!.name };
    });
    const cost = costOf(graph, { ...plan, buffers }, memories);
    if (best === null || cost < best) best = cost;
  }
  return best;
}

test('on small networks the cost is the least of all ways to give every buffer a memory', (t) => {
  let [compared, impossible] = [0, 0];
  for (let seed = 0; seed < 400 && compared < 120; seed++) {
    const graph = prepareGraph(randomGraph(seed));
    const plan = planGraph(graph, { ...quick, objective: seed % 2 ? 'speed' : 'balanced' });
    const memories = smallMemories(plan.arenaBytes, randomNumbers(seed));
    if (memories.length ** clustersOf(graph, plan).length > 600) continue;
    const spread = spreadPlan(graph, plan, memories, solver);
    const best = bruteForce(graph, plan, memories);
    t.is(spread && costOf(graph, spread, memories), best, graph.name);
    compared++;
    if (best === null) impossible++;
  }
  t.true(compared >= 60 && impossible < compared / 2, `${compared} compared, ${impossible} impossible`);
});

test('random networks over two or three memories: every plan passes the checker, with the bytes of each memory', (t) => {
  let spread = 0;
  for (let seed = 0; seed < 200; seed++) {
    const graph = prepareGraph(randomGraph(seed));
    for (const objective of ['balanced', 'speed'] as const) {
      const options = { ...quick, objective };
      const alone = planGraph(graph, options);
      const memories = smallMemories(alone.arenaBytes, randomNumbers(seed + 3));
      const plan = planInMemories(graph, { ...options, memories });
      const fits = plan.regions.every(({ name, bytes }) => bytes <= (rooms(memories).get(name) ?? -1));
      if (!fits) t.is(plan.regions.length, 1, graph.name);
      t.notThrows(() => checkPlan(graph, plan, fits ? rooms(memories) : null), graph.name);
      for (const { name, bytes, lowerBoundBytes } of plan.regions) {
        const ends = plan.buffers.filter(({ region }) => region === name).map((b) => b.offset + b.bytes);
        t.true(Math.max(...ends) <= bytes && lowerBoundBytes <= bytes, graph.name);
      }
      t.true(plan.lowerBoundBytes <= plan.arenaBytes);
      if (plan.regions.length > 1) spread++;
    }
  }
  t.true(spread > 150, `${spread} spread`);
});

test('a memory with room for all takes all, except for speed, which puts what is moved most into the fast one', (t) => {
  for (let seed = 0; seed < 40; seed++) {
    const graph = prepareGraph(randomGraph(seed));
    const alone = planGraph(graph, quick);
    const memories = [
      { name: 'sram', roomBytes: 1 << 20, cyclesPerByte: 2 },
      { name: 'dtcm', roomBytes: Math.ceil(alone.arenaBytes / 2), cyclesPerByte: 1 },
    ];
    const whole = planInMemories(graph, { ...quick, memories });
    t.deepEqual(
      whole.regions.map(({ name, bytes }) => [name, bytes]),
      [['sram', alone.arenaBytes]],
    );
    const speed = { ...quick, objective: 'speed' as const };
    const fast = planInMemories(graph, { ...speed, memories });
    const slow = planInMemories(graph, { ...speed, memories: memories.slice(0, 1) });
    const inSram = { ...slow, buffers: slow.buffers.map((buffer) => ({ ...buffer, region: 'sram' })) };
    t.true(costOf(graph, fast, memories) <= costOf(graph, inSram, memories), graph.name);
  }
});

test('the checker rejects a buffer across the end of its memory, in another memory, or in none', (t) => {
  let broken = 0;
  for (let seed = 0; seed < 150; seed++) {
    const graph = prepareGraph(randomGraph(seed));
    const alone = planGraph(graph, quick);
    const memories = smallMemories(alone.arenaBytes, randomNumbers(seed + 9));
    const plan = planInMemories(graph, { ...quick, memories });
    if (plan.regions.length < 2) continue;
    for (const [what, wrong] of mutants(plan, randomNumbers(seed))) {
      t.throws(() => checkPlan(graph, wrong, rooms(memories)), { code: 'E_PLAN' }, `${graph.name}: ${what}`);
      broken++;
    }
  }
  t.true(broken > 300, `${broken} broken plans`);
});

function mutants(plan: Plan, random: () => number): [string, Plan][] {
  const tensors = plan.buffers.filter(({ tensor }) => tensor !== null);
  const moved = tensors[Math.floor(random() * tensors.length)]!;
  const change = (fields: Partial<Plan['buffers'][number]>): Plan => ({
    ...plan,
    buffers: plan.buffers.map((other) => (other === moved ? { ...moved, ...fields } : other)),
  });
  const own = plan.regions.find(({ name }) => name === moved.region)!;
  const other = plan.regions.find(({ name }) => name !== moved.region)!;
  const list: [string, Plan][] = [
    ['across the end', change({ offset: own.bytes - moved.bytes + 4 })],
    ['before the start', change({ offset: -4 })],
    ['a memory that does not exist', change({ region: 'flash' })],
    ['a memory too large for the board', grown(plan, own.name)],
    ['a memory that is left out', { ...plan, regions: plan.regions.filter((region) => region !== own) }],
    ['a memory twice', { ...plan, regions: [...plan.regions, { ...own, bytes: 0 }] }],
  ];
  const rival = plan.buffers.find(
    (b) => b.region === other.name && b.first <= moved.first && moved.last < b.last,
  );
  const whole = moved.row === null && moved.bytes + (rival?.offset ?? 0) <= other.bytes;
  if (rival && whole && moved.offset % 8 === 0)
    list.push(['onto a buffer of another memory', change({ region: other.name, offset: rival.offset })]);
  const rows = tensors.filter(({ tensor }) => tensor === moved.tensor);
  if (rows.length > 1) list.push(['one row in another memory', change({ region: other.name, offset: 0 })]);
  return list;
}

function grown(plan: Plan, name: string): Plan {
  const regions = plan.regions.map((region) => (region.name === name ? { ...region, bytes: 1e9 } : region));
  return { ...plan, regions, arenaBytes: regions.reduce((sum, { bytes }) => sum + bytes, 0) };
}
