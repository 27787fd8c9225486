/** SQUARE, SIN, COS, FLOOR, CEIL and ROUND, which TFLite has for float32 alone. */
import type { OpDef } from './op-def.js';
import { type NoAttrs, noParams, plainBinding, unaryOp } from './unary.js';

export const square = floatFunction('square', 92);
export const sin = floatFunction('sin', 66);
export const cos = floatFunction('cos', 108);
export const floor = floatFunction('floor', 8);
export const ceil = floatFunction('ceil', 104);
export const round = floatFunction('round', 116);

function floatFunction(kind: string, builtin: number): OpDef<NoAttrs> {
  return unaryOp({
    kind,
    file: 'float_function',
    tflite: [plainBinding(builtin, kind.toUpperCase())],
    dtypes: ['float32'],
    call: () => noParams,
  });
}
