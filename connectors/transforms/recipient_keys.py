"""HubSpot: whom an event names that knows an e-mail address and no contact.

recipient_id   md5 of the lower-case address: one address has one id in all objects, and no key holds an address
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class RecipientKeys:
    """Fills recipient_id from the column recipient, or email where there is none."""

    needs_content = False

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def __call__(self, cells: pa.Table) -> pa.Table:
        address = "recipient" if "recipient" in cells.column_names else "email"
        self.connection.register("cells_block", cells)
        sql = f"select * replace (md5(lower(trim({address}))) as recipient_id) from cells_block"  # noqa: S608 - our own names
        table = self.connection.sql(sql).to_arrow_table()
        self.connection.unregister("cells_block")
        return table


transform = RecipientKeys
