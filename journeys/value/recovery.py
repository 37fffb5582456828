"""How well the rule personas find personas that are known: for brands whose truth is known, such as the simulator's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def measure(truth: Path) -> dict[str, Any]:
    """Published personas against truth/persons.parquet, over truth/identifiers.parquet.

    A customer's true persona is that of the person to whom most of its records belong. Counted are customers whom a
    rule names with one of the personas that the truth knows: customers, accuracy, usual (share of the commonest true
    persona: what guessing gives), largest_share_error, and per persona its true and its named share.
    """
    import polars as pl

    import warehouse

    records = pl.from_arrow(
        warehouse.read_arrow(
            "select b.golden_customer_id::text as customer, b.source_platform, b.record_kind as kind,"
            " b.source_record_id as value, p.persona_code from marts.bridge_customer_identities as b"
            " join marts.customer_persona as p on p.golden_customer_id = b.golden_customer_id"
        )
    )
    assert isinstance(records, pl.DataFrame)
    persons = pl.read_parquet(truth / "persons.parquet").select("person_id", "persona")
    known = pl.read_parquet(truth / "identifiers.parquet").select("source_platform", "kind", "value", "person_id")
    owners = (
        records.join(known, on=["source_platform", "kind", "value"])
        .group_by("customer", "persona_code", "person_id")
        .len()
        .sort("customer", "len", "person_id", descending=[False, True, False])
        .unique("customer", keep="first", maintain_order=True)
        .join(persons, on="person_id")
    )
    personas = persons["persona"].unique().sort().to_list()
    named = owners.filter(pl.col("persona_code").is_in(personas))
    shares = {
        p: {
            "true": round(named.filter(pl.col("persona") == p).height / max(len(named), 1), 4),
            "named": round(named.filter(pl.col("persona_code") == p).height / max(len(named), 1), 4),
        }
        for p in personas
    }
    return {
        "customers": len(named),
        "accuracy": round(named.filter(pl.col("persona") == pl.col("persona_code")).height / max(len(named), 1), 4),
        "usual": max(s["true"] for s in shares.values()),
        "largest_share_error": round(max(abs(s["true"] - s["named"]) for s in shares.values()), 4),
        "shares": shares,
    }


def evaluate_personas(
    truth: Annotated[Path, typer.Option(help="The simulator's folder _truth.", exists=True, file_okay=False)],
) -> None:
    """Compare the published rule personas with a known truth."""
    import json

    typer.echo(json.dumps(measure(truth), indent=2))
