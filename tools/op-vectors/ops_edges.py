"""Values that lie next to a rounding boundary: they tell one rounding from two, and a float32 scale from a double one."""

import numpy as np

from draw import INTEGER_RANGE
from registry import cases, operator

KINDS = ["CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "FULLY_CONNECTED per channel"]
EDGES = [(kind.lower().replace(" ", "_"), {"kind": kind}) for kind in KINDS]


def boundary_biases(d, real):
    """Accumulators within 3 of where the rescaled value crosses half an integer."""
    crossings = d.rng.integers(-126, 126, 24)
    return np.concatenate([np.round((crossings + 0.5) / real) + step for step in range(-3, 4)]).astype(np.int32)


@operator({"int8": EDGES + [(f"{name}_tiny", {**pinned, "exponent": -20}) for name, pinned in EDGES]})
def rounding_edges(d):
    """A linear operator whose input is all zero points, so that the bias is the accumulator."""
    kind = d.pick("kind", KINDS)
    in_scale, weight_scale = d.scale("in_scale"), d.scale("weight_scale") / np.float32(10)
    real = 2.0 ** d.pick("exponent", list(d.rng.uniform(-19, -10, 1))) * d.rng.uniform(0.5, 1.0)
    out_scale = np.float32(float(in_scale) * float(weight_scale) / real)
    real = float(in_scale) * float(weight_scale) / float(out_scale)
    bias = boundary_biases(d, real)
    count, point = len(bias), d.zero_point("in_zero_point")
    flat = kind.startswith("FULLY")
    x, _ = d.feed([1, 1] if flat else [1, 1, 1, 1], in_scale, point, data=[point])
    channels = 1 if kind == "FULLY_CONNECTED" else count
    shape = {"F": [count, 1], "D": [1, 1, 1, count]}.get(kind[0], [count, 1, 1, 1])
    axis = None if channels == 1 else shape.index(count)
    weights = d.rng.integers(-127, 128, shape).astype(np.int8)
    w = d.model.const(weights, [weight_scale] * channels, 0, axis)
    b = d.model.const(bias, [in_scale * weight_scale] * channels, 0, None if channels == 1 else 0)
    y = d.result([1, count] if flat else [1, 1, 1, count], out_scale, 0)
    strides = dict(strideH=1, strideW=1, padding=1)
    if flat:
        d.op("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions")
    elif kind == "CONV_2D":
        d.op(kind, [x, w, b], [y], "Conv2DOptions", **strides)
    elif kind == "DEPTHWISE_CONV_2D":
        d.op(kind, [x, w, b], [y], "DepthwiseConv2DOptions", depthMultiplier=count, **strides)
    else:
        out_shape = d.model.const(np.asarray([1, 1, 1, count], np.int32))
        d.op(kind, [out_shape, w, x, b], [y], "TransposeConvOptions", **strides)
    return 1


def nearest_to_half(d, compute, count=96):
    """The pairs of values whose real result lies nearest to half an output step: of all pairs, or of many for int16."""
    low, high = INTEGER_RANGE[d.dtype]
    if d.dtype == "int8":
        left, right = (v.ravel() for v in np.meshgrid(np.arange(low, high + 1), np.arange(low, high + 1)))
    else:
        left, right = d.rng.integers(low, high + 1, (2, 300_000))
    steps = compute(left, right)
    order = np.argsort(np.where(np.abs(steps) < high - 2, np.abs(steps - np.floor(steps) - 0.5), 1.0), kind="stable")[:count]
    return left[order], right[order]


PAIRS = cases(add={"kind": "ADD"}, sub={"kind": "SUB"}, mul={"kind": "MUL"})
SQUARES = cases(squared_difference={"kind": "SQUARED_DIFFERENCE"})
AGAIN = [(f"{name}_again", pinned) for name, pinned in [*PAIRS, *SQUARES]]


@operator({"int8": [*PAIRS, *SQUARES, *AGAIN], "int16": [*PAIRS, *AGAIN[:3]]})
def rounding_edges_binary(d):
    kind = d.pick("kind", ["ADD", "SUB", "MUL"])
    a, b = d.scale("left_scale"), d.scale("right_scale")
    za, zb, zo = (int(z) for z in d.rng.integers(-20, 21, 3)) if d.dtype == "int8" else (0, 0, 0)
    function = {"ADD": np.add, "SUB": np.subtract, "MUL": np.multiply}.get(kind, lambda v, w: (v - w) ** 2)
    high = INTEGER_RANGE[d.dtype][1] + 1
    widest = float(np.max(np.abs(function(1.5 * high * float(a), -1.5 * high * float(b)))))
    out = np.float32(widest / high / d.rng.uniform(1, 4))
    left, right = nearest_to_half(d, lambda v, w: function((v - za) * float(a), (w - zb) * float(b)) / float(out))
    x, _ = d.feed([len(left)], a, za, data=left)
    y, _ = d.feed([len(right)], b, zb, data=right)
    options = {"SQUARED_DIFFERENCE": "SquaredDifferenceOptions"}.get(kind, kind.title() + "Options")
    d.op(kind, [x, y], [d.result([len(left)], out, zo)], options)
    return 1
