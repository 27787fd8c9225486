/**
 * Functions of one int8 number as tables of all 256 results (rf_lookup), made with the reference kernel's own arithmetic.
 * Choice: 256 bytes of flash must save `leastSaved` instructions of an inference.
 */
import { elementCount } from '../../ir/tensor.js';
import { clamp, fixedLogistic, fixedTanh, roundShift, scaled } from '../fixed-point.js';
import type { CStruct, KernelCall, OpView } from '../op-def.js';

/** One element, from the parameters of the reference kernel. */
type Evaluate = (x: number, p: Readonly<Record<string, number>>) => number;

interface Function {
  /** Instructions of the reference kernel for an element on a Cortex-M4, measured. */
  readonly cost: number;
  readonly evaluate: Evaluate;
}

/** Instructions of the table for an element. */
const tableCost = 4;
const leastSaved = 1000;

// C adds zero points in 32 bits, which wrap around.
const rescale: Evaluate = (x, p) => (scaled(x - p.in_zero!, p.multiplier!, p.shift!) + p.out_zero!) | 0;

/** By reference kernel. Results are clamped to the output's type afterwards. */
const functions: Readonly<Record<string, Function>> = {
  logistic_s8: { cost: 360, evaluate: sigmoid(fixedLogistic, 8, -128) },
  tanh_s8: { cost: 370, evaluate: sigmoid(fixedTanh, 7, 0) },
  hard_swish_s8: { cost: 60, evaluate: hardSwish },
  relu_s8: { cost: 25, evaluate: (x, p) => clamp(rescale(x, p), p.act_min!, p.act_max!) },
  leaky_relu_s8: { cost: 30, evaluate: leakyRelu },
  abs_s8: {
    cost: 25,
    evaluate: (x, p) => scaled(Math.abs(x - p.in_zero!), p.multiplier!, p.shift!) + p.out_zero!,
  },
  neg_s8: {
    cost: 25,
    evaluate: (x, p) => scaled(p.in_zero! - x, p.multiplier!, p.shift!) + p.out_zero!,
  },
  quantize_s8_s8: { cost: 25, evaluate: rescale },
  quantize_s8_u8: { cost: 25, evaluate: rescale },
  quantize_u8_s8: { cost: 25, evaluate: rescale },
};

/** The call by table in place of the reference call; null for other kernels, or where it does not pay. */
export function tableCalls(view: OpView, calls: readonly KernelCall[]): readonly KernelCall[] | null {
  const [call] = calls;
  const known = call && functions[call.kernel];
  if (!call || !known) return null;
  const elements = elementCount(view.output(0).shape);
  if ((known.cost - tableCost) * elements < leastSaved) return null;
  const types = /_(u8_s8|s8_u8)$/.exec(call.kernel)?.[1] ?? 's8';
  return [
    {
      ...call,
      kernel: `lookup_${types}`,
      file: 'lookup',
      paramsType: 'lookup_params',
      params: { table: { array: { role: 'table', values: functionTable(call), weight: false } } },
    },
  ];
}

/** What the reference kernel of the call gives for -128 to 127, or 0 to 255; bytes of either sign as int8. */
export function functionTable({ kernel, params }: Pick<KernelCall, 'kernel' | 'params'>): Int8Array {
  const { evaluate } = functions[kernel]!;
  const p = numbersOf(params);
  const first = kernel.endsWith('_u8_s8') ? 0 : -128;
  const [low, high] = kernel.endsWith('_u8') ? [0, 255] : [-128, 127];
  return Int8Array.from({ length: 256 }, (_, i) => clamp(evaluate(first + i, p) | 0, low, high));
}

function numbersOf(params: CStruct): Record<string, number> {
  return Object.fromEntries(
    Object.entries(params).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

/** runtime-c/ops/sigmoid.c */
function sigmoid(
  curve: (a: number, integerBits: number) => number,
  fractionBits: number,
  zero: number,
): Evaluate {
  return (input, p) => {
    const x = input - p.in_zero!;
    if (x <= -p.radius!) return -128;
    if (x >= p.radius!) return 127;
    return roundShift(curve(scaled(x, p.multiplier!, p.shift!), 4), 31 - fractionBits) + zero;
  };
}

/** runtime-c/ops/leaky_relu.c */
function leakyRelu(input: number, p: Readonly<Record<string, number>>): number {
  const x = input - p.in_zero!;
  return (
    (x >= 0 ? scaled(x, p.multiplier!, p.shift!) : scaled(x, p.alpha_multiplier!, p.alpha_shift!)) +
    p.out_zero!
  );
}

const mulHigh16 = (a: number, b: number) => {
  const product = a * b;
  return Math.trunc((product + (product >= 0 ? 2 ** 14 : 1 - 2 ** 14)) / 2 ** 15);
};
const shiftLeft16 = (x: number, n: number) => clamp(x * 2 ** n, -32768, 32767);

/** runtime-c/ops/hard_swish.c */
function hardSwish(input: number, p: Readonly<Record<string, number>>): number {
  const x = (input - p.in_zero!) * 128;
  let gate = p.gate_shift! > 0 ? shiftLeft16(x, p.gate_shift! - 1) : x;
  gate = mulHigh16(gate, p.gate_multiplier!);
  gate = p.gate_shift! > 0 ? shiftLeft16(gate, 1) : roundShift(gate, -p.gate_shift!);
  const product = Math.trunc((((gate + 32768) >> 1) * mulHigh16(x, p.out_multiplier!)) / 32768);
  return roundShift(product, -p.out_shift!) + p.out_zero!;
}
