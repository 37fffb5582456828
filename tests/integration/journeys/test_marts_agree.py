"""The marts of a whole simulated brand agree with each other, open into customers, and show BI what it may see."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy
from psycopg import sql

from tests.integration.journeys.answering_brand import fetch


def test_marts_agree(truth: dict[str, Any]) -> None:
    """One truth, several tables: revenue and counts are the same wherever they stand."""
    (row,) = fetch(
        "select (select sum(total_reporting_amount) from marts.fct_orders where is_counted),"
        " (select sum(metric_value) from marts.fct_metric_hours where metric_code = 'revenue'),"
        " (select sum(numerator) from marts.kpi_day where kpi_code = 'revenue' and segment = '(all)'),"
        " (select sum(gross_amount) from marts.fct_conversions where conversion_type like '%_order')"
    )
    assert len(set(row)) == 1, row
    (row,) = fetch(
        "select (select count(*) from marts.fct_stage_entries), (select sum(entries) from marts.stage_scorecard),"
        " (select count(*) from marts.fct_touchpoints where stage_key is not null),"
        " (select sum(touchpoints) from marts.stage_touchpoint)"
    )
    assert row[0] == row[1]
    assert row[2] == row[3]


@pytest.fixture
def dashboard(truth: dict[str, Any], answers_database: str) -> Iterator[str]:
    """Address of the warehouse for a login of its own, which is a member of bi_reader and nothing else."""
    import warehouse

    name, password = "test_dashboard_" + uuid.uuid4().hex[:8], uuid.uuid4().hex
    address = psycopg.conninfo.conninfo_to_dict(answers_database)
    with warehouse.connect(autocommit=True) as connection:
        connection.execute(
            sql.SQL("create role {} login password {} in role bi_reader").format(sql.Identifier(name), password)
        )
        try:
            yield f"{name}:{password}@{address['host']}:{address['port']}/{address['dbname']}"
        finally:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def test_a_dashboard_finds_keys_and_descriptions_and_reads_no_person(dashboard: str) -> None:
    """What SQLAlchemy reflects for a tool that logs in as a member of bi_reader, and what it may read."""
    engine = sqlalchemy.create_engine("postgresql+psycopg://" + dashboard, poolclass=sqlalchemy.NullPool)
    inspector = sqlalchemy.inspect(engine)
    tables, views = set(inspector.get_table_names(schema="marts")), set(inspector.get_view_names(schema="marts"))
    keys = inspector.get_multi_pk_constraint(schema="marts")
    comments = inspector.get_multi_table_comment(schema="marts", kind=sqlalchemy.engine.reflection.ObjectKind.ANY)
    columns = inspector.get_multi_columns(schema="marts", kind=sqlalchemy.engine.reflection.ObjectKind.ANY)
    assert {t for t in tables if not keys["marts", t]["constrained_columns"]} == set()
    assert {name for (_, name), comment in comments.items() if not comment["text"]} == set()
    assert {(t, c["name"]) for (_, t), found in columns.items() for c in found if not c["comment"]} == set()
    foreign = {
        (key["constrained_columns"][0], key["referred_table"])
        for key in inspector.get_foreign_keys("fct_touchpoints", schema="marts")
    }
    assert {("golden_customer_id", "dim_customers"), ("touchpoint_type", "dim_touchpoint_types")} <= foreign

    def may_read(relation: str) -> bool:
        with engine.connect() as connection:
            try:
                connection.execute(sqlalchemy.text(f"select 1 from {relation} limit 1"))
            except sqlalchemy.exc.ProgrammingError as error:
                assert isinstance(error.orig, psycopg.errors.InsufficientPrivilege), error
                return False
            return True

    read = {name for name in tables | views if may_read(f'marts."{name}"')}
    assert {"fct_touchpoints", "stage_funnel", "stage_transition", "kpi_day"} <= read
    assert (tables | views) - read >= {"dim_customer_contacts", "customer_360", "stage_transition_customer"}
    assert {c["name"] for name in read for c in columns["marts", name]} & {
        "email",
        "phone",
        "full_name",
        "address",
    } == set()
    assert not any(map(may_read, ("intermediate.int_touchpoints", "identity.golden_records", "ops.publish_log")))


def test_figures_open_into_the_customers_behind_them(truth: dict[str, Any]) -> None:
    """Funnel counts are stage entries of as many customers, and a link's customers are the list behind it."""
    assert fetch(
        "select f.scope, f.step_no from marts.stage_funnel f where f.persona_code = '(all)' and f.channel = '(all)'"
        " and f.cohort = '(all)' and f.customers <> (select count(*) from marts.fct_funnel_steps s"
        " where s.scope = f.scope and s.step_no = f.step_no)"
    ) == []  # fmt: skip
    assert fetch(
        "select from marts.fct_funnel_steps s where s.scope = 'cradle_to_grave' and not exists"
        " (select from marts.fct_touchpoints t where t.touchpoint_id = s.touchpoint_id"
        " and t.occurred_at = s.reached_at and t.stage_key is not null)"
    ) == []  # fmt: skip
    assert fetch(
        "with behind as (select scope, source_stage, target_stage, count(*) as customers, sum(transitions) as weight"
        " from marts.stage_transition_customer group by 1, 2, 3)"
        " select * from marts.stage_transition t left join behind b using (scope, source_stage, target_stage)"
        " where t.period = '(all)' and t.target_stage <> '(other)'"
        " and (t.customers, t.weight) is distinct from (b.customers, b.weight)"
    ) == []  # fmt: skip
    ((shown, listed),) = fetch(
        "select (select sum(weight) from marts.stage_transition where period = '(all)'),"
        " (select sum(transitions) from marts.stage_transition_customer)"
    )
    assert shown == listed > 0


