/**
 * A performance run by MLPerf Tiny's rules, over MLPerf Tiny's own protocol: what its runner would do with the same firmware.
 * Five inputs, for each warm-up and a window of back-to-back inferences that the device times itself; the median of five.
 */
import { clock } from '../base/clock.js';
import { ReflowError } from '../base/error.js';
import { type Graph, tensorOf } from '../ir/graph.js';
import { typedArray } from '../ir/tensor.js';
import { MlperfClient } from '../profile/energy/mlperf-client.js';
import type { LoggedInference } from '../profile/energy/mlperf-log.js';
import {
  iterationsFor,
  judgePerformance,
  mlperfInputs,
  mlperfIterations,
  type PerformanceResult,
  type WindowRule,
} from '../profile/energy/mlperf-rules.js';
import { openBoard } from '../profile/open-board.js';
import { type Measurement, measurement } from '../store/measurement.js';
import { openStore } from '../store/store.js';
import { buildProject } from './build.js';
import { writeProject } from './compile.js';
import { flashBuilt } from './flash.js';
import type { MlperfResult } from './mlperf-result.js';
import { generatedInputs } from './network-inputs.js';
import { inScratchFolder, planRequestOf } from './on-board.js';
import { assertFits, type Planned, planFor } from './plan.js';
import type { Progress } from './progress.js';
import { hostReference } from './reference.js';
import type { MlperfRequest } from './requests.js';
import { toolVersion } from './tool-version.js';

const warmups = 10;

/** @throws ReflowError E_USAGE for streamed inputs and for networks of several inputs, E_MISMATCH for wrong results */
export async function mlperf(request: MlperfRequest, progress: Progress): Promise<MlperfResult> {
  return inScratchFolder(async (folder) => {
    const planned = await progress.stage('plan', () => planFor(planRequestOf(request)));
    assertFits(planned.result);
    const form = inputForm(planned.graph, request.plan.input);
    await progress.stage('compile', () => writeProject(planned, folder));
    const image = await progress.stage('build', () =>
      buildProject(folder, {
        program: 'mlperf',
        flags: [
          `-DRF_MLPERF_MODEL="${form.model}"`,
          `-DRF_MLPERF_INPUT_BYTES=${form.capacity}`,
          `-DRF_MLPERF_UNSIGNED=${Number(form.isUnsigned)}`,
        ],
      }),
    );
    const expected = await progress.stage('reference', () => hostReference(request));
    if (planned.board.kind === 'hardware')
      await flashBuilt(folder, planned.board, request.port, request.store, progress);
    const open = await openBoard(planned.board, image, request.port === null ? {} : { port: request.port });
    const client = new MlperfClient(open.port, { commandMs: 10_000 });
    try {
      const outputs = expected.vectors.map(({ outputs: [first] }) => realValues(planned.graph, first!));
      const ran = await progress.stage('mlperf', (say) =>
        performance(client, planned.graph, form, request, outputs, say),
      );
      // The firmware's own word, so that the board can be flashed again without a person.
      if (planned.board.flash) await open.port.write(new TextEncoder().encode('reflow-leave%'));
      return await recorded(planned, image.hash, ran, request.store);
    } finally {
      client.close();
      await open.close();
    }
  });
}

interface InputForm {
  readonly model: string;
  /** Bytes that `db load` may bring. */
  readonly capacity: number;
  /** Images come as bytes from 0 to 255, and the firmware subtracts 128. */
  readonly isUnsigned: boolean;
}

/** The four networks by their names in the benchmark; any other takes its tensor's own bytes. */
const models: readonly (readonly [pattern: RegExp, model: string])[] = [
  [/^kws/i, 'kws01'],
  [/^vww/i, 'vww01'],
  [/^ic|^resnet/i, 'ic01'],
  [/^ad/i, 'ad01'],
];

function inputForm(graph: Graph, input: string): InputForm {
  const [first, ...others] = graph.inputs;
  if (first === undefined || others.length > 0 || graph.outputs.length !== 1 || input === 'streamed') {
    throw new ReflowError(
      'E_USAGE',
      `${graph.name}: MLPerf's protocol knows one resident input and one output`,
      'profile it without --mlperf',
    );
  }
  const model = models.find(([pattern]) => pattern.test(graph.name))?.[1] ?? graph.name;
  const [bytes] = generatedInputs(graph, 1).map(({ length }) => length);
  const isInt8 = tensorOf(graph, first).dtype === 'int8';
  return {
    model,
    capacity: isInt8 ? 4 * bytes! : bytes!,
    isUnsigned: isInt8 && ['ic01', 'vww01'].includes(model),
  };
}

