"""CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV."""

import numpy as np

from registry import cases, operator
from tflite_model import ACTIVATION, PADDING, TENSOR_TYPE


def output_size(size, kernel, stride, dilation, padding):
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == "SAME" else -(-(size - reach + 1) // stride)


def present(*tensors):
    """Operator inputs without the bias that is not there."""
    return [tensor for tensor in tensors if tensor >= 0]


def weight_tensor(d, shape, channel_axis, in_scale, per_tensor=False):
    """Weights (constant) and their scales; `channel_axis` is where per-channel scales lie."""
    if not d.quantised:
        fan = max(np.prod(shape) / shape[channel_axis], 1)
        data = (d.rng.standard_normal(shape) / np.sqrt(fan)).astype(np.float32)
        return d.model.const(data), None, data
    channels = 1 if per_tensor else shape[channel_axis]
    middle = d.rng.uniform(-3, -1.5)
    ratio = d.pick("channel_spread", [0.15, 0.15, 1.0])
    scales = np.float32(10 ** (middle + d.rng.uniform(-ratio, ratio, channels)))
    data = d.values(shape, "int8", d.pick("weight_spread", ["full", "full", "full", "extreme", "near"]))
    data = np.maximum(data, -127).astype(np.int8)
    tensor = d.model.const(data, scales, 0, None if per_tensor else channel_axis)
    return tensor, np.float32(in_scale) * scales, data


def bias_tensor(d, channels, scales, reach, per_tensor=False):
    """Bias constant: int32, or int64 where activations are int16; -1 when the case has none."""
    if not d.pick("bias", [True, True, True, False]):
        return -1
    if not d.quantised:
        return d.model.const(d.rng.standard_normal(channels).astype(np.float32))
    reach = max(int(reach), 1)
    data = d.rng.integers(-reach, reach + 1, channels)
    return d.model.const(data.astype(bias_type(d)), scales, 0, None if per_tensor else 0)


def bias_type(d):
    """int64 where activations are int16; CONV_2D and FULLY_CONNECTED also take int32 and say so in their options."""
    if d.dtype != "int16":
        return "int32"
    return d.pick("bias_type", ["int64"])


def accumulator_reach(d, terms, data, in_point, weights):
    """Typical size of an accumulator of `terms` products."""
    if not d.quantised:
        return 1.0
    spread = np.sqrt(np.mean((data.astype(np.float64) - in_point) ** 2)) + 1
    return np.sqrt(terms) * spread * (np.std(weights.astype(np.float64)) + 0.5)


def convolved_output(d, shape, scales, reach):
    if not d.quantised:
        return d.result(shape)
    top = float(np.max(scales)) * reach
    # The 64-bit rescaling of int16 is made for multipliers below 2^8.
    return d.result(shape, *d.fit(-2.5 * top, 2.5 * top, floor=float(np.max(scales)) / 100))


def image(d, reach_height, reach_width, channels):
    """Graph input [batch, height, width, channels] that a kernel of this reach fits into."""
    batch = d.pick("batch", [1, 1, 1, 2, 3])
    low_height, low_width = max(2, reach_height), max(2, reach_width)
    height = d.whole("height", low_height, low_height + 4)
    width = d.whole("width", low_width, low_width + 4)
    scale, point = d.quant("in_")
    tensor, data = d.feed([batch, height, width, channels], scale, point)
    return tensor, data, scale, point


KERNELS = [(1, 1), (3, 3), (3, 3), (2, 2), (5, 5), (1, 5), (4, 1), (2, 3), (7, 3)]
STRIDES = [(1, 1), (1, 1), (2, 2), (1, 2), (3, 2)]
DILATIONS = [(1, 1), (1, 1), (1, 1), (2, 2), (1, 3), (3, 2)]
ACTIVATIONS = ["NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1"]
PLAIN = dict(kernel=(3, 3), stride=(1, 1), dilation=(1, 1), padding="SAME", activation="NONE", batch=1, bias=True)

CONV_FLOAT = cases(
    k3_same={**PLAIN, "groups": 1},
    k1_valid_relu={**PLAIN, "kernel": (1, 1), "padding": "VALID", "activation": "RELU"},
    k5x3_stride2_same_relu6={**PLAIN, "kernel": (5, 3), "stride": (2, 2), "activation": "RELU6"},
    k3_stride2x1_valid_n1to1={**PLAIN, "stride": (2, 1), "padding": "VALID", "activation": "RELU_N1_TO_1"},
    dilation2_same={**PLAIN, "dilation": (2, 2), "groups": 1},
    dilation1x3_valid={**PLAIN, "dilation": (1, 3), "padding": "VALID"},
    groups3={**PLAIN, "groups": 3, "in_per_group": 2, "out_per_group": 2},
    batch3_no_bias={**PLAIN, "batch": 3, "bias": False},
)
CONV_INT = [
    *CONV_FLOAT,
    *cases(
        line_1x7={**PLAIN, "kernel": (1, 7), "height": 1, "width": 12, "stride": (1, 2)},
        column_5x1={**PLAIN, "kernel": (5, 1), "width": 1, "height": 9, "padding": "VALID"},
        kernel_over_input_same={**PLAIN, "kernel": (7, 7), "height": 3, "width": 4},
        stride_over_kernel={**PLAIN, "kernel": (1, 1), "stride": (3, 2), "height": 7, "width": 5},
        even_kernel_stride2_same={**PLAIN, "kernel": (2, 4), "stride": (2, 2), "height": 7, "width": 6},
        depthwise_as_groups={**PLAIN, "groups": 5, "in_per_group": 1, "out_per_group": 1},
        zero_point_low={**PLAIN, "in_zero_point": -128, "fit": "lopsided"},
        zero_point_high={**PLAIN, "in_zero_point": 127, "activation": "RELU"},
        saturating={**PLAIN, "fit": "saturate"},
        coarse_output={**PLAIN, "fit": "coarse"},
        extremes={**PLAIN, "spread": "extreme", "weight_spread": "extreme"},
        multiplier_over_one={**PLAIN, "spread": "near", "weight_spread": "near", "fit": "saturate", "activation": "RELU6"},
        channels_far_apart={**PLAIN, "channel_spread": 2.5, "out_per_group": 12},
    ),
]


CONV_INT16 = cases(
    int32_bias={**PLAIN, "bias_type": "int32"}, int32_bias_relu6={**PLAIN, "bias_type": "int32", "activation": "RELU6"}
)


@operator({"int8": CONV_INT, "int16": CONV_INT[:8] + CONV_INT[-4:] + CONV_INT16, "float32": CONV_FLOAT})
def conv_2d(d):
    kernel, stride = d.pick("kernel", KERNELS), d.pick("stride", STRIDES)
    dilation, padding = d.pick("dilation", DILATIONS), d.pick("padding", ["SAME", "VALID"])
    groups = d.pick("groups", [1, 1, 1, 2, 3])
    in_per_group, out_per_group = d.whole("in_per_group", 1, 5), d.whole("out_per_group", 1, 5)
    reach = [(k - 1) * s + 1 if padding == "VALID" else 1 for k, s in zip(kernel, dilation)]
    x, data, scale, point = image(d, *reach, groups * in_per_group)
    out_channels = groups * out_per_group
    w, scales, weights = weight_tensor(d, [out_channels, *kernel, in_per_group], 0, scale)
    size = accumulator_reach(d, np.prod(kernel) * in_per_group, data, point, weights)
    b = bias_tensor(d, out_channels, scales, size)
    height, width = (output_size(data.shape[i + 1], kernel[i], stride[i], dilation[i], padding) for i in (0, 1))
    y = convolved_output(d, [data.shape[0], height, width, out_channels], scales, size)
    d.op("CONV_2D", present(x, w, b), [y], "Conv2DOptions", quantizedBiasType=TENSOR_TYPE[bias_type(d)],
         padding=PADDING[padding], strideH=stride[0], strideW=stride[1],
         dilationHFactor=dilation[0], dilationWFactor=dilation[1],
         fusedActivationFunction=ACTIVATION[d.pick("activation", ACTIVATIONS)])  # fmt: skip
    return 1


DEPTH_FLOAT = cases(
    k3_same={**PLAIN, "multiplier": 1},
    k3_stride2_valid_relu={**PLAIN, "stride": (2, 2), "padding": "VALID", "activation": "RELU", "multiplier": 1},
    multiplier2_relu6={**PLAIN, "multiplier": 2, "activation": "RELU6"},
    multiplier3_k5x1_n1to1={**PLAIN, "multiplier": 3, "kernel": (5, 1), "activation": "RELU_N1_TO_1"},
    multiplier4_no_bias={**PLAIN, "multiplier": 4, "bias": False},
    dilation2_same={**PLAIN, "dilation": (2, 2), "multiplier": 1},
    dilation3x2_valid={**PLAIN, "dilation": (3, 2), "padding": "VALID", "multiplier": 2},
    batch2={**PLAIN, "batch": 2, "multiplier": 1},
)
DEPTH_INT = [
    *DEPTH_FLOAT,
    *cases(
        single_channel_multiplier4={**PLAIN, "channels": 1, "multiplier": 4},
        line_1x8={**PLAIN, "kernel": (1, 8), "height": 1, "width": 13, "multiplier": 1},
        even_kernel_stride2_same={**PLAIN, "kernel": (4, 2), "stride": (2, 2), "height": 7, "width": 5},
        kernel_over_input={**PLAIN, "kernel": (7, 5), "height": 2, "width": 3, "multiplier": 1},
        zero_point_low={**PLAIN, "in_zero_point": -128, "fit": "lopsided", "multiplier": 1},
        zero_point_high={**PLAIN, "in_zero_point": 127, "multiplier": 1},
        saturating={**PLAIN, "fit": "saturate", "multiplier": 1},
        extremes={**PLAIN, "spread": "extreme", "weight_spread": "extreme", "multiplier": 1},
        multiplier_over_one={**PLAIN, "spread": "near", "weight_spread": "near", "fit": "saturate"},
        channels_far_apart={**PLAIN, "channel_spread": 2.5, "channels": 9, "multiplier": 1},
    ),
]


@operator({"int8": DEPTH_INT, "int16": DEPTH_INT[:8] + DEPTH_INT[-4:], "float32": DEPTH_FLOAT})
def depthwise_conv_2d(d):
    kernel, stride = d.pick("kernel", KERNELS), d.pick("stride", [(1, 1), (1, 1), (2, 2), (3, 3)])
    dilation, padding = d.pick("dilation", DILATIONS), d.pick("padding", ["SAME", "VALID"])
    channels, multiplier = d.whole("channels", 1, 7), d.pick("multiplier", [1, 1, 1, 2, 3, 4])
    reach = [(k - 1) * s + 1 if padding == "VALID" else 1 for k, s in zip(kernel, dilation)]
    x, data, scale, point = image(d, *reach, channels)
    out_channels = channels * multiplier
    w, scales, weights = weight_tensor(d, [1, *kernel, out_channels], 3, scale)
    size = accumulator_reach(d, np.prod(kernel), data, point, weights)
    b = bias_tensor(d, out_channels, scales, size)
    height, width = (output_size(data.shape[i + 1], kernel[i], stride[i], dilation[i], padding) for i in (0, 1))
    y = convolved_output(d, [data.shape[0], height, width, out_channels], scales, size)
    d.op("DEPTHWISE_CONV_2D", present(x, w, b), [y], "DepthwiseConv2DOptions", padding=PADDING[padding],
         strideH=stride[0], strideW=stride[1], depthMultiplier=multiplier,
         dilationHFactor=dilation[0], dilationWFactor=dilation[1],
         fusedActivationFunction=ACTIVATION[d.pick("activation", ACTIVATIONS)])  # fmt: skip
    return 1


UP = dict(kernel=(3, 3), stride=(2, 2), padding="SAME", activation="NONE", batch=1, bias=True)
TRANSPOSED = cases(
    k3_stride2_same=UP,
    k2_stride2_valid={**UP, "kernel": (2, 2), "padding": "VALID"},
    k3_stride1_same={**UP, "stride": (1, 1)},
    k4_stride2_same={**UP, "kernel": (4, 4)},
    k3x5_stride1x2_valid={**UP, "kernel": (3, 5), "stride": (1, 2), "padding": "VALID"},
    stride3_over_kernel2_same={**UP, "kernel": (2, 2), "stride": (3, 3)},
    no_bias={**UP, "bias": False},
    batch2={**UP, "batch": 2},
    odd_output={**UP, "trim": 1},
)
TRANSPOSED_INT = [
    *TRANSPOSED,
    *cases(
        saturating={**UP, "fit": "saturate"},
        zero_point_low={**UP, "in_zero_point": -128},
        extremes={**UP, "spread": "extreme", "weight_spread": "extreme"},
        channels_far_apart={**UP, "channel_spread": 2.5, "out_channels": 9},
    ),
]


@operator({"int8": TRANSPOSED_INT, "int16": TRANSPOSED_INT[:4] + TRANSPOSED_INT[-2:], "float32": TRANSPOSED})
def transpose_conv(d):
    kernel, stride = d.pick("kernel", KERNELS), d.pick("stride", [(1, 1), (2, 2), (2, 2), (1, 3), (3, 2)])
    padding = d.pick("padding", ["SAME", "VALID"])
    channels, out_channels = d.whole("channels", 1, 5), d.whole("out_channels", 1, 5)
    batch, height, width = d.pick("batch", [1, 1, 2]), d.whole("height", 2, 5), d.whole("width", 2, 5)
    scale, point = d.quant("in_")
    # SAME: any output size whose strided size is the input's; `trim` takes it off the largest.
    trim = [min(d.whole("trim", 0, 1), s - 1) if padding == "SAME" else 0 for s in stride]
    grown = [
        size * s - t if padding == "SAME" else (size - 1) * s + k for size, s, k, t in zip((height, width), stride, kernel, trim)
    ]
    shape = [batch, *grown, out_channels]
    out_shape = d.model.const(np.asarray(shape, np.int32))
    w, scales, weights = weight_tensor(d, [out_channels, *kernel, channels], 0, scale)
    x, data = d.feed([batch, height, width, channels], scale, point)
    terms = max(np.prod(kernel) / np.prod(stride), 1) * channels
    size = accumulator_reach(d, terms, data, point, weights)
    b = bias_tensor(d, out_channels, scales, size)
    y = convolved_output(d, shape, scales, size)
    d.op("TRANSPOSE_CONV", present(out_shape, w, x, b), [y], "TransposeConvOptions",
         padding=PADDING[padding], strideH=stride[0], strideW=stride[1],
         fusedActivationFunction=ACTIVATION[d.pick("activation", ["NONE", "RELU"])])  # fmt: skip
    return 1
