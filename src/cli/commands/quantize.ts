import { ReflowError } from '../../base/error.js';
import type { Quantize } from '../../flow/quantize-request.js';
import type { QuantizeResult } from '../../flow/quantize-result.js';
import { type Calibration, calibrations } from '../../quantize/choose-range.js';
import { defineCommand } from '../command.js';
import { networkPositional } from '../options.js';
import { networkRequest, shapeOption } from '../shape-option.js';
import { grouped, paragraphs, percent, table } from '../text.js';

export const quantizeCommand = (quantize: Quantize) =>
  defineCommand({
    command: 'quantize <network>',
    describe: 'A float network to int8, with what each layer loses',
    positionals: networkPositional,
    options: {
      ...shapeOption,
      data: { describe: 'folder of samples, or an .npz file', type: 'string', demandOption: true },
      scheme: {
        describe: 'how the ranges of activations are chosen',
        choices: calibrations,
        default: 'mse' as Calibration,
      },
      'bias-correction': {
        describe: 'let biases make up for what rounding the weights adds on average',
        type: 'boolean',
        default: true,
      },
      samples: { describe: 'the most samples to use', type: 'number', default: 256 },
      out: { describe: 'the .rfq file to write', type: 'string', demandOption: true },
    },
    run: ({ data, scheme, samples, out, ...args }, progress) => {
      if (!Number.isInteger(samples) || samples < 1)
        throw new ReflowError('E_USAGE', `--samples ${samples} is no number of samples`, 'give 1 or more');
      const biasCorrection = args['bias-correction'];
      const request = { data, calibration: scheme as Calibration, biasCorrection, samples, out };
      return quantize({ ...networkRequest(args), ...request }, progress);
    },
    print: printQuantize,
  });

export function printQuantize(result: QuantizeResult): string {
  const { network, out, bytes, samples, calibration, layers, worst, inFloat, accuracy } = result;
  const rows = layers.map(({ op, label, sqnrDb, lostDb, saturated, cosine, advice }) => [
    ...[op, label, sqnrDb.toFixed(1), lostDb.toFixed(1)],
    ...[`${(100 * saturated).toFixed(3)} %`, cosine.toFixed(5), advice],
  ]);
  return paragraphs(
    `${network}: ${out}, ${grouped(bytes)} bytes; ${samples} samples, ranges by ${calibration}`,
    table(['#', 'operator', 'SQNR dB', 'lost dB', 'saturated', 'cosine', 'what to do'], rows),
    worst === null
      ? ''
      : `Loses most by itself: operator ${worst.op} ${worst.label} (tensor ${worst.tensor} ${worst.name}), ${worst.lostDb.toFixed(1)} dB`,
    inFloat.length === 0
      ? ''
      : `Still in float32, for want of an integer kernel: ${inFloat.map(({ op, label }) => `${op} ${label}`).join(', ')}`,
    accuracy === null
      ? 'Accuracy: the data has no labels'
      : `Accuracy on ${accuracy.samples} labelled samples: float ${percent(accuracy.float, 1)}, int8 ${percent(accuracy.int8, 1)}; same class ${percent(accuracy.agreement, 1)}`,
  );
}
