/** Thousands of flashes over a line and a bootloader that misbehave: none may lie, hang, or program an ECC word twice. */
import test from 'ava';
import type { Port } from '../base/port.js';
import { chipByPid } from './chips.js';
import { entrySequences } from './entry-sequence.js';
import { type Finding, FlashError } from './flash-error.js';
import { type FlashResult, flashImage } from './flash-image.js';
import { VirtualClock } from './line-clock.js';
import { RomEmulator } from './rom-emulator.js';
import { type FaultRates, seededFaults, seededRandom } from './rom-faults.js';
import { SimLine } from './sim-line.js';

const runs = Number(process.env.REFLOW_FAULT_RUNS ?? 2000);
const firstSeed = Number(process.env.REFLOW_FAULT_SEED ?? 1);
const pids = [0x470, 0x450, 0x482, 0x480, 0x413, 0x421, 0x449, 0x415, 0x469];
const limitMs = 900_000;

/** One run as its seed describes it: the board, the faults, and the findings that would be right besides success. */
function scenario(seed: number) {
  const random = seededRandom(seed);
  const chance = (p: number) => random() < p;
  const rate = (p: number, most: number) => (chance(p) ? random() * most : 0);
  const lines = chance(0.7);
  const rates: FaultRates = {
    lose: rate(0.5, 0.001),
    corrupt: rate(0.4, 0.001),
    nack: rate(0.4, 0.03),
    late: rate(0.3, 0.02),
    lateMs: 200 + random() * 4000,
    hang: rate(0.25, 0.01),
    tear: rate(0.25, 0.04),
    early: rate(0.2, 0.3),
  };
  const isProtected = chance(0.05);
  const sectorProtected = chance(0.05);
  const unplugAt = chance(0.2) ? random() * 3000 : null;
  const comesBack = chance(0.7);
  const right = new Set<string>();
  if (isProtected) right.add('protected');
  if (sectorProtected) right.add('write-protected');
  if (unplugAt !== null && !comesBack) right.add('port-lost');
  // Without a reset line, only a person can wake a hung bootloader or give a reset one its first 0x7F.
  if (!lines && (rates.hang! > 0 || rates.tear! > 0))
    right.add('stopped-answering').add('garbled').add('nothing-answers');
  // Resets and hang-ups so frequent that a sector is rarely finished.
  if (rates.hang! + rates.tear! > 0.02) right.add('disturbed');
  return {
    chip: chipByPid(pids[Math.floor(random() * pids.length)]!)!,
    imageBytes: 200 + Math.floor(random() * 5000),
    lines,
    rates,
    isProtected,
    sectorProtected,
    unplugAt,
    comesBack,
    powerCycles: chance(0.5),
    twoNacks: chance(0.5),
    version: chance(0.2) ? 0x22 : 0x31,
    known: chance(0.4),
    right,
    random,
  };
}

interface Outcome {
  readonly finding: Finding | 'success' | 'bug';
  readonly text: string;
}

async function run(seed: number) {
  const s = scenario(seed);
  const clock = new VirtualClock();
  const line = new SimLine(clock, s.lines);
  const { chip } = s;
  const device = new RomEmulator(line.device, chip, {
    clock,
    control: line,
    faults: seededFaults(seed, s.rates),
    readoutProtected: s.isProtected,
    twoNacks: s.twoNacks,
    version: s.version,
    protectedSectors: s.sectorProtected ? [0] : [],
    eraseMsPerKib: s.random() * 5,
    programUs: s.random() * 100,
  });
  const old = Uint8Array.from({ length: 3000 }, () => Math.floor(s.random() * 256));
  device.flash.preset(chip.flashBase, old);
  device.start();
  const image = Uint8Array.from({ length: s.imageBytes }, () => Math.floor(s.random() * 256));
  if (s.known) image.set(old.subarray(0, 2048).slice(0, image.length));
  const port: Port = await line.open();
  if (s.unplugAt !== null) {
    clock.schedule(s.unplugAt, () => {
      line.unplug();
      if (s.powerCycles) device.reset();
      if (s.comesBack) clock.schedule(1000, () => line.plugIn());
    });
  }
  const begin = clock.now();
  const outcome: Outcome = await flashImage(port, image, chip.flashBase, {
    clock,
    limitMs,
    reopen: () => line.open(),
    entry: entrySequences[0]!,
  }).then(
    (_: FlashResult) => ({ finding: 'success', text: '' }),
    (error: unknown) =>
      error instanceof FlashError
        ? { finding: error.finding, text: error.line }
        : { finding: 'bug', text: error instanceof Error ? String(error.stack) : String(error) },
  );
  const took = clock.now() - begin;
  device.stop();
  const equal = image.every((byte, i) => byte === device.flash.bytes[i]);
  return { s, device, outcome, took, equal };
}

test(`${runs} flashes under random faults`, async (t) => {
  const wrong: string[] = [];
  const tally = new Map<string, number>();
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const { s, device, outcome, took, equal } = await run(seed);
    tally.set(outcome.finding, (tally.get(outcome.finding) ?? 0) + 1);
    const what = `seed ${seed} (${s.chip.name}): ${outcome.finding} ${outcome.text} ${JSON.stringify(s.rates)}`;
    if (outcome.finding === 'success') {
      if (!equal) wrong.push(`wrong bytes reported as verified: ${what}`);
    } else if (
      !s.right.has(outcome.finding) &&
      !(outcome.finding === 'protected' && device.readoutProtected)
    ) {
      wrong.push(`wrong diagnosis: ${what}`);
    }
    if (device.flash.eccReprograms > 0) wrong.push(`an ECC word was programmed twice: ${what}`);
    if (device.flash.misaligned > 0) wrong.push(`programmed off a flash word: ${what}`);
    if (took > limitMs + 60_000) wrong.push(`took ${took} ms: ${what}`);
  }
  t.deepEqual(wrong, []);
  t.log(Object.fromEntries(tally));
  t.true((tally.get('success') ?? 0) > 0.7 * runs);
});
