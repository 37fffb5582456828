"""Publish and rollback: exactly the affected customers, all or nothing, and back again to the byte."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warehouse_marts import DAY, DIM, FCT, WHOLE, build, customer, definitions, manifest, publish_night, published

import warehouse
from warehouse.errors import PublishError
from warehouse.publish import publish

STAGES = {"aware": "1", "bought": "2.0"}
WORLD = {1: (1, "aware", "1.00"), 2: (1, "bought", "2.50"), 3: (2, "aware", "3.00"), 4: (3, None, "4.00")}
NEXT = DAY + dt.timedelta(days=1)


@pytest.fixture
def path(database: str, tmp_path: Path) -> Path:
    return manifest(tmp_path)


def rows(table: str) -> list[tuple[object, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(f"select * from marts.{table} order by 1".encode()).fetchall()


def test_first_publish_makes_tables_with_keys_indexes_comments_and_grants(path: Path) -> None:
    result = publish_night(path, WORLD, STAGES)
    assert (result.status, result.everyone, result.affected) == ("published", True, 3)
    assert {(c.table, c.rows_inserted) for c in result.tables} == {
        ("fct_touchpoints", 4),
        ("dim_customers", 3),
        ("dim_stages", 2),
    }
    names = [name for name, _ in definitions()]
    assert "fct_touchpoints__golden_customer_id_stage_key__idx" in names
    assert "fct_touchpoints__stage_key_dim_stages__fkey" in names
    with warehouse.connect() as connection:
        row = connection.execute(
            "select obj_description('marts.fct_touchpoints'::regclass), has_table_privilege('bi_reader',"
            " 'marts.dim_stages', 'select')"
        ).fetchone()
    assert row == ("One row per event.", True)


def test_only_affected_customers_are_touched(path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    with warehouse.connect() as connection:
        before = connection.execute(
            "select xmin::text, touchpoint_id from marts.fct_touchpoints where touchpoint_id > 2 order by 2"
        ).fetchall()
    changed = {**WORLD, 2: (1, "aware", "2.50"), 5: (1, "bought", "9.00"), 4: (3, "aware", "5.00")}
    result = publish_night(path, changed, STAGES, [1], date=NEXT)
    assert {c.table: (c.rows_deleted, c.rows_inserted) for c in result.tables} == {
        "fct_touchpoints": (2, 3),
        "dim_customers": (1, 1),
    }
    with warehouse.connect() as connection:
        after = connection.execute(
            "select xmin::text, touchpoint_id from marts.fct_touchpoints where touchpoint_id in (3, 4) order by 2"
        ).fetchall()
    assert before == after


def test_nobody_affected_publishes_nothing(path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    before = published()
    result = publish_night(path, WORLD, STAGES, [], date=NEXT)
    assert (result.status, result.publish_id, result.tables) == ("unchanged", None, ())
    assert published() == before
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from ops.publish_log").fetchone() == (1,)


def test_a_whole_table_is_touched_only_where_it_differs(path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    result = publish_night(path, WORLD, {**STAGES, "bought": "2.00", "left": "3"}, [], date=NEXT)
    assert [(c.table, c.rows_deleted, c.rows_inserted) for c in result.tables] == [("dim_stages", 1, 2)]
    warehouse.rollback()
    assert ("bought", "2.0") in [(stage, str(number)) for stage, number in rows("dim_stages")]


def test_publish_publish_rollback_gives_the_first_state(path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    first = published()
    second = publish_night(path, {1: (2, "aware", "1.00"), 9: (7, "bought", "0.10")}, STAGES, [1, 2, 7], date=NEXT)
    assert published() != first
    result = warehouse.rollback()
    assert (result.publish_id, result.status) == (second.publish_id, "rolled_back")
    assert published() == first
    warehouse.rollback()
    assert all(len(content) == 1 for content in published().values())
    with pytest.raises(PublishError, match="no live publish"):
        warehouse.rollback()


def test_only_the_newest_live_publish_can_be_rolled_back(path: Path) -> None:
    first = publish_night(path, WORLD, STAGES)
    publish_night(path, WORLD, STAGES, [1], date=NEXT)
    with pytest.raises(PublishError, match="Only the newest live publish"):
        warehouse.rollback(first.publish_id)


def test_undo_is_kept_for_seven_publishes(path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    for number in range(9):
        publish_night(path, {**WORLD, 100: (1, "aware", str(number))}, STAGES, [1])
    with warehouse.connect() as connection:
        names = connection.execute(
            "select relname from pg_class where relnamespace = 'marts_undo'::regnamespace and relkind = 'r'"
        ).fetchall()
    assert {name.split("__")[0] for (name,) in names} == {f"p{number}" for number in range(4, 11)}
    for _ in range(7):
        warehouse.rollback()
    with pytest.raises(PublishError, match="no longer kept"):
        warehouse.rollback()


def test_shape_changes_in_place_keep_views_and_roll_back(path: Path, tmp_path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    with warehouse.connect() as connection:
        connection.execute("create schema bi")
        connection.execute("create view bi.events as select touchpoint_id, amount from marts.fct_touchpoints")
        connection.execute("create view bi.total as select sum(amount) as total from bi.events")
        connection.execute("grant usage on schema bi to bi_reader; grant select on bi.total to bi_reader")
        oid = connection.execute("select 'marts.fct_touchpoints'::regclass::oid").fetchone()
    before, names = published(), definitions()
    # `note` goes, `rank` comes and is required, `amount` gets another type
    new_fct = (
        "create table marts_next.fct_touchpoints (touchpoint_id integer primary key, golden_customer_id"
        " uuid not null, stage_key text, amount double precision, rank integer not null default 7)"
    )
    new_dim = "create table marts_next.dim_customers (golden_customer_id uuid primary key, note text default 'x')"
    result = publish_night(path, WORLD, STAGES, date=NEXT, ddl=(new_fct, new_dim, WHOLE))
    assert result.status == "published"
    with warehouse.connect() as connection:
        assert connection.execute("select 'marts.fct_touchpoints'::regclass::oid").fetchone() == oid
        assert connection.execute("select total from bi.total").fetchone() == (10.5,)
        row = connection.execute("select has_table_privilege('bi_reader', 'bi.total', 'select')").fetchone()
        assert row == (True,)
        assert connection.execute("select distinct rank from marts.fct_touchpoints").fetchall() == [(7,)]
        required = connection.execute(
            "select attnotnull from pg_attribute where attrelid = 'marts.fct_touchpoints'::regclass and attname"
            " = 'rank'"
        ).fetchone()
        assert required == (True,)
    warehouse.rollback()
    assert published() == before
    assert definitions() == names
    with warehouse.connect() as connection:
        assert str(connection.execute("select total from bi.total").fetchone()[0]) == "10.50"


def test_dropping_the_key_column_and_back(path: Path, tmp_path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    before, names = published(), definitions()
    key = {"type": "primary_key", "columns": ["touchpoint_id"]}
    changes = {
        "dim_stages": {"constraints": [{"type": "primary_key", "columns": ["stage_no"]}]},
        "fct_touchpoints": {"constraints": [key]},
    }
    other = manifest(tmp_path, changes)
    new = "create table marts_next.dim_stages (stage_key text, stage_no numeric primary key)"
    build(WORLD, STAGES, date=NEXT, ddl=(FCT, DIM, new))
    publish(NEXT, manifest=other)
    assert definitions() != names
    warehouse.rollback()
    assert published() == before


def test_column_used_by_a_view_stops_the_publish(path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    before = published()
    with warehouse.connect() as connection:
        connection.execute("create view public.notes as select note from marts.dim_customers")
    without = "create table marts_next.dim_customers (golden_customer_id uuid primary key, note_text text, note text)"
    build(WORLD, STAGES, date=NEXT, ddl=(FCT, without, WHOLE))
    with warehouse.connect() as connection:
        connection.execute("alter table marts_next.dim_customers drop column note")
    with pytest.raises(PublishError, match="no longer has the column note, but it is used by view notes"):
        publish(NEXT, manifest=path)
    assert published() == before


def test_changed_shape_needs_everyone(path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    new = FCT.replace("stage_key text", "stage_key varchar(20)")
    build(WORLD, STAGES, [1], date=NEXT, ddl=(new, DIM, WHOLE))
    with pytest.raises(PublishError, match="all its rows must be built again"):
        publish(NEXT, manifest=path)


def test_broken_reference_stops_everything(path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    before = published()
    build({**WORLD, 1: (1, "unheard of", "1.00")}, STAGES, [1], date=NEXT)
    with pytest.raises(PublishError, match="fct_touchpoints__stage_key_dim_stages__fkey"):
        publish(NEXT, manifest=path)
    assert published() == before


def test_a_key_that_is_declared_no_more_refuses_nothing(path: Path) -> None:
    """A model gave its key up: rows that the old one would refuse are published, and a rollback brings it back."""
    publish_night(path, WORLD, STAGES)
    before, names = published(), definitions()
    primary = {"type": "primary_key", "columns": ["touchpoint_id"]}
    loose = manifest(path.parent, {"fct_touchpoints": {"constraints": [primary]}})
    build({**WORLD, 1: (1, "unheard of", "1.00")}, STAGES, [1], date=NEXT)
    assert publish(NEXT, manifest=loose).status == "published"
    assert not any("fct_touchpoints__stage_key" in str(name) for name in definitions())
    warehouse.rollback()
    assert (published(), definitions()) == (before, names)


def test_marts_built_for_other_customers_are_refused(path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    build(WORLD, STAGES, [1], date=NEXT)
    with warehouse.connect() as connection:
        connection.execute("insert into marts_next.affected_customers values (%s, 'moved')", (customer(2),))
    with pytest.raises(PublishError, match="built for other customers"):
        publish(NEXT, manifest=path)
    with pytest.raises(PublishError, match="The night in preparation is"):
        publish(DAY, manifest=path)


def test_a_late_night_is_published_with_the_newest_clock(path: Path) -> None:
    publish_night(path, WORLD, STAGES, date=NEXT)
    build({**WORLD, 1: (1, "bought", "1.00")}, STAGES, [1], date=NEXT)  # what find_affected(DAY) prepares
    result = publish(DAY, manifest=path)
    assert (result.status, result.export_date) == ("published", NEXT)


def test_large_nights_check_foreign_keys_set_by_set(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody replaced: a broken reference still stops the night, the keys stay, rollback gives it all back."""
    monkeypatch.setattr(sys.modules["warehouse.marts_keys"], "BULK_CUSTOMERS", 1)
    publish_night(path, WORLD, STAGES)
    before, names = published(), definitions()
    build({**WORLD, 1: (1, "unheard of", "1.00")}, STAGES, date=NEXT)
    with pytest.raises(PublishError, match="fct_touchpoints__stage_key_dim_stages__fkey"):
        publish(NEXT, manifest=path)
    assert published() == before
    publish_night(path, {1: (9, "left", "1.00")}, {"left": "1"}, date=NEXT)
    assert definitions() == names
    warehouse.rollback()
    assert (published(), definitions()) == (before, names)
    with warehouse.connect() as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute("update marts.fct_touchpoints set stage_key = 'nowhere'")
        connection.commit()


