"""FULLY_CONNECTED and BATCH_MATMUL."""

import numpy as np

from draw import real
from ops_conv import ACTIVATIONS, accumulator_reach, bias_tensor, bias_type, convolved_output, weight_tensor
from registry import cases, operator
from tflite_model import ACTIVATION, TENSOR_TYPE

FLAT = dict(lead=[1], keep_dims=False, activation="NONE", bias=True, per_tensor=True)
FC_FLOAT = cases(
    plain=FLAT,
    batch3_relu={**FLAT, "lead": [3], "activation": "RELU"},
    rank3_keep_dims={**FLAT, "lead": [2, 3], "keep_dims": True},
    rank3_flattened={**FLAT, "lead": [2, 3]},
    rank4_keep_dims_relu6={**FLAT, "lead": [1, 2, 3], "keep_dims": True, "activation": "RELU6"},
    no_bias_n1to1={**FLAT, "bias": False, "activation": "RELU_N1_TO_1"},
    one_output={**FLAT, "units": 1},
)
FC_INT = [
    *FC_FLOAT,
    *cases(
        per_channel={**FLAT, "per_tensor": False},
        per_channel_batch2_relu={**FLAT, "per_tensor": False, "lead": [2], "activation": "RELU"},
        per_channel_no_bias={**FLAT, "per_tensor": False, "bias": False},
        per_channel_far_apart={**FLAT, "per_tensor": False, "channel_spread": 2.5, "units": 11},
        long={**FLAT, "depth": 130, "units": 3},
        zero_point_low={**FLAT, "in_zero_point": -128, "fit": "lopsided"},
        zero_point_high={**FLAT, "in_zero_point": 127},
        saturating={**FLAT, "fit": "saturate"},
        coarse_output={**FLAT, "fit": "coarse"},
        extremes={**FLAT, "spread": "extreme", "weight_spread": "extreme"},
        multiplier_over_one={**FLAT, "spread": "near", "weight_spread": "near", "fit": "saturate", "depth": 4},
    ),
]


@operator(
    {
        "int8": FC_INT,
        "int16": [
            *FC_INT,
            ("int32_bias", {**FLAT, "bias_type": "int32"}),
            ("int32_bias_per_channel", {**FLAT, "per_tensor": False, "bias_type": "int32", "units": 9}),
        ],
        "float32": FC_FLOAT,
    }
)
def fully_connected(d):
    lead = d.pick("lead", [[1], [1], [2], [4], [2, 3], [1, 2, 2]])
    depth, units = d.whole("depth", 1, 40), d.whole("units", 1, 12)
    per_tensor, keep = d.pick("per_tensor", [True, True, False]), d.pick("keep_dims", [True, False])
    scale, point = d.quant("in_")
    x, data = d.feed([*lead, depth], scale, point)
    w, scales, weights = weight_tensor(d, [units, depth], 0, scale, per_tensor)
    size = accumulator_reach(d, depth, data, point, weights)
    b = bias_tensor(d, units, scales, size, per_tensor)
    shape = [*lead, units] if keep else [int(np.prod(lead)), units]
    y = convolved_output(d, shape, scales, size)
    d.op("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", keepNumDims=keep,
         quantizedBiasType=TENSOR_TYPE[bias_type(d)],
         fusedActivationFunction=ACTIVATION[d.pick("activation", ACTIVATIONS)])  # fmt: skip
    return 1


MATMUL = dict(left_lead=[2], right_lead=[2], adj_x=False, adj_y=False)
MATMUL_CASES = cases(
    plain=MATMUL,
    adj_x={**MATMUL, "adj_x": True},
    adj_y={**MATMUL, "adj_y": True},
    adj_both={**MATMUL, "adj_x": True, "adj_y": True},
    rank2={**MATMUL, "left_lead": [], "right_lead": []},
    rank4={**MATMUL, "left_lead": [2, 3], "right_lead": [2, 3]},
    broadcast_right={**MATMUL, "left_lead": [3], "right_lead": [1]},
    broadcast_left={**MATMUL, "left_lead": [1], "right_lead": [3], "adj_y": True},
    broadcast_both={**MATMUL, "left_lead": [2, 1], "right_lead": [1, 3]},
    constant_right={**MATMUL, "left_lead": [2], "right_lead": [1], "constant": True},
    constant_right_adj_y={**MATMUL, "left_lead": [1], "right_lead": [1], "constant": True, "adj_y": True},
    vector={**MATMUL, "rows": 1, "columns": 1},
)
MATMUL_INT = [
    *MATMUL_CASES,
    *cases(
        saturating={**MATMUL, "fit": "saturate"},
        zero_points={**MATMUL, "left_zero_point": -128, "right_zero_point": 127},
        extremes={**MATMUL, "spread": "extreme"},
    ),
]


@operator({"int8": MATMUL_INT, "int16": MATMUL_CASES[:4], "float32": MATMUL_CASES})
def batch_matmul(d):
    left_lead = d.pick("left_lead", [[], [1], [2], [2, 3]])
    right_lead = d.pick("right_lead", [left_lead, left_lead, [1] * len(left_lead)])
    rows, depth, columns = d.whole("rows", 1, 5), d.whole("depth", 1, 9), d.whole("columns", 1, 5)
    adj_x, adj_y = d.pick("adj_x", [False, True]), d.pick("adj_y", [False, True])
    left_shape = [*left_lead, *([depth, rows] if adj_x else [rows, depth])]
    right_shape = [*right_lead, *([columns, depth] if adj_y else [depth, columns])]
    x, left, (left_scale, _) = d.feed_quantised(left_shape, "left_")
    if d.pick("constant", [False, False, True]):
        right_scale, point = d.quant("right_")
        data = d.values(right_shape, zero_point=point)
        y, right = d.model.const(data, right_scale, point), real(data, right_scale, point)
    else:
        y, right, (right_scale, _) = d.feed_quantised(right_shape, "right_")
    product = (np.swapaxes(left, -1, -2) if adj_x else left) @ (np.swapaxes(right, -1, -2) if adj_y else right)
    floor = float(left_scale) * float(right_scale) / 100 if d.quantised else 0.0
    z = d.result(product.shape, *d.fit(float(product.min()), float(product.max()), floor=floor))
    d.op("BATCH_MATMUL", [x, y], [z], "BatchMatMulOptions", adjX=adj_x, adjY=adj_y)
    return 1
