"""Every endpoint that a vendor's description names is asked once, and its pages are rows to the contract."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from connectors.apis import ApiPlace, load_description
from connectors.checking import check_file
from connectors.contracts import load_contract
from tests.integration.connectors.vendor_pulls import NIGHT, Pulls
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
    """Asked and read as a night does, but not loaded: that is tested object by object elsewhere."""
    filled, connection, without = CASES[platform]
    found: dict[str, int] = {}
    with filled() as server:
        Pulls(platform, server, monkeypatch, **connection)
        place = ApiPlace("vendor_api", clock=server.clock)
        for export in load_contract(platform).objects.values():
            if not place.serves(platform, export):
                continue
            patterns = [form.pattern for form in export.files]
            files = {file.path for pattern in patterns for file in place.find(platform, pattern, NIGHT)}
            results = [check_file(platform, export, place.root / platform / path) for path in sorted(files)]
            assert not any(result.refused or result.rows_rejected for result in results), export.name
            found[export.name] = sum(result.rows_landed for result in results)
        place.close()
        assert {call.path: call.status for call in server.calls if call.status not in (200, 404)} == {}
    assert {name for name, rows in found.items() if not rows} == without
    folders = {endpoint.folder for endpoint in load_description(platform).endpoints.values() if endpoint.folder}
    assert len(found) >= len(folders), "each folder is read by an object"
