import { ReflowError } from '../../base/error.js';
import { costUnit, costValue } from '../../flow/cost.js';
import { modelledText } from '../../flow/modelled-text.js';
import type { Profile } from '../../flow/requests.js';
import { defaultWindowSeconds } from '../../flow/requests.js';
import type { EnergyOfRun, ModelledCost, ModelledTime, ProfileResult } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { boardRequest, boardRequestOptions, networkPositional, storeOption } from '../options.js';
import { grouped, pairs, paragraphs, percent, shapeText, table } from '../text.js';

const mostRuns = 100_000;

export const profileCommand = (profile: Profile) =>
  defineCommand({
    command: 'profile <network>',
    describe: 'Cost of every operator, stack, energy; kept in the store',
    positionals: networkPositional,
    options: {
      ...boardRequestOptions,
      ...storeOption,
      runs: { describe: 'how many inferences', type: 'number', default: 1 },
      energy: { describe: 'a meter or a capture, e.g. lpm01a:/dev/ttyACM1,volts=3.3', type: 'string' },
      'window-seconds': {
        describe: 'length of each of the five windows under a meter',
        type: 'number',
        default: defaultWindowSeconds,
      },
      modelled: {
        describe: "cycles by a model of the board's chip, without the board (docs/cycles.md)",
        type: 'boolean',
        default: false,
      },
    },
    run: ({ store, runs, energy, 'window-seconds': windowSeconds, modelled, ...args }, progress) => {
      if (!(windowSeconds > 0 && windowSeconds <= 60))
        throw new ReflowError('E_USAGE', '--window-seconds must be above 0 and at most 60', 'give e.g. 10');
      if (!Number.isInteger(runs) || runs < 1 || runs > mostRuns) {
        throw new ReflowError(
          'E_USAGE',
          `--runs must be a whole number from 1 to ${mostRuns}`,
          'give e.g. --runs 10',
        );
      }
      return profile(
        { ...boardRequest(args), store, runs, energy: energy ?? null, windowSeconds, modelled },
        progress,
      );
    },
    print: printProfile,
  });

export function printProfile(result: ProfileResult): string {
  const unit = costUnit(result);
  const rows = result.perOp.map((op) => [
    op.index,
    op.label,
    shapeText(op.outputShape),
    op.macs,
    costValue(op),
    percent(costValue(op), result.total),
    op.macs === 0 ? null : (costValue(op) / op.macs).toFixed(2),
  ]);
  const clock = result.clockHz === null ? '' : ` at ${grouped(result.clockHz / 1e6, 3)} MHz`;
  const { energy, modelled } = result;
  return paragraphs(
    modelled === null
      ? `${result.network} on ${result.board}${clock}, ${result.runs} run${result.runs === 1 ? '' : 's'}: ` +
          `${grouped(result.total, 1)} ${unit} (${result.source})`
      : `${result.network} on ${result.board}: ${modelledText(modelled)}`,
    table(['#', 'operator', 'output', 'MACs', unit, 'share', 'per MAC'], rows),
    pairs([
      ['MACs', grouped(result.macs)],
      ['per MAC', result.macs === 0 ? null : `${(result.total / result.macs).toFixed(2)} ${unit}`],
      ['stack', `${grouped(result.stackBytes)} bytes`],
      ['arena', `${grouped(result.arenaHighWater)} bytes touched of ${grouped(result.arenaBytes)} planned`],
      ...(result.memories.length > 1
        ? result.memories.map(
            ({ name, bytes, highWater }) =>
              [`in ${name}`, `${grouped(highWater)} bytes touched of ${grouped(bytes)} planned`] as const,
          )
        : []),
      ['energy', energy === null ? null : `${grouped(energy.uJ, 3)} uJ (${energy.source}, ${energy.meter})`],
      ['stored as', result.runId],
    ]),
    energy === null ? '' : energyNotes(energy),
    modelled === null ? '' : modelledParts(modelled),
  );
}

function modelledParts(time: ModelledTime): string {
  const causes = Object.keys(time.byCause) as (keyof typeof time.byCause)[];
  const row = (name: string | number, kind: string, cost: ModelledCost) => [
    name,
    kind,
    cost.instructions,
    ...causes.map((cause) => cost.byCause[cause] ?? 0),
    (cost.cycles / Math.max(1, cost.instructions)).toFixed(2),
  ];
  return paragraphs(
    table(
      ['#', 'cycles spent on', 'instructions', ...causes, 'cycles each'],
      [...time.perOp.map((op) => row(op.index, op.kind, op)), row('', 'whole network', time)],
    ),
    `Not included: ${time.notIncluded.join(', ')}.`,
  );
}

function energyNotes({ windows, lostEdges, warnings, caveats }: EnergyOfRun): string {
  const counted = windows.filter((window) => window.counted).length;
  return [
    `energy: median of ${counted} windows, ${lostEdges} lost edges`,
    ...warnings.map((warning) => `warning: ${warning}`),
    ...caveats.map((caveat) => `note: ${caveat}`),
  ].join('\n');
}
