"""Checks the arithmetic that README.md states, restated in numpy, against vectors. Exit status 1 when any value differs."""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

import facts_linear
import facts_pointwise
import facts_reduce
import facts_tables
from make_vectors import VECTORS
from stored import read_cases

MODELS = {**facts_linear.MODELS, **facts_reduce.MODELS, **facts_pointwise.MODELS, **facts_tables.MODELS}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=Path, default=VECTORS)
    parser.add_argument("--op", action="append", help="this file only, without .json; may be repeated")
    options = parser.parse_args()
    bad = 0
    for path in sorted(options.vectors.glob("*.json")):
        if options.op and path.stem not in options.op or path.stem == "networks":
            continue
        checked, wrong = defaultdict(int), []
        for case in read_cases(path):
            if case.kind not in MODELS or case.inputs[0].dtype in ("float32", "int32") and case.kind != "quantize":
                continue
            expected = case.outputs[0].data
            differing = int(np.sum(MODELS[case.kind](case) != expected))
            checked[f"{case.inputs[0].dtype} by {case.engine}"] += expected.size
            if differing:
                wrong.append(f"    {case.name}: {differing} of {expected.size} values differ")
        if checked:
            print(f"{path.stem:24} " + ", ".join(f"{count} {what}" for what, count in sorted(checked.items())))
        bad += len(wrong)
        print("".join(line + "\n" for line in wrong), end="")
    print("every value as stated" if bad == 0 else f"{bad} cases differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
