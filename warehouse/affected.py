"""Whom does this night touch? One snapshot, a few set-based statements (docs/architecture.md, boundary 5)."""

from __future__ import annotations

import datetime as dt
import json
import logging
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from warehouse.clock import night_clock
from warehouse.connection import connect
from warehouse.errors import AffectedError
from warehouse.locks import night_lock
from warehouse.rules import rules_hash
from warehouse.tables import primary_key
from warehouse.watermarks import INT_TABLES, newest, newest_plan

log = logging.getLogger(__name__)

# int_* table → (reason, the mart in which its rows are published); aggregates touch nobody
_EVENTS: dict[str, tuple[str, str]] = {
    "int_touchpoints": ("touchpoint", "fct_touchpoints"),
    "int_orders": ("order", "fct_orders"),
    "int_order_lines": ("order", "fct_order_lines"),
    "int_refunds": ("order", "fct_refunds"),
    "int_tickets": ("ticket", "fct_tickets"),
    "int_person_records": ("record", "bridge_customer_identities"),
    "int_messages": ("message", "fct_messages"),
    "int_message_scores": ("message", "fct_messages"),
    "int_x_columns": ("touchpoint", "fct_touchpoints"),
}


@dataclass(frozen=True, slots=True)
class Affected:
    """The night in preparation (ops.next_publish).

    reasons: kind → customers, each under every kind that holds
    refit: statistics were fitted anew tonight (journeys.compute), so fitted marts hold everybody's rows
    """

    export_date: dt.date
    everyone: bool
    affected: int
    reasons: dict[str, int]
    watermarks: dict[str, int]
    identity_run_id: int | None
    rules_hash: str
    refit: bool = False


@dataclass(frozen=True, slots=True)
class _LastPublish:
    publish_id: int
    export_date: dt.date
    watermarks: dict[str, int]
    identity_run_id: int
    rules_hash: str


def find_affected(export_date: dt.date | str, *, everyone: bool = False) -> int:
    """Fill marts_next.affected_customers; returns how many customers the night touches.

    everyone: a full refresh. Also chosen by itself before the first publish, and when the rules changed since the last.
    Raises AffectedError when the layers below have not been built yet.
    """
    return prepare_affected(export_date, everyone=everyone).affected


def channels_changed() -> bool:
    """Whether new aggregates or plans came since the last live publish: marts to build though nobody is affected."""
    with connect(name="journeyline affected") as connection:
        last = _last_publish(connection)
        now = {**newest(connection, "intermediate", ["int_channel_metrics"]), **newest_plan(connection)}
    before = last.watermarks if last else {}
    return any(seq > before.get(table, 0) for table, seq in now.items())


def prepare_affected(export_date: dt.date | str, *, everyone: bool = False) -> Affected:
    """The same, with the reasons. A date older than the newest live publish: with that publish's clock."""
    rules = rules_hash()
    with night_lock("affected", wait_seconds=60), connect(name="journeyline affected") as connection:
        connection.execute("set transaction isolation level repeatable read")  # one snapshot for all reads
        date = night_clock(connection, export_date)
        tables = newest(connection, "intermediate", list(INT_TABLES))
        missing = {"int_touchpoints", "int_person_records"} - set(tables)
        if missing:
            raise AffectedError(
                f"intermediate.{min(missing)} does not exist: run the dbt layers persons and touchpoints first."
            )
        row = connection.execute("select max(run_id) from identity.runs where status = 'accepted'").fetchone()
        run_id = row[0] if row else None
        last = _last_publish(connection)
        everyone = everyone or last is None or last.rules_hash != rules
        connection.execute("create temporary table touched (golden_customer_id uuid, reason text) on commit drop")
        if everyone or last is None:
            _everyone(connection)
        else:
            _Search(connection, last, tables, date).run()
        reasons = _store(connection)
        row = connection.execute("select count(*) from marts_next.affected_customers").fetchone()
        marks = {**tables, **newest_plan(connection)}
        found = Affected(date, everyone, int(row[0]) if row else 0, reasons, marks, run_id, rules)
        _remember(connection, found)
    with connect(autocommit=True, name="journeyline affected") as connection:
        connection.execute("analyze marts_next.affected_customers")
    log.info("affected customers: %d (everyone: %s)", found.affected, everyone)
    return found


def _last_publish(connection: psycopg.Connection[Any]) -> _LastPublish | None:
    row = connection.execute(
        "select publish_id, export_date, watermarks, coalesce(identity_run_id, 0), rules_hash from ops.publish_log"
        " where status = 'live' order by publish_id desc limit 1"
    ).fetchone()
    return None if row is None else _LastPublish(*row)


def _everyone(connection: psycopg.Connection[Any]) -> None:
    """Every living customer, and every published one: rows of ids that are gone must go."""
    connection.execute(
        "insert into touched select golden_customer_id, 'everyone' from identity.golden_customers where status = 'live'"
    )
    for table in _published_by_customer(connection):
        connection.execute(
            sql.SQL(
                "insert into touched select distinct golden_customer_id, 'everyone' from {} where"
                " golden_customer_id is not null"
            ).format(sql.Identifier("marts", table))
        )


