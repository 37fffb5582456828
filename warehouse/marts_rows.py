"""Which rows of a published table differ from those that should replace it, and replacing just these.

Both tables are read once and joined by their primary key; rows are compared by the bytes of their values, so 1.0 is not
1.00. Tables without a common key are compared as text, which takes about five times as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows of marts.<table> that must go and rows of its source that must come.

    found: temporary table with their places (old_row, new_row: tid); None: there was no common key, nobody counted
    """

    deleted: int
    inserted: int
    found: sql.Identifier | None

    @property
    def is_empty(self) -> bool:
        return self.deleted == 0 and self.inserted == 0


def find_difference(
    connection: Connection, table: str, source: sql.Identifier, columns: list[str], key: tuple[str, ...]
) -> Difference:
    """Compare marts.<table> with `source`. Until the end of the transaction nobody else may write to either.

    key: a key that is unique and without nulls in both tables; empty: compare as text, which only says whether.
    """
    if not key:
        differs = _differs_as_text(connection, table, source, columns)
        return Difference(int(differs), int(differs), None)
    found = sql.Identifier(f"difference_of_{table}"[:63])
    same = sql.SQL(" and ").join(sql.SQL("t.{0} = s.{0}").format(sql.Identifier(name)) for name in key)
    side = sql.SQL("(select ctid, {keys}, row({names}) as content from {relation})")
    parts = {"keys": _names(list(key)), "names": _names(columns)}
    connection.execute(sql.SQL("drop table if exists pg_temp.{}").format(found))
    connection.execute(
        sql.SQL(
            "create temporary table {found} on commit drop as select t.ctid as old_row, s.ctid as new_row from {t} as t"
            " full join {s} as s on {same} where t.ctid is null or s.ctid is null or t.content *<> s.content"
        ).format(
            found=found,
            t=side.format(relation=sql.Identifier("marts", table), **parts),
            s=side.format(relation=source, **parts),
            same=same,
        )
    )
    row = connection.execute(sql.SQL("select count(old_row), count(new_row) from {}").format(found)).fetchone()
    assert row is not None
    return Difference(int(row[0]), int(row[1]), found)


def replace_rows(
    connection: Connection, table: str, source: sql.Identifier, columns: list[str], difference: Difference
) -> tuple[int, int]:
    """Make marts.<table> equal to `source`, touching only rows that differ; returns (deleted, inserted)."""
    if difference.found is None:
        return _replace_as_text(connection, table, source, columns)
    parts = {"t": sql.Identifier("marts", table), "s": source, "names": _names(columns), "found": difference.found}
    # by place: an array of tids is read in order of pages
    deleted = connection.execute(
        sql.SQL(
            "delete from {t} where ctid = any(array(select old_row from {found} where old_row is not null))"
        ).format(**parts)
    ).rowcount
    inserted = connection.execute(
        sql.SQL(
            "insert into {t} ({names}) select {names} from {s} where ctid ="
            " any(array(select new_row from {found} where new_row is not null))"
        ).format(**parts)
    ).rowcount
    return deleted, inserted


def _names(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _row_text(alias: str, columns: list[str]) -> sql.Composed:
    """A whole row as text, columns in the given order: equal text means equal to the byte."""
    fields = sql.SQL(", ").join(sql.Identifier(alias, name) for name in columns)
    return sql.SQL("row({})::text").format(fields)


def _differs_as_text(connection: Connection, table: str, source: sql.Identifier, columns: list[str]) -> bool:
    row = connection.execute(
        sql.SQL(
            "select exists ((select {row}, count(*) from {s} as n group by 1)"
            " except (select {row}, count(*) from {t} as n group by 1)) or"
            " (select count(*) from {s}) <> (select count(*) from {t})"
        ).format(row=_row_text("n", columns), s=source, t=sql.Identifier("marts", table))
    ).fetchone()
    return row == (True,)


def _replace_as_text(connection: Connection, table: str, source: sql.Identifier, columns: list[str]) -> tuple[int, int]:
    parts = {
        "t": sql.Identifier("marts", table),
        "s": source,
        "names": _names(columns),
        "t_row": _row_text("t", columns),
        "s_row": _row_text("s", columns),
    }
    twice = connection.execute(
        sql.SQL("select exists (select 1 from {s} as s group by {s_row} having count(*) > 1) or"
                " exists (select 1 from {t} as t group by {t_row} having count(*) > 1)").format(**parts)
    ).fetchone()  # fmt: skip
    if twice == (True,):  # equal rows cannot be told apart: replace them all
        deleted = connection.execute(sql.SQL("delete from {t}").format(**parts)).rowcount
        inserted = connection.execute(
            sql.SQL("insert into {t} ({names}) select {names} from {s}").format(**parts)
        ).rowcount
        return deleted, inserted
    deleted = connection.execute(
        # an anti-join, which may spill; `not in` over more rows than work_mem holds would compare every pair
        sql.SQL("delete from {t} as t where not exists (select 1 from {s} as s where {s_row} = {t_row})").format(
            **parts
        )
    ).rowcount
    inserted = connection.execute(
        sql.SQL(
            "insert into {t} ({names}) select {names} from {s} as s where not exists"
            " (select 1 from {t} as t where {t_row} = {s_row})"
        ).format(**parts)
    ).rowcount
    return deleted, inserted
