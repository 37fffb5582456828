"""From evidence to a run's proposal: clusters, golden ids, life-cycle events and golden records, written to
`next_*`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from resolution.evidence import People

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import psycopg

    from resolution.config import MatchConfig
    from resolution.registry import Assignment

OVERSIZED = 100
"""A customer with more records than this is counted as oversized; the audit decides what that means."""


@dataclass(frozen=True)
class Clustered:
    """Clusters of the records in scope: source_record_key, cluster, decided_by, match_probability. refused: links that
    were strong enough but were not followed, counted by reason (`Refusals.counts`).
    """

    links: pl.DataFrame
    sizes: dict[int, int]
    refused: dict[str, int] = field(default_factory=dict)


def make_clusters(
    people: People, edges: pd.DataFrame, accounts: pd.DataFrame, config: MatchConfig, threshold: float
) -> Clustered:
    """Cluster the records in scope; `edges` must hold all their evidence, decisions included."""
    import numpy as np
    import polars as pl

    from resolution.constraints import base_constraints
    from resolution.decided import cluster_with_decisions
    from resolution.identifier_rules import load_identifier_rules
    from resolution.lives import keep_lives_apart

    decided = (edges["kind"] == "decision").to_numpy()
    pairs = edges.loc[decided, ["left", "right"]].to_numpy(np.int64)
    same = (edges.loc[decided, "evidence"] == "same").to_numpy()
    constraints = base_constraints(people.std, config, None, accounts, pairs[same], pairs[~same], threshold)
    records = pl.from_arrow(people.records)
    assert isinstance(records, pl.DataFrame)
    constraints = keep_lives_apart(constraints, edges, people.std, records, load_identifier_rules())
    labels, refused = cluster_with_decisions(people.n, edges, constraints, pairs[~same])
    return replace(describe_links(people, edges, labels, threshold), refused=refused.counts())


def describe_links(people: People, edges: pd.DataFrame, labels: np.ndarray, threshold: float) -> Clustered:
    """How each record hangs on its cluster. labels: int64[people.n], the lowest position of each record's cluster."""
    import numpy as np
    import polars as pl

    from resolution.cluster import link_strength

    used = edges[edges["match_probability"].to_numpy() >= threshold]
    decided_by, probability = link_strength(labels, used)
    links = pl.DataFrame(
        {
            "source_record_key": pl.from_arrow(people.keys),
            "cluster": labels,
            "decided_by": pl.Series(decided_by, dtype=pl.String),
            "match_probability": pl.Series(probability, dtype=pl.Float64),
        }
    ).with_columns(pl.col("match_probability").fill_nan(None))
    size, count = np.unique(np.unique(labels, return_counts=True)[1], return_counts=True)
    return Clustered(links, dict(zip(size.tolist(), count.tolist(), strict=True)))


def write_proposal(
    connection: psycopg.Connection[Any],
    run_id: int,
    people: People,
    clustered: Clustered,
    edges: Any,
    *,
    full: bool,
    erased: Collection[str] = (),
    wanted: pl.DataFrame | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """Assign golden ids, write links, customers, events and golden records; the run's figures.

    erased, wanted, reason: as for `registry.assign`.
    """
    import polars as pl

    from resolution.registry import assign
    from resolution.store import propose

    earlier, before = propose.earlier_registry(connection, everything=full)
    totals = propose.totals(connection)
    evidence = pl.from_arrow(edges.select(["left_key", "right_key", "evidence"]))
    assert isinstance(evidence, pl.DataFrame)
    result = assign(earlier, clustered.links, erased=erased, edges=evidence, wanted=wanted, reason=reason)
    links = result.links.join(
        clustered.links.select("source_record_key", "decided_by", "match_probability"), on="source_record_key"
    )
    propose.write_next(connection, "record_links", run_id, _changed_links(links, before))
    founders = earlier.customers.select("golden_customer_id", earlier_founder="founding_record_key")
    customers = (
        result.customers.join(founders, on="golden_customer_id", how="left")
        .with_columns(founding_record_key=pl.coalesce("founding_record_key", "earlier_founder"))
        .drop("earlier_founder")
    )
    propose.write_next(connection, "golden_customers", run_id, customers)
    propose.write_next(connection, "golden_id_changes", run_id, _event_rows(result))
    golden = _golden_records(people, links, run_id)
    propose.write_golden_records(connection, golden)
    counts = {k: result.count(k) for k in ("create", "merge", "split", "revive", "retire", "delete")}
    joined = counts["create"] + counts["split"] + counts["revive"]
    left = counts["merge"] + counts["retire"] + counts["delete"]
    sizes = links.group_by("golden_customer_id").len()
    return {
        "created_count": counts["create"],
        "merged_count": counts["merge"],
        "split_count": counts["split"],
        "revived_count": counts["revive"],
        "retired_count": counts["retire"],
        "deleted_count": counts["delete"],
        "customers_total": totals.customers + joined - left,
        "oversized_count": sizes.filter(pl.col("len") > OVERSIZED).height,
        "moved_count": result.records_moved,
        "churn_rate": result.records_moved / totals.records if totals.records else 0.0,
    }


def _changed_links(links: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Rows of next_record_links: links that are new or decided otherwise; records that left, with no golden id."""
    import polars as pl

    wanted = ("source_record_key", "golden_customer_id", "decided_by", "match_probability")
    changed = links.select(wanted).join(
        before, on=["source_record_key", "golden_customer_id", "decided_by"], how="anti"
    )
    left = before.join(links, on="source_record_key", how="anti").select(
        "source_record_key",
        golden_customer_id=pl.lit(None, dtype=pl.String),
        decided_by="decided_by",
        match_probability=pl.lit(None, dtype=pl.Float64),
    )
    return pl.concat([changed, left])


def _event_rows(result: Assignment) -> pl.DataFrame:
    """Rows of next_golden_id_changes; evidence as JSON: names of evidence, and whether an id is new. Never a value."""
    import polars as pl

    names = pl.col("evidence").fill_null([]).list.eval(pl.lit('"') + pl.element() + pl.lit('"')).list.join(",")
    return result.events.select(
        "change_kind",
        "from_id",
        "to_id",
        "records_moved",
        "reason",
        evidence=pl.concat_str(
            pl.lit('{"evidence":['),
            names,
            pl.lit('],"is_new_id":'),
            pl.when("is_new_id").then(pl.lit("true")).otherwise(pl.lit("false")),
            pl.lit("}"),
        ),
    )


def _golden_records(people: People, links: pl.DataFrame, run_id: int) -> pl.DataFrame:
    import polars as pl

    from resolution.survivorship import golden_records

    records = pl.from_arrow(people.records)
    assert isinstance(records, pl.DataFrame)
    golden = golden_records(
        records.join(links.select("source_record_key", "golden_customer_id"), on="source_record_key")
    )
    return golden.with_columns(run_id=pl.lit(run_id, dtype=pl.Int64))
