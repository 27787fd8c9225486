import { ReflowError } from '../../base/error.js';
import { costUnit, costValue } from '../../flow/cost.js';
import type { MlperfResult } from '../../flow/mlperf-result.js';
import { modelledText } from '../../flow/modelled-text.js';
import type { Mlperf, Profile } from '../../flow/requests.js';
import { defaultWindowSeconds } from '../../flow/requests.js';
import type { EnergyOfRun, ModelledCost, ModelledTime, ProfileResult } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { boardRequest, boardRequestOptions, networkPositional, storeOption } from '../options.js';
import { grouped, pairs, paragraphs, percent, shapeText, table } from '../text.js';

const mostRuns = 100_000;

const rules = ['either', 'both', 'mlcommons'] as const;

export const profileCommand = (profile: Profile, mlperf: Mlperf) =>
  defineCommand({
    command: 'profile <network>',
    describe: 'Cost of every operator, stack, energy; kept in the store',
    positionals: networkPositional,
    options: {
      ...boardRequestOptions,
      ...storeOption,
      runs: { describe: 'how many inferences', type: 'number', default: 1 },
      energy: { describe: 'a meter or a capture, e.g. lpm01a:/dev/ttyACM1,volts=3.3', type: 'string' },
      mlperf: {
        describe: "a performance run by MLPerf Tiny's rules and protocol",
        type: 'boolean',
        default: false,
      },
      rule: { describe: 'with --mlperf: when a window is long enough', choices: rules },
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
    run: (
      { store, runs, energy, 'window-seconds': windowSeconds, mlperf: byRules, rule, modelled, ...args },
      progress,
    ): Promise<ProfileResult | MlperfResult> => {
      if (byRules) {
        if (energy !== undefined || modelled)
          throw new ReflowError(
            'E_USAGE',
            '--mlperf is a performance run',
            'profile without --energy and --modelled',
          );
        // The parser has checked the choice; here it gets its type.
        const chosen = (rule as MlperfResult['rule'] | undefined) ?? null;
        return mlperf({ ...boardRequest(args), store, rule: chosen }, progress);
      }
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
    print: (result) => ('windows' in result ? printMlperf(result) : printProfile(result)),
    complaint: (result) =>
      'windows' in result && !result.valid
        ? new ReflowError(
            'E_DEVICE',
            `the run breaks a rule: ${result.violations[0]}`,
            'run it again, or choose another --rule',
          )
        : null,
  });

export function printMlperf(result: MlperfResult): string {
  const { network, board, windows, rule, valid, violations, source } = result;
  const unit = costUnit(result);
  return paragraphs(
    `${network} on ${board} by MLPerf Tiny's rules (${rule}): ${grouped(costValue(result), 1)} ${unit} (${source}), median of ${windows.length}`,
    table(
      ['window', 'warm-up', 'inferences', 'device us'],
      windows.map(({ warmups, inferences, elapsedUs }, index) => [index + 1, warmups, inferences, elapsedUs]),
    ),
    pairs([
      ['device', result.vendor],
      ['rules', valid ? 'kept' : violations.join('; ')],
      ['stored as', result.runId],
    ]),
  );
}

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
