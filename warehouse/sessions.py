"""Connections that the steps of loading share: a night has many tiny batches, and connecting costs more than those."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from warehouse.connection import connect, warehouse_url

if TYPE_CHECKING:
    import psycopg


@dataclass(slots=True)
class _Shared:
    plain: psycopg.Connection[Any] | None = None
    arrow: Any = None

    def close(self) -> None:
        for connection in (self.plain, self.arrow):
            if connection is not None:
                connection.close()
        self.plain = self.arrow = None


# A thread of its own has a context of its own: it never gets another thread's connection.
_shared: ContextVar[_Shared | None] = ContextVar("journeyline_shared_session", default=None)


@contextmanager
def shared_session() -> Iterator[None]:
    """Inside it, the functions of loading called by this thread use one connection, each in its own transaction."""
    if _shared.get() is not None:
        yield
        return
    mine = _Shared()
    token = _shared.set(mine)
    try:
        yield
    finally:
        _shared.reset(token)
        mine.close()


@contextmanager
def session(name: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection for one transaction, committed at the end, rolled back on an error; shared if there is a scope."""
    shared = _shared.get()
    if shared is None:
        with connect(name=name) as connection:
            yield connection
        return
    if shared.plain is None or shared.plain.closed:
        shared.plain = connect(name="journeyline load")
        shared.plain.prepare_threshold = None  # tables grow between statements: no plan may outlive that
    with shared.plain.transaction():
        yield shared.plain


@contextmanager
def arrow_session() -> Iterator[Any]:
    """The same as an ADBC connection, which the caller commits. After an error it is not used again."""
    import adbc_driver_postgresql.dbapi as adbc

    shared = _shared.get()
    if shared is None:
        with adbc.connect(warehouse_url()) as connection:
            yield connection
        return
    connection = shared.arrow if shared.arrow is not None else adbc.connect(warehouse_url())
    shared.arrow = None
    try:
        yield connection
    except BaseException:
        connection.close()
        raise
    shared.arrow = connection
