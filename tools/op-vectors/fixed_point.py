"""The integer arithmetic of TFLite's reference kernels, restated with Python's own integers: exact, slow, no overflow."""

import math

import numpy as np


def quantize_multiplier(real):
    """(multiplier, shift): real = multiplier / 2^31 * 2^shift, with multiplier in [2^30, 2^31)."""
    if real == 0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = math.floor(abs(fraction) * (1 << 31) + 0.5) * (1 if fraction > 0 else -1)
    if multiplier == 1 << 31:
        multiplier, shift = multiplier // 2, shift + 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return (1 << 31) - 1, 30
    return multiplier, shift


def rounding_divide_by_pot(x, exponent):
    """x / 2^exponent, halves away from zero (gemmlowp)."""
    mask = (1 << exponent) - 1
    remainder = x & mask
    threshold = (mask >> 1) + (1 if x < 0 else 0)
    return (x >> exponent) + (1 if remainder > threshold else 0)


def doubling_high_mul(a, b):
    """round(a * b / 2^31), saturating; the rounding of halves is gemmlowp's: the quotient truncates towards zero."""
    if a == b == -(1 << 31):
        return (1 << 31) - 1
    product = a * b
    nudge = (1 << 30) if product >= 0 else 1 - (1 << 30)
    total = product + nudge
    return abs(total) >> 31 if total >= 0 else -(abs(total) >> 31)


def wrap32(x):
    return ((x + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


def multiply_twice_rounded(x, multiplier, shift):
    """Two roundings: the doubling high multiplication, then the shift to the right."""
    left, right = max(shift, 0), max(-shift, 0)
    return rounding_divide_by_pot(doubling_high_mul(wrap32(x << left), multiplier), right)


def multiply_once_rounded(x, multiplier, shift):
    """One rounding of the 64-bit product, halves upward."""
    total = 31 - shift
    return (x * multiplier + (1 << (total - 1))) >> total


def multiply_wide(x, multiplier, shift):
    """The 64-bit accumulator's version: the multiplier is cut to 16 bits, then one rounding, halves upward."""
    reduced = (multiplier + (1 << 15)) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF
    total = 15 - shift  # shift is below 15 here
    return (x * reduced + (1 << (total - 1))) >> total


def apply(function, values, multiplier, shift):
    """`function` over an integer array; multiplier and shift are scalars or broadcast along the last axis."""
    values = np.asarray(values)
    m = np.broadcast_to(np.asarray(multiplier, object), values.shape)
    s = np.broadcast_to(np.asarray(shift, object), values.shape)
    flat = [function(int(v), int(a), int(b)) for v, a, b in zip(values.ravel(), m.ravel(), s.ravel())]
    return np.array(flat, np.int64).reshape(values.shape)
