"""Every way in which an export can be broken: a clear message, a ledger entry, and nothing else stops."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import connectors
import warehouse
from tests.integration.connectors.orders_night import NIGHT, ROWS, land_orders, landed_column, rejects, shop


def test_a_good_night(exports):
    batch = land_orders(exports)
    assert (batch.status, batch.rows_read, batch.rows_rejected) == ("landed", ROWS, 0)
    assert landed_column("line_number") == [1, 2] * 3
    assert landed_column("order_id") == [f"500000000000{n}" for n in (1, 1, 2, 2, 3, 3)]
    assert landed_column("is_first_line") == [True, False] * 3
    assert landed_column("billing_zip")[:2] == ["75008", None]
    assert landed_column("notes")[0] == 'ring "twice",\nthen wait'
    assert landed_column("_source_line") == [2, 4, 5, 7, 8, 10]  # the notes have a line break


def test_missing_file(exports):
    exports[1].unlink()
    batch = land_orders(exports)
    assert batch.status == "missing"
    assert "orders_export/dt=2025-05-12" in batch.reason
    assert "pull this date again" in batch.reason


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_empty_file(exports, content):
    exports[1].write_bytes(content)
    batch = land_orders(exports)
    assert batch.status == "rejected"
    assert "is empty, not even a header" in batch.reason


def test_header_only_where_a_quiet_night_is_normal(exports):
    exports[1].write_text(shop.as_csv([]))
    batch = land_orders(exports)
    assert (batch.status, batch.rows_read) == ("landed", 0)


def test_header_only_where_it_is_not(database, tmp_path):
    folder = tmp_path / "exports/point_of_sale/invoice_line" / f"dt={NIGHT}"
    folder.mkdir(parents=True)
    (folder / "day.csv").write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    )
    (batch,) = connectors.land("point_of_sale", NIGHT, str(tmp_path / "exports"))
    assert batch.status == "rejected"
    assert "has a header but no rows" in batch.reason


def test_truncated_gzip(exports):
    whole = gzip.compress(shop.as_csv(shop.order_lines(500)).encode())
    exports[1].rename(exports[1].with_suffix(".csv.gz")).write_bytes(whole[: len(whole) // 2])
    batch = land_orders(exports)
    assert batch.status == "rejected"
    assert "cut off or damaged" in batch.reason
    assert "again" in batch.reason


def test_gzip_without_its_ending(exports):
    exports[1].write_bytes(b"\x1f\x8b" + b"not gzip at all")
    assert land_orders(exports).status == "rejected"


@pytest.mark.parametrize("compress", ["gzip", "zstd"])
def test_compressed_files_are_told_by_content(exports, compress):
    import pyarrow as pa

    with pa.CompressedOutputStream(str(exports[1]), compress) as stream:
        stream.write(shop.as_csv(shop.order_lines()).encode())
    assert land_orders(exports).rows_landed == ROWS


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_wrong_delimiter(exports, mark, word):
    exports[1].write_text(shop.as_csv(shop.order_lines(), delimiter=mark))
    batch = land_orders(exports)
    assert batch.status == "rejected"
    assert f"separated by {word}" in batch.reason


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_other_encodings_are_read(exports, encoding):
    exports[1].write_bytes(shop.as_csv(shop.order_lines()).encode(encoding))
    batch = land_orders(exports)
    assert (batch.status, batch.rows_landed, batch.rows_rejected) == ("landed", ROWS, 0)
    assert landed_column("billing_name")[0] == "Åsa Öberg"
    assert landed_column("name")[0] == "#1001"


def test_a_row_that_is_not_utf8(exports):
    text = shop.as_csv(shop.order_lines()).encode().replace("Öberg".encode(), "Öberg".encode("latin-1"), 1)
    exports[1].write_bytes(text)
    batch = land_orders(exports)
    assert (batch.rows_landed, batch.rows_rejected) == (ROWS - 1, 1)
    assert rejects(batch)[0][2] == "the row is not UTF-8 text"


def test_crlf_and_quoted_newlines(exports):
    exports[1].write_bytes(shop.as_csv(shop.order_lines(), end="\r\n").encode())
    batch = land_orders(exports)
    assert (batch.rows_landed, batch.rows_rejected) == (ROWS, 0)
    assert landed_column("payment_references") == [None] * ROWS


def test_missing_required_column(exports):
    exports[1].write_text(shop.as_csv(shop.order_lines(), [name for name in shop.HEADER if name != "Created at"]))
    batch = land_orders(exports)
    assert batch.status == "rejected"
    for word in ("shopify.orders_export", "orders.csv", "created_at", "connectors/contracts/shopify.yml"):
        assert word in batch.reason


def test_missing_optional_column(exports):
    exports[1].write_text(shop.as_csv(shop.order_lines(), [name for name in shop.HEADER if name != "Duties"]))
    batch = land_orders(exports)
    assert (batch.status, batch.rows_landed) == ("landed", ROWS)
    assert landed_column("duties") == [None] * ROWS


def test_new_column_is_kept(exports):
    rows = shop.order_lines()
    rows[0]["Gift wrap"] = "red"
    exports[1].write_text(shop.as_csv(rows, [*shop.HEADER, "Gift wrap"]))
    assert land_orders(exports).rows_landed == ROWS
    assert landed_column("_extra") == [{"Gift wrap": "red"}] + [None] * (ROWS - 1)


def test_a_new_blank_column_changes_no_row(exports):
    land_orders(exports)
    before = landed_column("_row_hash")
    exports[1].write_text(shop.as_csv(shop.order_lines(), [*shop.HEADER, "New"]))
    land_orders(exports)
    assert landed_column("_row_hash") == before


def test_changed_type_rejects_the_rows_it_breaks(exports):
    rows = shop.order_lines()
    rows[3]["Lineitem quantity"] = "two"
    exports[1].write_text(shop.as_csv(rows))
    batch = land_orders(exports)
    assert (batch.status, batch.rows_read, batch.rows_rejected) == ("landed", ROWS, 1)
    ((line, column, reason, advice, text),) = rejects(batch)
    assert (line, column) == (7, "lineitem_quantity")  # two notes with a line break stand above it
    assert "whole number" in reason
    assert "contracts/shopify.yml" in advice
    assert text.startswith("#1002,buyer2@example.org")
    assert "buyer2" not in reason + advice


def test_changed_type_of_every_row_rejects_the_batch(exports):
    rows = [row | {"Created at": "yesterday"} for row in shop.order_lines()]
    exports[1].write_text(shop.as_csv(rows))
    batch = land_orders(exports)
    assert batch.status == "rejected"
    assert "created_at is not a time (6 rows)" in batch.reason
    assert len(rejects(batch)) == ROWS


def test_wrong_number_of_cells(exports):
    text = shop.as_csv(shop.order_lines())
    exports[1].write_text(text + "#1009,too,few\n")
    batch = land_orders(exports)
    assert (batch.rows_landed, batch.rows_rejected) == (ROWS, 1)
    assert rejects(batch)[0][2] == "the row has 3 cells, the header has 79"


def test_the_same_file_twice(exports):
    batch = land_orders(exports)
    warehouse.promote(batch.batch_id, connectors.table_spec("shopify", "orders_export"), unaudited=True)
    again = {b.object: b for b in connectors.land("shopify", NIGHT, str(exports[0]))}["orders_export"]
    assert again.status == "repeated"
    assert f"batch {batch.batch_id}" in again.reason
    copy = exports[1].with_name("orders (1).csv")
    copy.write_bytes(exports[1].read_bytes())
    both = {b.object: b for b in connectors.land("shopify", NIGHT, str(exports[0]))}["orders_export"]
    result = warehouse.promote(both.batch_id, connectors.table_spec("shopify", "orders_export"), unaudited=True)
    assert (result.rows_read, result.rows_unchanged, result.rows_duplicate) == (2 * ROWS, ROWS, ROWS)
    assert result.rows_changed == 0


def test_duplicate_rows_of_an_upsert_object(exports):
    path = exports[0] / "shopify/fulfillment_event" / f"dt={NIGHT}" / "events.jsonl"
    path.write_text(path.read_text() * 3)
    batch = {b.object: b for b in connectors.land("shopify", NIGHT, str(exports[0]))}["fulfillment_event"]
    result = warehouse.promote(batch.batch_id, connectors.table_spec("shopify", "fulfillment_event"), unaudited=True)
    assert (result.rows_read, result.rows_inserted, result.rows_duplicate) == (3, 1, 2)


def test_yesterdays_file_again_with_changes(exports):
    spec = connectors.table_spec("shopify", "orders_export")
    warehouse.promote(land_orders(exports).batch_id, spec, unaudited=True)
    rows = shop.order_lines()
    rows[0]["Refunded Amount"] = "12.50"
    del rows[5]  # the last order lost its second line
    exports[1].write_text(shop.as_csv(rows))
    result = warehouse.promote(land_orders(exports).batch_id, spec, unaudited=True)
    counts = (
        result.rows_read,
        result.rows_inserted,
        result.rows_updated,
        result.rows_unchanged,
        result.rows_tombstoned,
    )
    assert counts == (5, 0, 1, 4, 1)
    with warehouse.connect() as connection:
        amounts = connection.execute("select refunded_amount from raw_history.shopify__orders_export").fetchall()
        gone = connection.execute(
            "select name, line_number from raw.shopify__orders_export where _is_deleted"
        ).fetchall()
    assert [float(amount) for (amount,) in amounts if amount is not None] == [0.0]
    assert gone == [("#1003", 2)]


def test_a_file_of_another_object(exports):
    exports[1].write_text(shop.CUSTOMERS)
    batch = land_orders(exports)
    assert batch.status == "rejected"
    assert "looks like a file of shopify.customers_export" in batch.reason


def test_a_json_file_of_another_platform(exports, tmp_path):
    folder = tmp_path / "exports/zendesk/ticket" / f"dt={NIGHT}"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps({"users": [{"name": "x"}]}, indent=1))
    batch = {b.object: b for b in connectors.land("zendesk", NIGHT, str(tmp_path / "exports"))}["ticket"]
    assert batch.status == "rejected"
    assert "seems to be of another object or platform" in batch.reason


def test_a_vendors_error_page_and_a_cut_off_page(database, tmp_path):
    root = tmp_path / "exports/instagram"
    pages = {
        "comment": '{"error":{"message":"secret","type":"OAuthException","code":190}}',
        "media": '{"data":[{"id":"1"},{"i',
    }
    for name, text in pages.items():
        (root / name / f"dt={NIGHT}").mkdir(parents=True)
        (root / name / f"dt={NIGHT}" / "p1.json").write_text(text)
    batches = {b.object: b for b in connectors.land("instagram", NIGHT, str(tmp_path / "exports"))}
    assert batches["comment"].status == batches["media"].status == "rejected"
    assert "error page of the vendor (OAuthException 190)" in batches["comment"].reason
    assert "secret" not in batches["comment"].reason
    assert "not valid JSON: it is cut off" in batches["media"].reason


def test_broken_lines_among_good_ones(database, tmp_path):
    folder = tmp_path / "exports/segment/message" / f"dt={NIGHT}"
    folder.mkdir(parents=True)
    good = json.dumps({"messageId": "m1", "type": "page", "timestamp": "2025-05-12T10:00:00.123Z"})
    lines = ['{"messageId": "m0", "ty', good, "[1]", "", '{"messageId":"m2","name":"a\\u0000b"}', "caf\udce9"]
    (folder / "a.ndjson").write_text("\n".join(lines), errors="surrogateescape")
    (batch,) = connectors.land("segment", NIGHT, str(tmp_path / "exports"))
    assert (batch.status, batch.rows_read, batch.rows_landed, batch.rows_rejected) == ("landed", 5, 1, 4)
    reasons = [(line, reason) for line, _, reason, _, _ in rejects(batch)]
    assert reasons == [
        (1, "the line is not valid JSON"),
        (3, "the line is no JSON object"),
        (5, "the line has a zero character (\\u0000)"),
        (6, "the line is not UTF-8 text"),
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.ndjson"])
def test_an_endless_line(database, tmp_path, monkeypatch, name):
    monkeypatch.setenv("JOURNEYLINE_MAX_RECORD_BYTES", "100000")
    folder = tmp_path / "exports/segment/message" / f"dt={NIGHT}"
    folder.mkdir(parents=True)
    first, row = ("id,type\n", "m{},page\n") if name == "a.csv" else ("", '{{"messageId":"m{}","type":"page"}}\n')
    (folder / name).write_text(first + row.format(1) + "x" * 3_000_000 + "\n" + row.format(2))
    (batch,) = connectors.land("segment", NIGHT, str(tmp_path / "exports"))
    assert (batch.status, batch.rows_landed, batch.rows_rejected) == ("landed", 2, 1)
    ((line, _, reason, advice, text),) = rejects(batch)
    assert line == (3 if name == "a.csv" else 2)
    assert "longer than 100,000 bytes" in reason
    assert "JOURNEYLINE_MAX_RECORD_BYTES" in advice
    assert len(text) <= 8192


def test_a_link_that_leads_out_of_the_folder(exports, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text(shop.as_csv(shop.order_lines()))
    exports[1].unlink()
    exports[1].symlink_to(secret)
    batch = land_orders(exports)
    assert batch.status == "rejected"
    assert "leads out of the exports folder" in batch.reason
    assert not list(Path(warehouse.settings().home, "landing").glob("**/*secret*"))


def test_sql_in_a_column_name_and_in_cells(exports):
    evil = "x\"; drop table ops.batch_ledger; -- '$$"
    rows = shop.order_lines()
    rows[0] |= {evil: "kept", "Notes": "'); drop table ops.batch_ledger; --"}
    exports[1].write_text(shop.as_csv(rows, [*shop.HEADER, evil]))
    assert land_orders(exports).rows_landed == ROWS
    assert landed_column("_extra")[0] == {evil: "kept"}
    assert landed_column("notes")[0] == "'); drop table ops.batch_ledger; --"


def test_sql_in_a_json_key(database, tmp_path):
    evil = "a'; drop table block; --/\"~ b"
    folder = tmp_path / "exports/segment/message" / f"dt={NIGHT}"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps({"messageId": "m", evil: {"deep": 1}, "none": None}) + "\n")
    (batch,) = connectors.land("segment", NIGHT, str(tmp_path / "exports"))
    assert batch.rows_landed == 1
    with warehouse.connect() as connection:
        assert connection.execute("select _extra from landing.segment__message").fetchone()[0] == {evil: {"deep": 1}}
