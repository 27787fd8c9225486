/** Graph and Plan to the files of a C project; nothing is written here. */
import { type Graph, tensorOf } from '../ir/graph.js';
import { tensorBytes } from '../ir/tensor.js';
import { defOf } from '../ops/index.js';
import { type KernelCall, type RowRule, rowView, viewOp } from '../ops/op-def.js';
import { type Plan, plannedCalls } from '../plan/plan.js';
import { cmakeLists, makefile } from './build-files.js';
import { Constants, type PlacedWeights } from './constants.js';
import { networkHeader } from './network-header.js';
import { networkSource } from './network-source.js';
import { streamedInput } from './segment.js';

/** Contents of a project by path: text, or the path of a packaged file that is copied as it is. */
export type ProjectFiles = ReadonlyMap<string, { readonly text: string } | { readonly asset: string }>;

export interface EmitOptions {
  /** Name of the network's file, for the head comment. */
  readonly file: string;
  /** SHA-256 of the network's file and of the plan, hexadecimal. */
  readonly modelHash: string;
  readonly planHash: string;
}

export interface Project {
  readonly files: ProjectFiles;
  /** The C files to compile, in the project's folder. */
  readonly sources: readonly string[];
  /** The network's own numbers. */
  readonly weightBytes: number;
  /** Those and the numbers that were derived for the kernels: what lies in flash besides code and parameter structs. */
  readonly constantBytes: number;
  /** Weights of those that do not lie in the board's first memory for weights, or are copied from there. */
  readonly placedWeights: readonly PlacedWeights[];
  /** Size of the input that arrives row by row; 0 when all are resident. */
  readonly streamedInputBytes: number;
  readonly ops: readonly EmittedOp[];
}

/** One operator with its kernel calls, in the order of the plan. */
export interface EmittedOp {
  readonly index: number;
  readonly label: string;
  readonly kind: string;
  readonly macs: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Null when it runs whole, else what one step is: a row of the output, or one of the input that it adds up. */
  readonly rows: RowRule['kind'] | null;
  /** Number of its steps. */
  readonly steps: number;
  /** For `pointwise` rows: the calls for one row. */
  readonly calls: readonly KernelCall[];
}

/** Everything that the writers of single files need. */
export interface Emission {
  readonly graph: Graph;
  readonly plan: Plan;
  readonly options: EmitOptions;
  readonly ops: readonly EmittedOp[];
  readonly constants: Constants;
}

/**
 * The C99 project of one network: <net>.h, <net>.c, <net>_weights.{h,c}, the kernels it needs under rf/, Makefile and
 * CMakeLists.txt. The graph must be one that `findUnsupported` accepts and the plan one that `checkPlan` accepts.
 */
export function emitProject(graph: Graph, plan: Plan, options: EmitOptions): Project {
  const order = new Set(plan.steps.flatMap((step) => (step.op === null ? [] : [step.op])));
  const ops = [...order].map((id) => emittedOp(graph, plan, id));
  const emission: Emission = { graph, plan, options, ops, constants: new Constants(graph.name) };
  const net = graph.name;
  // The source comes first: writing it collects the constants.
  const source = networkSource(emission);
  const kernels = [
    ...new Set(ops.flatMap((op) => op.calls.flatMap(({ file, uses = [] }) => [file, ...uses]))),
  ].sort();
  const sources = [`${net}.c`, `${net}_weights.c`, ...kernels.map((file) => `rf/ops/${file}.c`)];
  const files = new Map<string, { text: string } | { asset: string }>([
    [`${net}.h`, { text: networkHeader(emission) }],
    [`${net}.c`, { text: source }],
    [`${net}_weights.h`, { text: emission.constants.header() }],
    [`${net}_weights.c`, { text: emission.constants.source() }],
    ...runtimeFiles(kernels),
    ['Makefile', { text: makefile(net, sources) }],
    ['CMakeLists.txt', { text: cmakeLists(net, sources) }],
  ]);
  const { weightBytes, constantBytes, placedBytes: placedWeights } = emission.constants;
  const input = streamedInput(emission);
  const streamedInputBytes = input ? tensorBytes(input) : 0;
  return { files, sources, weightBytes, constantBytes, placedWeights, streamedInputBytes, ops };
}

const runtimeHeaders = ['rf.h', 'rf_quant.h', 'rf_fixed.h', 'rf_broadcast.h'];
const dspHeaders = ['rf_dsp.h', 'rf_dsp_scale.h', 'rf_dsp_panel.h', 'rf_dsp_dot.h'];
const mveHeaders = ['rf_mve.h', 'rf_mve_panel.h', 'rf_mve_mean.h'];

/** What every kernel may include, and each kernel file with its header. */
function runtimeFiles(kernels: readonly string[]): [string, { asset: string }][] {
  const asset = (path: string): [string, { asset: string }] => [`rf/${path}`, { asset: `runtime-c/${path}` }];
  return [
    ...runtimeHeaders.map(asset),
    ...(kernels.some((file) => file.endsWith('_dsp')) ? dspHeaders.map(asset) : []),
    ...(kernels.some((file) => file.endsWith('_mve')) ? mveHeaders.map(asset) : []),
    ...kernels.flatMap((file) => [asset(`ops/${file}.h`), asset(`ops/${file}.c`)]),
  ];
}

function emittedOp(graph: Graph, plan: Plan, id: number): EmittedOp {
  const op = graph.ops.find((candidate) => candidate.id === id)!;
  const view = viewOp(graph, op);
  const def = defOf(op);
  const steps = plan.steps.filter((step) => step.op === id).length;
  const rule = def.rows?.(view)?.kind ?? null;
  // A window or an accumulation of one row is the same call either way.
  const rows = steps > 1 ? rule : null;
  return {
    index: op.id,
    label: op.label,
    kind: op.kind,
    macs: def.macs(view),
    inputs: op.inputs.filter((input) => input !== null && tensorOf(graph, input).data === null) as number[],
    outputs: op.outputs,
    rows,
    steps,
    calls: plannedCalls(plan, rows === 'pointwise' ? rowView(view) : view),
  };
}
