"""Makes operator test vectors: models, inputs and the outputs of an independent engine. See README.md."""

import argparse
import base64
import json
import sys
import zlib
from pathlib import Path

import numpy as np

import operators  # noqa: F401  (registers them)
from draw import Draw
from engines import TENSORFLOW, TFLM, EngineError
from registry import OPERATORS

VECTORS = Path(__file__).resolve().parents[2] / "test" / "vectors"


def encode(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def difference(ours, theirs):
    """How two lists of outputs differ, in words; empty when they agree (floats: to 1e-5 of the largest value)."""
    for index, (a, b) in enumerate(zip(ours, theirs)):
        if a.shape != b.shape:
            return f"output {index}: TFLM says shape {list(a.shape)}, TensorFlow {list(b.shape)}"
        gap = np.abs(a.astype(np.float64) - b.astype(np.float64))
        limit = 1e-5 * max(1.0, float(np.max(np.abs(b), initial=0))) if a.dtype.kind == "f" else 0
        if gap.size and gap.max() > limit:
            return (
                f"output {index}: TFLM and TensorFlow differ in {int(np.sum(gap > limit))} of {gap.size} elements, "
                f"by up to {gap.max():.6g}"
            )
    return ""


def ask(engine, case):
    try:
        return engine(case.model, case.inputs, case.output_count)[0], ""
    except EngineError as error:
        return None, str(error)


def answer(case):
    """The case as it is stored, or the reasons why neither engine runs it."""
    tflm, tflm_reason = ask(TFLM, case)
    tensorflow, tensorflow_reason = ask(TENSORFLOW, case)
    if tflm is None and tensorflow is None:
        return None, f"tflm: {tflm_reason} | tensorflow: {tensorflow_reason}"
    notes = []
    if tflm is not None and tensorflow is not None and case.compare:
        notes += [text for text in [difference(tflm, tensorflow)] if text]
    if tflm is None:
        notes.append(f"TFLM does not run this: {tflm_reason.split(';')[0]}"[:120])
    use_tensorflow = tflm is None or (case.prefer == "tensorflow" and tensorflow is not None)
    stored = {
        "name": case.name,
        "engine": "tensorflow" if use_tensorflow else "tflm",
        "model": base64.b64encode(case.model).decode(),
        "inputs": [encode(value) for value in case.inputs],
        "outputs": [
            {"dtype": str(value.dtype), "shape": list(value.shape), "data": encode(value)}
            for value in (tensorflow if use_tensorflow else tflm)
        ],
    }
    if notes:
        stored["note"] = "; ".join(notes)
    return stored, ""


def draw_case(operator, dtype, name, pinned, seed):
    rng = np.random.default_rng([seed, zlib.crc32(f"{operator.name}/{dtype}/{name}".encode())])
    d = Draw(rng, dtype, pinned)
    return d.case(f"{dtype}_{name}", operator.draw(d))


def committed(operator, seed):
    for dtype, listed in operator.cases.items():
        for name, pinned in listed:
            yield draw_case(operator, dtype, name, pinned, seed)


def drawn(operator, count, seed):
    dtypes = list(operator.cases)
    for index in range(count):
        dtype = dtypes[index % len(dtypes)]
        yield draw_case(operator, dtype, f"random_{seed}_{index}", {}, seed)


def write_cases(path, title, cases):
    """One case a line, so that a change shows as one line. Returns the bytes written."""
    names = [case["name"] for case in cases]
    if len(set(names)) < len(names):
        raise ValueError(f"{title}: two cases have one name")
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    text = f'{{"op":{json.dumps(title)},"cases":[\n{lines}\n]}}\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return len(text)


# The pinned wheel computes these multipliers in double where TFLM's source has float32 (sub_common.cc; div.cc; kernel_util.cc
# for FULLY_CONNECTED with one scale), and a build from source follows the source. reflow does too.
WHEEL_DIFFERS_FROM_SOURCE = {
    ("div", "int8_both_ways"),
    ("rounding_edges", "int8_fully_connected"),
    ("rounding_edges", "int8_fully_connected_tiny"),
    ("rounding_edges_binary", "int16_sub"),
    ("rounding_edges_binary", "int16_sub_again"),
    ("sub", "int16_both_ways"),
}


def print_notes(kept):
    """Every note once, with the cases that carry it."""
    by_note = {}
    for case in kept:
        if "note" in case:
            by_note.setdefault(f"[{case['engine']}] {case['note']}", []).append(case["name"])
    for note, names in by_note.items():
        print(f"    {note}: {', '.join(names[:4])}{f' and {len(names) - 4} more' if len(names) > 4 else ''}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--op", action="append", choices=sorted(OPERATORS), help="this operator only; may be repeated")
    parser.add_argument("--out", type=Path, default=VECTORS, help="folder for <op>.json")
    parser.add_argument("--random", type=int, metavar="N", help="N random cases per operator instead of the committed ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="print every note and every case that no engine runs")
    options = parser.parse_args()
    if options.random and options.out == VECTORS:
        parser.error("--random writes outside the repository: give --out")
    total, failed = 0, 0
    for name in options.op or OPERATORS:
        operator = OPERATORS[name]
        wanted = drawn(operator, options.random, options.seed) if options.random else committed(operator, options.seed)
        kept, refused = [], []
        for case in wanted:
            if (name, case.name) in WHEEL_DIFFERS_FROM_SOURCE:
                continue
            stored, reason = answer(case)
            if stored is None:
                refused.append(f"{case.name}: {reason}")
            else:
                kept.append(stored)
        size = write_cases(options.out / f"{name}.json", name, kept)
        total += size
        by_tflm = sum(case["engine"] == "tflm" for case in kept)
        print(
            f"{name:24} {len(kept):4} cases, {by_tflm} by TFLM, {sum('note' in c for c in kept)} with a note, {size} bytes",
            flush=True,
        )
        if options.verbose:
            print_notes(kept)
        if not options.random or options.verbose:
            failed += len(refused)
            for line in refused:
                print(f"    no engine: {line}")
    print(f"{total} bytes in all")
    return 1 if failed and not options.random else 0


if __name__ == "__main__":
    sys.exit(main())
