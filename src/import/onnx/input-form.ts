/** In which order of axes the network takes its inputs: images as our kernels want them. */
import { type Form, imageForm, plainForm } from './form.js';
import type { OnnxInput, OnnxModel } from './model.js';

/** Node types for which axis 1 is the channels of an image or signal. */
const spatial = new Set(
  'Conv ConvTranspose MaxPool AveragePool GlobalAveragePool GlobalMaxPool BatchNormalization InstanceNormalization GroupNormalization DepthToSpace SpaceToDepth Resize'.split(
    ' ',
  ),
);

/** Node types that leave the axes where they are. */
const passing = new Set(
  'Add Sub Mul Div Min Max Pow Neg Abs Sqrt Relu LeakyRelu PRelu Sigmoid Tanh HardSwish HardSigmoid Clip Cast Identity Dropout Pad Concat Slice Split QuantizeLinear DequantizeLinear'.split(
    ' ',
  ),
);

/**
 * NHWC for an input of 3 or 4 axes that reaches a spatial operator before anything else looks at its axes, ONNX's own order
 * for every other.
 */
export function inputForm({ nodes }: Pick<OnnxModel, 'nodes'>, { name, shape }: OnnxInput): Form {
  const rank = shape.length;
  if (rank !== 3 && rank !== 4) return plainForm(rank);
  const names = new Set([name]);
  for (const node of nodes) {
    if (!node.inputs.some((input) => names.has(input))) continue;
    if (spatial.has(node.opType)) return names.has(node.inputs[0]!) ? imageForm(rank) : plainForm(rank);
    if (passing.has(node.opType)) for (const output of node.outputs) names.add(output);
    else return plainForm(rank);
  }
  return plainForm(rank);
}
