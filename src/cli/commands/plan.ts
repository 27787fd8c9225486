import { ReflowError } from '../../base/error.js';
import type { PlanInstance, PlanRequest, PlanStory } from '../../flow/requests.js';
import type { BufferInfo, InstanceResult, PlanResult } from '../../flow/results.js';
import type { McuformerModel } from '../../plan/mcuformer.js';
import { defineCommand } from '../command.js';
import { attentionField, boardOption, networkPositional, planOptions } from '../options.js';
import { networkRequest, shapeOption } from '../shape-option.js';
import { type Cell, grouped, pairs, paragraphs, percent, table } from '../text.js';

/** Writes the memory map of a plan as HTML. */
export type WritePlanHtml = (path: string, plan: PlanResult) => Promise<void>;

export const planCommand = (plan: PlanStory, writeHtml: WritePlanHtml, planInstance: PlanInstance) =>
  defineCommand({
    command: 'plan [network]',
    describe: 'The memory plan, its proof, and whether it fits',
    positionals: { network: { ...networkPositional.network, demandOption: false } },
    options: {
      board: { ...boardOption.board, demandOption: false },
      ...planOptions,
      ...shapeOption,
      html: { describe: 'also draw the memory map into this file', type: 'string' },
      instance: {
        describe: 'a bare allocation problem to solve instead: CSV with id,lower,upper,size',
        type: 'string',
      },
      capacity: { describe: 'with --instance: bytes to fit into', type: 'number' },
    },
    run: async ({ html, instance, capacity, network, board, ...args }, progress) => {
      const { seconds } = args;
      if (instance !== undefined) {
        if (network !== undefined) usage('--instance takes the place of a network', 'leave one of them out');
        refuseNoTime(seconds);
        return planInstance({ file: instance, capacity: capacity ?? null, seconds }, progress);
      }
      if (capacity !== undefined) usage('--capacity is for --instance', 'leave it out');
      if (network === undefined)
        return usage('which network?', 'give a .tflite file, or --instance FILE.csv');
      if (board === undefined) return usage('for which board?', 'give --board; reflow boards lists them');
      const result = await plan(planRequest({ network, board, ...args }), progress);
      if (html !== undefined) await writeHtml(html, result);
      return result;
    },
    print: (result: PlanResult | InstanceResult) =>
      'height' in result ? printInstance(result) : printPlan(result),
    complaint: (result) => ('height' in result ? instanceComplaint(result) : planComplaint(result)),
  });

function usage(message: string, hint: string): never {
  throw new ReflowError('E_USAGE', message, hint);
}

function refuseNoTime(seconds: number): void {
  if (!(seconds > 0)) usage('--seconds must be more than 0', 'give e.g. --seconds 10');
}

function instanceComplaint({ file, height, capacity, fits }: InstanceResult): ReflowError | null {
  if (fits !== false) return null;
  return new ReflowError(
    'E_DOES_NOT_FIT',
    `${file}: the lowest layout found takes ${grouped(height)} bytes, ${grouped(height - capacity!)} too many`,
    'search longer with --seconds, or give more capacity',
  );
}

function printInstance(result: InstanceResult): string {
  const { file, buffers, height, lowerBound, gap, provenOptimal, engine, seconds, capacity, fits } = result;
  return pairs([
    ['instance', `${file}: ${grouped(buffers.length)} buffers`],
    ['height', `${grouped(height)} bytes`],
    ['lower bound', `${grouped(lowerBound)} bytes`],
    ['gap', `${(100 * gap).toFixed(2)} %`],
    ['proof', provenOptimal ? 'optimal' : 'open'],
    ['capacity', capacity === null ? null : `${grouped(capacity)} bytes: ${fits ? 'fits' : 'DOES NOT FIT'}`],
    ['engine', engine],
    ['seconds', seconds.toFixed(3)],
  ]);
}

interface PlanArguments {
  readonly network: string;
  readonly shape?: readonly string[] | undefined;
  readonly board: string;
  readonly objective: string;
  readonly input: string;
  readonly seconds: number;
  readonly kernel: readonly (string | number)[];
  readonly attention: string;
}

/** The parser has checked the choices; here they get their types. */
export function planRequest(args: PlanArguments): PlanRequest {
  const { board, seconds, kernel } = args;
  refuseNoTime(seconds);
  const objective = args.objective as PlanRequest['objective'];
  const input = args.input as PlanRequest['input'];
  const kernels = kernel.map(String);
  const attention = attentionField(args.attention);
  return { ...networkRequest(args), board, objective, input, seconds, kernels, ...attention };
}

