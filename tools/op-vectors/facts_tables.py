"""numpy restatements of what rests on tables and fixed-point functions: SOFTMAX, int16 LOGISTIC and TANH, RSQRT."""

import math

import numpy as np

from facts_pointwise import clamp
from facts_reduce import logistic, tanh
from fixed_point import doubling_high_mul as mul
from fixed_point import multiply_twice_rounded, quantize_multiplier, rounding_divide_by_pot

MAX32 = (1 << 31) - 1


def shift_left_saturating(value, bits):
    return max(-MAX32 - 1, min(MAX32, value << bits))


def exp_near_zero(a):
    """exp(a) for a in [-1/4, 0), Q0.31: the Taylor polynomial of degree 4 around -1/8."""
    x = a + (1 << 28)
    x2 = mul(x, x)
    x3, x4 = mul(x2, x), mul(x2, x2)
    inner = mul(rounding_divide_by_pot(x4, 2) + x3, 715827883) + x2
    constant = 1895147668
    return min(constant + mul(constant, x + rounding_divide_by_pot(inner, 1)), MAX32)


EXP_OF_MINUS_POWERS = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242]


def exp_negative(a):
    """exp(a) for a <= 0 in Q5.26; the result is Q0.31. exp(-2^k), k = -2..4, are multiplied in bit by bit."""
    if a == 0:
        return MAX32
    quarter = 1 << 24
    rest = (a & (quarter - 1)) - quarter
    result = exp_near_zero(shift_left_saturating(rest, 5))
    remainder = rest - a
    for index, factor in enumerate(EXP_OF_MINUS_POWERS):
        if remainder & (1 << (24 + index)):
            result = mul(result, factor)
    return result


def one_over_one_plus(a):
    """1 / (1 + a) for a in [0, 1), Q0.31: three Newton-Raphson steps on Q2.29."""
    total = a + MAX32
    half = (total + 1) >> 1
    x = 1515870810 + mul(half, -1010580540)
    for _ in range(3):
        x += shift_left_saturating(mul(x, (1 << 29) - mul(half, x)), 2)
    return shift_left_saturating(x, 1)


def softmax8(case):
    x, _y = case.inputs[0], case.outputs[0]
    real = min(float(case.options.beta) * float(x.scale) * (1 << 26), float(MAX32))
    multiplier, left = quantize_multiplier(real)
    smallest = -math.floor(31 * (1 << 26) / (1 << left))
    rows = x.data.astype(np.int64).reshape(-1, x.shape[-1])
    result = np.zeros(rows.shape, np.int64)
    for r, row in enumerate(rows):
        exps = [None if v - row.max() < smallest else exp_negative(mul(int(v - row.max()) << left, multiplier)) for v in row]
        total = sum(rounding_divide_by_pot(e, 12) for e in exps if e is not None)
        headroom = 32 - total.bit_length()
        reciprocal = one_over_one_plus((total << headroom) - (1 << 31))
        for c, e in enumerate(exps):
            shift = 12 - headroom + 31 - 8
            value = 0 if e is None else rounding_divide_by_pot(mul(reciprocal, e), shift)
            result[r, c] = max(-128, min(127, value - 128))
    return result.reshape(x.shape)


def saturate(value):
    return max(-32768, min(32767, value))


def round_away(value):
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


def interpolated_table(function, low, high):
    """513 samples of 32768 * function over [low, high]; each gives up half of its interval's midpoint error.

    Every step is in float32, as in TFLM. TensorFlow's own table is made in double: RECIPROCAL_TABLE then differs by one
    in entries 160 and 294.
    """
    f = np.float32
    step = (f(high) - f(low)) / f(512)

    def nearest(value):
        return f(round_away(float(value)))

    def at(position):
        return f(function(f(low) + f(position) * step)) * f(32768)

    table = []
    for i in range(512):
        sample = nearest(at(i))
        middle = nearest(f(function(f(low) + f(i) * step + step / f(2))) * f(32768))
        error = nearest((at(i + 1) + sample) / f(2)) - middle
        table.append(saturate(int(sample - nearest(error / f(2)))))
    table.append(saturate(int(nearest(at(512)))))
    return table


def look_up(table, value):
    index, offset = 256 + (value >> 7), value & 0x7F
    return table[index] + (((table[index + 1] - table[index]) * offset + 64) >> 7)


EXP_TABLE = interpolated_table(np.exp, -10.0, 0.0)
RECIPROCAL_TABLE = interpolated_table(lambda v: np.float32(1) / (np.float32(1) + v), 0.0, 1.0)


