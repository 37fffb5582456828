"""The warehouse's golden customers against a simulated truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resolution.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from resolution.evaluation import Evaluation


@dataclass(frozen=True)
class WarehouseEvaluation:
    """persons: against true persons. findable: recall's honest ceiling, only pairs that the exports allow to be
    found.
    """

    persons: Evaluation
    findable: Evaluation | None
    records: int
    records_without_truth: int
    customers: int
    sizes: dict[int, int]


def evaluate_warehouse(truth_dir: str | Path) -> WarehouseEvaluation:
    """Compare accepted identities with `identifiers.parquet` of a simulation's truth folder.

    A record's truth is the row of its platform, kind and id, else the row of its account, else that of its first
    order. Records shared by several persons that nothing could tell apart are left out.
    """
    import numpy as np
    import polars as pl

    import warehouse
    from resolution.evaluation import evaluate
    from resolution.store import lookup

    path = Path(truth_dir) / "identifiers.parquet"
    if not path.is_file():
        raise InputError(f"{path}: no such file; give the simulation's _truth folder")
    truth = pl.read_parquet(path)
    with warehouse.connect(name="evaluate") as connection:
        records = pl.DataFrame(pl.from_arrow(lookup.linked_records(connection)))
        ids = pl.DataFrame(pl.from_arrow(lookup.platform_ids(connection)))
    judged = match_truth(records, ids, truth)
    known = judged.filter(pl.col("person_id").is_not_null() & ~pl.col("is_left_out"))
    persons = evaluate(known["golden_customer_id"].to_numpy(), known["person_id"].to_numpy())
    findable = None
    if "link_group" in truth.columns:
        findable = evaluate(known["golden_customer_id"].to_numpy(), known["link_group"].to_numpy())
    size = records.group_by("golden_customer_id").len()["len"].to_numpy()
    sizes, counts = np.unique(size, return_counts=True)
    return WarehouseEvaluation(
        persons=persons,
        findable=findable,
        records=records.height,
        records_without_truth=judged.filter(pl.col("person_id").is_null()).height,
        customers=len(size),
        sizes=dict(zip(sizes.tolist(), counts.tolist(), strict=True)),
    )


def match_truth(records: pl.DataFrame, ids: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Records with person_id, link_group (if the truth has it) and is_left_out; person_id is null without truth.

    records: source_record_key, source_platform, record_kind, source_record_id. ids: source_record_key, kind
    ('account' or 'order'), identifier_value.
    """
    import polars as pl

    extra = [c for c in ("link_group",) if c in truth.columns]
    # A record of several persons (a family's tablet) is right with each of them: there is no one truth to hold it to.
    shared = pl.col("is_shared").alias("is_left_out")
    facts = truth.with_columns(shared, pl.col("value").cast(pl.String)).select(
        "source_platform", "kind", "value", "person_id", "is_left_out", *extra
    )
    # A value of several persons has several rows; one row per value is enough to leave it out.
    facts = facts.sort("person_id").unique(["source_platform", "kind", "value"], keep="first", maintain_order=True)
    kind = pl.when(pl.col("record_kind") == "guest_order").then(pl.lit("order")).otherwise("record_kind")
    own = records.select("source_record_key", "source_platform", kind=kind, value="source_record_id")
    further = ids.join(records.select("source_record_key", "source_platform"), on="source_record_key").select(
        "source_record_key", "source_platform", "kind", value="identifier_value"
    )
    ways = pl.concat([own.with_columns(way=pl.lit(0)), further.with_columns(way=pl.lit(1))])
    found = (
        ways.join(facts, on=["source_platform", "kind", "value"])
        .sort("source_record_key", "way", "kind", "value")
        .unique("source_record_key", keep="first", maintain_order=True)
        .select("source_record_key", "person_id", "is_left_out", *extra)
    )
    return records.join(found, on="source_record_key", how="left", maintain_order="left").with_columns(
        pl.col("is_left_out").fill_null(False)
    )


def format_evaluation(result: WarehouseEvaluation) -> str:
    """A small table for people."""
    lines = [
        f"{result.customers} customers of {result.records} records ({result.records_without_truth} without truth)",
        f"{'':22}precision  recall      F1",
    ]
    for name, part in (("persons", result.persons), ("findable persons", result.findable)):
        if part is None:
            continue
        lines.append(
            f"{name + ', pairwise':22}  {part.pairwise_precision:7.4f} {part.pairwise_recall:7.4f}"
            f" {part.pairwise_f1:7.4f}"
        )
        lines.append(
            f"{name + ', B-cubed':22}  {part.bcubed_precision:7.4f} {part.bcubed_recall:7.4f} {part.bcubed_f1:7.4f}"
        )
    lines.append("records per customer: " + ", ".join(f"{s}: {c}" for s, c in sorted(result.sizes.items())))
    return "\n".join(lines)
