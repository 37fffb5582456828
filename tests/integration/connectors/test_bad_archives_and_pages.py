"""Archives that are damaged or bombs, and pages that tell of an error in place of data: a message that helps."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest

import connectors
import warehouse
from tests.integration.connectors.orders_night import NIGHT, ROWS, land_orders, landed_column, shop


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_a_zipped_file_is_read(exports):
    exports[1].write_bytes(zipped({"orders_export_1.csv": shop.as_csv(shop.order_lines()).encode()}))
    batch = land_orders(exports)
    assert (batch.status, batch.rows_landed) == ("landed", ROWS)
    assert set(landed_column("_source_file")) == {f"orders_export/dt={NIGHT}/orders.csv/orders_export_1.csv"}


ORDERS = shop.as_csv(shop.order_lines(200)).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped({"a.csv": ORDERS})[:-40], "the zip archive is cut off or damaged"),
        (zipped({"a.csv": ORDERS}).replace(b"PK\x01\x02", b"XXXX"), "the zip archive is cut off or damaged"),
        (zipped({"a.csv": ORDERS, "b.csv": ORDERS}), "is a zip archive of 2 files"),
        (zipped({"a.zip": zipped({"a.csv": ORDERS})}), "is an archive inside an archive"),
        (gzip.compress(gzip.compress(ORDERS)), "is an archive inside an archive"),
        (zipped({"a.csv": ORDERS + b"x" * 5_000_000}), "unpacks to more than 1,000,000 bytes"),
        (gzip.compress(ORDERS + b"x" * 5_000_000), "JOURNEYLINE_MAX_UNPACKED_BYTES"),
    ],
    ids=lambda value: "archive" if isinstance(value, bytes) else None,  # archives hold the time of day
)
def test_archives_that_are_damaged_or_bombs(exports, monkeypatch, content, words):
    monkeypatch.setenv("JOURNEYLINE_MAX_UNPACKED_BYTES", "1000000")
    exports[1].write_bytes(content)
    batch = land_orders(exports)
    assert batch.status == "rejected"
    assert words in batch.reason


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("<!DOCTYPE html>\n<html><title>503 Service Unavailable</title><body>mary@x.org</body></html>", "(503)"),
        ("<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>mary</Message></Error>", "(AccessDenied)"),
        ('{"errors": "[API] Invalid API key or access token mary@x.org"}', "(no code)"),
        ('{"error": {"code": 403, "message": "mary", "errors": [{"reason": "quotaExceeded"}]}}', "403 quotaExceeded"),
        ('[{"message": "mary@x.org", "errorCode": "INVALID_SESSION_ID"}]', "INVALID_SESSION_ID"),
    ],
)  # fmt: skip
def test_an_error_page_instead_of_a_csv(exports, content, code):
    exports[1].write_text(content)
    batch = land_orders(exports)
    assert batch.status == "rejected"
    assert code in batch.reason
    assert "mary" not in batch.reason
    assert "error" in batch.reason


def test_json_instead_of_a_csv(exports):
    exports[1].write_text('{"orders": []}\n')
    assert "is JSON, the contract says csv" in land_orders(exports).reason


ERRORS = {
    "Graph": (
        {"error": {"message": "mary", "type": "OAuthException", "code": 190, "error_subcode": 463}},
        "OAuthException 190 463",
    ),
    "Zendesk": ({"error": "InvalidEndpoint", "description": "mary"}, "InvalidEndpoint"),
    "Klaviyo": (
        {"errors": [{"id": "1", "status": 401, "code": "not_authenticated", "title": "mary"}]}, "401 not_authenticated",
    ),
    "Mailchimp": ({"type": "https://x.org", "title": "mary mary", "status": 403, "detail": "mary"}, "403"),
    "HubSpot": ({"status": "error", "message": "mary", "category": "EXPIRED_AUTHENTICATION"}, "EXPIRED_AUTHENTICATION"),
    "a page": ("<html><title>502 Bad Gateway</title></html>", "502"),
}  # fmt: skip


@pytest.mark.parametrize("vendor", ERRORS)
@pytest.mark.parametrize("name", ["instagram.comment", "segment.message"])
def test_an_error_page_instead_of_json(database, tmp_path, vendor, name):
    content, code = ERRORS[vendor]
    platform, object_name = name.split(".")
    folder = tmp_path / "exports" / platform / object_name / f"dt={NIGHT}"
    folder.mkdir(parents=True)
    (folder / "p1.json").write_text(content if isinstance(content, str) else json.dumps(content))
    batch = {b.object: b for b in connectors.land(platform, NIGHT, str(tmp_path / "exports"))}[object_name]
    assert batch.status == "rejected"
    assert code in batch.reason
    assert "error" in batch.reason
    assert "mary" not in batch.reason


def test_an_error_page_among_good_pages(database, tmp_path):
    folder = tmp_path / "exports/instagram/comment" / f"dt={NIGHT}"
    folder.mkdir(parents=True)
    good = {"data": [{"id": "1", "timestamp": "2025-05-12T10:00:00+0000"}]}
    (folder / "pages.jsonl").write_text(f"{json.dumps(good)}\n{json.dumps(ERRORS['Graph'][0])}\n")
    batch = {b.object: b for b in connectors.land("instagram", NIGHT, str(tmp_path / "exports"))}["comment"]
    assert batch.status == "rejected"
    assert "OAuthException 190 463" in batch.reason


def test_half_a_compressed_json_file(database, tmp_path):
    folder = tmp_path / "exports/segment/message" / f"dt={NIGHT}"
    folder.mkdir(parents=True)
    lines = "".join(json.dumps({"messageId": f"m{n}", "type": "page"}) + "\n" for n in range(5000))
    whole = gzip.compress(lines.encode())
    (folder / "a.json.gz").write_bytes(whole[: len(whole) // 2])
    (batch,) = connectors.land("segment", NIGHT, str(tmp_path / "exports"))
    assert batch.status == "rejected"
    assert "cut off or damaged" in batch.reason
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from landing.segment__message").fetchone()[0] == 0


def test_a_crashed_attempt_leaves_nothing_behind(exports):
    first = land_orders(exports)
    second = land_orders(exports)
    assert warehouse.read_batch(first.batch_id).status == "failed"
    assert second.rows_landed == len(landed_column("name"))
