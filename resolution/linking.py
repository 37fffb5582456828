"""Linking files: people.csv in, golden customer ids out. No warehouse needed."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from resolution.config import MatchConfig

if TYPE_CHECKING:
    import polars as pl

    from resolution.pipeline import LinkResult

NAMESPACE = uuid.UUID("6f0f5b0e-6a55-5a0f-9c0d-6c1f5a1d7a3e")


def with_row_numbers(frame: pl.DataFrame, config: MatchConfig) -> pl.DataFrame:
    """The table with a column row_number (from 1) when the configuration uses it as record id and the table has
    none.
    """
    if config.record_id == "row_number" and "row_number" not in frame.columns:
        return frame.with_row_index("row_number", offset=1)
    return frame


def link_file(paths: list[Path], config: MatchConfig, output: Path | None = None) -> tuple[pl.DataFrame, LinkResult]:
    """Link the records of one or several files.

    Returns (clusters, result). clusters has one row per record, in the order of the files: record_id,
    golden_customer_id (a uuid that
    depends on the cluster's records alone), match_probability (of the weakest link on the record's best path into its
    cluster; null for
    a record alone), cluster_size. It is also written to `output` (.csv or .parquet) when given.
    """
    from resolution.pipeline import link
    from resolution.tables import read_tables, write_table

    frame = with_row_numbers(read_tables(paths), config)
    result = link(frame, config=config)
    clusters = cluster_table(frame[config.record_id].cast(str).to_numpy(), result)
    if output is not None:
        write_table(clusters, output)
    return clusters, result


def cluster_table(record_ids: npt.NDArray[np.object_], result: LinkResult) -> pl.DataFrame:
    """One row per record: record_id, golden_customer_id, match_probability, cluster_size."""
    import polars as pl

    from resolution.cluster import link_strength

    # Paths lead to the smallest record id of a cluster, wherever it stands in the file.
    order = np.argsort(record_ids.astype(str), kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    labels = np.unique(result.labels[order], return_index=True, return_inverse=True)
    left, right = rank[result.edges["left"].to_numpy()], rank[result.edges["right"].to_numpy()]
    edges = result.edges.assign(left=np.minimum(left, right), right=np.maximum(left, right))
    probability = link_strength(labels[1][labels[2]], edges.sort_values(["left", "right"], kind="stable"))[1][rank]
    frame = pl.DataFrame(
        {
            "record_id": pl.Series(record_ids, dtype=pl.String),
            "label": result.labels,
            "match_probability": pl.Series(probability, nan_to_null=True),
        }
    )
    # The id follows from the smallest record id of the cluster, so that the order of the file does not matter.
    founders = frame.group_by("label").agg(founder=pl.col("record_id").min(), cluster_size=pl.len())
    ids = [str(uuid.uuid5(NAMESPACE, founder)) for founder in founders["founder"].to_list()]
    founders = founders.with_columns(golden_customer_id=pl.Series(ids, dtype=pl.String))
    joined = frame.join(founders, on="label", how="left", maintain_order="left")
    return joined.select("record_id", "golden_customer_id", "match_probability", "cluster_size")


def summary(result: LinkResult) -> dict[str, Any]:
    """Figures of a linkage for people and logs: counts and rates only."""
    report = result.report
    sizes = np.unique(np.unique(result.labels, return_counts=True)[1], return_counts=True)
    chosen = next((row for row in report["curve"] if row["threshold"] == report["threshold"]), None)
    return {
        "records": report["records"],
        "customers": report["clusters"],
        "pairs_compared": report["pairs_compared"],
        "threshold": report["threshold"],
        "expected_precision": chosen["precision"] if chosen else None,
        "expected_recall": chosen["recall"] if chosen else None,
        "cluster_sizes": {int(a): int(b) for a, b in zip(*sizes, strict=True)},
        "refused_links": report["refused"],
        "curve": report["curve"],
        "passes": report["passes"],
        "seconds": report.get("seconds", {}),
    }
