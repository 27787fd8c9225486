import { ReflowError } from '../../base/error.js';
import type { Inspect } from '../../flow/requests.js';
import type { InspectResult, TensorInfo } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { networkPositional } from '../options.js';
import { networkRequest, shapeOption } from '../shape-option.js';
import { grouped, pairs, paragraphs, shapeText, table } from '../text.js';

export const inspectCommand = (inspect: Inspect) =>
  defineCommand({
    command: 'inspect <network>',
    describe: 'What is in the file, and every operator that cannot run',
    positionals: networkPositional,
    options: shapeOption,
    run: (args, progress) => inspect(networkRequest(args), progress),
    print: printInspect,
    complaint: ({ network, unsupported }) => {
      const [first] = unsupported;
      if (!first) return null;
      const list = unsupported.map(({ index, op, reason }) => `${index} ${op}: ${reason}`).join('; ');
      return new ReflowError(
        'E_UNSUPPORTED',
        `${network} has operators that cannot run: ${list}`,
        first.hint,
      );
    },
  });

export function printInspect(result: InspectResult): string {
  const { network, format, ops, macs, params, weightBytes, inputs, outputs, unsupported } = result;
  const opRows = ops.map((op) => [op.index, op.label, shapeText(op.outputShape), op.macs, op.params]);
  const refused = unsupported.map(({ index, op, reason, hint }) => [index, op, reason, hint]);
  return paragraphs(
    `${network}: ${format}, ${ops.length} operators, ${grouped(macs)} MACs, ${grouped(params)} parameters in ` +
      `${grouped(weightBytes)} bytes`,
    pairs([
      ...inputs.map((tensor) => ['input', tensorText(tensor)] as const),
      ...outputs.map((tensor) => ['output', tensorText(tensor)] as const),
    ]),
    table(['#', 'operator', 'output', 'MACs', 'parameters'], opRows),
    refused.length === 0 ? '' : `Cannot run:\n${table(['#', 'operator', 'reason', 'what to do'], refused)}`,
  );
}

/** E.g. `input_1  1x49x10x1 int8, real = 0.5847 * (q - 83)`. */
export function tensorText({ name, shape, dtype, scale, zeroPoint }: TensorInfo): string {
  const zero = zeroPoint ?? 0;
  const shifted = zero === 0 ? 'q' : `(q ${zero < 0 ? '+' : '-'} ${Math.abs(zero)})`;
  const quant = scale === null ? '' : `, real = ${Number(scale.toPrecision(6))} * ${shifted}`;
  return `${name}  ${shapeText(shape)} ${dtype}${quant}`;
}
