"""Operators that cut and join: CONCATENATION, SPLIT, SPLIT_V, PACK, UNPACK, SLICE, STRIDED_SLICE, GATHER."""

import numpy as np

from ops_shape import by_type, moved
from registry import cases, operator
from tflite_model import ACTIVATION

JOIN = {"same": True}
JOINS = cases(
    channels={**JOIN, "shape": [1, 3, 4, 2], "sizes": [2, 3], "axis": 3},
    negative_axis={**JOIN, "shape": [1, 3, 4, 2], "sizes": [2, 1, 4], "axis": -1},
    rows={**JOIN, "shape": [2, 3, 4], "sizes": [3, 1], "axis": 1},
    batch={**JOIN, "shape": [2, 3], "sizes": [2, 1, 1], "axis": 0},
    rank1={**JOIN, "shape": [4], "sizes": [4, 2], "axis": 0},
    with_constant={**JOIN, "shape": [1, 2, 3, 2], "sizes": [2, 3], "axis": 3, "constant": True},
    rank5={**JOIN, "shape": [1, 2, 1, 3, 2], "sizes": [2, 1], "axis": 2},
    alone={**JOIN, "shape": [2, 3], "sizes": [3], "axis": 1},
)
JOINS_INT8 = [
    *JOINS,
    *cases(
        rescaled={"shape": [1, 3, 4, 2], "sizes": [2, 3], "axis": 3, "same": False},
        rescaled_three={"shape": [2, 6], "sizes": [3, 2, 4], "axis": 1, "same": False},
        rescaled_first_axis={"shape": [2, 6], "sizes": [3, 2], "axis": 0, "same": False},
    ),
]


@operator({**by_type(JOINS), "int8": JOINS_INT8})
def concatenation(d):
    """Neither engine joins int8 operands that differ from the output in quantisation: exporters put QUANTIZE in between."""
    shape = d.shape("shape", most=60)
    axis = d.whole("axis", -len(shape), len(shape) - 1)
    sizes = d.pick("sizes", [[int(n) for n in d.rng.integers(1, 4, d.rng.integers(2, 5))]])
    same = d.pick("same", [True, True, True, False]) or d.dtype != "int8"
    scale, point = d.quant()
    constant = d.pick("constant", [False])
    operands = []
    for index, size in enumerate(sizes):
        part = [size if i == axis % len(shape) else n for i, n in enumerate(shape)]
        if index == 1 and constant:
            operands.append(d.model.const(d.values(part), scale, point))
        elif same or index == 0:
            operands.append(d.feed(part, scale, point)[0])
        else:
            operands.append(d.model.tensor(part, d.dtype, scale, point))
            d.op("QUANTIZE", [d.feed_quantised(part, f"{index}_")[0]], [operands[-1]])
    out_shape = [sum(sizes) if i == axis % len(shape) else n for i, n in enumerate(shape)]
    y = d.result(out_shape, scale, point)
    d.op("CONCATENATION", operands, [y], "ConcatenationOptions", axis=axis, fusedActivationFunction=ACTIVATION["NONE"])
    return 1


SPLITS = cases(
    channels={"shape": [1, 2, 3, 4], "axis": 3, "parts": 2},
    negative_axis={"shape": [2, 3, 6], "axis": -1, "parts": 3},
    rows={"shape": [2, 4, 3], "axis": 1, "parts": 4},
    first={"shape": [4, 3], "axis": 0, "parts": 2},
    one_part={"shape": [2, 3], "axis": 1, "parts": 1},
)


