"""Transforms that complete columns of a row from other columns of the same row, as SQL expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.parsing.cells import quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class Filled:
    """Replaces columns by expressions over the row's cells; a later step sees what an earlier one filled.

    steps          column → DuckDB expression (text); names and expressions are constants of the caller's module
    needs_content  the expressions read `_content`
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, *steps: dict[str, str], needs_content: bool = False
    ) -> None:
        self.connection, self.steps, self.needs_content = connection, steps, needs_content

    def __call__(self, cells: pa.Table) -> pa.Table:
        self.connection.register("cells_block", cells)
        statement = "(from cells_block)"
        for step in self.steps:
            filled = ", ".join(f"{value} as {quoted(column)}" for column, value in step.items())
            statement = f"(select * replace ({filled}) from {statement})"  # noqa: S608 - constants
        table = self.connection.sql(f"{statement} order by _row").to_arrow_table()
        self.connection.unregister("cells_block")
        return table
