"""Meta's exports in every form they come in: Facebook Pages, Shops, lead forms, insights. Made-up data, no database."""

from __future__ import annotations

import datetime as dt
import json

import pyarrow as pa
import pytest

from connectors.contracts import find_object
from connectors.parsing.source import open_sources

NIGHT = dt.date(2026, 3, 1)
PAGE, POST = "77", "55"
AUTHOR = {"name": "Ann", "id": "900"}
SHOP = {"name": "The Shop", "id": PAGE}
LINK = f"https://www.facebook.com/{PAGE}/posts/{POST}/?comment_id=1"


def parse(tmp_path, name, content, file="file.json", form=0, encoding="utf-8"):
    """Rows of a file, read as form number `form` of the object."""
    platform, object_name = name.split(".")
    export = find_object(platform, object_name)
    path = tmp_path / file
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding=encoding, newline="")
    rejected: list[pa.Table] = []
    [source] = open_sources(platform, export, export.files[form], path, file, rejected.append, export_date=NIGHT)
    rows = [row for batch in source.batches() for row in batch.to_pylist()]
    assert not rejected
    return rows


def comment(**more):
    return {"message": "hello", "created_time": "2026-03-01T10:00:00+0000", "from": AUTHOR} | more


@pytest.mark.parametrize(
    ("form", "document"),
    [
        pytest.param(0, {"data": [comment(id="55_1", permalink_url=LINK)]}, id="by itself"),
        pytest.param(0, {"data": [comment(permalink_url=LINK)]}, id="id in the permalink only"),
        pytest.param(1, {"data": [{"id": "77_55", "from": SHOP, "comments": {"data": [comment(id="77_55_1")]}}]},
                     id="with its post, long id"),
        pytest.param(2, {"id": "77_55", "comments": {"data": [comment(id="55_1")]}}, id="with its post's id"),
        pytest.param(0, {"data": [comment(id="55_1", page_id=PAGE)]}, id="page named by the exporter"),
    ],
)  # fmt: skip
def test_a_facebook_comment_is_one_comment_of_one_person_however_it_comes(tmp_path, form, document):
    (row,) = parse(tmp_path, "facebook_pages.comment", document, form=form)
    found = {key: row[key] for key in ("id", "page_id", "post_id", "parent_id", "is_from_page", "person_key")}
    assert found == {
        "id": "55_1", "page_id": PAGE, "post_id": "77_55", "parent_id": None, "is_from_page": False,
        "person_key": "77:900",
    }  # fmt: skip


def test_what_the_page_answers_concerns_the_one_it_answers(tmp_path):
    answer = comment(id="55_2", **{"from": SHOP})
    nested = {"data": [comment(id="55_1", permalink_url=LINK, comments={"data": [answer]})]}
    flat = {"id": "77_55", "comments": {"data": [answer | {"parent": {"id": "55_1", "from": AUTHOR}}]}}
    for form, document in ((0, nested), (2, flat)):
        row = parse(tmp_path, "facebook_pages.comment", document, form=form)[-1]
        assert (row["is_from_page"], row["person_key"], row["parent_id"]) == (True, "77:900", "55_1")


def test_a_comment_without_author_or_page_names_nobody_for_certain(tmp_path):
    anonymous, homeless = parse(
        tmp_path,
        "facebook_pages.comment",
        {"data": [comment(id="55_1", permalink_url=LINK) | {"from": None}, comment(id="55_2")]},
    )
    assert (anonymous["person_key"], anonymous["is_from_page"]) == (None, None)
    assert (homeless["page_id"], homeless["person_key"]) == (None, ":900")  # never equal to one whose page is known


@pytest.mark.parametrize("known_by", ["link", "tags", "page_id", "nothing"])
def test_the_page_is_never_the_person_of_a_message(tmp_path, known_by):
    def message(number, sender, receiver, tag):
        record = {"id": f"m_{number}", "created_time": "2026-03-01T10:00:00+0000", "from": sender,
                  "to": {"data": [receiver]}, "message": "hi"}  # fmt: skip
        if known_by == "tags":
            record["tags"] = {"data": [{"name": tag}, {"name": "source:web"}]}
        return record | ({"page_id": PAGE} if known_by == "page_id" else {})

    thread = {"id": "t_1", "messages": {"data": [message(1, AUTHOR, SHOP, "inbox"), message(2, SHOP, AUTHOR, "sent")]}}
    if known_by == "link":
        thread["link"] = f"/{PAGE}/inbox/123/"
    rows = parse(tmp_path, "facebook_pages.message", {"data": [thread]})
    expected = [(None, None)] * 2 if known_by == "nothing" else [(False, "77:900"), (True, "77:900")]
    assert [(row["is_from_page"], row["person_key"]) for row in rows] == expected
    assert {row["conversation_id"] for row in rows} == {"t_1"}


