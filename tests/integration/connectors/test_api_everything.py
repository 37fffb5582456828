"""Every endpoint that a vendor's description names is asked once: each object of its contract lands and is promoted."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import warehouse
from connectors.apis import load_description
from tests.integration.connectors.vendor_pulls import Pulls
from tests.vendors import hubspot, klaviyo, mailchimp, zendesk
from tests.vendors.kit import VendorServer

DAY = 86_400.0


def filled_klaviyo() -> klaviyo.Klaviyo:
    vendor = klaviyo.Klaviyo()
    vendor.add_profile(1, vendor.clock.time() - DAY)
    vendor.add_metric(1, "Clicked Email")
    vendor.add_event(1, vendor.clock.time() - DAY, 1, 1)
    return vendor


def filled_mailchimp() -> mailchimp.Mailchimp:
    vendor = mailchimp.Mailchimp()
    now = vendor.clock.time()
    list_id = vendor.add_list(1)
    vendor.add_member(list_id, 1, now - DAY)
    vendor.add_interest(list_id, 1, "Donating")
    campaign = vendor.add_campaign(list_id, 1, now - DAY)
    vendor.add_activity(campaign, 1, now - DAY / 2)
    vendor.add_unsubscribe(campaign, 1, now - DAY / 2)
    return vendor


def filled_zendesk() -> zendesk.Zendesk:
    vendor = zendesk.Zendesk()
    now = vendor.clock.time()
    vendor.add_user(1, now - DAY)
    vendor.add_ticket(1, now - DAY, 1)
    vendor.add_comment(1, now - DAY, 1, 1, "Hello")
    vendor.add_rating(1, now - DAY, 1, "good")
    vendor.add_chat(1, now - DAY)
    vendor.add_agent(2)
    organization = {"id": 5, "name": "Made Up Ltd", "created_at": "2025-12-01T00:00:00Z"}
    vendor.timed["organizations"].append({**organization, "updated_at": "2025-12-02T00:00:00Z"})
    vendor.timed["ticket_metric_events"].append({
        "id": 6, "ticket_id": 1, "metric": "reply_time", "instance_id": 1, "type": "activate",
        "time": "2025-12-31T00:00:00Z",
    })  # fmt: skip
    vendor.listed["groups"].append({**organization, "id": 44, "updated_at": "2025-12-02T00:00:00Z"})
    vendor.listed["brands"].append({**organization, "id": 45, "updated_at": "2025-12-02T00:00:00Z"})
    return vendor


def filled_hubspot() -> hubspot.HubSpot:
    vendor = hubspot.HubSpot()
    now = vendor.clock.time()
    for number in (1, 2):
        vendor.add_contact(number, now - DAY)
    vendor.merge(1, 2, now - DAY / 2)
    vendor.add_event(1, now - DAY, "OPEN", 1)
    vendor.add_change(now - DAY, 1, "UNSUBSCRIBED")
    vendor.add_submission(vendor.add_form(1, "Newsletter"), 1, now - DAY, 1)
    for kind in vendor.objects.keys() - {"contacts"}:
        vendor.objects[kind][1] = hubspot.ticket(1, now - DAY, 1)
    vendor.owners.append({
        "id": "77", "email": "colleague@example.com", "firstName": "A", "lastName": "B", "type": "PERSON", "userId": 9,
        "createdAt": "2025-12-01T00:00:00.000Z", "updatedAt": "2025-12-01T00:00:00.000Z", "archived": False,
    })  # fmt: skip
    return vendor


Case = tuple[Callable[[], VendorServer], dict[str, str], set[str]]
# platform → its server, the connection, and objects that this server has no data for
CASES: dict[str, Case] = {
    "klaviyo": (filled_klaviyo, {"password": klaviyo.KEY}, {"suppression", "list", "campaign", "flow"}),
    "mailchimp": (filled_mailchimp, {"password": mailchimp.KEY}, set()),
    "zendesk": (
        filled_zendesk,
        {"login": zendesk.EMAIL, "password": zendesk.TOKEN, "extra": json.dumps({"subdomain": "made-up"})},
        set(),
    ),
    "hubspot": (filled_hubspot, {"password": hubspot.TOKEN}, set()),
}


@pytest.mark.parametrize("platform", sorted(CASES))
def test_every_endpoint_gives_rows(platform: str, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    filled, connection, without = CASES[platform]
    with filled() as server:
        batches = Pulls(platform, server, monkeypatch, **connection).pull()
        failed = {call.path: call.status for call in server.calls if call.status not in (200, 404)}
        assert not failed
    assert {name: batch.reason for name, batch in batches.items() if batch.status != "promoted"} == {}
    assert {name for name, batch in batches.items() if not batch.rows_inserted} == without
    folders = {endpoint.folder for endpoint in load_description(platform).endpoints.values() if endpoint.folder}
    assert len(batches) >= len(folders), "each folder is read by an object"
    assert not any(batch.rows_rejected for batch in batches.values())
    assert all(cursor.connection == "vendor_api" for cursor in warehouse.read_cursors(platform))
