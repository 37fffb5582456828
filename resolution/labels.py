"""What is known for sure about some pairs: labelled pairs, or the true person of some records.

Labels teach the model (m and the prior) and choose the threshold; unlike decisions they force nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from resolution.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from resolution.classify.patterns import PatternCounts
    from resolution.cluster import Constraints
    from resolution.compare.kernels import Levels
    from resolution.standardise.columns import Standardised

Positions = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Compared = Sequence[tuple[Positions, Positions, "npt.NDArray[np.uint8]"]]
FEWEST = 20
"""Labels of each kind (same, different) without which the threshold is not chosen on labels: chance would choose it."""
BINS = (0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999)
GRID = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)
CLOSE = 0.001


@dataclass(frozen=True)
class Labels:
    """left, right int32[k] positions and same bool[k]: labelled pairs. person int64[n]: the true person of each record,
    -1 unknown; every pair of known records is then labelled.
    """

    left: Positions
    right: Positions
    same: npt.NDArray[np.bool_]
    person: npt.NDArray[np.int64] | None = None

    @classmethod
    def make(cls, std: Standardised, table: Any) -> Labels:
        """From a table of pairs (left, right: record ids; verdict: 'same' or 'different') or of records (record_id,
        person; blank = unknown). Raises InputError for other columns or verdicts and for unknown records.
        """
        import pandas as pd

        from resolution.constraints import positions_of
        from resolution.standardise import to_frame

        frame = to_frame(table).to_pandas()
        if {"left", "right", "verdict"} <= set(frame.columns):
            wrong = ~frame["verdict"].isin(["same", "different"])
            if wrong.any():
                line = int(np.flatnonzero(wrong)[0]) + 2
                raise InputError(f"the labels, line {line}: the verdict must be `same` or `different`")
            left, right = (positions_of(std, frame[side], "the labels") for side in ("left", "right"))
            return cls(left, right, (frame["verdict"] == "same").to_numpy())
        if {"record_id", "person"} <= set(frame.columns):
            frame = frame[frame["person"].notna() & (frame["person"].astype(str).str.strip() != "")]
            person = np.full(std.n, -1, np.int64)
            person[positions_of(std, frame["record_id"], "the labels")] = pd.factorize(frame["person"].astype(str))[0]
            none = np.empty(0, np.int32)
            return cls(none, none, np.empty(0, bool), person)
        raise InputError(
            "labels need the columns left, right and verdict (`same` or `different`), or record_id and person; "
            f"there are {', '.join(map(str, frame.columns))}"
        )

    def pattern_counts(
        self, counts: PatternCounts, compared: Compared, compare: Callable[[Positions, Positions], Levels]
    ) -> tuple[Floats, Floats]:
        """(labelled same, labelled different) per pattern of the candidates.

        compared: the candidate pairs with their levels; compare: levels of any pairs (labelled ones need not be
        candidates). A pattern that no candidate has teaches nothing.
        """
        from resolution.classify.patterns import pack

        same, different = np.zeros(len(counts.packed)), np.zeros(len(counts.packed))
        parts = [(self.left, self.right, compare(self.left, self.right), self.same)] if len(self.left) else []
        if self.person is not None:
            for left, right, levels in compared:
                known = (self.person[left] >= 0) & (self.person[right] >= 0)
                a, b = left[known], right[known]
                parts.append((a, b, levels[known], self.person[a] == self.person[b]))
        for _, _, levels, is_same in parts:
            packed = pack(levels)
            place = np.minimum(np.searchsorted(counts.packed, packed), max(len(counts.packed) - 1, 0))
            hit = counts.packed[place] == packed if len(counts.packed) else np.zeros(len(packed), bool)
            for total, chosen in ((same, is_same), (different, ~is_same)):
                total += np.bincount(place[hit & chosen], minlength=len(total))
        return same, different

    def enough(self) -> bool:
        """Whether there are labels of both kinds enough to choose a threshold."""
        if self.person is not None:
            size = np.bincount(self.person[self.person >= 0])
            return int((size * (size - 1) // 2).sum()) >= FEWEST and len(size) > FEWEST
        return int(self.same.sum()) >= FEWEST and int((~self.same).sum()) >= FEWEST

    def measure(self, labels: npt.NDArray[np.int64], weight: Floats | None = None) -> tuple[float, float, float]:
        """(precision, recall, F1) of clusters on the labels; `weight` per labelled pair."""
        if self.person is not None:
            from resolution.evaluation import evaluate

            known = self.person >= 0
            result = evaluate(labels[known], self.person[known])
            return result.pairwise_precision, result.pairwise_recall, result.pairwise_f1
        w = np.ones(len(self.same)) if weight is None else weight
        joined = labels[self.left] == labels[self.right]
        hit = float(w[joined & self.same].sum())
        found, wanted = float(w[joined].sum()), float(w[self.same].sum())
        precision, recall = hit / found if found else 1.0, hit / wanted if wanted else 1.0
        return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def pair_weights(labels: Labels, edges: pd.DataFrame) -> Floats:
    """How many candidate pairs each labelled pair stands for.

    People label what is borderline, so labelled pairs are no fair sample. Within one range of match probability they
    nearly are: a labelled pair counts for its share of the edges there. Stratified estimation as in Marchant &
    Rubinstein 2017 (OASIS). Pairs that were never compared stand for themselves.
    """
    a, b = (edges[side].to_numpy(np.int64) for side in ("left", "right"))
    packed = (np.minimum(a, b) << 32) | np.maximum(a, b)
    order = np.argsort(packed, kind="stable")
    p = edges["match_probability"].to_numpy(float)
    x, y = labels.left.astype(np.int64), labels.right.astype(np.int64)
    wanted = (np.minimum(x, y) << 32) | np.maximum(x, y)
    place = np.minimum(np.searchsorted(packed[order], wanted), max(len(order) - 1, 0))
    found = packed[order][place] == wanted if len(order) else np.zeros(len(wanted), bool)
    weight = np.ones(len(wanted))
    if found.any():
        stratum = np.searchsorted(BINS, p[order][place[found]], side="right")
        population = np.bincount(np.searchsorted(BINS, p, side="right"), minlength=len(BINS) + 1)
        drawn = np.bincount(stratum, minlength=len(BINS) + 1)
        weight[found] = (population / np.maximum(drawn, 1))[stratum]
    return weight


def threshold_on_labels(
    n: int,
    edges: pd.DataFrame,
    constraints: Callable[[float], Constraints],
    labels: Labels,
    usual: float,
    wanted: float | None = None,
) -> tuple[float, list[dict[str, float]]]:
    """(threshold, curve) of clusters measured on the labels: the best F1, or the lowest threshold of the `wanted`
    precision. Of equally good ones the nearest to `usual`, the one chosen without labels.
    """
    from resolution.cluster import cluster

    weight = None if labels.person is not None else pair_weights(labels, edges)
    curve = []
    for threshold in sorted({*GRID, usual}):
        precision, recall, f1 = labels.measure(cluster(n, edges, constraints(threshold)), weight)
        curve.append({"threshold": threshold, "precision": precision, "recall": recall, "f1": f1})
    reached = [row for row in curve if wanted is None or row["precision"] >= wanted] or curve[-1:]
    best = max(row["f1"] for row in reached)
    good = [row["threshold"] for row in reached if row["f1"] >= best - CLOSE]
    return min(good, key=lambda value: (abs(_odds(value) - _odds(usual)), value)), [
        {key: round(value, 5) for key, value in row.items()} for row in curve
    ]


def _odds(probability: float) -> float:
    return float(np.log2(probability) - np.log2(1 - probability))
