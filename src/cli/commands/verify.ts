import { ReflowError } from '../../base/error.js';
import type { Verify } from '../../flow/requests.js';
import type { VerifyResult } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { boardRequest, boardRequestOptions, networkPositional } from '../options.js';
import { paragraphs, table } from '../text.js';

export const verifyCommand = (verify: Verify) =>
  defineCommand({
    command: 'verify <network>',
    describe: 'Board against host reference, layer by layer',
    positionals: networkPositional,
    options: {
      ...boardRequestOptions,
      golden: { describe: 'folder of golden vectors to compare with instead of the host', type: 'string' },
      project: {
        describe: 'verify this folder of compile (perhaps edited) instead of fresh C',
        type: 'string',
      },
    },
    run: ({ golden, project, ...args }, progress) =>
      verify({ ...boardRequest(args), golden: golden ?? null, project: project ?? null }, progress),
    print: printVerify,
    complaint: verifyComplaint,
  });

export function verifyComplaint({ network, board, equal, firstDivergent }: VerifyResult): ReflowError | null {
  if (equal) return null;
  const where = firstDivergent ? `first at ${divergenceText(firstDivergent)}` : 'in an output';
  return new ReflowError(
    'E_MISMATCH',
    `${network} on ${board} differs from the reference, ${where}`,
    'run again with --layers to get every tensor; check the kernel of that operator',
  );
}

function divergenceText(layer: NonNullable<VerifyResult['firstDivergent']>): string {
  const { index, label, tensor, name, differing, elements, maxAbsDiff } = layer;
  return `operator ${index} ${label} (tensor ${tensor} ${name}): ${differing} of ${elements} elements, by up to ${maxAbsDiff}`;
}

export function printVerify(result: VerifyResult): string {
  const rows = result.outputs.map(({ name, maxAbsDiff, rmse, cosine }) => [name, maxAbsDiff, rmse, cosine]);
  const verdict = result.equal ? 'equal, bit for bit' : 'DIFFERENT';
  return paragraphs(
    `${result.network} on ${result.board} against ${result.reference}: ${verdict} (${result.layersCompared} layers)`,
    table(['output', 'largest difference', 'rmse', 'cosine'], rows),
    result.firstDivergent ? `First difference: ${divergenceText(result.firstDivergent)}` : '',
  );
}
