"""A whole simulated brand, one night: every question answers, and what was planted in the brand is found in its marts.

Errors are stated beside each effect. Golden customers are not the true persons (cookies that nobody can link stay
alone), so rates per customer are compared as ratios, not as rates.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest
import sqlalchemy
from psycopg import sql

sys.path.insert(0, str(Path(__file__).parent.parent / "dbt"))

from simulated_nights import Brand, build_night, promote_night

DATE = dt.date(2026, 3, 1)
CUSTOMERS, HISTORY = 2500, 240
PAGE = Path(__file__).resolve().parents[3] / "docs" / "questions.md"


@pytest.fixture(scope="module")
def truth(full_database: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Planted effects of the brand whose night is published."""
    import connectors
    import warehouse
    from simulator import SimulationSettings, simulate

    exports = tmp_path_factory.mktemp("answers") / "exports"
    simulate(
        SimulationSettings(
            customers=CUSTOMERS, nights=1, seed=23, output=exports, history_days=HISTORY, first_date=DATE, faults=False
        )
    )
    for platform in connectors.platforms():
        for name in connectors.load_contract(platform).objects:
            warehouse.ensure_tables(connectors.table_spec(platform, name))
    promote_night(Brand(exports, (DATE,)), DATE)
    build_night(DATE)
    _decide()
    effects: dict[str, Any] = json.loads((exports / "_truth" / "effects.json").read_text())
    orders = pl.read_parquet(exports / "_truth" / "orders.parquet").filter(pl.col("is_gift"))
    return effects | {"gifts": set(orders.filter(pl.col("ordered_at").dt.date() <= DATE)["order_id"])}


def _decide() -> None:
    """Somebody at the brand acts on the complaint that went viral, as `python -m journeys alerts decide` does."""
    from journeys.text.decisions import note_decision

    ((alert,),) = _rows("select alert_id::text from marts.alert where kind = 'viral'")
    note_decision(alert, "acknowledged", "desk", None)
    note_decision(alert, "decided", "desk", "Answer under the post and replace what broke")


def _rows(query: str) -> list[tuple[Any, ...]]:
    import warehouse

    with warehouse.connect() as connection:
        return connection.execute(query).fetchall()


def test_every_question_is_asked_or_says_why_not() -> None:
    from journeys.questions import NUMBERS, load_questions

    assert {question.number for question in load_questions()} == set(NUMBERS)


def test_the_page_lists_what_the_catalogue_holds() -> None:
    """The answers on the page are of one run; everything else follows from the catalogue."""
    from journeys.questions import load_questions, render_page
    from journeys.questions.page import page_questions, without_answers

    expected = without_answers(render_page(page_questions(load_questions()), "x"))
    assert without_answers(PAGE.read_text(encoding="utf-8")) == expected, (
        "docs/questions.md is old: python -m journeys questions --write docs/questions.md"
    )


def test_every_question_has_an_answer(truth: dict[str, Any]) -> None:
    from journeys.questions import ask_all, load_questions

    answers = ask_all(load_questions())
    empty = [
        f"{a.question.number} ({a.question.room}: {', '.join(a.question.tables)})"
        for a in answers
        if a.question.sql and not a.rows
    ]
    unknown = [
        f"{a.question.number} ({a.question.room})"
        for a in answers
        if a.rows and all(value is None for row in a.rows for value in row)
    ]
    assert (empty, unknown) == ([], [])


def test_answers_name_nobody(truth: dict[str, Any]) -> None:
    """No answer holds an e-mail address or a telephone number; ids of customers are opaque."""
    from journeys.questions import ask_all, load_questions

    personal = re.compile(r"[\w.+-]+@[\w-]+\.\w+|\+\d{9,}")
    for answer in ask_all(load_questions()):
        assert not personal.search(str(answer.rows)), f"question {answer.question.number}"


def test_the_campaigns_lift_is_recovered(truth: dict[str, Any]) -> None:
    """Ratio of choose → order with and without the campaign: within a third of the ratio that came out."""
    (row,) = _rows(
        "with first as (select distinct golden_customer_id from marts.fct_touchpoints where campaign = 'spring_drop'),"
        " left_choose as (select e.next_stage_key in ('order', 'reorder') as ordered, f.golden_customer_id is not null"
        " as has from marts.fct_stage_entries e left join first f using (golden_customer_id)"
        " where e.stage_key = 'choose' and e.next_stage_key is not null)"
        " select avg(ordered::int) filter (where has), avg(ordered::int) filter (where not has) from left_choose"
    )
    effect = truth["campaign_lift"]
    wanted = effect["with_campaign"]["rate"] / effect["without"]["rate"]
    assert float(row[0] / row[1]) == pytest.approx(wanted, rel=0.33)
    assert row[0] > row[1]


