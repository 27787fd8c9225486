"""TILE, BROADCAST_TO, FILL, ZEROS_LIKE, REVERSE_V2, MIRROR_PAD, and space, depth and batch turned into each other."""

import numpy as np

from ops_shape import moved
from registry import cases, operator

TILES = cases(
    columns={"shape": [2, 3], "times": [1, 3]},
    rows={"shape": [2, 3], "times": [2, 1]},
    image={"shape": [1, 2, 3, 2], "times": [1, 2, 2, 1]},
    every_axis={"shape": [2, 1, 3], "times": [2, 3, 2]},
    once={"shape": [2, 3], "times": [1, 1]},
    rank1={"shape": [4], "times": [5]},
)


@operator({"int8": TILES, "int16": TILES[:3], "float32": TILES, "int32": TILES[:3]})
def tile(d):
    shape = d.shape("shape", most=60)
    times = d.pick("times", [[int(n) for n in d.rng.integers(1, 4, len(shape))]])
    # Neither engine ties the quantisations together; exporters give both the same.
    x, y, _ = moved(d, shape, [n * t for n, t in zip(shape, times)])
    d.op("TILE", [x, d.model.const(np.asarray(times, np.int32))], [y], "TileOptions")
    return 1


BROADCASTS = cases(
    new_axis={"shape": [3], "to": [2, 3]},
    stretched={"shape": [2, 1, 3], "to": [2, 4, 3]},
    image={"shape": [1, 1, 1, 3], "to": [1, 2, 4, 3]},
    both={"shape": [2, 1], "to": [3, 2, 4]},
    same={"shape": [2, 3], "to": [2, 3]},
    one={"shape": [1], "to": [2, 2, 2]},
)


@operator({"int8": BROADCASTS, "int16": BROADCASTS[:3], "float32": BROADCASTS, "int32": BROADCASTS[:3]})
def broadcast_to(d):
    shape = d.shape("shape", most=60)
    stretched = [n if n > 1 else int(d.rng.integers(1, 4)) for n in shape]
    to = d.pick("to", [stretched, [2, *stretched] if len(shape) < 4 else stretched])
    x, y, _ = moved(d, shape, to)
    d.op("BROADCAST_TO", [x, d.model.const(np.asarray(to, np.int32))], [y], "BroadcastToOptions")
    return 1


REVERSES = cases(
    last={"shape": [2, 5], "axes": [1]},
    first={"shape": [3, 4], "axes": [0]},
    middle={"shape": [2, 4, 3], "axes": [1]},
    image_rows={"shape": [1, 3, 4, 2], "axes": [1]},
    rank1={"shape": [7], "axes": [0]},
)


@operator({"float32": REVERSES, "int16": REVERSES[:3], "int32": REVERSES[:3]})
def reverse_v2(d):
    shape = d.shape("shape")
    axes = d.pick("axes", [[int(d.rng.integers(len(shape)))]])
    x, y, _ = moved(d, shape, shape)
    d.op("REVERSE_V2", [x, d.model.const(np.asarray(axes, np.int32))], [y], "ReverseV2Options")
    return 1


MIRRORS = cases(
    reflect={"shape": [1, 3, 4, 2], "pads": [[0, 0], [1, 2], [3, 1], [0, 0]], "mode": 0},
    symmetric={"shape": [1, 3, 4, 2], "pads": [[0, 0], [1, 3], [4, 1], [0, 0]], "mode": 1},
    reflect_one_side={"shape": [1, 3, 4, 2], "pads": [[0, 0], [0, 1], [2, 0], [0, 0]], "mode": 0},
    reflect_rank1={"shape": [5], "pads": [[4, 4]], "mode": 0},
    symmetric_every_axis={"shape": [2, 3, 2], "pads": [[2, 1], [0, 3], [1, 2]], "mode": 1},
    nothing={"shape": [2, 3], "pads": [[0, 0], [0, 0]], "mode": 0},
)


@operator({"int8": MIRRORS, "float32": MIRRORS, "int32": MIRRORS[:3]})
def mirror_pad(d):
    shape = d.shape("shape", most=60)
    mode = d.pick("mode", [0, 1])
    pads = np.asarray(d.pick("pads", [[[int(d.rng.integers(0, n + mode)) for _ in range(2)] for n in shape]]), np.int32)
    x, y, _ = moved(d, shape, np.asarray(shape) + pads.sum(axis=1))
    d.op("MIRROR_PAD", [x, d.model.const(pads)], [y], "MirrorPadOptions", mode=mode)
    return 1


DEEP = cases(
    block2={"shape": [1, 2, 3, 8], "block": 2},
    block3={"shape": [1, 2, 2, 18], "block": 3},
    batch2={"shape": [2, 3, 1, 4], "block": 2},
    block1={"shape": [1, 2, 3, 2], "block": 1},
)


