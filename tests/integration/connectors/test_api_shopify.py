"""Shopify's bulk operations from a local server to raw: orders with their children, waiting, failing, dying."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator

import pytest

import connectors
import warehouse
from connectors.apis import ApiPlace
from tests.integration.connectors.api_pulls import Death, DyingClock, count, pull_api
from tests.vendors.shopify import TOKEN, ShopifyServer, order

NIGHT, NEXT = dt.date(2026, 1, 1), dt.date(2026, 1, 2)  # the server's clock begins on the first


@pytest.fixture
def shop(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ShopifyServer]:
    server = ShopifyServer()
    server.records["orders"] = [order(n, f"2025-12-{n + 1:02d}T10:00:00Z") for n in range(25)]
    server.records["customers"] = [
        [{"id": f"gid://shopify/Customer/{7000 + n}", "firstName": f"Ada{n}", "createdAt": "2025-12-01T10:00:00Z",
          "updatedAt": f"2025-12-{n + 1:02d}T10:00:00Z",
          "defaultEmailAddress": {"emailAddress": f"person{n}@example.com", "marketingState": "SUBSCRIBED"}}]
        for n in range(25)
    ]  # fmt: skip
    with server:
        extra = {"shop": "made-up-shop"}
        monkeypatch.setenv(
            "AIRFLOW_CONN_SHOP",
            json.dumps({"conn_type": "http", "host": server.url, "password": TOKEN, "extra": extra}),
        )
        yield server


def pull(shop: ShopifyServer, night: dt.date = NIGHT) -> connectors.PullOutcome:
    return pull_api("shopify", "shop", night, shop.clock)


def test_a_night_and_the_next(shop: ShopifyServer) -> None:
    outcome = pull(shop)
    assert outcome.passed, outcome.message
    assert count("shopify__order", "total_price = 20 and customer_id is not null") == 25
    assert count("shopify__order_line", "order_id is not null") == 50
    assert count("shopify__customer_journey") == 25
    assert count("shopify__customer", "email is not null") == 25
    (cursor,) = warehouse.read_cursors("shopify", "order")
    assert cursor.state["time"].startswith("2026-01-01T00:00")  # when the shop began to write, by its clock

    shop.clock.advance(86_400)
    changed = order(3, "2026-01-01T12:00:00Z", lines=1, refunded=True)  # refunded, and edited: a line is gone
    shop.records["orders"][3] = changed
    outcome = pull(shop, NEXT)
    assert outcome.passed, outcome.message
    assert outcome.counts["rows_read"] == 4  # the order, its line, its visit, its refund
    assert count("shopify__refund", "total_refunded_amount = 20") == 1
    assert count("shopify__order_line", "order_id = '5003' and not _is_deleted") == 1
    assert count("shopify__order_line", "_is_deleted") == 1


def test_waiting_for_others_throttling_and_a_failed_operation(shop: ShopifyServer) -> None:
    shop.busy_until = shop.clock.time() + 900  # another operation of the app is under way
    shop.endings = [("FAILED", "INTERNAL_SERVER_ERROR")]
    shop.points = 3.0
    outcome = pull(shop)
    assert outcome.passed, outcome.message
    assert count("shopify__order") == 25
    assert shop.throttled > 0 and shop.early == 0
    assert [op["status"] for op in shop.operations.values()] == ["FAILED", "COMPLETED", "COMPLETED"]


def test_what_somebody_must_do_is_said(
    shop: ShopifyServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.endings = [("FAILED", "ACCESS_DENIED")]
    outcome = pull(shop)
    (line,) = [line for line in outcome.message.splitlines() if "(shopify.order," in line]
    assert "rejected" in line and "connection shop" in line and "scopes" in line
    assert count("shopify__customer") == 25  # the other endpoint goes on
    assert TOKEN not in outcome.message + caplog.text
    shop.user_errors = [{"field": ["query"], "message": "Invalid bulk query", "code": "INVALID"}]
    outcome = pull(shop, NEXT)
    assert "options.query" in outcome.message and "INVALID" in outcome.message
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", os.environ["AIRFLOW_CONN_SHOP"].replace(TOKEN, "shpat_withdrawn_0001"))
    outcome = pull(shop, NEXT)
    assert "HTTP 401" in outcome.message and "was withdrawn" in outcome.message


def test_a_pull_that_died_waits_for_the_operation_it_had_started(shop: ShopifyServer) -> None:
    shop.polls = 8
    place = ApiPlace("shop", clock=_Dying(shop, 4))
    with pytest.raises(Death):
        connectors.land("shopify", NIGHT, place)
    assert len(shop.operations) == 1
    assert pull(shop).passed
    assert len(shop.operations) == 2  # orders once, customers once
    assert count("shopify__order") == 25


def test_a_cut_download_comes_again(shop: ShopifyServer) -> None:
    shop.faults.add("/signed/1", "cut", times=2)
    shop.on_file = lambda body: body[:-40]  # shorter than the shop said
    outcome = pull(shop)
    assert not outcome.passed and "bytes came instead of" in outcome.message
    shop.on_file = lambda body: body
    outcome = pull(shop)
    assert outcome.passed, outcome.message
    assert count("shopify__customer") == 25


class _Dying(DyingClock):
    """Dies while it waits."""

    def sleep(self, seconds: float) -> None:
        self.time()
        super().sleep(seconds)
