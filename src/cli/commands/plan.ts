import { ReflowError } from '../../base/error.js';
import type { PlanRequest, PlanStory } from '../../flow/requests.js';
import type { PlanResult } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { boardOption, networkPositional, planOptions } from '../options.js';
import { grouped, pairs, paragraphs, percent, table } from '../text.js';

/** Writes the memory map of a plan as HTML. */
export type WritePlanHtml = (path: string, plan: PlanResult) => Promise<void>;

export const planCommand = (plan: PlanStory, writeHtml: WritePlanHtml) =>
  defineCommand({
    command: 'plan <network>',
    describe: 'The memory plan, its proof, and whether it fits',
    positionals: networkPositional,
    options: {
      ...boardOption,
      ...planOptions,
      html: { describe: 'also draw the memory map into this file', type: 'string' },
    },
    run: async ({ html, ...args }, progress) => {
      const result = await plan(planRequest(args), progress);
      if (html !== undefined) await writeHtml(html, result);
      return result;
    },
    print: printPlan,
    complaint: planComplaint,
  });

interface PlanArguments {
  readonly network: string;
  readonly board: string;
  readonly objective: string;
  readonly input: string;
  readonly seconds: number;
}

/** The parser has checked the choices; here they get their types. */
export function planRequest(args: PlanArguments): PlanRequest {
  const { network, board, seconds } = args;
  if (!(seconds > 0))
    throw new ReflowError('E_USAGE', '--seconds must be more than 0', 'give e.g. --seconds 10');
  const objective = args.objective as PlanRequest['objective'];
  return { network, board, objective, input: args.input as PlanRequest['input'], seconds };
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
  const regions = plan.regions.map(({ name, bytes, used }) => [name, bytes, used, percent(used, bytes)]);
  const buffers = [...plan.buffers]
    .sort((a, b) => a.first - b.first || a.offset - b.offset)
    .map(({ tensor, name, region, offset, bytes, first, last }) => [
      tensor === null ? `scratch of ${name}` : name,
      region,
      offset,
      bytes,
      `${first}..${last - 1}`,
    ]);
  return paragraphs(
    `${plan.network} on ${plan.board}: arena ${grouped(plan.arenaBytes)} bytes, ${plan.fits ? 'fits' : 'DOES NOT FIT'}`,
    pairs([
      ['lower bound', `${grouped(plan.lowerBoundBytes)} bytes: ${proof}`],
      ['sought among', plan.family],
      ['objective', `${plan.objective}, input ${plan.input}`],
      [
        'MACs',
        `${grouped(plan.macs)}${plan.extraMacs > 0 ? ` + ${grouped(plan.extraMacs)} recomputed` : ''}`,
      ],
      ['scratch', `${grouped(plan.scratchBytes)} bytes, inside the arena`],
      ['flash', `${grouped(plan.flashBytes)} bytes`],
      ['planned in', `${plan.seconds.toFixed(2)} s`],
    ]),
    table(['memory', 'bytes', 'used', 'share'], regions),
    table(['buffer', 'memory', 'offset', 'bytes', 'steps'], buffers),
    plan.advice.length === 0 ? '' : `Advice:\n${plan.advice.map((line) => `  ${line}`).join('\n')}`,
  );
}
