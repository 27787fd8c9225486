/** ADD of int8 tensors of one shape on the DSP extension: rf_add_s8_dsp. */
import type { BinaryAttrs } from '../binary.js';
import type { KernelCall, OpView } from '../op-def.js';
import { activationRange, perTensor, quantiseMultiplier } from '../quantise.js';

/** Null: other types, broadcasting, or scales that the fast sequence does not cover. */
export function addDsp(view: OpView<BinaryAttrs>): readonly KernelCall[] | null {
  const [a, b, out] = [view.input(0), view.input(1), view.output(0)];
  const sameShape = [a, b].every(({ shape }) => shape.join() === out.shape.join());
  if (out.dtype !== 'int8' || !sameShape) return null;
  // The operand with the larger scale has the ratio 1/2 to the common one: a multiplier of 2^30 and no shift.
  const [plain, scaled] = perTensor(a).scale >= perTensor(b).scale ? [a, b] : [b, a];
  const [qp, qs, qo] = [perTensor(plain), perTensor(scaled), perTensor(out)];
  const twiceMax = 2 * qp.scale;
  const ms = quantiseMultiplier(qs.scale / twiceMax);
  const mo = quantiseMultiplier(twiceMax / (2 ** 20 * qo.scale));
  const outShift = -mo.shift;
  if (ms.shift > 0 || outShift < 1 || outShift > 22) return null;
  const range = activationRange(view.attrs.activation, out);
  return [
    {
      kernel: 'add_s8_dsp',
      file: 'add_dsp',
      paramsType: 'add_s8_dsp_params',
      params: {
        scaled_multiplier: ms.multiplier,
        scaled_shift: -ms.shift,
        scaled_zero: qs.zeroPoint * 2 ** 21,
        plain_zero: qp.zeroPoint * 2 ** 20,
        out_multiplier: mo.multiplier,
        out_add: qo.zeroPoint * 2 ** outShift + 2 ** (outShift - 1),
        out_shift: outShift,
        act_min: range.min,
        act_max: range.max,
      },
      form: 'flat',
      reads: [plain.id, scaled.id],
      writes: [out.id],
      scratchBytes: 0,
    },
  ];
}
