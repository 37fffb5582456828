"""Linked files measured against a truth: at every threshold, and by labels of one half on the other half."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from resolution.errors import InputError
from resolution.linkage import Linkage

if TYPE_CHECKING:
    import polars as pl

GRID = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999)
Measure = Callable[[npt.NDArray[np.int64]], tuple[float, float, float]]


@dataclass(frozen=True)
class HeldOut:
    """(precision, recall, F1) and threshold on records whose labels were not seen, without labels and with those of
    the other half.
    """

    without: tuple[float, float, float]
    with_labels: tuple[float, float, float]
    threshold_without: float
    threshold_with: float
    taught: int
    measured: int

    def to_dict(self) -> dict[str, Any]:
        names = ("precision", "recall", "f1")
        return {
            "without_labels": dict(zip(names, self.without, strict=True)) | {"threshold": self.threshold_without},
            "with_labels": dict(zip(names, self.with_labels, strict=True)) | {"threshold": self.threshold_with},
            "taught": self.taught,
            "measured": self.measured,
        }


def threshold_curve(linkage: Linkage, measure: Measure) -> list[dict[str, float]]:
    """Clusters at a grid of thresholds, with all constraints and decisions, measured: threshold, precision, recall, f1,
    customers.

    measure: labels, int64[n] in the order of the clusters' rows → (precision, recall, F1).
    """
    import polars as pl

    from resolution.cluster import cluster
    from resolution.config import check_columns
    from resolution.constraints import make_constraints
    from resolution.files import read_pairs, read_records
    from resolution.standardise import standardise

    frame, config = read_records(linkage.files, linkage.options, linkage.config)
    config = check_columns(config, frame.columns)
    ids = frame[config.record_id].cast(pl.String)
    order = ids.arg_sort().to_numpy()
    ordered = ids.gather(order)
    place = pl.DataFrame({"id": ordered, "place": np.arange(len(ordered), dtype=np.int32)})
    edges = linkage.edges.filter(pl.col("kind").cast(pl.String) != "decision")
    for side in ("left", "right"):
        edges = edges.join(place.rename({"id": side, "place": f"{side}_place"}), on=side, how="inner")
    low, high = pl.min_horizontal("left_place", "right_place"), pl.max_horizontal("left_place", "right_place")
    table = edges.select(
        low.alias("left"), high.alias("right"), "match_weight", "match_probability", "kind", "evidence"
    )
    rows = table.sort("left", "right").to_pandas()
    decided = read_pairs(linkage.decisions, set(ids.to_list()))[0] if linkage.decisions else None
    frame = frame[order]
    std = standardise(frame, config)
    _, constraints = make_constraints(std, frame, config, None, decided, linkage.model)
    rank = (
        place.join(linkage.clusters.select(id="record_id", row=pl.int_range(pl.len())), on="id", how="inner")
        .sort("row")["place"]
        .to_numpy()
    )
    if len(rank) != linkage.clusters.height:
        raise InputError("the clustered records are not those of the files any more; link the files again")
    curve = []
    for threshold in sorted({*GRID, linkage.model.threshold}):
        labels = cluster(std.n, rows, constraints(threshold))[rank]
        precision, recall, f1 = measure(labels)
        curve.append(
            {
                "threshold": threshold,
                "precision": round(precision, 5),
                "recall": round(recall, 5),
                "f1": round(f1, 5),
                "customers": len(np.unique(labels)),
            }
        )
    return curve


def half_of(groups: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which of two halves each group belongs to, by the hash of its name: the same whatever the order."""
    from pandas.util import hash_array

    return (hash_array(np.array(groups, dtype=object), categorize=False) & np.uint64(1)) == 0


def held_out(linkage: Linkage, truth: pl.DataFrame) -> HeldOut:
    """Link the files without labels and with the labels of one half of the persons; measure both on the other half.

    truth: record_id, person (blank = unknown), or left, right, verdict. All records of a person, and all pairs that
    hang together, fall into one half, so nothing that is measured was taught.
    """
    from resolution.files import read_records
    from resolution.pipeline import link

    frame, config = read_records(linkage.files, linkage.options, linkage.config)
    ids = frame[config.record_id].cast(str)
    taught, measured, measure = _split(truth, ids)
    plain = link(frame, config=config)
    informed = link(frame, config=config, labels=taught)
    return HeldOut(
        measure(plain.labels),
        measure(informed.labels),
        plain.model.threshold,
        informed.model.threshold,
        taught.height,
        measured,
    )


def _split(truth: pl.DataFrame, ids: pl.Series) -> tuple[pl.DataFrame, int, Measure]:
    """(labels to teach with, number of labels to measure with, function that measures)."""
    import polars as pl

    if "person" in truth.columns:
        known = truth.filter(pl.col("person").is_not_null() & (pl.col("person").cast(pl.String) != ""))
        first = half_of(known["person"].cast(pl.String).to_list())
        taught, rest = known.filter(pl.Series(first)), known.filter(pl.Series(~first))
        return taught, rest.height, measure_of(rest, ids)
    names = pl.concat([truth["left"], truth["right"]]).unique().sort()
    place = {name: i for i, name in enumerate(names.to_list())}
    group = list(range(len(names)))

    def root(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = group[i]
        return i

    for a, b in zip(truth["left"].to_list(), truth["right"].to_list(), strict=True):
        x, y = sorted((root(place[a]), root(place[b])))
        group[y] = x
    first = half_of([names[root(place[a])] for a in truth["left"].to_list()])
    taught, rest = truth.filter(pl.Series(first)), truth.filter(pl.Series(~first))
    return taught, rest.height, measure_of(rest, ids)


def measure_of(truth: pl.DataFrame, ids: pl.Series) -> Measure:
    """Function from labels (in the order of `ids`) to (precision, recall, F1) on the truth: persons of records, or
    labelled pairs. InputError for records that are not among `ids`.
    """
    import polars as pl

    from resolution.evaluation import evaluate

    rows = pl.DataFrame({"id": ids, "row": np.arange(len(ids), dtype=np.int64)})
    if "person" in truth.columns:
        known = truth.filter(pl.col("person").is_not_null() & (pl.col("person").cast(pl.String) != ""))
        joined = known.join(rows, left_on="record_id", right_on="id", how="inner")
        if joined.height < known.height:
            raise InputError(f"{known.height - joined.height} records of the truth are not among the clustered records")
        at, person = joined["row"].to_numpy(), joined["person"].to_numpy()

        def by_person(labels: npt.NDArray[np.int64]) -> tuple[float, float, float]:
            found = evaluate(labels[at], person)
            return found.pairwise_precision, found.pairwise_recall, found.pairwise_f1

        return by_person
    left = truth.join(rows, left_on="left", right_on="id", how="inner")
    both = left.join(rows.rename({"row": "other"}), left_on="right", right_on="id", how="inner")
    if both.height < truth.height:
        raise InputError(f"{truth.height - both.height} labelled pairs name records that are not among the clusters")
    a, b, same = both["row"].to_numpy(), both["other"].to_numpy(), (both["verdict"] == "same").to_numpy()

    def by_pair(labels: npt.NDArray[np.int64]) -> tuple[float, float, float]:
        joined = labels[a] == labels[b]
        hit, found, wanted = int((joined & same).sum()), int(joined.sum()), int(same.sum())
        precision, recall = hit / found if found else 1.0, hit / wanted if wanted else 1.0
        return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    return by_pair
