"""Arrow tables and arrays in and out of Postgres, inside the caller's transaction (so temporary tables are seen).

Texts go by CSV in both directions, columns of fixed width (numbers, uuids) by Postgres' binary formats, which are
nothing but arrays of bytes: no Python object is made for a row in either. What is read comes in bounded pieces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from psycopg import sql

from warehouse.bulk import ROWS_PER_WRITE, copy_in

if TYPE_CHECKING:
    import numpy as np
    import psycopg
    import pyarrow as pa

__all__ = ["copy_in", "copy_in_arrays", "copy_out", "fetch_arrays", "uuid_bytes"]

BYTES_PER_PARSE = 32 << 20
"""CSV text that is held before it is parsed: what reading takes beside its result."""
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"


def copy_in_arrays(
    connection: psycopg.Connection[Any], table: str, columns: Mapping[str, np.ndarray], *, freeze: bool = False
) -> int:
    """Append columns of equal length and fixed width to a table; returns its rows.

    columns: int16, int32, int64, float32, float64, bool, or V16 (uuids, see `uuid_bytes`); the table's types must be
    the same. freeze: the table was made in this transaction, so its rows count as old and visible at once.
    """
    import numpy as np

    n = len(next(iter(columns.values())))
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, values in columns.items():
        layout += [(f"{name} length", ">i4"), (name, values.dtype.newbyteorder(">").str)]
    statement = sql.SQL("copy {} ({}) from stdin (format binary{})").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", freeze") if freeze else sql.SQL(""),
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(_SIGNATURE)
        for start in range(0, n, ROWS_PER_WRITE):
            rows = np.empty(min(ROWS_PER_WRITE, n - start), layout)
            rows["fields"] = len(columns)
            for name, values in columns.items():
                rows[f"{name} length"] = values.dtype.itemsize
                rows[name] = values[start : start + len(rows)]
            copy.write(rows.tobytes())
        copy.write(_TRAILER)
    return n


def copy_out_arrays(
    connection: psycopg.Connection[Any],
    query: sql.Composable,
    dtypes: Mapping[str, str],
    params: Mapping[str, Any] | None = None,
) -> dict[str, np.ndarray]:
    """Columns of a query of any length as arrays, by the names of `dtypes`, in the order of the query.

    dtypes: as for `fetch_arrays`. Rows of fixed width without nulls lie in Postgres' binary format as in an array.
    """
    import numpy as np

    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in dtypes.items():
        layout += [(f"{name} length", ">i4"), (name, np.dtype(kind).newbyteorder(">").str)]
    parts: dict[str, list[np.ndarray]] = {name: [np.empty(0, kind)] for name, kind in dtypes.items()}

    def parse(data: bytes | bytearray) -> None:
        rows = np.frombuffer(data, layout)
        if (rows["fields"] != len(dtypes)).any():
            raise ValueError(f"expected rows of {len(dtypes)} columns")
        for name, kind in dtypes.items():
            if (rows[f"{name} length"] != np.dtype(kind).itemsize).any():
                raise ValueError(f"column {name} has nulls, or is not {kind}")
            parts[name].append(rows[name].astype(kind))

    start, width = len(_SIGNATURE), np.dtype(layout).itemsize
    held = bytearray()
    statement = sql.SQL("copy ({}) to stdout (format binary)").format(query)
    with connection.cursor() as cursor, cursor.copy(statement, params) as copy:
        for row in copy:
            held += row
            if len(held) >= BYTES_PER_PARSE:
                end = start + (len(held) - start) // width * width
                parse(held[start:end])
                held, start = held[end:], 0
    if held[len(held) - len(_TRAILER) :] != _TRAILER or (len(held) - len(_TRAILER) - start) % width:
        raise ValueError(f"rows are not of {width} bytes: a column has nulls or another type than {dict(dtypes)}")
    parse(held[start : len(held) - len(_TRAILER)])
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def fetch_arrays(
    connection: psycopg.Connection[Any],
    query: sql.Composable,
    dtypes: Mapping[str, str],
    params: Mapping[str, Any] | None = None,
) -> dict[str, np.ndarray]:
    """Columns of a query as arrays; all rows travel as one array per column.

    dtypes: column, in the order of the query → numpy type (int16, int32, int64, float32, float64, V16 for uuids), the
    same as Postgres'; no nulls. A column may take 1 GB (some 80 million numbers): more than any night reaches.
    """
    import numpy as np

    aggregates = [sql.SQL("array_agg({})").format(sql.Identifier(name)) for name in dtypes]
    statement = sql.SQL("select {} from ({}) q({})").format(
        sql.SQL(", ").join(aggregates), query, sql.SQL(", ").join(map(sql.Identifier, dtypes))
    )
    with connection.cursor(binary=True) as cursor:
        cursor.execute(statement, params)
        result = cursor.pgresult
        assert result is not None
        return {
            name: parse_array(result.get_value(0, i), np.dtype(kind)) for i, (name, kind) in enumerate(dtypes.items())
        }


def parse_array(data: bytes | None, dtype: np.dtype[Any]) -> np.ndarray:
    """Postgres' binary form of a one-dimensional array without nulls: a header of 20 bytes, then length and value."""
    import numpy as np

    if data is None:
        return np.empty(0, dtype)
    dimensions, has_null, _, size = np.frombuffer(data, ">i4", 4).tolist()
    if dimensions == 0:
        return np.empty(0, dtype)
    if dimensions != 1 or has_null:
        raise ValueError(f"expected an array of one dimension without nulls, got {dimensions} dimensions")
    items = np.frombuffer(data, [("length", ">i4"), ("value", dtype.newbyteorder(">"))], size, offset=20)
    if (items["length"] != dtype.itemsize).any():
        raise ValueError(f"expected an array of {dtype}, got items of another width")
    return items["value"].astype(dtype)


def uuid_bytes(keys: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """V16[n]: the sixteen bytes of each uuid given as text of 36 characters."""
    import numpy as np
    import polars as pl

    if len(keys) == 0:
        return np.empty(0, "V16")
    text = pl.Series(pl.from_arrow(keys), dtype=pl.String)
    digits = text.str.replace_all("-", "", literal=True).str.decode("hex").rechunk().to_arrow()
    return np.frombuffer(digits.buffers()[2], "V16", len(digits), offset=0)


def copy_out(
    connection: psycopg.Connection[Any],
    query: sql.Composable,
    types: Mapping[str, pa.DataType],
    params: Sequence[Any] | Mapping[str, Any] = (),
) -> pa.Table:
    """Rows of a query as an Arrow table with the given columns and types (in the order of the query)."""
    import pyarrow as pa

    statement = sql.SQL("copy ({}) to stdout (format csv)").format(query)
    schema = pa.schema(list(types.items()))
    parts: list[pa.Table] = []
    sink, held = pa.BufferOutputStream(), 0
    with connection.cursor() as cursor, cursor.copy(statement, params or None) as copy:
        for row in copy:
            sink.write(row)
            held += len(row)
            if held >= BYTES_PER_PARSE:
                parts.append(_parse(sink.getvalue(), schema))
                sink, held = pa.BufferOutputStream(), 0
    if held:
        parts.append(_parse(sink.getvalue(), schema))
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _parse(data: pa.Buffer, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as pc

    return pc.read_csv(
        pa.BufferReader(data),
        read_options=pc.ReadOptions(column_names=schema.names, block_size=1 << 24),
        parse_options=pc.ParseOptions(newlines_in_values=True),
        convert_options=pc.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
