"""Golden ids for ever: earlier links + tonight's clusters → new links and life-cycle events. Pure, set-based.

Rules (the ones that published identity systems agree on):
* A cluster without earlier records gets a new id; one earlier id is kept; of several the oldest survives (tie: the
  smallest) and the others are merged into it.
* An earlier id whose records fall apart follows the part with most of them (tie: the part with the oldest record);
  parts left without an id get new ones. A split that restores an old grouping is a new event, not an undo.
* An id without records is retired. It comes back only with its own records (revival), never after an erasure.
* Ids are md5(founding record | how many ids that record founded before): opaque, deterministic, never used twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import md5
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    import polars as pl

NEVER = 2**62  # run number of a record that has no earlier link


@dataclass(frozen=True)
class Registry:
    """What is known about the records in scope before the run. Every earlier id in scope comes with all its records.

    links: source_record_key, golden_customer_id (str), since_run_id int64 (first run that knew the record); current
    only. customers: golden_customer_id, created_run_id int64, status: ids of `links` and `history`.
    history: source_record_key, golden_customer_id, since_run_id: last link of records that have none now.
    issued: founding_record_key, generations int64: how many ids a record has founded so far (absent = none).
    """

    links: pl.DataFrame
    customers: pl.DataFrame
    history: pl.DataFrame
    issued: pl.DataFrame


@dataclass(frozen=True)
class Assignment:
    """What the run proposes.

    links: source_record_key, cluster, golden_customer_id, earlier_id (null = new to us).
    customers: golden_customer_id, status, merged_into_id, record_count, founding_record_key (null unless new), is_new.
    events: change_kind, from_id, to_id, records_moved, is_new_id, evidence (list of evidence names).
    """

    links: pl.DataFrame
    customers: pl.DataFrame
    events: pl.DataFrame

    def count(self, kind: str) -> int:
        """Events of a kind; a move of records between two existing ids ('split' without a new id) is not a new
        customer.
        """
        import polars as pl

        rows = self.events.filter(pl.col("change_kind") == kind)
        return rows.filter(pl.col("is_new_id")).height if kind == "split" else rows.height

    @property
    def records_moved(self) -> int:
        """Earlier records whose golden id changed (records that left are not counted)."""
        import polars as pl

        return self.links.filter(
            pl.col("earlier_id").is_not_null() & (pl.col("earlier_id") != pl.col("golden_customer_id"))
        ).height


def golden_id(founding_record_key: str, generation: int) -> str:
    """The id that a record founds, the `generation`-th time (from 0) that it founds one."""
    return str(UUID(md5(f"{founding_record_key}|{generation}".encode(), usedforsecurity=False).hexdigest()))


def assign(
    previous: Registry,
    clusters: pl.DataFrame,
    *,
    erased: Collection[str] = (),
    edges: pl.DataFrame | None = None,
) -> Assignment:
    """Give every cluster its golden id.

    clusters: source_record_key str, cluster int64: tonight's records in scope.
    erased: records that were erased; an id that loses its last record to erasure is deleted, not retired.
    edges: left_key, right_key, evidence: tonight's accepted evidence, to name what joined merged ids.
    """
    import polars as pl

    members = clusters.select("source_record_key", "cluster").join(
        previous.links.rename({"golden_customer_id": "earlier_id"}), on="source_record_key", how="left"
    )
    winners = _follow(members, previous)
    owner = winners.filter(pl.col("is_survivor")).select("cluster", golden_customer_id="golden_customer_id")
    revived = _revivals(members, owner, previous)
    owner = pl.concat([owner, revived.select("cluster", "golden_customer_id")])
    fresh = _fresh(members, owner, previous)
    owner = pl.concat([owner, fresh.select("cluster", "golden_customer_id")])
    links = members.join(owner, on="cluster", how="left").select(
        "source_record_key", "cluster", "golden_customer_id", "earlier_id"
    )
    gone = _gone(previous, links, erased)
    merges = winners.filter(~pl.col("is_survivor")).join(
        owner.rename({"golden_customer_id": "to_id"}), on="cluster", how="left"
    )
    events = _events(links, merges, revived, fresh, gone, edges)
    return Assignment(links=links, customers=_customers(links, merges, fresh, gone), events=events)


def _follow(members: pl.DataFrame, previous: Registry) -> pl.DataFrame:
    """Which cluster each earlier id follows, and whether it survives there: golden_customer_id, cluster,
    is_survivor.
    """
    import polars as pl

    parts = (
        members.filter(pl.col("earlier_id").is_not_null())
        .sort("since_run_id", "source_record_key")
        .group_by("earlier_id", "cluster", maintain_order=True)
        .agg(records=pl.len(), since=pl.col("since_run_id").first(), oldest=pl.col("source_record_key").first())
    )
    followed = (
        parts.sort(["earlier_id", "records", "since", "oldest"], descending=[False, True, False, False])
        .unique("earlier_id", keep="first", maintain_order=True)
        .join(previous.customers, left_on="earlier_id", right_on="golden_customer_id", how="left")
        .sort("cluster", "created_run_id", "earlier_id")
    )
    return followed.select(
        golden_customer_id="earlier_id",
        cluster="cluster",
        is_survivor=pl.col("cluster").is_first_distinct(),
    )


def _revivals(members: pl.DataFrame, owner: pl.DataFrame, previous: Registry) -> pl.DataFrame:
    """Retired ids whose records came back and head a cluster that has no id yet: golden_customer_id, cluster."""
    import polars as pl

    retired = previous.customers.filter(pl.col("status") == "retired")
    back = (
        members.filter(pl.col("earlier_id").is_null())
        .select("source_record_key", "cluster")
        .join(owner, on="cluster", how="anti")
        .join(previous.history, on="source_record_key", how="inner")
        .join(retired.select("golden_customer_id", "created_run_id"), on="golden_customer_id", how="inner")
        .sort("since_run_id", "source_record_key")
        .group_by("golden_customer_id", "created_run_id", "cluster", maintain_order=True)
        .agg(records=pl.len(), since=pl.col("since_run_id").first(), oldest=pl.col("source_record_key").first())
    )
    return (
        back.sort(["golden_customer_id", "records", "since", "oldest"], descending=[False, True, False, False])
        .unique("golden_customer_id", keep="first", maintain_order=True)
        .sort("created_run_id", "golden_customer_id")
        .unique("cluster", keep="first", maintain_order=True)
        .select("golden_customer_id", "cluster", "records")
    )


def _fresh(members: pl.DataFrame, owner: pl.DataFrame, previous: Registry) -> pl.DataFrame:
    """New ids for clusters without one: golden_customer_id, cluster, founding_record_key, from_id (null = create)."""
    import polars as pl

    homeless = members.join(owner, on="cluster", how="anti")
    founders = (
        homeless.with_columns(pl.col("since_run_id").fill_null(NEVER))
        .sort("since_run_id", "source_record_key")
        .group_by("cluster", maintain_order=True)
        .agg(founding_record_key=pl.col("source_record_key").first())
        .join(previous.issued, on="founding_record_key", how="left", maintain_order="left")
        .with_columns(pl.col("generations").fill_null(0))
    )
    keys, generations = founders["founding_record_key"].to_list(), founders["generations"].to_list()
    # Only new customers pass here; md5 is the format, and no columnar engine in use offers it without a copy.
    ids = [golden_id(key, generation) for key, generation in zip(keys, generations, strict=True)]
    origin = (
        homeless.filter(pl.col("earlier_id").is_not_null())
        .group_by("cluster", "earlier_id")
        .len()
        .sort(["cluster", "len", "earlier_id"], descending=[False, True, False])
        .unique("cluster", keep="first", maintain_order=True)
        .select("cluster", from_id="earlier_id")
    )
    return (
        founders.with_columns(golden_customer_id=pl.Series(ids, dtype=pl.String))
        .join(origin, on="cluster", how="left")
        .select("golden_customer_id", "cluster", "founding_record_key", "from_id")
    )


def _gone(previous: Registry, links: pl.DataFrame, erased: Collection[str]) -> pl.DataFrame:
    """Earlier ids none of whose records is left: golden_customer_id, records, is_erased."""
    import polars as pl

    present = links.filter(pl.col("earlier_id").is_not_null()).select("earlier_id").unique()
    return (
        previous.links.join(present, left_on="golden_customer_id", right_on="earlier_id", how="anti")
        .with_columns(is_erased=pl.col("source_record_key").is_in(sorted(erased)))
        .group_by("golden_customer_id")
        .agg(records=pl.len(), is_erased=pl.col("is_erased").all())
        .sort("golden_customer_id")
    )


def _events(
    links: pl.DataFrame,
    merges: pl.DataFrame,
    revived: pl.DataFrame,
    fresh: pl.DataFrame,
    gone: pl.DataFrame,
    edges: pl.DataFrame | None,
) -> pl.DataFrame:
    import polars as pl

    text, none = pl.String, pl.lit(None, dtype=pl.String)
    moved = (
        links.filter(pl.col("earlier_id") != pl.col("golden_customer_id"))
        .group_by(from_id="earlier_id", to_id="golden_customer_id")
        .agg(records_moved=pl.len().cast(pl.Int64))
    )
    size = links.group_by("golden_customer_id").agg(records_moved=pl.len().cast(pl.Int64))
    merged = merges.select(from_id="golden_customer_id", to_id="to_id").join(moved, on=["from_id", "to_id"], how="left")
    created_ids = fresh.filter(pl.col("from_id").is_null())
    new_ids = fresh.filter(pl.col("from_id").is_not_null()).select("golden_customer_id", "from_id")
    parts = moved.join(merged.select("from_id", "to_id"), on=["from_id", "to_id"], how="anti")
    parts = parts.join(
        new_ids.select(to_id="golden_customer_id", from_id="from_id", is_new_id=pl.lit(True)),
        on=["from_id", "to_id"],
        how="left",
    ).with_columns(pl.col("is_new_id").fill_null(False))

    def shaped(frame: pl.DataFrame, kind: str, origin: pl.Expr, target: pl.Expr, is_new: pl.Expr) -> pl.DataFrame:
        return frame.select(
            change_kind=pl.lit(kind),
            from_id=origin.cast(text),
            to_id=target.cast(text),
            records_moved=pl.col("records_moved").fill_null(0).cast(pl.Int64),
            is_new_id=is_new,
        )

    yes, no, own = pl.lit(True), pl.lit(False), pl.col("golden_customer_id")
    lost = gone.rename({"records": "records_moved"})
    events = pl.concat(
        [
            shaped(created_ids.join(size, on="golden_customer_id", how="left"), "create", none, own, yes),
            shaped(merged, "merge", pl.col("from_id"), pl.col("to_id"), no),
            shaped(parts, "split", pl.col("from_id"), pl.col("to_id"), pl.col("is_new_id")),
            shaped(revived.join(size, on="golden_customer_id", how="left"), "revive", none, own, no),
            shaped(lost.filter(~pl.col("is_erased")), "retire", own, none, no),
            shaped(lost.filter(pl.col("is_erased")), "delete", own, none, no),
        ]
    )
    events = events.join(_reasons(links, edges), on=["from_id", "to_id"], how="left")
    return events.with_columns(
        evidence=pl.when(pl.col("change_kind") == "merge").then(pl.col("evidence")).otherwise(None)
    ).sort("change_kind", "from_id", "to_id", nulls_last=False)


def _reasons(links: pl.DataFrame, edges: pl.DataFrame | None) -> pl.DataFrame:
    """Evidence between the records of a merged id and the rest of its new customer: from_id, to_id, evidence (list)."""
    import polars as pl

    if edges is None or edges.height == 0:
        return pl.DataFrame(schema={"from_id": pl.String, "to_id": pl.String, "evidence": pl.List(pl.String)})
    lookup = links.select("source_record_key", "golden_customer_id", "earlier_id")
    both = edges.join(lookup, left_on="left_key", right_on="source_record_key").join(
        lookup, left_on="right_key", right_on="source_record_key", suffix="_right"
    )
    both = both.filter(
        (pl.col("golden_customer_id") == pl.col("golden_customer_id_right"))
        & pl.col("earlier_id").ne_missing(pl.col("earlier_id_right"))
    )
    sides = [both.select("evidence", "golden_customer_id", from_id=side) for side in ("earlier_id", "earlier_id_right")]
    return (
        pl.concat(sides)
        .filter(pl.col("from_id").is_not_null() & (pl.col("from_id") != pl.col("golden_customer_id")))
        .group_by("from_id", to_id="golden_customer_id")
        .agg(evidence=pl.col("evidence").unique().sort())
    )


def _customers(links: pl.DataFrame, merges: pl.DataFrame, fresh: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    none = pl.lit(None, dtype=pl.String)
    live = (
        links.group_by("golden_customer_id")
        .agg(record_count=pl.len().cast(pl.Int64))
        .join(fresh.select("golden_customer_id", "founding_record_key"), on="golden_customer_id", how="left")
        .select(
            "golden_customer_id",
            status=pl.lit("live"),
            merged_into_id=none,
            record_count="record_count",
            founding_record_key="founding_record_key",
            is_new=pl.col("founding_record_key").is_not_null(),
        )
    )
    closed = pl.concat(
        [
            merges.select("golden_customer_id", status=pl.lit("merged"), merged_into_id="to_id"),
            gone.select(
                "golden_customer_id",
                status=pl.when(pl.col("is_erased")).then(pl.lit("deleted")).otherwise(pl.lit("retired")),
                merged_into_id=none,
            ),
        ]
    ).with_columns(record_count=pl.lit(0, dtype=pl.Int64), founding_record_key=none, is_new=pl.lit(False))
    return pl.concat([live, closed]).sort("golden_customer_id")
