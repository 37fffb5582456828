"""Cutting separated text into records, against Python's own csv reader."""

from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.parsing.csv_records import record_blocks
from connectors.parsing.limits import Limits
from connectors.parsing.rejects import Rejects

cells = st.text(alphabet='ab,;"\n\r é', max_size=6).map(lambda text: text.replace("\r", ""))
tables = st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=12)


def cut(text: bytes, block: int = 7, record: int = 10_000, separator: str = ","):
    found: list[pa.Table] = []
    rejects = Rejects("file.csv", 1000, found.append)
    pieces = (text[i : i + block] for i in range(0, len(text), block))
    blocks = list(record_blocks(pieces, separator, Limits(block=block, record=record), rejects))
    rejects.flush()
    rows = [(int(line), b.text(i)) for b in blocks for i, line in enumerate(b.lines)]
    counts = [int(n) for b in blocks for n in b.separators]
    return rows, counts, [row for table in found for row in table.to_pylist()]


@settings(deadline=None, max_examples=60)
@given(tables, st.integers(1, 60), st.booleans())
def test_agrees_with_the_csv_module_whatever_the_block_size(table, block, windows):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n" if windows else "\n", quoting=csv.QUOTE_ALL).writerows(table)
    rows, counts, rejected = cut(buffer.getvalue().encode(), block)
    assert not rejected
    assert counts == [2] * len(table)
    assert [next(csv.reader(io.StringIO(text.decode(), newline=""))) for _, text in rows] == table
    reader, lines = csv.reader(io.StringIO(buffer.getvalue(), newline="")), []
    before = 0
    for _ in reader:
        lines.append(before + 1)
        before = reader.line_num
    assert [line for line, _ in rows] == lines


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet='ab,"\n', max_size=80), st.integers(1, 30))
def test_any_text_is_accounted_for_line_by_line(text, block):
    """No physical line is lost or told twice, however wrong its quotation marks are; block size changes nothing."""
    data = text.encode()
    rows, _, rejected = cut(data, block)
    told = sorted([record for _, record in rows] + [(row["original_text"] or "").encode() for row in rejected])
    joined = sorted(line for piece in told for line in piece.split(b"\n") if line)
    assert joined == sorted(line for line in data.split(b"\n") if line)
    starts = [line for line, _ in rows] + [row["line_number"] for row in rejected]
    assert len(starts) == len(set(starts))
    again, _, rejected_again = cut(data, 1000)
    assert (rows, rejected) == (again, rejected_again)


def test_a_stray_quotation_mark_costs_one_line_only():
    rows, _, rejected = cut(b'a,b\n1,"x" y\n2,5" pipe\n"3,never closed\n4,fine\n', 1000)
    assert [text for _, text in rows] == [b"a,b", b'2,5" pipe', b"4,fine"]
    assert [(row["line_number"], row["reason"]) for row in rejected] == [
        (2, "a quotation mark stands where none may stand"),
        (4, "a quotation mark is opened and never closed"),
    ]


def test_true_line_numbers_behind_a_quoted_newline():
    rows, _, _ = cut(b'a,b\n"one\ntwo",1\nx,2\n', 4)
    assert [line for line, _ in rows] == [1, 2, 4]


def test_over_long_lines_are_passed_over_in_bounded_memory():
    longest = 0

    def pieces():
        yield b"a,b\n1,2\n"
        for _ in range(1000):
            yield b"x" * 100
        yield b"\n3,4\n"

    found: list[pa.Table] = []
    rejects = Rejects("f", 50, found.append)
    blocks = []
    for block in record_blocks(pieces(), ",", Limits(block=100, record=500), rejects):
        longest = max(longest, len(block.data))
        blocks += [block.text(i) for i in range(len(block.lines))]
    rejects.flush()
    assert blocks == [b"a,b", b"1,2", b"3,4"]
    assert longest <= 700
    (row,) = found[0].to_pylist()
    assert row["line_number"] == 3
    assert "longer than 500 bytes" in row["reason"]
    assert len(row["original_text"]) == 50


def test_lines_after_an_over_long_line_keep_their_numbers():
    rows, _, rejected = cut(b"a\n" + b"x" * 40 + b"\nb\n", 8, record=20)
    assert [row["line_number"] for row in rejected] == [2]
    assert rows[-1] == (3, b"b")


def test_zero_bytes_and_blank_lines():
    rows, _, rejected = cut(b"a,b\r\n\r\n1,\x00\r\n\n2,3", 1000)
    assert [text.strip() for _, text in rows] == [b"a,b", b"2,3"]
    assert [row["line_number"] for row in rejected] == [3]


def test_counts_separators_outside_quotation_marks_only():
    _, counts, _ = cut(b'a;b\n"x;y";z\n1;2;3\n', 1000, separator=";")
    assert np.array_equal(counts, [1, 1, 2])
