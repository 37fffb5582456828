"""Zendesk over its API: exports that go on from the vendor's cursor, ten calls a minute, touched tickets that come
again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.integration.connectors.vendor_pulls import NIGHT, Pulls, die_after
from tests.vendors.kit import answer
from tests.vendors.people import person
from tests.vendors.zendesk import CURSOR_DAYS, EMAIL, TOKEN, Zendesk

DAY = 86_400.0
NEXT = NIGHT + dt.timedelta(days=1)


@pytest.fixture
def vendor() -> Iterator[Zendesk]:
    with Zendesk(page=20) as server:  # the vendor may give fewer records a page than asked for
        yield server


@pytest.fixture
def pulls(vendor: Zendesk, database: str, monkeypatch: pytest.MonkeyPatch) -> Pulls:
    return Pulls("zendesk", vendor, monkeypatch, login=EMAIL, password=TOKEN, extra='{"subdomain": "made-up"}')


def desk(vendor: Zendesk, tickets: int, users: int = 0) -> None:
    start = vendor.clock.time() - 20 * DAY
    for number in range(1, users + 1):
        vendor.add_user(number, start + number)
    for number in range(1, tickets + 1):
        vendor.add_ticket(number, start + 60 * (number // 3), number)


def test_an_export_of_many_pages_keeps_to_ten_calls_a_minute(vendor: Zendesk, pulls: Pulls) -> None:
    """230 tickets are twelve pages. A ticket that the system touches meanwhile comes twice; the newest state counts."""
    desk(vendor, 230)

    def touch(kind: str, page: int) -> None:
        if (kind, page) == ("tickets", 2):
            vendor.touch_ticket(1, vendor.clock.time() - 120)
            vendor.touch_ticket(2, vendor.clock.time() - 120, status="deleted")

    vendor.after_page.append(touch)
    started = vendor.clock.time()
    batch = pulls.pull("ticket")["ticket"]
    assert batch.status == "promoted"
    assert (batch.rows_read, batch.rows_inserted, batch.rows_duplicate) == (232, 230, 2)
    assert (vendor.exports.refused, vendor.exports.early) == (0, 0), "not one call too many was made"
    assert vendor.clock.time() - started >= 60
    assert [row[0] for row in pulls.rows("ticket", "id::int")] == [1, *range(3, 231)], "deleted is a tombstone"


def test_the_next_night_goes_on_from_the_cursor(vendor: Zendesk, pulls: Pulls) -> None:
    desk(vendor, 30)
    pulls.pull("ticket")
    vendor.clock.advance(DAY)
    vendor.touch_ticket(5, vendor.clock.time() - 3600)  # nothing but a system touch
    vendor.add_ticket(99, vendor.clock.time() - 600, 1)
    vendor.add_ticket(100, vendor.clock.time() - 30, 1)  # of the last minute: the vendor leaves it out
    asked = len(vendor.calls)
    second = pulls.pull("ticket", night=NEXT)["ticket"]
    assert (second.rows_read, second.rows_inserted, second.rows_unchanged) == (2, 1, 1)
    calls = vendor.calls[asked:]
    assert all(call.one("cursor") and call.one("start_time") is None for call in calls)

    vendor.clock.advance(DAY)
    third = pulls.pull("ticket", night=NEXT + dt.timedelta(days=1))["ticket"]
    assert (third.rows_read, third.rows_inserted) == (1, 1)


def test_a_cursor_of_last_month_begins_again_from_the_newest_time(vendor: Zendesk, pulls: Pulls) -> None:
    desk(vendor, 30)
    pulls.pull("ticket")
    vendor.clock.advance((CURSOR_DAYS + 1) * DAY)
    vendor.add_ticket(99, vendor.clock.time() - 600, 1)
    asked = len(vendor.calls)
    late = pulls.pull("ticket", night=NIGHT + dt.timedelta(days=CURSOR_DAYS + 1))["ticket"]
    assert (late.status, late.rows_inserted, late.rows_unchanged) == ("promoted", 1, 30)
    calls = vendor.calls[asked:]
    assert (calls[0].status, bool(calls[0].one("cursor"))) == (400, True)
    assert calls[1].number("start_time", 0) == int(vendor.touched["tickets", 30] - DAY), "a day before the newest touch"


def test_identities_are_asked_for_each_changed_user(vendor: Zendesk, pulls: Pulls) -> None:
    desk(vendor, 0, users=6)
    vendor.users[4] |= {"active": False, "permanently_deleted": True, "name": "Permanently deleted user"}
    del vendor.identities[5]  # a user without any
    vendor.faults.add("/api/v2/users/6/identities.json", given=answer({"error": "RecordNotFound"}, 404))
    batches = pulls.pull("user", "user_identity")
    assert (batches["user"].rows_inserted, batches["user_identity"].rows_inserted) == (6, 6)
    assert not vendor.calls_to("/api/v2/users/4/identities.json")
    found = set(pulls.rows("user_identity", "user_id::int", "type", "value"))
    assert (2, "email", person(2).email) in found and (2, "phone_number", person(2).phone) in found

    vendor.clock.advance(DAY)
    vendor.touched["users", 3] = vendor.clock.time() - DAY / 6
    asked = len(vendor.calls)
    vendor.faults.add("/api/v2/users/3/*", "html", times=-1)
    second = pulls.pull("user", "user_identity", night=NEXT)
    assert (second["user"].status, second["user_identity"].status) == ("promoted", "failed")
    assert {call.path for call in vendor.calls[asked:] if "identities" in call.path} == {
        "/api/v2/users/3/identities.json"
    }
    vendor.faults.clear()
    vendor.identities[3][1]["value"] = "+12025550000"
    third = pulls.pull("user", "user_identity", night=NEXT + dt.timedelta(days=1))
    assert (third["user"].rows_unchanged, third["user_identity"].rows_updated) == (1, 1), (
        "the night that failed is made up for"
    )


def test_comments_come_with_the_events_of_tickets(vendor: Zendesk, pulls: Pulls) -> None:
    """Pages by time give the seam twice, and other changes beside the comments; agents of the chat are a plain list."""
    desk(vendor, 3)
    start = vendor.clock.time() - 4 * DAY
    for number in range(70):
        vendor.add_comment(number, start + 60 * (number // 2), 1 + number % 3, 1, f"Message {number}")
    for number in range(1, 4):
        vendor.add_agent(number)
    batches = pulls.pull("ticket_comment", "chat_agent")
    comment = batches["ticket_comment"]
    assert (comment.status, comment.rows_inserted) == ("promoted", 70) and comment.rows_duplicate > 0
    assert pulls.rows("ticket_comment", "id", "ticket_id", "body")[:2] == [
        ("9000", "1", "Message 0"), ("9001", "2", "Message 1"),
    ]  # fmt: skip
    assert batches["chat_agent"].rows_inserted == 3


def test_ratings_and_chats_come_with_their_overlap(vendor: Zendesk, pulls: Pulls) -> None:
    """Chat pages by time, so the record at the seam of two pages may come twice; a rating is answered weeks later."""
    desk(vendor, 3)
    now = vendor.clock.time()
    for number in range(1030):
        vendor.add_chat(number, now - 5 * DAY + 60 * (number // 2))
    vendor.add_rating(1, now - 20 * DAY, 1, "offered")
    first = pulls.pull("satisfaction_rating", "chat")
    assert (first["chat"].status, first["chat"].rows_inserted) == ("promoted", 1030)
    vendor.clock.advance(DAY)
    vendor.ratings[0] |= {"score": "good", "comment": "Kind people", "updated_at": "2026-01-01T12:00:00Z"}
    vendor.chats[0] |= {"tags": ["late"], "update_timestamp": "2026-01-01T12:00:00Z"}
    second = pulls.pull("satisfaction_rating", "chat", night=NEXT)
    assert pulls.rows("satisfaction_rating", "score") == [("good",)]
    assert (second["satisfaction_rating"].rows_updated, second["chat"].rows_updated) == (1, 1)


def test_refusals_are_waited_out_or_told(vendor: Zendesk, pulls: Pulls, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program uses up the limit; a start too recent is asked for a minute later; a page ends in the middle."""
    desk(vendor, 30)
    for _ in range(10):
        vendor.exports.take()
    recent = answer({"error": "StartTimeTooRecent", "description": "Too recent start_time."}, 422)
    vendor.faults.add("/api/v2/incremental/tickets/cursor.json", given=recent, after=1)
    vendor.faults.add("/api/v2/incremental/tickets/cursor.json", "cut", after=1)
    started = vendor.clock.time()
    assert pulls.pull("ticket")["ticket"].rows_inserted == 30
    assert (vendor.exports.refused, vendor.exports.early) == (1, 0)
    assert vendor.clock.time() - started >= 120

    pulls.connect(login=EMAIL, password="not-the-token-at-all", extra='{"subdomain": "made-up"}')
    reason = pulls.pull("ticket", night=NEXT)["ticket"].reason or ""
    assert "HTTP 401" in reason and "e-mail address of an admin as login" in reason and "not-the-token" not in reason


def test_death_in_the_middle_of_an_export(vendor: Zendesk, pulls: Pulls, monkeypatch: pytest.MonkeyPatch) -> None:
    desk(vendor, 90)
    with monkeypatch.context() as patch:
        die_after(patch, pages=3)
        with pytest.raises(KeyboardInterrupt):
            pulls.pull("ticket")
    vendor.after_page.append(lambda kind, page: vendor.faults.clear())
    batch = pulls.pull("ticket")["ticket"]
    assert (batch.status, batch.rows_read, batch.rows_inserted) == ("promoted", 90, 90)
    assert len(vendor.calls) == 4 + 2, "five pages, of which the lost one was asked for twice"
