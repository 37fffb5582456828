"""`additive()` and `scope()` in a small dbt project: whatever a night changes, sums equal those made from scratch."""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

import warehouse
from warehouse.publish import publish
from warehouse.settings import settings
from warehouse.watermarks import read_sources, write_watermarks

PROJECT = """
name: additive
version: "1.0.0"
profile: journeyline
models:
  additive: {+schema: marts_next, +materialized: table, +contract: {enforced: true}}
"""
MODELS = """
version: 2
sources:
  - {name: night, schema: marts_next, tables: [{name: affected_customers}]}
  - {name: world, schema: world, tables: [{name: events}, {name: fit}]}
models:
  - name: fct_events
    config: {meta: {publish: customer}}
    constraints: [{type: primary_key, columns: [event_id]}]
    columns: [{name: event_id, data_type: integer}, {name: golden_customer_id, data_type: uuid},
      {name: month, data_type: date}, {name: channel, data_type: text}, {name: amount, data_type: "numeric(18,2)"}]
  - name: fct_scores
    config: {meta: {publish: customer, fitted: true}}
    constraints: [{type: primary_key, columns: [event_id]}]
    columns: [{name: event_id, data_type: integer}, {name: golden_customer_id, data_type: uuid},
      {name: score, data_type: "numeric(18,2)"}]
  - name: channel_month
    config: {meta: {publish: whole}}
    constraints: [{type: primary_key, columns: [month, cell]}]
    columns: [{name: month, data_type: date}, {name: cell, data_type: text}, {name: channel, data_type: text},
      {name: events, data_type: bigint}, {name: customers, data_type: bigint},
      {name: amount, data_type: "numeric(18,2)"}]
  - name: channel_score
    config: {meta: {publish: whole}}
    constraints: [{type: primary_key, columns: [cell]}]
    columns: [{name: cell, data_type: text}, {name: channel, data_type: text}, {name: customers, data_type: bigint},
      {name: score, data_type: "numeric(18,2)"}]
"""
FCT_EVENTS = """
select e.event_id, e.golden_customer_id, e.month, e.channel, e.amount from {{ source('world', 'events') }} as e
join {{ source('night', 'affected_customers') }} as a using (golden_customer_id)
"""
FCT_SCORES = """
select e.event_id, e.golden_customer_id, (e.amount * f.factor)::numeric(18, 2) as score
from {{ scope('fct_events', ['event_id', 'golden_customer_id', 'amount']) }} as e
cross join {{ source('world', 'fit') }} as f
"""
BY_MONTH = """
select month, channel, count(*) as events, count(distinct golden_customer_id) as customers, sum(amount) as amount
from [[fct_events]] as e group by 1, 2
"""
BY_SCORE = """
select e.channel, count(distinct e.golden_customer_id) as customers, sum(s.score) as score
from [[fct_events]] as e join [[fct_scores]] as s on e.event_id = s.event_id group by 1
"""
# A channel may be unknown: null is a cell of its own, which a primary key cannot hold.
CHANNEL_MONTH = """
{% set sql %}BY_MONTH{% endset %}
select month, coalesce(channel, '?') as cell, channel, events::bigint as events, customers::bigint as customers,
    amount::numeric(18, 2) as amount
from {{ additive(keys=['month', 'channel'], sums=['events', 'customers', 'amount'], facts=['fct_events'],
    contribution=sql) }} as cells
""".replace("BY_MONTH", BY_MONTH)
CHANNEL_SCORE = """
{% set sql %}BY_SCORE{% endset %}
select coalesce(channel, '?') as cell, channel, customers::bigint as customers, score::numeric(18, 2) as score
from {{ additive(keys=['channel'], sums=['customers', 'score'], facts=['fct_events', 'fct_scores'],
    contribution=sql) }} as cells
""".replace("BY_SCORE", BY_SCORE)
CUSTOMERS = 40
FIRST = dt.date(2026, 3, 1)


