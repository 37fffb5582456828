"""`python -m warehouse status`: one screen that says how the warehouse stands."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from warehouse import migrations, server
from warehouse.connection import connect
from warehouse.settings import settings

SCHEMAS = (
    "landing",
    "raw",
    "raw_history",
    "staging",
    "intermediate",
    "identity",
    "marts_next",
    "marts",
    "marts_undo",
    "ops",
)

_NIGHTS = """
select export_date, count(*) as batches,
    string_agg(distinct status, ', ' order by status),
    sum(rows_read), sum(rows_inserted + rows_updated + rows_tombstoned), sum(rows_unchanged),
    sum(rows_duplicate), sum(rows_rejected)
from ops.batch_ledger group by 1 order by 1 desc limit %s
"""
_PUBLISHES = """
select p.publish_id, p.export_date, to_char(p.published_at, 'YYYY-MM-DD HH24:MI'), p.status, p.affected, p.everyone,
    coalesce(sum(t.rows_deleted), 0), coalesce(sum(t.rows_inserted), 0),
    bool_or(to_regclass('marts_undo.p' || p.publish_id || '__affected_customers') is not null)
from ops.publish_log p left join ops.publish_tables t using (publish_id)
group by p.publish_id order by p.publish_id desc limit %s
"""
_SIZES = """
select n.nspname, count(*), coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint,
    coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%s) and c.relkind in ('r', 'm') group by 1
"""


def show(nights: int = 7) -> None:
    """Print the overview. Does not start a server that is down."""
    from rich.console import Console
    from rich.panel import Panel

    console = Console()
    if not console.is_terminal:  # a file or a pipe: no narrow screen to fit
        console = Console(width=120)
    current = settings()
    if current.warehouse_url is None and not server.is_running():
        console.print(
            Panel(
                f"The embedded server of {current.home} is not running. `python -m warehouse start`", title="Warehouse"
            )
        )
        return
    with connect(name="journeyline status") as connection:
        console.print(Panel(_server_lines(connection), title="Warehouse", expand=False))
        if migrations.schema_version() == 0:
            console.print("No schema yet: `python -m warehouse migrate`")
            return
        for table in (_nights(connection, nights), _publishes(connection, nights), _sizes(connection)):
            console.print(table)


def _server_lines(connection: psycopg.Connection[Any]) -> str:
    current = settings()
    parts = conninfo_to_dict(current.warehouse_url or server.embedded().url())
    row = connection.execute(
        "select current_setting('server_version'), pg_size_pretty(pg_database_size(current_database())),"
        " (select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()),"
        " date_trunc('second', clock_timestamp() - pg_postmaster_start_time())"
    ).fetchone()
    assert row is not None
    newest, known = migrations.schema_version(), len(migrations.read_migrations())
    schema = f"{newest:04d}" + ("" if newest == known else f" ({known - newest} to apply: python -m warehouse migrate)")
    lines = {
        "server": f"PostgreSQL {row[0]}, {'external' if current.warehouse_url else 'embedded'}, up {row[3]}",
        "address": f"{parts.get('host')}:{parts.get('port')}/{parts.get('dbname')} as {parts.get('user')}",
        "schema": schema,
        "size": f"{row[1]}, {row[2]} other connections",
        "home": str(current.home),
    }
    return "\n".join(f"[bold]{name:<8}[/bold] {text}" for name, text in lines.items())


def _table(title: str, *columns: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column[0].isdigit() or column in _NUMBERS
        table.add_column(column, justify="right" if right else "left", no_wrap=False)
    return table


_NUMBERS = {
    "batches",
    "rows read",
    "changed",
    "unchanged",
    "duplicate",
    "rejected",
    "customers",
    "rows out",
    "rows in",
    "tables",
    "rows",
    "size",
}


def _nights(connection: psycopg.Connection[Any], count: int) -> Any:
    table = _table(
        "Last nights", "export date", "batches", "status", "rows read", "changed", "unchanged", "duplicate", "rejected"
    )
    for date, batches, statuses, *figures in connection.execute(_NIGHTS.encode(), (count,)):
        table.add_row(str(date), str(batches), statuses, *(f"{figure:,}" for figure in figures))
    return table


def _publishes(connection: psycopg.Connection[Any], count: int) -> Any:
    table = _table(
        "Last publishes", "id", "export date", "published at", "status", "customers", "rows out", "rows in", "undo"
    )
    for number, date, at, status, affected, everyone, out, into, undo in connection.execute(
        _PUBLISHES.encode(), (count,)
    ):
        who = f"{affected:,}" + (" (everyone)" if everyone else "")
        table.add_row(
            str(number), str(date), at, status.replace("_", " "), who, f"{out:,}", f"{into:,}", "kept" if undo else ""
        )
    return table


def _sizes(connection: psycopg.Connection[Any]) -> Any:
    found = {name: figures for name, *figures in connection.execute(_SIZES.encode(), (list(SCHEMAS),))}
    table = _table("Schemas", "schema", "tables", "rows", "size")
    for schema in SCHEMAS:
        tables, rows, size = found.get(schema, (0, 0, 0))
        table.add_row(schema, str(tables), f"≈ {rows:,}", f"{size / 1024 / 1024:,.1f} MB")
    return table
