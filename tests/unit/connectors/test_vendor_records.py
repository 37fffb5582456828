"""The vendors' local servers send records of the shape of the real samples; contracts read them without a reject."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.checking import check_file
from connectors.contracts import find_object
from tests.vendors import hubspot, klaviyo, mailchimp, trustpilot, yotpo, zendesk

AT = 1_767_225_600.0
AIRBYTE = {
    "klaviyo": "klaviyo/airbyte_MIT/expected_records.jsonl",
    "mailchimp": "mailchimp/airbyte_MIT/expected_records.jsonl",
    "zendesk": "zendesk/airbyte_MIT_chat/expected_records.jsonl",
    "yotpo": "reviews/airbyte_MIT_yotpo/expected_records.jsonl",
}  # fmt: skip


def paths(record: Any, prefix: str = "", inside: tuple[str, ...] = ()) -> Iterator[str]:
    """Dotted paths of a record's leaves; below the paths of `inside` (keys that are data) nothing is told apart."""
    if isinstance(record, dict) and record and prefix not in inside:
        for key, value in record.items():
            yield from paths(value, f"{prefix}.{key}" if prefix else key, inside)
    else:
        yield prefix


def sampled(samples: Path, platform: str, stream: str) -> list[dict[str, Any]]:
    lines = (samples / AIRBYTE[platform]).read_text().splitlines()
    return [found["data"] for line in lines if (found := json.loads(line))["stream"] == stream]


# platform, stream of the samples, our record, paths whose keys are data, keys that Airbyte adds or explodes
SHAPES = [
    ("klaviyo", "profiles", klaviyo.profile(1, AT), ("attributes.properties",), {"updated"}),
    ("klaviyo", "events", klaviyo.event(1, AT, 1, 1), ("attributes.event_properties",), {"datetime"}),
    ("klaviyo", "metrics", klaviyo.metric(1, "Clicked Email", AT, "shopify"), (), {"updated"}),
    ("mailchimp", "list_members", mailchimp.member("x", 3, AT), ("interests", "merge_fields"), set()),
    ("mailchimp", "reports", mailchimp.report("x", 1, AT), (), set()),
    ("zendesk", "chats", zendesk.chat(1, AT), (), set()),
    ("yotpo", "reviews", yotpo.review(1, AT), (), set()),
]


@pytest.mark.parametrize(("platform", "stream", "ours", "inside", "added"), SHAPES, ids=lambda value: str(value)[:12])
def test_records_have_the_keys_of_real_ones(
    samples: Path, platform: str, stream: str, ours: dict[str, Any], inside: tuple[str, ...], added: set[str]
) -> None:
    seen = {path for record in sampled(samples, platform, stream) for path in paths(record, inside=inside)} - added
    assert seen
    assert set(paths(ours, inside=inside)) <= seen
    always = set.intersection(*({*record} for record in sampled(samples, platform, stream)))
    assert always - added <= set(ours)


def schema_of(samples: Path, path: str) -> dict[str, Any]:
    return json.loads((samples / "reviews" / path).read_text())


def test_reviews_fit_the_published_schemas(samples: Path) -> None:
    """Here without additional keys, so that a key of ours that the vendor does not have is found."""
    jsonschema = pytest.importorskip("jsonschema")
    cases = [
        ("airbyte_MIT_trustpilot/schemas/private_reviews.json", trustpilot.review("u", "shop.example.com", n, AT))
        for n in range(4)
    ]
    cases += [
        ("airbyte_MIT_yotpo/schemas/reviews.json", yotpo.review(1, AT)),
        ("airbyte_MIT_yotpo/schemas/raw_data.json", yotpo.request(1, AT)),
    ]
    for path, record in cases:
        jsonschema.validate(record, {**schema_of(samples, path), "additionalProperties": False})


def pages() -> dict[str, tuple[Any, int]]:
    """object → a page as the vendor sends it, and how many rows it holds."""
    users = [zendesk.user(n, AT) for n in range(3)]
    identities = [zendesk.identity(1, 0, AT, "email", "shopper.1@example.com", primary=True)]
    rating = {"id": 1, "score": "good", "ticket_id": 7, "created_at": "2026-01-01T00:00:00Z", "comment": None}
    ticket = {**zendesk.ticket(7, AT, 1), "generated_timestamp": int(AT)}
    vendor = hubspot.HubSpot()
    for number in (1, 2):
        vendor.add_contact(number, AT)
    vendor.merge(1, 2, AT)
    events = [hubspot.email_event(n, AT, kind, n) for n, kind in enumerate(("OPEN", "CLICK", "BOUNCE"))]
    return {
        "klaviyo.profile": ({"data": [klaviyo.profile(n, AT) for n in range(4)], "links": {"next": None}}, 4),
        "klaviyo.event": ({"data": [klaviyo.event(n, AT, 1, 1, Subject="Hello") for n in range(4)], "links": {}}, 4),
        "klaviyo.metric": ({"data": [klaviyo.metric(1, "Clicked Email", AT, "klaviyo")], "links": {}}, 1),
        "klaviyo.suppression": ({"data": [klaviyo.profile(1, AT)], "links": {}}, 1),
        "mailchimp.member": ({"members": [mailchimp.member("x", n, AT) for n in range(6)], "total_items": 6}, 6),
        "mailchimp.campaign": ({"campaigns": [mailchimp.campaign("x", 1, AT, AT)], "total_items": 1}, 1),
        "mailchimp.list": ({"lists": [mailchimp.audience(1, AT)], "total_items": 1}, 1),
        "mailchimp.report": ({"reports": [mailchimp.report("x", 1, AT)], "total_items": 1}, 1),
        "zendesk.ticket": ({"tickets": [ticket], "after_cursor": "x", "end_of_stream": True}, 1),
        "zendesk.user": ({"users": users, "after_cursor": "x", "end_of_stream": True}, 3),
        "zendesk.user_identity": ({"identities": identities, "meta": {"has_more": False}}, 1),
        "zendesk.satisfaction_rating": ({"satisfaction_ratings": [rating], "meta": {"has_more": False}}, 1),
        "zendesk.chat": ({"chats": [zendesk.chat(n, AT) for n in range(2)], "count": 2}, 2),
        "hubspot.contact": ({"total": 1, "results": list(vendor.objects["contacts"].values())}, 1),
        "hubspot.email_event": ({"hasMore": False, "offset": "x", "events": events}, 3),
        "hubspot.form": ({"results": [hubspot.form(1, "Newsletter", AT)]}, 1),
        "yotpo.review": ({"reviews": [yotpo.review(n, AT) for n in range(3)]}, 3),
        "yotpo.review_request": ({"records": [yotpo.request(n, AT) for n in range(3)]}, 3),
        "yotpo.unsubscriber": (
            {"response": {"unsubscribers": [{"id": 1, "user_email": "a@example.com", "email_type_id": 1}]}}, 1,
        ),
        "trustpilot.private_review": ({"reviews": [trustpilot.review("u", "s", n, AT) for n in range(3)]}, 3),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(pages()))
def test_contracts_read_the_pages(name: str, tmp_path: Path) -> None:
    """Every record lands."""
    page, rows = pages()[name]
    path = tmp_path / "page-0001.json"
    path.write_text(json.dumps(page) + "\n")
    platform, _, object_ = name.partition(".")
    result = check_file(platform, find_object(platform, object_), path)
    assert result.refused is None
    assert (result.rows_read, result.rows_rejected) == (rows, 0)
    assert result.rows_landed == rows
