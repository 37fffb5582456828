"""Segment: messages without an id, and old payloads without a type (platforms.md, section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_ID = "coalesce(message_id, 'row:' || _content)"
_TYPE = (
    "coalesce(lower(type), case when previous_id is not null then 'alias' when group_id is not null then 'group'"
    " when event is not null then 'track' when traits is not null then 'identify'"
    " when properties_url is not null or properties_path is not null then 'page' end)"
)


class MessageKeys:
    """Fills message_id where it is missing (the same content gets the same id) and type."""

    needs_content = True

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def __call__(self, cells: pa.Table) -> pa.Table:
        self.connection.register("cells_block", cells)
        sql = f"select * replace ({_ID} as message_id, {_TYPE} as type) from cells_block"  # noqa: S608 - constants
        table = self.connection.sql(sql).to_arrow_table()
        self.connection.unregister("cells_block")
        return table


transform = MessageKeys
