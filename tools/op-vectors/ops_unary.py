"""Elementwise operators of one tensor, and SOFTMAX and PRELU."""

import numpy as np

from draw import real
from registry import cases, operator

SHAPE = dict(shape=[2, 3, 4])
FLOAT_SHAPES = cases(rank1={"shape": [17]}, rank2={"shape": [3, 5]}, rank4={"shape": [1, 3, 4, 5]})

EXP_LAST = {"int8": (1 / 256, -128), "int16": (1 / 32768, 0)}
SOFTMAX = cases(
    rank1={"shape": [7], "beta": 1.0},
    rank2={"shape": [3, 10], "beta": 1.0},
    rank3={"shape": [2, 3, 5], "beta": 1.0},
    rank4={"shape": [1, 2, 3, 6], "beta": 1.0},
    one_class={"shape": [3, 1], "beta": 1.0},
    two_classes={"shape": [5, 2], "beta": 1.0},
    many_classes={"shape": [1, 130], "beta": 1.0},
    beta_half={"shape": [3, 10], "beta": 0.5},
    beta_three={"shape": [3, 10], "beta": 3.0},
)
SOFTMAX_INT = [
    *SOFTMAX,
    *cases(
        fine_scale={"shape": [3, 10], "beta": 1.0, "in_scale": 0.004},
        coarse_scale={"shape": [3, 10], "beta": 1.0, "in_scale": 0.9},
        very_coarse_scale={"shape": [3, 10], "beta": 1.0, "in_scale": 6.0},
        near={"shape": [4, 10], "beta": 1.0, "spread": "near"},
        extremes={"shape": [4, 10], "beta": 1.0, "spread": "extreme"},
        all_but_equal={"shape": [1, 200], "beta": 1.0, "in_scale": 0.0001},
    ),
]


def softmax_scale(d):
    """int16 inputs use about [-10, 0]..[0, 10] of the exponential's table, int8 inputs any scale."""
    if d.dtype == "int16":
        d.used.add("in_scale")
        return np.float32(d.rng.choice([10 / 65535, 10 / 32768, 3e-5, 0.002]))
    return d.scale("in_scale")


@operator({"int8": SOFTMAX_INT, "int16": SOFTMAX_INT, "float32": SOFTMAX})
def softmax(d):
    shape = d.shape("shape")
    beta = d.pick("beta", [1.0, 1.0, 0.5, 2.0, 0.1])
    scale, point = (softmax_scale(d), d.zero_point("in_zero_point")) if d.quantised else (None, 0)
    x, _ = d.feed(shape, scale, point)
    out_scale, out_point = EXP_LAST[d.dtype] if d.quantised else (None, 0)
    d.op("SOFTMAX", [x], [d.result(shape, out_scale, out_point)], "SoftmaxOptions", beta=beta)
    return 1


SIGMOIDS = cases(rank1={"shape": [40]}, rank2={"shape": [3, 15]}, rank4={"shape": [2, 3, 4, 5]})
SIGMOIDS_INT = [
    *SIGMOIDS,
    *cases(
        fine={"shape": [60], "in_scale": 0.01},
        middling={"shape": [60], "in_scale": 0.045},
        coarse={"shape": [60], "in_scale": 0.3},
        zero_point_low={"shape": [60], "in_scale": 0.03, "in_zero_point": -128},
        zero_point_high={"shape": [60], "in_scale": 0.03, "in_zero_point": 127},
        every_value={"shape": [256], "in_scale": 0.047, "in_zero_point": 9, "spread": "every"},
    ),
]
SIGMOIDS_INT16 = cases(
    every_512={"in_scale": 4 / 32768},
    power_of_two={"in_scale": 8 / 32768},
    table_scale={"in_scale": 1 / 4096},
    odd_scale={"in_scale": 0.000217},
    small_scale={"in_scale": 3.1e-5},
    large_scale={"in_scale": 0.0021},
)


def sigmoid_like(d, name, out_int8, out_int16, options=None):
    if d.dtype == "int16":
        data = np.sort(d.rng.integers(-32768, 32768, 96)).astype(np.int16)
        x, _ = d.feed([1, 96], d.pick("in_scale", list(np.float32([8 / 32768, 1 / 4096, 0.00031, 1e-4, 0.001]))), 0, data=data)
        y = d.result([1, 96], out_int16, 0)
    else:
        x, values, _ = d.feed_quantised(d.shape("shape"), "in_")
        y = d.result(values.shape, *(out_int8 if d.quantised else ()))
    d.op(name, [x], [y], options)
    return 1


@operator({"int8": SIGMOIDS_INT, "int16": SIGMOIDS_INT16, "float32": SIGMOIDS})
def logistic(d):
    return sigmoid_like(d, "LOGISTIC", (1 / 256, -128), 1 / 32768)


