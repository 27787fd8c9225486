/** Sums, differences and products of int8 tensors on the DSP extension, from the reference calls: rf_add_s8_dsp and its kin. */
import type { CStruct, CValue, KernelCall } from '../op-def.js';

/** A reference call taken apart: its numbers, and its broadcast, null where it is flat. */
interface Parts {
  readonly numbers: Readonly<Record<string, number>>;
  readonly shape: CStruct | null;
}

function partsOf({ params }: KernelCall): Parts {
  const structOf = (value: CValue) => (value as { struct: CStruct }).struct;
  return params.shape
    ? { numbers: structOf(params.flat!) as Record<string, number>, shape: structOf(params.shape) }
    : { numbers: params as Record<string, number>, shape: null };
}

/** The call with the numbers of a fast kernel; `turned`: the operands change places. */
function callWith(
  call: KernelCall,
  kernel: string,
  type: string,
  fields: CStruct,
  turned: boolean,
): KernelCall {
  const { shape } = partsOf(call);
  const [a, b] = call.reads;
  return {
    ...call,
    kernel: shape ? `${kernel}_broadcast` : kernel,
    file: type.replace('_s8', ''),
    paramsType: shape ? `${type}_broadcast_params` : `${type}_params`,
    params: shape
      ? {
          shape: { struct: turned ? { dims: shape.dims!, a: shape.b!, b: shape.a! } : shape },
          flat: { struct: fields },
        }
      : fields,
    reads: turned ? [b!, a!] : [a!, b!],
  };
}

/** MUL; null for other types, and for ratios of a half and more or far too small. */
export function mulDsp([call]: readonly KernelCall[]): readonly KernelCall[] | null {
  if (!call || !/^mul_s8/.test(call.kernel)) return null;
  const { numbers } = partsOf(call);
  const { a_step, b_step, a_zero, b_zero, out_zero, multiplier, act_min, act_max } = numbers;
  const shift = -numbers.shift!;
  if (shift < 1 || shift > 22) return null;
  const fields = {
    ...{ a_step: a_step!, b_step: b_step!, a_zero: a_zero!, b_zero: b_zero! },
    ...{ multiplier: multiplier!, shift, add: out_zero! * 2 ** shift + 2 ** (shift - 1) },
    ...{ act_min: act_min!, act_max: act_max! },
  };
  return [callWith(call, 'mul_s8_dsp', 'mul_s8_dsp', fields, false)];
}

/** The multiplier of the operand with the larger scale: 1/2, without a shift. */
const half = 2 ** 30;

/** ADD and SUB; null for other types, or scales that the fast sequence does not cover. */
export function sumDsp([call]: readonly KernelCall[]): readonly KernelCall[] | null {
  const kind = call && /^(add|sub)_s8/.exec(call.kernel)?.[1];
  if (!call || !kind) return null;
  const { numbers: n } = partsOf(call);
  const isPlain = (operand: 'a' | 'b') => n[`${operand}_multiplier`] === half && n[`${operand}_shift`] === 0;
  const turned = !isPlain('a');
  if (turned && !isPlain('b')) return null;
  const [plain, scaled] = turned ? (['b', 'a'] as const) : (['a', 'b'] as const);
  const [scaledShift, outShift] = [-n[`${scaled}_shift`]!, -n.out_shift!];
  if (scaledShift < 0 || outShift < 1 || outShift > 22) return null;
  const fields = {
    plain_step: n[`${plain}_step`]!,
    scaled_step: n[`${scaled}_step`]!,
    scaled_multiplier: n[`${scaled}_multiplier`]!,
    scaled_shift: scaledShift,
    scaled_zero: n[`${scaled}_zero`]! * 2 ** 21,
    plain_zero: n[`${plain}_zero`]! * 2 ** 20,
    out_multiplier: n.out_multiplier!,
    out_add: n.out_zero! * 2 ** outShift + 2 ** (outShift - 1),
    out_shift: outShift,
    act_min: n.act_min!,
    act_max: n.act_max!,
  };
  const kernel = kind === 'add' ? 'add' : turned ? 'rsub' : 'sub';
  return [callWith(call, `${kernel}_s8_dsp`, 'add_s8_dsp', fields, turned)];
}
