"""The networks: each function draws one into a Net."""

import numpy as np


def residual(net):
    """Inverted residual blocks, one with a projection, and a classifier."""
    x = net.conv(net.input([1, 16, 16, 3]), 8, stride=(2, 2), act="RELU6")
    for channels, stride in ((8, 1), (12, 2), (12, 1)):
        inner = net.conv(x, 16, (1, 1), act="RELU6")
        inner = net.conv(net.depthwise(inner, stride=(stride, stride), act="RELU6"), channels, (1, 1))
        x = net.binary("add", x, inner) if net.shape(inner) == net.shape(x) else inner
    net.output(net.softmax(net.dense(net.mean(x, [1, 2]), 5)))


def inception(net):
    """Four branches of unlike depth joined by channel."""
    x = net.conv(net.input([1, 12, 10, 2]), 6, act="RELU")
    parts = [
        net.conv(x, 4, (1, 1), act="RELU"),
        net.conv(net.conv(x, 4, (1, 1), act="RELU"), 5, (3, 3), act="RELU"),
        net.conv(net.conv(x, 3, (1, 5), act="RELU"), 3, (5, 1), act="RELU"),
        net.conv(net.pool(x, "MAX", (3, 3), (1, 1), "SAME"), 2, (1, 1), act="RELU"),
    ]
    x = net.pool(net.concat(parts, 3), "AVERAGE", (3, 3), (2, 2), "SAME")
    x = net.conv(x, 4, (1, 1))
    net.output(net.dense(net.reshape(x, [1, int(np.prod(net.shape(x)))]), 4))


def squeeze_excite(net):
    """Channel attention: a mean kept at 1 x 1, two small layers, LOGISTIC, and a MUL that broadcasts."""
    x = net.unary("HARD_SWISH", net.conv(net.input([1, 12, 12, 3]), 8, stride=(2, 2)), "HardSwishOptions")
    gate = net.conv(net.mean(x, [1, 2], keep=True), 4, (1, 1), act="RELU")
    gate = net.logistic(net.conv(gate, 8, (1, 1)))
    y = net.binary("add", net.conv(net.binary("mul", x, gate), 8, (1, 1)), x)
    y = net.unary("HARD_SWISH", y, "HardSwishOptions")
    net.output(net.dense(net.mean(y, [1, 2]), 6))


def shuffle(net):
    """Half the channels pass by; the halves are joined and shuffled through a rank-5 TRANSPOSE."""
    x = net.conv(net.input([1, 10, 10, 2]), 8, act="RELU6")
    for _ in range(2):
        kept, changed = net.split(x, 2, 3)
        kept = net.conv(kept, 4, (1, 1), act="RELU6")
        changed = net.conv(net.depthwise(net.conv(changed, 4, (1, 1), act="RELU6")), 4, (1, 1), act="RELU6")
        x = net.concat([kept, changed], 3)
        shape = net.shape(x)
        x = net.transpose(net.reshape(x, [*shape[:3], 2, 4]), [0, 1, 2, 4, 3])
        x = net.reshape(x, shape)
    net.output(net.mean(x, [1, 2]))


def unpacked_rows(net):
    """The image's rows one by one, every second one kept, packed again."""
    x = net.conv(net.input([1, 6, 8, 2]), 5, act="RELU")
    rows = net.unpack(x, 1)
    x = net.pack(rows[::2][::-1], 1)
    x = net.cut(x, [0, 0, 1, 0], [1, 3, 8, 5], [1, 1, 2, 1])
    net.output(net.dense(x, 3, keep=True))


def decoder(net):
    """Down twice, up twice by RESIZE, with skip connections: a mask of the input's size."""
    x0 = net.conv(net.input([1, 12, 12, 1]), 6, act="RELU")
    x1 = net.conv(x0, 8, stride=(2, 2), act="RELU")
    x2 = net.conv(x1, 8, stride=(2, 2), act="RELU")
    up = net.resize(net.conv(x2, 8, (1, 1)), "bilinear", (6, 6), half=True)
    up = net.conv(net.binary("add", up, x1, act="RELU"), 6, act="RELU")
    up = net.resize(up, "nearest", (12, 12))
    up = net.conv(net.binary("add", up, x0), 1, (3, 3))
    net.output(net.logistic(up))


def grouped_dilated(net):
    """Grouped and dilated convolutions, explicit PAD, LEAKY_RELU and a PRELU."""
    x = net.pad(net.input([1, 9, 11, 4]), [[0, 0], [1, 1], [2, 0], [0, 0]])
    x = net.conv(x, 8, stride=(2, 2), padding="VALID", groups=2)
    x = net.unary("LEAKY_RELU", x, "LeakyReluOptions", alpha=0.15)
    x = net.conv(x, 8, dilation=(2, 2), groups=4)
    alpha = net.constant(np.abs(net.rng.standard_normal([1, 1, 8])) * 0.3)
    x = net.op("PRELU", [x, alpha], net.shape(x))
    x = net.conv(x, 6, (1, 3), dilation=(1, 2), act="RELU_N1_TO_1")
    net.output(net.pool(x, "AVERAGE", (2, 3), (2, 2)))


