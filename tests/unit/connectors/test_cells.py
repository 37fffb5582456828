"""Cleaners and casts, cell by cell."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from connectors.contracts import Column
from connectors.parsing import shaping
from connectors.parsing.cells import cleaned, typed


@pytest.fixture(scope="module")
def engine():
    connection = shaping.connect()
    yield connection
    connection.close()


def cast(engine, text, **column):
    spec = Column(name="c", **column)
    statement = f"select {typed('c', spec)} from (select {cleaned('raw', spec)} as c from (select $1::varchar as raw))"
    return engine.execute(statement, [text]).fetchall()[0][0]


def utc(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2021-08-10T18:45:03+0000", utc(2021, 8, 10, 18, 45, 3)),
        ("2021-08-10T18:45:03.000+0000", utc(2021, 8, 10, 18, 45, 3)),
        ("2023-04-13T05:09:44-07:00", utc(2023, 4, 13, 12, 9, 44)),
        ("2023-04-13T12:09:44+00:00", utc(2023, 4, 13, 12, 9, 44)),
        ("2023-06-26T10:01:27Z", utc(2023, 6, 26, 10, 1, 27)),
        ("2021-08-10T18:45:03.909Z", utc(2021, 8, 10, 18, 45, 3, 909000)),
        ("2021-08-10T18:45:03.19802Z", utc(2021, 8, 10, 18, 45, 3, 198020)),
        ("2026-03-14T18:22:10-03:00", utc(2026, 3, 14, 21, 22, 10)),
        ("2025-05-11 09:55:16 -0400", utc(2025, 5, 11, 13, 55, 16)),
        ("2021-05-17 23:43:28+00:00", utc(2021, 5, 17, 23, 43, 28)),
        ("2020-04-10 07:00:00 UTC", utc(2020, 4, 10, 7)),
        ("2015-03-16 14:40:47", utc(2015, 3, 16, 14, 40, 47)),
        ("2013-11-26 00:03:57.885", utc(2013, 11, 26, 0, 3, 57, 885000)),
        (" 2020-09-11 19:35:42.000 ", utc(2020, 9, 11, 19, 35, 42)),
        ("20210128", utc(2021, 1, 28)),
        ("1687774887", utc(2023, 6, 26, 10, 21, 27)),
        ("1687774887123", utc(2023, 6, 26, 10, 21, 27, 123000)),
        ("1687774887123456", utc(2023, 6, 26, 10, 21, 27, 123456)),
        ("2024-03-12 09:14", utc(2024, 3, 12, 9, 14)),
        ("3/15/2024 2:30 PM", utc(2024, 3, 15, 14, 30)),
        ("45384.5", utc(2024, 4, 2, 12)),
    ],
)
def test_every_spelling_of_a_time_in_one_column(engine, text, instant):
    assert cast(engine, text, type="timestamptz") == instant


@pytest.mark.parametrize("text", ["yesterday", "2025-13-01", "2025-02-30 10:00:00", "12", "5 o'clock", "-", "--1"])
def test_what_is_no_time(engine, text):
    assert cast(engine, text, type="timestamptz") is None


def test_times_without_zone_are_in_the_columns_zone(engine):
    zone = {"type": "timestamptz", "time_zone": "Europe/London"}
    assert cast(engine, "2011-07-01 12:00:00", **zone) == utc(2011, 7, 1, 11)
    assert cast(engine, "2011-01-01 12:00", **zone) == utc(2011, 1, 1, 12)
    assert cast(engine, "2011-07-01T12:00:00Z", **zone) == utc(2011, 7, 1, 12)
    assert cast(engine, "2011-07-01 12:00:00 -0400", **zone) == utc(2011, 7, 1, 16)


@pytest.mark.parametrize(
    ("zone", "text", "instant"),
    [
        # Clocks go back: the hour comes twice, the first one counts.
        ("Europe/Berlin", "2025-10-26 02:30:00", utc(2025, 10, 26, 0, 30)),
        ("Europe/Berlin", "2025-10-26 01:59:59", utc(2025, 10, 25, 23, 59, 59)),
        ("Europe/Berlin", "2025-10-26 03:00:00", utc(2025, 10, 26, 2)),
        ("America/New_York", "11/2/2025 1:30 AM", utc(2025, 11, 2, 5, 30)),
        # Clocks go forward: the hour does not exist, and is read with the offset before the change.
        ("Europe/Berlin", "2025-03-30 02:30:00", utc(2025, 3, 30, 1, 30)),
        ("America/New_York", "2025-03-09 02:30", utc(2025, 3, 9, 7, 30)),
        ("Europe/Berlin", "2025-10-26 02:30:00+01:00", utc(2025, 10, 26, 1, 30)),  # nothing to guess
    ],
)
def test_local_times_when_clocks_change(engine, zone, text, instant):
    assert cast(engine, text, type="timestamptz", time_zone=zone) == instant


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "6", 6), ("integer", "-6.0", -6), ("integer", "5.5", None), ("integer", "1_000", None),
        ("integer", "0x1F", None), ("integer", "99999999999", None), ("bigint", "99999999999", 99999999999),
        ("integer", "1e3", None), ("integer", "", None), ("integer", " 7 ", 7),
        ("numeric(18,2)", "41.94", Decimal("41.94")), ("numeric(18,2)", "1e400", None), ("numeric(18,2)", "12,50",
        None),
        ("boolean", "yes", True), ("boolean", "FALSE", False), ("boolean", "N", False), ("boolean", "maybe", None),
        ("date", "2025-05-11", dt.date(2025, 5, 11)), ("date", "20250511", dt.date(2025, 5, 11)), ("date", "soon",
        None),
        ("jsonb", '{"a": 1}', '{"a": 1}'), ("jsonb", "a, b", '"a, b"'), ("jsonb", "", None),
        ("double precision", "1.5", 1.5), ("double precision", "nan", None), ("text", " as it is ", " as it is "),
    ],
)  # fmt: skip
def test_casts_never_round_and_never_fail(engine, kind, text, value):
    assert cast(engine, text, type=kind) == value


@pytest.mark.parametrize(
    ("clean", "text", "value"),
    [
        ("apostrophe", "'+39333", "+39333"), ("apostrophe", "75008", "75008"), ("apostrophe", "'", None),
        ("decimal_id", "14075.0", "14075"), ("decimal_id", "C536379", "C536379"), ("decimal_id", "10", "10"),
        ("decimal_id", "1.5", "1.5"), ("meta_prefix", "l:111222333", "111222333"), ("meta_prefix", "p:+6112", "+6112"),
        ("gid", "gid://shopify/Order/450789469", "450789469"), ("gid", "gid://shopify/X/7?y=z", "7"), ("gid", "7", "7"),
        ("salesforce_id", "0011G00000eM9wv", "0011G00000eM9wvQAC"),
        ("salesforce_id", "00Q1G00000nDnM5UAK", "00Q1G00000nDnM5UAK"),
        ("money", "€ 1,234.50", "1234.50"), ("money", "-5.00", "-5.00"), ("money", "$3.50", "3.50"), ("money",
        "free", "free"),
        ("money", "$1234.50", "1234.50"), ("money", "(1,234.50)", "-1234.50"), ("money", "-$5.00", "-5.00"),
        ("money", "1 234.50 kr", "1234.50"), ("money", "5,00", "5,00"), ("money", "1.2.3", "1.2.3"),
        ("decimal_comma", "1.234,50 €", "1234.50"), ("decimal_comma", "1\u00a0234,5", "1234.5"),
        ("decimal_comma", "-12,00", "-12.00"), ("decimal_comma", "12", "12"), ("decimal_comma", "12.5", "12.5"),
        ("keep_blank", "", ""), ((), "", None),
    ],
)  # fmt: skip
def test_cleaners(engine, clean, text, value):
    assert cast(engine, text, clean=clean) == value
