"""Elementwise operators of two tensors: ADD, SUB, MUL, MAXIMUM, MINIMUM, SQUARED_DIFFERENCE."""

import numpy as np

from draw import real
from registry import cases, operator
from tflite_model import ACTIVATION

SAME = dict(shapes=([2, 3, 4], [2, 3, 4]), activation="NONE", constant=False)
ARITHMETIC = cases(
    same_shape=SAME,
    relu={**SAME, "activation": "RELU"},
    relu6={**SAME, "activation": "RELU6"},
    n1to1={**SAME, "activation": "RELU_N1_TO_1"},
    channel={**SAME, "shapes": ([1, 3, 4, 5], [5])},
    channel_first={**SAME, "shapes": ([5], [1, 3, 4, 5])},
    squeeze_excite={**SAME, "shapes": ([2, 3, 4, 5], [2, 1, 1, 5])},
    row_and_column={**SAME, "shapes": ([3, 1], [1, 4])},
    both_ways={**SAME, "shapes": ([2, 1, 3, 1], [1, 4, 1, 5])},
    rank5={**SAME, "shapes": ([2, 1, 3, 2, 2], [1, 2, 3, 1, 2])},
    scalar={**SAME, "shapes": ([2, 3, 4], [])},
    one_element={**SAME, "shapes": ([1], [2, 3, 4])},
    constant_channel={**SAME, "shapes": ([1, 3, 4, 5], [5]), "constant": True},
    constant_scalar={**SAME, "shapes": ([2, 7], []), "constant": True},
)
ARITHMETIC_INT = [
    *ARITHMETIC,
    *cases(
        saturating={**SAME, "fit": "saturate"},
        coarse={**SAME, "fit": "coarse"},
        lopsided={**SAME, "fit": "lopsided"},
        scales_far_apart={**SAME, "left_scale": 0.5, "right_scale": 0.0004},
        scales_far_apart_other_way={**SAME, "left_scale": 0.0003, "right_scale": 0.7},
        zero_points={**SAME, "left_zero_point": -128, "right_zero_point": 127},
        extremes={**SAME, "spread": "extreme"},
    ),
]
ARITHMETIC_ALL = {"int8": ARITHMETIC_INT, "int16": ARITHMETIC_INT, "float32": ARITHMETIC}

SHAPES = [
    ([2, 3, 4], [2, 3, 4]),
    ([6], [6]),
    ([1, 4, 3, 5], [1, 4, 3, 5]),
    ([1, 4, 3, 5], [5]),
    ([2, 3, 2, 3], [2, 1, 1, 3]),
    ([4, 1], [1, 5]),
    ([2, 1, 3, 2, 2], [1, 2, 3, 1, 2]),
    ([3, 4], []),
    ([], [2, 3]),
]


def operands(d):
    """Two operands, the second a constant in some cases: tensors and real values."""
    left_shape, right_shape = d.pick("shapes", SHAPES)
    x, left, _ = d.feed_quantised(left_shape, "left_")
    if d.pick("constant", [False, False, True]):
        scale, point = d.quant("right_")
        data = d.values(right_shape, zero_point=point)
        return x, d.model.const(data, scale, point), left, real(data, scale, point)
    y, right, _ = d.feed_quantised(right_shape, "right_")
    return x, y, left, right


def arithmetic(d, name, options, compute):
    x, y, left, right = operands(d)
    exact = np.asarray(compute(left, right))
    z = d.result(exact.shape, *d.fit(float(exact.min()), float(exact.max())))
    activation = d.pick("activation", ["NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1"])
    d.op(name, [x, y], [z], options, fusedActivationFunction=ACTIVATION[activation])
    return 1


@operator(ARITHMETIC_ALL)
def add(d):
    return arithmetic(d, "ADD", "AddOptions", np.add)


@operator(ARITHMETIC_ALL)
def sub(d):
    return arithmetic(d, "SUB", "SubOptions", np.subtract)


@operator(ARITHMETIC_ALL)
def mul(d):
    return arithmetic(d, "MUL", "MulOptions", np.multiply)


PLAIN = dict(shapes=([2, 3, 4], [2, 3, 4]), constant=False)
EXTREMUM = cases(
    same_shape=PLAIN,
    channel={**PLAIN, "shapes": ([1, 3, 4, 5], [5])},
    both_ways={**PLAIN, "shapes": ([2, 1, 3, 1], [1, 4, 1, 5])},
    row_and_column={**PLAIN, "shapes": ([3, 1], [1, 4])},
    scalar={**PLAIN, "shapes": ([2, 3, 4], [])},
    rank5={**PLAIN, "shapes": ([2, 1, 3, 2, 2], [1, 2, 3, 1, 2])},
    constant_scalar={**PLAIN, "shapes": ([2, 7], []), "constant": True},
)
EXTREMUM_ALL = {"int8": EXTREMUM, "int16": EXTREMUM[:3], "float32": EXTREMUM}


def extremum(d, name):
    """MAXIMUM and MINIMUM compare the raw integers: all three tensors share one quantisation."""
    left_shape, right_shape = d.pick("shapes", SHAPES)
    scale, point = d.quant()
    x, left = d.feed(left_shape, scale, point)
    if d.pick("constant", [False, False, True]):
        right = d.values(right_shape, zero_point=point)
        y = d.model.const(right, scale, point)
    else:
        y, right = d.feed(right_shape, scale, point)
    z = d.result(np.broadcast_shapes(left.shape, right.shape), scale, point)
    d.op(name, [x, y], [z], "MaximumMinimumOptions")
    return 1


@operator(EXTREMUM_ALL)
def maximum(d):
    return extremum(d, "MAXIMUM")


@operator(EXTREMUM_ALL)
def minimum(d):
    return extremum(d, "MINIMUM")


SQUARED = EXTREMUM[:5]
SQUARED_INT = [
    *SQUARED,
    *cases(
        saturating={**PLAIN, "fit": "saturate"},
        coarse={**PLAIN, "fit": "coarse"},
        scales_far_apart={**PLAIN, "left_scale": 0.5, "right_scale": 0.0004},
        zero_points={**PLAIN, "left_zero_point": -128, "right_zero_point": 127},
        extremes={**PLAIN, "spread": "extreme"},
    ),
]


@operator({"int8": SQUARED_INT, "float32": SQUARED})
def squared_difference(d):
    x, y, left, right = operands(d)
    exact = np.asarray((left - right) ** 2)
    z = d.result(exact.shape, *d.fit(0.0, float(exact.max())))
    d.op("SQUARED_DIFFERENCE", [x, y], [z], "SquaredDifferenceOptions")
    return 1
