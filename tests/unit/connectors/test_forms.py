"""What a contract can say about a file's form: headers, words for nothing, constants, selections, rows of others."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pyarrow as pa
import pytest

from connectors.contracts import read_contract
from connectors.errors import ContractError, FileRejectedError
from connectors.parsing.limits import Limits
from connectors.parsing.source import open_sources

CONTRACT = """
platform: shop
title: Shop
description: A shop.
objects:
  sale:
    description: One row = one sale.
    files: [{{pattern: "sale/dt={{date}}/*", {form}}}]
    key: [id]
    empty: allowed
    columns: {{{columns}}}
"""
COLUMNS = "id: {required: true}, amount: {type: integer}, note: {}"


def contract(folder, form, columns=COLUMNS):
    path = folder / "shop.yml"
    path.write_text(CONTRACT.format(form=form, columns=columns), encoding="utf-8")
    return read_contract(path).objects["sale"]


def parse(folder, form, content, columns=COLUMNS, sizes=None, name="file"):
    """(rows, rejected rows, sources) of one file of an object with this form."""
    export = contract(folder, form, columns)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    rejected: list[pa.Table] = []
    sources = open_sources("shop", export, export.files[0], path, name, rejected.append, sizes)
    rows = [row for source in sources for batch in source.batches() for row in batch.to_pylist()]
    assert sum(source.rows_read for source in sources) == len(rows) + sum(len(table) for table in rejected)
    return rows, [row for table in rejected for row in table.to_pylist()], sources


def values(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


@pytest.mark.parametrize("header", ["", "Id\tAmount\tNote\n"])
def test_cells_by_position(tmp_path, header):
    text = header + 'a\t1\t"quoted" {"x": "y"}\nb\t\t\r\nc\t2\ttoo\tmany\n'
    rows, rejected, _ = parse(tmp_path, "format: tsv, header: none, unquoted: true", text)
    assert values(rows, "id", "amount", "note") == [("a", 1, '"quoted" {"x": "y"}'), ("b", None, None)]
    assert [row["reason"] for row in rejected] == ["the row has 4 cells, the header has 3"]


def test_cells_by_the_position_of_other_names(tmp_path):
    rows, _, _ = parse(tmp_path, "format: csv, header: none, names: [Note, unknown, Id]", "hello,x,7\n")
    assert values(rows, "id", "note", "_extra") == [("7", "hello", '{"unknown":"x"}')]


def test_a_header_below_lines_about_the_report(tmp_path):
    text = 'Report:,"Sales, all"\nFrom:,2025-01-01\n\nId,Amount,Note\n1,2,three\n'
    rows, rejected, _ = parse(tmp_path, "format: csv, header: search", text)
    assert values(rows, "id", "amount", "_source_line") == [("1", 2, 5)]
    assert not rejected
    with pytest.raises(FileRejectedError, match=r"none of the first 100 lines .* is a header .* 'id'"):
        parse(tmp_path, "format: csv, header: search", "a,b\n1,2\n")


def test_words_for_nothing_and_values_of_the_form(tmp_path):
    form = 'nulls: ["NULL", "\\\\N"], set: {note: "unsubscribed", amount: "7"}'
    rows, _, sources = parse(tmp_path, f"format: csv, {form}", "id,amount\na,NULL\nb,3\nc,\\N\n")
    assert values(rows, "id", "amount") == [("a", 7), ("b", 3), ("c", 7)]
    assert {row["note"] for row in rows} == {"unsubscribed"}
    rows, _, _ = parse(tmp_path, f"format: json, {form}", '{"id": "a", "amount": "NULL"}\n')
    assert values(rows, "amount", "note") == [(7, "unsubscribed")]
    assert not sources[0].unknown


PARAMS = [
    {"key": "page", "value": {"string_value": "/a", "int_value": None}},
    {"key": "session", "value": {"int_value": "12"}},
    {"value": {"string_value": "no key"}},
    {"key": "page", "value": {"string_value": "/second"}},
    7,
]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"params": PARAMS}, ("/a", 12, '{"int_value":"12"}', None)),
        ({"params": []}, (None, None, None, None)),
        ({"params": {"page": "x"}}, (None, None, None, None)),
        (
            {"params": None, "fields": [{"name": "email", "values": ["a@x.org", "b@x.org"]}]},
            (None, None, None, "b@x.org"),
        ),
        ({"fields": [{"name": "email", "values": []}]}, (None, None, None, None)),
    ],
)
def test_selected_elements_of_a_list(tmp_path, record, expected):
    columns = (
        'id: {required: true}, page: {from: "params[key=page].value.string_value"},'
        " session: {type: bigint, from: "
        '["params[key=session].value.string_value", "params[key=session].value.int_value"]},'
        ' whole: {from: "params[key=session].value", type: jsonb}, email: {from: "fields[name=email].values[1]"}'
    )
    rows, rejected, sources = parse(tmp_path, "format: json", json.dumps({"id": 1, **record}), columns)
    assert not rejected
    assert values(rows, "page", "session", "whole", "email") == [expected]
    kept = {key: value for key, value in record.items() if value is not None}
    assert json.loads(rows[0]["_extra"] or "{}") == kept  # the elements that no column reads are not lost
    assert sources[0].unknown == set(kept)


def test_selections_inside_selections_and_in_the_enclosing_record(tmp_path):
    columns = (
        'id: {required: true}, shop: {from: "^.notes[name=shop].value"},'
        ' deep: {from: "a.list[kind=x].inner[kind=y].value"}'
    )
    record = {
        "notes": [{"name": "shop", "value": "north"}],
        "lines": [{"id": 1, "a": {"list": [{"kind": "x", "inner": [{"kind": "z"}, {"kind": "y", "value": 5}]}]}}],
    }
    rows, _, _ = parse(tmp_path, "format: json, rows: lines", json.dumps(record), columns)
    assert values(rows, "id", "shop", "deep") == [("1", "north", "5")]


def bulk_lines():
    """A bulk operation's file: children may stand far from their parent, and some have no id."""
    orders = [{"id": f"gid://shopify/Order/{n}", "name": f"#{n}"} for n in range(50)]
    lines = [{"id": f"gid://shopify/LineItem/{n}", "__parentId": f"gid://shopify/Order/{n % 50}"} for n in range(120)]
    discounts = [{"code": "SPRING", "__parentId": "gid://shopify/Order/3"}]
    return "".join(json.dumps(line) + "\n" for line in [*lines[:60], *orders, *discounts, *lines[60:]])


@pytest.mark.parametrize(
    ("only", "columns", "count"),
    [
        ("{id: gid://shopify/Order/*}", "id: {required: true}, name: {}", 50),
        ("{id: gid://shopify/LineItem/*}", "id: {required: true}, order_id: {from: __parentId, required: true}", 120),
        (
            '{id: [null], __parentId: "gid://shopify/Order/*"}',
            "id: {from: [code], required: true}, order_id: {from: __parentId}", 1,
        ),
    ],
)  # fmt: skip
def test_lines_of_a_bulk_operation_by_kind(tmp_path, only, columns, count):
    rows, rejected, sources = parse(
        tmp_path, f"format: json, line_delimited: true, only: {only}", bulk_lines(), columns, Limits(block=4096)
    )
    assert not rejected
    assert len(rows) == len({row["_source_line"] for row in rows}) == count
    assert sources[0].aside == 171 - count
    assert not {"id", "__parentId"} & sources[0].unknown


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("format: csv, rows: a", "rows belongs to format json or parquet"),
        ("format: json, unquoted: true", "unquoted belongs to format csv or tsv"),
        ("format: json, header: none", "header belongs to format csv or tsv"),
        ("format: parquet, line_delimited: true", "line_delimited belongs to format json"),
        ("format: csv, names: [a]", "write header: none"),
        ("format: csv, nulls: [NULL]", "write words in quotes"),
        ("format: csv, set: {colour: red}", "set names 'colour'"),
        ('format: csv, members: {"a*.csv": {colour: red}}', "members names 'colour'"),
        ('format: json, rows: "a[b=c]"', "work for columns only"),
    ],
)
def test_what_cannot_be(tmp_path, form, words):
    with pytest.raises(ContractError, match=words):
        contract(tmp_path, form)


def test_ids_that_lost_their_type(tmp_path):
    columns = "id: {required: true, clean: [apostrophe, meta_prefix, decimal_id]}, count: {type: bigint}, code: {}"
    text = "id,count,code\n'7210448301122,1,1E+05\nl:111222333,2,\n14075.0,,\n7.21E+12,,\n5,7.21E+12,\n"
    rows, rejected, _ = parse(tmp_path, "format: csv", text, columns)
    assert values(rows, "id", "code") == [("7210448301122", "1E+05"), ("111222333", None), ("14075", None)]
    assert [(row["line_number"], row["column_name"]) for row in rejected] == [(5, "id"), (6, "count")]
    assert all("has lost digits" in row["reason"] for row in rejected)
    assert all("do not save it from a spreadsheet" in row["what_to_do"] for row in rejected)


