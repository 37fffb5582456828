"""Life-cycle events of golden ids: what happened to which id, how many records moved, and why. Pure, set-based."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

REASONS = {
    "create": "first seen",
    "merge": "evidence",
    "split": "evidence",
    "revive": "records returned",
    "retire": "records left",
    "delete": "erased",
}
"""Why, where nothing more is known. Splits and merges that a decision made say 'decision'; a rollback says its run."""


def make_events(
    links: pl.DataFrame,
    merges: pl.DataFrame,
    revived: pl.DataFrame,
    fresh: pl.DataFrame,
    gone: pl.DataFrame,
    edges: pl.DataFrame | None,
    reason: str | None = None,
) -> pl.DataFrame:
    """change_kind, from_id, to_id, records_moved, is_new_id, evidence (list), reason; sorted.

    links: source_record_key, golden_customer_id, earlier_id. merges: golden_customer_id, to_id. revived, fresh:
    golden_customer_id, from_id (null: no earlier customer). gone: golden_customer_id, records, is_erased.
    A revival whose records were somebody else's says whose (from_id). `records_moved` of a creation, a retirement and
    the return of records that were away is the size of the customer.
    """
    import polars as pl

    none = pl.lit(None, dtype=pl.String)
    moved = (
        links.filter(pl.col("earlier_id") != pl.col("golden_customer_id"))
        .group_by(from_id="earlier_id", to_id="golden_customer_id")
        .agg(records_moved=pl.len().cast(pl.Int64))
    )
    size = links.group_by("golden_customer_id").agg(size=pl.len().cast(pl.Int64))
    merged = merges.select(from_id="golden_customer_id", to_id="to_id").join(moved, on=["from_id", "to_id"], how="left")
    back = (
        revived.select(from_id="from_id", to_id="golden_customer_id")
        .join(moved, on=["from_id", "to_id"], how="left")
        .join(size, left_on="to_id", right_on="golden_customer_id", how="left")
        .with_columns(records_moved=pl.coalesce("records_moved", "size"))
    )
    created = fresh.filter(pl.col("from_id").is_null()).join(size, on="golden_customer_id", how="left")
    new_ids = fresh.filter(pl.col("from_id").is_not_null()).select(to_id="golden_customer_id", from_id="from_id")
    parts = (
        moved.join(merged, on=["from_id", "to_id"], how="anti")
        .join(back, on=["from_id", "to_id"], how="anti")
        .join(new_ids.with_columns(is_new_id=pl.lit(True)), on=["from_id", "to_id"], how="left")
        .with_columns(pl.col("is_new_id").fill_null(False))
    )

    def shaped(frame: pl.DataFrame, kind: str, origin: pl.Expr, target: pl.Expr, is_new: pl.Expr) -> pl.DataFrame:
        return frame.select(
            change_kind=pl.lit(kind),
            from_id=origin.cast(pl.String),
            to_id=target.cast(pl.String),
            records_moved=pl.col("records_moved").fill_null(0).cast(pl.Int64),
            is_new_id=is_new,
        )

    yes, no, own = pl.lit(True), pl.lit(False), pl.col("golden_customer_id")
    origin, target = pl.col("from_id"), pl.col("to_id")
    lost = gone.rename({"records": "records_moved"})
    events = pl.concat(
        [
            shaped(created.rename({"size": "records_moved"}), "create", none, own, yes),
            shaped(merged, "merge", origin, target, no),
            shaped(parts, "split", origin, target, pl.col("is_new_id")),
            shaped(back, "revive", origin, target, no),
            shaped(lost.filter(~pl.col("is_erased")), "retire", own, none, no),
            shaped(lost.filter(pl.col("is_erased")), "delete", own, none, no),
        ]
    )
    return _explained(events, links, edges, reason).sort("change_kind", "from_id", "to_id", nulls_last=False)


def _explained(
    events: pl.DataFrame, links: pl.DataFrame, edges: pl.DataFrame | None, reason: str | None
) -> pl.DataFrame:
    """The events with the evidence that joined merged ids, and the reason of each."""
    import polars as pl

    joined, parted = _evidence(links, edges)
    kind = pl.col("change_kind")
    apart = kind.is_in(["split", "revive"]) & pl.col("from_id").is_not_null()
    decided = ((kind == "merge") & pl.col("evidence").list.contains("same")) | (apart & pl.col("is_parted"))
    usual = kind.replace_strict(REASONS, return_dtype=pl.String)
    why = (
        pl.when(decided.fill_null(False))
        .then(pl.lit("decision"))
        .when(apart)
        .then(pl.lit(REASONS["split"]))
        .otherwise(usual)
    )
    return (
        events.join(joined, on=["from_id", "to_id"], how="left")
        .join(parted, on=["from_id", "to_id"], how="left")
        .with_columns(
            evidence=pl.when(kind == "merge").then(pl.col("evidence")),
            reason=why if reason is None else pl.lit(reason),
        )
        .drop("is_parted")
    )


def _evidence(links: pl.DataFrame, edges: pl.DataFrame | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(from_id, to_id, evidence list) between records of a merged id and the rest of its new customer; and (from_id,
    to_id, is_parted) where a decision keeps records apart that were one customer.
    """
    import polars as pl

    pair = {"from_id": pl.String, "to_id": pl.String}
    nothing = (
        pl.DataFrame(schema={**pair, "evidence": pl.List(pl.String)}),
        pl.DataFrame(schema={**pair, "is_parted": pl.Boolean}),
    )
    changed = links.filter(pl.col("earlier_id") != pl.col("golden_customer_id"))  # without records that are new
    if edges is None or edges.height == 0 or changed.height == 0:
        return nothing
    touched = changed.select("source_record_key")
    sides = [edges.join(touched, left_on=side, right_on="source_record_key") for side in ("left_key", "right_key")]
    lookup = links.select("source_record_key", "golden_customer_id", "earlier_id")
    both = (
        pl.concat(sides)
        .unique()
        .join(lookup, left_on="left_key", right_on="source_record_key")
        .join(lookup, left_on="right_key", right_on="source_record_key", suffix="_right")
    )
    same_now = pl.col("golden_customer_id") == pl.col("golden_customer_id_right")
    met = both.filter(same_now & pl.col("earlier_id").ne_missing(pl.col("earlier_id_right")))
    joined = (
        pl.concat(
            [met.select("evidence", "golden_customer_id", from_id=side) for side in ("earlier_id", "earlier_id_right")]
        )
        .filter(pl.col("from_id").is_not_null() & (pl.col("from_id") != pl.col("golden_customer_id")))
        .group_by("from_id", to_id="golden_customer_id")
        .agg(evidence=pl.col("evidence").unique().sort())
    )
    cut = both.filter((pl.col("evidence") == "different") & (pl.col("earlier_id") == pl.col("earlier_id_right")))
    parted = (
        pl.concat(
            [
                cut.select(from_id="earlier_id", to_id=side)
                for side in ("golden_customer_id", "golden_customer_id_right")
            ]
        )
        .unique()
        .with_columns(is_parted=pl.lit(True))
    )
    return joined, parted
