"""Shopify's customer export: the older header has no customer id, so a key is made of what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_KEY = (
    "case when customer_id is not null then 'id:' || customer_id"
    " when email is not null then 'email:' || lower(trim(email))"
    " when phone is not null then 'phone:' || regexp_replace(phone, '[^0-9+]', '', 'g')"
    " else 'row:' || _content end"
)


class CustomerKeys:
    """Fills customer_key."""

    needs_content = True

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def __call__(self, cells: pa.Table) -> pa.Table:
        self.connection.register("cells_block", cells)
        sql = f"select * replace ({_KEY} as customer_key) from cells_block"  # noqa: S608 - a constant
        table = self.connection.sql(sql).to_arrow_table()
        self.connection.unregister("cells_block")
        return table


transform = CustomerKeys