def up_convolution(net):
    """A small generator: TRANSPOSE_CONV twice, TANH at the end."""
    x = net.dense(net.input([1, 10]), 36, act="RELU")
    x = net.up_conv(net.reshape(x, [1, 3, 3, 4]), 4)
    x = net.up_conv(net.unary("RELU", x), 3, (4, 4))
    net.output(net.tanh(net.conv(x, 1)))


def temporal(net):
    """A causal 1-D network as 1 x K convolutions: left padding, growing dilation, residual sums."""
    x = net.conv(net.input([1, 1, 40, 3]), 8, (1, 5), stride=(1, 2), act="RELU")
    for dilation in (1, 2, 4):
        y = net.pad(x, [[0, 0], [0, 0], [2 * dilation, 0], [0, 0]])
        y = net.conv(y, 8, (1, 3), padding="VALID", dilation=(1, dilation), act="RELU")
        x = net.binary("add", x, net.conv(y, 8, (1, 1)), act="RELU")
    net.output(net.softmax(net.dense(net.reshape(net.pool(x, "AVERAGE", (1, 20), (1, 20)), [1, 8]), 4)))


def two_by_two(net):
    """An image and a vector in, a class and a position out."""
    image = net.conv(net.input([1, 10, 10, 1]), 6, stride=(2, 2), act="RELU")
    features = net.mean(net.depthwise(image, multiplier=2, act="RELU"), [1, 2])
    vector = net.dense(net.input([1, 5]), 12, act="RELU")
    joined = net.concat([net.dense(features, 7), net.dense(vector, 6)], 1)
    net.output(net.softmax(net.dense(joined, 4)))
    net.output(net.binary("sub", net.dense(joined, 2), net.dense(vector, 2)))


def plain(net):
    """Convolution, depthwise, pools, sums, products and a classifier: the operators that int16 has too."""
    x = net.conv(net.input([1, 10, 8, 2]), 6, stride=(2, 1), act="RELU")
    y = net.depthwise(x, multiplier=1, act="RELU6")
    x = net.binary("mul", net.binary("add", x, y), net.logistic(net.conv(y, 6, (1, 1))))
    x = net.pool(net.pool(x, "MAX", (2, 2), (1, 2)), "AVERAGE", (2, 2), (2, 2))
    x = net.tanh(net.dense(net.reshape(x, [1, int(np.prod(net.shape(x)))]), 6))
    net.output(net.softmax(net.dense(x, 4)))


def wide_borders(net):
    """float32 in, uint8 and float32 out, int8 within."""
    x = net.conv(net.input([1, 8, 8, 2], border="float32"), 6, stride=(2, 2), act="RELU6")
    net.output(net.conv(x, 2, (1, 1)), border="uint8")
    net.output(net.softmax(net.dense(net.mean(x, [1, 2]), 3)), border="float32")


def camera(net):
    """A uint8 image, and a uint8 vector that joins later."""
    x = net.conv(net.input([1, 12, 12, 3], border="uint8"), 6, stride=(2, 2), act="RELU")
    x = net.mean(net.conv(x, 8, stride=(2, 2), act="RELU"), [1, 2])
    side = net.dense(net.input([1, 4], border="uint8"), 8, act="RELU")
    net.output(net.dense(net.maximum(x, side), 5), border="uint8")


def attention(net):
    """One head of attention over 6 tokens with a normalisation built from MEAN, SQUARED_DIFFERENCE and RSQRT."""
    x = net.input([1, 6, 8])
    query, key, value = (net.dense(x, 8, keep=True) for _ in range(3))
    scores = net.binary("mul", net.matmul(query, key, adj_y=True), net.constant(np.float32(8**-0.5)))
    y = net.binary("add", net.dense(net.matmul(net.softmax(scores), value), 8, keep=True), x)
    centre = net.mean(y, [2], keep=True)
    spread = net.op("SQUARED_DIFFERENCE", [y, centre], net.shape(y), "SquaredDifferenceOptions")
    spread = net.binary("add", net.mean(spread, [2], keep=True), net.constant(np.float32(0.05)))
    scale = net.op("RSQRT", [spread], net.shape(spread))
    y = net.binary("mul", net.binary("sub", y, centre), scale)
    net.output(net.transpose(net.dense(y, 4, act="RELU", keep=True), [0, 2, 1]))


ZOO = [
    ("residual", "int8", residual),
    ("inception", "int8", inception),
    ("squeeze_excite", "int8", squeeze_excite),
    ("shuffle", "int8", shuffle),
    ("unpacked_rows", "int8", unpacked_rows),
    ("decoder", "int8", decoder),
    ("grouped_dilated", "int8", grouped_dilated),
    ("up_convolution", "int8", up_convolution),
    ("temporal", "int8", temporal),
    ("two_by_two", "int8", two_by_two),
    ("plain", "int8", plain),
    ("plain", "int16", plain),
    ("plain", "float32", plain),
    ("squeeze_excite", "float32", squeeze_excite),
    ("wide_borders", "int8", wide_borders),
    ("camera", "int8", camera),
    ("attention", "int8", attention),
    ("attention", "float32", attention),
]
