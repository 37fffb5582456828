"""Whole files through the parser: documents, transforms, hashes, sizes. No database."""

from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pytest

from connectors.contracts import find_object
from connectors.errors import FileRejectedError, UnsafePathError
from connectors.parsing.limits import Limits
from connectors.parsing.source import open_sources
from connectors.places import LocalFolder
from connectors.places.base import is_data


def parse(tmp_path, name, text, form=0, limits=None, file="file"):
    platform, object_name = name.split(".")
    export = find_object(platform, object_name)
    path = tmp_path / file
    path.write_text(text, encoding="utf-8", newline="")
    rejected: list[pa.Table] = []
    (source,) = open_sources(platform, export, export.files[form], path, file, rejected.append, limits)
    rows = [row for batch in source.batches() for row in batch.to_pylist()]
    assert source.rows_read == len(rows) + source.rejects.count
    return rows, [row for table in rejected for row in table.to_pylist()]


COMMENT = {"id": "1", "text": "hi", "timestamp": "2020-02-24T09:15:16+0000", "from": {"id": "7", "username": "u"}}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"data": [COMMENT], "paging": {}}),
        json.dumps({"data": [COMMENT], "paging": {}}, indent=2),
        json.dumps({"1": COMMENT}, indent=2),
        json.dumps({"1": COMMENT}),
        json.dumps(COMMENT, indent=2),
        json.dumps(COMMENT),
        json.dumps([COMMENT], indent=2),
        "\n" + json.dumps(COMMENT) + "\r\n\n",
    ],
)
def test_all_shapes_of_a_document_give_the_same_row(tmp_path, text):
    rows, rejected = parse(tmp_path, "instagram.comment", text)
    ((row,), reference) = rows, parse(tmp_path, "instagram.comment", json.dumps(COMMENT))[0][0]
    assert not rejected
    assert row["_row_hash"] == reference["_row_hash"]
    assert (row["id"], row["from_id"], row["_extra"]) == ("1", "7", None)


def test_messages_and_conversations_come_from_one_file(tmp_path):
    threads = [
        {
            "id": f"t{n}", "updated_time": "1687774887", "participants": {"data": [{"id": "9", "username": "brand"}]},
            "messages": {"data": [
                {"id": f"m{n}{i}", "created_time": "2022-07-12T19:11:07+0000", "from": {"id": "9"},
                "to": {"data": [{"id": "8"}]},
                 "message": "hello"} for i in range(n)
            ]},
        }
        for n in range(3)
    ]  # fmt: skip
    text = json.dumps({"data": threads}) + "\n" + json.dumps({"data": []}) + "\n"
    conversations, _ = parse(tmp_path, "instagram.conversation", text)
    messages, _ = parse(tmp_path, "instagram.message", text)
    assert [row["id"] for row in conversations] == ["t0", "t1", "t2"]
    assert all(row["_extra"] is None for row in conversations)
    assert [(row["id"], row["conversation_id"], row["to_id"]) for row in messages] == [
        ("m10", "t1", "8"), ("m20", "t2", "8"), ("m21", "t2", "8"),
    ]  # fmt: skip
    assert len({row["_source_line"] for row in messages}) == 3


def test_row_numbers_stay_unique_when_pages_and_plain_lines_are_mixed(tmp_path):
    lines = [{"data": [COMMENT | {"id": str(n)} for n in range(5)]}, COMMENT | {"id": "a"}, COMMENT | {"id": "b"}]
    rows, _ = parse(tmp_path, "instagram.comment", "\n".join(map(json.dumps, lines)))
    assert [row["_source_line"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]


def test_plain_lines_have_their_own_number(tmp_path):
    text = "\n".join(
        [json.dumps({"id": 1, "value": "v", "user_id": 2, "type": "email"}), "", json.dumps({"id": 2, "user_id": 3})]
    )
    rows, rejected = parse(tmp_path, "zendesk.user_identity", text)
    assert [row["_source_line"] for row in rows] == [1]
    assert [(row["line_number"], row["column_name"]) for row in rejected] == [(3, "type")]


def test_what_no_column_reads_is_kept(tmp_path):
    comment = COMMENT | {"from": {"id": "7", "new": True}, "mood": {"a": [1]}, "nothing": None}
    rows, _ = parse(tmp_path, "instagram.comment", json.dumps(comment))
    assert json.loads(rows[0]["_extra"]) == {"from": {"id": "7", "new": True}, "mood": {"a": [1]}}


def test_hash_ignores_volatile_columns_and_spelling_but_not_content(tmp_path):
    first = {"id": "1", "media_url": "a", "timestamp": "2020-02-24T09:15:16+0000", "caption": "x"}
    same = first | {"media_url": "b", "timestamp": "2020-02-24T10:15:16+01:00"}
    other = first | {"caption": None}
    rows, _ = parse(tmp_path, "instagram.media", "\n".join(map(json.dumps, [first, same, other])))
    hashes = [row["_row_hash"] for row in rows]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_document_that_is_too_large_says_what_to_do(tmp_path):
    text = json.dumps({"data": [COMMENT] * 100}, indent=1)
    with pytest.raises(FileRejectedError, match="JOURNEYLINE_MAX_DOCUMENT_BYTES"):
        parse(tmp_path, "instagram.comment", text, limits=Limits(block=512, record=512, document=2000))


def order_file(orders):
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["Name", "Id", "Total", "Created at", "Lineitem name"])
    for name, lines in orders:
        for n in range(lines):
            first = [f"'{len(name)}00", "10.00"] if n == 0 else ["", ""]
            writer.writerow([name, *first, "2025-05-11 09:55:16 -0400", f"line {n}"])
    return buffer.getvalue()