def test_a_row_that_stays_keeps_what_it_points_to(path: Path) -> None:
    """What a night takes out of one table may be named by rows of customers whom the night does not touch."""
    publish_night(path, WORLD, STAGES)
    before = published()
    for affected in ([2], []):
        build(WORLD, {"aware": "1"}, affected, date=NEXT)  # customer 1 has bought
        with pytest.raises(PublishError, match="fct_touchpoints__stage_key_dim_stages__fkey"):
            publish(NEXT, manifest=path)
        assert published() == before
    # the row that named it goes with it
    assert publish_night(path, {**WORLD, 2: (1, "aware", "2.50")}, {"aware": "1"}, [1], date=NEXT).status == "published"


def test_contact_details_are_for_pii_readers_only(path: Path, tmp_path: Path) -> None:
    contacts = {"dim_customer_contacts": {"config": {"meta": {"publish": "customer"}}, "columns": {}}}
    build(WORLD, STAGES)
    with warehouse.connect() as connection:
        connection.execute(
            "create table marts_next.dim_customer_contacts (golden_customer_id uuid primary key, email text)"
        )
    publish(DAY, manifest=manifest(tmp_path, contacts))
    with warehouse.connect() as connection:
        row = connection.execute(
            "select has_table_privilege('bi_reader', t, 'select'), has_table_privilege('pii_reader', t, 'select'),"
            " has_table_privilege('pii_reader', 'marts.dim_stages', 'select') from (values"
            " ('marts.dim_customer_contacts')) as x (t)"
        ).fetchone()
    assert row == (False, True, True)


