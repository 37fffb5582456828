"""Arrow tables into Postgres, inside the caller's transaction (so temporary tables are seen)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

ROWS_PER_WRITE = 200_000


def copy_in(connection: psycopg.Connection[Any], table: str, data: pa.Table) -> int:
    """Append an Arrow table to `schema.table` (or a temporary table) by column name, through CSV; returns its rows."""
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