def test_maps_hold_what_happened_in_their_scope(truth: dict[str, Any]) -> None:
    """Counted from the facts: the whole arc, later episodes only, first episodes without an order only."""
    # scopes look the first day of an episode up by its number
    assert fetch(
        "select golden_customer_id from marts.fct_journeys group by 1"
        " having count(*) <> max(episode_no) or min(episode_no) <> 1"
    ) == []  # fmt: skip
    facts = {
        "cradle_to_grave": "true",
        "regular_buyer_order_cycle": "t.episode_no > 1",
        "follower_never_buys": "t.episode_no = 1 and not exists (select from marts.fct_orders o where o.is_counted"
        " and o.golden_customer_id = t.golden_customer_id and o.episode_no = 1)",
    }
    for scope, condition in facts.items():
        for fact, cell, count in (
            ("fct_touchpoints", "map_touchpoint_cell", "touchpoints"),
            ("fct_messages", "map_message_cell", "messages"),
        ):
            (row,) = fetch(
                f"select (select sum({count}) from marts.{cell} where scope = '{scope}' and period <> '(all)'),"
                f" (select sum({count}) from marts.{cell} where scope = '{scope}' and period = '(all)'),"
                f" (select count(*) from marts.{fact} t where not t.is_bot and stage_key = any((select stage_keys"
                f" from marts.map_scope where scope = '{scope}')::text[]) and {condition})"
            )
            assert row[0] == row[1] == row[2] > 0, (scope, fact)


def test_every_lane_of_the_maps_says_something(truth: dict[str, Any]) -> None:
    """Each lane has cells with a text, and what hurts is a topic, counted once."""
    lanes = dict(fetch("select lane, count(cell_text) from marts.journey_map group by 1"))
    assert len(lanes) == 13
    assert [lane for lane, texts in lanes.items() if not texts] == []
    assert fetch("select from marts.journey_map where lane = 'storyboard' and cell_text like '%what hurts is%'")
    assert fetch(
        "select from marts.journey_map m join marts.dim_stages s on s.stage_key = m.stage_key and s.is_in_force"
        " where m.lane = 'pain_points' and m.n > (select sum(p.pain_customers) from marts.pain_point p"
        " where p.stage_code = s.stage_code and p.topic_name is not null)"
    ) == []  # fmt: skip


def test_a_persona_of_few_customers_is_not_shown(truth: dict[str, Any]) -> None:
    """Cells of fewer than ten customers of a persona stay as rows without figures; their sums are for person_reader."""
    ((shown, entered_by_few),) = fetch(
        "select count(*), count(*) filter (where f.customers < 10) from marts.stage_funnel f"
        " where f.persona_code <> '(all)' and f.step_no = 1 and not f.is_suppressed"
    )
    assert shown > 0 and entered_by_few == 0
    assert fetch(
        "select from marts.stage_funnel where is_suppressed"
        " and num_nonnulls(customers, closed_customers, step_rate, overall_rate_all, net_reporting_amount) > 0"
    ) == []  # fmt: skip
    assert fetch("select from marts.stage_funnel where is_suppressed")
    assert fetch(
        "select from marts.stage_population where persona_code <> '(all)' and customers between 1 and 9"
        " or is_suppressed and num_nonnulls(customers, entered, departed, share_of_active) > 0"
    ) == []  # fmt: skip
    cells = (
        "stage_funnel_cell",
        "stage_population_change",
        "stage_value_cell",
        "persona_feature_cell",
        "sentiment_cell",
        "map_touchpoint_cell",
        "map_message_cell",
    )
    for cell in cells:
        assert fetch(f"select has_table_privilege('bi_reader', 'marts.{cell}', 'select')") == [(False,)], cell
