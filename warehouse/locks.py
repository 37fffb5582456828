"""Locks that PostgreSQL itself lets go of when their holder dies: nothing is ever left locked by a crash."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from warehouse.connection import connect
from warehouse.errors import NightRunningError

if TYPE_CHECKING:
    import psycopg

_KEY = "hashtextextended('journeyline:' || %(name)s, 0)"


@contextmanager
def night_lock(name: str = "night", wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock `name` while the block runs, on a connection of its own.

    wait_seconds: how long to wait for another holder; then NightRunningError, which says since when it holds the lock.
    """
    deadline = time.monotonic() + wait_seconds
    with connect(autocommit=True, name=f"journeyline lock {name}") as connection:
        # The lock must not be lost to a server that closes quiet connections.
        connection.execute("set idle_session_timeout = 0")
        while connection.execute(f"select pg_try_advisory_lock({_KEY})".encode(), {"name": name}).fetchone() != (True,):
            if time.monotonic() >= deadline:
                raise NightRunningError(_who_holds(connection, name))
            time.sleep(min(0.5, max(0.01, deadline - time.monotonic())))
        try:
            yield
        finally:
            if not connection.closed:
                connection.execute(f"select pg_advisory_unlock({_KEY})".encode(), {"name": name})


def _who_holds(connection: psycopg.Connection[Any], name: str) -> str:
    row = connection.execute(
        f"select to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS'), a.pid from pg_locks as l join pg_stat_activity as a"  # noqa: S608
        f" using (pid) where l.locktype = 'advisory' and l.granted and l.objsubid = 1"
        f" and l.database = (select oid from pg_database where datname = current_database())"
        f" and (l.classid::bigint << 32) | l.objid::bigint = {_KEY} limit 1".encode(),
        {"name": name},
    ).fetchone()
    since = f" since {row[0]} UTC (server process {row[1]})" if row else ""
    return (
        f"The lock {name!r} is held{since}: a night is running in this warehouse. Wait for its end, or stop that run;"
        " the lock goes with it."
    )
