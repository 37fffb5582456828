"""Connections to the warehouse: psycopg for statements, ADBC for Arrow in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from warehouse import server
from warehouse.settings import settings

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa


def warehouse_url() -> str:
    """libpq address of the warehouse. Starts the embedded server when no other warehouse is set."""
    return settings().warehouse_url or server.start()


def sqlalchemy_url() -> str:
    """The same address for SQLAlchemy (Great Expectations), through psycopg 3."""
    return "postgresql+psycopg://" + warehouse_url().split("://", 1)[1]


def connect(*, autocommit: bool = False, name: str = "journeyline") -> psycopg.Connection[tuple[Any, ...]]:
    """A new psycopg 3 connection; use it as a context manager (commits at the end, rolls back on an error).

    name: shown in pg_stat_activity, so that whoever looks at the server sees which step is at work.
    """
    import psycopg

    return psycopg.connect(
        warehouse_url(),
        autocommit=autocommit,
        application_name=name,
        options="-c timezone=UTC -c client_min_messages=warning",
    )


def read_arrow(query: str, params: Sequence[Any] | None = None) -> pa.Table:
    """Run a query and return its rows as an Arrow table (binary COPY out; no Python objects per row).

    query: SQL with $1, $2 ... for the values of `params` (ADBC binds on the server side).
    Each call reads what is committed when it starts. Whoever reads often does so inside `sessions.shared_session`:
    an ADBC connection learns every type of the database first, a third of a second of processor time.
    """
    from warehouse.sessions import arrow_session

    with arrow_session() as connection:
        with connection.cursor() as cursor:
            cursor.execute(query, parameters=list(params) if params else None)
            table = cursor.fetch_arrow_table()
        connection.rollback()  # the next read of a shared connection begins anew, and no lock is kept
        return table


def one(connection: psycopg.Connection[Any], query: Any, params: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
    """First value of the first row; LookupError when there is none."""
    row = connection.execute(query, params).fetchone()
    if row is None:
        raise LookupError("the query gave no row")
    return row[0]
