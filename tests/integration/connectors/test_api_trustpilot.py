"""Trustpilot over its API: several business units, tokens that end, replies found by reading again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

import pytest

import warehouse
from tests.integration.connectors.vendor_pulls import NIGHT, Pulls, die_after
from tests.vendors.trustpilot import API_KEY, SECRET, TOKEN_SECONDS, Trustpilot

DAY = 86_400.0
NEXT = NIGHT + dt.timedelta(days=1)


@pytest.fixture
def vendor() -> Iterator[Trustpilot]:
    with Trustpilot() as server:
        yield server


@pytest.fixture
def units(vendor: Trustpilot) -> list[str]:
    """Two shops, with 230 reviews and 3."""
    found = [vendor.add_unit(1), vendor.add_unit(2)]
    for number in range(230):
        vendor.add_review(found[0], number, vendor.clock.time() - 200 * DAY + 12 * 3600 * number)
    for number in range(1000, 1003):
        vendor.add_review(found[1], number, vendor.clock.time() - 5 * DAY)
    return found


@pytest.fixture
def pulls(vendor: Trustpilot, units: list[str], database: str, monkeypatch: pytest.MonkeyPatch) -> Pulls:
    return Pulls(
        "trustpilot", vendor, monkeypatch, login=API_KEY, password=SECRET, extra=json.dumps({"business_units": units})
    )


def test_all_units_with_a_token_that_ends(vendor: Trustpilot, units: list[str], pulls: Pulls) -> None:
    """The token ends between two pages and is fetched again; a review comes twice when pages shift."""

    def meanwhile(kind: str, page: int) -> None:
        if page == 1:
            vendor.expire_tokens()
            vendor.add_review(units[0], 500, vendor.clock.time() - 200 * DAY - 60)  # published late

    vendor.after_page.append(meanwhile)
    vendor.faults.add("/v1/private/*", "html200", after=1)
    batch = pulls.pull("private_review")["private_review"]
    assert (batch.status, batch.rows_inserted, batch.rows_duplicate) == ("promoted", 233, 1)
    assert len(vendor.calls_to("*/accesstoken")) == 2
    assert {row[0] for row in pulls.rows("private_review", "business_unit_id")} == set(units)

    vendor.after_page.clear()
    vendor.clock.advance(DAY)
    record = vendor.reviews[units[0]][200]
    record["companyReply"] = {"text": "Thank you", "createdAt": "2026-01-01T08:00:00Z", "updatedAt": None}
    asked = len(vendor.calls)
    second = pulls.pull("private_review", night=NEXT)["private_review"]
    assert second.rows_updated == 1
    assert ("Thank you",) in pulls.rows("private_review", "coalesce(company_reply_text, '')")
    starts = {call.one("startDateTime") for call in vendor.calls[asked:] if call.path.startswith("/v1/private")}
    assert len(starts) == 2 and all(start and start < "2025-11-01" for start in starts), "60 days, unit by unit"

    assert warehouse.reset_cursors("trustpilot", "private_review") == 4, "two units, two nights"
    third = pulls.pull("private_review", night=NEXT + dt.timedelta(days=1))["private_review"]
    assert (third.rows_inserted, third.rows_unchanged) == (1, 233), "the one published late was before its overlap"


def test_refusals_are_told_plainly(vendor: Trustpilot, units: list[str], pulls: Pulls) -> None:
    pulls.connect(login=API_KEY, password="wrong-secret", extra=json.dumps({"business_units": units}))
    reason = pulls.pull()["private_review"].reason or ""
    assert "HTTP 401" in reason and "client secret" in reason and "wrong-secret" not in reason
    pulls.connect(login=API_KEY, password=SECRET, extra=json.dumps({"business_units": ["not-a-unit"]}))
    reason = pulls.pull()["private_review"].reason or ""
    assert "HTTP 404" in reason and "business_units" in reason
    pulls.connect(login=API_KEY, password=SECRET)
    assert "names no accounts" in (pulls.pull()["private_review"].reason or "")


def test_throttled_and_killed(
    vendor: Trustpilot, units: list[str], pulls: Pulls, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.limit.calls = 2
    with monkeypatch.context() as patch:
        die_after(patch, pages=1)
        with pytest.raises(KeyboardInterrupt):
            pulls.pull()
    vendor.clock.advance(TOKEN_SECONDS / 50)  # two hours: the paging goes on where it was
    batch = pulls.pull()["private_review"]
    assert (batch.status, batch.rows_inserted, batch.rows_duplicate) == ("promoted", 233, 0)
    assert vendor.limit.refused > 0 and vendor.limit.early == 0
    pages = [call.number("page", 0) for call in vendor.calls_to(f"*/{units[0]}/reviews") if call.status == 200]
    assert pages == [1, 2, 2, 3], "page 2 was lost half-written"
