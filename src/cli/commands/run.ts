import { costUnit, costValue } from '../../flow/cost.js';
import type { RunStory } from '../../flow/requests.js';
import type { OutputValues, RunResult } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { boardRequest, boardRequestOptions, inputOption, networkPositional } from '../options.js';
import { grouped, pairs, paragraphs, table } from '../text.js';
import { tensorText } from './inspect.js';

/** More values than this are not worth a person's screen; --json has them all. */
const shownValues = 20;

export const runCommand = (run: RunStory) =>
  defineCommand({
    command: 'run <network>',
    describe: 'One inference on the board',
    positionals: networkPositional,
    options: {
      ...boardRequestOptions,
      input: { ...inputOption.input, demandOption: true },
      layers: { describe: 'folder that gets every tensor of the plan, raw', type: 'string' },
    },
    run: ({ input, layers, ...args }, progress) =>
      run({ ...boardRequest(args), inputs: input.map(String), layers: layers ?? null }, progress),
    print: printRun,
  });

export function printRun(result: RunResult): string {
  return paragraphs(
    `${result.network} on ${result.board}`,
    pairs([
      [costUnit(result), `${grouped(costValue(result), 1)} (${result.source})`],
      ['arena', `${grouped(result.arenaBytes)} bytes`],
      ...result.inputs.map((convention) => ['input', convention] as const),
      ['layers', result.layers],
    ]),
    ...result.outputs.map(outputText),
  );
}

/** The largest values first, each with its index, stored value and real value. */
function outputText(output: OutputValues): string {
  const { values, scale, zeroPoint } = output;
  const rows = values
    .map(
      (value, index) => [index, value, scale === null ? value : scale * (value - (zeroPoint ?? 0))] as const,
    )
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, shownValues);
  const rest = values.length - rows.length;
  const head = `output ${tensorText(output)}`;
  const body = table(
    ['index', 'stored', 'real'],
    rows.map(([index, value, real]) => [index, value, real.toFixed(4)]),
  );
  return `${head}\n${body}${rest > 0 ? `\n(${grouped(rest)} smaller values more)` : ''}`;
}
