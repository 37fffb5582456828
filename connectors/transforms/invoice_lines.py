"""Till invoices: a line's position within its invoice is its number; the file has no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.transforms.line_numbers import LineNumbers

if TYPE_CHECKING:
    import duckdb


def transform(connection: duckdb.DuckDBPyConnection) -> LineNumbers:
    """Fills line_number."""
    return LineNumbers(connection, "invoice_no")