def _published_by_customer(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute(
        "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname ="
        " 'golden_customer_id'"
        " where c.relnamespace = 'marts'::regnamespace and c.relkind = 'r' and not a.attisdropped order by 1"
    ).fetchall()
    return [str(row[0]) for row in rows]


class _Search:
    """The reasons one by one; each adds ids to the temporary table `touched`."""

    def __init__(
        self, connection: psycopg.Connection[Any], last: _LastPublish, tables: dict[str, int], date: dt.date
    ) -> None:
        self.connection, self.last, self.tables, self.date = connection, last, tables, date

    def run(self) -> None:
        for table in self.tables:
            if table in _EVENTS and self.tables[table] > self.last.watermarks.get(table, 0):
                self._changed_events(table)
        self._identity()
        self._clocks()

    def _add(self, query: str, values: dict[str, Any], **names: sql.Composable) -> None:
        statement = sql.SQL("insert into touched (golden_customer_id, reason) " + query)
        self.connection.execute(statement.format(**names), values)

    def _changed_events(self, table: str) -> None:
        """Customers of changed rows, through today's links; and customers under whom the changed event is published."""
        reason, mart = _EVENTS[table]
        values = {"reason": reason, "seq": self.last.watermarks.get(table, 0)}
        if self._has_columns("intermediate", table, ("source_record_key",)):
            self._add(
                "select distinct k.golden_customer_id, %(reason)s from {table} as t join identity.record_links as k"
                " on k.source_record_key = t.source_record_key and k.valid_to_run_id is null where t._changed_seq >"
                " %(seq)s",
                values,
                table=sql.Identifier("intermediate", table),
            )
        key = primary_key(self.connection, "marts", mart)
        if not key or not self._has_columns("intermediate", table, key):
            return
        self._add(
            "select distinct p.golden_customer_id, {moved} from {table} as t join {mart} as p on {same}"
            " where t._changed_seq > %(seq)s",
            values,
            table=sql.Identifier("intermediate", table),
            mart=sql.Identifier("marts", mart),
            moved=sql.Literal("moved" if reason != "message" else reason),
            same=sql.SQL(" and ").join(sql.SQL("t.{0} = p.{0}").format(sql.Identifier(name)) for name in key),
        )

    def _has_columns(self, schema: str, table: str, columns: tuple[str, ...]) -> bool:
        row = self.connection.execute(
            "select count(*) from pg_attribute where attrelid = to_regclass(%s) and attname = any(%s) and not"
            " attisdropped",
            (f'{schema}."{table}"', list(columns)),
        ).fetchone()
        return row == (len(columns),)

    def _identity(self) -> None:
        """Records that joined or left, ids that were born, merged, split or closed, golden records that changed."""
        values = {"run": self.last.identity_run_id}
        for query in (
            "select golden_customer_id, 'identity' from identity.record_links where valid_from_run_id > %(run)s",
            "select golden_customer_id, 'identity' from identity.record_links where valid_to_run_id > %(run)s",
            "select unnest(array[from_id, to_id]), 'identity' from identity.golden_id_changes where run_id > %(run)s",
            "select golden_customer_id, 'identity' from identity.golden_records where run_id > %(run)s",
        ):
            self._add(query, values)

    def _clocks(self) -> None:
        """Customers whose next clock runs out between the last published date and this night's."""
        if self._has_columns("marts", "fct_journeys", ("golden_customer_id", "next_clock_date")):
            self._add(
                "select golden_customer_id, 'clock' from marts.fct_journeys"
                " where next_clock_date > %(after)s and next_clock_date <= %(until)s",
                {"after": self.last.export_date, "until": self.date},
            )


def _store(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """touched → marts_next.affected_customers (one reason each); returns customers per reason."""
    connection.execute("delete from marts_next.affected_customers")
    connection.execute(
        "insert into marts_next.affected_customers select golden_customer_id, min(reason) from touched"
        " where golden_customer_id is not null group by 1"
    )
    rows = connection.execute(
        "select reason, count(distinct golden_customer_id) from touched where golden_customer_id is not null"
        " group by 1 order by 1"
    ).fetchall()
    return {str(reason): int(count) for reason, count in rows}


def _remember(connection: psycopg.Connection[Any], found: Affected) -> None:
    connection.execute("delete from ops.next_publish")
    connection.execute(
        "insert into ops.next_publish (export_date, everyone, affected, reasons, watermarks, identity_run_id,"
            " rules_hash)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        (
            found.export_date, found.everyone, found.affected, json.dumps(found.reasons), json.dumps(found.watermarks),
            found.identity_run_id, found.rules_hash,
        ),
    )  # fmt: skip


def read_affected(connection: psycopg.Connection[Any]) -> Affected:
    """The night in preparation; AffectedError when there is none."""
    row = connection.execute(
        "select export_date, everyone, affected, reasons, watermarks, identity_run_id, rules_hash, refit"
        " from ops.next_publish"
    ).fetchone()
    if row is None:
        raise AffectedError("No night is in preparation: run `python -m warehouse affected --date …` first.")
    return Affected(*row)