@operator({"int8": SIGMOIDS_INT, "int16": SIGMOIDS_INT16, "float32": SIGMOIDS})
def tanh(d):
    return sigmoid_like(d, "TANH", (1 / 128, 0), 1 / 32768)


RESCALED = dict(shape=[2, 3, 4], same=False)
RECTIFIERS_INT = cases(
    same_quantisation={"shape": [3, 20], "same": True},
    same_quantisation_zero_point_low={"shape": [3, 20], "same": True, "in_zero_point": -128},
    same_quantisation_zero_point_high={"shape": [3, 20], "same": True, "in_zero_point": 127},
    same_quantisation_fine={"shape": [40], "same": True, "in_scale": 0.004},
    rescaled={**RESCALED, "fit": "fit"},
    rescaled_rank1={"shape": [50], "same": False, "fit": "fit"},
    rescaled_rank4={"shape": [2, 3, 3, 4], "same": False, "fit": "fit"},
    rescaled_saturating={**RESCALED, "fit": "saturate"},
    rescaled_coarse={**RESCALED, "fit": "coarse"},
    rescaled_lopsided={**RESCALED, "fit": "lopsided"},
    rescaled_zero_point_low={**RESCALED, "in_zero_point": -128, "fit": "fit"},
    rescaled_extremes={**RESCALED, "spread": "extreme"},
    every_value={"shape": [256], "same": True, "spread": "every", "in_scale": 0.031},
    every_value_rescaled={"shape": [256], "same": False, "fit": "fit", "spread": "every", "in_scale": 0.037, "in_zero_point": 3},
)


def rectifier(d, name, low, high):
    x, values, quant = d.feed_quantised(d.shape("shape"), "in_")
    if d.quantised and not d.pick("same", [False, False, True]):
        exact = np.clip(values, low, high)
        quant = d.fit(float(exact.min()), float(exact.max()))
        # TFLM's RELU rescales; its RELU6 forgets to, and the others are not in TFLM.
        d.prefer = "tflm" if name == "RELU" else "tensorflow"
    d.op(name, [x], [d.result(values.shape, *quant)])
    return 1


@operator({"int8": RECTIFIERS_INT, "int16": RECTIFIERS_INT[::4], "float32": FLOAT_SHAPES})
def relu(d):
    return rectifier(d, "RELU", 0, np.inf)


@operator({"int8": RECTIFIERS_INT, "float32": FLOAT_SHAPES})
def relu6(d):
    return rectifier(d, "RELU6", 0, 6)


@operator({"int8": RECTIFIERS_INT, "float32": FLOAT_SHAPES})
def relu_n1_to_1(d):
    return rectifier(d, "RELU_N1_TO_1", -1, 1)


@operator({"int8": RECTIFIERS_INT, "float32": FLOAT_SHAPES})
def relu_0_to_1(d):
    return rectifier(d, "RELU_0_TO_1", 0, 1)


LEAKS = cases(
    alpha_02={"shape": [3, 20], "alpha": 0.2},
    alpha_001={"shape": [40], "alpha": 0.01},
    alpha_over_one={"shape": [2, 3, 4, 2], "alpha": 1.5},
    alpha_negative={"shape": [3, 20], "alpha": -0.3},
    alpha_zero={"shape": [3, 20], "alpha": 0.0},
)
FITS = cases(
    saturating={"shape": [3, 20], "fit": "saturate"},
    coarse={"shape": [3, 20], "fit": "coarse"},
    lopsided={"shape": [3, 20], "fit": "lopsided"},
    zero_point_low={"shape": [3, 20], "in_zero_point": -128},
    zero_point_high={"shape": [3, 20], "in_zero_point": 127},
    extremes={"shape": [3, 20], "spread": "extreme"},
    every_value={"shape": [256, 1], "fit": "fit", "spread": "every", "in_scale": 0.047, "in_zero_point": -7},
    every_value_again={"shape": [256, 1], "fit": "fit", "spread": "every", "in_scale": 0.0213, "in_zero_point": 31},
)


@operator({"int8": [*LEAKS, *FITS], "int16": LEAKS + FITS[:2], "float32": LEAKS})
def leaky_relu(d):
    x, values, _ = d.feed_quantised(d.shape("shape"), "in_")
    alpha = d.pick("alpha", [0.2, 0.1, 0.3, 0.01, 0.7])
    exact = np.where(values < 0, values * alpha, values)
    y = d.result(values.shape, *d.fit(float(exact.min()), float(exact.max())))
    d.op("LEAKY_RELU", [x], [y], "LeakyReluOptions", alpha=alpha)
    return 1


PRELUS = cases(
    channel={"shape": [2, 3, 4, 5], "alpha_shape": [5]},
    channel_rank3={"shape": [2, 3, 4, 5], "alpha_shape": [1, 1, 5]},
    full={"shape": [1, 3, 4, 2], "alpha_shape": [3, 4, 2]},
    one_alpha={"shape": [1, 3, 4, 2], "alpha_shape": [1, 1, 1]},
    row={"shape": [1, 3, 4, 2], "alpha_shape": [3, 1, 1]},
)


