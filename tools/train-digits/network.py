"""The digit reader: a small depthwise-separable network with one residual block."""

import keras
from keras import layers

from meter_digits import IMAGE_PX

WEIGHT_DECAY = 1e-4


def _conv_bn_relu(x, layer: layers.Layer):
    """A convolution without bias, batch normalisation (folded into the weights on conversion) and ReLU."""
    return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(layer(x)))


def _separable(x, channels: int, stride: int, relu: bool = True):
    """Depthwise 3x3 then pointwise convolution; without the last ReLU where a residual sum follows."""
    x = _conv_bn_relu(x, layers.DepthwiseConv2D(3, stride, "same", use_bias=False))
    pointwise = layers.Conv2D(channels, 1, use_bias=False, kernel_regularizer=keras.regularizers.L2(WEIGHT_DECAY))
    if relu:
        return _conv_bn_relu(x, pointwise)
    return layers.BatchNormalization(momentum=0.95)(pointwise(x))


def digit_network() -> keras.Model:
    """From float images [n, 28, 28, 1] in 0..1 to ten probabilities [n, 10]; 18,538 parameters."""
    image = layers.Input((IMAGE_PX, IMAGE_PX, 1))
    x = _conv_bn_relu(image, layers.Conv2D(16, 3, 2, "same", use_bias=False))
    x = _separable(x, 32, 1)
    x = _separable(x, 64, 2)
    x = layers.ReLU()(layers.Add()([x, _separable(x, 64, 1, relu=False)]))
    x = _separable(x, 112, 1)
    x = layers.AveragePooling2D(7)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.1)(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))
