"""Trains one of the two networks on the shapes and writes NAME.onnx and NAME.json beside it.

    python train.py NAME FOLDER

The pictures come from write-shapes.mjs (Node), so that the tests draw the same ones. Prints a line an epoch; needs a few
minutes on two cores.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import onnx
import torch
from networks import NETWORKS
from torch.nn import functional

HERE = pathlib.Path(__file__).parent
TRAINING, VALIDATION, BATCH = 12_000, 2_000, 96
SEEDS = {"training": 1, "validation": 2}


def shapes(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["node", str(HERE / "write-shapes.mjs"), folder, str(count), str(seed)], check=True)
        images = np.load(pathlib.Path(folder) / "images.npy")
        labels = np.load(pathlib.Path(folder) / "labels.npy")
    return torch.from_numpy(images), torch.from_numpy(labels).long()


def accuracy(model: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    with torch.no_grad():
        hits = sum(int((model(x).argmax(1) == y).sum()) for x, y in zip(images.split(256), labels.split(256)))
    return hits / len(labels)


def fit(model: torch.nn.Module, epochs: int, rate: float) -> float:
    images, labels = shapes(TRAINING, SEEDS["training"])
    held = shapes(VALIDATION, SEEDS["validation"])
    steps = epochs * (TRAINING // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    began = time.monotonic()
    for epoch in range(epochs):
        model.train()
        order = torch.randperm(TRAINING)[: (TRAINING // BATCH) * BATCH]
        for picked in order.split(BATCH):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(images[picked]), labels[picked], label_smoothing=0.05)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}/{epochs}: {accuracy(model, *held):.4f}, {time.monotonic() - began:.0f} s", flush=True)
    return accuracy(model, *held)


def export(model: torch.nn.Module, path: pathlib.Path) -> None:
    options = {"input_names": ["image"], "output_names": ["scores"], "opset_version": 18}
    program = torch.onnx.export(model.eval(), (torch.zeros(1, 1, 32, 32),), dynamo=True, verbose=False, **options)
    made = program.model_proto
    # What only says where a node came from, with paths of this machine.
    for node in made.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for info in [*made.graph.value_info, *made.graph.input, *made.graph.output]:
        del info.metadata_props[:]
    del made.graph.metadata_props[:]
    del made.metadata_props[:]
    onnx.checker.check_model(made)
    path.write_bytes(made.SerializeToString())


def main(name: str, folder: pathlib.Path) -> None:
    warnings.filterwarnings("ignore")
    build, epochs, rate = NETWORKS[name]
    torch.manual_seed(7)
    model = build()
    reached = fit(model, epochs, rate)
    folder.mkdir(parents=True, exist_ok=True)
    export(model, folder / f"{name}.onnx")
    made = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "trainingImages": TRAINING,
        "trainingSeed": SEEDS["training"],
        "epochs": epochs,
        "validationAccuracy": reached,
        "validationImages": VALIDATION,
        "validationSeed": SEEDS["validation"],
        "torch": torch.__version__.split("+")[0],
    }
    (folder / f"{name}.json").write_text(json.dumps(made, indent=2) + "\n")
    print(f"{name}: {made['parameters']} parameters, validation {reached:.4f}")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
