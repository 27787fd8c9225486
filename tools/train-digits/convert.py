"""Converts the float Keras model to a fully int8 .tflite network, and checks that it is what the demo expects."""

import keras
import numpy as np
import tensorflow as tf

from meter_digits import IMAGE_PX, training_faces_set
from train import as_input

CALIBRATION_SEED, CALIBRATION_COUNT = 55, 500
COMMON_OPERATORS = {
    "CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MEAN", "AVERAGE_POOL_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX", "PAD",
}  # fmt: skip


def to_int8(model: keras.Model) -> bytes:
    """Post-training quantisation: int8 weights per channel, int8 activations, int8 input and output, batch of one.

    The calibration images are drawn afresh (own seed, training typefaces). Noise and exposure take them to black and
    to white, so that the input's scale is 1/255 and its zero point -128: the quantised pixel is pixel - 128.
    """
    images = as_input(training_faces_set(CALIBRATION_COUNT, CALIBRATION_SEED).images)
    single = keras.Input(batch_shape=(1, IMAGE_PX, IMAGE_PX, 1))  # a batch of one, so that no operator computes shapes
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(single, model(single)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def check_network(network: bytes) -> tuple[dict, dict]:
    """The details of input and output; stops if an operator, a type or the input's scale is not what is promised."""
    interpreter = tf.lite.Interpreter(model_content=network)
    interpreter.allocate_tensors()
    operators = {op["op_name"] for op in interpreter._get_ops_details()} - {"DELEGATE"}
    if not operators <= COMMON_OPERATORS:
        raise SystemExit(f"unexpected operators: {sorted(operators - COMMON_OPERATORS)}")
    types = {t["dtype"] for t in interpreter.get_tensor_details()}
    if not types <= {np.int8, np.int32}:
        raise SystemExit(f"not fully int8: {types}")
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero_point = source["quantization"]
    if abs(scale * 255 - 1) > 1e-6 or zero_point != -128:
        raise SystemExit(f"input scale {scale}, zero point {zero_point}: expected 1/255 and -128")
    return source, result