def test_the_spike_is_found_and_explained(truth: dict[str, Any]) -> None:
    date = truth["complaint_spike"]["date"]
    rows = _rows(
        "select metric_code, event_id from marts.anomaly where metric_code in ('complaints', 'tickets')"
        f" and direction = 'up' and starts_date = '{date}'"
    )
    assert rows, f"no spike of complaints on {date}"
    assert {event for _, event in rows} == {"E-4"}


def test_the_intervention_lies_in_its_interval(truth: dict[str, Any]) -> None:
    before, after = truth["instagram_shopping"]["daily_before_after"]
    control_before, control_after = truth["instagram_shopping"]["control_daily_before_after"]
    wanted = after / before / (control_after / control_before) - 1
    ((lift, low, high),) = _rows(
        "select lift, lift_low, lift_high from marts.intervention_lift"
        " where event_id = 'E-2' and metric_code = 'visits'"
    )
    assert low <= wanted <= high
    assert lift > 0


def test_the_split_tests_difference_lies_in_its_interval(truth: dict[str, Any]) -> None:
    rates = truth["split_test"]["ordered_after_exposure"]
    wanted = rates["one_page"]["rate"] - rates["control"]["rate"]
    found = _rows(
        "select difference_low, difference_high, customers + control_customers, is_stopped"
        " from marts.experiment_result where metric = 'order_rate' order by look_no desc limit 1"
    )
    low, high, customers, stopped = found[0]
    assert not stopped
    assert low <= wanted <= high
    exposed = rates["one_page"]["n"] + rates["control"]["n"]
    assert 0.6 * exposed < customers < 1.6 * exposed


def test_the_persona_mix_is_recovered(truth: dict[str, Any]) -> None:
    """Shares among customers whose persona the rules can tell: each within .15 of the true mix of all persons.

    Who does much is named more often than who does little, so enthusiasts come out too many.
    """
    found = dict(
        _rows(
            "select persona_code, count(*)::float8 / sum(count(*)) over () from marts.customer_persona"
            " where persona_code <> 'unknown' group by 1"
        )
    )
    for persona, share in truth["personas"]["all"].items():
        assert found.get(persona, 0.0) == pytest.approx(share, abs=0.15), (found, truth["personas"]["all"])


def test_the_reason_of_drop_off_is_recovered(truth: dict[str, Any]) -> None:
    """Purchase cycles in which somebody asked whether a thing is in stock end in an order more rarely than those with
    another question: the ratio of the two within .3 of the ratio that came out."""
    effect = truth["stock_questions"]
    wanted = effect["cycles_with_stock_question"]["rate"] / effect["cycles_with_other_question"]["rate"]
    (row,) = _rows(
        "with asked as (select golden_customer_id, episode_no, bool_or(topic = 'availability') as stock"
        " from marts.fct_messages where is_question and source_platform in ('instagram', 'zendesk') group by 1, 2),"
        " bought as (select distinct golden_customer_id, episode_no from marts.fct_stage_entries"
        " where stage_key in ('order', 'reorder'))"
        " select avg((b.episode_no is not null)::int) filter (where stock),"
        " avg((b.episode_no is not null)::int) filter (where not stock)"
        " from asked left join bought b using (golden_customer_id, episode_no)"
    )
    assert float(row[0] / row[1]) == pytest.approx(wanted, abs=0.3)
    assert row[0] < row[1]


def test_the_outcry_is_caught_on_its_day_and_nothing_else_is(truth: dict[str, Any]) -> None:
    """One discussion that goes viral and one mention that reaches many: both alerts, no false one."""
    effect = truth["outcry"]
    alerts = {
        kind: rest
        for kind, *rest in _rows("select kind, channel, raised_at, begun_at, first_response_at, reach from marts.alert")
    }
    assert len(_rows("select from marts.alert")) == 2
    began, answered = dt.datetime.fromisoformat(effect["began_at"]), dt.datetime.fromisoformat(effect["answered_at"][0])
    channel, raised_at, begun_at, responded_at, reach = alerts["viral"]
    assert (channel, begun_at, responded_at) == ("instagram", began, answered)
    assert dt.timedelta(0) < raised_at - began <= dt.timedelta(hours=8)
    assert 0.5 * effect["comments"] <= reach <= effect["comments"] + 2
    channel, raised_at, begun_at, responded_at, reach = alerts["unanswered"]
    assert (raised_at.date(), reach, responded_at) == (began.date(), effect["reach_elsewhere"], None)


