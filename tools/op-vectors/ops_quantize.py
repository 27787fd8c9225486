"""QUANTIZE, DEQUANTIZE, and uint8 graph inputs behind a QUANTIZE."""

import numpy as np

from draw import INTEGER_RANGE, real
from registry import cases, operator

SMALL = dict(shape=[2, 3, 9])


def target(d, dtype, values):
    """Output quantisation of `dtype` that holds the values."""
    return d.fit(float(values.min()), float(values.max()), dtype=dtype)


def convert(d, source, destination, name="QUANTIZE"):
    shape = d.shape("shape")
    scale, point = (None, 0) if source == "float32" else (source_scale(d, source), d.zero_point("in_zero_point", source))
    x, data = d.feed(shape, scale, point, dtype=source)
    values = real(data, scale, point)
    if destination == "same scale":
        out_scale, out_point, destination = (
            scale,
            (point - 128 if source == "uint8" else point + 128),
            "int8" if source == "uint8" else "uint8",
        )
    else:
        out_scale, out_point = target(d, destination, values)
    d.op(name, [x], [d.result(shape, out_scale, out_point, destination)])
    return 1


def source_scale(d, source):
    d.used.add("in_scale")
    if "in_scale" in d.pinned:
        return np.float32(d.pinned["in_scale"])
    return np.float32(10 ** (d.rng.uniform(-2.5, -0.5) - (2.4 if source == "int16" else 0)))


PAIRS = [
    ("int8", "int8"),
    ("int8", "uint8"),
    ("uint8", "int8"),
    ("int8", "int16"),
    ("int16", "int8"),
    ("int16", "int16"),
    ("int8", "int32"),
    ("int16", "int32"),
]
TO_INT = cases(
    fit={**SMALL, "fit": "fit"},
    rank4={"shape": [1, 4, 3, 5], "fit": "fit"},
    saturating={**SMALL, "fit": "saturate"},
    coarse={**SMALL, "fit": "coarse"},
    lopsided={**SMALL, "fit": "lopsided"},
)


def from_float(destination):
    return [(f"to_{destination}_{name}", {**pinned, "to": destination}) for name, pinned in TO_INT]


def requantised():
    for source, destination in PAIRS:
        for fit in ("fit", "saturate", "coarse", "lopsided"):
            yield f"{source}_to_{destination}_{fit}", {**SMALL, "pair": (source, destination), "fit": fit}
    yield "uint8_to_int8_same_scale", {**SMALL, "pair": ("uint8", "same scale")}
    yield "int8_to_uint8_same_scale", {**SMALL, "pair": ("int8", "same scale"), "in_zero_point": -3}
    yield "int8_scale_up", {**SMALL, "pair": ("int8", "int8"), "in_scale": 3.0, "spread": "near", "fit": "fit"}
    yield "int8_every_value", {"shape": [256], "pair": ("int8", "int8"), "spread": "every", "fit": "lopsided"}
    yield "int8_extremes", {**SMALL, "pair": ("int8", "int8"), "spread": "extreme"}


@operator({"float32": from_float("int8") + from_float("int16") + from_float("uint8"), "int8": list(requantised())})
def quantize(d):
    if d.dtype == "float32":
        destination = d.pick("to", ["int8", "int16", "uint8"])
        return convert(d, "float32", destination)
    source, destination = d.pick("pair", PAIRS)
    if destination == "int32":
        return to_int32(d, source)
    return convert(d, source, destination)


def to_int32(d, source):
    scale, point = source_scale(d, source), d.zero_point("in_zero_point", source)
    x, data = d.feed(d.shape("shape"), scale, point, dtype=source)
    mode = d.pick("fit", ["fit", "saturate", "coarse", "lopsided"])
    factor = {"fit": 1 / 300, "saturate": 1e-7, "coarse": 7.0, "lopsided": 1 / 3}[mode]
    d.op("QUANTIZE", [x], [d.result(data.shape, np.float32(scale * factor), 0, "int32")])
    return 1


DEQUANTISED = cases(
    rank1={"shape": [40]},
    rank4={"shape": [1, 3, 4, 5]},
    zero_point_low={"shape": [2, 3, 9], "in_zero_point": -128},
    zero_point_high={"shape": [2, 3, 9], "in_zero_point": 127},
    extremes={"shape": [2, 3, 9], "spread": "extreme"},
    every_value={"shape": [256], "spread": "every"},
)


@operator({"int8": DEQUANTISED, "int16": DEQUANTISED[:2], "uint8": DEQUANTISED[:3:2]})
def dequantize(d):
    shape = d.shape("shape")
    low, high = INTEGER_RANGE[d.dtype]
    point = int(np.clip(d.zero_point("in_zero_point"), low, high))
    x, _ = d.feed(shape, source_scale(d, d.dtype), point)
    d.op("DEQUANTIZE", [x], [d.result(shape, dtype="float32")], "DequantizeOptions")
    return 1


@operator({"uint8": cases(mean_subtracted={"shape": [1, 4, 4, 3]}, rank2={"shape": [3, 8]}, rescaled={"shape": [2, 9]})})
def uint8_input(d):
    """A uint8 graph input, QUANTIZE to int8, RELU, and back to uint8: what an exporter puts at a network's borders."""
    shape = d.shape("shape")
    scale, point = source_scale(d, "uint8"), d.zero_point("in_zero_point", "uint8")
    x, data = d.feed(shape, scale, point, dtype="uint8")
    values = real(data, scale, point)
    inner = d.fit(float(values.min()), float(values.max()), "inner_fit", "int8")
    a = d.model.tensor(shape, "int8", *inner)
    b = d.model.tensor(shape, "int8", *inner)
    d.op("QUANTIZE", [x], [a])
    d.op("RELU", [a], [b])
    d.op("QUANTIZE", [b], [d.result(shape, *d.fit(0.0, float(values.max()), dtype="uint8"), "uint8")])
    return 1
