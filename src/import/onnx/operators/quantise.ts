/**
 * QuantizeLinear and DequantizeLinear. Nothing is computed for a DequantizeLinear until somebody needs real numbers: nodes
 * that run in integers take the integers behind it. uint8 becomes int8, all values and zero points less 128.
 */
import type { DType, Quant } from '../../../ir/tensor.js';
import { roundAway } from '../../../ops/quantise.js';
import { type Constant, constantOf, numbersOf } from '../constant.js';
import { refuse } from '../fault.js';
import type { Lower, LowerTable } from '../lower.js';
import { type ElementType, type Lowering, sameType, type Value } from '../lowering.js';
import { numberOf, type OnnxNode } from '../node.js';
import { dtypeOf } from '../tensor-data.js';

/** What a QuantizeLinear or DequantizeLinear says of its integers: type and scales, uint8 as int8. */
export function quantisedType(node: OnnxNode, net: Lowering, rank: number): ElementType {
  const scales = numbersOf(net.constant(node, 1, 'its scale'));
  const zero = net.optionalConstant(node, 2, 'its zero point');
  if (numberOf(node, 'block_size', 0) !== 0)
    refuse('it has a scale per block', 'quantise per tensor or per channel');
  const stated = zero?.dtype ?? (dtypeOf(numberOf(node, 'output_dtype', 0)) || sourceType(node, net));
  if (!(['uint8', 'int8', 'int16', 'int32'] as DType[]).includes(stated))
    refuse(`it quantises to ${stated}`, 'quantise to int8');
  const zeros = zero ? numbersOf(zero) : scales.map(() => 0);
  if (zeros.length !== scales.length)
    refuse('it has more or fewer zero points than scales', 'export the network again');
  const shift = stated === 'uint8' ? 128 : 0;
  const axis = numberOf(node, 'axis', 1);
  const quant: Quant = {
    scales,
    zeroPoints: zeros.map((value) => value - shift),
    axis: scales.length === 1 ? null : axis < 0 ? axis + rank : axis,
  };
  return { dtype: stated === 'uint8' ? 'int8' : stated, quant };
}

/** The type of the integers where no zero point says it: a DequantizeLinear's input, uint8 for a QuantizeLinear. */
function sourceType(node: OnnxNode, net: Lowering): DType {
  return node.opType === 'DequantizeLinear' ? net.input(node, 0).dtype : 'uint8';
}

/** For each element its index into the scales. */
function channelOf({ shape }: Constant, axis: number | null): (index: number) => number {
  if (axis === null) return () => 0;
  const inner = shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  return (index) => Math.floor(index / inner) % shape[axis]!;
}

const dequantize: Lower = (node, net) => {
  const value = net.input(node, 0);
  const type = quantisedType(node, net, value.shape.length);
  if (value.constant) return [net.known(realConstant(value.constant, type))];
  if (type.quant!.scales.length !== 1)
    refuse('it has a scale per channel', 'quantise activations per tensor');
  const source = value.quant === null ? given(net, value, type) : value;
  if (!sameType(source, type))
    refuse('its scale is not that of the numbers it reads', 'export the network again');
  // What is merged into an operator would act before its result is rounded to this scale.
  const integers = { ...source, exclusive: false };
  return [{ ...integers, dtype: 'float32', quant: null, place: null, realOf: integers }];
};

/** Integers that an input of the network brings, with the scale that their first reader gives them. */
function given(net: Lowering, value: Value, type: ElementType): Value {
  const { tensor, form } = net.placeOf(value);
  const { dtype } = value;
  if (dtype === 'uint8') {
    const { scales, zeroPoints } = type.quant!;
    net.retype(tensor, {
      dtype,
      quant: { scales, zeroPoints: zeroPoints.map((zero) => zero + 128), axis: null },
    });
  } else net.retype(tensor, { dtype, quant: type.quant });
  return net.computed(net.requantised(tensor, type), form, value.shape);
}

/** Real numbers, with the integers that they stand for. */
function realConstant(constant: Constant, type: ElementType): Constant {
  const { scales, zeroPoints, axis } = type.quant!;
  const shift = constant.dtype === 'uint8' ? 128 : 0;
  const integers = numbersOf(constant).map((value) => value - shift);
  const channel = channelOf(constant, axis);
  const real = integers.map(
    (value, index) => (value - zeroPoints[channel(index)]!) * scales[channel(index)]!,
  );
  const stored = { ...constantOf(type.dtype, constant.shape, integers), quant: type.quant! };
  return { ...constantOf('float32', constant.shape, real), stored };
}

const quantize: Lower = (node, net) => {
  const value = net.input(node, 0);
  const type = quantisedType(node, net, value.shape.length);
  if (value.constant) return [net.known(integerConstant(value.constant, type))];
  // The node in front runs in integers already, or its integers only change their scale.
  return [quantised(net, value.realOf ?? value, type)];
};

/** A value in a quantised type, wherever it lies. */
function quantised(net: Lowering, value: Value, type: ElementType): Value {
  if (sameType(value, type)) return value;
  if (value.reshapeOf) return net.reshaped(quantised(net, value.reshapeOf, type), value.shape);
  const { tensor, form } = net.placeOf(value);
  return net.computed(net.requantised(tensor, type), form, value.shape);
}

function integerConstant(constant: Constant, type: ElementType): Constant {
  const { scales, zeroPoints, axis } = type.quant!;
  const channel = channelOf(constant, axis);
  const integers = numbersOf(constant).map(
    (value, index) => roundAway(value / scales[channel(index)]!) + zeroPoints[channel(index)]!,
  );
  return { ...constantOf(type.dtype, constant.shape, integers), quant: type.quant! };
}

export const quantising: LowerTable = { QuantizeLinear: quantize, DequantizeLinear: dequantize };