def test_the_hashtags_rise_is_recovered(truth: dict[str, Any]) -> None:
    """Messages with the campaign's hashtag since it was made known: within a fifth; more in the second half."""
    effect = truth["hashtag"]
    rows = _rows(
        f"select week_start, mentions from marts.hashtag_campaign where hashtag = '{effect['hashtag']}'"
        f" and week_start >= date '{effect['from']}' order by 1"
    )
    counts = [count for _, count in rows]
    assert sum(counts) == pytest.approx(sum(effect["messages_by_week"]), rel=0.2)
    assert sum(counts[: len(counts) // 2]) < 0.75 * sum(counts[len(counts) // 2 :])


def test_companies_buy_more_and_the_troubled_ones_complain(truth: dict[str, Any]) -> None:
    """Amount of an order for a company against others': within .35 of the planted quantity; complaints per order."""
    effect = truth["companies"]
    ((accounts, ratio),) = _rows(
        "select count(distinct account_key), avg(total_reporting_amount) filter (where account_key is not null)"
        " / avg(total_reporting_amount) filter (where account_key is null)"
        " from marts.fct_orders left join marts.bridge_customer_accounts using (golden_customer_id)"
        " where is_counted and source_platform = 'shopify'"
    )
    assert 0.4 * effect["companies"] <= accounts <= effect["companies"]
    assert float(ratio) == pytest.approx(effect["planted_quantity"], rel=0.35)
    complaints = dict(
        _rows(
            "select account_name in ('" + "', '".join(effect["troubled"]) + "'), sum(complaints) / sum(orders)"
            " from marts.account_health group by 1"
        )
    )
    assert float(complaints[True]) > 1.2 * float(complaints[False])


def test_deal_buyers_and_waiting_buyers_are_as_many_as_planted(truth: dict[str, Any]) -> None:
    """Buyers with a discount code within .06; back-in-stock alerts that an order follows within .12."""
    ((deals,),) = _rows(
        "select avg(deal::int) from (select golden_customer_id, bool_or(discount_code is not null) as deal"
        " from marts.fct_orders where is_counted and source_platform = 'shopify' group by 1) as buyers"
    )
    assert float(deals) == pytest.approx(truth["offers"]["web_buyers_with_code"]["rate"], abs=0.06)
    effect = truth["stock_alerts"]
    ((alerts, followed),) = _rows(
        "select count(*), avg((exists (select from marts.fct_orders o where o.golden_customer_id = t.golden_customer_id"
        " and o.source_platform = 'shopify' and o.ordered_at > t.occurred_at"
        f" and o.ordered_at < t.occurred_at + interval '{effect['days']} days'))::int)"
        f" from marts.fct_touchpoints t where t.touchpoint_type = 'back_in_stock_requested'"
        f" and t.occurred_at < date '{DATE}' + 1 - interval '{effect['days']} days'"
    )
    assert alerts == pytest.approx(effect["ordered"]["n"], abs=2)
    assert float(followed) == pytest.approx(effect["ordered"]["rate"], abs=0.12)


def test_support_answers_as_quickly_as_planted(truth: dict[str, Any]) -> None:
    """Median of the first answer within a fifth, share of reopened tickets within .03."""
    effect = truth["support"]
    found = dict(
        _rows(
            "select origin_channel, percentile_cont(.5) within group (order by extract(epoch from first_reply_at"
            " - opened_at) / 60) from marts.fct_tickets group by 1"
        )
    )
    channels = {
        "email": "support_email",
        "web": "support_web",
        "instagram_dm": "support_social",
        "voice": "support_phone",
    }
    for name, channel in channels.items():
        assert float(found[channel]) == pytest.approx(effect["minutes_to_first_answer"][name]["median"], rel=0.2), name
    ((reopened,),) = _rows(
        "select avg((reopened_count > 0)::int) from marts.fct_tickets where first_solved_at is not null"
    )
    assert float(reopened) == pytest.approx(effect["reopened"]["rate"], abs=0.03)


def test_gifts_are_told_from_other_orders(truth: dict[str, Any]) -> None:
    """No order is taken for a gift that is none; nine gifts in ten are found."""
    found = {order for (order,) in _rows("select source_order_id from marts.fct_orders where is_gift")}
    assert found <= truth["gifts"]
    assert len(found) >= 0.9 * len(truth["gifts"]) > 10


def test_marts_agree(truth: dict[str, Any]) -> None:
    """One truth, several tables: revenue and counts are the same wherever they stand."""
    (row,) = _rows(
        "select (select sum(total_reporting_amount) from marts.fct_orders where is_counted),"
        " (select sum(metric_value) from marts.fct_metric_hours where metric_code = 'revenue'),"
        " (select sum(numerator) from marts.kpi_day where kpi_code = 'revenue' and segment = '(all)'),"
        " (select sum(gross_amount) from marts.fct_conversions where conversion_type like '%_order')"
    )
    assert len(set(row)) == 1, row
    (row,) = _rows(
        "select (select count(*) from marts.fct_stage_entries), (select sum(entries) from marts.stage_scorecard),"
        " (select count(*) from marts.fct_touchpoints where stage_key is not null),"
        " (select sum(touchpoints) from marts.stage_touchpoint)"
    )
    assert row[0] == row[1]
    assert row[2] == row[3]


@pytest.fixture
def dashboard(truth: dict[str, Any], full_database: str) -> Iterator[str]:
    """Address of the warehouse for a login of its own, which is a member of bi_reader and nothing else."""
    import warehouse

    name, password = "test_dashboard_" + uuid.uuid4().hex[:8], uuid.uuid4().hex
    address = psycopg.conninfo.conninfo_to_dict(full_database)
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
    assert _rows(
        "select f.scope, f.step_no from marts.stage_funnel f where f.persona_code = '(all)' and f.channel = '(all)'"
        " and f.cohort = '(all)' and f.customers <> (select count(*) from marts.fct_funnel_steps s"
        " where s.scope = f.scope and s.step_no = f.step_no)"
    ) == []  # fmt: skip
    assert _rows(
        "select from marts.fct_funnel_steps s where s.scope = 'cradle_to_grave' and not exists"
        " (select from marts.fct_touchpoints t where t.touchpoint_id = s.touchpoint_id"
        " and t.occurred_at = s.reached_at and t.stage_key is not null)"
    ) == []  # fmt: skip
    assert _rows(
        "with behind as (select scope, source_stage, target_stage, count(*) as customers, sum(transitions) as weight"
        " from marts.stage_transition_customer group by 1, 2, 3)"
        " select * from marts.stage_transition t left join behind b using (scope, source_stage, target_stage)"
        " where t.period = '(all)' and t.target_stage <> '(other)'"
        " and (t.customers, t.weight) is distinct from (b.customers, b.weight)"
    ) == []  # fmt: skip
    ((shown, listed),) = _rows(
        "select (select sum(weight) from marts.stage_transition where period = '(all)'),"
        " (select sum(transitions) from marts.stage_transition_customer)"
    )
    assert shown == listed > 0


def test_maps_hold_what_happened_in_their_scope(truth: dict[str, Any]) -> None:
    """Counted from the facts: the whole arc, later episodes only, first episodes without an order only."""
    # scopes look the first day of an episode up by its number
    assert _rows(
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
            (row,) = _rows(
                f"select (select sum({count}) from marts.{cell} where scope = '{scope}' and period <> '(all)'),"
                f" (select sum({count}) from marts.{cell} where scope = '{scope}' and period = '(all)'),"
                f" (select count(*) from marts.{fact} t where not t.is_bot and stage_key = any((select stage_keys"
                f" from marts.map_scope where scope = '{scope}')::text[]) and {condition})"
            )
            assert row[0] == row[1] == row[2] > 0, (scope, fact)


def test_every_lane_of_the_maps_says_something(truth: dict[str, Any]) -> None:
    """Each lane has cells with a text, and what hurts is a topic, counted once."""
    lanes = dict(_rows("select lane, count(cell_text) from marts.journey_map group by 1"))
    assert len(lanes) == 13
    assert [lane for lane, texts in lanes.items() if not texts] == []
    assert _rows("select from marts.journey_map where lane = 'storyboard' and cell_text like '%what hurts is%'")
    assert _rows(
        "select from marts.journey_map m join marts.dim_stages s on s.stage_key = m.stage_key and s.is_in_force"
        " where m.lane = 'pain_points' and m.n > (select sum(p.pain_customers) from marts.pain_point p"
        " where p.stage_code = s.stage_code and p.topic_name is not null)"
    ) == []  # fmt: skip


def test_a_persona_of_few_customers_is_not_shown(truth: dict[str, Any]) -> None:
    """Cells of fewer than ten customers of a persona stay as rows without figures; their sums are for person_reader."""
    ((shown, entered_by_few),) = _rows(
        "select count(*), count(*) filter (where f.customers < 10) from marts.stage_funnel f"
        " where f.persona_code <> '(all)' and f.step_no = 1 and not f.is_suppressed"
    )
    assert shown > 0 and entered_by_few == 0
    assert _rows(
        "select from marts.stage_funnel where is_suppressed"
        " and num_nonnulls(customers, closed_customers, step_rate, overall_rate_all, net_reporting_amount) > 0"
    ) == []  # fmt: skip
    assert _rows("select from marts.stage_funnel where is_suppressed")
    assert _rows(
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
        assert _rows(f"select has_table_privilege('bi_reader', 'marts.{cell}', 'select')") == [(False,)], cell
