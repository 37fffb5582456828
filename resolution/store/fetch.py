"""What a night reads, as Arrow tables: a handful of values in place of a message, and a line of text, for every row.

Postgres gathers each column into one array, and texts into one string and an array of their lengths, which is how Arrow
lays them out as well. A column may take 1 GB: more than any night reaches; a full run reads by `bulk.copy_out`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from psycopg import sql

from resolution.store.bulk import parse_array

if TYPE_CHECKING:
    import numpy as np
    import psycopg
    import pyarrow as pa

_NEVER = -(2**63)
"""Postgres' -infinity stands for a null among times."""
_FROM_1970_TO_2000 = 946_684_800_000_000
"""Microseconds between the epochs of Arrow and Postgres."""
_GROUPS = ((0, 8, 0), (8, 12, 9), (12, 16, 14), (16, 20, 19), (20, 32, 24))
"""Groups of digits of a uuid (from, to), and where its text has them."""


def key_type() -> pa.DataType:
    """Type to ask for uuids by: they come as strings of 36 characters."""
    import pyarrow as pa

    return pa.binary(16)


def fetch_table(
    connection: psycopg.Connection[Any],
    query: sql.Composable,
    types: Mapping[str, pa.DataType],
    params: Mapping[str, Any] | None = None,
) -> pa.Table:
    """Rows of a query as an Arrow table with the given columns and types (in the order of the query).

    types: string (whatever the type in Postgres; dates as ISO), fixed_size_binary(16) for uuids, which come as strings,
    bool, timestamp in microseconds, float32, float64 (NaN comes as null), or int16, int32, int64 without nulls, which
    must be Postgres' own types. Raises ValueError on a null among integers.
    """
    import pyarrow as pa

    wanted = [part for name, kind in types.items() for part in _aggregates(name, kind)]
    statement = sql.SQL("select {} from ({}) q({})").format(
        sql.SQL(", ").join(wanted), query, sql.SQL(", ").join(map(sql.Identifier, types))
    )
    with connection.cursor(binary=True) as cursor:
        cursor.execute(statement, params)
        result = cursor.pgresult
        assert result is not None
        found = iter([result.get_value(0, i) for i in range(len(wanted))])
    arrays = {}
    for name, kind in types.items():
        data = [next(found) for _ in _aggregates(name, kind)]
        arrays[name] = _array(data, kind)
    return pa.table(arrays)


def _aggregates(name: str, kind: pa.DataType) -> list[sql.Composable]:
    import pyarrow.types as pt

    column = sql.Identifier("q", name)
    if pt.is_string(kind):
        shapes = ["array_agg(coalesce(octet_length({}::text), -1))", "string_agg({}::text, '')"]
    elif pt.is_fixed_size_binary(kind):
        shapes = ["array_agg(coalesce({}, '00000000-0000-0000-0000-000000000000'))"]
    elif pt.is_boolean(kind):
        shapes = ["array_agg(coalesce({}::integer, -1))"]
    elif pt.is_timestamp(kind):
        shapes = ["array_agg(coalesce({}, '-infinity'))"]
    elif pt.is_floating(kind):
        shapes = ["array_agg(coalesce({}, 'NaN'))"]
    else:
        shapes = ["array_agg({})"]
    return [sql.SQL(shape).format(column) for shape in shapes]


def _array(data: list[bytes | None], kind: pa.DataType) -> pa.Array:
    import numpy as np
    import pyarrow as pa
    import pyarrow.types as pt

    if pt.is_string(kind):
        return _strings(parse_array(data[0], np.dtype("int32")), data[1] or b"")
    if pt.is_fixed_size_binary(kind):
        return _uuids(parse_array(data[0], np.dtype("V16")))
    if pt.is_boolean(kind):
        flags = parse_array(data[0], np.dtype("int32"))
        return pa.array(flags > 0, kind, mask=flags < 0)
    if pt.is_timestamp(kind):
        times = parse_array(data[0], np.dtype("int64"))
        return pa.array(times + np.where(times == _NEVER, 0, _FROM_1970_TO_2000), mask=times == _NEVER).cast(kind)
    values = parse_array(data[0], np.dtype(kind.to_pandas_dtype()))
    return pa.array(values, kind, mask=np.isnan(values) if pt.is_floating(kind) else None)


def _strings(lengths: np.ndarray, text: bytes) -> pa.Array:
    """lengths: bytes of each text, -1 for a null; text: all of them, one after the other."""
    import numpy as np
    import pyarrow as pa

    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(np.maximum(lengths, 0), out=offsets[1:])
    known = pa.py_buffer(np.packbits(lengths >= 0, bitorder="little"))
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets), pa.py_buffer(text), known)


def _uuids(values: np.ndarray) -> pa.Array:
    """The texts of 36 characters of V16[n]; null where all bytes are zero."""
    import numpy as np
    import pyarrow as pa

    digits = np.frombuffer(b"".join(b"%02x" % i for i in range(256)), "V2")
    hexed = digits[np.frombuffer(values.tobytes(), np.uint8)].view(np.uint8).reshape(-1, 32)
    text = np.full((len(values), 36), ord("-"), np.uint8)
    for start, end, place in _GROUPS:
        text[:, place : place + end - start] = hexed[:, start:end]
    known = (np.frombuffer(values.tobytes(), np.int64).reshape(-1, 2) != 0).any(axis=1)
    offsets = np.arange(0, 36 * len(values) + 1, 36, dtype=np.int32)
    return pa.StringArray.from_buffers(
        len(values),
        pa.py_buffer(offsets),
        pa.py_buffer(text.tobytes()),
        pa.py_buffer(np.packbits(known, bitorder="little")),
    )
