"""Facebook, Shops, lead forms, Instagram's figures: files are what contracts read, and show whom the truth names."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.checking import check_file
from connectors.contracts import find_object
from simulator.platforms.facebook_totals import PAGE_ID
from tests.unit.simulator.conftest import night_files, text_of

Truth = Callable[[str], pl.DataFrame]
OBJECTS = {
    "facebook_pages": ("post", "comment", "conversation", "reaction", "recommendation", "page", "page_insight"),
    "instagram": ("account", "account_insight"),
    "facebook_shops": ("order",),
    "meta_lead_ads": ("lead",),
}


def facebook(brand: Path, name: str) -> Iterator[dict[str, Any]]:
    """Every record of an object, in the order of the nights."""
    for path in night_files(brand, "facebook_pages", name):
        for line in [text_of(path)] if path.suffix == ".json" else text_of(path).splitlines():
            document = json.loads(line)
            yield from document.get("data", [document])


def shops(brand: Path) -> Iterator[dict[str, Any]]:
    for path in night_files(brand, "facebook_shops", "order"):
        yield from json.loads(text_of(path))["data"]


def known(truth: Truth, platform: str) -> dict[str, dict[str, Any]]:
    rows = truth("identifiers").filter(pl.col("source_platform") == platform)
    return {row["value"]: row for row in rows.iter_rows(named=True)}


@pytest.mark.parametrize(("platform", "name"), [(p, name) for p, names in OBJECTS.items() for name in names])
def test_the_contract_reads_every_row_that_the_truth_counts(
    brand: Path, truth: Truth, platform: str, name: str
) -> None:
    counts = truth("expected_counts").filter((pl.col("platform") == platform) & (pl.col("object") == name))
    assert counts["rows"].sum() > 0
    read = 0
    for path in night_files(brand, platform, name):
        found = check_file(platform, find_object(platform, name), path)
        assert (found.refused, found.rows_rejected) == (None, 0), path
        read += found.rows_read
    assert read == counts["rows"].sum()


def test_profiles_are_those_of_the_truth_and_never_the_page(brand: Path, truth: Truth) -> None:
    shown = {record["from"]["id"] for record in facebook(brand, "comment") if "from" in record}
    threads = list(facebook(brand, "conversation"))
    shown |= {message["from"]["id"] for thread in threads for message in thread["messages"]["data"]}
    shown |= {record["reviewer"]["id"] for record in facebook(brand, "recommendation")}
    shown |= {record["id"] for record in facebook(brand, "reaction")}
    profiles = known(truth, "facebook_pages")
    assert {f"{PAGE_ID}:{identity}" for identity in shown - {PAGE_ID}} == set(profiles)
    assert not any(row["is_linkable"] for row in profiles.values())  # page-scoped ids join nothing
    assert any("from" not in record for record in facebook(brand, "comment"))
    assert any("id" not in record for record in facebook(brand, "comment"))


def test_orders_of_shops_are_orders_of_the_web_shop(brand: Path, truth: Truth) -> None:
    latest = {order["id"]: order for order in shops(brand)}
    records, orders = known(truth, "facebook_shops"), truth("identifiers").filter(pl.col("kind") == "order")
    person_of = dict(orders.filter(pl.col("source_platform") == "shopify").select("value", "person_id").iter_rows())
    assert set(records) == set(latest)
    for identity, order in latest.items():
        assert records[identity]["person_id"] == person_of["#" + order["merchant_order_id"].lstrip("#")]
        assert order["buyer_details"]["email"].endswith("@marketplace.facebook.com")
        goods = sum(item["quantity"] * float(item["price_per_unit"]["amount"]) for item in order["items"]["data"])
        assert goods >= float(order["estimated_payment_details"]["subtotal"]["items"]["amount"]) - 0.005
    states = {order["order_status"]["state"] for order in shops(brand)}
    assert states == {"CREATED", "COMPLETED"}
    assert any("refunds" in order for order in latest.values())


def test_leads_are_people_and_one_is_a_test(brand: Path, truth: Truth) -> None:
    rows = [
        row
        for path in night_files(brand, "meta_lead_ads", "lead")
        for row in csv.DictReader(text_of(path).splitlines())
    ]
    tests = {row["id"] for row in rows if row["email"] == "test@meta.com"}
    assert tests == {"l:900100200300"}
    assert {row["id"].removeprefix("l:") for row in rows if row["id"] not in tests} == set(
        known(truth, "meta_lead_ads")
    )
    assert all(
        row["phone_number"].startswith("p:+") or not row["phone_number"] for row in rows if row["id"] not in tests
    )
    statuses = {
        identity: {row["lead_status"] for row in rows if row["id"] == identity} for identity in {r["id"] for r in rows}
    }
    assert {"CREATED", "CONTACTED"} in statuses.values()  # a lead comes again with its new status
