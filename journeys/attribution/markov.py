"""Exact Markov removal effects: one linear solve per channel, no simulation.

States: start, the channels, conversion, null. Sources: Anderl, Becker, von Wangenheim, Schumann (2016); Bryl' (2016).
Only the weights of the moves matter, so whole path sets are never needed: moves add up over disjoint customers,
which is how the warehouse keeps them (mart attribution_transition).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeys.errors import JourneysError

START, CONVERSION, NULL = "(start)", "(conversion)", "(null)"


@dataclass(frozen=True, slots=True)
class Transitions:
    """Moves among n channels; weights: float64 (n + 1, n + 2) from start, channels to channels, conversion, null."""

    channels: tuple[str, ...]
    weights: NDArray[np.float64]

    @property
    def conversions(self) -> float:
        return float(self.weights[:, -2].sum())

    @property
    def non_conversions(self) -> float:
        return float(self.weights[:, -1].sum())

    @classmethod
    def of_moves(cls, sources: Sequence[str], targets: Sequence[str], weights: Sequence[float]) -> Transitions:
        """From rows (source, target, weight); the order of rows does not matter, equal rows add up."""
        channels = tuple(sorted(({*sources} | {*targets}) - {START, CONVERSION, NULL}))
        rows = {START: 0} | {channel: number + 1 for number, channel in enumerate(channels)}
        columns = {channel: number for number, channel in enumerate(channels)}
        columns |= {CONVERSION: len(channels), NULL: len(channels) + 1}
        matrix = np.zeros((len(channels) + 1, len(channels) + 2))
        try:
            at = (np.array([rows[name] for name in sources], int), np.array([columns[name] for name in targets], int))
        except KeyError as unknown:
            raise JourneysError(
                f"No move can begin or end at {unknown}: see markov.START, CONVERSION and NULL."
            ) from None
        np.add.at(matrix, at, np.asarray(weights, dtype=np.float64))
        return cls(channels, matrix)


@dataclass(frozen=True, slots=True)
class RemovalEffects:
    """probability: P(conversion) from start; effects, shares: float64 (n,), in the order of `channels`.

    Shares sum to 1, or are all 0 where nothing converted.
    """

    channels: tuple[str, ...]
    probability: float
    effects: NDArray[np.float64]
    shares: NDArray[np.float64]


def transitions_of_paths(
    paths: Iterable[Sequence[str]], conversions: Sequence[float], non_conversions: Sequence[float]
) -> Transitions:
    """Moves of explicit paths, each with the number of customers who converted after it and who did not.

    Paths without a touch say nothing about channels and are left out. Raises JourneysError for negative weights.
    """
    if min([0.0, *conversions, *non_conversions]) < 0:
        raise JourneysError("A path cannot have a negative number of conversions or non-conversions.")
    rows: list[tuple[str, str, float]] = []
    for path, won, lost in zip(paths, conversions, non_conversions, strict=True):
        if len(path):
            states = [START, *path]
            rows += [(left, right, won + lost) for left, right in pairwise(states)]
            rows += [(states[-1], CONVERSION, won), (states[-1], NULL, lost)]
    sources, targets, weights = zip(*rows, strict=True) if rows else ((), (), ())
    return Transitions.of_moves(sources, targets, weights)


def removal_effects(transitions: Transitions) -> RemovalEffects:
    """RE_c = 1 - P_c / P, where every probability into c goes to null.

    A move of a channel to itself never alters absorption and is dropped first: collapsing repeats changes nothing.
    No conversion at all: every effect and share is 0.
    """
    count = len(transitions.channels)
    weights = transitions.weights.copy()
    weights[np.arange(1, count + 1), np.arange(count)] = 0.0
    totals = weights.sum(axis=1, keepdims=True)
    probabilities = np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)
    inner = np.zeros((count + 1, count + 1))
    inner[:, 1:] = probabilities[:, :count]
    into_conversion = probabilities[:, count]
    base = _from_start(inner, into_conversion)
    effects = np.zeros(count)
    if base > 0:
        for channel in range(1, count + 1):
            rest = np.delete(np.arange(count + 1), channel)
            effects[channel - 1] = 1.0 - _from_start(inner[np.ix_(rest, rest)], into_conversion[rest]) / base
    effects = np.clip(np.where(np.abs(effects) < 1e-13, 0.0, effects), 0.0, 1.0)
    total = effects.sum()
    return RemovalEffects(transitions.channels, base, effects, effects / total if total > 0 else effects)


def _from_start(inner: NDArray[np.float64], into_conversion: NDArray[np.float64]) -> float:
    return float(np.linalg.solve(np.eye(len(inner)) - inner, into_conversion)[0])


def path_credits(effects: NDArray[Any], channels: NDArray[Any], offsets: NDArray[Any]) -> NDArray[np.float64]:
    """Credit of each touch: its channel's removal effect over those of all touches of the path; all 0: linear.

    effects   float (n,) removal effect of channel k
    channels  int (touches,) channel of each touch
    offsets   int64 (paths + 1,); no path without a touch
    """
    offsets = np.asarray(offsets, dtype=np.int64)
    sizes = np.diff(offsets)
    if np.any(sizes < 1):
        raise JourneysError("A path without a touch has no credit to divide: report it as unattributed.")
    weights = np.asarray(effects, dtype=np.float64)[np.asarray(channels, dtype=np.int64)]
    totals = np.repeat(np.add.reduceat(weights, offsets[:-1]), sizes)
    return np.where(totals > 0, weights / np.where(totals > 0, totals, 1.0), 1.0 / np.repeat(sizes, sizes))
