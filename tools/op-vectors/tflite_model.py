"""Builds a .tflite file operator by operator through the flatbuffer schema's object interface."""

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

TENSOR_TYPE = {
    "float32": schema.TensorType.FLOAT32,
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
    "bool": schema.TensorType.BOOL,
}

ACTIVATION = {
    "NONE": schema.ActivationFunctionType.NONE,
    "RELU": schema.ActivationFunctionType.RELU,
    "RELU6": schema.ActivationFunctionType.RELU6,
    "RELU_N1_TO_1": schema.ActivationFunctionType.RELU_N1_TO_1,
}

PADDING = {"SAME": schema.Padding.SAME, "VALID": schema.Padding.VALID}


class ModelBuilder:
    """One subgraph. Tensors are named t0, t1, ... and every method returns the tensor's index."""

    def __init__(self):
        self._tensors = []
        self._buffers = [schema.BufferT()]
        self._operators = []
        self._codes = []
        self._inputs = []
        self._outputs = []

    def tensor(self, shape, dtype, scale=None, zero_point=0, axis=None, data=None):
        """Adds a tensor; `scale` and `zero_point` are scalars, or lists along `axis` for per-channel data."""
        tensor = schema.TensorT()
        tensor.name = f"t{len(self._tensors)}"
        tensor.shape = [int(n) for n in shape]
        tensor.type = TENSOR_TYPE[dtype]
        tensor.buffer = 0
        if scale is not None:
            quant = schema.QuantizationParametersT()
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            points = np.broadcast_to(np.atleast_1d(zero_point), scales.shape)
            quant.scale = [float(s) for s in scales]
            quant.zeroPoint = [int(z) for z in points]
            quant.quantizedDimension = axis or 0
            tensor.quantization = quant
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            tensor.buffer = len(self._buffers)
            self._buffers.append(buffer)
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def const(self, array, scale=None, zero_point=0, axis=None):
        array = np.asarray(array)
        return self.tensor(array.shape, str(array.dtype), scale, zero_point, axis, array)

    def input(self, shape, dtype, scale=None, zero_point=0):
        index = self.tensor(shape, dtype, scale, zero_point)
        self.add_input(index)
        return index

    def add_input(self, index):
        self._inputs.append(index)

    def outputs(self, *indices):
        self._outputs.extend(indices)

    def op(self, name, inputs, outputs, options=None, **fields):
        """Adds an operator; `options` names its options table, `fields` are that table's members. -1 = no tensor."""
        code = getattr(schema.BuiltinOperator, name)
        if code not in self._codes:
            self._codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = self._codes.index(code)
        operator.inputs = list(inputs)
        operator.outputs = list(outputs)
        if options is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, options + "T")()
            for key, value in fields.items():
                if not hasattr(operator.builtinOptions, key):
                    raise AttributeError(f"{options} has no member {key}")
                setattr(operator.builtinOptions, key, value)
        self._operators.append(operator)

    def build(self):
        """The bytes of the .tflite file."""
        model = schema.ModelT()
        model.version = 3
        model.operatorCodes = []
        for code in self._codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode = code
            entry.deprecatedBuiltinCode = min(code, 127)
            entry.version = 1
            model.operatorCodes.append(entry)
        graph = schema.SubGraphT()
        graph.tensors = self._tensors
        graph.operators = self._operators
        graph.inputs = self._inputs
        graph.outputs = self._outputs
        model.subgraphs = [graph]
        model.buffers = self._buffers
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
