"""Block and identifier keys in the warehouse: `identity.block_keys`, some forty small rows for each record.

A full run makes all of them anew. It fills a table of its own (sorted by key, so that the members of a block lie side
by side, with its indexes built at the end) which takes the place of the old one when the run is accepted: nothing is
copied. A night writes the difference for the records that changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from resolution.store.bulk import copy_in_arrays

if TYPE_CHECKING:
    import numpy as np
    import psycopg

FIRST_IDENTIFIER_PASS = 1000
STAGED = "staged_block_keys"
INDEXES = {
    "by_key": "(block_key)",
    "by_record": "(source_record_key)",
    "of_identifiers": f"(source_record_key) where pass >= {FIRST_IDENTIFIER_PASS}",
}


class FullKeys:
    """All keys of a full run, pass after pass, into a table that `replace_keys` puts in place."""

    def __init__(self, connection: psycopg.Connection[Any], records: np.ndarray) -> None:
        """records: V16[n], the uuid of every record by position."""
        self.connection, self.records, self.rows = connection, records, 0
        drop_staged(connection)
        # Made in this transaction: neither its rows nor its indexes need the log, and it goes with a rollback.
        connection.execute(
            sql.SQL("create table {} (like identity.block_keys)").format(sql.Identifier("identity", STAGED))
        )

    def add(self, number: int, position: np.ndarray, key: np.ndarray) -> None:
        """The keys of one pass: position int[k], key int64[k]."""
        import numpy as np

        order = np.argsort(key, kind="stable")
        self.rows += copy_in_arrays(
            self.connection,
            f"identity.{STAGED}",
            {
                "source_record_key": self.records[position[order]],
                "pass": np.full(len(order), number, np.int16),
                "block_key": key[order],
            },
            freeze=True,
        )

    def finish(self, run_id: int) -> None:
        """Build the indexes, named after the run, so that they never meet those of the table in force."""
        for name, definition in INDEXES.items():
            self.connection.execute(
                sql.SQL("create index {} on {} {}").format(
                    sql.Identifier(f"block_keys_{run_id}_{name}"),
                    sql.Identifier("identity", STAGED),
                    sql.SQL(definition),
                )
            )
        self.connection.execute(sql.SQL("analyze {}").format(sql.Identifier("identity", STAGED)))


def drop_staged(connection: psycopg.Connection[Any]) -> None:
    """Remove the keys of a full run that was not accepted."""
    connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier("identity", STAGED)))


def replace_keys(connection: psycopg.Connection[Any]) -> None:
    """Put the keys of a full run in force. An account that may not drop the table in force copies into it instead."""
    row = connection.execute(
        """select pg_has_role(c.relowner, 'usage'), to_regclass(%s) is not null
           from pg_class c where c.oid = 'identity.block_keys'::regclass""",
        (f"identity.{STAGED}",),
    ).fetchone()
    is_owner, is_staged = row if row else (False, False)
    staged = sql.Identifier("identity", STAGED)
    if not is_staged:
        connection.execute("truncate identity.block_keys")
    elif is_owner:
        comment = connection.execute("select obj_description('identity.block_keys'::regclass)").fetchone()
        connection.execute("drop table identity.block_keys")
        connection.execute(sql.SQL("alter table {} rename to block_keys").format(staged))
        if comment and comment[0]:
            connection.execute(sql.SQL("comment on table identity.block_keys is {}").format(sql.Literal(comment[0])))
    else:
        connection.execute("truncate identity.block_keys")
        connection.execute(
            sql.SQL(
                """insert into identity.block_keys (source_record_key, pass, block_key)
                   select source_record_key, pass, block_key from {}"""
            ).format(staged)
        )
        drop_staged(connection)


def write_keys(
    connection: psycopg.Connection[Any], run_id: int, records: np.ndarray, passes: np.ndarray, keys: np.ndarray
) -> None:
    """Tonight's keys of the changed records (V16, int16, int64) as part of the proposal. A row with pass -1 stands for
    every record of `changed`: its keys are told anew, or it has none any more.
    """
    import numpy as np

    connection.execute(
        """insert into identity.next_block_keys (run_id, source_record_key, pass, block_key)
           select %s, source_record_key, -1, 0 from changed""",
        (run_id,),
    )
    copy_in_arrays(
        connection,
        "identity.next_block_keys",
        {
            "run_id": np.full(len(keys), run_id, np.int64),
            "source_record_key": records,
            "pass": passes,
            "block_key": keys,
        },
    )


def change_keys(connection: psycopg.Connection[Any], run_id: int) -> None:
    """Put the keys of a night in force: those that the changed records lost go, those that they gained come."""
    connection.execute(
        """create temp table stored_keys on commit drop as
           select b.place, c.source_record_key, b.pass, b.block_key
           from (select source_record_key from identity.next_block_keys where run_id = %s and pass = -1) c
           cross join lateral (select b.ctid as place, b.pass, b.block_key from identity.block_keys b
                               where b.source_record_key = c.source_record_key offset 0) b""",
        (run_id,),
    )
    connection.execute("analyze stored_keys")
    connection.execute(
        """delete from identity.block_keys where ctid = any(array(
               select s.place from stored_keys s where not exists (
                   select 1 from identity.next_block_keys n
                   where n.run_id = %s and n.source_record_key = s.source_record_key and n.pass = s.pass
                     and n.block_key = s.block_key)))""",
        (run_id,),
    )
    connection.execute(
        """insert into identity.block_keys (source_record_key, pass, block_key)
           select n.source_record_key, n.pass, n.block_key from identity.next_block_keys n
           where n.run_id = %s and n.pass >= 0 and not exists (
               select 1 from stored_keys s where s.source_record_key = n.source_record_key and s.pass = n.pass
                 and s.block_key = n.block_key)
           order by n.block_key""",
        (run_id,),
    )


def proposed_keys(connection: psycopg.Connection[Any], run_id: int) -> sql.Composable:
    """Where the keys of a proposal are: a table or sub-select with source_record_key, pass, block_key."""
    row = connection.execute("select kind from identity.runs where run_id = %s", (run_id,)).fetchone()
    if row and row[0] == "full":
        return sql.Identifier("identity", STAGED)
    return sql.SQL(
        "(select source_record_key, pass, block_key from identity.next_block_keys where run_id = {} and pass >= 0)"
    ).format(sql.Literal(run_id))
