"""Golden ids for ever: earlier links + tonight's clusters → new links and life-cycle events. Pure, set-based.

Rules (the ones that published identity systems agree on):
* A cluster without earlier records gets a new id; one earlier id is kept; of several the oldest survives (tie: the
  smallest) and the others are merged into it.
* An earlier id whose records fall apart follows the part with most of the records that are its own: not those that a
  merge brought (tie: most records, then the oldest record).
* A closed id comes back to its own records: when most of those that it had when it was merged away, or retired, end in
  a part that has no id. So a merge that is taken apart gives both parts their ids back. Other parts get new ids.
* An id without records is retired; after an erasure it is deleted and never comes back.
* A closed id points at the customer that holds most of its records, whatever happens later: one step, never a chain.
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
    only. customers: golden_customer_id, created_run_id int64, status, merged_into_id: ids of `links` and `homes`.
    homes: source_record_key, golden_customer_id, is_own bool, since_run_id, present_id: the closed ids (merged or
    retired) that a record came through to its present one (null: it has none); is_own: the one it came in with, at most
    one. Every closed id comes with all its records.
    issued: founding_record_key, generations int64: how many ids a record has founded so far (absent = none).
    """

    links: pl.DataFrame
    customers: pl.DataFrame
    homes: pl.DataFrame
    issued: pl.DataFrame


