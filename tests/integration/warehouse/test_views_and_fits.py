"""Marts published as views, marts of statistics fitted anew, lists of persons, and what a rollback makes of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import psycopg
import pytest
from warehouse_marts import DAY, FCT, build, customer, definitions, manifest, published

import warehouse
from warehouse.errors import PublishError
from warehouse.publish import publish

EVENTS = {1: (1, "a", "1.00"), 2: (2, "a", "2.00"), 3: (3, None, "3.00")}
STAGES = {"a": "1", "b": "2"}
VIEW: dict[str, Any] = {
    "name": "stage_taxonomy",
    "resource_type": "model",
    "config": {"materialized": "view", "meta": {"publish": "view"}},
    "description": "One row per stage.",
    "columns": {"stage_key": {"name": "stage_key", "description": "Key"}},
    "depends_on": {"nodes": ["model.j.dim_stages"]},
}
# views over a view, whose names sort the wrong way round
UPPER: dict[str, Any] = {
    "name": "a_view_above",
    "resource_type": "model",
    "config": {"materialized": "view", "meta": {"publish": "view", "person_level": True}},
    "description": "One row per customer.",
    "columns": {},
    "depends_on": {"nodes": ["model.j.stage_taxonomy", "model.j.fct_touchpoints"]},
}
CHANGES = {"stage_taxonomy": VIEW, "a_view_above": UPPER}


def _make_views(columns: str = "stage_key, stage_no") -> None:
    """What dbt's view models would leave in marts_next (they go when build() makes the tables again)."""
    with warehouse.connect() as connection:
        connection.execute(f"create view marts_next.stage_taxonomy as select {columns} from marts_next.dim_stages")
        connection.execute(
            "create view marts_next.a_view_above as select f.golden_customer_id, s.stage_key"
            " from marts_next.fct_touchpoints as f join marts_next.stage_taxonomy as s using (stage_key)"
        )


def _drop_views() -> None:
    with warehouse.connect() as connection:
        connection.execute("drop view if exists marts_next.a_view_above, marts_next.stage_taxonomy")


def _night(path: Path, *arguments: Any, columns: str = "stage_key, stage_no", **more: Any) -> warehouse.PublishResult:
    _drop_views()
    build(*arguments, **more)
    _make_views(columns)
    return publish(more.get("date", DAY), manifest=path)


def _view(name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    with warehouse.connect() as connection:
        cursor = connection.execute(f"select * from marts.{name} order by 1")
        return [column.name for column in cursor.description or []], cursor.fetchall()


def _may_read(role: str, relation: str) -> bool:
    with warehouse.connect() as connection:
        row = connection.execute("select has_table_privilege(%s, %s, 'select')", (role, f"marts.{relation}")).fetchone()
    return row == (True,)


def test_a_view_is_published_over_marts_and_follows_its_sql(database: str, tmp_path: Path) -> None:
    path = manifest(tmp_path, CHANGES)
    _night(path, EVENTS, STAGES)
    assert _view("stage_taxonomy")[0] == ["stage_key", "stage_no"]
    assert [row[1] for row in _view("a_view_above")[1]] == ["a", "a"]
    with warehouse.connect() as connection:
        comments = connection.execute(
            "select obj_description('marts.stage_taxonomy'::regclass),"
            " col_description('marts.stage_taxonomy'::regclass, 1)"
        ).fetchone()
    assert comments == ("One row per stage.", "Key")
    # whoever reads marts sees the view; lists of persons need a role of their own
    assert [_may_read(r, "stage_taxonomy") for r in ("bi_reader", "pii_reader", "person_reader")] == [True, True, True]
    assert [_may_read(r, "a_view_above") for r in ("bi_reader", "pii_reader", "person_reader")] == [False, False, True]

    # somebody's own view stands on it; a night that changes nothing about views leaves them alone
    with warehouse.connect() as connection:
        connection.execute("create schema mine")
        connection.execute("create view mine.keys as select stage_key from marts.stage_taxonomy")
        connection.execute("grant usage on schema mine to bi_reader")
        connection.execute("grant select on mine.keys to bi_reader")
        before = connection.execute("select oid from pg_class where relname = 'stage_taxonomy'").fetchall()
    result = _night(path, EVENTS | {4: (1, "b", "4.00")}, STAGES, [1])
    assert "view" not in {change.undo_kind for change in result.tables}
    assert len(_view("a_view_above")[1]) == 3
    with warehouse.connect() as connection:
        now = connection.execute(
            "select c.oid from pg_class as c where relname = 'stage_taxonomy' and relnamespace = 'marts'::regnamespace"
        ).fetchall()
    assert set(now) <= set(before)

    # other SQL, and tables under it that change their columns at the same time
    old = (published(), definitions(), _view("stage_taxonomy"))
    lean = "create table marts_next.dim_stages (stage_key text primary key, title text, stage_no numeric)"
    dim = "create table marts_next.dim_customers (golden_customer_id uuid primary key, note text)"
    lean_fct = FCT.replace(", amount numeric(18, 2)", ", amount numeric(18, 4)")
    _night(path, EVENTS, STAGES, columns="stage_key, title", ddl=(lean_fct, dim, lean))
    assert _view("stage_taxonomy")[0] == ["stage_key", "title"]
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from mine.keys").fetchone() == (2,)
        readable = connection.execute("select has_table_privilege('bi_reader', 'mine.keys', 'select')").fetchone()
        assert readable == (True,)

    warehouse.rollback()
    assert (published(), definitions(), _view("stage_taxonomy")) == old
    assert [_may_read(r, "a_view_above") for r in ("bi_reader", "person_reader")] == [False, True]
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from mine.keys").fetchone() == (2,)
    warehouse.rollback()
    warehouse.rollback()  # the first publish made the views: they are gone with it
    with pytest.raises(psycopg.errors.UndefinedTable):
        _view("a_view_above")


def test_a_view_that_reads_what_is_not_published_is_refused(database: str, tmp_path: Path) -> None:
    path = manifest(tmp_path, {"stage_taxonomy": VIEW})
    build(EVENTS, STAGES)
    with warehouse.connect() as connection:
        connection.execute(
            "create view marts_next.stage_taxonomy as select reason as stage_key from marts_next.affected_customers"
        )
    with pytest.raises(PublishError, match=r"stage_taxonomy cannot be made.*reads published marts only"):
        publish(DAY, manifest=path)
    with warehouse.connect() as connection:
        connection.execute("create table marts.stage_taxonomy (stage_key text)")
    with pytest.raises(PublishError, match=r"stage_taxonomy is a table and its model is published as a view"):
        publish(DAY, manifest=path)


FITTED = "create table marts_next.scores (golden_customer_id uuid primary key, score integer not null)"


def _scores(rows: dict[int, int], *, refit: bool) -> None:
    with warehouse.connect() as connection:
        connection.execute("drop table if exists marts_next.scores")
        connection.execute(FITTED)
        for number, score in rows.items():
            connection.execute("insert into marts_next.scores values (%s, %s)", (customer(number), score))
        connection.execute("update ops.next_publish set refit = %s", (refit,))
        if refit:
            connection.execute(
                "insert into ops.fits (fit_name, version, export_date, rules_hash) select 'score', 1, export_date, 'r'"
                " from ops.next_publish"
            )


def _published_scores() -> list[int]:
    with warehouse.connect() as connection:
        return [row[0] for row in connection.execute("select score from marts.scores order by golden_customer_id")]


def _fits_in_force() -> list[dt.date]:
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select f.export_date from ops.fits as f join ops.publish_log as p using (publish_id) where status = 'live'"
            " order by 1"
        ).fetchall()
    return [row[0] for row in rows]