interface Performed {
  readonly vendor: string;
  readonly rule: WindowRule;
  readonly windows: readonly LoggedInference[];
  readonly judged: PerformanceResult;
  readonly isInstructions: boolean;
}

async function performance(
  client: MlperfClient,
  graph: Graph,
  form: InputForm,
  request: MlperfRequest,
  expected: readonly (readonly number[])[],
  say: (detail: string) => void,
): Promise<Performed> {
  const vendor = await client.name();
  const { model } = await client.profile();
  if (model !== form.model)
    throw new ReflowError(
      'E_DEVICE',
      `the device holds ${model}, not ${form.model}`,
      'flash the image again',
    );
  const isInstructions = vendor.includes('instruction');
  const rule = request.rule ?? (isInstructions ? 'either' : 'both');
  const windows: LoggedInference[] = [];
  let inferences = 0;
  let wallMs = 0;
  for (let seed = 1; seed <= mlperfInputs; seed++) {
    say(`input ${seed} of ${mlperfInputs}`);
    const [input] = generatedInputs(graph, seed);
    await client.load(form.isUnsigned ? input!.map((byte) => byte ^ 0x80) : input!);
    if (inferences === 0) {
      const begin = clock.nowMs();
      const probe = await client.infer(1, 0, 600_000);
      wallMs = clock.nowMs() - begin;
      inferences = countFor(rule, probe.elapsedUs ?? 0);
    }
    const window = await client.infer(inferences, warmups, 30_000 + 4 * (inferences + warmups) * wallMs);
    const wanted = expected[seed - 1];
    if (wanted) checkResults(graph.name, window.results, wanted);
    windows.push(window);
  }
  return { vendor, rule, windows, judged: judgePerformance(windows, rule), isInstructions };
}

function countFor(rule: WindowRule, latencyUs: number): number {
  if (rule === 'either') return mlperfIterations;
  const count = iterationsFor(latencyUs);
  return rule === 'mlcommons' ? Math.max(1, Math.ceil(count / mlperfInputs)) : count;
}

/** Three decimals are all that the protocol carries. */
function checkResults(name: string, results: readonly number[], expected: readonly number[]): void {
  const wrong = expected.findIndex(
    (value, i) => !(Math.abs(value - (results[i] ?? Number.NaN)) <= 0.0006 + 1e-3 * Math.abs(value)),
  );
  if (wrong < 0 && results.length === expected.length) return;
  throw new ReflowError(
    'E_MISMATCH',
    `${name}: result ${Math.max(0, wrong)} is ${results[Math.max(0, wrong)]}, the host has ${expected[Math.max(0, wrong)]}`,
    'reflow verify shows where they part',
  );
}

function realValues(graph: Graph, bytes: Uint8Array): number[] {
  const { dtype, quant } = tensorOf(graph, graph.outputs[0]!);
  const values = Array.from(typedArray(dtype, bytes), Number);
  const scale = quant?.scales[0];
  return scale === undefined ? values : values.map((value) => scale * (value - (quant!.zeroPoints[0] ?? 0)));
}

async function recorded(
  { graph, board, network, result, plan }: Planned,
  imageHash: string,
  { vendor, rule, windows, judged, isInstructions }: Performed,
  place: string,
): Promise<MlperfResult> {
  if (judged.medianUs === null)
    throw new ReflowError(
      'E_DEVICE',
      `${board.id} gave no valid window: ${judged.violations[0]}`,
      'reset it and try again',
    );
  // The device's microsecond is a thousand instructions where it counts those.
  const cost = isInstructions
    ? { instructions: Math.round(judged.medianUs * 1000) }
    : { us: judged.medianUs };
  const value: Measurement = isInstructions
    ? measurement('mlperfLatency', judged.medianUs * 1000, 'instructions', 'emulated')
    : measurement('mlperfLatency', judged.medianUs, 'wall', 'measured');
  const facts = {
    network: graph.name,
    board: board.id,
    clockHz: board.clockHz,
    modelHash: network.modelHash,
    planHash: result.planHash,
    imageHash,
  };
  const store = await openStore(place);
  try {
    const run = { ...facts, at: clock.timestamp(), toolVersion: await toolVersion(), document: null };
    const runId = await store.recordRun(run, [value]);
    return {
      ...facts,
      ...{ vendor, rule, runId, arenaBytes: plan.arenaBytes, ...cost },
      source: isInstructions ? 'emulated' : 'measured',
      windows: windows.map(({ inferences, warmups: warm, elapsedUs }) => ({
        inferences,
        warmups: warm,
        elapsedUs,
      })),
      valid: judged.valid,
      violations: judged.violations,
    };
  } finally {
    await store.close();
  }
}
