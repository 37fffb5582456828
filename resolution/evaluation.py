"""Clusters against the truth: pairwise and B-cubed precision, recall and F1. No pair is ever listed, only counted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resolution.errors import InputError


@dataclass(frozen=True)
class Evaluation:
    """Rates 0–1; sizes in records. Pairwise counts every pair of records of one person; B-cubed averages over
    records.
    """

    records: int
    true_pairs: int
    predicted_pairs: int
    correct_pairs: int
    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    true_clusters: int
    predicted_clusters: int
    largest_true: int
    largest_predicted: int
    exact_clusters: int

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


def evaluate(predicted: Any, truth: Any) -> Evaluation:
    """Compare two labelings of the same records, in the same order. Labels may be of any type; a missing one is a
    person alone.

    B-cubed after Bagga & Baldwin 1998.
    """
    a, b = _codes(predicted), _codes(truth)
    if len(a) != len(b):
        raise InputError(
            f"{len(a)} predicted labels, {len(b)} true ones: they must be of the same records in the same order"
        )
    n = len(a)
    size_a, size_b = np.bincount(a), np.bincount(b)
    cell, count = np.unique((a << 32) | b, return_counts=True)
    row, column = cell >> 32, cell & 0xFFFFFFFF
    correct, proposed, wanted = (int((c.astype(np.int64) * (c - 1) // 2).sum()) for c in (count, size_a, size_b))
    precision = correct / proposed if proposed else 1.0
    recall = correct / wanted if wanted else 1.0
    b_precision = float((count**2 / size_a[row]).sum() / n) if n else 1.0
    b_recall = float((count**2 / size_b[column]).sum() / n) if n else 1.0
    exact = int(((count == size_a[row]) & (count == size_b[column])).sum())
    return Evaluation(
        n,
        wanted,
        proposed,
        correct,
        precision,
        recall,
        _f1(precision, recall),
        b_precision,
        b_recall,
        _f1(b_precision, b_recall),
        len(size_b),
        len(size_a),
        int(size_b.max(initial=0)),
        int(size_a.max(initial=0)),
        exact,
    )


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _codes(labels: Any) -> npt.NDArray[np.int64]:
    import pandas as pd

    codes = pd.factorize(np.asarray(labels, dtype=object) if not hasattr(labels, "dtype") else labels)[0].astype(
        np.int64
    )
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes
