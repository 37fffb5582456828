"""Every real file of the five platforms that a contract object describes loads, every row accounted for.

Expected counts come from plain csv and json reading here, never from the parser.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from pathlib import Path

import pytest

import connectors
import warehouse

NIGHT = "2025-05-12"
GRAPH = "instagram/python_facebook_apache2"
SEEDS = "shopify/fivetran_seeds/shopify"
REST = "shopify/shopify_python_api_MIT"
DESK = "zendesk/fivetran_seeds"
# platform.object → sample files (patterns below the samples folder)
FILES = {
    "instagram.comment": [f"{GRAPH}/comments/*.json", f"{GRAPH}/medias/comments_p*.json",
    f"{GRAPH}/models/ig_comment.json"],
    "instagram.media": [
        f"{GRAPH}/medias/media*.json", f"{GRAPH}/medias/children.json", f"{GRAPH}/users/medias_p*.json",
        f"{GRAPH}/models/ig_media.json", "instagram/airbyte_MIT/expected_records.jsonl",
        "instagram/fivetran_seeds/*media_history_data.csv",
    ],
    "instagram.story": [f"{GRAPH}/stories/*.json", f"{GRAPH}/users/stories.json", f"{GRAPH}/models/ig_story.json"],
    "instagram.mention": [f"{GRAPH}/users/mentioned_*.json", f"{GRAPH}/users/tagged_medias.json"],
    "instagram.product_tag": [f"{GRAPH}/medias/product_tags.json", f"{GRAPH}/users/catalog_product_search.json"],
    "instagram.media_insight": [f"{GRAPH}/medias/insights*.json", "instagram/fivetran_seeds/*media_insights_data.csv"],
    "instagram.account_insight": [f"{GRAPH}/users/user_insights*.json", f"{GRAPH}/models/ig_insight.json"],
    "instagram.account": [
        f"{GRAPH}/users/user_fields.json", f"{GRAPH}/models/ig_user.json",
        "instagram/airbyte_MIT/expected_records.jsonl",
        "instagram/fivetran_seeds/*user_history_data.csv",
    ],
    "instagram.account_demographic": ["instagram/airbyte_MIT/expected_records.jsonl"],
    "segment.message": ["segment/segment_docs_CCBY4/*.ndjson", "segment/dbt_labs_apache2/*.csv"],
    "shopify.fulfillment_event": [f"{REST}/fulfillment_event.json", f"{SEEDS}*_fulfillment_event_data.csv"],
    "shopify.order": [f"{REST}/order.json", f"{REST}/orders.json", f"{SEEDS}_order_data.csv",
    f"{SEEDS}_gql_order_data.csv"],
    "shopify.customer": [
        f"{REST}/customer.json", f"{REST}/customers_search.json", f"{SEEDS}_customer_data.csv",
        f"{SEEDS}_gql_customer_data.csv"
    ],
    "shopify.refund": [f"{REST}/refund.json", f"{SEEDS}_refund_data.csv", f"{SEEDS}_gql_refund_data.csv"],
    "shopify.return": [f"{SEEDS}_gql_return_data.csv"],
    "shopify.fulfillment": [f"{REST}/fulfillment.json", f"{SEEDS}_fulfillment_data.csv",
    f"{SEEDS}_gql_fulfillment_data.csv"],
    "shopify.transaction": [f"{REST}/transactions.json", f"{SEEDS}_transaction_data.csv",
    f"{SEEDS}_gql_transaction_data.csv"],
    "shopify.abandoned_checkout": [
        f"{REST}/checkouts.json", f"{SEEDS}_abandoned_checkout_data.csv", f"{SEEDS}_gql_abandoned_checkout_data.csv"
    ],
    "shopify.customer_journey": [f"{SEEDS}_gql_customer_visit_data.csv"],
    "zendesk.ticket": [f"{DESK}/ticket_data.csv"],
    "zendesk.ticket_comment": [f"{DESK}/ticket_comment_data.csv"],
    "zendesk.user": [f"{DESK}/user_data.csv"],
    "zendesk.organization": [f"{DESK}/organization_data.csv"],
    "zendesk.chat": [f"{DESK}/ticket_chat_data.csv", "zendesk/airbyte_MIT_chat/expected_records.jsonl"],
}  # fmt: skip
STREAMS = {
    "instagram.media": "media", "instagram.account": "users", "instagram.account_demographic": "user_lifetime_insights",
    "zendesk.chat": "chats",
}  # fmt: skip
ROOTS = ("order", "customer", "refund", "fulfillment", "fulfillment_event", "mentioned_comment", "mentioned_media")
LISTS = ("data", "orders", "customers", "checkouts")


def expected_rows(name: str, path: Path) -> int:
    """Rows of a file, counted the plain way."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".csv":
        return sum(1 for row in csv.reader(io.StringIO(text, newline="")) if row) - 1
    if path.suffix in (".jsonl", ".ndjson"):
        documents = [json.loads(line) for line in text.splitlines() if line.strip()]
        return sum(document.get("stream", STREAMS.get(name)) == STREAMS.get(name) for document in documents)
    document = json.loads(text)
    if isinstance(document, list):
        return len(document)
    for key in LISTS:
        if isinstance(document.get(key), list):
            records = document[key]
            break
    else:
        wrapped = [document[key] for key in ROOTS if isinstance(document.get(key), dict) and len(document) <= 2]
        keyed = [value for key, value in document.items() if isinstance(value, dict) and value.get("id") == key]
        records = wrapped or keyed or [document]
    replies = (
        sum(len(record.get("replies", {}).get("data", [])) for record in records) if name.endswith("comment") else 0
    )
    return len(records) + replies