@operator({"int8": [*PRELUS, *FITS], "float32": PRELUS})
def prelu(d):
    shape = d.shape("shape")
    alpha_shape = d.pick("alpha_shape", [shape[-1:], [1] * (len(shape) - 1) + shape[-1:], shape[1:] or shape])
    x, values, _ = d.feed_quantised(shape, "in_")
    scale, point = d.quant("alpha_")
    data = d.values(alpha_shape, spread="full")
    alpha = real(data, scale, point)
    exact = np.where(values < 0, values * alpha, values)
    y = d.result(shape, *d.fit(float(exact.min()), float(exact.max())))
    d.op("PRELU", [x, d.model.const(data, scale, point)], [y])
    return 1


SCALES = cases(
    fine_scale={"shape": [60], "in_scale": 0.005},
    middling_scale={"shape": [60], "in_scale": 0.04},
    coarse_scale={"shape": [60], "in_scale": 0.3},
)


@operator({"int8": [*FLOAT_SHAPES, *FITS, *SCALES], "float32": FLOAT_SHAPES})
def hard_swish(d):
    x, values, (scale, _) = d.feed_quantised(d.shape("shape"), "in_")
    exact = values * np.clip(values + 3, 0, 6) / 6
    # The engines want the input's scale / 128 below the output's.
    floor = float(scale) / 100 if d.quantised else 0.0
    y = d.result(values.shape, *d.fit(float(exact.min()), float(exact.max()), floor=floor))
    d.op("HARD_SWISH", [x], [y], "HardSwishOptions")
    return 1


def unary(d, name, options, compute, positive=False):
    """`positive`: the operator's domain is above zero, so the inputs are too (integers: above the zero point)."""
    shape = d.shape("shape")
    if positive and d.quantised:
        scale = d.scale("in_scale")
        point = d.pick("in_zero_point", [-128, -128, -100, -3]) if d.dtype == "int8" else 0
        high = 127 if d.dtype == "int8" else 32767
        data = d.rng.integers(point + 1, high + 1, shape)
        if d.pick("every", [False]):
            data = np.arange(-128, 128)
        x, _ = d.feed(shape, scale, point, data=data)
        values = real(data, scale, point)
    elif positive:
        x, values = d.feed(shape, data=(d.rng.uniform(0.01, 9, shape)).astype(np.float32))
    else:
        x, values, _ = d.feed_quantised(shape, "in_")
    exact = compute(values)
    finite = exact[np.isfinite(exact)]  # RSQRT of the zero point is infinite
    y = d.result(shape, *d.fit(float(finite.min()), float(finite.max())))
    d.op(name, [x], [y], options)
    return 1


POSITIVE_INT = cases(
    rank1={"shape": [40]},
    rank4={"shape": [1, 3, 4, 5]},
    zero_point_low={"shape": [40], "in_zero_point": -128, "fit": "fit"},
    zero_point_middle={"shape": [40], "in_zero_point": -3, "fit": "fit"},
    saturating={"shape": [40], "fit": "saturate"},
    coarse={"shape": [40], "fit": "coarse"},
    every_value={"shape": [256], "in_zero_point": -128, "fit": "fit", "every": True},
)
ABS_INT = [*FLOAT_SHAPES, *FITS]


@operator({"int8": ABS_INT, "int16": ABS_INT[:5], "float32": FLOAT_SHAPES})
def abs(d):
    return unary(d, "ABS", "AbsOptions", np.abs)


@operator({"int8": FLOAT_SHAPES, "float32": FLOAT_SHAPES})
def neg(d):
    """TFLM has no integer NEG, and TensorFlow's negates the raw integers: only one symmetric quantisation makes sense."""
    if not d.quantised:
        return unary(d, "NEG", "NegOptions", np.negative)
    shape, scale = d.shape("shape"), d.scale("in_scale")
    x, _ = d.feed(shape, scale, 0, data=d.rng.integers(-127, 128, shape))
    d.op("NEG", [x], [d.result(shape, scale, 0)], "NegOptions")
    return 1


@operator({"int8": POSITIVE_INT, "int16": POSITIVE_INT[:2], "float32": FLOAT_SHAPES})
def rsqrt(d):
    return unary(d, "RSQRT", None, lambda v: 1 / np.sqrt(v), positive=True)


@operator({"int8": POSITIVE_INT, "int16": POSITIVE_INT[:2], "float32": FLOAT_SHAPES})
def sqrt(d):
    return unary(d, "SQRT", None, np.sqrt, positive=True)


# Neither engine has an integer SQUARE.
@operator({"float32": FLOAT_SHAPES})
def square(d):
    return unary(d, "SQUARE", "SquareOptions", np.square)