@operator(by_type(SPLITS))
def split(d):
    parts = d.pick("parts", [1, 2, 3])
    shape = d.shape("shape", most=60)
    axis = d.whole("axis", -len(shape), len(shape) - 1)
    if "shape" not in d.pinned:
        shape[axis] *= parts
    scale, point = d.quant()
    x, _ = d.feed(shape, scale, point)
    part = [n // parts if i == axis % len(shape) else n for i, n in enumerate(shape)]
    d.op("SPLIT", [d.model.const(np.asarray(axis, np.int32)), x], [d.result(part, scale, point) for _ in range(parts)],
         "SplitOptions", numSplits=parts)  # fmt: skip
    return parts


SPLITS_V = cases(
    channels={"shape": [1, 2, 3, 6], "axis": 3, "sizes": [1, 3, 2]},
    negative_axis={"shape": [2, 5], "axis": -1, "sizes": [2, 3]},
    rest={"shape": [2, 7, 2], "axis": 1, "sizes": [2, -1, 1]},
    first={"shape": [5, 3], "axis": 0, "sizes": [4, 1]},
)


@operator(by_type(SPLITS_V))
def split_v(d):
    sizes = d.pick("sizes", [[int(n) for n in d.rng.integers(1, 4, d.rng.integers(1, 4))]])
    shape = d.shape("shape", most=60)
    axis = d.whole("axis", -len(shape), len(shape) - 1)
    if "shape" not in d.pinned:
        shape[axis] = sum(sizes)
    scale, point = d.quant()
    x, _ = d.feed(shape, scale, point)
    rest = shape[axis] - sum(n for n in sizes if n >= 0)
    results = [
        d.result([(n if n >= 0 else rest) if i == axis % len(shape) else full for i, full in enumerate(shape)], scale, point)
        for n in sizes
    ]
    d.op("SPLIT_V", [x, d.model.const(np.asarray(sizes, np.int32)), d.model.const(np.asarray(axis, np.int32))], results,
         "SplitVOptions", numSplits=len(sizes))  # fmt: skip
    return len(sizes)


PACKS = cases(
    front={"shape": [2, 3], "axis": 0, "count": 3},
    middle={"shape": [2, 3, 2], "axis": 1, "count": 2},
    end={"shape": [2, 3], "axis": -1, "count": 2},
    scalars={"shape": [], "axis": 0, "count": 4},
    one={"shape": [3], "axis": 0, "count": 1},
)


@operator(by_type(PACKS))
def pack(d):
    shape, count = d.shape("shape", most=60), d.pick("count", [1, 2, 3])
    axis = d.whole("axis", -len(shape) - 1, len(shape))
    scale, point = d.quant()
    operands = [d.feed(shape, scale, point)[0] for _ in range(count)]
    at = axis % (len(shape) + 1)
    y = d.result([*shape[:at], count, *shape[at:]], scale, point)
    d.op("PACK", operands, [y], "PackOptions", valuesCount=count, axis=axis)
    return 1


@operator(
    by_type(
        cases(
            front={"shape": [3, 2, 2], "axis": 0},
            middle={"shape": [2, 3, 2], "axis": 1},
            end={"shape": [2, 3], "axis": -1},
            to_scalars={"shape": [4], "axis": 0},
        )
    )
)
def unpack(d):
    shape = d.shape("shape", most=60, largest=4)
    axis = d.whole("axis", -len(shape), len(shape) - 1)
    scale, point = d.quant()
    x, _ = d.feed(shape, scale, point)
    at = axis % len(shape)
    results = [d.result([*shape[:at], *shape[at + 1 :]], scale, point) for _ in range(shape[at])]
    d.op("UNPACK", [x], results, "UnpackOptions", num=shape[at], axis=axis)
    return shape[at]


SLICES = cases(
    image={"shape": [1, 4, 5, 3], "begin": [0, 1, 2, 0], "size": [1, 2, 3, 3]},
    to_the_end={"shape": [2, 5, 3], "begin": [1, 2, 0], "size": [-1, -1, 2]},
    rank1={"shape": [9], "begin": [3], "size": [4]},
    rank2={"shape": [3, 4], "begin": [1, 0], "size": [2, 1]},
    rank5={"shape": [2, 1, 3, 2, 3], "begin": [1, 0, 1, 0, 2], "size": [1, 1, 2, 2, 1]},
    everything={"shape": [2, 3], "begin": [0, 0], "size": [-1, -1]},
)


@operator(by_type(SLICES))
def slice(d):
    shape = d.shape("shape")
    begin = list(d.pick("begin", [[int(d.rng.integers(0, n)) for n in shape]]))
    size = list(d.pick("size", [[int(d.rng.integers(1, n - b + 1)) for n, b in zip(shape, begin)], [-1] * len(shape)]))
    x, y, _ = moved(d, shape, [n - b if s < 0 else s for n, b, s in zip(shape, begin, size)])
    d.op("SLICE", [x, d.model.const(np.asarray(begin, np.int32)), d.model.const(np.asarray(size, np.int32))], [y], "SliceOptions")
    return 1


CUT = dict(begin_mask=0, end_mask=0, shrink_mask=0)
STRIDED = cases(
    image={**CUT, "shape": [1, 4, 5, 3], "begin": [0, 1, 1, 0], "end": [1, 4, 5, 3], "strides": [1, 1, 2, 1]},
    masks={**CUT, "shape": [2, 5, 3], "begin": [1, 2, 1], "end": [1, 4, 2], "strides": [1, 1, 1], "begin_mask": 5, "end_mask": 5},
    negative_stride={**CUT, "shape": [3, 6], "begin": [-1, 4], "end": [-4, 0], "strides": [-1, -2]},
    reversed={**CUT, "shape": [7], "begin": [0], "end": [0], "strides": [-1], "begin_mask": 1, "end_mask": 1},
    negative_ends={**CUT, "shape": [4, 6], "begin": [-3, -5], "end": [-1, -1], "strides": [1, 3]},
    shrink={**CUT, "shape": [3, 4, 2], "begin": [0, 2, 0], "end": [3, 3, 2], "strides": [1, 1, 1], "shrink_mask": 2},
    shrink_negative={**CUT, "shape": [3, 4], "begin": [-1, 0], "end": [0, 4], "strides": [1, 1], "shrink_mask": 1},
    shrink_all={**CUT, "shape": [3, 4], "begin": [1, 2], "end": [2, 3], "strides": [1, 1], "shrink_mask": 3},
    beyond_the_end={**CUT, "shape": [4, 3], "begin": [1, -9], "end": [99, 99], "strides": [2, 1]},
    rank5={**CUT, "shape": [1, 2, 3, 4, 2], "begin": [0, 0, 1, 0, 0], "end": [1, 2, 3, 4, 2], "strides": [1, 1, 1, 2, 1]},
)


def strided_pieces(d, shape):
    """numpy slices as TFLite's begin, end, strides and masks mean them."""
    begin = list(d.pick("begin", [[int(d.rng.integers(-n, n)) for n in shape]]))
    strides = list(d.pick("strides", [[int(d.rng.choice([1, 1, 2, 3, -1, -2])) for _ in shape]]))
    ends = [(b % n) + int(np.sign(s)) * int(d.rng.integers(1, n + 1)) for n, b, s in zip(shape, begin, strides)]
    # A negative end counts from the end of the axis, so an end before element 0 is said as -(n + 1).
    end = list(d.pick("end", [[e if e >= 0 else -n - 1 for e, n in zip(ends, shape)]]))
    masks = [d.pick(f"{which}_mask", [0, 0, int(d.rng.integers(1 << len(shape)))]) for which in ("begin", "end")]
    shrink = d.pick("shrink_mask", [0, 0, int(d.rng.integers(1 << len(shape)))])
    for axis in range(len(shape)):
        if shrink >> axis & 1 and "begin" not in d.pinned:
            strides[axis], end[axis] = 1, begin[axis] % shape[axis] + 1
    pieces = []
    for axis, (b, e, s) in enumerate(zip(begin, end, strides)):
        if shrink >> axis & 1:
            pieces.append(b)
            continue
        start, stop = None if masks[0] >> axis & 1 else b, None if masks[1] >> axis & 1 else e
        pieces.append(np.s_[start:stop:s])
    return begin, end, strides, masks, shrink, tuple(pieces)


@operator(by_type(STRIDED))
def strided_slice(d):
    shape = d.shape("shape")
    begin, end, strides, masks, shrink, pieces = strided_pieces(d, shape)
    out_shape = np.zeros(shape, np.int8)[pieces].shape
    while 0 in out_shape:  # an empty cut is no operator of a network
        begin, end, strides, masks, shrink, pieces = strided_pieces(d, shape)
        out_shape = np.zeros(shape, np.int8)[pieces].shape
    x, y, _ = moved(d, shape, out_shape)
    d.op("STRIDED_SLICE", [x, *(d.model.const(np.asarray(v, np.int32)) for v in (begin, end, strides))], [y],
         "StridedSliceOptions", beginMask=masks[0], endMask=masks[1], shrinkAxisMask=shrink)  # fmt: skip
    return 1


GATHERS = cases(
    rows={"shape": [4, 3], "axis": 0, "indices": [2, 0, 3, 3]},
    channels={"shape": [1, 2, 3, 4], "axis": 3, "indices": [3, 1]},
    negative_axis={"shape": [2, 3, 4], "axis": -2, "indices": [1, 1, 0, 2]},
    matrix_of_indices={"shape": [5, 2], "axis": 0, "indices": [[0, 4], [2, 2], [1, 3]]},
    one_index={"shape": [3, 4], "axis": 1, "indices": 2},
    indices_as_input={"shape": [6, 2], "axis": 0, "indices": [5, 0, 2], "indices_input": True},
    indices_behind_odd_input={"shape": [3, 2, 3, 1], "axis": 1, "indices": [[1]], "indices_input": True},
    batched={"shape": [2, 4, 3], "axis": 1, "indices": [[1, 3], [0, 0]], "batch_dims": 1},
)


@operator(by_type(GATHERS))
def gather(d):
    shape = d.shape("shape", most=60)
    axis = d.whole("axis", -len(shape), len(shape) - 1)
    at = axis % len(shape)
    drawn = d.rng.integers(0, shape[at], d.rng.integers(1, 5, d.rng.integers(0, 3)))
    indices = np.asarray(d.pick("indices", [drawn]), np.int32)
    batch_dims = d.pick("batch_dims", [0])
    x, y, _ = moved(d, shape, [*shape[:at], *indices.shape[batch_dims:], *shape[at + 1 :]])
    if d.pick("indices_input", [False, False, True]):
        i, _ = d.feed(indices.shape, dtype="int32", data=indices)
    else:
        i = d.model.const(indices)
    d.op("GATHER", [x, i], [y], "GatherOptions", axis=axis, batchDims=batch_dims)
    return 1
