"""Answers to `evaluate`: clusters against whatever truth a person has, with curves and held-out labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resolution.curves import HeldOut, Measure, held_out, measure_of, threshold_curve
from resolution.errors import InputError
from resolution.evaluation import Evaluation
from resolution.linkage import Linkage, folder_of, load_linkage, read_clusters
from resolution.tables import ReadOptions, read_table

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Question:
    """What is compared with what; see `python -m resolution evaluate --help`."""

    clusters: Path
    truth: Path | None = None
    truth_column: str | None = None
    record_id: str | None = None
    options: ReadOptions = field(default_factory=ReadOptions)


@dataclass(frozen=True)
class Answer:
    """persons: measures where the truth names persons; pairs: (precision, recall, F1) where it names pairs.

    sizes: records per customer, true customers, found customers. curve: as `curves.threshold_curve` makes it.
    """

    persons: Evaluation | None
    pairs: tuple[float, float, float] | None
    sizes: list[tuple[int, int, int]]
    curve: list[dict[str, float]] = field(default_factory=list)
    expected: list[dict[str, float]] = field(default_factory=list)
    threshold: float | None = None
    held_out: HeldOut | None = None
    unlabelled: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: the measures at the top level, then sizes, curve and held-out results where there are any."""
        names = ("precision", "recall", "f1")
        found: dict[str, Any] = dict(self.persons.to_dict()) if self.persons else {}
        if self.pairs is not None:
            found |= {f"labelled_pairs_{n}": v for n, v in zip(names, self.pairs, strict=True)}
        found["sizes"] = [dict(zip(("records", "true", "found"), row, strict=True)) for row in self.sizes]
        if self.curve:
            found |= {"curve": self.curve, "threshold": self.threshold}
        if self.held_out is not None:
            found["held_out"] = self.held_out.to_dict()
        return found

    def measures(self) -> list[list[Any]]:
        """Rows for a table, the first is its head."""
        head = ["measure", "precision", "recall", "F1"]
        p = self.persons
        if p is None:
            assert self.pairs is not None
            return [head, ["labelled pairs", *(f"{v:.4f}" for v in self.pairs)]]
        rows = [
            ["pairwise", p.pairwise_precision, p.pairwise_recall, p.pairwise_f1],
            ["B-cubed", p.bcubed_precision, p.bcubed_recall, p.bcubed_f1],
        ]
        return [head, *([name, *(f"{v:.4f}" for v in values)] for name, *values in rows)]

    def counts(self) -> list[list[Any]]:
        """Rows for a table, the first is its head."""
        p = self.persons
        assert p is not None
        return [
            ["", "true", "found"],
            ["persons", p.true_clusters, p.predicted_clusters],
            ["largest", p.largest_true, p.largest_predicted],
            ["pairs", p.true_pairs, p.predicted_pairs],
            ["pairs found that are right", "", p.correct_pairs],
            ["persons exactly right", "", p.exact_clusters],
        ]


def judge(question: Question, *, curve: bool = False, held_out: bool = False) -> Answer:
    """Compare clusters with the truth. curve, held_out: need what `link` left beside its output.

    Raises InputError naming the file and the column that is missing.
    """
    import polars as pl

    from resolution.evaluation import evaluate

    linkage = load_linkage(question.clusters) if curve or held_out or _behind(question) else None
    clusters = linkage.clusters if linkage is not None else read_clusters(question.clusters)
    truth = _truth(question, clusters, linkage)
    ids = clusters["record_id"]
    measure = measure_of(truth, ids)
    persons, pairs, sizes = None, None, []
    if "person" in truth.columns:
        known = truth.filter(pl.col("person").is_not_null())
        joined = clusters.join(known, on="record_id", how="inner", maintain_order="left")
        persons = evaluate(joined["golden_customer_id"].to_numpy(), joined["person"].to_numpy())
        sizes = _sizes(joined)
    else:
        pairs = measure(clusters["golden_customer_id"].rank("dense").to_numpy().astype(np.int64))
    points = threshold_curve(linkage, measure) if curve and linkage is not None else []
    return Answer(
        persons,
        pairs,
        sizes,
        points,
        list(linkage.report.get("curve", [])) if linkage is not None else [],
        linkage.model.threshold if linkage is not None else None,
        _halves(linkage, truth) if held_out and linkage is not None else None,
        clusters.height - (persons.records if persons else 0),
    )


