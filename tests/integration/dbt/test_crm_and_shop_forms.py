"""Two nights of a brand with a CRM, a help desk and a shop that changes from CSV exports to the API.

HubSpot's and Salesforce's merges and conversions join records that nothing else joins; an order that came in both forms
counts once; incremental nights equal a full refresh.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

NIGHTS = (dt.date(2026, 3, 1), dt.date(2026, 3, 2))
PLATFORMS = ("shopify", "hubspot", "salesforce", "zendesk")
TABLES = ("int_person_records", "int_identifiers", "int_orders", "int_order_lines", "int_refunds", "int_tickets",
          "int_touchpoints")  # fmt: skip


def _contact(number: int, mail: str, changed: str, **more: Any) -> dict[str, Any]:
    properties = {"email": mail, "hs_object_id": str(number), "lastmodifieddate": changed, **more}
    return {"id": str(number), "properties": properties, "createdAt": "2026-02-01T10:00:00.000Z", "updatedAt": changed,
            "archived": False}  # fmt: skip


def _mail(identity: str, kind: str, at: int, **more: Any) -> dict[str, Any]:
    return {"id": identity, "type": kind, "created": at, "recipient": "Ann.Two@mail.test", "portalId": 1, **more}


def _money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "GBP"}}


def _bulk_order(number: int, total: str, status: str, **more: Any) -> dict[str, Any]:
    return {"id": f"gid://shopify/Order/{900_000_000 + number}", "name": f"#{number}", "email": "ann@mail.test",
            "createdAt": "2026-02-20T10:00:00Z", "processedAt": "2026-02-20T10:00:05Z",
            "updatedAt": "2026-03-02T08:00:00Z",
            "displayFinancialStatus": status, "currencyCode": "GBP", "totalPriceSet": _money(total), "test": False,
            "customer": {"id": "gid://shopify/Customer/77"}, "billingAddress": {"name": "Ann Marlow", "zip": "N1 1AA"},
            **more}  # fmt: skip


ORDER = "https://shop.example/?utm_source=newsletter&utm_medium=email"
EXPORTS: dict[str, dict[int, Any]] = {
    "shopify/orders_export/orders.csv": {0: (
        "Name,Email,Financial Status,Paid at,Currency,Total,Refunded Amount,Created at,Lineitem quantity,Lineitem name,"
        "Lineitem price,Billing Name,Billing Zip,Id,Shipping Name,Shipping Zip\n"
        "#1001,ann@mail.test,paid,2026-02-10 10:00:00 +0000,GBP,10.00,0.00,2026-02-10 10:00:00 +0000,1,Mug,10.00,"
        "Ann Marlow,N1 1AA,'900001001,Bo Ash,E2 2BB\n"
        "#1002,ann@mail.test,paid,2026-02-20 10:00:05 +0000,GBP,30.00,0.00,2026-02-20 10:00:00 +0000,2,Bowl,10.00,"
        "Ann Marlow,N1 1AA,'900001002,,\n"
        "#1002,ann@mail.test,,,,,,2026-02-20 10:00:00 +0000,1,Jug,10.00,,,,,\n"
    )},
    "shopify/customers_export/customers.csv": {0: (
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing\n'77,Ann,Marlow,ann@mail.test,yes\n"
    )},
    "shopify/bulk_order/orders.jsonl": {1: [
        _bulk_order(1002, "30.00", "PARTIALLY_REFUNDED", shippingAddress={"name": "Ann  MARLOW", "zip": "E2 2BB"},
                    refunds=[{
            "id": "gid://shopify/Refund/5", "createdAt": "2026-03-01T12:00:00Z", "totalRefundedSet": _money("10.0")}]),
        {"id": "gid://shopify/LineItem/1", "name": "Bowl", "quantity": 2, "originalUnitPriceSet": _money("10.0"),
         "__parentId": "gid://shopify/Order/900001002"},
        {"id": "gid://shopify/CustomerVisit/8", "occurredAt": "2026-02-19T09:00:00Z", "landingPage": ORDER,
         "utmParameters": {"source": "newsletter", "medium": "email", "campaign": "spring"},
         "__parentId": "gid://shopify/Order/900001002"},
        _bulk_order(1003, "5.00", "PAID", note="A gift: no invoice, please", fulfillments=[{
            "id": "gid://shopify/Fulfillment/6", "status": "SUCCESS", "createdAt": "2026-03-02T07:00:00Z"}]),
        {"id": "gid://shopify/LineItem/3", "name": "Spoon", "quantity": 1, "originalUnitPriceSet": _money("5.0"),
         "__parentId": "gid://shopify/Order/900001003"},
    ]},
    "shopify/abandoned_checkout/checkouts.json": {1: [{"checkouts": [
        {"id": 4, "email": "ann@mail.test", "total_price": "12.00", "currency": "GBP", "completed_at": None,
         "customer": {"id": 77}, "created_at": "2026-03-01T20:00:00Z", "updated_at": "2026-03-01T20:00:00Z"}]}]},
    "hubspot/contact/page-0001.json": {
        0: [{"results": [_contact(51, "ann@mail.test", "2026-02-01T10:00:00.000Z"),
                         _contact(52, "ann.two@mail.test", "2026-02-02T10:00:00.000Z")]}],
        1: [{"results": [_contact(51, "ann@mail.test", "2026-03-01T15:00:00.000Z", hs_merged_object_ids="52")]}],
    },
    "hubspot/contact/mine.csv": {0: (
        "Record ID,First Name,Email,Create Date,Last Modified Date\n"
        "61,Bea,bea@mail.test,2026-02-12 09:14,2026-02-12 09:14\n"
        "62,Cy,cy@mail.test,2/15/2026 2:30 PM,2/15/2026 2:30 PM\n"
    )},
    "hubspot/contact_merge/contact_merges-0001.json": {1: [{"vid": 51, "merge-audits": [
        {"canonical-vid": 51, "vid-to-merge": 52, "timestamp": 1772377200000,
         "merged_from_email": {"value": "ann.two@mail.test"}}]}]},
    "hubspot/email_event/page-0001.json": {0: [{"hasMore": False, "events": [
        _mail("e1", "SENT", 1772200000000),
        _mail("e2", "OPEN", 1772200005000, browser={"name": "Google Image Cache", "type": "Proxy"}),
        _mail("e3", "CLICK", 1772200100000, browser={"name": "Firefox", "type": "Browser"}),
        {**_mail("e4", "OPEN", 1772200100000), "recipient": "0a0b@gdpr-forgotten.hubspot.com"},
    ]}]},
    "hubspot/form_submission/form_submissions-0001.json": {1: [{"formId": "f", "page": {"results": [
        {"conversionId": "c1", "submittedAt": 1772300000000, "pageUrl": "https://shop.example/ask",
         "values": [{"name": "email", "value": "ann.two@mail.test"}]}]}}]},
    "hubspot/deal/page-0001.json": {
        night: [{"results": [{
            "id": "7", "createdAt": "2026-02-25T10:00:00Z", "updatedAt": f"2026-03-0{night + 1}T10:00:00Z",
            "properties": {"dealstage": "closedwon" if night else "open", "hs_is_closed_won": str(bool(night)).lower(),
                           "closedate": "2026-03-02T09:00:00Z", "amount": "300"},
            "archived": False, "associations": {"contacts": {"results": [{"id": "51", "type": "deal_to_contact"}]}}}]}]
        for night in (0, 1)
    },
    "salesforce/lead/leads.csv": {
        0: ("Id,IsDeleted,Email,LastName,LeadSource,IsConverted,ConvertedContactId,CreatedDate,SystemModstamp\n"
            "00Q1G00000nDnM5UAK,false,dora@mail.test,Dane,Web,false,,2026-02-20T10:00:00.000Z,"
            "2026-02-20T10:00:00.000Z\n"),
        1: ("Id,IsDeleted,Email,LastName,LeadSource,IsConverted,ConvertedContactId,CreatedDate,SystemModstamp\n"
            "00Q1G00000nDnM5,false,dora@mail.test,Dane,Web,true,0031G00001QtDPlQAN,2026-02-20T10:00:00.000Z,"
            "2026-03-02T10:00:00.000Z\n"),
    },
    "salesforce/contact/contacts.csv": {
        1: ("Id,IsDeleted,MasterRecordId,Email,LastName,CreatedDate,SystemModstamp\n"
            "0031G00001QtDPl,false,,d.dane@work.test,Dane,2026-03-02T10:00:00.000Z,2026-03-02T10:00:00.000Z\n"
            "0031G00001Pji7ZQAR,true,0031G00001QtDPlQAN,dd@old.test,Dane,2026-03-01T10:00:00.000Z,"
            "2026-03-02T10:00:00.000Z\n"),
    },
    "zendesk/user/users.json": {0: [{"users": [
        {"id": 900, "name": "Ann Marlow", "email": "ann@mail.test", "role": "end-user", "verified": True,
         "created_at": "2026-02-21T10:00:00Z", "updated_at": "2026-02-21T10:00:00Z"},
        {"id": 901, "name": "A. M.", "email": "am@third.test", "role": "end-user", "verified": True,
         "created_at": "2026-02-22T10:00:00Z", "updated_at": "2026-02-22T10:00:00Z"},
        {"id": 1, "name": "Agent", "email": "agent@shop.example", "role": "agent", "verified": True,
         "created_at": "2026-01-01T10:00:00Z", "updated_at": "2026-01-01T10:00:00Z"}]}]},
    "zendesk/ticket/tickets.json": {0: [{"tickets": [
        {"id": 5, "requester_id": 900, "status": "open", "created_at": "2026-02-21T10:00:00Z", "subject": "Hello",
         "x_tier": "gold", "updated_at": "2026-02-21T10:00:00Z", "generated_timestamp": 1771668000,
         "via": {"channel": "email"}}]}]},
    "zendesk/ticket_comment/comments.json": {1: [{"comments": [
        {"id": number, "ticket_id": 5, "author_id": author, "body": text, "public": public,
         "created_at": f"2026-02-21T{at}:00Z"}
        for number, author, text, public, at in (
            (1, 900, "Hello", True, "10:00"), (2, 1, "Hi", True, "11:00"), (3, 1, "vip?", False, "11:05"),
            (4, 900, "Thanks", True, "12:00"))]}]},
    "zendesk/chat/chats.json": {1: [{"chats": [
        {"id": "c", "timestamp": "2026-03-01T09:00:00Z", "update_timestamp": "2026-03-01T09:10:00Z",
         "message": "Hi there", "type": "offline_msg",
         "visitor": {"id": "3.4", "name": "Visitor 12345", "email": "ann@mail.test"}}]}]},
    "zendesk/user_merge/merges.csv": {1: (
        "surviving_user_id,discarded_user_id,merged_at\n900,901,2026-03-01T12:00:00Z\n"
    )},
}  # fmt: skip


def _deliver(root: Path) -> None:
    for target, nights in EXPORTS.items():
        folder, _, name = target.rpartition("/")
        for night, content in nights.items():
            path = root / folder / f"dt={NIGHTS[night]}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else "".join(json.dumps(d) + "\n" for d in content))


def _fetch(query: str) -> list[tuple[Any, ...]]:
    import warehouse

    with warehouse.connect() as connection:
        return connection.execute(query).fetchall()


def _contents() -> dict[str, list[tuple[Any, ...]]]:
    """What the tables say, without the number of the run that wrote it and without what is gone."""
    return {
        table: _fetch(
            f"select (to_jsonb(t) - '_changed_seq')::text from intermediate.{table} t where not is_deleted order by 1"
        )
        for table in TABLES
    }


@pytest.fixture(scope="module")
def built(full_database: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    import connectors
    import resolution
    import warehouse

    root = tmp_path_factory.mktemp("exports")
    _deliver(root)
    connectors.prepare_tables()
    for date in NIGHTS:
        for platform in PLATFORMS:
            for batch in connectors.land(platform, date, str(root)):
                assert batch.status in ("landed", "missing") and not batch.rows_rejected, batch
                if batch.status == "landed":
                    warehouse.mark_audited(batch.batch_id)
                    warehouse.promote(batch.batch_id, connectors.table_spec(platform, batch.object))
        warehouse.run_dbt("persons", date)
        resolution.accept_run(resolution.resolve_night(date).run_id)
        warehouse.run_dbt("touchpoints", date)


def _customers(*records: tuple[str, str, str]) -> list[Any]:
    listed = ", ".join(f"('{platform}', '{kind}', '{identity}')" for platform, kind, identity in records)
    return [
        row[0]
        for row in _fetch(
            "select distinct l.golden_customer_id from intermediate.int_person_records r join identity.record_links l"
            " using (source_record_key) where l.valid_to_run_id is null"
            f" and (r.source_platform, r.record_kind, r.source_record_id) in ({listed})"
        )
    ]


def test_the_vendors_word_joins_what_nothing_else_joins(built: None) -> None:
    assert len(_customers(("hubspot", "contact", "51"), ("hubspot", "contact", "52"))) == 1
    lead = ("salesforce", "lead", "00Q1G00000nDnM5UAK")
    contacts = [("salesforce", "contact", f"0031G00001{rest}") for rest in ("QtDPlQAN", "Pji7ZQAR")]
    assert len(_customers(lead, *contacts)) == 1
    assert len(_customers(("zendesk", "support_user", "900"), ("zendesk", "support_user", "901"))) == 1
    assert len(_customers(("hubspot", "contact", "51"), lead)) == 2


def test_one_customer_of_crm_shop_and_help_desk(built: None) -> None:
    """By e-mail: HubSpot's contact, the account, orders of both forms, the checkout, the chat and the support user."""
    assert len(
        _customers(
            ("hubspot", "contact", "51"), ("shopify", "account", "id:77"), ("shopify", "contact", "4"),
            ("zendesk", "cookie", "3.4"), ("zendesk", "support_user", "900"),
        )
    ) == 1  # fmt: skip


