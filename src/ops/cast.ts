/** CAST: raw values to another element type; scales play no part. */
import { integerBytes, integers } from './fold.js';
import { refuseDtype } from './refusal.js';
import { suffixOf } from './suffix.js';
import { plainBinding, unaryOp } from './unary.js';

const dtypes = ['int8', 'uint8', 'int16', 'int32', 'int64', 'float32', 'bool'] as const;

export const cast = unaryOp({
  kind: 'cast',
  file: 'cast',
  tflite: [plainBinding(53, 'CAST')],
  dtypes,
  refuseTypes: (view) => refuseDtype(view.output(0), dtypes, 'the output'),
  refuseQuantisation: () => null,
  call: (view) => ({
    kernel: `cast_${suffixOf(view.input(0).dtype)}_${suffixOf(view.output(0).dtype)}`,
    type: null,
    fields: {},
  }),
  fold(view) {
    const [values, output] = [integers(view.input(0)), view.output(0)];
    const plain = output.dtype === 'int32' || output.dtype === 'int64';
    return values && plain ? [integerBytes(output, values)] : null;
  },
});
