"""Reads vectors back: a stored case with its model decoded far enough for a numpy restatement of the operator."""

import base64
import json
from dataclasses import dataclass

import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

DTYPE = {value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
BUILTIN = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}


@dataclass
class Value:
    dtype: str
    shape: tuple
    scales: np.ndarray
    zero_point: int
    data: np.ndarray

    @property
    def scale(self):
        return self.scales[0]

    @property
    def centred(self):
        """Integers with the zero point taken off."""
        return self.data.astype(np.int64) - self.zero_point


@dataclass
class StoredCase:
    name: str
    engine: str
    kind: str
    options: object
    inputs: list
    # With the expected data.
    outputs: list


def _value(model, tensor, data):
    quant = tensor.quantization
    dtype = DTYPE[tensor.type]
    shape = tuple(int(n) for n in (tensor.shape if tensor.shape is not None else []))
    known = quant is not None and quant.scale is not None
    if data is None and tensor.buffer and model.buffers[tensor.buffer].data is not None:
        data = np.frombuffer(bytes(model.buffers[tensor.buffer].data), dtype).reshape(shape)
    scales = np.asarray(quant.scale, np.float32) if known else np.zeros(0, np.float32)
    return Value(dtype, shape, scales, int(quant.zeroPoint[0]) if known else 0, data)


def read_cases(path):
    """Single-operator cases of one file; the others are passed over."""
    for stored in json.loads(path.read_text())["cases"]:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(base64.b64decode(stored["model"]), 0))
        graph = model.subgraphs[0]
        if len(graph.operators) != 1:
            continue
        operator = graph.operators[0]
        known = {}
        for index, text in zip(graph.inputs, stored["inputs"]):
            tensor = graph.tensors[index]
            shape = list(tensor.shape) if tensor.shape is not None else []
            known[index] = np.frombuffer(base64.b64decode(text), DTYPE[tensor.type]).reshape(shape)
        for index, out in zip(graph.outputs, stored["outputs"]):
            known[index] = np.frombuffer(base64.b64decode(out["data"]), out["dtype"]).reshape(out["shape"])
        values = [
            [None if i < 0 else _value(model, graph.tensors[i], known.get(i)) for i in indices]
            for indices in (operator.inputs, operator.outputs)
        ]
        code = model.operatorCodes[operator.opcodeIndex]
        kind = BUILTIN[max(code.builtinCode, code.deprecatedBuiltinCode)].lower()
        yield StoredCase(stored["name"], stored["engine"], kind, operator.builtinOptions, *values)
