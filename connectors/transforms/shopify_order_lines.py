"""Shopify's order export: order-level cells stand on an order's first line only (platforms.md, section 14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.transforms.line_numbers import LineNumbers

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# Any of these is filled on the first line of every order, and on no other.
_FIRST = "order_id is not null or financial_status is not null or subtotal is not null or total is not null"


class OrderLines:
    """Fills line_number, order_id (from the order's first line) and is_first_line."""

    needs_content = False

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._numbers = LineNumbers(connection, "name", first=_FIRST, filled="order_id")

    def __call__(self, cells: pa.Table) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        table = self._numbers(cells)
        first = pc.cast(pc.equal(table["line_number"], "1"), pa.string())
        return table.set_column(table.schema.get_field_index("is_first_line"), "is_first_line", first)


transform = OrderLines
