import type { EnergyRequest, EnergyResult } from '../../flow/energy/energy.js';
import type { Story } from '../../flow/requests.js';
import { defineCommand } from '../command.js';
import { grouped, pairs, paragraphs, table } from '../text.js';

export const energyCommand = (energy: Story<EnergyRequest, EnergyResult>) =>
  defineCommand({
    command: 'energy <capture>',
    describe: 'Energy of an inference from what a meter saw before',
    positionals: {
      capture: {
        describe:
          'a folder of EEMBC trace files, a .csv, a results.json, a log of tegrastats; settings behind commas',
        type: 'string',
        demandOption: true,
      },
    },
    options: {},
    run: ({ capture }, progress) => energy({ capture }, progress),
    print: printEnergy,
  });

export function printEnergy(result: EnergyResult): string {
  const rows = result.windows.map(
    ({ startS, endS, energyUj, inferences, ujPerInference, counted }, index) => [
      index + 1,
      startS.toFixed(3),
      endS.toFixed(3),
      inferences,
      energyUj.toFixed(1),
      ujPerInference.toFixed(3),
      counted ? '' : 'does not count',
    ],
  );
  const { medianUj, submittedUj, alternative } = result;
  return paragraphs(
    result.capture,
    table(['window', 'from s', 'to s', 'inferences', 'uJ', 'uJ per inference', ''], rows),
    pairs([
      ['median', medianUj === null ? 'none' : `${grouped(medianUj, 3)} uJ per inference (measured)`],
      ['runner', submittedUj === null ? null : `${grouped(submittedUj, 3)} uJ per inference`],
      ['lost edges', `${result.lostEdges}`],
      [
        'or rather',
        alternative === null ? null : `${grouped(alternative.medianUj, 3)} uJ: ${alternative.reason}`,
      ],
    ]),
    result.warnings.map((warning) => `warning: ${warning}`).join('\n'),
    result.caveats.map((caveat) => `note: ${caveat}`).join('\n'),
  );
}