def _halves(linkage: Linkage, truth: pl.DataFrame) -> HeldOut:
    return held_out(linkage, truth)


def _behind(question: Question) -> bool:
    return folder_of(question.clusters).is_dir()


def _truth(question: Question, clusters: pl.DataFrame, linkage: Linkage | None) -> pl.DataFrame:
    """record_id and person, or left, right and verdict; ids as in the clusters."""
    import polars as pl

    if question.truth is None:
        if linkage is None or question.truth_column is None:
            raise InputError(
                "name the truth: a file with the true person of each record, or --truth-column of the linked files"
            )
        from resolution.files import read_records

        frame, config = read_records(linkage.files, linkage.options, linkage.config)
        _need(frame, question.truth_column, ", ".join(map(str, linkage.files)))
        return _persons(frame, config.record_id, question.truth_column)
    known = read_table(question.truth, question.options)
    if question.truth_column is None:
        if {"left", "right", "verdict"} <= set(known.columns):
            from resolution.files import read_pairs

            pairs, _ = read_pairs([question.truth], set(clusters["record_id"].to_list()))
            if not len(pairs):
                raise InputError(f"{question.truth}: no labelled pair is about the clustered records")
            return pl.from_pandas(pairs)
        raise InputError(
            f"{question.truth}: name the column of the true person with --truth-column (or give pairs: left, right, "
            f"verdict); there are {', '.join(known.columns)}"
        )
    _need(known, question.truth_column, str(question.truth))
    record_id = question.record_id
    if record_id is None and linkage is not None and linkage.config.record_id in known.columns:
        record_id = linkage.config.record_id
    if record_id is not None:
        _need(known, record_id, str(question.truth))
        found = _persons(known, record_id, question.truth_column)
        missing = clusters.join(found, on="record_id", how="anti").height
        if missing:
            raise InputError(f"{missing} of {clusters.height} clustered records are not in {question.truth}")
        return found.join(clusters.select("record_id"), on="record_id", how="semi")
    if known.height != clusters.height:
        raise InputError(
            f"{question.clusters} has {clusters.height} rows, {question.truth} {known.height}; name the id column with "
            "--record-id"
        )
    return _persons(known.with_columns(clusters["record_id"].alias("record_id")), "record_id", question.truth_column)


def _persons(frame: pl.DataFrame, record_id: str, truth_column: str) -> pl.DataFrame:
    """record_id, person as text; blank persons are null (unknown)."""
    import polars as pl

    text = pl.col(truth_column).cast(pl.String).str.strip_chars()
    return frame.select(record_id=pl.col(record_id).cast(pl.String), person=pl.when(text != "").then(text))


def _need(frame: pl.DataFrame, column: str, where: str) -> None:
    if column not in frame.columns:
        raise InputError(f"{where}: no column {column!r}; there are {', '.join(frame.columns)}")


def _sizes(joined: pl.DataFrame) -> list[tuple[int, int, int]]:
    """Records per customer, true customers, found customers."""
    import polars as pl

    def spread(column: str, name: str) -> pl.DataFrame:
        return joined.group_by(column).len().group_by("len").agg(pl.len().alias(name))

    both = spread("person", "true").join(spread("golden_customer_id", "found"), on="len", how="full", coalesce=True)
    rows = both.fill_null(0).sort("len").select("len", "true", "found").iter_rows()
    return [(int(a), int(b), int(c)) for a, b, c in rows]


def as_page(answer: Answer, question: Question) -> str:
    """The answer as a self-contained page with curves."""
    from resolution.evaluation_page import evaluation_page

    rows = answer.measures()
    sentences = []
    if answer.persons is not None:
        p = answer.persons
        sentences.append(
            f"{p.records:,} records of {p.true_clusters:,} persons became {p.predicted_clusters:,} customers; "
            f"{p.exact_clusters:,} of them are exactly right."
        )
    if answer.held_out is not None:
        h = answer.held_out
        sentences.append(
            f"Taught with labels of one half and measured on the other, F1 went from {h.without[2]:.4f} to "
            f"{h.with_labels[2]:.4f} (threshold {h.threshold_without:g} to {h.threshold_with:g})."
        )
    return evaluation_page(
        f"Evaluation of {question.clusters.name}",
        rows,
        answer.curve,
        answer.threshold or 0.5,
        answer.expected,
        answer.sizes,
        sentences,
        answer.counts() if answer.persons is not None else (),
    )


__all__ = ["Answer", "Measure", "Question", "as_page", "judge"]
