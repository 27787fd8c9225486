"""RESIZE_NEAREST_NEIGHBOR, RESIZE_BILINEAR, and the shape arithmetic that exporters leave in a network."""

import numpy as np

from registry import cases, operator

UP = dict(shape=[1, 3, 4, 2], to=[6, 8], align=False, half=False)
RESIZES = cases(
    twice=UP,
    twice_half_pixel={**UP, "half": True},
    twice_aligned={**UP, "align": True},
    odd={**UP, "to": [5, 9]},
    odd_half_pixel={**UP, "to": [5, 9], "half": True},
    odd_aligned={**UP, "to": [5, 9], "align": True},
    down={**UP, "shape": [1, 6, 8, 2], "to": [3, 4]},
    down_half_pixel={**UP, "shape": [1, 6, 7, 2], "to": [4, 3], "half": True},
    down_aligned={**UP, "shape": [1, 6, 7, 1], "to": [4, 3], "align": True},
    batch2={**UP, "shape": [2, 2, 3, 2], "to": [4, 5]},
    from_one_pixel={**UP, "shape": [1, 1, 1, 3], "to": [3, 2]},
    to_one_pixel={**UP, "shape": [1, 3, 4, 2], "to": [1, 1], "align": True},
    same_size={**UP, "to": [3, 4], "half": True},
)
RESIZES_INT8 = [
    *RESIZES,
    *cases(
        extremes={**UP, "to": [5, 7], "spread": "extreme"},
        extremes_half={**UP, "to": [5, 7], "half": True, "spread": "extreme"},
    ),
]


def resize(d, name, options):
    shape = d.shape("shape", rank=4)
    to = [int(n) for n in d.pick("to", [d.rng.integers(1, 9, 2)])]
    align = d.pick("align", [False, False, True])
    half = d.pick("half", [False, True]) and not align
    scale, point = d.quant()
    x, _ = d.feed(shape, scale, point)
    y = d.result([shape[0], *to, shape[3]], scale, point)
    d.op(name, [x, d.model.const(np.asarray(to, np.int32))], [y], options, alignCorners=align, halfPixelCenters=half)
    return 1


@operator({"int8": RESIZES_INT8, "int16": RESIZES[:3], "float32": RESIZES})
def resize_nearest_neighbor(d):
    return resize(d, "RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions")


@operator({"int8": RESIZES_INT8, "int16": RESIZES[:6], "float32": RESIZES})
def resize_bilinear(d):
    return resize(d, "RESIZE_BILINEAR", "ResizeBilinearOptions")


def element_of_shape(d, shape_tensor, index):
    """SHAPE's element as a scalar, through STRIDED_SLICE with the axis shrunk."""
    y = d.model.tensor([], "int32")
    ends = [d.model.const(np.asarray([n], np.int32)) for n in (index, index + 1, 1)]
    d.op("STRIDED_SLICE", [shape_tensor, *ends], [y], "StridedSliceOptions", shrinkAxisMask=1)
    return y


FOLDED = cases(
    keras_flatten={"shape": [2, 3, 4], "kind": "pack"},
    keras_reshape={"shape": [1, 4, 3, 2], "kind": "pack"},
    concatenated={"shape": [2, 3, 4], "kind": "concatenation"},
    sliced={"shape": [1, 3, 5, 2], "kind": "slice"},
    product={"shape": [2, 3, 4], "kind": "product"},
)


@operator({"int8": FOLDED, "float32": FOLDED})
def shape_arithmetic(d):
    """A tensor flattened to [batch, rest] by arithmetic on SHAPE, as Keras and PyTorch exporters leave it."""
    shape = d.shape("shape", rank=3)
    kind = d.pick("kind", ["pack", "concatenation", "slice", "product"])
    rest = int(np.prod(shape[1:]))
    scale, point = d.quant()
    x, _ = d.feed(shape, scale, point)
    whole = d.model.tensor([len(shape)], "int32")
    d.op("SHAPE", [x], [whole], "ShapeOptions", outType=2)
    target = d.model.tensor([2], "int32")
    if kind == "pack":
        d.op("PACK", [element_of_shape(d, whole, 0), d.model.const(np.asarray(rest, np.int32))], [target],
             "PackOptions", valuesCount=2, axis=0)  # fmt: skip
    elif kind == "product":
        first, product = element_of_shape(d, whole, 1), d.model.tensor([], "int32")
        d.op("MUL", [first, d.model.const(np.asarray(rest // shape[1], np.int32))], [product], "MulOptions")
        d.op("PACK", [element_of_shape(d, whole, 0), product], [target], "PackOptions", valuesCount=2, axis=0)
    else:
        head = d.model.tensor([1], "int32")
        if kind == "slice":
            ends = [d.model.const(np.asarray([n], np.int32)) for n in (0, 1)]
            d.op("SLICE", [whole, *ends], [head], "SliceOptions")
        else:
            ends = [d.model.const(np.asarray([n], np.int32)) for n in (0, 1, 1)]
            d.op("STRIDED_SLICE", [whole, *ends], [head], "StridedSliceOptions")
        d.op("CONCATENATION", [head, d.model.const(np.asarray([rest], np.int32))], [target], "ConcatenationOptions", axis=0)
    y = d.result([shape[0], rest], scale, point)
    d.op("RESHAPE", [x, target], [y], "ReshapeOptions")
    return 1
