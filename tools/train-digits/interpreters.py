"""Runs the int8 network in TensorFlow Lite's reference kernels and in TensorFlow Lite Micro."""

import numpy as np
import tensorflow as tf
from tflite_micro.python.tflite_micro import runtime as tflm

TFLM_ARENA_BYTES = 64 * 1024


def as_int8(images: np.ndarray) -> np.ndarray:
    """8-bit images [n, h, w] as the int8 network's input [n, h, w, 1]: pixel - 128."""
    return (images[..., None].astype(np.int16) - 128).astype(np.int8)


def tflite_reference(network: bytes, images: np.ndarray) -> np.ndarray:
    """int8 outputs [n, 10] of TensorFlow Lite's reference kernels."""
    interpreter = tf.lite.Interpreter(
        model_content=network,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    outputs = []
    for image in as_int8(images):
        interpreter.set_tensor(source, image[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(result)[0])
    return np.stack(outputs)


def tflite_micro(network: bytes, images: np.ndarray) -> np.ndarray:
    """int8 outputs [n, 10] of TensorFlow Lite Micro, in an arena of TFLM_ARENA_BYTES."""
    interpreter = tflm.Interpreter.from_bytes(network, arena_size=TFLM_ARENA_BYTES)
    outputs = []
    for image in as_int8(images):
        interpreter.set_input(image[None], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0)[0].copy())
    return np.stack(outputs)
