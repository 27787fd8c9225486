"""Turns the float Keras model into networks/digits.tflite (int8), measures it, and writes what demo and tests use.

    python tools/train-digits/publish.py WORKDIR networks

reads WORKDIR/digits.keras and writes digits.tflite, digits.json and digits-test/ under networks.
"""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from PIL import Image

from convert import check_network, to_int8
from interpreters import tflite_micro, tflite_reference
from meter_digits import DigitSet, held_out_faces_set, training_faces_set
from train import TRAIN_COUNT, TRAIN_SEED, as_input

TEST_SEED, HELD_OUT_SEED = 33, 44
TEST_COUNT, HELD_OUT_COUNT = 10_000, 5_000
SAMPLES_PER_DIGIT = 2


def share_right(outputs: np.ndarray, labels: np.ndarray) -> float:
    """Top-1 accuracy, 0..1; of equal outputs the first counts, as in ARG_MAX."""
    return round(float(np.mean(np.argmax(outputs, 1) == labels)), 5)


def by_face(outputs: np.ndarray, digits: DigitSet) -> dict[str, dict]:
    """Number of images and top-1 accuracy for each typeface."""
    faces = np.array(digits.faces)
    return {
        face: {
            "images": int(np.sum(faces == face)),
            "int8": share_right(outputs[faces == face], digits.labels[faces == face]),
        }
        for face in sorted(set(digits.faces))
    }


def measure(floats: np.ndarray, micro: np.ndarray, reference: np.ndarray, digits: DigitSet, seed: int) -> dict:
    """Accuracies on one set of the float model, TFLM and TFLite's reference kernels; how far the last two are apart."""
    apart = np.abs(micro.astype(np.int16) - reference)
    return {
        "images": len(digits.labels),
        "seed": seed,
        "float": share_right(floats, digits.labels),
        "int8": share_right(reference, digits.labels),
        "int8Tflm": share_right(micro, digits.labels),
        "tflmDiffers": {"images": int(np.sum(apart.any(1))), "maxAbsDiff": int(apart.max())},
        "byFace": by_face(micro, digits),
    }


def write_samples(folder: Path, digits: DigitSet, micro: np.ndarray, reference: np.ndarray, sha256: str) -> None:
    """The first SAMPLES_PER_DIGIT test images of each digit, not picked by result, as PNGs with TFLM's outputs."""
    first = sorted(i for digit in range(10) for i in np.flatnonzero(digits.labels == digit)[:SAMPLES_PER_DIGIT])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    samples = []
    for number, index in enumerate(first):
        name = f"{number:02d}_label{digits.labels[index]}.png"
        Image.fromarray(digits.images[index], "L").save(folder / name, optimize=True)
        samples.append({
            "file": name,
            "label": int(digits.labels[index]),
            "testIndex": int(index),
            "face": digits.faces[index],
            "predicted": int(np.argmax(micro[index])),
            "output": micro[index].tolist(),
            "tfliteReferenceMaxAbsDiff": int(np.abs(micro[index].astype(np.int16) - reference[index]).max()),
        })  # fmt: skip
    lines = ",\n".join("    " + json.dumps(sample) for sample in samples)
    head = f'  "network": "../digits.tflite",\n  "sha256": "{sha256}",\n  "outputFrom": "TensorFlow Lite Micro",\n'
    (folder / "index.json").write_text(f'{{\n{head}  "samples": [\n{lines}\n  ]\n}}\n')


def write_card(path: Path, sha256: str, details: tuple[dict, dict], measured: dict) -> None:
    """digits.json: what the network is, what goes in and comes out, how good it is, how to make it again."""
    source, result = details
    card = {
        "name": "digits",
        "network": "digits.tflite",
        "sha256": sha256,
        "task": "reads one digit of a utility meter from a camera crop; of two on a rolling drum, the larger part",
        "labels": [str(digit) for digit in range(10)],
        "input": {
            "shape": [int(n) for n in source["shape"]],
            "dtype": "int8",
            "scale": source["quantization"][0],
            "zeroPoint": source["quantization"][1],
            "meaning": "grey camera crop, row by row, 0 is black and 1 is white",
            "preprocessing": "8-bit grey pixel p stands for p / 255; quantised, that is p - 128",
        },
        "output": {
            "shape": [int(n) for n in result["shape"]],
            "dtype": "int8",
            "scale": result["quantization"][0],
            "zeroPoint": result["quantization"][1],
            "meaning": "probability of each label; the label is the first largest",
        },
        "data": "images drawn by tools/train-digits, none photographed: accuracy on a real meter is not measured",
        "trainedOn": {"images": TRAIN_COUNT, "seed": TRAIN_SEED},
        "accuracy": measured,
        "reproduce": [
            "pip install -r tools/train-digits/requirements.txt",
            "python tools/train-digits/train.py .reflow/train-digits",
            "python tools/train-digits/publish.py .reflow/train-digits networks",
        ],
    }
    path.write_text(json.dumps(card, indent=2) + "\n")


def answers(model: keras.Model, network: bytes, digits: DigitSet) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outputs [n, 10] of the float model, of TFLM and of TFLite's reference kernels."""
    floats = model.predict(as_input(digits.images), batch_size=500, verbose=0)
    return floats, tflite_micro(network, digits.images), tflite_reference(network, digits.images)


def main(workdir: Path, networks: Path) -> None:
    """Converts, measures on both sets, writes all artefacts."""
    model = keras.models.load_model(workdir / "digits.keras")
    network = to_int8(model)
    details = check_network(network)
    sha256 = hashlib.sha256(network).hexdigest()
    test = training_faces_set(TEST_COUNT, TEST_SEED)
    floats, micro, reference = answers(model, network, test)
    on_test = measure(floats, micro, reference, test, TEST_SEED)
    held_out = held_out_faces_set(HELD_OUT_COUNT, HELD_OUT_SEED)
    on_held_out = measure(*answers(model, network, held_out), held_out, HELD_OUT_SEED)
    networks.mkdir(parents=True, exist_ok=True)
    (networks / "digits.tflite").write_bytes(network)
    write_samples(networks / "digits-test", test, micro, reference, sha256)
    write_card(networks / "digits.json", sha256, details, {"test": on_test, "heldOutFaces": on_held_out})
    print(f"digits.tflite: {len(network)} bytes, sha256 {sha256}")
    for name, result in (("test", on_test), ("held-out faces", on_held_out)):
        print(
            f"{name}: {result['images']} images, float {result['float']:.2%}, int8 {result['int8']:.2%}, "
            f"TFLM {result['int8Tflm']:.2%}, outputs differ on {result['tflmDiffers']['images']}"
        )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: publish.py WORKDIR NETWORKS")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
