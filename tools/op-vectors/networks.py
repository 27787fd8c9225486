"""Makes test/vectors/networks.json: networks of odd structure with calibrated scales, and what TFLM computes for them."""

import argparse
import base64
import sys
from pathlib import Path

import numpy as np

from engines import TENSORFLOW, TFLM
from make_vectors import VECTORS, difference, encode, write_cases
from net import Net
from stored import DTYPE, schema
from zoo import ZOO

LARGEST_BYTES = 60_000


def real_inputs(net, rng):
    """Smooth-ish random inputs in about [-1, 1]."""
    return [np.tanh(rng.standard_normal(net.shape(t)) * 0.8).astype(np.float32) for t, _ in net.inputs]


def activations(net):
    return [i for i, t in enumerate(net.tensors) if t.kind == "activation"]


def calibrated_ranges(net, model, rng, runs=6):
    """Smallest and largest value of every activation over a few random inputs."""
    wanted = activations(net)
    ranges = {i: (0.0, 0.0) for i in wanted}
    for _ in range(runs):
        inputs = real_inputs(net, rng)
        _, values = TENSORFLOW(model, inputs, len(net.outputs), wanted)
        for index, value in zip(wanted, values):
            low, high = ranges[index]
            ranges[index] = (min(low, float(value.min())), max(high, float(value.max())))
    for index, _ in net.inputs:
        ranges[index] = (-1.0, 1.0)
    return ranges


def typed_inputs(model, values):
    """The real inputs as the model's graph inputs want them."""
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0)).subgraphs[0]
    for index, value in zip(graph.inputs, values):
        tensor = graph.tensors[index]
        dtype = DTYPE[tensor.type]
        if dtype == "float32":
            yield value
            continue
        limits = np.iinfo(dtype)
        steps = np.round(value / tensor.quantization.scale[0]) + tensor.quantization.zeroPoint[0]
        yield np.clip(steps, limits.min, limits.max).astype(dtype)


def described(values):
    return [{"dtype": str(v.dtype), "shape": list(v.shape), "data": encode(v)} for v in values]


def stored_network(name, dtype, draw, seed):
    rng = np.random.default_rng([seed, len(name), *name.encode()])
    net = Net(rng)
    draw(net)
    float_model = net.build("float32")
    ranges = calibrated_ranges(net, float_model, rng)
    model = net.build(dtype, ranges)
    wanted = activations(net)
    vectors, notes = [], []
    for number in range(2):
        inputs = list(typed_inputs(model, real_inputs(net, rng)))
        outputs, _ = TFLM(model, inputs, len(net.outputs))
        kept, inner = TFLM(model, inputs, len(net.outputs), wanted)
        if difference(outputs, kept):
            raise RuntimeError(f"{name}: TFLM's outputs change when it keeps every tensor")
        theirs, their_inner = TENSORFLOW(model, inputs, len(net.outputs), wanted)
        notes += [f"vector {number}: {text}" for text in [difference(outputs, theirs)] if text]
        vector = {"inputs": [encode(v) for v in inputs], "outputs": described(outputs)}
        if number == 0:
            vector["tensors"] = [{"index": i, **d} for i, d in zip(wanted, described(inner))]
            apart = [i for i, a, b in zip(wanted, inner, their_inner) if difference([a], [b])]
            notes += [f"TFLM and TensorFlow differ in tensors {apart}"] if apart else []
        at_top = [np.mean(v == np.iinfo(v.dtype).max) for v in inner if v.dtype.kind != "f"]
        vectors.append(vector)
        print(
            f"{name:24} vector {number}: {len(net.ops)} operators, {np.mean(at_top) if at_top else 0:.1%} at the top of the range"
        )
    case = {
        "name": f"{dtype}_{name}",
        "engine": "tflm",
        "model": base64.b64encode(model).decode(),
        **vectors[0],
        "more": vectors[1:],
    }
    if notes:
        case["note"] = "; ".join(notes)
        print("    " + case["note"][:300])
    return case


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=VECTORS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cases = [stored_network(name, dtype, draw, options.seed) for name, dtype, draw in ZOO]
    size = write_cases(options.out / "networks.json", "networks", cases)
    large = [c["name"] for c in cases if len(str(c)) > LARGEST_BYTES]
    print(f"{len(cases)} networks, {size} bytes" + (f"; over {LARGEST_BYTES}: {', '.join(large)}" if large else ""))
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())
