"""HubSpot over its APIs: a search that ends at 10,000 results, merges, lists sorted newest first, limits by policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.integration.connectors.vendor_pulls import NIGHT, Pulls, die_after
from tests.vendors.hubspot import TOKEN, HubSpot, refusal
from tests.vendors.people import person

DAY = 86_400.0
NEXT = NIGHT + dt.timedelta(days=1)


@pytest.fixture
def vendor() -> Iterator[HubSpot]:
    with HubSpot(search_limit=400) as server:
        yield server


@pytest.fixture
def pulls(vendor: HubSpot, database: str, monkeypatch: pytest.MonkeyPatch) -> Pulls:
    return Pulls("hubspot", vendor, monkeypatch, password=TOKEN)


def test_more_contacts_than_a_search_gives_and_changes_meanwhile(vendor: HubSpot, pulls: Pulls) -> None:
    """650 contacts where a search ends at 400. Contacts of page 1 change while page 2 is read: nobody is lost."""
    for number in range(1, 651):
        vendor.add_contact(number, vendor.clock.time() - 90 * DAY + 3600 * number)
    vendor.add_contact(700, vendor.clock.time() - 60 * DAY)["archived"] = True

    def change(kind: str, page: int) -> None:
        if (kind, page) == ("contacts.search", 1):
            for number in range(1, 60):
                vendor.change("contacts", number, vendor.clock.time(), city="Moved")

    vendor.after_page.append(change)
    batch = pulls.pull("contact", "contact_merge")["contact"]
    assert (batch.status, batch.rows_inserted, batch.rows_duplicate) == ("promoted", 651, 0)
    assert [row[0] for row in pulls.rows("contact", "id::int")] == list(range(1, 651)), "an archived one is a tombstone"
    assert vendor.secondly.early == 0

    vendor.after_page.clear()
    vendor.clock.advance(DAY)
    vendor.change("contacts", 9, vendor.clock.time() - 60, phone=None)
    second = pulls.pull("contact", "contact_merge", night=NEXT)["contact"]
    assert second.rows_updated == 59 and ("Moved",) in pulls.rows("contact", "city")
    assert second.rows_read < 100


def test_merges_are_told_with_both_addresses(vendor: HubSpot, pulls: Pulls) -> None:
    for number in range(1, 6):
        vendor.add_contact(number, vendor.clock.time() - 3 * DAY)
    vendor.merge(1, 2, vendor.clock.time() - 2 * DAY)
    vendor.merge(1, 3, vendor.clock.time() - DAY)
    pulls.pull("contact", "contact_merge")
    assert pulls.rows("contact", "id", "merged_object_ids")[0] == ("1", "2;3")
    assert pulls.rows("contact_merge", "canonical_vid", "vid_to_merge", "merged_from_email", "merged_to_email") == [
        ("1", gone, person(int(gone)).email, person(1).email) for gone in ("2", "3")
    ]
    assert len(vendor.calls_to("/contacts/v1/*")) == 1, "only contacts with merges are asked for"


def test_lists_that_begin_with_the_newest_stop_at_what_is_known(vendor: HubSpot, pulls: Pulls) -> None:
    now = vendor.clock.time()
    form = vendor.add_form(1, "Newsletter")
    empty = vendor.add_form(2, "Nobody writes here")
    for number in range(130):
        vendor.add_submission(form, number, now - 40 * DAY + 3600 * number, number)
        vendor.add_event(number, now - 3 * DAY + number, ("SENT", "OPEN", "CLICK")[number % 3], number)
    vendor.add_change(now - DAY, 1, "UNSUBSCRIBED")
    first = pulls.pull("form", "form_submission", "email_event", "subscription_change")
    assert {name: batch.rows_inserted for name, batch in first.items()} == {
        "form": 2, "form_submission": 130, "email_event": 130, "subscription_change": 1,
    }  # fmt: skip
    assert {row[0] for row in pulls.rows("form_submission", "form_id")} == {form}
    assert len(vendor.calls_to(f"*/{empty}")) == 1

    vendor.clock.advance(DAY)
    vendor.add_submission(form, 900, vendor.clock.time() - 60, 900)
    asked = len(vendor.calls)
    second = pulls.pull("form", "form_submission", night=NEXT)["form_submission"]
    assert second.rows_inserted == 1
    pages = [call for call in vendor.calls[asked:] if call.path.endswith(form)]
    assert len(pages) == 2, "the second page is older than the overlap: reading stops there"


def test_lists_with_associations_say_whose_a_record_is(vendor: HubSpot, pulls: Pulls) -> None:
    """Without the right to see one kind, the others are read all the same."""
    for number in range(1, 121):
        vendor.add_ticket(number, vendor.clock.time() - DAY, contact_id=number % 9)
    vendor.objects["tickets"][7]["archived"] = True
    missing = refusal(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call.")
    vendor.faults.add("/crm/v3/objects/deals", given=missing, times=-1)
    batches = pulls.pull("ticket", "ticket_contact", "deal")
    assert (batches["ticket"].rows_inserted, batches["ticket_contact"].rows_inserted) == (120, 120)
    assert len(pulls.rows("ticket", "id")) == 119
    assert ("7", "7") in pulls.rows("ticket_contact", "ticket_id", "contact_id")
    assert "deal" not in batches, "nothing came, and nothing is wrong with what is left out"


def test_limits_by_policy(vendor: HubSpot, pulls: Pulls) -> None:
    """Bursts are waited out; a used-up day is not: nobody hammers on until midnight."""
    vendor.ten_secondly.calls = 3
    for number in range(1, 10):
        vendor.add_contact(number, vendor.clock.time() - DAY)
    forms = [vendor.add_form(number, f"Form {number}") for number in range(8)]
    for number, form in enumerate(forms):
        vendor.add_submission(form, number, vendor.clock.time() - DAY, number)
    batch = pulls.pull("form", "form_submission")["form_submission"]
    assert (batch.status, batch.rows_inserted) == ("promoted", 8)
    assert vendor.ten_secondly.refused > 0 and vendor.ten_secondly.early == 0

    vendor.daily.calls = 1
    asked, started = len(vendor.calls), vendor.clock.time()
    failed = pulls.pull("contact", night=NEXT)["contact"]
    assert failed.status == "failed" and "DAILY" in (failed.reason or "") and "patience" in (failed.reason or "")
    assert len(vendor.calls) - asked == 1 and vendor.clock.time() == started


def test_an_expired_token_and_a_death(vendor: HubSpot, pulls: Pulls, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 451):
        vendor.add_contact(number, vendor.clock.time() - 2 * DAY)
    with monkeypatch.context() as patch:
        die_after(patch, pages=2)
        with pytest.raises(KeyboardInterrupt):
            pulls.pull("contact")
    vendor.token_until = vendor.clock.time() - 120
    reason = pulls.pull("contact")["contact"].reason or ""
    assert "HTTP 401, EXPIRED_AUTHENTICATION" in reason and "private app" in reason and TOKEN not in reason
    vendor.token_until = float("inf")
    vendor.faults.add("/crm/v3/objects/contacts/search", "truncate")
    batch = pulls.pull("contact")["contact"]
    assert (batch.status, batch.rows_inserted, batch.rows_duplicate) == ("promoted", 450, 0)
