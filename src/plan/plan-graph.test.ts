/** What the planner does with networks in which one move makes the difference. */
import test from 'ava';
import { GraphBuilder, randomNumbers } from '../../test/graph-builder.js';
import { planOptions } from '../../test/plan-options.js';
import { checkPlan } from './check-plan.js';
import type { Plan } from './plan.js';
import { type PlanOptions, planGraph } from './plan-graph.js';

function builder(): GraphBuilder {
  return new GraphBuilder('net', randomNumbers(5));
}

function plan(graph: ReturnType<GraphBuilder['build']>, options: Partial<PlanOptions> = {}): Plan {
  const made = planGraph(graph, { ...planOptions, ...options });
  checkPlan(graph, made);
  return made;
}

test("a better operator order than the file's is found", (t) => {
  const b = builder();
  const x = b.input(1, 1, 1, 16);
  // In the file both wide branches are computed before either is narrowed.
  const wide = [b.conv(x, 1000, 1, 1), b.conv(x, 1000, 1, 1)];
  const narrow = wide.map((id) => b.conv(id, 16, 1, 1));
  const graph = b.build(b.add(narrow[0]!, narrow[1]!));
  const made = plan(graph, { objective: 'speed' });
  t.true(made.arenaBytes < 1100, `${made.arenaBytes}`);
  t.true(made.provenOptimal);
  t.regex(made.family, /best operator order/);
});

test('a resident input lies at the end of the arena, and what follows takes the place of its dead rows', (t) => {
  const b = builder();
  const graph = b.build(b.globalPool(b.conv(b.input(1, 32, 32, 4), 8, 3, 3)));
  const made = plan(graph);
  const rows = made.buffers.filter(({ tensor }) => tensor === 0);
  t.is(rows.at(-1)!.offset + rows.at(-1)!.bytes, made.arenaBytes);
  t.true(rows.every(({ offset }, y) => offset === rows[0]!.offset + 128 * y));
  // The input is 4096 bytes, and so is the image that is pooled; a row of that is 256.
  t.true(made.arenaBytes < 4096 + 512, `${made.arenaBytes}`);
});

test('the row of a depthwise convolution lies over the row that dies with it, a pixel before', (t) => {
  const b = builder();
  const x = b.conv(b.input(1, 24, 24, 4), 32, 1, 1);
  const graph = b.build(b.globalPool(b.conv(b.depthwise(x, 3, 3), 8, 1, 1)));
  const made = plan(graph, { input: 'streamed' });
  const rowOf = (tensor: number, y: number) =>
    made.buffers.find((buffer) => buffer.tensor === tensor && buffer.row === y)!;
  const depthwise = graph.ops[1]!.outputs[0]!;
  t.is(rowOf(depthwise, 5).offset, rowOf(x, 4).offset - 32);
  t.true(made.provenOptimal);
});

test('a plan by rows whose arena exceeds the reach of small row tables starts rows on larger units', (t) => {
  const b = builder();
  const x = b.conv(b.input(1, 96, 500, 3), 32, 3, 3);
  const graph = b.build(b.globalPool(b.conv(b.depthwise(x, 9, 9), 24, 9, 9)));
  const made = plan(graph, { input: 'streamed' });
  t.true(made.arenaBytes > 262_140, `${made.arenaBytes}`);
  t.true(made.buffers.every(({ row, offset }) => row === null || offset % 16 === 0));
});

test('the same seed gives the same plan', (t) => {
  const b = builder();
  const x = b.conv(b.input(1, 20, 20, 3), 16, 3, 3);
  const graph = b.build(b.globalPool(b.add(x, b.conv(x, 16, 3, 3))));
  t.deepEqual(plan(graph, { seconds: 5 }), plan(graph, { seconds: 5 }));
});
