"""Mailchimp over its API: pages by offset that shift while they are read, activity campaign by campaign, ten calls at
once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.integration.connectors.vendor_pulls import NIGHT, Pulls, die_after
from tests.vendors.mailchimp import KEY, Mailchimp, problem
from tests.vendors.people import person

DAY = 86_400.0
TOO_MANY = problem(429, "Too Many Requests", "You have exceeded the limit of 10 simultaneous connections.")


@pytest.fixture
def vendor() -> Iterator[Mailchimp]:
    with Mailchimp() as server:
        yield server


@pytest.fixture
def pulls(vendor: Mailchimp, database: str, monkeypatch: pytest.MonkeyPatch) -> Pulls:
    return Pulls("mailchimp", vendor, monkeypatch, password=KEY)


def audience(vendor: Mailchimp, number: int, members: range) -> str:
    list_id = vendor.add_list(number)
    for who in members:
        vendor.add_member(list_id, who, vendor.clock.time() - 90 * DAY + who)
    return list_id


def test_members_that_change_between_pages_push_nobody_past_the_reader(vendor: Mailchimp, pulls: Pulls) -> None:
    """2,100 members are three pages; the first ones change after page 1, and one joins who opted in long ago."""
    list_id = audience(vendor, 1, range(2100))
    vendor.add_member(audience(vendor, 2, range(3000, 3004)), 3004, vendor.clock.time() - 7200)

    def change(name: str, page: int) -> None:
        if (name, page) == ("members", 1):
            for record in vendor.members[list_id][:50]:
                record |= {"last_changed": "2025-12-31T12:00:00+00:00", "vip": True}
            joined = {"last_changed": "2025-12-31T12:00:00+00:00"}
            vendor.add_member(list_id, 2999, vendor.clock.time() - 300 * DAY, **joined)

    vendor.after_page.append(change)
    vendor.faults.add("/3.0/lists/*/members", given=TOO_MANY, times=2, after=1)
    started = vendor.clock.time()
    batch = pulls.pull("member")["member"]
    assert batch.status == "promoted"
    assert (batch.rows_inserted, batch.rows_duplicate) == (2105, 1), "who shifts right comes twice, nobody is lost"
    assert {row[0] for row in pulls.rows("member", "id")} >= {person(number).email_md5 for number in range(2100)}
    assert vendor.clock.time() - started >= 60, "a refusal without Retry-After is waited out, thirty seconds each"
    assert vendor.busiest == 1

    vendor.after_page.clear()
    vendor.add_member(list_id, 5000, vendor.clock.time() + DAY / 2)
    asked = len(vendor.calls)
    second = pulls.pull("member", night=NIGHT + dt.timedelta(days=1))["member"]
    since = {call.one("since_last_changed") for call in vendor.calls[asked:] if call.path.endswith("/members")}
    assert since == {"2025-12-30T22:00:00Z"}, "a day before the newest change that was read"
    counts = (second.rows_read, second.rows_inserted, second.rows_updated, second.rows_unchanged)
    assert counts == (53, 2, 50, 1), "what changed during the first night comes in the second"


def test_activity_is_read_per_campaign_since_the_last_night(vendor: Mailchimp, pulls: Pulls) -> None:
    list_id, now = vendor.add_list(1), vendor.clock.time()
    sent = [vendor.add_campaign(list_id, number, now - days * DAY) for number, days in ((1, 3), (2, 40), (3, 300))]
    vendor.add_campaign(list_id, 4, None)  # a draft has no activity
    for campaign in sent:
        for who in range(3):
            vendor.add_activity(campaign, who, now - 2 * DAY + who)
            vendor.add_activity(campaign, who, now - 2 * DAY + 60 + who, "click", url="https://shop.example.com/a")
    vendor.add_activity(sent[0], 9, now - 2 * DAY, "bounce", type="hard")
    vendor.add_unsubscribe(sent[1], 2, now - DAY)
    first = pulls.pull("email_activity", "unsubscribe", "campaign")
    assert first["campaign"].rows_inserted == 4
    activity = first["email_activity"]
    assert (activity.status, activity.rows_inserted) == ("promoted", 13), "two campaigns: one was sent too long ago"
    assert first["unsubscribe"].rows_inserted == 1
    assert not vendor.calls_to(f"/3.0/reports/{sent[2]}/*")
    kinds = [row[0] for row in pulls.rows("email_activity", "action")]
    assert (kinds.count("open"), kinds.count("click"), kinds.count("bounce")) == (6, 6, 1)

    vendor.add_activity(sent[1], 1, now + 3600, "open")
    del vendor.activity[sent[0]]  # the campaign was deleted: its report is gone, the others are read
    second = pulls.pull("email_activity", night=NIGHT + dt.timedelta(days=1))["email_activity"]
    assert (second.status, second.rows_inserted) == ("promoted", 1)


def test_the_data_centre_comes_from_the_key(vendor: Mailchimp, pulls: Pulls, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.apis.connection import base_url, variables_of
    from connectors.apis.description import load_description
    from connectors.connections import Connection

    description, connection = load_description("mailchimp"), Connection("mail", password="0123456789abcdef-us21")
    assert base_url(description, connection, variables_of(description, connection)) == "https://us21.api.mailchimp.com"
    audience(vendor, 1, range(3))
    pulls.connect(password=KEY.replace("us10", "us21"))
    reason = pulls.pull("member")["member"].reason or ""
    assert "HTTP 403, Wrong Datacenter" in reason and "behind the last - of the key" in reason
    assert KEY[:12] not in reason


def test_death_and_broken_pages_leave_the_same_rows(
    vendor: Mailchimp, pulls: Pulls, monkeypatch: pytest.MonkeyPatch
) -> None:
    audience(vendor, 1, range(2300))
    with monkeypatch.context() as patch:
        die_after(patch, pages=2)  # the lists, and the first of three pages of members
        with pytest.raises(KeyboardInterrupt):
            pulls.pull("member")
    asked = len(vendor.calls)
    vendor.faults.add("/3.0/lists/*/members", "truncate", times=1)
    vendor.faults.add("/3.0/lists/*/members", "html", times=1)
    batch = pulls.pull("member")["member"]
    assert (batch.status, batch.rows_inserted, batch.rows_duplicate) == ("promoted", 2300, 0)
    offsets = [call.number("offset", 0) for call in vendor.calls[asked:] if call.path.endswith("/members")]
    assert offsets == [1000, 1000, 1000, 2000]
