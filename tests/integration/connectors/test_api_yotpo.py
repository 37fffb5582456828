"""Yotpo over its API: a token that ends in the middle, numbered pages that shift, mails read again for 31 days."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.connectors.vendor_pulls import NIGHT, Pulls, die_after
from tests.vendors.yotpo import APP_KEY, SECRET, Yotpo

DAY = 86_400.0
NEXT = NIGHT + dt.timedelta(days=1)


@pytest.fixture
def vendor() -> Iterator[Yotpo]:
    with Yotpo() as server:
        yield server


@pytest.fixture
def pulls(vendor: Yotpo, database: str, monkeypatch: pytest.MonkeyPatch) -> Pulls:
    return Pulls("yotpo", vendor, monkeypatch, login=APP_KEY, password=SECRET)


def test_a_token_that_ends_is_renewed_and_shifting_pages_lose_nobody(
    vendor: Yotpo, pulls: Pulls, tmp_path: Path
) -> None:
    for number in range(250):
        vendor.add_review(number, vendor.clock.time() - 90 * DAY + 3600 * number)
    vendor.add_review(300, vendor.clock.time() - 50 * DAY, deleted=True)

    def meanwhile(kind: str, page: int) -> None:
        if (kind, page) == ("reviews", 2):
            vendor.add_review(400, vendor.clock.time() - 60)  # newest first: everything shifts by one
            vendor.expire_tokens()

    vendor.after_page.append(meanwhile)
    batch = pulls.pull("review")["review"]
    assert batch.status == "promoted"
    assert (batch.rows_inserted, batch.rows_duplicate) == (252, 251), "asked with and without the deleted ones"
    assert len(pulls.rows("review", "id")) == 251, "the deleted one is a tombstone"
    assert len(vendor.calls_to("/oauth/token")) == 2, "once to begin, once after it ended"
    written = pulls.written(tmp_path)
    assert SECRET.encode() not in written and not any(token.encode() in written for token in vendor.tokens)

    vendor.after_page.clear()
    vendor.clock.advance(DAY)
    vendor.reviews[249] |= {"archived": True, "updated_at": "2026-01-01T12:00:00.000Z"}
    second = pulls.pull("review", night=NEXT)["review"]
    assert second.rows_updated == 1
    since = {call.one("since_updated_at") for call in vendor.calls_to("*/reviews")[-2:]}
    assert since == {"2025-12-01T00:00:41Z"}, "31 days before the newest change"


def test_mails_are_read_in_windows_of_days_and_again_for_a_month(vendor: Yotpo, pulls: Pulls) -> None:
    for number in range(60):
        vendor.add_request(number, vendor.clock.time() - 80 * DAY + number * DAY)
    vendor.add_unsubscriber(1)
    first = pulls.pull("review_request", "unsubscriber")
    assert (first["review_request"].rows_inserted, first["unsubscriber"].rows_inserted) == (60, 1)
    windows = [(call.one("since"), call.one("until")) for call in vendor.calls_to("*/raw_data")]
    assert windows[-1][1] == "2026-01-01"
    days = [(dt.date.fromisoformat(str(a)), dt.date.fromisoformat(str(b))) for a, b in windows]
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(days)), "no day is asked for twice"
    assert max((end - start).days for start, end in days) <= 31

    vendor.clock.advance(DAY)
    vendor.requests[-1]["clicked_through_timestamp"] = "2026-01-01 10:00:00"  # of a mail that is 21 days old
    second = pulls.pull("review_request", night=NEXT)["review_request"]
    assert (second.rows_updated, second.rows_inserted) == (1, 0)
    assert len(vendor.calls_to("*/raw_data")) - len(windows) <= 2


def test_a_wrong_secret_a_full_bucket_and_a_death(vendor: Yotpo, pulls: Pulls, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(350):
        vendor.add_review(number, vendor.clock.time() - DAY - number)
    pulls.connect(login=APP_KEY, password="some-other-secret")
    reason = pulls.pull("review")["review"].reason or ""
    assert "HTTP 401 invalid_client" in reason and "client secret" in reason and "some-other-secret" not in reason

    pulls.connect(login=APP_KEY, password=SECRET)
    vendor.limit.calls = 2
    with monkeypatch.context() as patch:
        die_after(patch, pages=3)
        with pytest.raises(KeyboardInterrupt):
            pulls.pull("review")
    vendor.faults.add("*/reviews", "garbage", times=2)
    batch = pulls.pull("review")["review"]
    assert (batch.status, batch.rows_inserted) == ("promoted", 350)
    assert vendor.limit.refused > 0 and vendor.limit.early == 0