def softmax16(case):
    x, _y = case.inputs[0], case.outputs[0]
    multiplier, shift = quantize_multiplier(float(x.scale * np.float32(case.options.beta)) / (10.0 / 65535.0))
    rows = x.data.astype(np.int64).reshape(-1, x.shape[-1])
    result = np.zeros(rows.shape, np.int64)
    for r, row in enumerate(rows):
        scaled = [multiply_twice_rounded(int(v - row.max()), multiplier, shift) for v in row]
        exps = [look_up(EXP_TABLE, saturate(v + 32767)) for v in scaled]
        total = sum(exps)
        headroom = 32 - total.bit_length()
        shifted = ((total << (headroom - 1)) + (1 << 13)) >> 14
        reciprocal = look_up(RECIPROCAL_TABLE, saturate(shifted - (1 << 15) - (1 << 16)))
        right = 31 - headroom
        for c, e in enumerate(exps):
            result[r, c] = max(0, min(32767, (e * reciprocal + (1 << (right - 1))) >> right))
    return result.reshape(x.shape)


# Sigmoid at i / 24 in 1/65536.
SIGMOID_TABLE = [min(65535, int(math.floor(65536 / (1 + math.exp(-i / 24)) + 0.5))) for i in range(256)]


# The engines' own table, read back through TANH with an input scale of 2/12288, whose input 128 i returns entry i - 32768:
# 65536 / (1 + exp(-i / 24)) to the nearest, and one more at these indices.
ONE_MORE = {
    4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40, 41, 43, 44, 45, 46, 49, 50,
    54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255,
}  # fmt: skip
SIGMOID_TABLE = [round_away(65536 / (1 + math.exp(-i / 24))) + (i in ONE_MORE) for i in range(256)]


def sigmoid_input(x):
    """Multiplier and right shift that bring the input to 1/12288: an exact one where the scale is 2^-12 or 2^-11."""
    exponent = math.log2(float(x.scale))
    if abs(exponent - round(exponent)) < 1e-3 and 12 + round(exponent) in (0, 1):
        return 3 << (12 + round(exponent)), 0
    multiplier, shift = float(x.scale) * 4096 * 3, 0
    while multiplier <= 32767 / 2 and shift <= 30:
        multiplier, shift = multiplier * 2, shift + 1
    return int(multiplier), shift


def sigmoid_like16(case):
    x = case.inputs[0]
    multiplier, shift = sigmoid_input(x)
    bits = 9 if case.kind == "logistic" else 8
    result = []
    for value in x.data.ravel():
        at = (int(value) * multiplier + ((1 << (shift - 1)) if shift else 0)) >> shift
        high, low = abs(at) >> bits, abs(at) & ((1 << bits) - 1)
        if high >= 255:
            wide = (0x7FFF << 10) if bits == 9 else (0xFFFF << 8)
        else:
            wide = (SIGMOID_TABLE[high] << bits) + low * (SIGMOID_TABLE[high + 1] - SIGMOID_TABLE[high])
        if bits == 9:
            result.append((wide + (1 << 9) if at >= 0 else (1 << 25) - wide + (1 << 9) - 1) >> 10)
        else:
            result.append((wide - (1 << 23) + (1 << 7) if at >= 0 else -wide + (1 << 23) + (1 << 7) - 1) >> 8)
    return np.reshape(result, x.shape)


def inverse_square_root(value):
    """(multiplier, shift) of 1 / sqrt(value) for a positive int32."""
    if value <= 1:
        return MAX32, 0
    shift = 11
    while value >= 1 << 29:
        value, shift = value // 4, shift + 1
    pairs = (32 - value.bit_length() - 1) // 2 - 1
    shift -= pairs
    value <<= 2 * pairs
    # Newton-Raphson on F3.28: x (3 - v x^2) / 2.
    v, x = value >> 1, 1 << 28
    half_v = rounding_divide_by_pot(v, 1)
    for _ in range(5):
        x3 = rescale_3(mul(mul(x, x), x), 9)
        x = rescale_3(mul(x, (1 << 27) * 3) - mul(half_v, x3), 6)
    x = mul(x, 1518500250)
    if shift < 0:
        x, shift = x << -shift, 0
    return x, -shift


def rescale_3(value, bits):
    return shift_left_saturating(value, bits - 3)


def rsqrt(case):
    x, y = case.inputs[0], case.outputs[0]
    multiplier, shift = quantize_multiplier(1.0 / (math.sqrt(float(x.scale)) * float(y.scale)))
    result = []
    for value in x.centred.ravel():
        if value == 0:
            result.append(1 << 20)  # saturates
            continue
        m, s = inverse_square_root(int(value))
        data = multiply_twice_rounded(1, m, s + 20)
        result.append(multiply_twice_rounded(data, multiplier, shift - 20))
    return clamp(np.reshape(result, x.shape), y)


def by_type(of_int8, of_int16):
    return lambda case: (of_int16 if case.inputs[0].dtype == "int16" else of_int8)(case)


MODELS = dict(
    softmax=by_type(softmax8, softmax16), logistic=by_type(logistic, sigmoid_like16), tanh=by_type(tanh, sigmoid_like16),
    rsqrt=rsqrt,
)  # fmt: skip
