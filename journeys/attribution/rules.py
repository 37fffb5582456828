"""Rule-based attribution: what each touch of a path is credited with, by position or by age.

Definitions as in Adobe Customer Journey Analytics, "Attribution components". Paths are flattened: touch i of path p is
row offsets[p] + i, in the order (occurred_at, source priority, touchpoint_id). The same numbers are made in SQL by the
model fct_attribution_touches; an integration test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeys.errors import JourneysError

Floats = NDArray[np.float64]
HALF_LIFE_DAYS = 7.0


def rule_credits(
    model: str, offsets: NDArray[Any], days: NDArray[Any] | None = None, half_life: float = HALF_LIFE_DAYS
) -> Floats:
    """Credits of one model, float64 (touches,), each path's sum is 1.

    model    a name of RULE_MODELS
    offsets  int64 (paths + 1,), no path without a touch
    days     time from touch to conversion in days, float (touches,), needed by time_decay only
    Raises JourneysError for an unknown model, an empty path or missing days.
    """
    offsets = np.asarray(offsets, dtype=np.int64)
    sizes = np.diff(offsets)
    if np.any(sizes < 1):
        raise JourneysError("A path without a touch has no credit to divide: report it as unattributed.")
    count = np.repeat(sizes, sizes)
    position = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
    if model == "time_decay":
        if days is None:
            raise JourneysError("time_decay needs the days from each touch to the conversion.")
        return _time_decay(np.asarray(days, dtype=np.float64), offsets, half_life)
    if model not in RULE_MODELS:
        raise JourneysError(f"There is no rule model {model!r}: choose one of {', '.join(RULE_MODELS)}.")
    return RULE_MODELS[model](position, count)


def _first(position: NDArray[Any], count: NDArray[Any]) -> Floats:
    return (position == 0).astype(np.float64)


def _last(position: NDArray[Any], count: NDArray[Any]) -> Floats:
    return (position == count - 1).astype(np.float64)


def _linear(position: NDArray[Any], count: NDArray[Any]) -> Floats:
    return 1.0 / count


def _ends(first: float, last: float) -> Callable[[NDArray[Any], NDArray[Any]], Floats]:
    """`first` and `last` for the ends, the rest in equal parts in between; of two touches each gets half of it."""

    def credits(position: NDArray[Any], count: NDArray[Any]) -> Floats:
        rest = 1.0 - first - last
        credit = rest / np.maximum(count - 2, 1)
        two = np.where(count == 2, rest / 2, 0.0)
        credit = np.where(position == 0, first + two, credit)
        credit = np.where(position == count - 1, last + two, credit)
        return np.where(count == 1, 1.0, credit)

    return credits


def _by_time(position: NDArray[Any], count: NDArray[Any]) -> Floats:
    raise JourneysError("time_decay needs the days from each touch to the conversion.")


RULE_MODELS: dict[str, Callable[[NDArray[Any], NDArray[Any]], Floats]] = {
    "first": _first,
    "last": _last,
    "linear": _linear,
    "position": _ends(0.4, 0.4),
    "j_shaped": _ends(0.2, 0.6),
    "inverse_j": _ends(0.6, 0.2),
    "time_decay": _by_time,
}


def _time_decay(days: Floats, offsets: NDArray[np.int64], half_life: float) -> Floats:
    """w = 2^(-days / half_life), measured from the youngest touch, so that an old path does not underflow to nought."""
    sizes = np.diff(offsets)
    youngest = np.minimum.reduceat(days, offsets[:-1])
    weights = np.exp2(-(days - np.repeat(youngest, sizes)) / half_life)
    return weights / np.repeat(np.add.reduceat(weights, offsets[:-1]), sizes)


def last_non_direct(channels: NDArray[Any], offsets: NDArray[Any], direct: str = "direct") -> Floats:
    """1 for the last touch whose channel is not `direct`; a path with direct touches only credits its last touch."""
    offsets = np.asarray(offsets, dtype=np.int64)
    sizes = np.diff(offsets)
    if np.any(sizes < 1):
        raise JourneysError("A path without a touch has no credit to divide: report it as unattributed.")
    position = np.arange(offsets[-1])
    found = np.maximum.reduceat(np.where(np.asarray(channels) == direct, -1, position), offsets[:-1])
    winner = np.where(found >= 0, found, offsets[1:] - 1)
    credit = np.zeros(offsets[-1])
    credit[winner] = 1.0
    return credit


def participation(channels: NDArray[Any], offsets: NDArray[Any]) -> Floats:
    """1 for the first touch of every distinct channel of a path. Inflated by design: never add these up."""
    offsets = np.asarray(offsets, dtype=np.int64)
    path = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    codes = np.unique(np.asarray(channels), return_inverse=True)[1].astype(np.int64)
    _, first = np.unique(path * (codes.max(initial=0) + 1) + codes, return_index=True)
    credit = np.zeros(len(path))
    credit[first] = 1.0
    return credit


def visit_container(visits: NDArray[Any], conversion_visits: NDArray[Any], offsets: NDArray[Any]) -> NDArray[np.bool_]:
    """Which touches stay under a visit look-back: those of the visit in which the path converted. bool (touches,)."""
    bounds: NDArray[np.int64] = np.asarray(offsets, dtype=np.int64)
    sizes = bounds[1:] - bounds[:-1]
    keep: NDArray[np.bool_] = np.asarray(visits) == np.repeat(np.asarray(conversion_visits), sizes)
    return keep
