"""Pools and reductions: AVERAGE_POOL_2D, MAX_POOL_2D, MEAN, SUM, REDUCE_MAX, REDUCE_MIN, ARG_MAX, ARG_MIN."""

import numpy as np

from ops_conv import image, output_size
from registry import cases, operator
from tflite_model import ACTIVATION, PADDING, TENSOR_TYPE

PLAIN = dict(window=(2, 2), stride=(2, 2), padding="VALID", activation="NONE", batch=1)
POOLS = cases(
    k2_valid=PLAIN,
    k3_stride1_same={**PLAIN, "window": (3, 3), "stride": (1, 1), "padding": "SAME"},
    k3_stride2_same_relu={**PLAIN, "window": (3, 3), "padding": "SAME", "activation": "RELU"},
    k1x4_relu6={**PLAIN, "window": (1, 4), "stride": (1, 1), "activation": "RELU6"},
    k3x2_stride1x2_same_n1to1={**PLAIN, "window": (3, 2), "stride": (1, 2), "padding": "SAME", "activation": "RELU_N1_TO_1"},
    whole_image={**PLAIN, "window": (5, 6), "stride": (1, 1), "height": 5, "width": 6},
    batch3={**PLAIN, "batch": 3},
    window_over_input_same={**PLAIN, "window": (7, 7), "stride": (2, 2), "padding": "SAME", "height": 4, "width": 3},
)
POOLS_INT = [
    *POOLS,
    *cases(
        zero_point_low={**PLAIN, "in_zero_point": -128, "activation": "RELU"},
        zero_point_high={**PLAIN, "in_zero_point": 127, "window": (3, 3)},
        extremes={**PLAIN, "spread": "extreme", "window": (3, 3)},
        near_halves={**PLAIN, "spread": "near"},
    ),
]
POOL_DTYPES = {"int8": POOLS_INT, "int16": POOLS_INT[:6] + POOLS_INT[-2:], "float32": POOLS}


def pool(d, name):
    window, stride = d.pick("window", [(2, 2), (3, 3), (1, 4), (5, 2), (4, 4)]), d.pick("stride", [(1, 1), (2, 2), (1, 3)])
    padding = d.pick("padding", ["SAME", "VALID"])
    reach = window if padding == "VALID" else (1, 1)
    x, data, scale, point = image(d, *reach, d.whole("channels", 1, 6))
    size = [output_size(data.shape[i + 1], window[i], stride[i], 1, padding) for i in (0, 1)]
    y = d.result([data.shape[0], *size, data.shape[3]], scale, point)
    d.op(name, [x], [y], "Pool2DOptions", padding=PADDING[padding], strideH=stride[0], strideW=stride[1],
         filterHeight=window[0], filterWidth=window[1],
         fusedActivationFunction=ACTIVATION[d.pick("activation", ["NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1"])])  # fmt: skip
    return 1


@operator(POOL_DTYPES)
def average_pool_2d(d):
    return pool(d, "AVERAGE_POOL_2D")


@operator(POOL_DTYPES)
def max_pool_2d(d):
    return pool(d, "MAX_POOL_2D")


IMAGE = dict(shape=[1, 4, 5, 3], keep=False)
REDUCTIONS = cases(
    image_axes={**IMAGE, "axes": [1, 2]},
    image_axes_keep={**IMAGE, "axes": [1, 2], "keep": True},
    channel={**IMAGE, "axes": [3]},
    negative_axis={**IMAGE, "axes": [-1], "keep": True},
    one_spatial_axis={**IMAGE, "axes": [1]},
    negative_axes={**IMAGE, "axes": [-2, -3]},
    batch2_image_axes={**IMAGE, "shape": [2, 3, 3, 4], "axes": [1, 2]},
    everything={**IMAGE, "shape": [2, 3, 4], "axes": [0, 1, 2]},
    first_and_last={**IMAGE, "shape": [2, 3, 4], "axes": [0, 2]},
    repeated_axis={**IMAGE, "shape": [2, 3, 4], "axes": [1, 1]},
    rank2={**IMAGE, "shape": [3, 7], "axes": [1]},
    rank1={**IMAGE, "shape": [9], "axes": [0]},
)
REDUCTIONS_INT = [
    *REDUCTIONS,
    *cases(
        same_quantisation={**IMAGE, "axes": [1, 2], "same": True},
        same_quantisation_channel={**IMAGE, "axes": [3], "same": True},
        same_quantisation_rank3={**IMAGE, "shape": [2, 5, 4], "axes": [1], "same": True},
        saturating={**IMAGE, "axes": [1, 2], "fit": "saturate", "same": False},
        coarse={**IMAGE, "axes": [2], "fit": "coarse", "same": False},
        zero_point_low={**IMAGE, "axes": [1, 2], "in_zero_point": -128},
        zero_point_high={**IMAGE, "axes": [1, 2], "in_zero_point": 127, "fit": "lopsided", "same": False},
        extremes={**IMAGE, "axes": [1], "spread": "extreme"},
        many_terms={**IMAGE, "shape": [1, 13, 9, 2], "axes": [1, 2]},
    ),
]


