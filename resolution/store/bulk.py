"""Arrow tables in and out of Postgres by COPY, inside the caller's transaction (so temporary tables are seen)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

ROWS_PER_WRITE = 200_000


def copy_in(connection: psycopg.Connection[Any], table: str, data: pa.Table) -> int:
    """Append an Arrow table to `schema.table` (or a temporary table) by column name; returns its rows."""
    import pyarrow as pa
    import pyarrow.csv as pc

    if data.num_rows == 0:
        return 0
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, data.column_names))
    )
    options = pc.WriteOptions(include_header=False)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, data.num_rows, ROWS_PER_WRITE):
            sink = pa.BufferOutputStream()
            pc.write_csv(data.slice(start, ROWS_PER_WRITE), sink, options)
            copy.write(memoryview(sink.getvalue()))
    return data.num_rows


def copy_out(
    connection: psycopg.Connection[Any],
    query: sql.Composable,
    types: Mapping[str, pa.DataType],
    params: Sequence[Any] | Mapping[str, Any] = (),
) -> pa.Table:
    """Rows of a query as an Arrow table with the given columns and types (in the order of the query)."""
    import pyarrow as pa
    import pyarrow.csv as pc

    sink = pa.BufferOutputStream()
    statement = sql.SQL("copy ({}) to stdout (format csv)").format(query)
    with connection.cursor() as cursor, cursor.copy(statement, params or None) as copy:
        for block in copy:
            sink.write(block)
    data = sink.getvalue()
    schema = pa.schema(list(types.items()))
    if data.size == 0:
        return schema.empty_table()
    return pc.read_csv(
        pa.BufferReader(data),
        read_options=pc.ReadOptions(column_names=list(types), block_size=1 << 24),
        parse_options=pc.ParseOptions(newlines_in_values=True),
        convert_options=pc.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    ).combine_chunks()