def test_an_order_of_both_forms_counts_once(built: None) -> None:
    assert _fetch(
        "select order_id, total_amount, unit_count, financial_status from intermediate.int_orders"
        " where not is_deleted order by 1"
    ) == [
        ("shopify:1001", 10, 1, "paid"), ("shopify:1002", 30, 2, "partially_refunded"), ("shopify:1003", 5, 1, "paid"),
    ]  # fmt: skip
    lines = _fetch(
        "select order_id, line_no, product_name, line_amount from intermediate.int_order_lines"
        " where not is_deleted order by 1, 2"
    )
    assert lines == [("shopify:1001", 1, "Mug", 10), ("shopify:1002", 1, "Bowl", 20), ("shopify:1003", 1, "Spoon", 5)]
    refunds = _fetch(
        "select order_id, refund_amount, refunded_at at time zone 'UTC' from intermediate.int_refunds"
        " where not is_deleted"
    )
    assert refunds == [("shopify:1002", 10, dt.datetime(2026, 3, 1, 12))]


def test_a_gift_is_known_by_recipient_and_address_or_by_a_word(built: None) -> None:
    """The same name at a second address is none; who the recipient is stays in the export."""
    gifts = _fetch("select order_id, is_gift from intermediate.int_orders where not is_deleted order by 1")
    assert gifts == [("shopify:1001", True), ("shopify:1002", False), ("shopify:1003", True)]