def reduction(d, name, compute):
    shape = d.shape("shape")
    rank = len(shape)
    drawn = [int(a) for a in d.rng.permutation(rank)[: d.rng.integers(1, rank + 1)]]
    axes = d.pick("axes", [drawn, [a - rank for a in drawn], list(range(1, rank)) or [0]])
    keep = d.pick("keep", [True, False])
    x, values, quant = d.feed_quantised(shape, "in_")
    exact = np.asarray(compute(values, axis=tuple({a % rank for a in axes}), keepdims=keep))
    if not d.quantised or d.pick("same", [False, False, True]):
        d.used.add("same")
    else:
        quant = d.fit(float(exact.min()), float(exact.max()))
    y = d.result(exact.shape, *quant)
    d.op(name, [x, d.model.const(np.asarray(axes, np.int32))], [y], "ReducerOptions", keepDims=keep)
    return 1


@operator({"int8": REDUCTIONS_INT, "int16": REDUCTIONS_INT[:6], "float32": REDUCTIONS})
def mean(d):
    return reduction(d, "MEAN", np.mean)


@operator({"int8": REDUCTIONS_INT, "int16": REDUCTIONS_INT[:6], "float32": REDUCTIONS})
def sum(d):
    """TensorFlow's quantised SUM is no oracle: for int16 its answer even changes from run to run."""
    d.compare = not d.quantised
    return reduction(d, "SUM", np.sum)


ARG_MAXES = cases(
    last={"shape": [2, 7], "axis": 1},
    negative_axis={"shape": [3, 5], "axis": -1},
    middle={"shape": [2, 4, 3], "axis": 1},
    first={"shape": [4, 3], "axis": 0},
    image_channels={"shape": [1, 3, 3, 4], "axis": 3},
    rank1={"shape": [9], "axis": 0},
)


def argument(d, name, options):
    shape = d.shape("shape")
    axis = d.whole("axis", -len(shape), len(shape) - 1)
    scale, point = d.quant()
    x, _ = d.feed(shape, scale, point)
    reduced = [n for i, n in enumerate(shape) if i != axis % len(shape)]
    positions = d.pick("positions", ["int32"])
    y = d.result(reduced, dtype=positions)
    d.op(name, [x, d.model.const(np.asarray(axis, np.int32))], [y], options, outputType=TENSOR_TYPE[positions])
    return 1


ARG_INT8 = [
    *ARG_MAXES,
    *cases(
        ties={"shape": [4, 8], "axis": 1, "spread": "extreme"},
        int64_positions={"shape": [2, 7], "axis": 1, "positions": "int64"},
    ),
]


@operator({"int8": ARG_INT8, "float32": ARG_MAXES, "uint8": ARG_MAXES[:2], "int32": ARG_MAXES[:2]})
def arg_max(d):
    return argument(d, "ARG_MAX", "ArgMaxOptions")


@operator({"int8": ARG_INT8, "float32": ARG_MAXES[:3]})
def arg_min(d):
    return argument(d, "ARG_MIN", "ArgMinOptions")


EXTREMA = [case for case in REDUCTIONS if case[0] != "repeated_axis"]


def extremum(d, name):
    shape = d.shape("shape")
    rank = len(shape)
    axes = d.pick("axes", [[int(a) for a in d.rng.permutation(rank)[: d.rng.integers(1, rank + 1)]]])
    keep = d.pick("keep", [True, False])
    scale, point = d.quant()
    x, data = d.feed(shape, scale, point)
    exact = np.max(data, axis=tuple({a % rank for a in axes}), keepdims=keep)
    y = d.result(np.shape(exact), scale, point)
    d.op(name, [x, d.model.const(np.asarray(axes, np.int32))], [y], "ReducerOptions", keepDims=keep)
    return 1


@operator({"int8": EXTREMA, "int16": EXTREMA[:3], "float32": EXTREMA, "int32": EXTREMA[:3]})
def reduce_max(d):
    return extremum(d, "REDUCE_MAX")


@operator({"int8": EXTREMA, "int16": EXTREMA[:3], "float32": EXTREMA, "int32": EXTREMA[:3]})
def reduce_min(d):
    return extremum(d, "REDUCE_MIN")
