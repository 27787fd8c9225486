/** --shape name=1x3x224x224: the shape of an input that an .onnx file leaves open. */
import { ReflowError } from '../base/error.js';
import type { InspectRequest } from '../flow/requests.js';

export const shapeOption = {
  shape: {
    describe: 'shape of an input that the .onnx file leaves open, e.g. x=1x3x224x224',
    type: 'string',
    array: true,
  },
} as const;

interface NetworkArguments {
  readonly network: string;
  readonly shape?: readonly (string | number)[] | undefined;
}

/** The network of a command line; a name may itself hold an equals sign. @throws ReflowError E_USAGE for a shape that is none */
export function networkRequest({ network, shape = [] }: NetworkArguments): InspectRequest {
  if (shape.length === 0) return { network };
  const shapes = shape.map(String).map((text) => {
    const [, name, dims] = /^(.+)=(\d+(?:x\d+)*)$/.exec(text) ?? [];
    if (name !== undefined && dims !== undefined) return [name, dims.split('x').map(Number)] as const;
    throw new ReflowError('E_USAGE', `--shape ${text} is no shape`, 'give e.g. --shape x=1x3x224x224');
  });
  return { network, shapes: Object.fromEntries(shapes) };
}
