"""Helpers of the publish tests: a hand-made marts_next with its manifest, and the published state as text."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Any

import warehouse
from warehouse.publish import PublishResult, publish
from warehouse.watermarks import read_sources, write_watermarks

DAY = dt.date(2026, 3, 1)

FCT = (
    "create table marts_next.fct_touchpoints (touchpoint_id integer primary key, golden_customer_id uuid not"
    " null, stage_key text, amount numeric(18, 2))"
)
DIM = "create table marts_next.dim_customers (golden_customer_id uuid primary key, note text)"
WHOLE = "create table marts_next.dim_stages (stage_key text primary key, stage_no numeric)"


def customer(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


def manifest(home: Path, changes: dict[str, dict[str, Any]] | None = None) -> Path:
    """A manifest like dbt's, with the three models; `changes` replaces parts of a model's node."""
    reference = {
        "type": "foreign_key",
        "columns": ["stage_key"],
        "to": "ref('dim_stages')",
        "to_columns": ["stage_key"],
    }
    nodes = {
        "fct_touchpoints": {
            "config": {"meta": {"publish": "customer"}, "indexes": [{"columns": ["golden_customer_id", "stage_key"]}]},
            "constraints": [{"type": "primary_key", "columns": ["touchpoint_id"]}, reference],
            "description": "One row per event.",
            "columns": {"stage_key": {"name": "stage_key", "description": "Stage"}},
        },
        "dim_customers": {
            "config": {"meta": {"publish": "customer"}},
            "constraints": [{"type": "primary_key", "columns": ["golden_customer_id"]}],
        },
        "dim_stages": {
            "config": {"meta": {"publish": "whole"}},
            "constraints": [{"type": "primary_key", "columns": ["stage_key"]}],
        },
    }
    for name, change in (changes or {}).items():
        nodes.setdefault(name, {}).update(change)
    path = home / "manifest.json"
    named = {f"model.j.{name}": {"name": name, "resource_type": "model", **node} for name, node in nodes.items()}
    path.write_text(json.dumps({"nodes": named}))
    return path


def build(
    events: dict[int, tuple[int, str | None, str]],
    stages: dict[str, str],
    affected: list[int] | None = None,
    *,
    date: dt.date = DAY,
    ddl: tuple[str, str, str] = (FCT, DIM, WHOLE),
) -> None:
    """What find_affected and the dbt layers would leave: marts_next of one night, and the night in preparation.

    events: touchpoint_id → (customer, stage, amount) of the whole world; affected: None = everyone.
    """
    with warehouse.connect() as connection:
        connection.execute(
            "drop table if exists marts_next.fct_touchpoints, marts_next.dim_customers, marts_next.dim_stages"
        )
        for statement in ddl:
            connection.execute(statement.encode())
        everyone = affected is None
        if affected is None:
            rows = connection.execute("select to_regclass('marts.dim_customers') is not null").fetchone()
            published = (
                connection.execute("select golden_customer_id from marts.dim_customers").fetchall()
                if rows == (True,)
                else []
            )
            ids = {customer(number) for number, _, _ in events.values()} | {row[0] for row in published}
        else:
            ids = {customer(number) for number in affected}
        connection.execute("delete from marts_next.affected_customers")
        for one_id in ids:
            connection.execute("insert into marts_next.affected_customers values (%s, 'touchpoint')", (one_id,))
        for event, (number, stage, amount) in events.items():
            if customer(number) in ids:
                connection.execute(
                    "insert into marts_next.fct_touchpoints (touchpoint_id, golden_customer_id, stage_key,"
                    " amount) values (%s, %s, %s, %s)",
                    (event, customer(number), stage, amount),
                )
        for number in sorted({number for number, _, _ in events.values()}):
            if customer(number) in ids:
                connection.execute(
                    "insert into marts_next.dim_customers (golden_customer_id, note) values (%s, %s)",
                    (customer(number), f"c{number}"),
                )
        for stage, number_text in stages.items():
            connection.execute(
                "insert into marts_next.dim_stages (stage_key, stage_no) values (%s, %s)", (stage, number_text)
            )
        connection.execute("delete from ops.next_publish")
        connection.execute(
            "insert into ops.next_publish (export_date, everyone, affected, reasons, watermarks, rules_hash)"
            " values (%s, %s, %s, '{}', '{}', 'r')",
            (date, everyone, len(ids)),
        )
        write_watermarks(connection, "dbt:marts", read_sources(connection, "marts"))
        write_watermarks(connection, "dbt:answers", read_sources(connection, "answers"))


def publish_night(path: Path, *arguments: Any, date: dt.date = DAY, **more: Any) -> PublishResult:
    build(*arguments, date=date, **more)
    return publish(date, manifest=path)


def published() -> dict[str, list[str]]:
    """Every published table: its columns in order of name, and its rows as sorted text."""
    state: dict[str, list[str]] = {}
    with warehouse.connect() as connection:
        tables = connection.execute(
            "select relname from pg_class where relnamespace = 'marts'::regnamespace and relkind = 'r' order by 1"
        ).fetchall()
        for (table,) in tables:
            columns = connection.execute(
                "select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute"
                " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by 1",
                (f"marts.{table}",),
            ).fetchall()
            names = ", ".join(f'"{name}"' for name, _, _ in columns)
            rows = connection.execute(f"select row({names})::text from marts.{table} order by 1".encode()).fetchall()
            state[table] = [repr(columns), *(row[0] for row in rows)]
    return state


def definitions() -> list[tuple[str, str]]:
    """Keys, indexes and foreign keys of the published tables."""
    with warehouse.connect() as connection:
        return connection.execute(
            "select conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'marts'::regnamespace"
            " and contype in ('p', 'f') union all select indexname, indexdef from pg_indexes where schemaname ="
            " 'marts' order by 1, 2"
        ).fetchall()
