"""The exports are what the platforms really send, read with plain csv and json."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import polars as pl

from tests.unit.simulator.conftest import csv_rows, night_files, text_of

Truth = Callable[[str], pl.DataFrame]
SHOP_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d -0[45]00$")
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PER_LINE = {"Name", "Email", "Created at", "Vendor", "Phone", "Sales Channel"}


def broken_lines(truth: Truth, file: Path, brand: Path) -> set[int]:
    faults = truth("faults").filter(
        (pl.col("file") == file.relative_to(brand).as_posix()) & (pl.col("expected_outcome") == "rejected")
    )
    return set(faults["line"].to_list())


def good_rows(brand: Path, truth: Truth, platform: str, name: str) -> list[tuple[Path, dict[str, str]]]:
    rows = []
    for file in night_files(brand, platform, name):
        header, *body = csv_rows(file)
        bad = broken_lines(truth, file, brand)
        for number, row in enumerate(body, start=2):
            if number not in bad:
                assert len(row) == len(header), f"{file}:{number}"
                rows.append((file, dict(zip(header, row, strict=True))))
    return rows


def test_orders_have_the_79_columns_in_order(brand: Path) -> None:
    reference = (Path(__file__).parent / "orders_header.csv").read_text().strip().split(",")
    assert len(reference) == 79
    files = night_files(brand, "shopify", "orders_export")
    assert csv_rows(files[0])[0] == reference
    assert csv_rows(files[-1])[0] == [*reference, "Sales Channel"]


def test_order_level_cells_stand_on_the_first_line_only(brand: Path, truth: Truth) -> None:
    previous: tuple[Path, str] | None = None
    followers = 0
    for file, row in good_rows(brand, truth, "shopify", "orders_export"):
        assert row["Name"].startswith("#") and row["Lineitem sku"] and SHOP_TIME.match(row["Created at"])
        if previous == (file, row["Name"]):
            followers += 1
            filled = {c for c, v in row.items() if v and c not in PER_LINE and not c.startswith("Lineitem")}
            assert not filled
        else:
            assert (
                re.fullmatch(r"'\d+", row["Id"])
                and row["Financial Status"]
                and re.fullmatch(r"\d+\.\d\d", row["Total"])
            )
            for column in ("Billing Zip", "Shipping Zip", "Billing Phone", "Shipping Phone", "Phone"):
                assert not row[column] or row[column].startswith("'")
        previous = (file, row["Name"])
    assert followers > 100


def test_no_order_is_split_within_a_file(brand: Path, truth: Truth) -> None:
    for file in night_files(brand, "shopify", "orders_export"):
        names = [row["Name"] for f, row in good_rows(brand, truth, "shopify", "orders_export") if f == file]
        changes = sum(a != b for a, b in pairwise(names))
        assert changes == len(set(names)) - 1


def test_refunds_are_cumulative_and_only_grow(brand: Path, truth: Truth) -> None:
    seen: dict[str, list[float]] = {}
    for _, row in good_rows(brand, truth, "shopify", "orders_export"):
        if row["Refunded Amount"]:
            seen.setdefault(row["Name"], []).append(float(row["Refunded Amount"]))
    assert all(amounts == sorted(amounts) for amounts in seen.values())
    assert any(len(a) > 1 and a[-1] > a[0] for a in seen.values()), "no order was refunded in a later night"


def test_customers_are_sent_in_full_each_night(brand: Path, truth: Truth) -> None:
    nights: dict[str, set[str]] = {}
    for file, row in good_rows(brand, truth, "shopify", "customers_export"):
        assert re.fullmatch(r"'\d{13}", row["Customer ID"]) and row["Accepts Email Marketing"] in ("yes", "no")
        nights.setdefault(file.parent.name, set()).add(row["Customer ID"])
    sets = [nights[k] for k in sorted(nights)]
    assert len(sets) == 5 and all(a <= b for a, b in pairwise(sets)) and len(sets[-1]) > len(sets[0])


def test_fulfilment_events_have_the_vendors_keys(brand: Path, samples: Path) -> None:
    sample = samples / "shopify" / "shopify_python_api_MIT" / "fulfillment_event.json"
    line = text_of(night_files(brand, "shopify", "fulfillment_event")[0]).split("\n", 1)[0]
    assert json.loads(line).keys() == json.loads(sample.read_text())["fulfillment_event"].keys()


def test_graph_pages(brand: Path) -> None:
    own = others = 0
    for name in ("comment", "conversation"):
        for folder in sorted((brand / "instagram" / name).iterdir()):
            pages = [json.loads(text_of(f)) for f in sorted(folder.iterdir())]
            assert all("next" in p["paging"] for p in pages[:-1]) and "next" not in pages[-1]["paging"]
            for record in (r for p in pages for r in p["data"]):
                if name == "conversation":
                    assert 1 <= len(record["messages"]["data"]) <= 20 and len(record["participants"]["data"]) == 2
                    times = [m["created_time"] for m in record["messages"]["data"]]
                    assert times == sorted(times, reverse=True) and record["updated_time"] == times[0]
                elif record["id"] and record["timestamp"] != "soon":
                    assert record["timestamp"].endswith("+0000")
                    own += "self_ig_scoped_id" in record["from"]
                    others += "self_ig_scoped_id" not in record["from"]
    assert own > 20 and others > own


def test_comments_stand_under_posts_that_were_up(brand: Path, samples: Path) -> None:
    example = json.loads((samples / "instagram/python_facebook_apache2/models/ig_media.json").read_text())
    folders = sorted((brand / "instagram" / "media").iterdir())
    posts = {p["id"]: p for f in folders for page in f.iterdir() for p in json.loads(text_of(page))["data"]}
    first = next(iter(posts.values()))
    assert set(first) - set(example) <= {"media_product_type", "owner", "is_comment_enabled", "thumbnail_url"}
    seen = 0
    for file in night_files(brand, "instagram", "comment"):
        for comment in json.loads(text_of(file))["data"]:
            if comment["timestamp"] != "soon":
                assert posts[comment["media"]["id"]]["timestamp"] < comment["timestamp"]
                seen += 1
    counts = [json.loads(text_of(next(f.iterdir())))["data"][0]["comments_count"] for f in folders]
    assert counts == sorted(counts) and seen > 200


def test_segment_messages_have_their_own_shapes(brand: Path, truth: Truth) -> None:
    kinds: dict[str, int] = {}
    late = 0
    files = night_files(brand, "segment", "message")
    for file in files:
        bad = broken_lines(truth, file, brand)
        for number, line in enumerate(text_of(file).splitlines(), start=1):
            if number in bad:
                continue
            message = json.loads(line)
            kinds[message["type"]] = kinds.get(message["type"], 0) + 1
            assert message["messageId"].startswith("ajs-next-") and re.fullmatch(
                r"[0-9a-f-]{36}", message["anonymousId"]
            )
            assert {"identify": "traits", "page": "properties", "track": "event"}[message["type"]] in message
            assert ISO.fullmatch(message["timestamp"])
            assert message["timestamp"] <= message["receivedAt"]
            late += message["timestamp"][:10] < message["receivedAt"][:10]
            if file.name == "part-000.jsonl.gz" and file.parent != files[0].parent:
                assert message["receivedAt"][:10] == file.parent.name.removeprefix("dt=")
    assert set(kinds) == {"identify", "page", "track"} and late > 100


def test_zendesk_pages(brand: Path) -> None:
    roots = {
        "ticket": "tickets",
        "user": "users",
        "user_identity": "identities",
        "satisfaction_rating": "satisfaction_ratings",
    }
    roles: set[str] = set()
    types: set[str] = set()
    for name, root in roots.items():
        for folder in sorted((brand / "zendesk" / name).iterdir()):
            pages = [json.loads(text_of(f)) for f in sorted(folder.iterdir())]
            assert [p["end_of_stream"] for p in pages] == [False] * (len(pages) - 1) + [True]
            assert all(p["after_cursor"] for p in pages)
            for record in (r for p in pages for r in p[root]):
                roles |= {record["role"]} if name == "user" else set()
                types |= {record["type"]} if name == "user_identity" else set()
    assert roles == {"agent", "admin", "end-user"} and types == {"email", "phone_number", "any_channel"}


def test_till_lines(brand: Path, truth: Truth) -> None:
    rows = [row for _, row in good_rows(brand, truth, "point_of_sale", "invoice_line")]
    assert all(re.fullmatch(r"C?\d{6}", r["InvoiceNo"]) for r in rows)
    assert all(not r["CustomerID"] or re.fullmatch(r"\d+\.0", r["CustomerID"]) for r in rows)
    assert all((int(r["Quantity"]) < 0) == r["InvoiceNo"].startswith("C") for r in rows)
    blank = sum(not r["CustomerID"] for r in rows) / len(rows)
    assert 0.2 < blank < 0.8 and all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", r["InvoiceDate"]) for r in rows)