def test_columns_beside_the_contract_reach_tickets(built: None) -> None:
    """Their key in int_x_columns is the key by which fct_tickets joins them."""
    assert _fetch(
        "select t.ticket_id, x.x_columns from intermediate.int_x_columns x"
        " join intermediate.int_tickets t on x.mart = 'fct_tickets' and x.entity_id = t.ticket_id"
        " where not x.is_deleted"
    ) == [("zendesk:5", {"x_tier": "gold"})]


def test_what_happened(built: None) -> None:
    happened = _fetch(
        "select source_platform, touchpoint_type, count(*), bool_or(is_bot) from intermediate.int_touchpoints"
        " where not is_deleted group by 1, 2 order by 1, 2"
    )
    assert happened == [
        ("hubspot", "deal_won", 1, False), ("hubspot", "email_click", 1, False), ("hubspot", "email_open", 1, True),
        ("hubspot", "email_sent", 1, False), ("hubspot", "form_submitted", 1, False),
        ("salesforce", "lead_submitted", 1, False), ("shopify", "checkout_abandoned", 1, False),
        ("shopify", "order_paid", 3, False), ("shopify", "order_placed", 3, False),
        ("shopify", "order_refunded", 1, False), ("shopify", "page_view", 1, False),
        ("shopify", "shipment_update", 1, False), ("zendesk", "chat_started", 1, False),
        ("zendesk", "direct_message_received", 1, False), ("zendesk", "direct_message_sent", 1, False),
        ("zendesk", "ticket_opened", 1, False),
    ]  # fmt: skip
    assert _fetch(
        "select channel, campaign from intermediate.int_touchpoints"
        " where touchpoint_type = 'page_view' and not is_deleted"
    ) == [("email", "spring")]


def test_dates_of_a_user_made_export_come_in_two_spellings(built: None) -> None:
    rows = _fetch(
        "select id, created_at at time zone 'UTC' from raw.hubspot__contact where id in ('61', '62') order by 1"
    )
    assert rows == [("61", dt.datetime(2026, 2, 12, 9, 14)), ("62", dt.datetime(2026, 2, 15, 14, 30))]


def test_a_full_refresh_says_the_same(built: None) -> None:
    import warehouse

    before = _contents()
    assert all(before.values())
    for layer in ("persons", "touchpoints"):
        warehouse.run_dbt(layer, NIGHTS[-1], full_refresh=True)
    assert _contents() == before