def test_error_in_the_middle_leaves_the_first_state(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_night(path, WORLD, STAGES)
    before = published()
    build({**WORLD, 2: (1, "aware", "7.77")}, {**STAGES, "new": "9"}, [1], date=NEXT)

    def broken(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(sys.modules["warehouse.publish"], "forget_undo", broken)
    with pytest.raises(RuntimeError, match="power cut"):
        publish(NEXT, manifest=path)
    assert published() == before


def test_killed_process_leaves_the_first_state(path: Path) -> None:
    publish_night(path, WORLD, STAGES)
    before = published()
    build({**WORLD, 2: (1, "aware", "7.77")}, STAGES, [1], date=NEXT)
    program = f"""
        import importlib, time
        from pathlib import Path
        p = importlib.import_module("warehouse.publish")
        def wait(*_):
            print("in the middle", flush=True)
            time.sleep(60)
        p.forget_undo = wait
        p.publish({NEXT.isoformat()!r}, manifest=Path({str(path)!r}))
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "in the middle\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert published() == before
    deadline = time.monotonic() + 20  # the server notices the lost client at its next step; then the lock is free
    while True:
        try:
            result = publish(NEXT, manifest=path)
            break
        except warehouse.NightRunningError:
            assert time.monotonic() < deadline
    assert result.status == "published"
    assert published() != before


events = st.dictionaries(
    st.integers(1, 12),
    st.tuples(st.integers(1, 5), st.sampled_from(["aware", "bought", None]), st.sampled_from(["1.00", "2.50"])),
    max_size=8,
)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds=st.lists(st.tuples(events, st.booleans()), min_size=2, max_size=4))
def test_any_nights_then_back(path: Path, worlds: list[tuple[dict[int, tuple[int, str | None, str]], bool]]) -> None:
    """After each night marts hold exactly that night's world; rolling back gives every earlier state again."""
    states, world_before = [], {}
    for number, (world, whole) in enumerate(worlds):
        touched = {c for event, (c, _, _) in world.items() if world_before.get(event) != world[event]}
        touched |= {c for event, (c, _, _) in world_before.items() if world.get(event) != world_before[event]}
        affected = None if whole or not states else sorted(touched)
        stages = {"aware": "1", "bought": str(number)}
        states.append(published() if states or _has_marts() else None)
        publish_night(path, world, stages, affected)
        assert {(e, c) for e, c, *_ in rows("fct_touchpoints")} == {(e, customer(c)) for e, (c, _, _) in world.items()}
        assert {c for c, *_ in rows("dim_customers")} == {customer(c) for c, _, _ in world.values()}
        world_before = world
    for state in reversed(states[1:]):
        warehouse.rollback()
        assert published() == state
    warehouse.rollback()
    assert all(len(content) == 1 for content in published().values())


def _has_marts() -> bool:
    with warehouse.connect() as connection:
        return connection.execute("select to_regclass('marts.dim_stages') is not null").fetchone() == (True,)
