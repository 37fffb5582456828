"""A whole simulated brand, one night: every question answers, and what was planted in the brand is found in its marts.

Errors are stated beside each effect. Golden customers are not the true persons (cookies that nobody can link stay
alone), so rates per customer are compared as ratios, not as rates.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest

from tests.integration.journeys.answering_brand import DATE, fetch

PAGE = Path(__file__).resolve().parents[3] / "docs" / "questions.md"


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
    (row,) = fetch(
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
    rows = fetch(
        "select metric_code, event_id from marts.anomaly where metric_code in ('complaints', 'tickets')"
        f" and direction = 'up' and starts_date = '{date}'"
    )
    assert rows, f"no spike of complaints on {date}"
    assert {event for _, event in rows} == {"E-4"}


def test_the_intervention_lies_in_its_interval(truth: dict[str, Any]) -> None:
    before, after = truth["instagram_shopping"]["daily_before_after"]
    control_before, control_after = truth["instagram_shopping"]["control_daily_before_after"]
    wanted = after / before / (control_after / control_before) - 1
    ((lift, low, high),) = fetch(
        "select lift, lift_low, lift_high from marts.intervention_lift"
        " where event_id = 'E-2' and metric_code = 'visits'"
    )
    assert low <= wanted <= high
    assert lift > 0


def test_the_split_tests_difference_lies_in_its_interval(truth: dict[str, Any]) -> None:
    rates = truth["split_test"]["ordered_after_exposure"]
    wanted = rates["one_page"]["rate"] - rates["control"]["rate"]
    found = fetch(
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
        fetch(
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
    (row,) = fetch(
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
        for kind, *rest in fetch("select kind, channel, raised_at, begun_at, first_response_at, reach from marts.alert")
    }
    assert len(fetch("select from marts.alert")) == 2
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
    rows = fetch(
        f"select week_start, mentions from marts.hashtag_campaign where hashtag = '{effect['hashtag']}'"
        f" and week_start >= date '{effect['from']}' order by 1"
    )
    counts = [count for _, count in rows]
    assert sum(counts) == pytest.approx(sum(effect["messages_by_week"]), rel=0.2)
    assert sum(counts[: len(counts) // 2]) < 0.75 * sum(counts[len(counts) // 2 :])


def test_companies_buy_more_and_the_troubled_ones_complain(truth: dict[str, Any]) -> None:
    """Amount of an order for a company against others': within .35 of the planted quantity; complaints per order."""
    effect = truth["companies"]
    ((accounts, ratio),) = fetch(
        "select count(distinct account_key), avg(total_reporting_amount) filter (where account_key is not null)"
        " / avg(total_reporting_amount) filter (where account_key is null)"
        " from marts.fct_orders left join marts.bridge_customer_accounts using (golden_customer_id)"
        " where is_counted and source_platform = 'shopify'"
    )
    assert 0.4 * effect["companies"] <= accounts <= effect["companies"]
    assert float(ratio) == pytest.approx(effect["planted_quantity"], rel=0.35)
    complaints = dict(
        fetch(
            "select account_name in ('" + "', '".join(effect["troubled"]) + "'), sum(complaints) / sum(orders)"
            " from marts.account_health group by 1"
        )
    )
    assert float(complaints[True]) > 1.2 * float(complaints[False])


def test_deal_buyers_and_waiting_buyers_are_as_many_as_planted(truth: dict[str, Any]) -> None:
    """Buyers with a discount code within .06; back-in-stock alerts that an order follows within .12."""
    ((deals,),) = fetch(
        "select avg(deal::int) from (select golden_customer_id, bool_or(discount_code is not null) as deal"
        " from marts.fct_orders where is_counted and source_platform = 'shopify' group by 1) as buyers"
    )
    assert float(deals) == pytest.approx(truth["offers"]["web_buyers_with_code"]["rate"], abs=0.06)
    effect = truth["stock_alerts"]
    ((alerts, followed),) = fetch(
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
        fetch(
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
    ((reopened,),) = fetch(
        "select avg((reopened_count > 0)::int) from marts.fct_tickets where first_solved_at is not null"
    )
    assert float(reopened) == pytest.approx(effect["reopened"]["rate"], abs=0.03)


def test_gifts_are_told_from_other_orders(truth: dict[str, Any]) -> None:
    """No order is taken for a gift that is none; nine gifts in ten are found."""
    found = {order for (order,) in fetch("select source_order_id from marts.fct_orders where is_gift")}
    assert found <= truth["gifts"]
    assert len(found) >= 0.9 * len(truth["gifts"]) > 10
