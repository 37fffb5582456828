"""The review of linked files: a CSV of borderline pairs that a person fills in and gives back as decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resolution.linkage import Linkage

if TYPE_CHECKING:
    import polars as pl


def review_table(linkage: Linkage, *, limit: int = 50, show_values: bool = False) -> pl.DataFrame:
    """Pairs whose decision is worth most, first: left, right, verdict (to be filled in with `same` or `different`),
    match_probability, linked, pairs (that the answer joins or parts), value, reason, evidence; with `show_values` the
    values of both records, column by column. Pairs that were decided already are not asked again.
    """
    import polars as pl

    from resolution.files import read_pairs
    from resolution.reviewing import review_pairs

    ids = linkage.clusters["record_id"]
    place = dict(zip(ids.to_list(), range(len(ids)), strict=True))
    labels = linkage.clusters["golden_customer_id"].rank("dense").to_numpy().astype(np.int64)
    edges = linkage.edges.with_columns(pl.col("left", "right").replace_strict(place, return_dtype=pl.Int64)).to_pandas()
    decided = None
    if linkage.decisions and all(file.is_file() for file in linkage.decisions):
        pairs, _ = read_pairs(linkage.decisions, set(place))
        decided = np.array([[place[a], place[b]] for a, b in zip(pairs["left"], pairs["right"], strict=True)], np.int64)
    asked = pl.from_pandas(review_pairs(labels, edges, linkage.model.threshold, decided, limit))
    named = asked.select(
        left=ids.gather(asked["left"]),
        right=ids.gather(asked["right"]),
        verdict=pl.lit("", pl.String),
        match_probability=pl.col("match_probability").round(4),
        linked=pl.col("is_linked"),
        pairs="pairs",
        value=pl.col("value").round(3),
        reason="reason",
        evidence=pl.col("evidence").cast(pl.String),
    )
    return _with_values(named, linkage) if show_values else named


def _with_values(named: pl.DataFrame, linkage: Linkage) -> pl.DataFrame:
    """left_<column>, right_<column> for every column that is compared, side by side."""
    import polars as pl

    from resolution.files import read_records

    frame, config = read_records(linkage.files, linkage.options, linkage.config)
    columns = [c for c in dict.fromkeys(a.column for a in config.attributes.values()) if c in frame.columns]
    for side in ("left", "right"):
        values = frame.select(pl.col(config.record_id).cast(pl.String).alias(side), *columns)
        values = values.rename({c: f"{side}_{c}" for c in columns})
        named = named.join(values, on=side, how="left", maintain_order="left")
    shown = [f"{side}_{c}" for c in columns for side in ("left", "right")]
    return named.select(*[c for c in named.columns if c not in shown], *shown)
