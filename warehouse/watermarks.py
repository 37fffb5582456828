"""How far each dbt layer has read (ops.watermarks), and how far it could read now."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]

INT_TABLES = (
    "int_person_records", "int_touchpoints", "int_orders", "int_order_lines", "int_refunds", "int_tickets",
    "int_channel_metrics", "int_messages", "int_message_scores", "int_x_columns",
)  # fmt: skip


PLANNING = ("planning__event", "planning__campaign_cost", "planning__experiment")  # sheets without persons


def newest(connection: Connection, schema: str, tables: list[str]) -> dict[str, int]:
    """Table → its newest _changed_seq (0: empty), from the index; absent tables are left out."""
    rows = connection.execute(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a"
        " on a.attrelid = c.oid and a.attname = '_changed_seq' and not a.attisdropped"
        " where n.nspname = %s and c.relkind in ('r', 'p') and (%s::text[] = '{}' or c.relname = any(%s::text[]))"
        " order by 1",
        (schema, tables, tables),
    ).fetchall()
    if not rows:
        return {}
    parts = [
        sql.SQL("select {}, coalesce(max(_changed_seq), 0) from {}").format(
            sql.Literal(name), sql.Identifier(schema, name)
        )
        for (name,) in rows
    ]
    return {str(name): int(seq) for name, seq in connection.execute(sql.SQL(" union all ").join(parts))}


def read_sources(connection: Connection, layer: str) -> dict[str, int]:
    """What the layer reads, and how far that has got: raw objects by name; for later layers also what lies between."""
    if layer == "persons":
        return newest(connection, "raw", [])
    if layer == "touchpoints":
        return {
            **newest(connection, "raw", []),
            **newest(connection, "intermediate", ["int_person_records", "int_orders"]),
        }
    sources = {**newest(connection, "intermediate", list(INT_TABLES)), **newest_plan(connection)}
    row = connection.execute("select coalesce(max(run_id), 0) from identity.runs where status = 'accepted'").fetchone()
    sources["identity"] = int(row[0]) if row else 0
    # The night in preparation: the marts are built for its customers, so another set is something new to read.
    row = connection.execute(
        "select coalesce(bit_xor(hashtextextended(golden_customer_id::text, 0)), 0), count(*)"
        " from marts_next.affected_customers"
    ).fetchone()
    assert row is not None
    sources["affected"], sources["affected_count"] = int(row[0]), int(row[1])
    if layer == "answers":
        # Facts and dimensions of this night, and the statistics made from them (`python -m journeys compute`).
        sources["marts"] = read_watermarks(connection, "dbt:marts").get("built", 0)
        row = connection.execute(
            "select coalesce((select seq from ops.watermarks where consumer = 'journeys' and source = 'computed'), 0)"
        ).fetchone()
        sources["fits"] = int(row[0]) if row else 0
    return sources


def newest_plan(connection: Connection) -> dict[str, int]:
    """How far the planning sheets have got, as one mark: marts read them, and no customer is affected by them."""
    found = newest(connection, "raw", list(PLANNING))
    return {"planning": max(found.values())} if found else {}


def is_refit_night(connection: Connection) -> bool:
    """Whether statistics were fitted anew for the night in preparation: fitted marts then hold everybody's rows."""
    return connection.execute("select refit from ops.next_publish").fetchone() == (True,)


def read_watermarks(connection: Connection, consumer: str) -> dict[str, int]:
    rows = connection.execute("select source, seq from ops.watermarks where consumer = %s", (consumer,)).fetchall()
    return {str(source): int(seq) for source, seq in rows}


def write_watermarks(connection: Connection, consumer: str, marks: dict[str, int]) -> None:
    """Replace all of a consumer's watermarks."""
    connection.execute("delete from ops.watermarks where consumer = %s", (consumer,))
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.watermarks (consumer, source, seq) values (%s, %s, %s)",
            [(consumer, source, seq) for source, seq in sorted(marks.items())],
        )
