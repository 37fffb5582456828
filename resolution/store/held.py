"""What a night has looked up already, in temporary tables: a record's evidence, identifiers and values are asked for by
several steps, and each look-up of a record costs as much as reading it.

    held_evidence       accepted evidence by its left record
    held_identifiers    identifiers that are not deleted, of the types first asked for
    held_records        live person records

Beside each stands `<name>_of`: the records that it holds everything of. They live as long as the transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    import psycopg

EVIDENCE, IDENTIFIERS, RECORDS = "held_evidence", "held_identifiers", "held_records"
LIVE = sql.SQL("not coalesce(r.is_deleted, false) and not coalesce(r.is_internal, false)")
_EVIDENCE_COLUMNS = ("left_key", "right_key", "kind", "evidence", "match_weight", "match_probability")
_IDENTIFIER_COLUMNS = (
    "source_record_key", "identifier_type", "identifier_namespace", "identifier_value", "is_verified",
)  # fmt: skip


def hold_evidence(connection: psycopg.Connection[Any], keys: sql.Composable) -> None:
    """Hold the evidence on whose left the records of a query (source_record_key) stand."""
    look_up = sql.SQL("select * from identity.match_edges e where e.left_key = k.source_record_key")
    _hold(connection, EVIDENCE, keys, sql.Identifier("identity", "match_edges"), look_up, _EVIDENCE_COLUMNS)


def hold_identifiers(connection: psycopg.Connection[Any], keys: sql.Composable, types: tuple[str, ...]) -> None:
    """Hold the identifiers of some types; every call of a transaction names the same types."""
    look_up = sql.SQL(
        """select * from intermediate.int_identifiers i where i.source_record_key = k.source_record_key
           and not coalesce(i.is_deleted, false) and i.identifier_type = any({})"""
    ).format(sql.Literal(list(types)))
    shape = sql.Identifier("intermediate", "int_identifiers")
    _hold(connection, IDENTIFIERS, keys, shape, look_up, _IDENTIFIER_COLUMNS)


def hold_records(connection: psycopg.Connection[Any], keys: sql.Composable, columns: tuple[str, ...]) -> None:
    """Hold the live person records of a query's keys; every call of a transaction names the same columns."""
    look_up = sql.SQL(
        "select * from intermediate.int_person_records r where r.source_record_key = k.source_record_key and {}"
    ).format(LIVE)
    shape = sql.Identifier("intermediate", "int_person_records")
    _hold(connection, RECORDS, keys, shape, look_up, ("source_record_key", *columns))


def is_held(connection: psycopg.Connection[Any], name: str, keys: sql.Composable) -> bool:
    """Whether the transaction holds everything of all records of a query (source_record_key)."""
    of = f"{name}_of"
    if not _is_there(connection, of):
        return False
    missing = sql.SQL("select exists ({} except select source_record_key from {})").format(keys, sql.Identifier(of))
    return connection.execute(missing).fetchone() == (False,)


def _is_there(connection: psycopg.Connection[Any], table: str) -> bool:
    return connection.execute("select to_regclass(%s) is not null", (f"pg_temp.{table}",)).fetchone() == (True,)


def _hold(
    connection: psycopg.Connection[Any],
    name: str,
    keys: sql.Composable,
    shape: sql.Composable,
    look_up: sql.Composable,
    columns: tuple[str, ...],
) -> None:
    """Add what is missing. shape: the table that is looked into; look_up: a query for the rows of one record `k`."""

    def run(statement: str) -> None:
        connection.execute(
            sql.SQL(statement).format(
                held=sql.Identifier(name),
                of=sql.Identifier(f"{name}_of"),
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                found=sql.SQL(", ").join(sql.Identifier("found", c) for c in columns),
                keys=keys,
                shape=shape,
                look_up=look_up,
            )
        )

    if not _is_there(connection, name):
        run("create temp table {held} on commit drop as select {columns} from {shape} with no data")
        run("create temp table {of} (source_record_key uuid primary key) on commit drop")
    # In the order of the keys, one by one, which the planner cannot turn into a scan (see reach.py).
    run(
        """with missing as (
               insert into {of} ({keys}) except select source_record_key from {of} order by 1
               returning source_record_key)
           insert into {held} select {found} from missing k cross join lateral ({look_up} offset 0) found"""
    )
    run("analyze {of}")