export function planComplaint({ network, board, fits, regions, advice }: PlanResult): ReflowError | null {
  if (fits) return null;
  const missing = regions
    .filter(({ bytes, used }) => used > bytes)
    .map(({ name, bytes, used }) => `${grouped(used - bytes)} bytes are missing in ${name}`);
  return new ReflowError(
    'E_DOES_NOT_FIT',
    `${network} does not fit ${board}: ${missing.join(', ') || 'no room was found'}`,
    advice[0] ?? 'choose a board with more memory or a smaller network',
  );
}

export function printPlan(plan: PlanResult): string {
  const gap = plan.arenaBytes - plan.lowerBoundBytes;
  const proof = plan.provenOptimal
    ? 'proven optimal'
    : `${grouped(gap)} bytes (${percent(gap, plan.lowerBoundBytes)}) above the bound`;
  const regions = plan.regions.map((region) => [
    ...[region.name, region.kind, region.bytes, region.used, percent(region.used, region.bytes)],
    ...[region.arenaBytes, region.lowerBoundBytes, region.weightBytes].map((bytes) => bytes || null),
  ]);
  return paragraphs(
    `${plan.network} on ${plan.board}: arena ${grouped(plan.arenaBytes)} bytes, ${plan.fits ? 'fits' : 'DOES NOT FIT'}`,
    pairs([
      ['lower bound', `${grouped(plan.lowerBoundBytes)} bytes: ${proof}`],
      ['sought among', plan.family],
      ['solver', solvers[plan.engine]],
      ['objective', `${plan.objective}, input ${plan.input}`],
      [
        'MACs',
        `${grouped(plan.macs)}${plan.extraMacs > 0 ? ` + ${grouped(plan.extraMacs)} recomputed` : ''}`,
      ],
      ['scratch', `${grouped(plan.scratchBytes)} bytes, inside the arena`],
      ["MCUFormer's models", plan.mcuformer ? mcuformerText(plan.mcuformer) : null],
      ['flash', `${grouped(plan.flashBytes)} bytes`],
      ['planned in', `${plan.seconds.toFixed(2)} s`],
    ]),
    table(['memory', 'kind', 'bytes', 'used', 'share', 'arena', 'its bound', 'weights'], regions),
    table(['buffer', 'pieces', 'memory', 'from', 'most bytes', 'steps'], bufferLines(plan)),
    plan.advice.length === 0 ? '' : `Advice:\n${plan.advice.map((line) => `  ${line}`).join('\n')}`,
  );
}

/** The three in KiB, as they were published. */
export function mcuformerText({ paperBytes, repositoryBytes, developmentBytes }: McuformerModel): string {
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  return `paper ${kib(paperBytes)}, repository ${kib(repositoryBytes)}, development ${kib(developmentBytes)}`;
}

const solvers = {
  native: 'native core',
  typescript: 'TypeScript; the native core is not built (`node tools/build-native.mjs` does, with cargo)',
};

/** One line for all pieces of a tensor or scratch, in the order of their births: where the lowest is, how much lives at once. */
function bufferLines({ buffers }: PlanResult): Cell[][] {
  const groups = new Map<string, BufferInfo[]>();
  for (const buffer of buffers) {
    const key = groupOf(buffer);
    groups.set(key, [...(groups.get(key) ?? []), buffer]);
  }
  const first = (pieces: readonly BufferInfo[]) => Math.min(...pieces.map((piece) => piece.first));
  return [...groups.values()]
    .sort((a, b) => first(a) - first(b))
    .map((all) => {
      const head = all[0]!;
      const pieces = head.tensor === null && !rowSuffix.test(head.name) ? [head] : all;
      const others = all.length - pieces.length;
      const name = clipped(head.name.replace(rowSuffix, ''));
      const from = Math.min(...pieces.map(({ offset }) => offset));
      const last = Math.max(...pieces.map((piece) => piece.last));
      return [
        head.tensor === null ? `scratch of ${name}${others > 0 ? ` and ${others} more` : ''}` : name,
        ...[pieces.length, head.region, from, mostAtOnce(pieces), `${first(pieces)}..${last - 1}`],
      ];
    });
}

const rowSuffix = / row \d+$/;

/** Rows belong to their tensor; operators may share one scratch. */
function groupOf({ tensor, name, offset, first, last }: BufferInfo): string {
  if (tensor !== null) return `tensor ${tensor}`;
  return rowSuffix.test(name) ? name.replace(rowSuffix, '') : `scratch ${offset} ${first} ${last}`;
}

/** Converters name tensors after everything that was fused into them. */
function clipped(name: string): string {
  const most = 48;
  return name.length <= most ? name : `${name.slice(0, most - 3)}...`;
}

function mostAtOnce(pieces: readonly BufferInfo[]): number {
  const alive = (time: number) =>
    pieces.reduce((sum, { first, last, bytes }) => sum + (first <= time && time < last ? bytes : 0), 0);
  return Math.max(...pieces.map(({ first }) => alive(first)));
}
