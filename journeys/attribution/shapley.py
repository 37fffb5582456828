"""True Shapley values of channels. Sources: Shapley (1953); Zhao, Mahboobi, Bagheri (2018).

A coalition is a bit mask over channels (bit k = channel k). Paths come as distinct channel sets with their weights,
which add up over disjoint customers (mart attribution_coalition). Two games: `volume` (conversions of the paths inside
S) and `rate` (conversions over all paths inside S).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeys.errors import JourneysError

EXACT_CHANNELS = 15
_CHUNK = 2_000_000  # comparisons of coalitions with paths held in memory at once

Floats = NDArray[np.float64]
Game = Callable[[NDArray[np.int64]], Floats]


@dataclass(frozen=True, slots=True)
class Shapley:
    """values: float64 (n,), summing to v(all channels). standard_errors: zero where the computation was exact."""

    values: Floats
    standard_errors: Floats
    is_exact: bool


def shapley_exact(worth: NDArray[Any]) -> Floats:
    """The general routine: worth float (2^n,), v of every coalition by its mask, v[0] = 0. Returns float64 (n,).

    phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! · (v(S + i) - v(S)). n·2^n operations: n up to about 20.
    """
    worth = np.asarray(worth, dtype=np.float64)
    count = max(len(worth).bit_length() - 1, 0)
    if len(worth) != 1 << count or worth[0] != 0:
        raise JourneysError("v must have one value per coalition (2^n of them), and nothing for the empty one.")
    masks = np.arange(len(worth))
    sizes = np.bitwise_count(masks).astype(np.int64)
    weight = np.array([factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)])
    values = np.empty(count)
    for channel in range(count):
        without = masks[masks >> channel & 1 == 0]
        values[channel] = weight[sizes[without]] @ (worth[without | 1 << channel] - worth[without])
    return values


def shapley_volume(masks: NDArray[Any], conversions: NDArray[Any], count: int) -> Floats:
    """Closed form of the volume game, any n: each conversion in equal parts to the distinct channels of its path."""
    masks = np.asarray(masks, dtype=np.int64)
    share = np.asarray(conversions, dtype=np.float64) / np.maximum(np.bitwise_count(masks), 1)
    return np.array([share[masks >> channel & 1 == 1].sum() for channel in range(count)], dtype=np.float64)


def subset_sums(masks: NDArray[Any], weights: NDArray[Any], count: int) -> Floats:
    """float64 (2^n,): for every coalition S the sum of the weights of masks inside S (n·2^n additions)."""
    sums: Floats = np.bincount(
        np.asarray(masks, dtype=np.int64), np.asarray(weights, dtype=np.float64), minlength=1 << count
    ).astype(np.float64)
    for channel in range(count):
        pairs = sums.reshape(-1, 2, 1 << channel)
        pairs[:, 1] += pairs[:, 0]
    return sums


def rate_game(masks: NDArray[Any], conversions: NDArray[Any], paths: NDArray[Any]) -> Game:
    """v(S) = conversions / paths over the paths inside S, 0 where there is none; for any list of coalitions at once."""
    masks = np.asarray(masks, dtype=np.int64)
    table = np.column_stack((np.asarray(conversions, dtype=np.float64), np.asarray(paths, dtype=np.float64)))

    def worth(coalitions: NDArray[np.int64]) -> Floats:
        sums = np.empty((len(coalitions), 2))
        step = max(1, _CHUNK // max(len(masks), 1))
        for start in range(0, len(coalitions), step):
            inside = (masks & ~coalitions[start : start + step, None]) == 0
            sums[start : start + step] = inside @ table
        return np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(sums)), where=sums[:, 1] > 0)

    return worth


def shapley_rate(
    masks: NDArray[Any],
    conversions: NDArray[Any],
    paths: NDArray[Any],
    count: int,
    *,
    permutations: int = 2000,
    seed: int = 20_260_101,
) -> Shapley:
    """The rate game: exact up to EXACT_CHANNELS channels, above that by seeded permutations with standard errors.

    masks, conversions, paths   one row per distinct channel set: its mask (not 0), conversions and all paths
    The values sum to the conversion rate of all paths; a value can be negative and is given as it is.
    """
    if count > 62:
        raise JourneysError(f"{count} channels are more than a coalition can hold (62): group small ones into `other`.")
    masks = np.asarray(masks, dtype=np.int64)
    if np.any(masks == 0):
        raise JourneysError("A path without a touch belongs to no coalition: leave it out.")
    if count <= EXACT_CHANNELS:
        won, all_paths = subset_sums(masks, conversions, count), subset_sums(masks, paths, count)
        worth = np.divide(won, all_paths, out=np.zeros_like(won), where=all_paths > 0)
        return Shapley(shapley_exact(worth), np.zeros(count), True)
    return _sampled(rate_game(masks, conversions, paths), count, permutations, seed)


def _sampled(worth: Game, count: int, permutations: int, seed: int) -> Shapley:
    """Mean marginal contribution over random orders, each order and its reverse as one antithetic draw."""
    generator = np.random.default_rng(seed)
    draws = np.empty((max(permutations // 2, 2), count))
    for number in range(len(draws)):
        order = generator.permutation(count)
        draws[number] = (_marginal(worth, order) + _marginal(worth, order[::-1])) / 2
    # every draw sums to v(N) exactly, so the mean does, too
    errors: Floats = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    return Shapley(draws.mean(axis=0), errors, False)


def _marginal(worth: Game, order: NDArray[np.int64]) -> Floats:
    prefixes = np.cumsum(np.left_shift(np.int64(1), order.astype(np.int64)))
    gains = np.empty(len(order))
    gains[order] = np.diff(worth(prefixes), prepend=0.0)
    return gains