@operator({"int8": DEEP, "float32": DEEP})
def depth_to_space(d):
    block = d.pick("block", [1, 2, 2, 3])
    shape = d.shape("shape", rank=4, most=30)
    if "shape" not in d.pinned:
        shape[3] *= block * block
    n, h, w, c = shape
    x, y, _ = moved(d, shape, [n, h * block, w * block, c // block**2])
    d.op("DEPTH_TO_SPACE", [x], [y], "DepthToSpaceOptions", blockSize=block)
    return 1


WIDE = cases(
    block2={"shape": [1, 4, 6, 2], "block": 2},
    block3={"shape": [1, 6, 3, 2], "block": 3},
    batch2={"shape": [2, 2, 4, 3], "block": 2},
    block1={"shape": [1, 2, 3, 2], "block": 1},
)


@operator({"int8": WIDE, "float32": WIDE})
def space_to_depth(d):
    block = d.pick("block", [1, 2, 2, 3])
    shape = d.shape("shape", rank=4, most=30)
    if "shape" not in d.pinned:
        shape[1:3] = [n * block for n in shape[1:3]]
    n, h, w, c = shape
    x, y, _ = moved(d, shape, [n, h // block, w // block, c * block**2])
    d.op("SPACE_TO_DEPTH", [x], [y], "SpaceToDepthOptions", blockSize=block)
    return 1


TO_BATCH = cases(
    block2={"shape": [1, 4, 6, 2], "block": [2, 2], "pads": [[0, 0], [0, 0]]},
    padded={"shape": [1, 3, 4, 2], "block": [2, 3], "pads": [[0, 1], [1, 1]]},
    dilation4={"shape": [1, 5, 6, 3], "block": [4, 4], "pads": [[2, 1], [1, 1]]},
    batch2={"shape": [2, 2, 3, 1], "block": [2, 1], "pads": [[1, 1], [0, 0]]},
    rank3={"shape": [1, 5, 3], "block": [3], "pads": [[1, 0]]},
    zero_point_high={"shape": [1, 3, 3, 1], "block": [2, 2], "pads": [[0, 1], [1, 0]], "zero_point": 127},
)


def blocks(d, shape):
    spatial = len(shape) - 2
    return d.pick("block", [[int(n) for n in d.rng.integers(1, 4, spatial)]])


@operator({"int8": TO_BATCH, "float32": TO_BATCH[:5]})
def space_to_batch_nd(d):
    """TFLM pads with the integer 0 whatever the zero point: a mistake, since a convolution follows that takes it for a value."""
    d.prefer = "tensorflow"
    shape = d.shape("shape", rank=int(d.rng.integers(3, 5)), most=60)
    block = blocks(d, shape)
    drawn = [[before, -(n + before) % b] for n, b in zip(shape[1:-1], block) for before in [int(d.rng.integers(0, 3))]]
    pads = np.asarray(d.pick("pads", [drawn]), np.int32)
    d.used.add("zero_point")
    spatial = [(n + int(p.sum())) // b for n, p, b in zip(shape[1:-1], pads, block)]
    x, y, _ = moved(d, shape, [shape[0] * int(np.prod(block)), *spatial, shape[-1]])
    d.op("SPACE_TO_BATCH_ND", [x, d.model.const(np.asarray(block, np.int32)), d.model.const(pads)], [y], "SpaceToBatchNDOptions")
    return 1


TO_SPACE = cases(
    block2={"shape": [4, 2, 3, 2], "block": [2, 2], "crops": [[0, 0], [0, 0]]},
    cropped={"shape": [6, 2, 2, 2], "block": [2, 3], "crops": [[0, 1], [1, 2]]},
    dilation4={"shape": [16, 2, 2, 3], "block": [4, 4], "crops": [[2, 1], [1, 1]]},
    batch2={"shape": [4, 2, 3, 1], "block": [2, 1], "crops": [[1, 1], [0, 0]]},
    rank3={"shape": [3, 2, 3], "block": [3], "crops": [[1, 0]]},
)


@operator({"int8": TO_SPACE, "float32": TO_SPACE})
def batch_to_space_nd(d):
    shape = d.shape("shape", rank=int(d.rng.integers(3, 5)), largest=4, most=40)
    block = blocks(d, shape)
    if "shape" not in d.pinned:
        shape[0] *= int(np.prod(block))
    drawn = [[int(d.rng.integers(0, n * b)), 0] for n, b in zip(shape[1:-1], block)]
    crops = np.asarray(d.pick("crops", [drawn]), np.int32)
    spatial = [n * b - int(c.sum()) for n, c, b in zip(shape[1:-1], crops, block)]
    x, y, _ = moved(d, shape, [shape[0] // int(np.prod(block)), *spatial, shape[-1]])
    d.op("BATCH_TO_SPACE_ND", [x, d.model.const(np.asarray(block, np.int32)), d.model.const(crops)], [y], "BatchToSpaceNDOptions")
    return 1


FILLS = cases(vector={"shape": [5]}, image={"shape": [1, 2, 3, 2]})


@operator({"int8": FILLS, "float32": FILLS, "int32": FILLS})
def fill(d):
    """The value is an input, so that there is something to run."""
    shape = d.shape("shape")
    x, y, _ = moved(d, [], shape)
    d.op("FILL", [d.model.const(np.asarray(shape, np.int32)), x], [y], "FillOptions")
    return 1


@operator({"float32": FILLS, "int32": FILLS})
def zeros_like(d):
    shape = d.shape("shape")
    x, y, _ = moved(d, shape, shape)
    d.op("ZEROS_LIKE", [x], [y], "ZerosLikeOptions")
    return 1
