"""Counter-based random draws: every value is a pure function of (seed, stream name, index).

So a record can be rendered again on a later night, in any chunk, and be the same, without storing it.
Generator: SplitMix64's finaliser (Steele, Lea, Flood 2014) applied to a keyed counter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)


def mix(values: U64) -> U64:
    """SplitMix64 finaliser: a bijection on 64-bit words."""
    z = values.copy()
    z ^= z >> np.uint64(30)
    z *= _M1
    z ^= z >> np.uint64(27)
    z *= _M2
    z ^= z >> np.uint64(31)
    return z


class Draws:
    """Draws of one simulation. `index` is any integer array; the result has its shape."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._keys: dict[str, np.uint64] = {}

    def _key(self, stream: str) -> np.uint64:
        key = self._keys.get(stream)
        if key is None:
            digest = hashlib.blake2b(f"{self._seed}|{stream}".encode(), digest_size=8).digest()
            key = np.uint64(int.from_bytes(digest, "little"))
            self._keys[stream] = key
        return key

    def bits(self, stream: str, index: NDArray) -> U64:
        """64 random bits per index."""
        counter = np.asarray(index).astype(np.uint64)
        return mix(mix(counter * _GOLDEN + self._key(stream)) ^ self._key(stream))

    def uniform(self, stream: str, index: NDArray) -> F64:
        """Uniform in [0, 1)."""
        return (self.bits(stream, index) >> np.uint64(11)).astype(np.float64) * (1.0 / (1 << 53))

    def below(self, stream: str, index: NDArray, high: int | NDArray) -> I64:
        """Integers in [0, high)."""
        return (self.uniform(stream, index) * high).astype(np.int64)

    def chance(self, stream: str, index: NDArray, probability: float | NDArray) -> NDArray[np.bool_]:
        """True with `probability`."""
        return self.uniform(stream, index) < probability

    def normal(self, stream: str, index: NDArray) -> F64:
        """Standard normal, by the Box-Muller transform."""
        u = 1.0 - self.uniform(stream + "/r", index)
        v = self.uniform(stream + "/t", index)
        return np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)

    def choice(self, stream: str, index: NDArray, weights: Sequence[float] | NDArray) -> I64:
        """Position in `weights`, with probability in proportion to the weight."""
        return pick(self.uniform(stream, index), weights)


def pick(uniform: F64, weights: Sequence[float] | NDArray) -> I64:
    """Inverse of the cumulative distribution given by `weights`."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    cumulative /= cumulative[-1]
    return np.minimum(np.searchsorted(cumulative, uniform, side="right"), len(cumulative) - 1)


def zipf_weights(count: int, exponent: float = 0.85) -> F64:
    """Weights 1 / rank^exponent, the skew of names in a population."""
    return 1.0 / np.arange(1, count + 1, dtype=np.float64) ** exponent