@pytest.fixture
def project(database: str, tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    models = folder / "models"
    models.mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (models / "models.yml").write_text(MODELS)
    for name, text in {
        "fct_events": FCT_EVENTS, "fct_scores": FCT_SCORES, "channel_month": CHANNEL_MONTH,
        "channel_score": CHANNEL_SCORE,
    }.items():  # fmt: skip
        (models / f"{name}.sql").write_text(text)
    own = settings().dbt_project
    (folder / "macros").mkdir()
    for name in ("additive.sql", "affected.sql", "generate_schema_name.sql"):
        shutil.copy(own / "macros" / name, folder / "macros" / name)
    shutil.copy(own / "profiles.yml", folder / "profiles.yml")
    with warehouse.connect() as connection:
        connection.execute("create schema world")
        connection.execute(
            "create table world.events (event_id integer primary key, golden_customer_id uuid, month date,"
            " channel text, amount numeric(18, 2))"
        )
        connection.execute("create table world.fit (factor numeric)")
        connection.execute("insert into world.fit values (0.5)")
    return folder


class World:
    """Events of customers that change at random; a seeded sequence of nights."""

    def __init__(self, seed: int) -> None:
        self.random, self.events, self.number = random.Random(seed), {}, 0  # type: ignore[var-annotated]

    def _event(self) -> tuple[Any, ...]:
        month = dt.date(2026, self.random.randint(1, 3), 1)
        # amounts of both signs: a cell's sum may be nought while it has events
        return (self.random.randrange(CUSTOMERS), month, self.random.choice(["a", "b", "c", None]),
                self.random.choice([-5, 0, 5, 12.34]))  # fmt: skip

    def change(self, count: int) -> set[int]:
        """Add, change, move or delete events; returns the customers concerned, those who had an event before too."""
        touched = set()
        for _ in range(count):
            kind = self.random.choice(["add", "add", "change", "delete"])
            if kind == "add" or not self.events:
                self.number += 1
                self.events[self.number] = self._event()
                touched.add(self.events[self.number][0])
                continue
            event = self.random.choice(sorted(self.events))
            touched.add(self.events[event][0])
            if kind == "delete":
                del self.events[event]
            else:
                self.events[event] = self._event()
                touched.add(self.events[event][0])
        return touched

    def drop_channel(self, channel: str) -> set[int]:
        """All events of a channel go: its cells must go too."""
        gone = {event: row for event, row in self.events.items() if row[2] == channel}
        for event in gone:
            del self.events[event]
        return {row[0] for row in gone.values()}

    def store(self) -> None:
        with warehouse.connect() as connection, connection.cursor() as cursor:
            cursor.execute("truncate world.events")
            cursor.executemany(
                "insert into world.events values (%s, lpad(to_hex(%s::integer), 32, '0')::uuid, %s, %s, %s)",
                [(event, *row) for event, row in self.events.items()],
            )


def _night(project: Path, date: dt.date, affected: set[int], *, everyone: bool = False, refit: bool = False) -> str:
    """Build and publish one night; returns the compiled SQL of the aggregate of months."""
    from dbt.cli.main import dbtRunner

    from warehouse.dbt_invocation import _environment, _quiet_logging

    with warehouse.connect() as connection:
        connection.execute("truncate marts_next.affected_customers")
        for number in range(CUSTOMERS) if everyone else sorted(affected):
            connection.execute(
                "insert into marts_next.affected_customers"
                " values (lpad(to_hex(%s::integer), 32, '0')::uuid, 'touchpoint')",
                (number,),
            )
        connection.execute("delete from ops.next_publish")
        connection.execute(
            "insert into ops.next_publish (export_date, everyone, affected, reasons, watermarks, rules_hash, refit)"
            " select %s, %s, count(*), '{}', '{}', 'r', %s from marts_next.affected_customers",
            (date, everyone, refit),
        )
    places = [f"--{name}={project}" for name in ("project-dir", "profiles-dir")]
    places += [f"--target-path={project / 'target'}", f"--log-path={project / 'logs'}"]
    with _environment(), _quiet_logging():
        how = ["--log-level", "none", "--log-level-file", "none", "--vars", json.dumps({"refit": refit})]
        result = dbtRunner().invoke(["build", *places, *how])
    assert result.success, [node.message for node in getattr(result.result, "results", [])] or result.exception
    with warehouse.connect() as connection:
        for layer in ("marts", "answers"):
            write_watermarks(connection, f"dbt:{layer}", read_sources(connection, layer))
    publish(date, manifest=project / "target" / "manifest.json")
    return (project / "target/compiled/additive/models/channel_month.sql").read_text()


def _differences() -> list[int]:
    """Cells that are published otherwise than a sum from scratch over the published facts, or over the world."""
    pairs = [
        ("select month, channel, events, customers, amount from marts.channel_month", BY_MONTH, "marts.fct_events"),
        ("select month, channel, events, customers, amount from marts.channel_month", BY_MONTH, "world.events"),
        ("select channel, customers, score from marts.channel_score", BY_SCORE, "world.events"),
    ]
    found = []
    with warehouse.connect() as connection:
        for published, again, events in pairs:
            query = again.replace("[[fct_events]]", events).replace("[[fct_scores]]", "marts.fct_scores")
            both = f"(({published}) except all ({query})) union all (({query}) except all ({published}))"
            found.append(connection.execute(f"select count(*) from ({both}) as d".encode()).fetchone()[0])
    return found


def test_sums_follow_any_change_as_if_added_up_from_scratch(project: Path) -> None:
    world = World(seed=20260301)
    world.change(150)
    world.store()
    compiled = _night(project, FIRST, set(), everyone=True)
    assert "as everything" in compiled
    assert _differences() == [0, 0, 0]
    for number in range(1, 4):
        touched = world.drop_channel("c") if number == 2 else world.change(25)
        assert 0 < len(touched) < CUSTOMERS
        world.store()
        compiled = _night(project, FIRST + dt.timedelta(days=number), touched)
        assert "as everything" not in compiled
        assert "as before" in compiled
        assert _differences() == [0, 0, 0]
        if number == 2:
            with warehouse.connect() as connection:
                cells = connection.execute("select count(*) from marts.channel_month where channel = 'c'").fetchone()
            assert cells == (0,)
    with warehouse.connect() as connection:
        connection.execute("update world.fit set factor = 0.75")
    # fitted anew: everybody's scores change, and sums over them are added up from scratch
    touched = world.change(5)
    world.store()
    _night(project, FIRST + dt.timedelta(days=7), touched, refit=True)
    assert _differences() == [0, 0, 0]
    with warehouse.connect() as connection:
        wrong = connection.execute(
            "select count(*) from world.events as e left join marts.fct_scores as s using (event_id)"
            " where s.score is distinct from (e.amount * 0.75)::numeric(18, 2)"
        ).fetchone()
    assert wrong == (0,)
