"""Review tools, listening, audiences: keys made of columns, published fields, archives, a mention of two queries."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile

import pytest

import connectors
from connectors.contracts import find_object
from connectors.parsing.source import open_sources

HEADER = (
    "title", "body", "rating", "review_date", "source", "curated", "reviewer_name", "reviewer_email", "product_id",
    "product_handle", "reply", "reply_date", "picture_urls", "ip_address", "location",
)  # fmt: skip


def parse(tmp_path, name, text, form=0, file="file"):
    platform, object_name = name.split(".")
    export = find_object(platform, object_name)
    path = tmp_path / file
    path.write_text(text, encoding="utf-8", newline="")
    rejected = []
    [source] = open_sources(platform, export, export.files[form], path, file, rejected.append)
    rows = [row for batch in source.batches() for row in batch.to_pylist()]
    assert not rejected and source.rows_read == len(rows)
    return rows


def reviews(*changes):
    base = {
        "title": "Lovely", "body": "Two\nlines, and a comma", "rating": "5", "review_date": "2025-03-02 10:12:00 UTC",
        "reviewer_name": "Anna K.", "reviewer_email": "anna@home.example", "product_id": "7210448301122",
        "product_handle": "linen-apron",
    }  # fmt: skip
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER)
    writer.writeheader()
    writer.writerows(base | change for change in changes)
    return text.getvalue()


def key(row):
    return row["reviewer_id"], row["product_reference"], row["review_date"]


def test_a_review_without_an_id_is_known_by_reviewer_product_and_time(tmp_path):
    again = {"reviewer_email": " Anna@Home.example", "review_date": "2025-03-02T10:12:00Z", "reply": "Thanks!"}
    renamed = {"product_handle": "apron-linen"}
    first, replied, moved = parse(tmp_path, "judgeme.review", reviews({}, again, renamed))
    assert first["reviewer_id"] == hashlib.md5(b"anna@home.example").hexdigest()
    assert key(first) == key(replied) == key(moved)
    others = [
        {"product_id": "", "product_handle": ""},
        {"product_id": ""},
        {"reviewer_email": "", "reviewer_name": "Ben"},
        {"reviewer_email": ""},
        {"review_date": "2025-03-02 10:12:01 UTC"},
    ]
    rows = parse(tmp_path, "judgeme.review", reviews({}, *others))
    assert len({key(row) for row in rows}) == 6
    assert [row["product_reference"] for row in rows[:3]] == ["7210448301122", "shop", "linen-apron"]


def test_the_mail_that_asked_is_the_same_however_blanks_are_written(tmp_path):
    mail = {
        "email_address": "a@b.example",
        "order_id": "1001",
        "product_id": None,
        "email_type": "trr",
        "reminder_num": 0,
    }
    opened = mail | {"opened_timestamp": "2025-01-02T10:00:00.000Z", "product_id": "", "reminder_num": 0.0}
    one, two, three = parse(
        tmp_path, "yotpo.review_request", json.dumps({"records": [mail, opened, mail | {"reminder_num": 1}]})
    )
    assert one["request_id"] == two["request_id"] != three["request_id"]
    assert one["reviewer_id"] == two["reviewer_id"] == hashlib.md5(b"a@b.example").hexdigest()


@pytest.mark.parametrize(
    ("name", "schema", "not_read"),
    [
        ("yotpo.review", "reviews/airbyte_MIT_yotpo/schemas/reviews.json", set()),
        ("yotpo.review_request", "reviews/airbyte_MIT_yotpo/schemas/raw_data.json", set()),
        ("yotpo.unsubscriber", "reviews/airbyte_MIT_yotpo/schemas/unsubscribers.json", set()),
        ("trustpilot.private_review", "reviews/airbyte_MIT_trustpilot/schemas/private_reviews.json", set()),
    ],
)
def test_every_published_field_is_read(tmp_path, samples, name, schema, not_read):
    def example(node):
        kinds = node.get("type", "string")
        kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
        match kinds[0] if kinds else "string":
            case "object":
                return {field: example(inner) for field, inner in node["properties"].items()}
            case "array":
                return [example(node["items"])]
            case "boolean":
                return False
            case "integer" | "number":
                return 4
        return "2025-01-02T10:00:00.000Z" if node.get("format") == "date-time" or "timestamp" in str(node) else "x"

    published = json.loads((samples / schema).read_text())
    record = {
        field: "2025-01-02T10:00:00.000Z" if field.endswith("_timestamp") else example(node)
        for field, node in published["properties"].items()
    }
    (row,) = parse(tmp_path, name, json.dumps(record))
    assert row["_extra"] is None
    assert not {column for column, value in row.items() if value is None} - {"_extra", *not_read}


MENTION = {
    "resourceId": "abc", "url": "https://x.example/1", "date": "2025-01-01T10:00:00.000+0000", "author": "anna",
    "domain": "x.example", "pageType": "twitter", "snippet": "", "sentiment": "positive",
}  # fmt: skip


def test_one_mention_of_two_queries_is_one_row_and_both_queries_are_kept(tmp_path):
    found = [
        MENTION | {"queryId": n, "queryName": f"query {n}", "added": f"2025-02-0{n}T00:00:00.000+0000"} for n in (1, 2)
    ]
    text = json.dumps({"results": found})
    mentions = parse(tmp_path, "brandwatch.mention", text)
    assert len({(row["mention_id"], row["_row_hash"]) for row in mentions}) == 1
    queries = parse(tmp_path, "brandwatch.mention_query", text)
    assert [(row["mention_id"], row["query_id"]) for row in queries] == [("abc", "1"), ("abc", "2")]
    assert not any("anna" in str(row) for row in queries)


def test_a_mention_without_a_resource_id_is_known_by_its_address(tmp_path):
    del (other := dict(MENTION))["resourceId"]
    assert parse(tmp_path, "brandwatch.mention", json.dumps([other]))[0]["mention_id"] == MENTION["url"]


def test_nothing_of_a_sprout_message_is_lost(tmp_path):
    message = {
        "guid": "g1", "post_type": "TWITTER_DIRECT_MESSAGE", "network": "TWITTER", "text": "Hi", "new": 1,
        "created_time": "2025-01-01T10:00:00Z", "from": {"guid": "t:1", "screen_name": "anna", "name": "Anna"},
        "customer_profile_id": 12,
    }  # fmt: skip
    (row,) = parse(tmp_path, "sprout.message", json.dumps({"data": [message]}))
    assert (row["from_id"], row["from_username"], json.loads(row["_extra"])) == ("t:1", "anna", {"new": 1})


@pytest.mark.parametrize("platform", ["judgeme", "yotpo", "trustpilot", "brandwatch", "sprout"])
def test_no_key_holds_an_address(platform):
    for export in connectors.load_contract(platform).objects.values():
        assert not {export.columns[name].pii for name in export.key} & {"email", "phone", "name"}


@pytest.mark.parametrize(
    ("page", "domain", "author", "key"),
    [
        ("twitter", "twitter.com", "@Anna", "x:anna"),
        (None, "x.com", "anna", "x:anna"),
        ("facebook_public", "facebook.com", "Anna", "facebook:anna"),
        (None, "old.reddit.com", "anna", "reddit:anna"),
        ("forum", "cooking.example", "Anna", "cooking.example:anna"),
        ("news", "paper.example", "Desk", None),
        ("instagram", "instagram.com", None, None),
    ],
)
def test_an_author_is_known_on_one_network(tmp_path, page, domain, author, key):
    changed = MENTION | {"pageType": page, "domain": domain, "author": author}
    (row,) = parse(tmp_path, "brandwatch.mention", json.dumps(changed))
    assert row["author_key"] == key


AUDIENCE = (
    "Email Address,First Name,Last Name,Address,Phone Number,Birthday,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
    "CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)


def test_an_audiences_archive_tells_the_status_by_the_name_of_the_file(tmp_path):
    line = (
        "{mail},Anna,K,,,03/14,2,2015-03-16 14:40:47,,2015-03-16 14:41:00,,,,,,,"
        'GB,,2020-01-01 10:00:00,{leid},e{leid},"a,","""VIP"",""Blog"""'
    )
    path = tmp_path / "audience_export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, status in enumerate(("subscribed", "unsubscribed", "cleaned"), 1):
            more = ("", "") if status != "unsubscribed" else (",UNSUB_TIME,UNSUB_REASON", ",2021-05-01 09:00:00,N/A")
            cells = line.format(mail=f"Anna{number}@home.example", leid=number)
            archive.writestr(f"{status}_members_export_abc.csv", f"{AUDIENCE}{more[0]}\n{cells}{more[1]}\n")
    export = find_object("mailchimp", "audience_member")
    sources = open_sources("mailchimp", export, export.files[0], path, path.name, lambda table: None)
    rows = [row for source in sources for batch in source.batches() for row in batch.to_pylist()]
    assert sorted((row["leid"], row["status"]) for row in rows) == [
        ("1", "subscribed"), ("2", "unsubscribed"), ("3", "cleaned"),
    ]  # fmt: skip
    for row in rows:
        assert row["recipient_id"] == hashlib.md5(row["email"].lower().encode()).hexdigest()
        assert (row["tags"], row["notes"], row["_extra"]) == ('"VIP","Blog"', "a,", None)
        assert (row["unsub_time"] is not None) == (row["status"] == "unsubscribed")


def test_a_report_above_the_header_of_mentions_is_no_data(tmp_path):
    report = "Report:,Bulk mentions\nBrand:,Journeyline\nFrom:,Mon Mar 02 2026\n\n"
    header = (
        "Query Id,Query Name,Date,Title,Snippet,Url,Domain,Sentiment,Page Type,Author,Full Name,Added,Resource Id\n"
    )
    row = "1,q,2026-03-02 10:00:00.0,Hello,Text,https://x.example/1,x.com,positive,twitter,Anna,Anna K,2026-03-02,abc\n"
    (found,) = parse(tmp_path, "brandwatch.mention", report + header + row, form=1, file="mentions.csv")
    assert (found["mention_id"], found["author_key"], found["fullname"], found["_extra"]) == (
        "abc",
        "x:anna",
        "Anna K",
        None,
    )
