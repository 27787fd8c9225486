/** Thousands of flashes through a resident loader in trouble: none may lie, hang, misname it, or program an ECC word twice. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FlashError } from './flash-error.js';
import { VirtualClock } from './line-clock.js';
import { flashThroughLoader } from './loader-client.js';
import { LockstepLoader } from './lockstep-loader.js';
import { seededRandom } from './rom-faults.js';
import { SimLine } from './sim-line.js';

const runs = Number(process.env.REFLOW_LOADER_FAULT_RUNS ?? 2000);
const firstSeed = Number(process.env.REFLOW_FAULT_SEED ?? 1);
const base = 0x08004000;
const limitMs = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'reflow-loader-faults-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** One run as its seed describes it, and the only findings that would be right; `success` where the trouble can be cured. */
function scenario(seed: number) {
  const random = seededRandom(seed);
  const chance = (p: number) => random() < p;
  const noise = chance(0.6) ? random() * (chance(0.1) ? 0.05 : 0.0003) : 0;
  const cut = chance(0.4) ? Math.floor(random() * 1200) : -1;
  const cutFor = chance(0.8) ? 20 + random() * 2000 : null;
  const cutTakesPort = chance(0.5);
  const unplugAt = chance(0.2) ? random() * 600 : null;
  const comesBack = chance(0.7);
  const before = chance(0.25) ? (chance(0.3) ? 'old-application' : 'application') : 'loader';
  const isOff = chance(0.03);
  const isOther = chance(0.04);
  const isStuck = chance(0.06);
  const right = new Set(['success']);
  const only = (finding: string) => right.clear() === undefined && right.add(finding);
  if (isStuck) only('mismatch');
  if (isOther) only('wrong-board');
  if (before === 'old-application') only('application');
  if (isOff) only('nothing-answers');
  // Whether these happen before the job is over, or before the finding above, depends on the run.
  if (unplugAt !== null && !comesBack) right.add('port-lost');
  if (cut >= 0 && cutFor === null) right.add(cutTakesPort ? 'port-lost' : 'stopped-answering');
  // Past one byte in 300, few frames of 2 KiB get through.
  if (noise > 0.001)
    for (const f of ['stopped-answering', 'nothing-answers', 'garbled', 'too-slow']) right.add(f);
  const wordBytes = [4, 8, 16, 32][Math.floor(random() * 4)]!;
  const imageBytes = 40 + Math.floor(random() * 9000);
  const image = Uint8Array.from({ length: imageBytes }, () => Math.floor(random() * 255));
  new DataView(image.buffer).setUint32(0, 0x20001000, true);
  new DataView(image.buffer).setUint32(4, base + 0x21, true);
  // What is there before: nothing, or the same image but for a few places.
  const old = chance(0.5) ? image.slice() : null;
  for (let places = random() * 4; old && places > 0; places--)
    old[Math.floor(random() * imageBytes)]! ^= 0x5a;
  if (isStuck && old) right.add('success'); // where the worn word need not be written
  const stuckAt = isStuck ? base + wordBytes * Math.floor((random() * imageBytes) / wordBytes) : 0;
  const board = { base, bytes: 0x8000, wordBytes, ecc: wordBytes > 4, sectorBytes: 0x1000, stuckAt };
  const facts = { noise, cut, cutFor, cutTakesPort, unplugAt, comesBack, before, isOff, isOther, isStuck };
  return {
    ...facts,
    first: before as 'loader' | 'application' | 'old-application',
    board,
    image,
    old,
    right,
    random,
  };
}

type Scenario = ReturnType<typeof scenario>;

/** Loses and flips bytes. */
function spoil(bytes: Uint8Array, { noise, random }: Scenario): Uint8Array {
  const out = bytes.slice();
  let length = 0;
  for (const byte of bytes) {
    if (noise === 0 || random() >= noise) out[length++] = byte;
    else if (random() < 0.5) out[length++] = byte ^ (1 << Math.floor(random() * 8));
  }
  return out.subarray(0, length);
}

/** Wires the board to the line; its supply fails, and comes back, as the scenario says. */
function wire(s: Scenario, device: LockstepLoader, line: SimLine, clock: VirtualClock): void {
  device.place(s.board);
  if (s.old) device.preset(s.old);
  if (!s.isOff) device.switchOn(s.cut, s.first);
  line.device.onData((bytes) => {
    const wasOn = device.state.isOn;
    const answer = device.push(spoil(bytes, s));
    if (answer.length > 0) line.device.write(spoil(answer, s));
    if (!wasOn || device.state.isOn) return;
    if (s.cutTakesPort) line.unplug();
    if (s.cutFor === null) return;
    clock.schedule(s.cutFor, () => {
      device.switchOn(-1, 'loader');
      line.plugIn();
    });
  });
  if (s.unplugAt === null) return;
  clock.schedule(s.unplugAt, () => {
    line.unplug();
    if (s.comesBack) clock.schedule(1000, () => line.plugIn());
  });
}

async function run(seed: number, device: LockstepLoader) {
  const s = scenario(seed);
  const clock = new VirtualClock();
  const line = new SimLine(clock, false);
  const port = await line.open();
  await port.setLine({ baudRate: 921_600 });
  wire(s, device, line, clock);
  const outcome = await flashThroughLoader(port, s.image, base, {
    ...{ clock, limitMs, start: true, reopen: () => line.open() },
    board: s.isOther ? 'nucleo-f446re' : 'virtual',
  }).then(
    () => ({ finding: 'success', text: '' }),
    (error: unknown) =>
      error instanceof FlashError
        ? { finding: error.finding, text: error.line }
        : { finding: 'bug', text: error instanceof Error ? String(error.stack) : String(error) },
  );
  const took = clock.now();
  const equal = Buffer.compare(device.flash(s.image.length), s.image) === 0;
  return { s, outcome, took, equal, state: device.state };
}

test(`${runs} flashes through the loader under random faults`, async (t) => {
  t.timeout(300_000);
  const device = new LockstepLoader(folder);
  t.teardown(() => device.stop());
  const wrong: string[] = [];
  const tally = new Map<string, number>();
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const { s, outcome, took, equal, state } = await run(seed, device);
    tally.set(outcome.finding, (tally.get(outcome.finding) ?? 0) + 1);
    const { board, image, old, random, first, right, ...facts } = s;
    const what = `seed ${seed}: ${outcome.finding} ${outcome.text} after ${took.toFixed(0)} ms, ${JSON.stringify(facts)}`;
    if (!right.has(outcome.finding)) wrong.push(`wrong diagnosis, not ${[...right].join(' or ')}: ${what}`);
    if (outcome.finding === 'success' && !equal) wrong.push(`wrong bytes reported as verified: ${what}`);
    if (state.reprograms > 0) wrong.push(`an ECC word was programmed twice: ${what}`);
    if (took > limitMs + 60_000) wrong.push(`took too long: ${what}`);
  }
  t.deepEqual(wrong, []);
  t.log(Object.fromEntries(tally));
  t.true((tally.get('success') ?? 0) > 0.6 * runs);
});