def test_a_night_of_fitting_replaces_everybodys_rows_of_fitted_marts_only(database: str, tmp_path: Path) -> None:
    key = [{"type": "primary_key", "columns": ["golden_customer_id"]}]
    meta = {"publish": "customer", "fitted": True, "person_level": True}
    path = manifest(tmp_path, {"scores": {"config": {"meta": meta}, "constraints": key}})
    build(EVENTS, STAGES)
    _scores({1: 10, 2: 20, 3: 30}, refit=True)
    publish(DAY, manifest=path)
    assert (_published_scores(), _fits_in_force()) == ([10, 20, 30], [DAY])
    assert [_may_read(r, "scores") for r in ("bi_reader", "person_reader")] == [False, True]

    second = DAY + dt.timedelta(days=1)
    build(EVENTS, STAGES, [1], date=second)
    _scores({1: 11}, refit=False)
    publish(second, manifest=path)
    assert (_published_scores(), _fits_in_force()) == ([11, 20, 30], [DAY])

    third = DAY + dt.timedelta(days=7)
    build(EVENTS, STAGES, [2], date=third)
    _scores({1: 12, 2: 22, 3: 32}, refit=True)
    result = publish(third, manifest=path)
    assert {c.table: c.rows_inserted for c in result.tables} == {"fct_touchpoints": 1, "dim_customers": 1, "scores": 3}
    assert (_published_scores(), _fits_in_force()) == ([12, 22, 32], [DAY, third])

    warehouse.rollback()
    assert (_published_scores(), _fits_in_force()) == ([11, 20, 30], [DAY])


def test_answers_older_than_the_fits_are_not_published(database: str, tmp_path: Path) -> None:
    from warehouse.watermarks import write_watermarks

    path = manifest(tmp_path)
    build(EVENTS, STAGES)
    with warehouse.connect() as connection:
        connection.execute("update ops.next_publish set refit = true")
        write_watermarks(connection, "journeys", {"computed": 7})
    with pytest.raises(PublishError, match="run the dbt layer answers again"):
        publish(DAY, manifest=path)


def test_answers_are_not_built_on_the_facts_of_another_night(database: str, tmp_path: Path) -> None:
    """They would add last night's rows to the published ones, which hold them already."""
    from warehouse.dbt import _nothing_new, _require_facts
    from warehouse.errors import DbtLayerError
    from warehouse.watermarks import read_sources, read_watermarks

    build(EVENTS, STAGES, [1])
    with warehouse.connect() as connection:
        _require_facts(read_sources(connection, "answers"))
        connection.execute("delete from marts_next.affected_customers")
    with warehouse.connect() as connection:
        nobody = read_sources(connection, "marts")
        assert not _nothing_new("marts", nobody, read_watermarks(connection, "dbt:marts"))
        assert _nothing_new("marts", nobody, nobody)
        with pytest.raises(DbtLayerError, match="build the layer marts first"):
            _require_facts(read_sources(connection, "answers"))
