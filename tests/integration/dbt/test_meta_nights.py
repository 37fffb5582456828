"""Two nights of a brand on Facebook, Instagram, Shops and lead forms, with what changes between them.

The shop's export catches up with an order of Shops; an author disappears from a comment; figures are restated.
Incremental nights equal a full refresh.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

NIGHTS = (dt.date(2026, 3, 1), dt.date(2026, 3, 2))
PLATFORMS = ("shopify", "facebook_pages", "facebook_shops", "instagram", "meta_lead_ads")
TABLES = ("int_person_records", "int_identifiers", "int_orders", "int_order_lines", "int_refunds", "int_touchpoints",
          "int_channel_metrics")  # fmt: skip
PAGE = {"id": "77", "name": "The Shop"}
MONEY = {"amount": "10.00", "currency": "GBP"}


def _comment(number: int, author: dict[str, str] | None, text: str, **more: Any) -> dict[str, Any]:
    link = f"https://www.facebook.com/77/posts/55/?comment_id={number}"
    record = {"id": f"55_{number}", "message": text, "created_time": f"2026-02-2{number}T10:00:00+0000",
              "permalink_url": link}  # fmt: skip
    return record | ({"from": author} if author else {}) | more


def _order(number: str, state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "order_status": {"state": state}, "created": "2026-02-25T10:00:00+00:00",
        "last_updated": "2026-03-01T10:00:00+00:00", "channel": "instagram",
        "buyer_details": {"name": "Ann Marlow", "email": "n8m@marketplace.facebook.com"},
        "estimated_payment_details": {"total_amount": MONEY},
        "items": {"data": [{"id": "1", "quantity": 1, "price_per_unit": MONEY}]}, **more,
    }  # fmt: skip


def _insight(*values: tuple[str, int]) -> dict[str, Any]:
    listed = [{"value": value, "end_time": f"{day}T08:00:00+0000"} for day, value in values]
    return {"data": [{"name": "page_media_view", "period": "day", "id": "77/insights/page_media_view/day",
                      "values": listed}]}  # fmt: skip


ANN, BO = {"id": "901", "name": "Ann Marlow"}, {"id": "902", "name": "Bo Reed"}
SHOP_ORDER = (
    "Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Id\n"
    "#1001,ann@mail.test,paid,GBP,10.00,2026-02-25 10:00:01 +0000,1,Mug,10.00,'900001001\n"
)
LEADS = "id,created_time,ad_id,form_id,is_organic,platform,email,phone_number,lead_status\n"
EXPORTS: dict[str, dict[int, Any]] = {
    "facebook_shops/order/orders.json": {
        0: {"data": [_order("31", "COMPLETED", merchant_order_id="1001"), _order("32", "FB_PROCESSING")]},
        1: {"data": [_order("32", "CREATED")]},
    },
    "shopify/orders_export/orders.csv": {1: SHOP_ORDER},
    "facebook_pages/comment/comments.json": {
        0: {"data": [
            _comment(1, ANN, "I love it!", comments={"data": [_comment(2, PAGE, "thank you")]}),
            _comment(3, BO, "where is my order?"), _comment(4, None, "nobody knows me"),
        ]},
        1: {"data": [_comment(3, None, "where is my order?")]},
    },
    "facebook_pages/conversation/threads.json": {0: {"data": [{
        "id": "t_1", "link": "/77/inbox/5/", "updated_time": "2026-02-26T10:00:00+0000",
        "participants": {"data": [ANN | {"email": "901@facebook.com"}, PAGE | {"email": "77@facebook.com"}]},
        "messages": {"data": [
            {"id": "m_1", "created_time": "2026-02-26T10:00:00+0000", "message": "hi", "from": ANN,
             "to": {"data": [PAGE]}},
            {"id": "m_2", "created_time": "2026-02-26T11:00:00+0000", "message": "hello", "from": PAGE,
             "to": {"data": [ANN]}},
        ]}}]}},
    "facebook_pages/page_insight/insights.json": {
        0: _insight(("2026-02-28", 5), ("2026-03-01", 6)), 1: _insight(("2026-03-01", 8), ("2026-03-02", 2)),
    },
    "instagram/comment/comments.json": {0: {"data": [
        {"id": "1", "text": "nice", "timestamp": "2026-02-20T10:00:00+0000", "from": {"id": "88", "username": "ann.m"}},
    ]}},
    "instagram/mention/mentions.json": {0: {"mentioned_comment": {
        "id": "2", "text": "@shop you are great, I love it", "timestamp": "2026-02-21T10:00:00+0000",
        "username": "ann.m"}, "id": "17841"}},
    "meta_lead_ads/lead/leads.csv": {
        0: f"{LEADS}l:1,2026-02-20T10:00:00-03:00,ag:9,f:5,false,fb,ann@mail.test,p:+447700900123,CREATED\n"
           f"l:2,2026-02-20T11:00:00-03:00,,f:5,true,fb,test@meta.com,,CREATED\n",
        1: f"{LEADS}l:1,2026-02-20T10:00:00-03:00,ag:9,f:5,false,fb,ann@mail.test,p:+447700900123,CONTACTED\n",
    },
}  # fmt: skip


def _fetch(query: str) -> list[tuple[Any, ...]]:
    import warehouse

    with warehouse.connect() as connection:
        return connection.execute(query).fetchall()


def _events(where: str) -> set[tuple[Any, ...]]:
    """(type, source event, record, still holds) of touchpoints."""
    return set(
        _fetch(
            "select t.touchpoint_type, t.source_event_id, r.source_record_id, not t.is_deleted"
            f" from intermediate.int_touchpoints t join intermediate.int_person_records r using (source_record_key)"
            f" where {where}"
        )
    )


@pytest.fixture(scope="module")
def nights(full_database: str, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Any]:
    """After each night: live orders, and what Facebook's comments became."""
    import connectors
    import warehouse

    root = tmp_path_factory.mktemp("exports")
    for target, contents in EXPORTS.items():
        folder, _, name = target.rpartition("/")
        for night, content in contents.items():
            path = root / folder / f"dt={NIGHTS[night]}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))
    connectors.prepare_tables()
    found: dict[int, Any] = {}
    for number, date in enumerate(NIGHTS):
        for platform in PLATFORMS:
            for batch in connectors.land(platform, date, str(root)):
                assert batch.status in ("landed", "missing") and not batch.rows_rejected, batch
                if batch.status == "landed":
                    warehouse.mark_audited(batch.batch_id)
                    warehouse.promote(batch.batch_id, connectors.table_spec(platform, batch.object))
        for layer in ("persons", "touchpoints"):
            warehouse.run_dbt(layer, date)
        found[number] = {
            "orders": _fetch(
                "select order_id, is_paid from intermediate.int_orders where not is_deleted order by order_id"
            ),
            "placed": _events("t.touchpoint_type in ('order_placed', 'order_paid')"),
            "comments": _events("t.source_platform = 'facebook_pages' and t.source_object = 'comment'"),
            "people": _fetch(
                "select source_record_id, full_name, is_deleted from intermediate.int_person_records"
                " where source_platform = 'facebook_pages' order by 1"
            ),
        }
    return found


