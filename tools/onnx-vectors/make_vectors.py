"""Exports the networks of networks.py with PyTorch and writes them with what onnxruntime computes.

    python make_vectors.py FOLDER

One NAME.json each: {name, engine, exporter, opset, model, cases: [{inputs, outputs}]}; the model is the .onnx file in
base64, inputs and outputs are {shape, data} with float32 in base64, in ONNX's order of axes. The weights and the statistics
of batch norms are random, and everything follows from the seed. Those of QUANTISED come as QDQ networks too, made by
onnxruntime's static quantization with per-channel weights and run without optimisation: in real numbers between the
quantised ones, as ONNX defines it.
"""

from __future__ import annotations

import base64
import io
import json
import pathlib
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from networks import NETWORKS
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

CASES = 2
# PyTorch's two exporters write different nodes for the same layers.
EXPORTERS = {"script": 13, "dynamo": 18}
QUANTISED = {
    "resnet": QuantType.QInt8,
    "mobilenet_v2": QuantType.QUInt8,
    "mobilenet_v3": QuantType.QInt8,
    "speech": QuantType.QUInt8,
    "darts": QuantType.QInt8,
    "flat": QuantType.QUInt8,
    "segmentation": QuantType.QInt8,
}
CALIBRATION = 32


def randomised(model: nn.Module) -> nn.Module:
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 1.5)
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm)):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.uniform_(-0.3, 0.3)
    return model.eval()


def exported(model: nn.Module, shape: tuple[int, ...], exporter: str) -> onnx.ModelProto:
    sink = io.BytesIO()
    options = {"input_names": ["input"], "output_names": ["output"], "opset_version": EXPORTERS[exporter]}
    if exporter == "script":
        torch.onnx.export(model, (torch.zeros(shape),), sink, dynamo=False, **options)
    else:
        program = torch.onnx.export(model, (torch.zeros(shape),), dynamo=True, verbose=False, **options)
        sink.write(program.model_proto.SerializeToString())
    made = onnx.load_from_string(sink.getvalue())
    # What only says where a node came from, with paths of this machine.
    for node in made.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del made.graph.metadata_props[:]
    del made.metadata_props[:]
    for info in [*made.graph.value_info, *made.graph.input, *made.graph.output]:
        del info.metadata_props[:]
    onnx.checker.check_model(made)
    return made


class Noise(CalibrationDataReader):
    """Inputs for calibration, drawn like those of the cases."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        random = np.random.default_rng(1000)
        self.left = [{"input": random.standard_normal(shape, dtype=np.float32)} for _ in range(CALIBRATION)]

    def get_next(self) -> dict | None:
        return self.left.pop() if self.left else None


def quantised(made: onnx.ModelProto, shape: tuple[int, ...], activations: QuantType) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        plain, ready, done = (str(pathlib.Path(folder) / name) for name in ("a.onnx", "b.onnx", "c.onnx"))
        onnx.save(made, plain)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            done,
            Noise(shape),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=activations,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(done)


def packed(array: np.ndarray) -> dict:
    return {"shape": list(array.shape), "data": base64.b64encode(array.astype("<f4").tobytes()).decode("ascii")}


def vectors(made: onnx.ModelProto, shape: tuple[int, ...], seed: int) -> list[dict]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(seed)
    cases = []
    for _ in range(CASES):
        x = random.standard_normal(shape, dtype=np.float32)
        outputs = session.run(None, {"input": x})
        cases.append({"inputs": [packed(x)], "outputs": [packed(y) for y in outputs]})
    return cases


def write(folder: pathlib.Path, name: str, opset: int, made: onnx.ModelProto, cases: list[dict]) -> None:
    model = made.SerializeToString()
    document = {
        "name": name,
        "engine": f"onnxruntime {onnxruntime.__version__}",
        "exporter": f"torch {torch.__version__.split('+')[0]}",
        "opset": opset,
        "model": base64.b64encode(model).decode("ascii"),
        "cases": cases,
    }
    (folder / f"{name}.json").write_text(json.dumps(document) + "\n")
    print(f"{name}: {len(model)} bytes, {len(made.graph.node)} nodes")


def main(folder: pathlib.Path) -> None:
    warnings.filterwarnings("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, (build, shape)) in enumerate(NETWORKS.items()):
        for exporter, opset in EXPORTERS.items():
            torch.manual_seed(seed)
            made = exported(randomised(build()), shape, exporter)
            write(folder, f"{name}_{exporter}", opset, made, vectors(made, shape, seed))
            if exporter == "script" and name in QUANTISED:
                integers = quantised(made, shape, QUANTISED[name])
                write(folder, f"{name}_qdq", opset, integers, vectors(integers, shape, seed))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
