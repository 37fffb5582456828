"""The warehouse's query for the closed ids of records, over tables in memory: files follow the same rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolution.store.homes import HOMES

if TYPE_CHECKING:
    import polars as pl


def homes_in_memory(spells: pl.DataFrame, customers: pl.DataFrame, merges: pl.DataFrame) -> pl.DataFrame:
    """source_record_key, golden_customer_id (closed), is_own, since_run_id, present_id, as `read_homes` gives them.

    spells: source_record_key, golden_customer_id, from_run, to_run (null = still). customers: golden_customer_id,
    status, closed_run_id. merges: run_id, from_id, to_id.
    """
    import duckdb
    import polars as pl

    with duckdb.connect() as database:
        for name, frame in (("spells", spells), ("customers", customers), ("merges", merges)):
            database.register(name, frame.to_arrow())
        database.execute("create schema identity")
        database.execute(
            "create view identity.record_links as select source_record_key, golden_customer_id,"
            " from_run as valid_from_run_id, to_run as valid_to_run_id from spells"
        )
        database.execute(
            "create view identity.golden_customers as select golden_customer_id, status, closed_run_id from customers"
        )
        database.execute(
            "create view identity.golden_id_changes as"
            " select run_id, 'merge' as change_kind, from_id, to_id from merges"
        )
        found = database.sql(HOMES.format(seeded="", only="")).to_arrow_table()
    frame = pl.DataFrame(pl.from_arrow(found))
    return frame.with_columns(pl.col("since_run_id").cast(pl.Int64)).sort("source_record_key", "golden_customer_id")