def test_every_value_of_an_insight_is_a_row_of_its_own(tmp_path):
    def insight(**more):
        return {"name": "reach", "period": "day", "id": "9/insights/reach/day"} | more

    document = {
        "data": [
            insight(values=[{"value": 3, "end_time": "2026-02-28T08:00:00+0000"},
                            {"value": {"DE": 1}, "end_time": "2026-03-01T08:00:00+0000"}]),
            insight(values=[]),  # an empty list stands for 0
            insight(total_value={"value": 7, "breakdowns": [{"dimension_keys": ["a"], "results": []}]}),
        ]
    }  # fmt: skip
    for name in ("facebook_pages.page_insight", "instagram.account_insight"):
        rows = parse(tmp_path, name, document)
        assert [(row["value_at"].isoformat(), row["end_time"] is None, row["value"]) for row in rows] == [
            ("2026-02-28T08:00:00+00:00", False, "3"),
            ("2026-03-01T08:00:00+00:00", False, '{"DE":1}'),
            ("2026-03-01T00:00:00+00:00", True, "7"),  # without a time: the export date
        ]
        assert json.loads(rows[2]["breakdowns"]) == [{"dimension_keys": ["a"], "results": []}]
        assert {row["insight_id"] for row in rows} == {"9/insights/reach/day"}


HEADER = "id,created_time,ad_id,form_id,is_organic,platform,what size?,full_name,email,phone_number,lead_status"
LEAD = "l:111,2026-03-01T18:22:10-03:00,ag:222,f:5,false,ig,M,Ann Lead,ann@mail.example.net,p:+447700900123,CREATED"
API_LEAD = {
    "id": "111", "created_time": "2026-03-01T21:22:10+0000", "ad_id": "222", "form_id": "5", "is_organic": False,
    "platform": "ig",
    "field_data": [
        {"name": "what size?", "values": ["M"]}, {"name": "full_name", "values": ["Ann Lead"]},
        {"name": "email", "values": ["ann@mail.example.net"]}, {"name": "phone_number", "values": ["+447700900123"]},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("form", "file", "content", "encoding"),
    [
        pytest.param(1, "leads.csv", f"{HEADER}\r\n{LEAD}\r\n", "utf-8", id="commas"),
        pytest.param(1, "leads.csv", f"{HEADER}\r\n{LEAD}\r\n".replace(",", "\t"), "utf-16", id="tabs, called .csv"),
        pytest.param(2, "leads.tsv", f"{HEADER}\r\n{LEAD}\r\n".replace(",", "\t"), "utf-16", id="tabs in UTF-16"),
        pytest.param(
            1, "leads.csv", f"{HEADER.replace('id,', 'lead_id,', 1)}\r\n{LEAD}\r\n", "utf-8-sig", id="lead_id"
        ),
        pytest.param(0, "leads.json", {"data": [API_LEAD], "paging": {}}, "utf-8", id="API"),
    ],
)
def test_a_lead_is_the_same_lead_in_every_form(tmp_path, form, file, content, encoding):
    (row,) = parse(tmp_path, "meta_lead_ads.lead", content, file, form, encoding)
    names = ("id", "ad_id", "form_id", "is_organic", "platform", "email", "phone", "full_name")
    assert tuple(row[name] for name in names) == (
        "111", "222", "5", False, "ig", "ann@mail.example.net", "+447700900123", "Ann Lead"
    )  # fmt: skip
    assert row["created_time"].astimezone(dt.UTC).isoformat() == "2026-03-01T21:22:10+00:00"
    assert "M" in (row["_extra"] or "") + (row["field_data"] or "")  # the form's own question is kept


def test_an_order_of_shops_gives_its_items_refunds_and_parcels(tmp_path):
    money = {"amount": "2.00", "currency": "USD"}
    order = {
        "id": "3685088273928001", "order_status": {"state": "COMPLETED"}, "created": "2026-03-01T19:17:31+00:00",
        "buyer_details": {"name": "Ann", "email": "n8m@marketplace.facebook.com", "email_remarketing_option": False},
        "estimated_payment_details": {"total_amount": money, "subtotal": {"items": money, "shipping": money}},
        "items": {"data": [{"id": "1", "quantity": 2, "price_per_unit": money, "status": {"fulfilled": 2}},
                           {"id": "2", "quantity": 1, "price_per_unit": money, "status": {"cancelled": 1}}]},
        "refunds": {"data": [{"id": "8", "refund_amount": {"total_amount": money}}]},
        "shipments": {"data": [{"id": "9", "tracking_info": {"carrier": "UPS"}}]},
    }  # fmt: skip
    legacy = {
        "id": "4", "order_status": {"status_code": "CANCELLED"}, "created": "2019-01-14T19:17:31+00:00",
        "email": "n8m@marketplace.facebook.com", "payment_details": {"total_amount": money},
    }  # fmt: skip
    document = {"data": [order, legacy]}
    new, old = parse(tmp_path, "facebook_shops.order", document)
    assert (new["id"], new["state"], str(new["total_amount"]), new["_extra"]) == (
        "3685088273928001", "COMPLETED", "2.00", None
    )  # fmt: skip
    assert (old["state"], old["buyer_email"], str(old["total_amount"])) == (
        "CANCELLED", "n8m@marketplace.facebook.com", "2.00"
    )  # fmt: skip
    items = parse(tmp_path, "facebook_shops.order_item", document)
    assert [(row["order_id"], row["id"], row["quantity_cancelled"]) for row in items] == [
        (new["id"], "1", None), (new["id"], "2", 1)
    ]  # fmt: skip
    (refund,) = parse(tmp_path, "facebook_shops.refund", document)
    assert (refund["order_id"], str(refund["amount"]), refund["first_seen_on"]) == (new["id"], "2.00", NIGHT)
    (shipment,) = parse(tmp_path, "facebook_shops.shipment", document)
    assert (shipment["order_id"], shipment["carrier"]) == (new["id"], "UPS")
