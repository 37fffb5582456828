"""Golden ids of linked files that stay from one output to the next, by the life-cycle rules of the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resolution.linkage import folder_of, read_clusters

if TYPE_CHECKING:
    import polars as pl

    from resolution.registry import Registry

SPELLS, CUSTOMERS, MERGES = "spells.parquet", "customers.parquet", "merges.parquet"


@dataclass(frozen=True)
class IdHistory:
    """Every golden id that a line of outputs issued.

    spells: source_record_key, golden_customer_id, from_run, to_run (null = still): who had which id when.
    customers: golden_customer_id, created_run_id, closed_run_id, status, merged_into_id, founding_record_key.
    merges: run_id, from_id, to_id. run: number of the newest output.
    """

    spells: pl.DataFrame
    customers: pl.DataFrame
    merges: pl.DataFrame
    run: int

    def save(self, folder: Path) -> None:
        """Write it into the folder of a linkage."""
        folder.mkdir(parents=True, exist_ok=True)
        self.spells.write_parquet(folder / SPELLS)
        self.customers.write_parquet(folder / CUSTOMERS)
        self.merges.write_parquet(folder / MERGES)


def first_history(clusters: pl.DataFrame) -> IdHistory:
    """The history of an output without a predecessor; clusters: record_id, golden_customer_id."""
    import polars as pl

    spells = clusters.select(
        source_record_key="record_id",
        golden_customer_id="golden_customer_id",
        from_run=pl.lit(1, pl.Int64),
        to_run=pl.lit(None, pl.Int64),
    )
    customers = spells.group_by("golden_customer_id").agg(founding_record_key=pl.col("source_record_key").min())
    merges = pl.DataFrame(schema={"run_id": pl.Int64, "from_id": pl.String, "to_id": pl.String})
    return IdHistory(spells.sort("source_record_key"), _issued(customers, 1), merges, 1)


def load_history(previous: str | Path) -> IdHistory:
    """The history behind an earlier output; from its clusters alone where its folder is gone (all equally old then)."""
    import polars as pl

    folder = folder_of(previous)
    clusters = read_clusters(previous)
    if not all((folder / name).is_file() for name in (SPELLS, CUSTOMERS, MERGES)):
        return first_history(clusters)
    spells, customers, merges = (pl.read_parquet(folder / name) for name in (SPELLS, CUSTOMERS, MERGES))
    runs = pl.concat([spells["from_run"], spells["to_run"], customers["created_run_id"], customers["closed_run_id"]])
    return IdHistory(spells, customers, merges, int(runs.drop_nulls().to_numpy().max(initial=1)))


def follow(
    history: IdHistory, clusters: pl.DataFrame, edges: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, IdHistory]:
    """(clusters with ids that stay, changes of ids, the history that follows).

    clusters: record_id, golden_customer_id (any names of the new groups), …; edges: left, right, evidence.
    changes: kind (create, merge, split, revive, retire), old_id, new_id, records_moved, evidence; one row per event.
    A replay changes nothing. Ids are never used twice: a founding record that issued one before issues its next.
    """
    import polars as pl

    from resolution.registry import assign

    groups = clusters.select(
        source_record_key="record_id", cluster=pl.col("golden_customer_id").rank("dense").cast(pl.Int64)
    )
    reasons = edges.select(left_key="left", right_key="right", evidence=pl.col("evidence").cast(pl.String))
    assigned = assign(_registry(history), groups, edges=reasons)
    links = assigned.links.select(record_id="source_record_key", kept_id="golden_customer_id")
    kept = clusters.join(links, on="record_id", how="left", maintain_order="left")
    kept = kept.with_columns(golden_customer_id=pl.col("kept_id")).select(clusters.columns)
    changes = assigned.events.select(
        kind="change_kind",
        old_id="from_id",
        new_id="to_id",
        records_moved="records_moved",
        evidence=pl.col("evidence").list.join("; "),
    )
    run = history.run + 1
    spells = _next_spells(history.spells, links, run)
    if not len(changes) and spells.equals(history.spells):
        return kept, changes, history
    merged = changes.filter(pl.col("kind") == "merge").select(
        run_id=pl.lit(run, pl.Int64), from_id="old_id", to_id="new_id"
    )
    after = IdHistory(
        spells,
        _next_customers(history.customers, assigned.customers, run),
        pl.concat([history.merges, merged]),
        run,
    )
    return kept, changes, after


def _registry(history: IdHistory) -> Registry:
    import polars as pl

    from resolution.registry import Registry
    from resolution.store.homes_in_memory import homes_in_memory

    since = history.spells.group_by("source_record_key").agg(since_run_id=pl.col("from_run").min())
    current = history.spells.filter(pl.col("to_run").is_null()).select("source_record_key", "golden_customer_id")
    return Registry(
        links=current.join(since, on="source_record_key"),
        customers=history.customers.select("golden_customer_id", "created_run_id", "status", "merged_into_id"),
        homes=homes_in_memory(history.spells, history.customers, history.merges),
        issued=history.customers.group_by("founding_record_key").agg(generations=pl.len().cast(pl.Int64)),
    )


def _next_spells(spells: pl.DataFrame, links: pl.DataFrame, run: int) -> pl.DataFrame:
    """links: record_id, kept_id. A record whose id changed ends one spell and begins another."""
    import polars as pl

    now = links.select(source_record_key="record_id", now_id="kept_id")
    seen = spells.join(now, on="source_record_key", how="left", maintain_order="left")
    ends = pl.col("to_run").is_null() & pl.col("golden_customer_id").ne_missing(pl.col("now_id"))
    ended = seen.with_columns(to_run=pl.when(ends).then(run).otherwise(pl.col("to_run"))).select(spells.columns)
    open_now = ended.filter(pl.col("to_run").is_null())
    begun = now.join(open_now, on="source_record_key", how="anti").select(
        "source_record_key",
        golden_customer_id="now_id",
        from_run=pl.lit(run, pl.Int64),
        to_run=pl.lit(None, pl.Int64),
    )
    return pl.concat([ended, begun]).sort("source_record_key", "from_run")


def _next_customers(known: pl.DataFrame, changed: pl.DataFrame, run: int) -> pl.DataFrame:
    """changed: golden_customer_id, status, merged_into_id, founding_record_key, is_new, as `assign` gives them."""
    import polars as pl

    state = changed.select("golden_customer_id", new_status="status", new_target="merged_into_id")
    touched, closes = pl.col("new_status").is_not_null(), pl.col("new_status") != "live"
    kept = known.join(state, on="golden_customer_id", how="left", maintain_order="left").with_columns(
        closed_run_id=pl.when(~touched)
        .then(pl.col("closed_run_id"))
        .when(closes)
        .then(pl.coalesce("closed_run_id", pl.lit(run, pl.Int64))),
        status=pl.coalesce("new_status", "status"),
        merged_into_id=pl.when(touched).then(pl.col("new_target")).otherwise(pl.col("merged_into_id")),
    )
    fresh = _issued(changed.filter(pl.col("is_new")).select("golden_customer_id", "founding_record_key"), run)
    every = pl.concat([kept.select(fresh.columns), fresh])
    # Closed ids point at a present one in one step: who pointed at an id that is merged now follows it.
    moved = every.filter(pl.col("status") == "merged").select(
        merged_into_id="golden_customer_id", further="merged_into_id"
    )
    return (
        every.join(moved, on="merged_into_id", how="left")
        .with_columns(merged_into_id=pl.coalesce("further", "merged_into_id"))
        .select(fresh.columns)
        .sort("golden_customer_id")
    )


def _issued(ids: pl.DataFrame, run: int) -> pl.DataFrame:
    import polars as pl

    return ids.select(
        "golden_customer_id",
        created_run_id=pl.lit(run, pl.Int64),
        closed_run_id=pl.lit(None, pl.Int64),
        status=pl.lit("live"),
        merged_into_id=pl.lit(None, pl.String),
        founding_record_key="founding_record_key",
    ).sort("golden_customer_id")