@pytest.fixture(scope="module")
def landed(module_database, samples, tmp_path_factory):
    """(batches by platform.object, expected rows by (platform.object, file name))."""
    root = tmp_path_factory.mktemp("exports")
    expected = {}
    for name, patterns in FILES.items():
        platform, object_name = name.split(".")
        folder = root / platform / object_name / f"dt={NIGHT}"
        folder.mkdir(parents=True)
        for pattern in patterns:
            found = sorted(samples.glob(pattern))
            assert found, pattern
            for path in found:
                target = folder / f"{path.parent.name}_{path.name}"
                shutil.copyfile(path, target)
                expected[name, target.name] = expected_rows(name, path)
    batches = {}
    for platform in ("instagram", "segment", "shopify", "zendesk"):
        batches |= {f"{platform}.{batch.object}": batch for batch in connectors.land(platform, NIGHT, str(root))}
    return batches, expected


@pytest.mark.parametrize("name", FILES)
def test_every_row_of_every_file_lands(landed, name):
    batches, expected = landed
    batch = batches[name]
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select file_name, rows_read from ops.batch_files where batch_id = %s", (batch.batch_id,)
        ).fetchall()
        table = name.replace(".", "__")
        landed_rows = connection.execute(
            f"select count(*) from landing.{table} where _batch_id = %s", (batch.batch_id,)
        ).fetchone()[0]
    wanted = {file: count for (owner, file), count in expected.items() if owner == name}
    assert {file.rsplit("/", 1)[-1]: count for file, count in rows} == wanted
    assert (batch.status, batch.rows_rejected) == ("landed", 0), batch.reason
    assert batch.rows_landed == landed_rows == sum(wanted.values())


@pytest.mark.parametrize("name", FILES)
def test_the_landed_rows_are_promoted_and_accounted(landed, name):
    batch = landed[0][name]
    result = warehouse.promote(batch.batch_id, connectors.table_spec(batch.platform, batch.object), unaudited=True)
    assert result.rows_read == result.rows_inserted + result.rows_duplicate
    assert result.rows_inserted > 0


def test_replies_know_their_comment(landed):
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select parent_id, media_id from raw.instagram__comment where id = '17845747489952795'"
        ).fetchall()
    assert rows == [("17892250648466172", "17846368219941692")]


def test_days_of_a_real_till(module_database, samples):
    root = samples / "online_retail"
    files = sorted(root.glob("*.csv.gz"))
    assert len(files) == 60
    exports = Path(warehouse.settings().home) / "till"
    rows = without_customer = 0
    quantity = 0
    for path in files[:6]:
        day = path.name.removesuffix(".csv.gz")
        folder = exports / "point_of_sale" / "invoice_line" / f"dt={day}"
        folder.mkdir(parents=True)
        shutil.copyfile(path, folder / path.name)
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        (batch,) = connectors.land("point_of_sale", day, str(exports))
        assert (batch.status, batch.rows_landed, batch.rows_rejected) == ("landed", len(lines), 0)
        warehouse.promote(batch.batch_id, connectors.table_spec("point_of_sale", "invoice_line"), unaudited=True)
        rows += len(lines)
        without_customer += sum(not line["CustomerID"] for line in lines)
        quantity += sum(int(line["Quantity"]) for line in lines)
    with warehouse.connect() as connection:
        found = connection.execute(
            "select count(*), count(*) filter (where customer_id is null), sum(quantity),"
            " count(*) filter (where customer_id like '%.%') from raw.point_of_sale__invoice_line"
        ).fetchone()
    assert found == (rows, without_customer, quantity, 0)
