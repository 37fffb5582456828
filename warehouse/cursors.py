"""Cursors of vendors' APIs: proposed with a batch, committed with its rows, kept by night.

A night starts from the newest cursor of an *earlier* export date, so pulling a night again reads the same span again,
whatever later nights have read since.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from warehouse.sessions import session

if TYPE_CHECKING:
    import psycopg

_KEY = ("platform", "object", "connection", "endpoint", "account")


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far an object's data reach. state: {"time": ISO, "token": …}, either may be absent."""

    platform: str
    object: str
    connection: str
    endpoint: str
    account: str
    export_date: dt.date
    state: dict[str, Any]
    batch_id: int | None = None


def propose_cursors(batch_id: int, cursors: Iterable[Cursor]) -> None:
    """Note the cursors that promoting this batch will commit; replaces earlier proposals of the batch."""
    from psycopg.types.json import Jsonb

    rows = [(batch_id, c.connection, c.endpoint, c.account, Jsonb(c.state)) for c in cursors]
    with session("journeyline land") as connection, connection.cursor() as cursor:
        cursor.execute("delete from ops.proposed_cursors where batch_id = %s", (batch_id,))
        cursor.executemany(
            "insert into ops.proposed_cursors (batch_id, connection, endpoint, account, state)"
            " values (%s, %s, %s, %s, %s)",
            rows,
        )


def commit_cursors(connection: psycopg.Connection[Any], batch_id: int) -> int:
    """Make a batch's proposals the cursors of its night, inside the transaction that promotes it."""
    return connection.execute(
        "insert into ops.cursors (platform, object, connection, endpoint, account, export_date, state, batch_id)"
        " select b.platform, b.object, p.connection, p.endpoint, p.account, b.export_date, p.state, b.batch_id"
        " from ops.proposed_cursors as p join ops.batch_ledger as b using (batch_id) where b.batch_id = %s"
        " on conflict (platform, object, connection, endpoint, account, export_date) do update set"
        " state = excluded.state, batch_id = excluded.batch_id, committed_at = excluded.committed_at",
        (batch_id,),
    ).rowcount


def cursors_before(
    platform: str, connection_id: str, endpoint: str, account: str, export_date: dt.date
) -> dict[str, Cursor]:
    """Object → its newest cursor of a night before this one."""
    with session("journeyline cursors") as connection:
        rows = connection.execute(
            "select distinct on (object) platform, object, connection, endpoint, account, export_date, state, batch_id"
            " from ops.cursors where platform = %s and connection = %s and endpoint = %s and account = %s"
            " and export_date < %s order by object, export_date desc",
            (platform, connection_id, endpoint, account, export_date),
        ).fetchall()
    return {row[1]: Cursor(*row) for row in rows}


def read_cursors(platform: str | None = None, object: str | None = None) -> list[Cursor]:
    """The newest cursor of everything that has one, narrowed by what is given, sorted."""
    given = {name: value for name, value in (("platform", platform), ("object", object)) if value is not None}
    conditions: list[sql.Composable] = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in given
    ]
    key = sql.SQL(", ").join(map(sql.Identifier, _KEY))
    query = sql.SQL(
        "select distinct on ({key}) {key}, export_date, state, batch_id from ops.cursors where {conditions}"
        " order by {key}, export_date desc"
    ).format(key=key, conditions=sql.SQL(" and ").join(conditions or [sql.SQL("true")]))
    with session("journeyline cursors") as connection:
        return [Cursor(*row) for row in connection.execute(query, given)]


def reset_cursors(platform: str, object: str | None = None, since: dt.date | None = None) -> int:
    """Forget cursors, so that the next pull reads from the beginning (or from before `since`); returns how many.

    since: forget only those of this export date and later. Data stay as they are: what is read again is unchanged.
    """
    conditions, values = ["platform = %(platform)s"], {"platform": platform, "object": object, "since": since}
    if object is not None:
        conditions.append("object = %(object)s")
    if since is not None:
        conditions.append("export_date >= %(since)s")
    query = f"delete from ops.cursors where {' and '.join(conditions)}"  # noqa: S608 - constants
    with session("journeyline cursors") as connection:
        return connection.execute(query.encode(), values).rowcount
