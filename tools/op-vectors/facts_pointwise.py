"""numpy restatements of the integer elementwise operators."""

import math

import numpy as np

from facts_linear import activation_range
from fixed_point import (
    apply,
    multiply_twice_rounded,
    quantize_multiplier,
    rounding_divide_by_pot,
)

twice = multiply_twice_rounded


def scaled(values, real):
    return apply(twice, values, *quantize_multiplier(real))


def clamp(values, y, options=None):
    return np.clip(values + y.zero_point, *activation_range(options, y))


def round_away(value):
    """Nearest integer, halves away from zero, in the type of the value."""
    return int(math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1))


def add_or_sub(case):
    """Both operands are brought to twice the larger scale with 20 (int16: 15) extra bits, and the sum back."""
    a, b = case.inputs
    y = case.outputs[0]
    left = 15 if y.dtype == "int16" else 20
    largest = 2.0 * float(max(a.scale, b.scale))
    sign = -1 if case.kind == "sub" else 1
    total = scaled(a.centred << left, float(a.scale) / largest) + sign * scaled(b.centred << left, float(b.scale) / largest)
    return clamp(scaled(total, largest / ((1 << left) * float(y.scale))), y, case.options)


def mul(case):
    a, b = case.inputs
    y = case.outputs[0]
    real = float(a.scale) * float(b.scale) / float(y.scale)
    return clamp(scaled(a.centred * b.centred, real), y, case.options)


def squared_difference(case):
    """Operands at twice the larger scale with 7 extra bits, difference squared, rescaled."""
    a, b = case.inputs
    y = case.outputs[0]
    largest = 2.0 * float(max(a.scale, b.scale))
    difference = scaled(a.centred << 7, float(a.scale) / largest) - scaled(b.centred << 7, float(b.scale) / largest)
    return clamp(scaled(difference * difference, largest * largest / ((1 << 14) * float(y.scale))), y)


def extremum(case):
    function = np.maximum if case.kind == "maximum" else np.minimum
    return function(case.inputs[0].data, case.inputs[1].data)


def leaky_relu(case):
    x, y = case.inputs[0], case.outputs[0]
    alpha = np.float32(case.options.alpha)
    slope = float(x.scale) * float(alpha) / float(y.scale)
    same = float(x.scale) / float(y.scale)
    values = np.where(x.centred >= 0, scaled(x.centred, same), scaled(x.centred, slope))
    return clamp(values, y)


def prelu(case):
    x, alpha = case.inputs
    y = case.outputs[0]
    same, slope = float(x.scale) / float(y.scale), float(x.scale) * float(alpha.scale) / float(y.scale)
    values = np.where(x.centred >= 0, scaled(x.centred, same), scaled(x.centred * alpha.centred, slope))
    return clamp(values, y)


def relu(case):
    """RELU as TFLM has it (scales divided in double), its relatives as TensorFlow has them (in float32)."""
    x, y = case.inputs[0], case.outputs[0]
    real = float(x.scale) / float(y.scale) if case.kind == "relu" else float(x.scale / y.scale)
    low, high = {"relu": (0, None), "relu6": (0, 6), "relu_n1_to_1": (-1, 1), "relu_0_to_1": (0, 1)}[case.kind]
    limit = lambda real: y.zero_point + round_away(np.float32(real) / y.scale)  # noqa: E731
    smallest, largest = np.iinfo(y.dtype).min, np.iinfo(y.dtype).max
    top = largest if high is None else min(largest, limit(high))
    return np.clip(scaled(x.centred, real) + y.zero_point, max(smallest, limit(low)), top)


def saturate16(value):
    return max(-32768, min(32767, value))


def doubling_high_mul16(a, b, rounded=True):
    if a == b == -32768:
        return 32767
    product = a * b
    if not rounded:
        return product // (1 << 15) if product >= 0 else -((-product) // (1 << 15))
    total = product + ((1 << 14) if product >= 0 else 1 - (1 << 14))
    return total >> 15 if total >= 0 else -(-total >> 15)


def down_scale(multiplier):
    """int32 multiplier to int16, saturating and rounding."""
    return 32767 if multiplier >= (1 << 31) - (1 << 15) else (multiplier + (1 << 15)) >> 16


def hard_swish(case):
    """On 16-bit integers with 7 extra bits: relu-ish in Q0.15, times the rescaled input."""
    x, y = case.inputs[0], case.outputs[0]
    hires = np.float32(1 / 128) * x.scale
    out_multiplier, out_exponent = quantize_multiplier(float(hires / y.scale))
    relu_multiplier, relu_exponent = quantize_multiplier(float(hires / np.float32(3 / 32768)))
    out_fixed, relu_fixed = down_scale(out_multiplier), down_scale(relu_multiplier)
    result = []
    for value in x.centred.ravel():
        wide = int(value) << 7
        on_output = doubling_high_mul16(wide, out_fixed)
        relu_like = wide
        if relu_exponent > 0:
            relu_like = saturate16(relu_like << (relu_exponent - 1))
        relu_like = doubling_high_mul16(relu_like, relu_fixed)
        if relu_exponent > 0:
            relu_like = saturate16(relu_like << 1)
        if relu_exponent < 0:
            relu_like = rounding_divide_by_pot(relu_like, -relu_exponent)
        relu_like = (relu_like + (1 << 15)) >> 1
        before = doubling_high_mul16(relu_like, on_output, rounded=False)
        result.append(rounding_divide_by_pot(before, -out_exponent) + y.zero_point)
    low, high = np.iinfo(y.dtype).min, np.iinfo(y.dtype).max
    return np.clip(np.reshape(result, x.shape), low, high)


def absolute(case):
    x, y = case.inputs[0], case.outputs[0]
    values = np.abs(x.centred)
    if x.scale != y.scale:
        values = scaled(values, float(x.scale) / float(y.scale))
    return clamp(values, y)


def square_root(case):
    """TensorFlow's (TFLM has none): float32 throughout, and the quotient is truncated."""
    x, y = case.inputs[0], case.outputs[0]
    steps = np.sqrt(x.centred.astype(np.float32) * x.scale) / y.scale
    return clamp(np.trunc(steps).astype(np.int64), y)


def negated(case):
    return -case.inputs[0].data.astype(np.int64)


def quantize(case):
    """From floats: x / scale in float32, halves away from zero. Between integers: the multiplier's two roundings."""
    x, y = case.inputs[0], case.outputs[0]
    low, high = np.iinfo(y.dtype).min, np.iinfo(y.dtype).max
    if x.dtype == "float32":
        steps = (x.data / y.scale).astype(np.float32)
        rounded = np.vectorize(round_away)(steps.astype(np.float64))
        return np.clip(rounded + y.zero_point, low, high)
    return np.clip(scaled(x.centred, float(x.scale) / float(y.scale)) + y.zero_point, low, high)


def dequantize(case):
    x = case.inputs[0]
    return (x.centred * np.float64(x.scale)).astype(np.float32)


MODELS = dict(
    add=add_or_sub, sub=add_or_sub, mul=mul, squared_difference=squared_difference, maximum=extremum, minimum=extremum,
    leaky_relu=leaky_relu, prelu=prelu, relu=relu, relu6=relu, relu_n1_to_1=relu, relu_0_to_1=relu,
    hard_swish=hard_swish, abs=absolute, sqrt=square_root, neg=negated, quantize=quantize, dequantize=dequantize,
)  # fmt: skip