def test_parquet_flat_and_nested(tmp_path):
    import datetime as dt

    import pyarrow.parquet as pq

    when = dt.datetime(2025, 5, 12, 10, 0, 0, 123000)
    records = [
        {"id": 9007199254740993, "at": when.replace(tzinfo=dt.UTC), "local": when, "price": 1.5, "new": None,
         "params": [{"key": "page", "value": {"string_value": f"/{n}", "int_value": None}}]}
        for n in range(25_000)
    ]  # fmt: skip
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), file)
    columns = (
        "id: {required: true}, at: {type: timestamptz}, local: {type: timestamptz, time_zone: Europe/Berlin},"
        ' price: {type: "numeric(18,2)"}, page: {from: "params[key=page].value.string_value"}, params: {type: jsonb}'
    )
    rows, rejected, sources = parse(tmp_path, "format: parquet", file.getvalue(), columns)
    assert not rejected
    assert sources[0].unknown == {"new"}
    assert [row["page"] for row in rows] == [f"/{n}" for n in range(25_000)]
    assert rows[7]["_source_line"] == 8
    assert values(rows[:1], "id", "at", "local") == [
        ("9007199254740993", when.replace(tzinfo=dt.UTC), when.replace(tzinfo=dt.UTC, hour=8))
    ]
    with pytest.raises(FileRejectedError, match="cut off or damaged"):
        parse(tmp_path, "format: parquet", file.getvalue()[:5000], columns)


def zipped(files, mode=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", mode) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


AUDIENCE = {
    "subscribed_1.csv": "id,amount\na,1\nb,\n", "unsubscribed_1.csv": "id,amount\nc,3\n", "cleaned_1.csv": "id\n",
    "__MACOSX/._subscribed_1.csv": "\x00", "readme.txt": "hello",
}  # fmt: skip
MEMBERS = 'format: csv, members: {"subscribed_*": {note: yes-please}, "unsubscribed_*": {note: no}, "cleaned_*": {}}'


def test_several_files_in_one_archive(tmp_path):
    form = MEMBERS.replace("note: no", 'note: "no"')
    rows, _, sources = parse(tmp_path, form, zipped(AUDIENCE), name="audience.zip")
    assert values(rows, "id", "note", "_source_file") == [
        ("a", "yes-please", "audience.zip/subscribed_1.csv"), ("b", "yes-please", "audience.zip/subscribed_1.csv"),
        ("c", "no", "audience.zip/unsubscribed_1.csv"),
    ]  # fmt: skip
    assert [source.rows_read for source in sources] == [2, 1, 0]


def test_a_single_file_in_an_archive_needs_no_name(tmp_path):
    rows, _, _ = parse(tmp_path, "format: csv", zipped({"export/x.csv": "id\n1\n"}))
    assert values(rows, "id", "_source_file") == [("1", "file/export/x.csv")]


BOMB = "id\n" + "x" * 1_000_000


@pytest.mark.parametrize(
    ("content", "form", "words"),
    [
        (zipped(AUDIENCE), "format: csv", "zip archive of 4 files. Write in the contract which"),
        (zipped(AUDIENCE)[:-30], "format: csv", "cut off or damaged"),
        (zipped(AUDIENCE, zipfile.ZIP_STORED).replace(b"a,1", b"a,2"), 'format: csv, members: ["sub*"]', "cut off"),
        (zipped({"a.csv": "id\n"}), 'format: csv, members: ["b*"]', "none of the 1 files in the archive is named b"),
        (zipped({"[Content_Types].xml": "", "a.xml": ""}), "format: csv", "is a spreadsheet"),
        (b"id\n1\n", 'format: csv, members: ["b*"]', "is no zip archive, as the contract says"),
        (zipped({"a.csv.gz": gzip.compress(b"id\n1\n")}), "format: csv", "an archive inside an archive"),
        (gzip.compress(gzip.compress(b"id\n1\n")), "format: csv", "an archive inside an archive"),
        (gzip.compress(zipped({"a.csv": "id\n"})), "format: csv", "an archive inside an archive"),
        (zipped({"a.csv": BOMB}), "format: csv", "more than 200 times its"),
        (gzip.compress(BOMB.encode()), "format: csv", "more than 200 times its"),
        (gzip.compress(BOMB.encode()) + gzip.compress(b"x" * 1_500_000), "format: json", "more than 2,000,000 bytes"),
    ],
    ids=lambda value: "archive" if isinstance(value, bytes) else None,  # archives hold the time of day
)  # fmt: skip
def test_archives_that_are_refused(tmp_path, content, form, words):
    sizes = Limits(suspicious=10_000 if "200" in words else 10**9, unpacked=2_000_000)
    with pytest.raises(FileRejectedError, match=words):
        parse(tmp_path, form, content, sizes=sizes)


def test_an_archive_with_a_password(tmp_path):
    content = bytearray(zipped({"a.csv": "id\n1\n"}))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # where each says how it is packed
        content[content.index(header) + flags] |= 1
    with pytest.raises(FileRejectedError, match="locked with a password"):
        parse(tmp_path, "format: csv", bytes(content))
