"""Running numbers of lines within their document (order, invoice), across the blocks of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.parsing.cells import quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class LineNumbers:
    """Fills `line_number` with the 1-based position of a row among the rows with the same document, in file order.

    first   SQL condition true on a row that begins its document anew (numbers restart there): a document that stands
            twice in the file gets the same numbers twice, so that the second is a duplicate, not an addition
    filled  column whose value on the document's first row is repeated on its other rows
    """

    needs_content = False

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        document: str,
        *,
        first: str | None = None,
        filled: str | None = None,
    ) -> None:
        self.connection, self.document, self.first, self.filled = connection, document, first or "false", filled
        connection.execute(
            "create or replace temp table seen (document varchar, number bigint, filled varchar)"
        ).fetchall()

    def __call__(self, cells: pa.Table) -> pa.Table:
        names = [name for name in cells.column_names if name not in ("line_number", self.filled)]
        kept = ", ".join(f"n.{quoted(name)}" for name in names)
        value = quoted(self.filled) if self.filled else "null::varchar"
        document = quoted(self.document)
        self.connection.register("cells_block", cells)
        # part: how often the document has begun anew up to this row of the block; 0 = it goes on from an earlier block
        self.connection.execute(
            f"create or replace temp table numbered as"  # noqa: S608 - identifiers of the contract, quoted
            f" with parts as (select *, sum(case when {self.first} then 1 else 0 end)"
            f" over (partition by {document} order by _row) as part from cells_block),"
            f" counted as (select *, row_number() over w as position, first_value({value}) over w as first_filled"
            f" from parts window w as (partition by {document}, part order by _row))"
            f" select n.* exclude (position, first_filled, part),"
            f" n.position + case when n.part = 0 then coalesce(seen.number, 0) else 0 end as number,"
            f" coalesce(n.first_filled, case when n.part = 0 then seen.filled end) as filled_down"
            f" from counted as n left join seen on seen.document = n.{document}"
        ).fetchall()
        self.connection.execute(
            "create or replace temp table newest as"  # noqa: S608 - identifiers of the contract, quoted
            " select document, number, filled from seen where document not in"
            f" (select {document} from numbered where {document} is not null)"
            f" union all select {document}, max_by(number, _row), max_by(filled_down, _row) from numbered"
            f" where {document} is not null group by {document}"
        ).fetchall()
        self.connection.execute("create or replace temp table seen as from newest").fetchall()
        filled = f", n.filled_down as {quoted(self.filled)}" if self.filled else ""
        table = self.connection.sql(
            f"select {kept}, n.number::varchar as line_number{filled} from numbered as n order by n._row"  # noqa: S608
        ).to_arrow_table()
        self.connection.unregister("cells_block")
        return table
