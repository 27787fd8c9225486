"""A network written once: built as float32 to learn its ranges, then with calibrated int8 or int16 quantisation."""

from dataclasses import dataclass, field

import numpy as np

from draw import INTEGER_RANGE
from tflite_model import ACTIVATION, PADDING, ModelBuilder


@dataclass
class Tensor:
    shape: list
    # "activation", "weight", "bias" or "raw" (integers that say what to do, the same in every build).
    kind: str = "activation"
    data: np.ndarray = None
    axis: int = None
    # Activations: ("range",), ("same", tensor) or ("fixed", {dtype: (scale, zero point)}). Bias: (input, weight).
    rule: tuple = ("range",)


@dataclass
class Op:
    name: str
    inputs: list
    outputs: list
    options: str = None
    fields: dict = field(default_factory=dict)


def output_size(size, kernel, stride, dilation, padding):
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == "SAME" else -(-(size - reach + 1) // stride)


class Net:
    def __init__(self, rng):
        self.rng = rng
        self.tensors = []
        self.ops = []
        # (tensor, border type or None): a QUANTIZE or DEQUANTIZE stands at a border of another type.
        self.inputs = []
        self.outputs = []

    def _tensor(self, *args, **kwargs):
        self.tensors.append(Tensor(*args, **kwargs))
        return len(self.tensors) - 1

    def shape(self, tensor):
        return self.tensors[tensor].shape

    def input(self, shape, border=None):
        tensor = self._tensor(list(shape))
        self.inputs.append((tensor, border))
        return tensor

    def output(self, tensor, border=None):
        self.outputs.append((tensor, border))

    def raw(self, values, dtype=np.int32):
        data = np.asarray(values, dtype)
        return self._tensor(list(data.shape), "raw", data)

    def op(self, name, inputs, shape, options=None, rule=("range",), **fields):
        y = self._tensor([int(n) for n in shape], rule=rule)
        self.ops.append(Op(name, list(inputs), [y], options, fields))
        return y

    def _weights(self, shape, axis, fan):
        data = (self.rng.standard_normal(shape) * np.sqrt(2.0 / fan)).astype(np.float32)
        return self._tensor(list(shape), "weight", data, axis)

    def _bias(self, count, x, w):
        return self._tensor([count], "bias", (self.rng.standard_normal(count) * 0.1).astype(np.float32), rule=(x, w))

    def conv(self, x, channels, kernel=(3, 3), stride=(1, 1), padding="SAME", dilation=(1, 1), groups=1, act="NONE"):
        batch, height, width, in_channels = self.shape(x)
        w = self._weights([channels, *kernel, in_channels // groups], 0, np.prod(kernel) * in_channels / groups)
        size = [output_size(n, kernel[i], stride[i], dilation[i], padding) for i, n in enumerate((height, width))]
        return self.op("CONV_2D", [x, w, self._bias(channels, x, w)], [batch, *size, channels], "Conv2DOptions",
                       padding=PADDING[padding], strideH=stride[0], strideW=stride[1], dilationHFactor=dilation[0],
                       dilationWFactor=dilation[1], fusedActivationFunction=ACTIVATION[act])  # fmt: skip

    def depthwise(self, x, kernel=(3, 3), stride=(1, 1), padding="SAME", multiplier=1, act="NONE"):
        batch, height, width, in_channels = self.shape(x)
        channels = in_channels * multiplier
        w = self._weights([1, *kernel, channels], 3, np.prod(kernel))
        size = [output_size(n, kernel[i], stride[i], 1, padding) for i, n in enumerate((height, width))]
        return self.op("DEPTHWISE_CONV_2D", [x, w, self._bias(channels, x, w)], [batch, *size, channels],
                       "DepthwiseConv2DOptions", padding=PADDING[padding], strideH=stride[0], strideW=stride[1],
                       depthMultiplier=multiplier, fusedActivationFunction=ACTIVATION[act])  # fmt: skip

    def up_conv(self, x, channels, kernel=(3, 3), stride=2):
        batch, height, width, in_channels = self.shape(x)
        shape = [batch, height * stride, width * stride, channels]
        w = self._weights([channels, *kernel, in_channels], 0, np.prod(kernel) * in_channels / stride**2)
        inputs = [self.raw(shape), w, x, self._bias(channels, x, w)]
        return self.op("TRANSPOSE_CONV", inputs, shape, "TransposeConvOptions", padding=PADDING["SAME"], strideH=stride,
                       strideW=stride)  # fmt: skip

    def dense(self, x, units, act="NONE", keep=False):
        shape = self.shape(x)
        w = self._weights([units, shape[-1]], None, shape[-1])
        out = [*shape[:-1], units] if keep else [int(np.prod(shape[:-1])), units]
        return self.op("FULLY_CONNECTED", [x, w, self._bias(units, x, w)], out, "FullyConnectedOptions", keepNumDims=keep,
                       fusedActivationFunction=ACTIVATION[act])  # fmt: skip

    def binary(self, name, a, b, act="NONE"):
        shape = np.broadcast_shapes(tuple(self.shape(a)), tuple(self.shape(b)))
        return self.op(name.upper(), [a, b], shape, name.capitalize() + "Options", fusedActivationFunction=ACTIVATION[act])

    def constant(self, values):
        """A constant operand of an elementwise operator."""
        data = np.asarray(values, np.float32)
        return self._tensor(list(data.shape), "constant", data)

    def unary(self, name, x, options=None, rule=("range",), **fields):
        return self.op(name, [x], self.shape(x), options, rule, **fields)

    def softmax(self, x):
        fixed = {"int8": (1 / 256, -128), "int16": (1 / 32768, 0)}
        return self.unary("SOFTMAX", x, "SoftmaxOptions", ("fixed", fixed), beta=1.0)

    def logistic(self, x):
        return self.unary("LOGISTIC", x, None, ("fixed", {"int8": (1 / 256, -128), "int16": (1 / 32768, 0)}))

    def tanh(self, x):
        return self.unary("TANH", x, None, ("fixed", {"int8": (1 / 128, 0), "int16": (1 / 32768, 0)}))

    def pool(self, x, kind, window=(2, 2), stride=(2, 2), padding="VALID"):
        batch, height, width, channels = self.shape(x)
        size = [output_size(n, window[i], stride[i], 1, padding) for i, n in enumerate((height, width))]
        return self.op(f"{kind}_POOL_2D", [x], [batch, *size, channels], "Pool2DOptions", ("same", x), padding=PADDING[padding],
                       strideH=stride[0], strideW=stride[1], filterHeight=window[0], filterWidth=window[1])  # fmt: skip

    def mean(self, x, axes, keep=False):
        shape = [1 if i in axes else n for i, n in enumerate(self.shape(x)) if keep or i not in axes]
        return self.op("MEAN", [x, self.raw(axes)], shape, "ReducerOptions", keepDims=keep)

    def concat(self, parts, axis):
        """The parts take the quantisation of the whole, so each must be an operator's own result."""
        shape = list(self.shape(parts[0]))
        shape[axis] = sum(self.shape(part)[axis] for part in parts)
        return self._share(parts, self.op("CONCATENATION", parts, shape, "ConcatenationOptions", axis=axis))

    def maximum(self, a, b):
        """Compares raw integers: both take the quantisation of the result."""
        return self._share([a, b], self.op("MAXIMUM", [a, b], self.shape(a), "MaximumMinimumOptions"))

    def _share(self, parts, y):
        for part in parts:
            if self.tensors[part].rule[0] != "range":
                raise ValueError(f"tensor {part} cannot take the quantisation of the result")
            self.tensors[part].rule = ("same", y)
        return y

    def reshape(self, x, shape):
        return self.op("RESHAPE", [x, self.raw(shape)], shape, "ReshapeOptions", ("same", x), newShape=list(shape))

    def transpose(self, x, order):
        shape = [self.shape(x)[a] for a in order]
        return self.op("TRANSPOSE", [x, self.raw(order)], shape, "TransposeOptions", ("same", x))

    def pad(self, x, pads):
        shape = [n + a + b for n, (a, b) in zip(self.shape(x), pads)]
        return self.op("PAD", [x, self.raw(pads)], shape, "PadOptions", ("same", x))

    def split(self, x, parts, axis):
        shape = list(self.shape(x))
        shape[axis] //= parts
        outputs = [self._tensor(list(shape), rule=("same", x)) for _ in range(parts)]
        self.ops.append(Op("SPLIT", [self.raw(axis), x], outputs, "SplitOptions", dict(numSplits=parts)))
        return outputs

    def unpack(self, x, axis):
        shape = list(self.shape(x))
        count = shape.pop(axis)
        outputs = [self._tensor(list(shape), rule=("same", x)) for _ in range(count)]
        self.ops.append(Op("UNPACK", [x], outputs, "UnpackOptions", dict(num=count, axis=axis)))
        return outputs

    def pack(self, parts, axis):
        shape = list(self.shape(parts[0]))
        shape.insert(axis, len(parts))
        return self.op("PACK", parts, shape, "PackOptions", ("same", parts[0]), valuesCount=len(parts), axis=axis)

    def cut(self, x, begin, end, strides):
        shape = [len(range(b, e, s)) for b, e, s in zip(begin, end, strides)]
        inputs = [x, self.raw(begin), self.raw(end), self.raw(strides)]
        return self.op("STRIDED_SLICE", inputs, shape, "StridedSliceOptions", ("same", x))

    def resize(self, x, kind, size, half=False):
        batch, _, _, channels = self.shape(x)
        name, options = {
            "bilinear": ("RESIZE_BILINEAR", "ResizeBilinearOptions"),
            "nearest": ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"),
        }[kind]
        shape = [batch, *size, channels]
        return self.op(name, [x, self.raw(size)], shape, options, ("same", x), halfPixelCenters=half)

    def matmul(self, a, b, adj_y=False):
        shape = [*self.shape(a)[:-1], self.shape(b)[-2 if adj_y else -1]]
        return self.op("BATCH_MATMUL", [a, b], shape, "BatchMatMulOptions", adjY=adj_y)

    def build(self, dtype, ranges=None):
        """(model bytes, tensors that a run gives and that the graph names). Tensor numbers are the same in every build."""
        return _Build(self, dtype, ranges).bytes()


class _Build:
    def __init__(self, net, dtype, ranges):
        self.net, self.dtype, self.ranges = net, dtype, ranges
        self.model = ModelBuilder()
        self.quants = {}

    def quant(self, index):
        if index not in self.quants:
            self.quants[index] = self._quant(self.net.tensors[index], index)
        return self.quants[index]

    def _quant(self, tensor, index):
        if tensor.kind == "weight":
            data = np.abs(tensor.data)
            axes = None if tensor.axis is None else tuple(i for i in range(data.ndim) if i != tensor.axis)
            return np.atleast_1d(np.float32(np.maximum(data.max(axis=axes), 1e-6) / 127)), 0
        if tensor.kind != "constant" and tensor.rule[0] == "same":
            return self.quant(tensor.rule[1])
        if tensor.kind != "constant" and tensor.rule[0] == "fixed":
            return np.float32(tensor.rule[1][self.dtype][0]), tensor.rule[1][self.dtype][1]
        low, high = (tensor.data.min(), tensor.data.max()) if tensor.kind == "constant" else self.ranges[index]
        low, high = min(float(low), 0.0), max(float(high), 0.0, 1e-6)
        if self.dtype == "int16":
            return np.float32(max(-low, high) / 32767), 0
        scale = np.float32((high - low) / 255)
        return scale, int(np.clip(round(-128 - low / float(scale)), -128, 127))

    def _add(self, tensor, index):
        floating = self.dtype == "float32"
        if tensor.kind == "raw" or (floating and tensor.data is not None):
            return self.model.const(tensor.data)
        if floating:
            return self.model.tensor(tensor.shape, "float32")
        if tensor.kind == "bias":
            x, w = tensor.rule
            scales = self.quant(x)[0] * self.quant(w)[0]
            data = np.round(tensor.data / scales).astype(np.int64 if self.dtype == "int16" else np.int32)
            return self.model.const(data, scales, 0, 0)
        scale, point = self.quant(index)
        if tensor.kind == "weight":
            along = np.reshape(scale, [-1 if i == tensor.axis else 1 for i in range(tensor.data.ndim)])
            data = np.clip(np.round(tensor.data / along), -127, 127).astype(np.int8)
            return self.model.const(data, scale, 0, tensor.axis)
        if tensor.kind == "constant":
            low, high = INTEGER_RANGE[self.dtype]
            data = np.clip(np.round(tensor.data / scale) + point, low, high).astype(self.dtype)
            return self.model.const(data, scale, point)
        return self.model.tensor(tensor.shape, self.dtype, scale, point)

    def _border(self, tensor, border):
        """The tensor outside the border: same values, another type."""
        shape = self.net.tensors[tensor].shape
        if border == "float32":
            return self.model.tensor(shape, border)
        scale, point = self.quant(tensor)
        return self.model.tensor(shape, border, scale, point + 128)

    def bytes(self):
        for index, tensor in enumerate(self.net.tensors):
            self._add(tensor, index)
        for tensor, border in self.net.inputs:
            outside = tensor
            if border and self.dtype != "float32":
                outside = self._border(tensor, border)
                self.model.op("QUANTIZE", [outside], [tensor])
            self.model.add_input(outside)
        for op in self.net.ops:
            self.model.op(op.name, op.inputs, op.outputs, op.options, **op.fields)
        for tensor, border in self.net.outputs:
            outside = tensor
            if border and self.dtype != "float32":
                outside = self._border(tensor, border)
                self.model.op("DEQUANTIZE" if border == "float32" else "QUANTIZE", [tensor], [outside])
            self.model.outputs(outside)
        return self.model.build()
