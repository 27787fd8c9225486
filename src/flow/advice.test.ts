import test from 'ava';
import { GraphBuilder, randomNumbers } from '../../test/graph-builder.js';
import { planOptions } from '../../test/plan-options.js';
import { boardById } from '../hw/catalogue.js';
import { adviceFor } from './advice.js';
import { planNetwork } from './compile-graph.js';
import { loadCatalogue } from './list-boards.js';

/** A network whose layers need far more than its rows. */
function network() {
  const b = new GraphBuilder('net', randomNumbers(3));
  const x = b.conv(b.input(1, 32, 32, 3), 32, 3, 3);
  return b.build(b.globalPool(b.conv(b.depthwise(x, 3, 3), 16, 1, 1)));
}

async function advice(roomBytes: number, missingFlashBytes = 0) {
  const board = boardById(await loadCatalogue(), 'virt-m4');
  const graph = network();
  const options = { ...planOptions, objective: 'speed' as const, seconds: 4 };
  const plan = planNetwork(graph, options);
  return { plan, lines: adviceFor({ graph, board, plan, options, roomBytes, missingFlashBytes }) };
}

const arenaOf = (line: string) => Number(/arena ([\d,]+)/.exec(line)![1]!.replaceAll(',', ''));

test('each way is planned: its bytes are those of the plan that it names', async (t) => {
  const { plan, lines } = await advice(1 << 20);
  t.regex(lines[0]!, /^plan with --objective balanced: -/);
  const graph = network();
  const bound = planNetwork(graph, { ...planOptions, objective: 'balanced' }).lowerBoundBytes;
  t.true(arenaOf(lines[0]!) >= bound && arenaOf(lines[0]!) < 1.1 * bound);
  t.true(lines.every((line) => arenaOf(line) < plan.arenaBytes && !line.includes('fits')));
});

test('what makes it fit comes first, the cheapest of it before the smallest', async (t) => {
  const { lines } = await advice(1 << 20);
  const balanced = arenaOf(lines[0]!);
  const roomy = (await advice(Math.ceil(1.1 * balanced))).lines;
  t.regex(roomy[0]!, /--objective balanced: .*, fits\)/);
  const tight = (await advice(Math.floor(0.9 * balanced))).lines;
  t.regex(tight[0]!, /--input streamed.*, fits\); the firmware delivers/);
  t.true(tight.some((line) => /--objective balanced: .*still too large/.test(line)));
});

test('missing flash is said with its bytes', async (t) => {
  t.regex((await advice(1 << 20, 12_345)).lines.at(-1)!, /^12,345 bytes of weights have no place in flash/);
});
