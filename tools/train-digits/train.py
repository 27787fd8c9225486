"""Trains the digit reader on generated images and saves it as a float Keras model.

    python tools/train-digits/train.py WORKDIR

writes WORKDIR/digits.keras. Seeds are fixed and TensorFlow's operators deterministic.
"""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # one order of sums, whatever the CPU offers

import keras
import numpy as np
import tensorflow as tf

from meter_digits import training_faces_set
from network import digit_network

TRAIN_SEED, VALIDATION_SEED, WEIGHT_SEED = 11, 22, 7
TRAIN_COUNT, VALIDATION_COUNT = 60_000, 4_000
EPOCHS, BATCH = 12, 128
PEAK_RATE, WARMUP_STEPS = 4e-3, 500
LABEL_SMOOTHING = 0.1  # keeps the int8 outputs off their ends, so that comparing them tells something
THREADS = 2


def as_input(images: np.ndarray) -> np.ndarray:
    """8-bit images [n, h, w] as the network's input [n, h, w, 1]: pixel / 255."""
    return images[..., None].astype(np.float32) / 255


def as_target(labels: np.ndarray) -> np.ndarray:
    """Labels [n] as one-hot rows [n, 10]."""
    return keras.utils.to_categorical(labels, 10)


def fit(workdir: Path) -> None:
    """Trains with a cosine learning rate; prints loss and accuracy after each epoch; keeps the last epoch."""
    keras.utils.set_random_seed(WEIGHT_SEED)
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    started = time.monotonic()
    train = training_faces_set(TRAIN_COUNT, TRAIN_SEED)
    validation = training_faces_set(VALIDATION_COUNT, VALIDATION_SEED)
    print(f"drew {TRAIN_COUNT} + {VALIDATION_COUNT} images in {time.monotonic() - started:.0f} s", flush=True)
    model = digit_network()
    steps = EPOCHS * -(-TRAIN_COUNT // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(
        PEAK_RATE / 10, steps - WARMUP_STEPS, warmup_target=PEAK_RATE, warmup_steps=WARMUP_STEPS
    )
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.CategoricalCrossentropy(label_smoothing=LABEL_SMOOTHING),
        metrics=["accuracy"],
    )
    model.fit(
        as_input(train.images), as_target(train.labels), BATCH, EPOCHS, verbose=2,
        validation_data=(as_input(validation.images), as_target(validation.labels)),
    )  # fmt: skip
    workdir.mkdir(parents=True, exist_ok=True)
    model.save(workdir / "digits.keras")
    print(f"{model.count_params()} parameters, {time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: train.py WORKDIR")
    fit(Path(sys.argv[1]))
