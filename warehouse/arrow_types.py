"""Arrow batches made to fit a PostgreSQL table exactly, as binary COPY needs it (it converts nothing)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from warehouse.errors import TableError

if TYPE_CHECKING:
    import pyarrow as pa

_NUMERIC = re.compile(r"(numeric|decimal)\s*(\(\s*(\d+)\s*(,\s*(\d+)\s*)?\))?")
# Written as text behind a version byte: that is jsonb's binary form (PostgreSQL, src/backend/utils/adt/jsonb.c).
_JSONB_VERSION = "\x01"


def arrow_type(pg_type: str) -> pa.DataType:
    """The Arrow type whose binary COPY form PostgreSQL reads as `pg_type`.

    text → string, bigint → int64, integer → int32, smallint → int16, boolean → bool, double precision → float64,
    real → float32, numeric(p,s) → decimal128(p,s) (plain numeric: decimal128(38,9)), date → date32,
    timestamptz → timestamp[us, UTC], timestamp → timestamp[us], uuid → fixed_size_binary[16],
    jsonb → string, x[] → list.
    """
    import pyarrow as pa

    kind = " ".join(pg_type.split())
    if kind.endswith("[]"):
        return pa.list_(arrow_type(kind[:-2]))
    numeric = _NUMERIC.fullmatch(kind)
    if numeric:
        return pa.decimal128(int(numeric[3] or 38), int(numeric[5] or (0 if numeric[3] else 9)))
    base = re.sub(r"\(.*?\)", "", kind).strip()
    try:
        return {
            "text": pa.string(), "character varying": pa.string(), "varchar": pa.string(),
            "bigint": pa.int64(), "int8": pa.int64(), "integer": pa.int32(), "int": pa.int32(), "int4": pa.int32(),
            "smallint": pa.int16(), "int2": pa.int16(), "boolean": pa.bool_(), "bool": pa.bool_(),
            "double precision": pa.float64(), "float8": pa.float64(), "real": pa.float32(), "float4": pa.float32(),
            "date": pa.date32(), "timestamptz": pa.timestamp("us", "UTC"),
            "timestamp with time zone": pa.timestamp("us", "UTC"), "timestamp": pa.timestamp("us"),
            "timestamp without time zone": pa.timestamp("us"), "uuid": pa.binary(16), "jsonb": pa.string(),
            "bytea": pa.binary(),
        }[base]  # fmt: skip
    except KeyError:
        raise TableError(
            f"Type {pg_type} cannot be loaded: use text, numbers, dates, timestamps, uuid or jsonb."
        ) from None


def fit(values: pa.Array, pg_type: str, name: str) -> pa.Array:
    """The array as binary COPY wants it for a column of `pg_type`. Raises TableError; never shows a value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    target = arrow_type(pg_type)
    try:
        if isinstance(values, pa.ExtensionArray):
            values = values.storage
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pg_type == "jsonb":
            text = values.cast(pa.string())
            return pc.binary_join_element_wise(pa.scalar(_JSONB_VERSION), text, pa.scalar(""))
        if pg_type == "uuid":
            return _uuids(values)
        return values if values.type == target else values.cast(target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError):
        # The cause's own text may quote a value, so it is left out.
        raise TableError(f"Column {name}: Arrow type {values.type} does not fit {pg_type} without loss.") from None


def _uuids(values: pa.Array) -> pa.Array:
    """Hexadecimal text (with or without dashes) or 16 raw bytes → fixed_size_binary[16], without a loop over rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_fixed_size_binary(values.type) and values.type.byte_width == 16:
        return values
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        return values.cast(pa.binary(16))
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), pa.binary(16))
    text = pc.replace_substring(values.cast(pa.string()), "-", "")
    missing = pc.is_null(text)
    text = pc.fill_null(text, "0" * 32)
    if len(text) and not pc.all(pc.equal(pc.binary_length(text), 32)).as_py():
        raise ValueError("a uuid has 32 hexadecimal digits")
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(text)], pa.int32()), text), "")[0].as_py() or ""
    data = pa.py_buffer(bytes.fromhex(joined))
    whole = pa.Array.from_buffers(pa.binary(16), len(text), [None, data])
    return pc.if_else(missing, pa.scalar(None, pa.binary(16)), whole) if missing.true_count else whole
