"""Two nights of newsletters, reviews and mentions, with what changes between them.

A metric is learned after its events; profiles are merged; a member's address changes; somebody leaves; a review is
deleted, an answer tells who wrote another; a mail's open is taken back. Incremental nights equal a full refresh.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

import pytest

NIGHTS = (dt.date(2026, 3, 1), dt.date(2026, 3, 2))
PLATFORMS = ("klaviyo", "mailchimp", "judgeme", "yotpo", "trustpilot", "brandwatch")
TABLES = ("int_person_records", "int_identifiers", "int_touchpoints", "int_channel_metrics")


def md5(address: str) -> str:
    return hashlib.md5(address.encode(), usedforsecurity=False).hexdigest()


def _metric(ident: str, name: str) -> dict[str, Any]:
    return {"type": "metric", "id": ident, "attributes": {"name": name, "integration": {"key": "klaviyo"}}}


def _profile(ident: str, email: str, consent: str = "SUBSCRIBED", *suppressions: str) -> dict[str, Any]:
    marketing = {
        "consent": consent, "timestamp": "2026-01-01T10:00:00+00:00",
        "suppressions": [{"reason": reason, "timestamp": "2026-03-01T22:00:00+00:00"} for reason in suppressions],
    }  # fmt: skip
    attributes = {
        "email": email,
        "updated": "2026-02-01T10:00:00+00:00",
        "subscriptions": {"email": {"marketing": marketing}},
    }
    if suppressions:
        attributes["updated"] = "2026-03-01T22:00:00+00:00"
    return {"type": "profile", "id": ident, "attributes": attributes}


def _event(ident: str, metric: str, profile: str) -> dict[str, Any]:
    return {
        "type": "event", "id": ident,
        "attributes": {"timestamp": 1_771_000_000, "datetime": "2026-02-13 16:26:40+00:00", "event_properties": {}},
        "relationships": {"profile": {"data": {"id": profile}}, "metric": {"data": {"id": metric}}},
    }  # fmt: skip


def _member(email: str, status: str, changed: str, contact: str = "c1") -> dict[str, Any]:
    return {
        "id": md5(email), "email_address": email, "contact_id": contact, "status": status, "list_id": "l1",
        "timestamp_opt": "2026-01-05T10:00:00+00:00", "last_changed": changed, "merge_fields": {"ADDRESS": ""},
    }  # fmt: skip


def _yotpo(ident: int, score: int, *, deleted: bool = False) -> dict[str, Any]:
    return {
        "id": ident, "score": score, "created_at": "2026-02-01T10:00:00.000Z", "name": "Ann M.", "deleted": deleted,
        "updated_at": f"2026-02-0{2 + deleted}T10:00:00.000Z", "email": f"r{ident}@mail.test", "is_incentivized": True,
    }  # fmt: skip


def _request(opened: str | None) -> dict[str, Any]:
    return {
        "records": [
            {"email_address": "ann@mail.test", "order_id": "1001", "email_type": "tpr", "reminder_num": 0,
             "email_sent_timestamp": "2026-02-20T10:00:00Z", "opened_timestamp": opened}
        ]
    }  # fmt: skip


def _trustpilot(answer: dict[str, str] | None) -> dict[str, Any]:
    asked = [{"id": "f", "status": "sent", "consumerResponse": answer}] if answer else []
    return {
        "id": "t1", "consumer": {"id": "tp9", "displayName": "Happy"}, "stars": 1, "createdAt": "2026-02-10T10:00:00Z",
        "findReviewer": {"isEligible": True, "requests": asked},
    }  # fmt: skip


def _mention(query: int) -> dict[str, Any]:
    return {
        "resourceId": "m1", "queryId": query, "date": "2026-02-10T10:00:00.000+0000", "author": "Ann_M",
        "added": f"2026-02-1{query}T10:00:00.000+0000", "domain": "x.com", "pageType": "twitter",
        "sentiment": "positive",
    }  # fmt: skip


ANSWER = {"email": "ann@mail.test", "referenceId": "1001", "submittedAt": "2026-03-01T10:00:00Z"}
REVIEWS = "title,body,rating,review_date,source,curated,reviewer_name,reviewer_email,product_id,product_handle,reply\n"
MERGE = {
    "type": "profile-merge",
    "id": "P2",
    "relationships": {"profiles": {"data": [{"type": "profile", "id": "P1"}]}},
}
EXPORTS: dict[str, dict[int, Any]] = {
    "klaviyo/metric/page.json": {
        0: {"data": [_metric("open", "Opened Email")]},
        1: {"data": [_metric("open", "Opened Email"), _metric("click", "Clicked Email")]},
    },
    "klaviyo/profile/page.json": {
        0: {"data": [_profile("P1", "ann@old.test"), _profile("P2", "ann@mail.test"), _profile("P3", "bo@mail.test")]},
        1: {"data": [_profile("P3", "bo@mail.test", "SUBSCRIBED", "USER_SUPPRESSED")]},
    },
    "klaviyo/event/page.json": {
        0: {"data": [_event("e1", "open", "P1"), _event("e2", "click", "P1"), _event("e3", "click", "P3")]},
        1: {"data": [_event("e1", "open", "P2")]},
    },
    "klaviyo/profile_merge/page.json": {1: {"data": [MERGE]}},
    "mailchimp/member/page.json": {
        0: {"members": [_member("ann@old.test", "subscribed", "2026-01-05T10:00:00+00:00")]},
        1: {"members": [_member("ann@mail.test", "unsubscribed", "2026-03-01T12:00:00+00:00")]},
    },
    "mailchimp/report/page.json": {
        0: {"reports": [{"id": "r1", "emails_sent": 10, "opens": {"opens_total": 4}}]},
        1: {"reports": [{"id": "r1", "emails_sent": 10, "opens": {"opens_total": 6}}]},
    },
    "judgeme/review/reviews.csv": {
        0: REVIEWS + 'Fine,"two\nlines",4,2026-02-01 10:00:00 UTC,web,ok,Ann M.,Ann@Mail.test,77,mug,\n',
        1: REVIEWS + 'Fine,"two\nlines",2,2026-02-01 10:00:00 UTC,web,ok,Ann M.,ann@mail.test,77,big-mug,Sorry\n',
    },
    "yotpo/review/page.json": {
        0: {"reviews": [_yotpo(1, 5), _yotpo(2, 3)]},
        1: {"reviews": [_yotpo(1, 5, deleted=True)]},
    },
    "yotpo/review_request/page.json": {0: _request("2026-02-21T10:00:00Z"), 1: _request(None)},
    "trustpilot/private_review/page.json": {
        0: {"reviews": [_trustpilot(None)]},
        1: {"reviews": [_trustpilot(ANSWER)]},
    },
    "brandwatch/mention/page.json": {0: {"results": [_mention(1), _mention(2)]}, 1: {"results": [_mention(3)]}},
}  # fmt: skip


def _fetch(query: str) -> list[tuple[Any, ...]]:
    import warehouse

    with warehouse.connect() as connection:
        connection.execute("set time zone 'UTC'")
        return connection.execute(query).fetchall()


def _events(platform: str) -> set[tuple[str, str, str, str | None]]:
    """Live events: (event, type, who, intent)."""
    rows = _fetch(
        "select t.source_event_id, t.touchpoint_type, r.source_record_id, t.intent from intermediate.int_touchpoints t"
        f" join intermediate.int_person_records r using (source_record_key) where t.source_platform = '{platform}'"
        " and not t.is_deleted"
    )
    return {(event, kind, who, intent) for event, kind, who, intent in rows}


@pytest.fixture(scope="module")
def nights(full_database: str, tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Any]]:
    """After each night: events by platform, consents, and which Klaviyo profiles are one customer."""
    import connectors
    import resolution
    import warehouse

    root = tmp_path_factory.mktemp("exports")
    for target, contents in EXPORTS.items():
        folder, _, name = target.rpartition("/")
        for night, content in contents.items():
            path = root / folder / f"dt={NIGHTS[night]}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))
    connectors.prepare_tables()
    found: dict[int, dict[str, Any]] = {}
    for number, date in enumerate(NIGHTS):
        for platform in PLATFORMS:
            for batch in connectors.land(platform, date, str(root)):
                assert batch.status in ("landed", "missing") and not batch.rows_rejected, batch
                if batch.status == "landed":
                    warehouse.mark_audited(batch.batch_id)
                    warehouse.promote(batch.batch_id, connectors.table_spec(platform, batch.object))
        warehouse.run_dbt("persons", date)
        resolution.accept_run(resolution.resolve_night(date).run_id)
        warehouse.run_dbt("touchpoints", date)
        found[number] = {platform: _events(platform) for platform in PLATFORMS}
        found[number]["consents"] = dict(
            _fetch(
                "select source_record_id, email_consent from intermediate.int_person_records"
                " where source_platform in ('klaviyo', 'mailchimp') and not is_deleted"
            )
        )
        found[number]["customers"] = dict(
            _fetch(
                "select r.source_platform || ' ' || r.source_record_id, l.golden_customer_id"
                " from intermediate.int_person_records r join identity.record_links l using (source_record_key)"
            )
        )
    return found


def test_what_a_metric_means_is_learned_for_events_that_came_before_it(nights: dict[int, Any]) -> None:
    assert nights[0]["klaviyo"] == {("e1", "email_open", "P1", None)}
    assert nights[1]["klaviyo"] == {
        ("e1", "email_open", "P2", None), ("e2", "email_click", "P1", None), ("e3", "email_click", "P3", None),
    }  # fmt: skip


def test_merged_profiles_and_changed_addresses_are_one_customer(nights: dict[int, Any]) -> None:
    before, after = nights[0]["customers"], nights[1]["customers"]
    assert before["klaviyo P1"] != before["klaviyo P2"]
    assert after["klaviyo P1"] == after["klaviyo P2"] != after["klaviyo P3"]
    old, new = (after[f"mailchimp {md5(address)}"] for address in ("ann@old.test", "ann@mail.test"))
    assert old == new == after["klaviyo P1"]
    assert after["trustpilot tp9"] == after[f"judgeme {md5('ann@mail.test')}"] == after["klaviyo P2"]


def test_consent_is_taken_away_and_never_given(nights: dict[int, Any]) -> None:
    assert nights[0]["consents"] == {
        "P1": "subscribed", "P2": "subscribed", "P3": "subscribed", md5("ann@old.test"): "subscribed",
    }  # fmt: skip
    assert nights[1]["consents"] == nights[0]["consents"] | {"P3": "unsubscribed", md5("ann@mail.test"): "unsubscribed"}


def test_reviews_change_and_go(nights: dict[int, Any]) -> None:
    (first,), (second,) = nights[0]["judgeme"], nights[1]["judgeme"]
    assert first[:3] == second[:3] and (first[3], second[3]) == ("praise", "complaint")
    wrote, asked = ("1", "review_written", md5("r1@mail.test"), "praise"), md5("ann@mail.test")
    assert wrote in nights[0]["yotpo"] and wrote not in nights[1]["yotpo"]
    assert ("2", "review_written", md5("r2@mail.test"), None) in nights[1]["yotpo"]
    assert {kind for _, kind, who, _ in nights[0]["yotpo"] if who == asked} == {"review_requested", "email_open"}
    assert {kind for _, kind, who, _ in nights[1]["yotpo"] if who == asked} == {"review_requested"}
    assert _fetch(
        "select is_deleted from intermediate.int_person_records where source_platform = 'yotpo'"
        f" and source_record_id = '{md5('r1@mail.test')}'"
    ) == [(True,)]
    assert _fetch("select distinct campaign from intermediate.int_touchpoints where source_event_id = '2'") == [
        ("incentivised",)
    ]


def test_a_mention_of_three_queries_counts_once_and_keeps_them(nights: dict[int, Any]) -> None:
    assert nights[0]["brandwatch"] == nights[1]["brandwatch"] == {("m1", "social_mention", "x:ann_m", "praise")}
    assert _fetch("select query_id from raw.brandwatch__mention_query order by 1") == [("1",), ("2",), ("3",)]


def test_figures_of_a_campaign_are_of_the_newest_night(nights: dict[int, Any]) -> None:
    assert _fetch(
        "select metric_name, metric_value::integer, metric_date::text from intermediate.int_channel_metrics"
        " where source_platform = 'mailchimp' and not is_deleted order by 1"
    ) == [("emails_sent", 10, "2026-03-02"), ("opens", 6, "2026-03-02")]


def test_incremental_nights_equal_a_full_refresh(nights: dict[int, Any]) -> None:
    import warehouse

    def live(table: str) -> list[tuple[Any, ...]]:
        rows = _fetch(f"select to_jsonb(t) - '_changed_seq' from intermediate.{table} as t where not is_deleted")
        return sorted((json.dumps(row, sort_keys=True),) for (row,) in rows)

    before = {table: live(table) for table in TABLES}
    for layer in ("persons", "touchpoints"):
        warehouse.run_dbt(layer, NIGHTS[1], full_refresh=True)
    for table in TABLES:
        assert live(table) == before[table], table