@dataclass(frozen=True)
class Assignment:
    """What the run proposes.

    links: source_record_key, cluster, golden_customer_id, earlier_id (null = new to us).
    customers: golden_customer_id, status, merged_into_id, record_count, founding_record_key (null unless new), is_new.
    events: change_kind, from_id, to_id, records_moved, is_new_id, evidence (list of evidence names), reason.
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
    wanted: pl.DataFrame | None = None,
    reason: str | None = None,
) -> Assignment:
    """Give every cluster its golden id.

    clusters: source_record_key str, cluster int64: tonight's records in scope.
    erased: records that were erased; an id that loses its last record to erasure is deleted, not retired.
    edges: left_key, right_key, evidence: tonight's accepted evidence, to name what joined merged ids.
    wanted: cluster int64, golden_customer_id: ids that are set (a rollback); one cluster, one id; none deleted.
    reason: why, for all events (a rollback); otherwise each event says its own.
    """
    import polars as pl

    from resolution.events import make_events

    members = clusters.select("source_record_key", "cluster").join(
        previous.links.rename({"golden_customer_id": "earlier_id"}), on="source_record_key", how="left"
    )
    places = _places(members, previous)
    set_ids = pl.DataFrame(schema={"cluster": pl.Int64, "golden_customer_id": pl.String})
    if wanted is not None:
        set_ids = wanted.select(pl.col("cluster").cast(pl.Int64), "golden_customer_id")
    winners = _follow(members, previous, set_ids)
    owner = winners.filter(pl.col("is_survivor")).select("cluster", golden_customer_id="golden_customer_id")
    forced = set_ids.join(owner, on="cluster", how="anti")
    owner = pl.concat([owner, forced])
    returning = pl.concat([forced, _returning(places, owner, previous, set_ids)])
    owner = pl.concat([owner, returning.join(owner, on="cluster", how="anti")])
    fresh = _fresh(members, owner, previous)
    owner = pl.concat([owner, fresh.select("cluster", "golden_customer_id")])
    links = members.join(owner, on="cluster", how="left").select(
        "source_record_key", "cluster", "golden_customer_id", "earlier_id"
    )
    gone = _gone(previous, links, erased)
    merges = winners.filter(~pl.col("is_survivor")).join(
        owner.rename({"golden_customer_id": "to_id"}), on="cluster", how="left"
    )
    revived = returning.join(_origin(members), on="cluster", how="left")
    events = make_events(links, merges, revived, fresh, gone, edges, reason)
    customers = pl.concat([_customers(links, merges, fresh, gone), _pointers(places, owner, previous, returning)])
    return Assignment(links=links, customers=customers.sort("golden_customer_id"), events=events)


def _follow(members: pl.DataFrame, previous: Registry, set_ids: pl.DataFrame) -> pl.DataFrame:
    """Which cluster each earlier id follows, and whether it survives there: golden_customer_id, cluster,
    is_survivor.
    """
    import polars as pl

    parts = (
        members.filter(pl.col("earlier_id").is_not_null())
        .join(previous.homes.filter("is_own").select("source_record_key", home_id="golden_customer_id"),
              on="source_record_key", how="left")
        .sort("since_run_id", "source_record_key")
        .group_by("earlier_id", "cluster", maintain_order=True)
        .agg(
            own=pl.col("home_id").is_null().sum(),
            records=pl.len(),
            since=pl.col("since_run_id").first(),
            oldest=pl.col("source_record_key").first(),
        )
    )  # fmt: skip
    order = ["earlier_id", "own", "records", "since", "oldest"]
    followed = (
        parts.sort(order, descending=[False, True, True, False, False])
        .unique("earlier_id", keep="first", maintain_order=True)
        .join(previous.customers, left_on="earlier_id", right_on="golden_customer_id", how="left")
        .join(set_ids.rename({"cluster": "set_cluster"}), left_on="earlier_id", right_on="golden_customer_id",
              how="left")
        .with_columns(cluster=pl.coalesce("set_cluster", "cluster"), is_set=pl.col("set_cluster").is_not_null())
        .sort(["cluster", "is_set", "created_run_id", "earlier_id"], descending=[False, True, False, False])
    )  # fmt: skip
    has_set = pl.col("cluster").is_in(set_ids["cluster"].implode())
    return followed.select(
        golden_customer_id="earlier_id",
        cluster="cluster",
        is_survivor=pl.col("is_set") | (pl.col("cluster").is_first_distinct() & ~has_set),
    )


def _places(members: pl.DataFrame, previous: Registry) -> pl.DataFrame:
    """Where most of a closed id's own records are tonight: golden_customer_id, cluster (null: a customer outside the
    scope), present_id. Ids whose records are all gone are absent.
    """
    import polars as pl

    found = previous.homes.join(members.select("source_record_key", "cluster"), on="source_record_key", how="left")
    return (
        found.filter(pl.col("cluster").is_not_null() | pl.col("present_id").is_not_null())
        .with_columns(present_id=pl.when(pl.col("cluster").is_null()).then(pl.col("present_id")))
        .sort("since_run_id", "source_record_key")
        .group_by("golden_customer_id", "cluster", "present_id", maintain_order=True)
        .agg(
            own=pl.col("is_own").sum(),
            records=pl.len(),
            since=pl.col("since_run_id").first(),
            oldest=pl.col("source_record_key").first(),
        )
        .sort(["golden_customer_id", "own", "records", "since", "oldest"], descending=[False, True, True, False, False])
        .unique("golden_customer_id", keep="first", maintain_order=True)
        .select("golden_customer_id", "cluster", "present_id")
    )


def _returning(places: pl.DataFrame, owner: pl.DataFrame, previous: Registry, set_ids: pl.DataFrame) -> pl.DataFrame:
    """Closed ids whose own records head a cluster that has no id (the oldest, if several): cluster,
    golden_customer_id.
    """
    import polars as pl

    return (
        places.filter(pl.col("cluster").is_not_null())
        .join(owner, on="cluster", how="anti")
        .join(set_ids, on="golden_customer_id", how="anti")
        .join(previous.customers.select("golden_customer_id", "created_run_id"), on="golden_customer_id", how="left")
        .sort("created_run_id", "golden_customer_id")
        .unique("cluster", keep="first", maintain_order=True)
        .select("cluster", "golden_customer_id")
    )


def _origin(members: pl.DataFrame) -> pl.DataFrame:
    """The id that most earlier records of a cluster come from: cluster, from_id."""
    import polars as pl

    return (
        members.filter(pl.col("earlier_id").is_not_null())
        .group_by("cluster", "earlier_id")
        .len()
        .sort(["cluster", "len", "earlier_id"], descending=[False, True, False])
        .unique("cluster", keep="first", maintain_order=True)
        .select("cluster", from_id="earlier_id")
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
    return (
        founders.with_columns(golden_customer_id=pl.Series(ids, dtype=pl.String))
        .join(_origin(homeless), on="cluster", how="left")
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
    return pl.concat([live, closed])


def _pointers(places: pl.DataFrame, owner: pl.DataFrame, previous: Registry, returning: pl.DataFrame) -> pl.DataFrame:
    """Closed ids most of whose records belong to another customer than their pointer says; shaped like customers."""
    import polars as pl

    none = pl.lit(None, dtype=pl.String)
    return (
        places.join(returning, on="golden_customer_id", how="anti")
        .join(owner.rename({"golden_customer_id": "owner_id"}), on="cluster", how="left")
        .with_columns(target=pl.coalesce("owner_id", "present_id"))
        .join(previous.customers, on="golden_customer_id", how="inner")
        .filter(pl.col("target").ne_missing(pl.col("merged_into_id")))
        .select(
            "golden_customer_id",
            status="status",
            merged_into_id="target",
            record_count=pl.lit(0, dtype=pl.Int64),
            founding_record_key=none,
            is_new=pl.lit(False),
        )
    )
