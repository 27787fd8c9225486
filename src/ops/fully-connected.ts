/** FULLY_CONNECTED: rows of inputs times weights [output][input]. Inputs: activations of any rank, weights, bias. */
import { elementCount } from '../ir/tensor.js';
import { convolutionParams, kernelSuffix, narrowField, refuseConvolution } from './convolution.js';
import { fullyConnectedDsp } from './dsp/fully-connected.js';
import { fullyConnectedAnyDsp } from './dsp/fully-connected-any.js';
import { fullyConnectedMve } from './mve/fully-connected.js';
import type { CStruct, OpDef, OpView } from './op-def.js';
import { refuseOverflow } from './overflow.js';
import {
  type Activation,
  activationOf,
  isQuantised,
  perTensor,
  type QuantisedMultiplier,
  quantiseMultiplier,
  quantOf,
} from './quantise.js';
import { firstRefusal, refuseRank } from './refusal.js';

export type FullyConnectedAttrs = {
  readonly activation: Activation;
  readonly keepDims: boolean;
  /** 0 plain rows; 1 is a shuffled layout for one old mobile kernel. */
  readonly weightsFormat: number;
};

export const fullyConnected: OpDef<FullyConnectedAttrs> = {
  kind: 'fully_connected',
  tflite: [
    {
      builtin: 9,
      name: 'FULLY_CONNECTED',
      attrs: (options) => ({
        activation: activationOf(options.byte(0, 0)),
        weightsFormat: options.byte(1, 0),
        keepDims: options.bool(2, false),
      }),
    },
  ],
  infer(view) {
    const [input, weights] = [view.input(0), view.input(1)];
    const outCount = weights.shape[0] ?? 1;
    const shape = view.attrs.keepDims ? [...input.shape.slice(0, -1), outCount] : [rowCount(view), outCount];
    return [{ dtype: input.dtype, shape }];
  },
  refuse(view) {
    const [input, weights, bias] = [view.input(0), view.input(1), view.inputs[2] ?? null];
    return firstRefusal(
      () => refuseRank(weights, [2], 'the weights'),
      () =>
        view.attrs.weightsFormat === 0
          ? null
          : {
              reason: 'the weights are stored in the shuffled 4x16 layout',
              hint: 'convert the network again without it',
            },
      () => refuseConvolution(view, view.attrs.activation, weights, bias, 0),
      () => {
        const fits =
          (view.attrs.keepDims
            ? input.shape.at(-1) === weights.shape[1]
            : elementCount(input.shape) % weights.shape[1]! === 0) &&
          (!bias || elementCount(bias.shape) === weights.shape[0]);
        return fits
          ? null
          : {
              reason: `weights [${weights.shape}] do not fit an input of shape [${input.shape}]`,
              hint: 'export the network again',
            };
      },
      () => {
        const symmetric =
          !isQuantised(weights) ||
          quantOf(weights).axis === null ||
          quantOf(weights).zeroPoints.every((zero) => zero === 0);
        return symmetric
          ? null
          : { reason: 'per-channel weights have zero points', hint: 'quantise the weights symmetrically' };
      },
      () => refuseOverflow(view, 'first'),
    );
  },
  macs: (view) => elementCount(view.input(0).shape) * view.input(1).shape[0]!,
  overlaps: () => [],
  fast: {
    dsp(view) {
      if (view.input(0).dtype === 'float32') return null;
      const common = commonMultiplier(view);
      return fullyConnectedDsp(view, common) ?? fullyConnectedAnyDsp(view, common);
    },
    mve: (view) => (view.input(0).dtype === 'int8' ? fullyConnectedMve(view, commonMultiplier(view)) : null),
  },
  // The general fast kernel widens its whole input first; the reference kernel needs no memory.
  leaner: (view, call) => (call.scratchBytes > 0 ? fullyConnected.calls(view) : []),
  calls(view) {
    const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
    const suffix = kernelSuffix(input);
    return [
      {
        kernel: `fully_connected_${suffix}`,
        file: 'fully_connected',
        paramsType: `fully_connected_${suffix}_params`,
        params: {
          rows: rowCount(view),
          in_count: weights.shape[1]!,
          out_count: weights.shape[0]!,
          ...narrowField(input, view.inputs[2] ?? null),
          ...numbers(view),
        },
        form: 'whole',
        reads: [input.id],
        writes: [output.id],
        scratchBytes: 0,
      },
    ];
  },
};

function rowCount(view: OpView): number {
  return elementCount(view.input(0).shape) / view.input(1).shape[1]!;
}

function numbers(view: OpView<FullyConnectedAttrs>): CStruct {
  const [input, weights, bias] = [view.input(0), view.input(1), view.inputs[2] ?? null];
  const outCount = weights.shape[0]!;
  const shared = convolutionParams(view, view.attrs.activation, weights, bias, outCount);
  if (input.dtype === 'float32') return shared;
  const common = commonMultiplier(view);
  const scaled = common ? { ...shared, ...sameForAll(common, outCount) } : shared;
  if (input.dtype === 'int16') return scaled;
  const { in_zero, ...rest } = scaled;
  return { in_zero: in_zero!, weight_zero: quantOf(weights).zeroPoints[0]!, ...rest };
}

/**
 * The multiplier of all outputs, null where each has its own; TFLM multiplies the two scales in float32 here, unlike in
 * convolutions.
 */
export function commonMultiplier(view: OpView): QuantisedMultiplier | null {
  const [input, weights, output] = [view.input(0), view.input(1), view.output(0)];
  if (quantOf(weights).axis !== null) return null;
  const product = Math.fround(perTensor(input).scale * perTensor(weights).scale);
  return quantiseMultiplier(product / perTensor(output).scale);
}

function sameForAll({ multiplier, shift }: QuantisedMultiplier, outCount: number): CStruct {
  return {
    multipliers: {
      array: { role: 'multipliers', values: new Int32Array(outCount).fill(multiplier), weight: false },
    },
    shifts: { array: { role: 'shifts', values: new Int32Array(outCount).fill(shift), weight: false } },
  };
}
