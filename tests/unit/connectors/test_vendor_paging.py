"""Whatever changes, comes or is flagged while a vendor's pages are read: after the next night nothing is missing.

Each vendor's own description walks the pages of its local server over HTTP. Between any two pages records change or are
added; then a quiet night follows. The newest copy of each record that was received must be what the vendor has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.apis.client import ApiClient
from connectors.apis.description import load_description
from connectors.apis.pages import Job, pull_pages
from connectors.apis.staging import Staging, State
from connectors.apis.templates import records_at
from connectors.apis.windows import first_window
from connectors.connections import Connection
from tests.vendors import hubspot, klaviyo, mailchimp, trustpilot, yotpo, zendesk
from tests.vendors.kit import VendorServer
from tests.vendors.people import iso_millis, iso_offset, iso_z, moment

DAY = 86_400.0


@dataclass(repr=False)
class Vendor:
    """One endpoint with the means to fill its server. add(number, seconds before now), change(number)."""

    platform: str
    endpoint: str
    server: Any
    connection: dict[str, Any]
    values: dict[str, str]
    clear: Callable[[], None]
    add: Callable[[int, float], None]
    change: Callable[[int], None]
    current: Callable[[], list[dict[str, Any]]]

    def __post_init__(self) -> None:
        self.server.start()
        self.description = load_description(self.platform)
        self.client = ApiClient(
            self.description, Connection("x", host=self.server.url, **self.connection), self.server.clock
        )

    def night(self, folder: Path, size: int, cursor: dict[str, Any] | None) -> tuple[list[Any], State]:
        """Records of one night in the order in which they came, and how far it got."""
        date = moment(self.server.clock.time()).date()
        endpoint = self.description.endpoints[self.endpoint]
        assert endpoint.page_size is not None
        small = endpoint.page_size.model_copy(update={"value": size, "least": 1})
        endpoint = endpoint.model_copy(update={"page_size": small, "parents": None})
        staging = Staging(folder, self.platform, "pages", date, self.endpoint, "")
        staging.begin()
        state = State({}, self.server.clock.time())
        values = {**self.client.variables, **self.values}
        window = first_window(endpoint.incremental, cursor, date)
        pull_pages(Job(self.client, endpoint, "", date, values, window, staging, state))
        records = [record for line in staging.lines() for record in records_at(json.loads(line), endpoint.records)]
        return records, state


def of_klaviyo() -> Vendor:
    server = klaviyo.Klaviyo()
    data = server.data["profiles"]

    def change(number: int) -> None:
        stamp = {"updated": iso_offset(server.clock.time()), "title": str(server.clock.time())}
        next(r for r in data if r["id"] == klaviyo.profile_id(number))["attributes"] |= stamp

    return Vendor(
        "klaviyo", "profiles", server, {"password": klaviyo.KEY}, {}, data.clear,
        lambda number, ago: _nothing(server.add_profile(number, server.clock.time() - ago)), change,
        lambda: [_without(r, "predictive_analytics") for r in data],
    )  # fmt: skip


def of_mailchimp() -> Vendor:
    server = mailchimp.Mailchimp()
    list_id = server.add_list(1)
    members = server.members[list_id]

    def change(number: int) -> None:
        wanted = mailchimp.member(list_id, number, 0)["id"]
        stamp = {"last_changed": iso_offset(server.clock.time()), "source": str(server.clock.time())}
        next(r for r in members if r["id"] == wanted).update(stamp)

    def add(number: int, ago: float) -> None:
        """Who joins may have opted in long ago."""
        opted = iso_offset(server.clock.time() - ago - (number * 7919 % 400) * DAY)
        server.add_member(list_id, number, server.clock.time() - ago, timestamp_opt=opted)

    return Vendor(
        "mailchimp", "members", server, {"password": mailchimp.KEY}, {"list_id": list_id}, members.clear, add, change,
        lambda: list(members),
    )  # fmt: skip


def of_zendesk() -> Vendor:
    server = zendesk.Zendesk()

    def clear() -> None:
        server.tickets.clear()

    return Vendor(
        "zendesk", "tickets", server,
        {"login": zendesk.EMAIL, "password": zendesk.TOKEN, "extra": {"subdomain": "made-up"}}, {}, clear,
        lambda number, ago: _nothing(server.add_ticket(number, server.clock.time() - ago, 1)),
        lambda number: server.touch_ticket(number, server.clock.time(), subject=str(server.clock.time())),
        lambda: [
            {**record, "generated_timestamp": int(server.touched["tickets", number])}
            for number, record in server.tickets.items()
        ],
    )  # fmt: skip


def of_hubspot() -> Vendor:
    server = hubspot.HubSpot(search_limit=10)  # a search ends after ten: with an offset nobody would see the rest
    contacts = server.objects["contacts"]
    wanted = load_description("hubspot").endpoints["contacts"].body["properties"]
    return Vendor(
        "hubspot", "contacts", server, {"password": hubspot.TOKEN}, {}, contacts.clear,
        lambda number, ago: _nothing(server.add_contact(number + 1, server.clock.time() - ago)),
        lambda number: server.change("contacts", number + 1, server.clock.time(), city=str(server.clock.time())),
        lambda: [hubspot._shown(record, tuple(wanted)) for record in contacts.values()],
    )  # fmt: skip


def of_yotpo() -> Vendor:
    server = yotpo.Yotpo()

    def change(number: int) -> None:
        """Every third change deletes: the review leaves the list of those that are not deleted."""
        record = next(r for r in server.reviews if r["id"] == 465_000_000 + number)
        stamp = {"updated_at": iso_millis(server.clock.time()), "title": str(server.clock.time())}
        record.update({**stamp, "deleted": record["deleted"] or number % 3 == 0})

    return Vendor(
        "yotpo", "reviews", server, {"login": yotpo.APP_KEY, "password": yotpo.SECRET}, {}, server.reviews.clear,
        lambda number, ago: _nothing(server.add_review(number, server.clock.time() - ago)), change,
        lambda: list(server.reviews),
    )  # fmt: skip


def of_trustpilot() -> Vendor:
    server = trustpilot.Trustpilot()
    unit = server.add_unit(1)

    def change(number: int) -> None:
        wanted = trustpilot.review(unit, "", number, 0)["id"]
        stamp = {"updatedAt": iso_z(server.clock.time()), "text": str(server.clock.time())}
        next(r for r in server.reviews[unit] if r["id"] == wanted).update(stamp)

    return Vendor(
        "trustpilot", "private_reviews", server,
        {"login": trustpilot.API_KEY, "password": trustpilot.SECRET, "extra": {"business_units": [unit]}},
        {"business_unit": unit}, server.reviews[unit].clear,
        lambda number, ago: _nothing(server.add_review(unit, number, server.clock.time() - ago)), change,
        lambda: list(server.reviews[unit]),
    )  # fmt: skip


def _nothing(_: object) -> None:
    return None


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    attributes = {key: value for key, value in record["attributes"].items() if key not in names}
    return {**record, "attributes": attributes}


MAKERS = [of_klaviyo, of_mailchimp, of_zendesk, of_hubspot, of_yotpo, of_trustpilot]


@pytest.fixture(scope="module", params=MAKERS, ids=lambda maker: maker.__name__[3:])
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    made: Vendor = request.param()
    server: VendorServer = made.server
    yield made
    made.client.http.close()
    server.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@settings(
    max_examples=12, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    count=st.integers(1, 30),
    size=st.integers(2, 7),
    meanwhile=st.dictionaries(st.integers(1, 12), st.lists(st.integers(-5, 29), max_size=4), max_size=6),
)
def test_nothing_is_missing_after_the_next_night(
    vendor: Vendor, folder: Path, count: int, size: int, meanwhile: dict[int, list[int]]
) -> None:
    """meanwhile: page → records that change after it; below zero: a new one comes."""
    server = vendor.server
    vendor.clear()
    server.calls.clear()
    for number in range(count):
        vendor.add(number, 20 * DAY - 3600 * (number // 2))  # neighbours share a time
    pages, new = [0], [1000]

    def disturb(*_: object) -> None:
        pages[0] += 1
        for number in meanwhile.get(pages[0], []):
            server.clock.advance(1)
            if number < 0:
                vendor.add(new[0], 3600)
                new[0] += 1
            elif number < count:
                vendor.change(number)

    server.after_page[:] = [disturb]
    first, reached = vendor.night(folder, size, None)
    server.after_page.clear()
    server.clock.advance(DAY)
    cursor = {"time": reached.high, "token": reached.token} if reached.high else None
    second, _ = vendor.night(folder, size, cursor)
    newest = {record["id"]: record for record in [*first, *second]}
    assert newest == {record["id"]: record for record in vendor.current()}