def test_an_order_counts_by_the_shop_as_soon_as_the_shop_has_it(nights: dict[int, Any]) -> None:
    assert nights[0]["orders"] == [("facebook_shops:31", True), ("facebook_shops:32", False)]
    assert nights[0]["placed"] == {("order_placed", "31", "31", True)}
    assert nights[1]["orders"] == [("facebook_shops:32", True), ("shopify:1001", True)]
    of_shops = {event for event in nights[1]["placed"] if event[1] in ("31", "32")}
    assert of_shops == {("order_placed", "31", "31", False), ("order_placed", "32", "32", True)}
    # its buyer stays a person, tied to the shop's order by the number
    assert _fetch(
        "select i.identifier_value from intermediate.int_identifiers i join intermediate.int_person_records r using"
        " (source_record_key) where r.source_platform = 'facebook_shops' and r.source_record_id = '31'"
        " and not i.is_deleted order by 1"
    ) == [("#1001",), ("n8m@marketplace.facebook.com",)]


def test_the_page_is_nobody_and_its_answers_concern_the_one_it_answers(nights: dict[int, Any]) -> None:
    comments = nights[0]["comments"]
    assert comments == {
        ("social_comment", "55_1", "77:901", True),
        ("social_reply_sent", "55_2", "77:901", True),
        ("social_comment", "55_3", "77:902", True),
    }
    assert _events("t.source_object = 'message' and t.source_platform = 'facebook_pages'") == {
        ("direct_message_received", "m_1", "77:901", True),
        ("direct_message_sent", "m_2", "77:901", True),
    }
    assert nights[0]["people"] == [("77:901", "Ann Marlow", False), ("77:902", "Bo Reed", False)]


def test_whoever_disappears_from_a_comment_is_forgotten(nights: dict[int, Any]) -> None:
    assert ("social_comment", "55_3", "77:902", False) in nights[1]["comments"]
    assert nights[1]["people"] == [("77:901", "Ann Marlow", False), ("77:902", None, True)]


def test_a_username_alone_stands_apart(nights: dict[int, Any]) -> None:
    assert _fetch(
        "select record_kind, source_record_id from intermediate.int_person_records"
        " where source_platform = 'instagram' and not is_deleted order by 1"
    ) == [("author", "ann.m"), ("social_profile", "88")]
    assert _events("t.touchpoint_type = 'social_mention'") == {("social_mention", "2", "ann.m", True)}
    assert _fetch("select intent from intermediate.int_touchpoints where touchpoint_type = 'social_mention'") == [
        ("praise",)
    ]


def test_a_lead_sent_again_is_one_lead_and_a_test_lead_none(nights: dict[int, Any]) -> None:
    assert _events("t.source_platform = 'meta_lead_ads'") == {("lead_submitted", "1", "1", True)}


def test_restated_figures_replace_their_own_days(nights: dict[int, Any]) -> None:
    assert _fetch(
        "select metric_date::text, metric_value::integer from intermediate.int_channel_metrics"
        " where source_object = 'page_insight' and not is_deleted order by 1"
    ) == [("2026-02-27", 5), ("2026-02-28", 8), ("2026-03-01", 2)]


def test_a_full_refresh_says_the_same(nights: dict[int, Any]) -> None:
    import warehouse

    def contents() -> dict[str, list[tuple[Any, ...]]]:
        return {
            table: _fetch(
                f"select (to_jsonb(t) - '_changed_seq')::text from intermediate.{table} t where not is_deleted"
                " order by 1"
            )
            for table in TABLES
        }

    before = contents()
    assert all(rows for table, rows in before.items() if table != "int_refunds")
    for layer in ("persons", "touchpoints"):
        warehouse.run_dbt(layer, NIGHTS[-1], full_refresh=True)
    assert contents() == before
