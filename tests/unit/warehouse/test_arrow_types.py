"""Arrow arrays made to fit binary COPY."""

from __future__ import annotations

import uuid

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.arrow_types import arrow_type, fit
from warehouse.errors import TableError


@pytest.mark.parametrize(
    ("pg_type", "expected"),
    [
        ("text", pa.string()),
        ("bigint", pa.int64()),
        ("integer", pa.int32()),
        ("numeric(18,2)", pa.decimal128(18, 2)),
        ("numeric(18, 2)", pa.decimal128(18, 2)),
        ("numeric", pa.decimal128(38, 9)),
        ("timestamptz", pa.timestamp("us", "UTC")),
        ("timestamp with time zone", pa.timestamp("us", "UTC")),
        ("date", pa.date32()),
        ("uuid", pa.binary(16)),
        ("text[]", pa.list_(pa.string())),
        ("character varying(20)", pa.string()),
    ],
)
def test_types(pg_type: str, expected: pa.DataType) -> None:
    assert arrow_type(pg_type) == expected


def test_unknown_type_is_refused() -> None:
    with pytest.raises(TableError, match="circle cannot be loaded"):
        arrow_type("circle")


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.uuids()), max_size=20), st.booleans())
def test_uuids_from_text(values: list[uuid.UUID | None], dashes: bool) -> None:
    text = pa.array([None if v is None else (str(v) if dashes else v.hex) for v in values], pa.string())
    assert fit(text, "uuid", "x").to_pylist() == [None if v is None else v.bytes for v in values]
    assert fit(text.slice(1), "uuid", "x").to_pylist() == [None if v is None else v.bytes for v in values[1:]]


def test_uuid_of_wrong_length_is_refused_without_its_value() -> None:
    with pytest.raises(TableError) as caught:
        fit(pa.array(["anna@example.com"]), "uuid", "x")
    assert "anna" not in str(caught.value)


def test_json_gets_its_version_byte() -> None:
    assert fit(pa.array(['{"a":1}', None]), "jsonb", "x").to_pylist() == ['\x01{"a":1}', None]


def test_casts_that_lose_nothing_only() -> None:
    assert fit(pa.array([1, None], pa.int64()), "integer", "x").type == pa.int32()
    assert fit(pa.array(["a"]).dictionary_encode(), "text", "x").to_pylist() == ["a"]
    with pytest.raises(TableError, match="Column x: Arrow type int64 does not fit integer without loss") as caught:
        fit(pa.array([2**40], pa.int64()), "integer", "x")
    assert str(2**40) not in str(caught.value)
