"""One case in the making: seeded choices that a configuration may pin, random tensors, and quantisation that fits."""

from dataclasses import dataclass

import numpy as np

from tflite_model import ModelBuilder

INTEGER_RANGE = {
    "int8": (-128, 127),
    "uint8": (0, 255),
    "int16": (-32768, 32767),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**31), 2**31 - 1),
    "bool": (0, 1),
}

QUANTISED = ("int8", "uint8", "int16")


@dataclass
class Case:
    name: str
    model: bytes
    inputs: list
    output_count: int
    # Set where TensorFlow's reference is the truth even though TFLM runs the model.
    prefer: str = "tflm"
    # False where TensorFlow's answer means nothing, so that a difference is no news.
    compare: bool = True


class Draw:
    """`dtype` is the case's activation type; `pinned` fixes choices by key and everything else is drawn."""

    def __init__(self, rng, dtype, pinned=None):
        self.rng = rng
        self.dtype = dtype
        self.pinned = dict(pinned or {})
        self.used = set()
        self.model = ModelBuilder()
        self.feeds = []
        self.prefer = "tflm"
        self.compare = True

    @property
    def quantised(self):
        return self.dtype in QUANTISED

    # Choices.
    def pick(self, key, options):
        """The pinned value of `key`, or one of `options`; repeat an option to make it likelier."""
        self.used.add(key)
        if key in self.pinned:
            return self.pinned[key]
        return options[int(self.rng.integers(len(options)))]

    def whole(self, key, low, high):
        """The pinned value of `key`, or an integer in [low, high]."""
        self.used.add(key)
        if key in self.pinned:
            return self.pinned[key]
        return int(self.rng.integers(low, high + 1))

    def shape(self, key, rank=None, largest=6, most=240):
        """The pinned shape, or a random one with at most `most` elements."""
        self.used.add(key)
        if key in self.pinned:
            return list(self.pinned[key])
        rank = int(self.rng.integers(1, 5)) if rank is None else rank
        while True:
            shape = [int(n) for n in self.rng.integers(1, largest + 1, rank)]
            if np.prod(shape) <= most:
                return shape

    # Quantisation.
    def scale(self, key="scale"):
        self.used.add(key)
        if key in self.pinned:
            return np.float32(self.pinned[key])
        # int16 covers about the same real range as int8, in finer steps.
        exponent = self.rng.uniform(-2.5, -0.5) - (2.4 if self.dtype == "int16" else 0)
        return np.float32(10**exponent)

    def zero_point(self, key="zero_point", dtype=None):
        self.used.add(key)
        dtype = dtype or self.dtype
        if dtype not in ("int8", "uint8"):
            return 0
        if key in self.pinned:
            return self.pinned[key]
        low, high = INTEGER_RANGE[dtype]
        return int(self.rng.choice([low, high, (low + high + 1) // 2, *self.rng.integers(low, high + 1, 5)]))

    def quant(self, key=""):
        """Random (scale, zero point), or (None, 0) for a type that is not quantised."""
        return (self.scale(key + "scale"), self.zero_point(key + "zero_point")) if self.quantised else (None, 0)

    def fit(self, low, high, key="fit", dtype=None, floor=0.0):
        """Output quantisation for real values in [low, high]: mostly fitting, sometimes saturating, coarse or lopsided.

        `floor` is the smallest scale: it keeps a multiplier of the operator within what the engines are made for.
        """
        dtype = dtype or self.dtype
        if dtype not in QUANTISED:
            return None, 0
        mode = self.pick(key, ["fit", "fit", "fit", "saturate", "coarse", "lopsided"])
        smallest, largest = INTEGER_RANGE[dtype]
        low, high = min(low, 0.0), max(high, 0.0)
        span = max(high - low, 1e-6)
        if dtype == "int16":
            scale, point = max(-low, high, 1e-6) / 32767, 0
        else:
            scale = span / 255
            point = int(np.clip(round(smallest - low / scale), smallest, largest))
        factor = {"fit": 1.0, "saturate": 0.3, "coarse": 15.0, "lopsided": 0.8}[mode]
        if mode == "lopsided" and dtype != "int16":
            point = int(self.rng.choice([smallest, largest]))
        return np.float32(max(scale * factor, floor)), point

    # Tensors.
    def values(self, shape, dtype=None, spread=None, zero_point=0):
        """Random data: uniform over the type, near the zero point, only the type's extremes, or 256 values that span it.

        Floats are normal.
        """
        dtype = dtype or self.dtype
        if dtype == "float32":
            return (self.rng.standard_normal(shape) * 2).astype(np.float32)
        low, high = INTEGER_RANGE[dtype]
        if dtype in ("int32", "int64"):
            low, high = -1000, 1000
        spread = spread or self.pick("spread", ["full", "full", "full", "near", "extreme"])
        if spread == "near":
            reach = 3 if dtype != "int16" else 300
            data = np.clip(zero_point + self.rng.integers(-reach, reach + 1, shape), low, high)
        elif spread == "every":
            data = np.round(np.linspace(low, high, 256)).reshape(shape)
        elif spread == "extreme":
            data = self.rng.choice([low, high], shape)
        else:
            data = self.rng.integers(low, high + 1, shape)
        return np.asarray(data).astype(dtype)

    def feed(self, shape, scale=None, zero_point=0, dtype=None, data=None, spread=None):
        """A graph input with random data; returns (tensor, data)."""
        dtype = dtype or self.dtype
        data = self.values(shape, dtype, spread, zero_point) if data is None else np.asarray(data, dtype)
        tensor = self.model.input(shape, dtype, scale, zero_point)
        self.feeds.append(data.reshape(shape))
        return tensor, data

    def feed_quantised(self, shape, key="", spread=None, data=None):
        """A graph input of the case's type; returns (tensor, real values, (scale, zero point))."""
        scale, point = self.quant(key)
        tensor, data = self.feed(shape, scale, point, data=data, spread=spread)
        return tensor, real(data, scale, point), (scale, point)

    def result(self, shape, scale=None, zero_point=0, dtype=None):
        """A graph output."""
        tensor = self.model.tensor(shape, dtype or self.dtype, scale, zero_point)
        self.model.outputs(tensor)
        return tensor

    def op(self, *args, **kwargs):
        self.model.op(*args, **kwargs)

    def case(self, name, output_count):
        unknown = set(self.pinned) - self.used
        if unknown:
            raise KeyError(f"{name}: nothing reads {sorted(unknown)}")
        return Case(name, self.model.build(), self.feeds, output_count, self.prefer, self.compare)


def real(data, scale, zero_point):
    """Quantised data as real numbers; data itself where it is not quantised."""
    if scale is None:
        return data.astype(np.float64)
    return (data.astype(np.float64) - zero_point) * np.float64(scale)
