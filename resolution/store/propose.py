"""The registry's earlier state for the records in scope, and the proposal of one run in `identity.next_*`."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from resolution.figures import RunFigures
from resolution.registry import Registry
from resolution.store.bulk import copy_in, copy_out
from resolution.store.homes import read_homes
from resolution.store.households import NEXT_TABLES as HOUSEHOLD_TABLES
from resolution.store.keys import drop_staged

if TYPE_CHECKING:
    import polars as pl
    import psycopg
    import pyarrow as pa

NEXT_TABLES = (
    "next_record_links", "next_golden_customers", "next_golden_id_changes", "next_match_edges", "next_block_keys",
    "next_golden_records", "next_near_pairs", *HOUSEHOLD_TABLES,
)  # fmt: skip


@dataclass(frozen=True)
class StoredRun:
    """A row of identity.runs as far as later runs need it."""

    run_id: int
    export_date: dt.date
    status: str
    kind: str
    source_seq: int
    parameter_version: int | None
    customers_total: int


def last_accepted(connection: psycopg.Connection[Any]) -> StoredRun | None:
    """The newest accepted run of the matcher (rollbacks do not read records)."""
    return _run_row(
        connection, "where status = 'accepted' and kind in ('full', 'increment') order by run_id desc limit 1"
    )


def find_run(connection: psycopg.Connection[Any], run_id: int, *, lock: bool = False) -> StoredRun | None:
    """One run by number."""
    return _run_row(connection, "where run_id = %s" + (" for update" if lock else ""), run_id)


def _run_row(connection: psycopg.Connection[Any], condition: str, *params: Any) -> StoredRun | None:
    query = sql.SQL(
        "select run_id, export_date, status, kind, source_seq, parameter_version, customers_total from identity.runs "
    ) + sql.SQL(condition)
    row = connection.execute(query, params or None).fetchone()
    return StoredRun(*row) if row else None


def active_parameters(connection: psycopg.Connection[Any]) -> tuple[int, str, dict[str, Any]] | None:
    """(version, hash of the settings, parameters) in force; None before the first accepted run."""
    row = connection.execute(
        """select parameter_version, config_hash, parameters from identity.model_parameters
           where is_active order by parameter_version desc limit 1"""
    ).fetchone()
    return (int(row[0]), str(row[1]), dict(row[2])) if row else None


def save_parameters(
    connection: psycopg.Connection[Any], run_id: int, config_hash: str, parameters: dict[str, Any]
) -> int:
    """Store a new version, not yet in force; accepting the run puts it in force."""
    row = connection.execute(
        """insert into identity.model_parameters (trained_by_run_id, config_hash, parameters)
           values (%s, %s, %s::jsonb) returning parameter_version""",
        (run_id, config_hash, json.dumps(parameters, sort_keys=True)),
    ).fetchone()
    assert row is not None
    return int(row[0])


def open_run(connection: psycopg.Connection[Any], export_date: dt.date, kind: str, reason: str, source_seq: int) -> int:
    """Begin a proposal; its number."""
    row = connection.execute(
        """insert into identity.runs (export_date, kind, reason, source_seq) values (%s, %s, %s, %s)
           returning run_id""",
        (export_date, kind, reason, source_seq),
    ).fetchone()
    assert row is not None
    return int(row[0])


def finish_run(
    connection: psycopg.Connection[Any], run_id: int, figures: dict[str, Any], phases: dict[str, Any]
) -> None:
    """Write the run's figures; they stand with the proposal, so that the audit can read them. phases: see
    resolution/figures.py.
    """
    figures = figures | {"figures": json.dumps(phases)}
    columns = sorted(figures)
    connection.execute(
        sql.SQL("update identity.runs set {}, finished_at = clock_timestamp() where run_id = {}").format(
            sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(c), sql.Placeholder()) for c in columns),
            sql.Placeholder(),
        ),
        [*(figures[c] for c in columns), run_id],
    )


def add_phases(connection: psycopg.Connection[Any], run_id: int, figures: RunFigures) -> None:
    """Add the phases of the acceptance to those of the proposal."""
    connection.execute(
        """update identity.runs
           set figures = jsonb_set(figures, '{phases}', coalesce(figures -> 'phases', '[]') || %s::jsonb)
           where run_id = %s""",
        (json.dumps(figures.to_dict()["phases"]), run_id),
    )


def earlier_registry(connection: psycopg.Connection[Any], *, everything: bool) -> tuple[Registry, pl.DataFrame]:
    """Registry of the records in the temporary table `scope` (all of them when `everything`); and their current links
    with how they were decided: source_record_key, golden_customer_id, decided_by.
    """
    import polars as pl
    import pyarrow as pa

    from resolution.store.fetch import fetch_table, key_type

    key = pa.string() if everything else key_type()

    def read(query: sql.Composable, types: dict[str, pa.DataType]) -> pl.DataFrame:
        table = copy_out(connection, query, types) if everything else fetch_table(connection, query, types)
        return pl.DataFrame(pl.from_arrow(table))

    if not everything:
        # All links that the records ever had, found once.
        connection.execute("drop table if exists scope_links")
        connection.execute(
            """create temp table scope_links on commit drop as
               select h.* from (select source_record_key from scope order by 1) s cross join lateral (
                   select * from identity.record_links l where l.source_record_key = s.source_record_key offset 0) h"""
        )
        connection.execute("analyze scope_links (source_record_key, golden_customer_id)")
    all_links = sql.Identifier("identity", "record_links") if everything else sql.Identifier("scope_links")
    links = read(
        sql.SQL(
            """select source_record_key, golden_customer_id, since_run_id, decided_by from (
                   select h.source_record_key, h.golden_customer_id, h.decided_by, h.valid_to_run_id,
                          min(h.valid_from_run_id) over (partition by h.source_record_key) as since_run_id
                   from {} h) l
               where valid_to_run_id is null"""
        ).format(all_links),
        {"source_record_key": key, "golden_customer_id": key, "since_run_id": pa.int64(), "decided_by": pa.string()},
    )
    # A night looks them up one by one, which the planner cannot turn into a scan.
    chosen = (
        sql.SQL("identity.golden_customers c where c.golden_customer_id in (select golden_customer_id from {})")
        if everything
        else sql.SQL(
            """(select distinct golden_customer_id from {} order by 1) g cross join lateral (
                   select * from identity.golden_customers l
                   where l.golden_customer_id = g.golden_customer_id offset 0) c"""
        )
    )
    customers = read(
        sql.SQL(
            "select c.golden_customer_id, c.created_run_id, c.status, c.merged_into_id, c.founding_record_key from {}"
        ).format(chosen.format(all_links)),
        {
            "golden_customer_id": key,
            "created_run_id": pa.int64(),
            "status": pa.string(),
            "merged_into_id": key,
            "founding_record_key": key,
        },
    )
    founder = sql.SQL("") if everything else sql.SQL("join scope s on s.source_record_key = c.founding_record_key")
    issued = read(
        sql.SQL(
            """select c.founding_record_key, count(*) from identity.golden_customers c {}
               group by c.founding_record_key"""
        ).format(founder),
        {"founding_record_key": key, "generations": pa.int64()},
    )
    homes = pl.DataFrame(pl.from_arrow(read_homes(connection, everything=everything)))
    current = links.select("source_record_key", "golden_customer_id", "decided_by")
    return Registry(links.drop("decided_by"), customers, homes, issued), current


@dataclass(frozen=True)
class Totals:
    """Size of the accepted registry."""

    customers: int
    records: int


def totals(connection: psycopg.Connection[Any]) -> Totals:
    """Live customers and linked records as accepted."""
    row = connection.execute(
        """select (select count(*) from identity.golden_customers where status = 'live'),
                  (select count(*) from identity.record_links where valid_to_run_id is null)"""
    ).fetchone()
    assert row is not None
    return Totals(int(row[0]), int(row[1]))


def write_golden_records(connection: psycopg.Connection[Any], golden: pl.DataFrame) -> int:
    """Append golden records to `identity.next_golden_records` (they carry their run_id themselves)."""
    import polars as pl

    braces = pl.concat_str(pl.lit("{"), pl.col("conflicts").list.join(","), pl.lit("}"))
    table = golden.with_columns(conflicts=braces).to_arrow()
    return copy_in(connection, "identity.next_golden_records", table)


def write_next(connection: psycopg.Connection[Any], table: str, run_id: int, rows: pl.DataFrame) -> int:
    """Append rows to `identity.next_<table>` under the run's number."""
    import polars as pl

    framed = rows.select(pl.lit(run_id, dtype=pl.Int64).alias("run_id"), pl.all())
    return copy_in(connection, f"identity.next_{table}", framed.to_arrow())


