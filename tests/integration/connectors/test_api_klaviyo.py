"""Klaviyo over its API, against a local server that pages, throttles, refuses and breaks as the vendor documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.integration.connectors.vendor_pulls import NIGHT, Pulls, die_after
from tests.vendors.klaviyo import KEY, Klaviyo, profile_id
from tests.vendors.people import person

DAY = 86_400.0


@pytest.fixture
def vendor() -> Iterator[Klaviyo]:
    with Klaviyo() as server:
        yield server


@pytest.fixture
def pulls(vendor: Klaviyo, database: str, monkeypatch: pytest.MonkeyPatch) -> Pulls:
    return Pulls("klaviyo", vendor, monkeypatch, password=KEY)


def filled(vendor: Klaviyo, profiles: int = 250) -> None:
    """Profiles of which two neighbours share a second, some events, two metrics of one name."""
    now = vendor.clock.time()
    for number in range(profiles):
        vendor.add_profile(number, now - 5 * DAY + number // 2)
    for number in range(30):
        vendor.add_event(number, now - 3 * DAY + 60 * number, number % 2, number)
    vendor.add_metric(0, "Clicked Email", "klaviyo")
    vendor.add_metric(1, "Clicked Email", "shopify")


def test_nights_bring_all_and_then_what_changed(vendor: Klaviyo, pulls: Pulls) -> None:
    """Throttled, and with a profile that changes between two pages: it comes twice, its newest state counts."""
    filled(vendor)
    vendor.burst, vendor.steady = 2, 5

    def change(kind: str, page: int) -> None:
        if (kind, page) == ("profiles", 1):
            vendor.data["profiles"][0]["attributes"] |= {
                "first_name": "Changed",
                "updated": "2025-12-31T23:00:00+00:00",
            }

    vendor.after_page.append(change)
    first = pulls.pull("profile", "event", "metric")
    assert (vendor.early, first["profile"].status) == (0, "promoted")
    assert vendor.refused > 0, "the server must have throttled at all"
    profile = first["profile"]
    assert (profile.rows_read, profile.rows_inserted, profile.rows_duplicate) == (251, 250, 1)
    names = dict(pulls.rows("profile", "id", "first_name"))
    assert names == {profile_id(n): "Changed" if n == 0 else person(n).given for n in range(250)}
    assert (first["event"].rows_inserted, first["metric"].rows_inserted) == (30, 2)
    assert {call.headers["revision"] for call in vendor.calls} == {"2026-07-15"}

    vendor.after_page.clear()
    vendor.clock.advance(DAY)
    now = vendor.clock.time()
    vendor.add_profile(900, now - 60)
    vendor.add_event(900, now - 60, 1, 900)
    vendor.add_event(901, now - 5 * DAY, 1, 900)  # its sender was a day late
    before = len(vendor.calls)
    second = pulls.pull("profile", "event", night=NIGHT + dt.timedelta(days=1))
    assert (second["profile"].rows_read, second["profile"].rows_inserted, second["profile"].rows_unchanged) == (2, 1, 1)
    assert (second["event"].rows_read, second["event"].rows_inserted, second["event"].rows_unchanged) == (32, 2, 30)
    asked = [call.one("filter") for call in vendor.calls[before:] if call.path == "/api/profiles" and call.one("sort")]
    assert asked == ["greater-than(updated,2025-12-30T23:00:00Z)"], "one day of overlap before the newest one seen"


def test_suppressions_come_by_reason(vendor: Klaviyo, pulls: Pulls) -> None:
    for number, reason in enumerate(("HARD_BOUNCE", "UNSUBSCRIBE", None)):
        marketing = vendor.add_profile(number, vendor.clock.time() - DAY)["attributes"]["subscriptions"]["email"]
        if reason:
            marketing["marketing"]["suppressions"] = [{"reason": reason, "timestamp": "2025-12-30T00:00:00+00:00"}]
    pulls.pull("suppression")
    assert [row[0] for row in pulls.rows("suppression", "id")] == sorted([profile_id(0), profile_id(1)])


def test_a_refused_key_is_told_at_once(vendor: Klaviyo, pulls: Pulls) -> None:
    filled(vendor, 5)
    pulls.connect(password="pk_of_somebody_else_entirely")
    batches = pulls.pull("profile", "event")
    assert {batch.status for batch in batches.values()} == {"rejected"}
    reason = batches["profile"].reason or ""
    assert reason.startswith("klaviyo.profile") and "HTTP 401, authentication_failed" in reason
    assert "Check the private key" in reason and "pk_of_somebody" not in reason
    assert len(vendor.calls) == 2, "a refusal is not tried again"


def test_an_expired_cursor_begins_its_window_again(vendor: Klaviyo, pulls: Pulls) -> None:
    filled(vendor)
    vendor.after_page.append(lambda kind, page: vendor.clock.advance(7200) if (kind, page) == ("profiles", 2) else None)
    profile = pulls.pull("profile")["profile"]
    assert (profile.status, profile.rows_inserted, profile.rows_read) == ("promoted", 250, 450)
    assert profile.rows_duplicate == 200
    assert [call.status for call in vendor.calls_to("/api/profiles")].count(400) == 1


def test_death_in_the_middle_goes_on_behind_the_last_page(
    vendor: Klaviyo, pulls: Pulls, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(vendor)
    with monkeypatch.context() as patch:
        die_after(patch, pages=2)
        with pytest.raises(KeyboardInterrupt):
            pulls.pull("profile")
    asked = len(vendor.calls)
    profile = pulls.pull("profile")["profile"]
    assert (profile.status, profile.rows_inserted, profile.rows_duplicate) == ("promoted", 250, 0)
    assert [bool(call.one("page[cursor]")) for call in vendor.calls[asked:]] == [True], (
        "only the page that was lost is asked for again"
    )


@pytest.mark.parametrize("kind", ["truncate", "cut", "html200"])
def test_a_broken_page_is_tried_again_and_then_named(vendor: Klaviyo, pulls: Pulls, kind: str) -> None:
    filled(vendor, 120)
    vendor.faults.add("/api/profiles", kind, times=2, after=1)  # type: ignore[arg-type]
    vendor.faults.add("/api/events", kind, times=-1)  # type: ignore[arg-type]
    batches = pulls.pull("profile", "event")
    assert (batches["profile"].status, batches["profile"].rows_inserted) == ("promoted", 120)
    event = batches["event"]
    assert event.status == "failed"
    assert (event.reason or "").startswith("klaviyo.event")
    assert "page 1" in (event.reason or "") and "5 times" in (event.reason or "")
    assert "@" not in (event.reason or "")
