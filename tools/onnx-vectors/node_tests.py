"""Writes the ONNX project's operator tests, which the installed package `onnx` makes, as files that the test suite reads.

    python node_tests.py FOLDER

One file <type>.json for each node type of the standard domain: a list of {name, model, sets: [{inputs, outputs}]}, where
model, inputs and outputs are the bytes of ModelProto and TensorProto in base64. Tests whose inputs or outputs are no
tensors are left out. Source: onnx.backend.test.case.node of the package, Apache-2.0; its data are read, not kept.
"""

from __future__ import annotations

import base64
import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def tensor(value: object, name: str) -> str | None:
    if isinstance(value, onnx.TensorProto):
        return encoded(value.SerializeToString())
    if not isinstance(value, (np.ndarray, np.generic)):
        return None
    return encoded(numpy_helper.from_array(np.asarray(value), name).SerializeToString())


def written(case: object) -> dict | None:
    graph = case.model.graph
    sets = []
    for inputs, outputs in case.data_sets:
        made = {
            "inputs": [tensor(value, info.name) for value, info in zip(inputs, graph.input)],
            "outputs": [tensor(value, info.name) for value, info in zip(outputs, graph.output)],
        }
        if None in made["inputs"] or None in made["outputs"]:
            return None
        sets.append(made)
    return {"name": case.name, "model": encoded(case.model.SerializeToString()), "sets": sets}


def main(folder: pathlib.Path) -> None:
    warnings.filterwarnings("ignore")
    by_type: dict[str, list[dict]] = {}
    for case in collect_testcases(None):
        if case.kind != "node" or case.model is None or len(case.model.graph.node) != 1:
            continue
        node = case.model.graph.node[0]
        if node.domain not in ("", "ai.onnx"):
            continue
        made = written(case)
        if made is not None:
            by_type.setdefault(node.op_type, []).append(made)
    folder.mkdir(parents=True, exist_ok=True)
    for op_type, cases in sorted(by_type.items()):
        (folder / f"{op_type}.json").write_text(json.dumps(cases))
    print(f"{sum(map(len, by_type.values()))} tests of {len(by_type)} node types, onnx {onnx.__version__}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
