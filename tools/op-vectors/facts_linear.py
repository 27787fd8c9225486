"""numpy restatements of the integer convolutions, FULLY_CONNECTED and BATCH_MATMUL."""

import numpy as np

from fixed_point import (
    apply,
    multiply_twice_rounded,
    multiply_wide,
    quantize_multiplier,
)


def activation_range(options, output):
    """Limits of the output's integers under the fused activation."""
    low, high = np.iinfo(output.dtype).min, np.iinfo(output.dtype).max
    activation = getattr(options, "fusedActivationFunction", 0)

    def quantised(real):
        ratio = np.float32(real) / output.scale
        return output.zero_point + int(np.floor(abs(ratio) + 0.5) * (1 if ratio >= 0 else -1))

    if activation in (1, 3):
        low = max(low, quantised(0.0))
    if activation == 2:
        low = max(low, quantised(-1.0))
    if activation in (2, 3):
        high = min(high, quantised({2: 1.0, 3: 6.0}[activation]))
    return low, high


def rescaled(accumulators, reals, function, options, output):
    pairs = [quantize_multiplier(float(real)) for real in reals]
    multiplier, shift = ([p[0] for p in pairs], [p[1] for p in pairs]) if len(pairs) > 1 else pairs[0]
    values = apply(function, accumulators, multiplier, shift) + output.zero_point
    return np.clip(values, *activation_range(options, output))


def accumulator(x, bias):
    """int8, and int16 with an int32 bias, accumulate in 32 bits; int16 otherwise in 64."""
    narrow = x.dtype == "int8" or (bias is not None and bias.dtype == "int32")
    return multiply_twice_rounded if narrow else multiply_wide


def channel_reals(x, w, y):
    return [float(x.scale) * float(s) / float(y.scale) for s in w.scales]


def pads(size, kernel, stride, dilation, out, same):
    reach = (kernel - 1) * dilation + 1
    total = max((out - 1) * stride + reach - size, 0) if same else 0
    return total // 2


def convolution(case):
    x, w = case.inputs[:2]
    bias = case.inputs[2] if len(case.inputs) > 2 else None
    y, o = case.outputs[0], case.options
    depthwise = case.kind == "depthwise_conv_2d"
    data, weights = x.centred, w.data.astype(np.int64)
    batch, height, width, out_channels = y.shape
    acc = np.zeros(y.shape, np.int64)
    top = pads(x.shape[1], w.shape[1], o.strideH, o.dilationHFactor, height, o.padding == 0)
    left = pads(x.shape[2], w.shape[2], o.strideW, o.dilationWFactor, width, o.padding == 0)
    per_group = w.shape[3]
    for i in range(height):
        for j in range(width):
            for a in range(w.shape[1]):
                for b in range(w.shape[2]):
                    r, c = i * o.strideH - top + a * o.dilationHFactor, j * o.strideW - left + b * o.dilationWFactor
                    if not (0 <= r < x.shape[1] and 0 <= c < x.shape[2]):
                        continue
                    for k in range(out_channels):
                        if depthwise:
                            acc[:, i, j, k] += data[:, r, c, k // (out_channels // x.shape[3])] * weights[0, a, b, k]
                        else:
                            group = k // (out_channels // (x.shape[3] // per_group))
                            part = data[:, r, c, group * per_group : (group + 1) * per_group]
                            acc[:, i, j, k] += part @ weights[k, a, b]
    if bias is not None:
        acc += bias.data.astype(np.int64)
    return rescaled(acc, channel_reals(x, w, y), accumulator(x, bias), o, y)


def transposed_convolution(case):
    _, w, x = case.inputs[:3]
    bias = case.inputs[3] if len(case.inputs) > 3 else None
    y, o = case.outputs[0], case.options
    acc = np.zeros(y.shape, np.int64)
    data, weights = x.centred, w.data.astype(np.int64)
    origin = []
    for axis, stride in ((1, o.strideH), (2, o.strideW)):
        total = (x.shape[axis] - 1) * stride + w.shape[axis] - y.shape[axis]
        origin.append(max(total, 0) // 2 if o.padding == 0 else 0)
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            for a in range(w.shape[1]):
                for b in range(w.shape[2]):
                    r, c = i * o.strideH - origin[0] + a, j * o.strideW - origin[1] + b
                    if 0 <= r < y.shape[1] and 0 <= c < y.shape[2]:
                        acc[:, r, c, :] += data[:, i, j, :] @ weights[:, a, b, :].T
    if bias is not None:
        acc += bias.data.astype(np.int64)
    return rescaled(acc, channel_reals(x, w, y), accumulator(x, bias), o, y)


def fully_connected(case):
    x, w, bias = case.inputs
    y = case.outputs[0]
    acc = x.centred.reshape(-1, w.shape[1]) @ w.data.astype(np.int64).T
    if bias is not None:
        acc = acc + bias.data.astype(np.int64)
    return rescaled(acc, channel_reals(x, w, y), accumulator(x, bias), case.options, y).reshape(y.shape)


def batch_matmul(case):
    a, b = (v.centred for v in case.inputs)
    if case.options.adjX:
        a = np.swapaxes(a, -1, -2)
    if case.options.adjY:
        b = np.swapaxes(b, -1, -2)
    y = case.outputs[0]
    real = float(case.inputs[0].scale) * float(case.inputs[1].scale) / float(y.scale)
    return rescaled(a @ b, [real], multiply_twice_rounded if y.dtype == "int8" else multiply_wide, None, y)


MODELS = dict(
    conv_2d=convolution, depthwise_conv_2d=convolution, transpose_conv=transposed_convolution,
    fully_connected=fully_connected, batch_matmul=batch_matmul,
)  # fmt: skip