@pytest.mark.parametrize("block", [64, 200, 100_000])
def test_lines_are_numbered_across_blocks(tmp_path, block):
    orders = [("#1", 5), ("#22", 1), ("#333", 7), ("#1", 2)]  # the last: the same order once more
    limits = Limits(block=block, record=5000)
    rows, _ = parse(tmp_path, "shopify.orders_export", order_file(orders), limits=limits)
    assert [(row["name"], row["line_number"]) for row in rows] == [
        (name, n + 1) for name, lines in orders for n in range(lines)
    ]
    assert [row["order_id"] for row in rows] == [f"{len(name)}00" for name, lines in orders for _ in range(lines)]
    assert [row["is_first_line"] for row in rows] == [n == 0 for _, lines in orders for n in range(lines)]


def test_customer_keys_of_both_header_generations(tmp_path):
    new = "Customer ID,First Name,Last Name,Email,Phone\n'72,A,B,a@x.org,\n"
    old = "First Name,Last Name,Email,Company,Phone,Accepts Marketing\nA,B,A@x.org,,,yes\nA,B,,,'+31 6,no\nA,B,,,,no\n"
    rows, _ = parse(tmp_path, "shopify.customers_export", new)
    assert [row["customer_key"] for row in rows] == ["id:72"]
    rows, _ = parse(tmp_path, "shopify.customers_export", "\ufeff" + old)
    assert [row["customer_key"].split(":")[0] for row in rows] == ["email", "phone", "row"]
    assert rows[0]["customer_key"] == "email:a@x.org"
    assert [row["accepts_email_marketing"] for row in rows] == [True, False, False]


def test_segment_types_and_ids_are_completed(tmp_path):
    messages = [
        {"action": "track", "event": "E"},
        {"traits": {"email": "a"}},
        {"traits": {"email": "a"}},
        {"previousId": "p"},
    ]
    rows, _ = parse(tmp_path, "segment.message", "\n".join(map(json.dumps, messages)))
    assert [row["type"] for row in rows] == ["track", "identify", "identify", "alias"]
    assert rows[1]["message_id"] == rows[2]["message_id"] != rows[0]["message_id"]


def test_a_header_that_comes_twice(tmp_path):
    text = "Name,Created at,Vendor,Vendor,x,x\n#1,2025-01-01,a,b,c,d\n"
    rows, _ = parse(tmp_path, "shopify.orders_export", text)
    assert rows[0]["vendor"] == "a"
    assert json.loads(rows[0]["_extra"]) == {"Vendor (4)": "b", "x": "c", "x (6)": "d"}


def test_paths_that_climb_out_are_refused(tmp_path):
    import datetime as dt

    (tmp_path / "exports/shop/a").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("x")
    (tmp_path / "exports/shop/a/link.csv").symlink_to(tmp_path / "secret.csv")
    place = LocalFolder(tmp_path / "exports")
    for pattern in ("a/*.csv", "../../secret.csv"):
        with pytest.raises(UnsafePathError, match="leads out"):
            place.find("shop", pattern, dt.date(2025, 1, 1))


def test_unfinished_and_marker_files_are_left_alone(tmp_path):
    import datetime as dt

    folder = tmp_path / "shop/dt=2025-01-01"
    folder.mkdir(parents=True)
    for name in ("_SUCCESS.csv", ".hidden.csv", "b.csv.part", "a.csv"):
        (folder / name).write_text("x")
    files = LocalFolder(tmp_path).find("shop", "dt={date}/*.csv*", dt.date(2025, 1, 1))
    assert [file.name for file in files if is_data(file.name)] == ["a.csv"]
