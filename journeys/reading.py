"""One consistent look at the warehouse: every figure of a report comes from the same snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

Row = dict[str, Any]
SCHEMAS = ("identity", "marts", "ops")


class Snapshot:
    """Runs queries whose tables exist; a query on a table that is not there gives None, so that the reader is told."""

    def __init__(self, connection: psycopg.Connection[Any], parameters: Mapping[str, Any]) -> None:
        self._connection = connection
        self._parameters = dict(parameters)
        found = connection.execute(
            "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = any(%s) and c.relkind in ('r', 'v', 'm', 'p')",
            (list(SCHEMAS),),
        ).fetchall()
        self.tables = frozenset(row[0] for row in found)

    def missing(self, needs: Sequence[str]) -> list[str]:
        """The tables among `needs` (schema.table) that do not exist."""
        return [table for table in needs if table not in self.tables]

    def rows(self, query: str, needs: Sequence[str]) -> list[Row] | None:
        """Rows of a query with `%(name)s` placeholders; None when a table that it needs does not exist."""
        from psycopg.rows import dict_row

        if self.missing(needs):
            return None
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode(), self._parameters).fetchall()

    def row(self, query: str, needs: Sequence[str]) -> Row | None:
        """The first row, or None when there is none or a table does not exist."""
        found = self.rows(query, needs)
        return found[0] if found else None


@contextmanager
def snapshot(parameters: Mapping[str, Any]) -> Iterator[Snapshot]:
    """A read-only snapshot of the warehouse. parameters: values of the queries' placeholders."""
    import psycopg

    import warehouse

    with warehouse.connect(name="journeyline report") as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield Snapshot(connection, parameters)
