"""numpy restatements of the integer pools, reductions, tables, SOFTMAX and RESIZE_BILINEAR."""

import math

import numpy as np

from facts_linear import activation_range, pads
from facts_pointwise import clamp, round_away
from fixed_point import apply, multiply_twice_rounded, quantize_multiplier


def windows(case):
    """For every output pixel, the part of the input that its window covers."""
    x, y, o = case.inputs[0], case.outputs[0], case.options
    top = pads(x.shape[1], o.filterHeight, o.strideH, 1, y.shape[1], o.padding == 0)
    left = pads(x.shape[2], o.filterWidth, o.strideW, 1, y.shape[2], o.padding == 0)
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            r, c = i * o.strideH - top, j * o.strideW - left
            rows, columns = slice(max(r, 0), r + o.filterHeight), slice(max(c, 0), c + o.filterWidth)
            yield i, j, x.data[:, rows, columns, :].astype(np.int64)


def average_pool_2d(case):
    """Sum of the raw integers, divided by the covered pixels, halves away from zero; the clamp comes last."""
    y = case.outputs[0]
    values = np.zeros(y.shape, np.int64)
    for i, j, part in windows(case):
        total, count = part.sum(axis=(1, 2)), part.shape[1] * part.shape[2]
        values[:, i, j, :] = np.where(total > 0, (total + count // 2) // count, -((-total + count // 2) // count))
    return np.clip(values, *activation_range(case.options, y))


def max_pool_2d(case):
    y = case.outputs[0]
    values = np.zeros(y.shape, np.int64)
    for i, j, part in windows(case):
        values[:, i, j, :] = part.max(axis=(1, 2))
    return np.clip(values, *activation_range(case.options, y))


def mean_or_sum(case):
    x, axes = case.inputs
    y = case.outputs[0]
    axis = tuple({int(a) % len(x.shape) for a in np.atleast_1d(axes.data)})
    count = math.prod(x.shape[a] for a in axis)
    total = x.centred.sum(axis=axis, keepdims=bool(case.options.keepDims))
    multiplier, shift = quantize_multiplier(float(x.scale) / float(y.scale))
    if case.kind == "mean":
        # 1 / count goes into the multiplier; the quotient is truncated.
        extra = min(count.bit_length() - 1, 32, 31 + shift)
        multiplier, shift = (multiplier << extra) // count, shift - extra
    return clamp(apply(multiply_twice_rounded, total, multiplier, shift), y)


def int8_table(case, function):
    """256 values: function of the dequantised input in float32, divided by the output scale, halves away from zero."""
    x, y = case.inputs[0], case.outputs[0]
    real = (x.centred * x.scale).astype(np.float32)
    out = np.vectorize(lambda v: round_away(np.float32(function(v)) * np.float32(1 / float(y.scale))))(real.astype(np.float64))
    return np.clip(out + y.zero_point, -128, 127)


def arg_max(case):
    return np.argmax(case.inputs[0].data, axis=int(case.inputs[1].data))


def interpolation(size, out_size, align, half):
    """For every output coordinate: the two input indices and the weight of the second in 1/1024."""
    scale = ((size << 10) + out_size // 2) // out_size
    if align and out_size > 1:
        scale = ((size - 1) * 1024 + (out_size - 1) // 2) // (out_size - 1)
    result = []
    for k in range(out_size):
        at = k * scale + scale // 2 - 512 if half else k * scale
        low = at // 1024
        result.append((max(low, 0), min(low + 1, size - 1), at - 1024 * max(low, 0)))
    return result


def resize_bilinear(case):
    x, y, o = case.inputs[0], case.outputs[0], case.options
    data = x.data.astype(np.int64)
    rows = interpolation(x.shape[1], y.shape[1], o.alignCorners, o.halfPixelCenters)
    columns = interpolation(x.shape[2], y.shape[2], o.alignCorners, o.halfPixelCenters)
    values = np.zeros(y.shape, np.int64)
    for i, (r0, r1, v) in enumerate(rows):
        for j, (c0, c1, h) in enumerate(columns):
            total = (
                data[:, r0, c0] * (1024 - v) * (1024 - h) + data[:, r1, c0] * v * (1024 - h)
                + data[:, r0, c1] * (1024 - v) * h + data[:, r1, c1] * v * h
            )  # fmt: skip
            rounding = np.where(total > 0, 1 << 19, -(1 << 19))
            summed = total + rounding
            values[:, i, j] = np.where(summed >= 0, summed >> 20, -((-summed) >> 20))
    return values


def logistic(case):
    return int8_table(case, lambda v: 1 / (1 + np.exp(-v)))


def tanh(case):
    return int8_table(case, np.tanh)


MODELS = dict(
    average_pool_2d=average_pool_2d, max_pool_2d=max_pool_2d, mean=mean_or_sum, sum=mean_or_sum, arg_max=arg_max,
    resize_bilinear=resize_bilinear,
)  # fmt: skip
