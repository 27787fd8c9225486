"""Operators that move data: PAD, PADV2, RESHAPE, SQUEEZE, EXPAND_DIMS, TRANSPOSE."""

import numpy as np

from registry import cases, operator

MOVED = ("int8", "int16", "float32", "int32")


def moved(d, shape, out_shape):
    """Graph input and output of one type and one quantisation."""
    scale, point = d.quant()
    x, data = d.feed(shape, scale, point)
    return x, d.result(out_shape, scale, point), data


def by_type(listed, short=3, types=("int8", "float32")):
    """All cases for int8 and float32; the first few for the other types that the operator takes."""
    return {dtype: listed if dtype in types else listed[:short] for dtype in MOVED}


PADS = cases(
    image={"shape": [1, 3, 4, 2], "pads": [[0, 0], [1, 1], [1, 2], [0, 0]]},
    image_one_side={"shape": [1, 3, 4, 2], "pads": [[0, 0], [0, 1], [0, 1], [0, 0]]},
    every_axis={"shape": [2, 2, 3, 2], "pads": [[1, 0], [0, 2], [3, 1], [2, 2]]},
    rank1={"shape": [5], "pads": [[2, 3]]},
    rank2={"shape": [2, 3], "pads": [[0, 1], [4, 0]]},
    rank3={"shape": [2, 3, 2], "pads": [[1, 1], [0, 0], [0, 3]]},
    rank5={"shape": [1, 2, 2, 3, 1], "pads": [[0, 0], [1, 0], [0, 1], [1, 1], [2, 0]]},
    nothing={"shape": [2, 3], "pads": [[0, 0], [0, 0]]},
    zero_point_high={"shape": [1, 3, 3, 1], "pads": [[0, 0], [1, 1], [1, 1], [0, 0]], "zero_point": 127},
    int64_pads={"shape": [1, 3, 4, 2], "pads": [[0, 0], [1, 1], [1, 2], [0, 0]], "pads_type": "int64"},
)


def padding(d, name, value):
    shape = d.shape("shape", most=60)
    pads = np.asarray(d.pick("pads", [d.rng.integers(0, 3, (len(shape), 2))]), d.pick("pads_type", ["int32"]))
    d.used.add("zero_point")
    scale, point = d.quant()
    x, _ = d.feed(shape, scale, point)
    y = d.result(np.asarray(shape) + pads.sum(axis=1), scale, point)
    extra = [] if value is None else [d.model.const(np.asarray(value(d, point), d.dtype), scale, point)]
    d.op(name, [x, d.model.const(pads), *extra], [y], "PadOptions" if value is None else "PadV2Options")
    return 1


@operator({**by_type(PADS[:8]), "int8": PADS})
def pad(d):
    return padding(d, "PAD", None)


def pad_value(d, point):
    return {"int8": 77, "int16": -12345, "float32": -1.75, "int32": 9}[d.dtype]


@operator(by_type(PADS[:8]))
def padv2(d):
    return padding(d, "PADV2", pad_value)


RESHAPES = cases(
    flatten={"shape": [2, 3, 4], "to": [2, 12]},
    guessed_dimension={"shape": [1, 3, 4, 2], "to": [-1, 8]},
    shape_in_options={"shape": [2, 6], "to": [3, 4], "how": "options"},
    to_rank5={"shape": [24], "to": [1, 2, 3, 1, 4]},
    to_scalar={"shape": [1, 1], "to": []},
    from_scalar={"shape": [], "to": [1]},
)


@operator(by_type(RESHAPES))
def reshape(d):
    shape = d.shape("shape")
    to = list(d.pick("to", [list(d.rng.permutation(shape)), [int(np.prod(shape))], [1, *shape], [-1]]))
    how = d.pick("how", ["tensor", "tensor", "options"])
    known = int(np.prod([n for n in to if n != -1]))
    x, y, _ = moved(d, shape, [int(np.prod(shape)) // known if n == -1 else n for n in to])
    if how == "tensor":
        d.op("RESHAPE", [x, d.model.const(np.asarray(to, np.int32))], [y], "ReshapeOptions", newShape=[int(n) for n in to])
    else:
        d.op("RESHAPE", [x], [y], "ReshapeOptions", newShape=[int(n) for n in to])
    return 1


@operator(
    by_type(
        cases(
            all={"shape": [1, 3, 1, 4, 1], "axes": []},
            some={"shape": [1, 3, 1, 4], "axes": [2]},
            negative={"shape": [2, 3, 1], "axes": [-1]},
            to_scalar={"shape": [1, 1], "axes": []},
        )
    )
)
def squeeze(d):
    shape = list(d.pick("shape", [[1, *d.shape("inner", 3), 1], [*d.shape("inner", 2), 1, 1]]))
    axes = d.pick("axes", [[], [len(shape) - 1], [-1]])
    gone = {a % len(shape) for a in axes} or {i for i, n in enumerate(shape) if n == 1}
    x, y, _ = moved(d, shape, [n for i, n in enumerate(shape) if i not in gone])
    d.op("SQUEEZE", [x], [y], "SqueezeOptions", squeezeDims=axes)
    return 1


@operator(
    by_type(
        cases(
            front={"shape": [2, 3], "axis": 0},
            middle={"shape": [2, 3, 4], "axis": 2},
            end={"shape": [2, 3], "axis": -1},
            scalar={"shape": [], "axis": 0},
        )
    )
)
def expand_dims(d):
    shape = d.shape("shape")
    axis = d.whole("axis", -len(shape) - 1, len(shape))
    at = axis if axis >= 0 else axis + len(shape) + 1
    x, y, _ = moved(d, shape, [*shape[:at], 1, *shape[at:]])
    d.op("EXPAND_DIMS", [x, d.model.const(np.asarray([axis], np.int32))], [y], "ExpandDimsOptions")
    return 1


TRANSPOSES = cases(
    matrix={"shape": [3, 5], "order": [1, 0]},
    nhwc_to_nchw={"shape": [1, 3, 4, 5], "order": [0, 3, 1, 2]},
    rank3={"shape": [2, 3, 4], "order": [2, 0, 1]},
    nchw_to_nhwc={"shape": [2, 5, 3, 4], "order": [0, 2, 3, 1]},
    reversed={"shape": [2, 3, 4, 5], "order": [3, 2, 1, 0]},
    identity={"shape": [2, 3, 4], "order": [0, 1, 2]},
    ones={"shape": [1, 4, 1, 3], "order": [2, 3, 0, 1]},
    rank5={"shape": [2, 3, 2, 2, 3], "order": [4, 1, 3, 0, 2]},
    rank6={"shape": [2, 1, 3, 2, 2, 3], "order": [5, 3, 1, 0, 4, 2]},
    channel_shuffle={"shape": [1, 2, 2, 3, 2], "order": [0, 1, 2, 4, 3]},
    rank1={"shape": [6], "order": [0]},
)


@operator(by_type(TRANSPOSES))
def transpose(d):
    shape = d.shape("shape")
    order = [int(a) for a in d.pick("order", [d.rng.permutation(len(shape))])]
    x, y, _ = moved(d, shape, [shape[a] for a in order])
    d.op("TRANSPOSE", [x, d.model.const(np.asarray(order, np.int32))], [y], "TransposeOptions")
    return 1
