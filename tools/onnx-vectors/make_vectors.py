"""Exports the networks of networks.py with PyTorch and writes them with what onnxruntime computes.

    python make_vectors.py FOLDER

One NAME.json each: {name, engine, exporter, opset, model, cases: [{inputs, outputs}]}; the model is the .onnx file in
base64, inputs and outputs are {shape, data} with float32 in base64, in ONNX's order of axes. The weights and the statistics
of batch norms are random, and everything follows from the seed.
"""

from __future__ import annotations

import base64
import io
import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from networks import NETWORKS
from torch import nn

CASES = 2
# PyTorch's two exporters write different nodes for the same layers.
EXPORTERS = {"script": 13, "dynamo": 18}


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


def packed(array: np.ndarray) -> dict:
    return {"shape": list(array.shape), "data": base64.b64encode(array.astype("<f4").tobytes()).decode("ascii")}


def vectors(made: onnx.ModelProto, shape: tuple[int, ...], seed: int) -> list[dict]:
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(seed)
    cases = []
    for _ in range(CASES):
        x = random.standard_normal(shape, dtype=np.float32)
        outputs = session.run(None, {"input": x})
        cases.append({"inputs": [packed(x)], "outputs": [packed(y) for y in outputs]})
    return cases


def main(folder: pathlib.Path) -> None:
    warnings.filterwarnings("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, (build, shape)) in enumerate(NETWORKS.items()):
        for exporter in EXPORTERS:
            torch.manual_seed(seed)
            made = exported(randomised(build()), shape, exporter)
            model = made.SerializeToString()
            document = {
                "name": f"{name}_{exporter}",
                "engine": f"onnxruntime {onnxruntime.__version__}",
                "exporter": f"torch {torch.__version__.split('+')[0]}",
                "opset": EXPORTERS[exporter],
                "model": base64.b64encode(model).decode("ascii"),
                "cases": vectors(made, shape, seed),
            }
            (folder / f"{document['name']}.json").write_text(json.dumps(document) + "\n")
            print(f"{document['name']}: {len(model)} bytes, {len(made.graph.node)} nodes")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