def write_edges(
    connection: psycopg.Connection[Any],
    run_id: int,
    edges: pa.Table,
    *,
    withdrawn: bool,
    table_name: str = "next_match_edges",
) -> int:
    """Append evidence to `identity.next_match_edges`, or to `next_near_pairs` (which has no kind)."""
    import pyarrow as pa

    n = edges.num_rows
    table = edges.append_column("run_id", pa.array([run_id], pa.int64()).take(pa.array([0] * n, pa.int64())))
    table = table.append_column("is_withdrawn", pa.array([withdrawn]).take(pa.array([0] * n, pa.int64())))
    return copy_in(connection, f"identity.{table_name}", table)


def analyze_next(connection: psycopg.Connection[Any]) -> None:
    """Let the planner know the size of the proposal, which the audit joins with everything accepted, and the values of
    its keys; those of other columns decide no join.
    """
    rows = connection.execute(
        """select c.relname, array_agg(a.attname::text) from pg_class c join pg_attribute a on a.attrelid = c.oid
           where c.relnamespace = 'identity'::regnamespace and c.relname = any(%s) and a.attnum > 0
             and not a.attisdropped and (a.atttypid = any(%s::regtype[]) or a.attname = 'status')
           group by 1 order by 1""",
        (list(NEXT_TABLES), ["uuid", "bigint", "boolean"]),
    ).fetchall()
    tables = [
        sql.SQL("{} ({})").format(sql.Identifier("identity", name), sql.SQL(", ").join(map(sql.Identifier, columns)))
        for name, columns in rows
    ]
    connection.execute(sql.SQL("analyze {}").format(sql.SQL(", ").join(tables)))


def empty_next(connection: psycopg.Connection[Any]) -> None:
    """Empty the proposal tables."""
    tables = sql.SQL(", ").join(sql.Identifier("identity", t) for t in NEXT_TABLES)
    connection.execute(sql.SQL("truncate {}").format(tables))


def discard_leftovers(connection: psycopg.Connection[Any], reason: str) -> list[int]:
    """Discard proposals that nobody accepted (a crash, a failed audit); their numbers."""
    rows = connection.execute(
        """update identity.runs set status = 'discarded', reason = coalesce(reason || '; ', '') || %s,
                  finished_at = clock_timestamp() where status = 'proposed' returning run_id""",
        (reason,),
    ).fetchall()
    if rows:
        empty_next(connection)
        drop_staged(connection)
    return [int(r[0]) for r in rows]
