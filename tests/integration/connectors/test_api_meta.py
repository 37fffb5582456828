"""Instagram, Lead Ads and Shops over the Graph API, from a local server to raw."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import warehouse
from connectors.cli import app
from connectors.contracts import table_spec
from tests.integration.connectors.api_pulls import count, pull_api
from tests.vendors.graph import GraphServer, error

TOKEN, SECRET = "graph-token-made-up-0001", "app-secret-made-up"
NIGHT, NEXT = dt.date(2026, 1, 10), dt.date(2026, 1, 11)
START = dt.datetime(2026, 1, 9, 9, tzinfo=dt.UTC)


def at(hours: float) -> str:
    return (START + dt.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S+0000")


@pytest.fixture
def graph(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphServer]:
    server = GraphServer(TOKEN)
    server.app_secret = SECRET
    with server:
        extra = {"app_secret": SECRET, "instagram_ids": ["17"], "page_ids": ["111", "112"], "shop_ids": ["55"]}
        connection = {"conn_type": "http", "host": server.url, "password": TOKEN, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_META", json.dumps(connection))
        yield server


def comment(number: int, media: str, replies: list[dict[str, Any]] | None = None, more: str = "") -> dict[str, Any]:
    author = {"id": f"90{number}", "username": f"person{number}"}
    record = {"id": f"c{number}", "text": f"words {number}", "timestamp": at(number), "username": author["username"],
              "from": author, "media": {"id": media, "media_product_type": "FEED"}, "like_count": 0}  # fmt: skip
    if replies:
        record["replies"] = {"data": replies, **({"paging": {"next": more}} if more else {})}
    return record


def test_instagram(graph: GraphServer) -> None:
    media = [{"id": f"m{n}", "media_type": "IMAGE", "timestamp": at(-n * 24),
              "comments_count": 3 if n == 0 else 0, "username": "the_shop",
              "media_product_type": "FEED" if n < 5 else "STORY"} for n in range(250)]  # fmt: skip
    replies = [{**comment(n, "m0"), "parent_id": "c1"} for n in range(10, 14)]
    graph.instagram |= {"m0", "c1"}
    graph.node("17", {"id": "17", "username": "the_shop", "followers_count": 12, "media_count": 250})
    graph.edges["17/media"] = media
    graph.edges["m0/comments"] = [
        comment(1, "m0", replies[:2], graph.url + "/v25.0/c1/replies?after=x"),
        comment(2, "m0"),
    ]
    graph.edges["c1/replies"] = replies
    graph.edges["17/stories"] = [{**media[0], "id": "s1", "media_product_type": "STORY"}, {**media[0], "id": "s2"}]
    graph.edges["17/tags"] = [{"id": "t1", "caption": "with @the_shop", "timestamp": at(0), "username": "person5"}]
    insight = {"name": "views", "period": "lifetime", "values": [{"value": 5}]}
    for name in [f"m{n}" for n in range(5)]:
        graph.edges[f"{name}/insights"] = [{**insight, "id": f"{name}/insights/views/lifetime"}]
    graph.edges["s1/insights"] = [{**insight, "id": "s1/insights/views/lifetime"}]
    graph.edges["s2/insights"] = []
    graph.faults.add("*/s2/insights", given=error(10, "(#10) Not enough viewers"), times=-1)
    days = [{"value": n, "end_time": at(24 * n - 2)} for n in range(-40, 4)]
    graph.edges["17/insights"] = [
        {"id": "17/insights/reach/day", "name": "reach", "period": "day", "values": days},
        {"id": "17/insights/likes/day", "name": "likes", "period": "day", "values": [{"value": 7}]},
    ]
    graph.edges["17/conversations"] = [{"id": "d1", "updated_time": at(1), "participants": {"data": []}}]
    graph.node("d1", {"id": "d1", "messages": {"data": [
        {"id": "dm1", "created_time": at(1), "from": {"id": "905", "username": "person5"}, "message": "hello",
         "to": {"data": [{"id": "17", "username": "the_shop"}]}}]}})  # fmt: skip

    outcome = pull_api("instagram", "meta", NIGHT, graph.clock)
    assert outcome.passed, outcome.message
    assert count("instagram__media") == 250
    assert count("instagram__comment", "from_id is not null") == 6  # two, and the four replies of which two came nested
    assert count("instagram__story") == 2
    assert count("instagram__story_insight") == 1  # the other has fewer than five viewers
    assert count("instagram__mention") == 1
    assert count("instagram__message", "conversation_id = 'd1'") == 1
    assert count("instagram__account_insight", "metric = 'reach'") == 28  # kept for so long

    graph.calls.clear()
    graph.edges["17/media"].insert(0, {**media[0], "id": "m900", "timestamp": at(20), "comments_count": 0})
    graph.edges["m900/insights"] = [{**insight, "id": "m900/insights/views/lifetime"}]
    outcome = pull_api("instagram", "meta", NEXT, graph.clock)
    assert outcome.passed, outcome.message
    assert count("instagram__media") == 251
    assert len(graph.calls_to("*/17/media")) == 2  # a page that is 90 days older throughout is the last
    assert {call.one("appsecret_proof") for call in graph.calls} != {None}


def test_lead_ads(graph: GraphServer) -> None:
    def lead(number: int, hours: float) -> dict[str, Any]:
        answers = [{"name": "email", "values": [f"person{number}@example.com"]}]
        return {"id": f"l{number}", "created_time": at(hours), "form_id": "f1", "is_organic": False, "platform": "ig",
                "field_data": answers, "ad_name": "Spring"}  # fmt: skip

    graph.edges["111/leadgen_forms"] = [{"id": "f1", "name": "Newsletter", "status": "ACTIVE"}, {"id": "f2"}]
    graph.edges["112/leadgen_forms"] = []
    graph.edges["f1/leads"] = [lead(n, -n * 24) for n in range(120)]
    graph.edges["f2/leads"] = []
    outcome = pull_api("meta_lead_ads", "meta", NIGHT, graph.clock)
    assert outcome.passed, outcome.message
    assert count("meta_lead_ads__lead") == 90  # Meta keeps ninety days; older ones are not asked for
    assert count("meta_lead_ads__lead", "email is null") == 0

    graph.calls.clear()
    graph.edges["f1/leads"].insert(0, lead(500, 10))
    outcome = pull_api("meta_lead_ads", "meta", NEXT, graph.clock)
    assert outcome.passed, outcome.message
    assert outcome.counts["rows_inserted"] == 1 and outcome.counts["rows_read"] <= 5
    (asked,) = [json.loads(call.one("filtering") or "") for call in graph.calls_to("*/f1/leads")]
    assert asked[0]["value"] == int((START - dt.timedelta(days=3)).timestamp())

    graph.edges["112/leadgen_forms"] = [{"id": "f3"}]  # a form of another page, closed to us
    graph.faults.add("*/f3/leads", given=error(200, "(#200) Requires leads_retrieval permission", 403), times=-1)
    outcome = pull_api("meta_lead_ads", "meta", dt.date(2026, 1, 12), graph.clock)
    assert not outcome.passed and "leads_retrieval" in outcome.message and "rejected" in outcome.message
    assert {c.export_date for c in warehouse.read_cursors("meta_lead_ads")} == {NEXT}  # no account's cursor has moved


def test_shops(graph: GraphServer) -> None:
    states = ["FB_PROCESSING", "CREATED", "IN_PROGRESS", "COMPLETED"]
    money = {"amount": "20.00", "currency": "USD"}
    graph.edges["55/commerce_orders"] = [
        {"id": str(3000 + n), "order_status": {"state": states[n % 4]}, "created": at(-n), "last_updated": at(-n),
         "channel": "instagram", "buyer_details": {"name": f"Person {n}", "email": f"x{n}@marketplace.facebook.com"},
         "estimated_payment_details": {"total_amount": money},
         "items": {"data": [{"id": str(9000 + n), "retailer_id": "SKU1", "quantity": 1, "price_per_unit": money}]}}
        for n in range(60)
    ]  # fmt: skip
    outcome = pull_api("facebook_shops", "meta", NIGHT, graph.clock)
    assert outcome.passed, outcome.message
    assert count("facebook_shops__order", "total_amount = 20 and buyer_name is not null") == 60  # all states and fields
    assert count("facebook_shops__order_item", "order_id is not null") == 60
    graph.edges["55/commerce_orders"][5] |= {"order_status": {"state": "COMPLETED"}, "last_updated": at(5)}
    outcome = pull_api("facebook_shops", "meta", NEXT, graph.clock)
    assert outcome.passed, outcome.message
    assert count("facebook_shops__order", "state = 'COMPLETED'") == 16


def test_by_sources_and_the_command_line(graph: GraphServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = tmp_path / "sources.yml"
    sources.write_text("meta_lead_ads: {api: true, connection: meta}\n")
    monkeypatch.setenv("JOURNEYLINE_SOURCES", str(sources))
    graph.edges |= {"111/leadgen_forms": [{"id": "f1"}], "112/leadgen_forms": []}
    graph.edges["f1/leads"] = [{"id": "l1", "created_time": at(0), "form_id": "f1", "field_data": []}]

    def run(*words: str) -> str:
        found = CliRunner().invoke(app, list(words))
        assert found.exit_code == 0, found.output
        return found.output

    assert "landed" in run("land", "meta_lead_ads", "--export-date", NIGHT.isoformat())
    assert "no cursors" in run("cursor", "show")  # landed is not promoted
    (batch,) = warehouse.read_batches(platform="meta_lead_ads")
    warehouse.promote(batch.batch_id, table_spec("meta_lead_ads", "lead"), unaudited=True)
    shown = run("cursor", "show", "meta_lead_ads.lead")
    assert "2026-01-09T09:00:00+00:00" in shown and "111" in shown
    assert "1 cursors" in run("cursor", "reset", "meta_lead_ads.lead")
    assert "no cursors" in run("cursor", "show")
    wrong = CliRunner().invoke(app, ["cursor", "reset", "meta_lead_ads.x"])
    assert wrong.exit_code == 2 and "has no object 'x'" in wrong.output
