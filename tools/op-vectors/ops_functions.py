"""Functions that TFLM has for float32 and TensorFlow partly as tables of int8, and DIV and CAST."""

import numpy as np

from draw import real
from ops_unary import FITS, FLOAT_SHAPES, SCALES, unary
from registry import cases, operator
from tflite_model import ACTIVATION

EVERY = cases(rank1={"shape": [40]}, rank4={"shape": [1, 3, 4, 5]})
TABLE = [*EVERY, *FITS, *SCALES]


@operator({"int8": TABLE, "float32": FLOAT_SHAPES})
def elu(d):
    return unary(d, "ELU", None, lambda v: np.where(v < 0, np.expm1(v), v))


@operator({"int8": TABLE, "float32": FLOAT_SHAPES})
def exp(d):
    return unary(d, "EXP", "ExpOptions", lambda v: np.exp(np.minimum(v, 20)))


@operator({"int8": [*EVERY, *cases(coarse={"shape": [40], "fit": "coarse"})], "float32": FLOAT_SHAPES})
def log(d):
    return unary(d, "LOG", None, np.log, positive=True)


KINDS = [(f"{name}_{kind}", {**pinned, "approximate": kind == "tanh"}) for kind in ("exact", "tanh") for name, pinned in TABLE]


@operator({"int8": KINDS, "float32": [case for case in KINDS if "rank" in case[0]]})
def gelu(d):
    approximate = d.pick("approximate", [False, True])
    x, values, _ = d.feed_quantised(d.shape("shape"), "in_")
    exact = values * 0.5 * (1 + np.tanh(0.79788456 * (values + 0.044715 * values**3)))
    y = d.result(values.shape, *d.fit(float(exact.min()), float(exact.max())))
    d.op("GELU", [x], [y], "GeluOptions", approximate=approximate)
    return 1


@operator({"float32": FLOAT_SHAPES})
def sin(d):
    return unary(d, "SIN", None, np.sin)


@operator({"float32": FLOAT_SHAPES})
def cos(d):
    return unary(d, "COS", "CosOptions", np.cos)


@operator({"float32": FLOAT_SHAPES})
def floor(d):
    return unary(d, "FLOOR", None, np.floor)


@operator({"float32": FLOAT_SHAPES})
def ceil(d):
    return unary(d, "CEIL", None, np.ceil)


@operator({"float32": [*FLOAT_SHAPES, *cases(halves={"shape": [24], "halves": True})]})
def round(d):
    """To nearest, halves to even."""
    shape = d.shape("shape")
    halves = np.arange(-12, 12, dtype=np.float32) + np.float32(0.5) if d.pick("halves", [False]) else None
    x, _ = d.feed(shape, data=halves)
    d.op("ROUND", [x], [d.result(shape)])
    return 1


QUOTIENTS = cases(
    same_shape={"shapes": ([4, 12], [4, 12]), "activation": "NONE"},
    channel={"shapes": ([1, 3, 4, 5], [5]), "activation": "NONE"},
    both_ways={"shapes": ([2, 1, 3, 1], [1, 4, 1, 5]), "activation": "NONE"},
    scalar={"shapes": ([2, 3, 4], []), "activation": "NONE"},
    relu={"shapes": ([4, 12], [4, 12]), "activation": "RELU"},
)


FITTING = [(name, {**pinned, "fit": "fit"}) for name, pinned in QUOTIENTS]


@operator({"int8": FITTING, "float32": QUOTIENTS, "int32": QUOTIENTS[:4]})
def div(d):
    """No divisor is zero. Quantised quotients are large: TFLM shifts small ones by 32 bits or more, which is undefined."""
    left_shape, right_shape = d.pick("shapes", [pinned["shapes"] for _, pinned in QUOTIENTS])
    (left_scale, left_point), (right_scale, right_point) = d.quant("left_"), d.quant("right_")
    left, right = d.values(left_shape, zero_point=left_point), d.values(right_shape, zero_point=right_point)
    if d.quantised:
        left = np.where(np.abs(left.astype(int) - left_point) < 64, left_point + (64 if left_point < 0 else -64), left)
        right = np.clip(right.astype(int), max(-128, right_point - 60), min(127, right_point + 60))
    right = np.where(right == right_point, right_point + (1 if right_point < 100 else -1), right)
    left, right = left.astype(d.dtype), right.astype(d.dtype)
    x, _ = d.feed(left_shape, left_scale, left_point, data=left)
    y, _ = d.feed(right_shape, right_scale, right_point, data=right)
    exact = np.asarray(real(left, left_scale, left_point) / real(right, right_scale, right_point))
    z = d.result(exact.shape, *d.fit(float(exact.min()), float(exact.max())))
    activation = d.pick("activation", ["NONE", "RELU"])
    d.op("DIV", [x, y], [z], "DivOptions", fusedActivationFunction=ACTIVATION[activation])
    return 1


TYPES = ["int8", "uint8", "int16", "int32", "int64", "float32", "bool"]
CASTS = {source: [(f"to_{target}", {"to": target}) for target in TYPES if target != source] for source in TYPES}


@operator(CASTS)
def cast(d):
    """Values that fit both types: what does not fit is undefined in both engines."""
    target = d.pick("to", TYPES)
    if "bool" in (d.dtype, target):
        data = d.rng.integers(0, 2, 20)
    else:
        data = d.rng.integers(0 if "uint8" in (d.dtype, target) else -100, 100, 20)
    data = data.astype(d.dtype) + (0.75 if d.dtype == "float32" and target != "bool" else 0)
    x, _ = d.feed([4, 5], data=data)
    d.op("CAST", [x], [d.result([4, 5], dtype=target)], "CastOptions")
    return 1
