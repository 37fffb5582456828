"""Who is not let in again: rows of an export that hold an identifier of an erased person stay out of raw.

Identifiers are compared by keyed hash (HMAC-SHA256, RFC 2104), so the list tells nobody anything without the key:
JOURNEYLINE_DENY_SECRET, or the password of the Airflow connection `journeyline_deny` in the environment
(AIRFLOW_CONN_JOURNEYLINE_DENY), or else a salt of this installation that the warehouse keeps.
"""

from __future__ import annotations

import json
import os
import secrets
from hashlib import sha256
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from warehouse.errors import WarehouseError
from warehouse.specs import TableSpec

SECRET, CONNECTION = "JOURNEYLINE_DENY_SECRET", "AIRFLOW_CONN_JOURNEYLINE_DENY"
KINDS = {"email": "email", "phone": "phone", "id": "id", "cookie": "id", "device": "id", "handle": "id"}
"""Class of personal data in a contract → kind of identifier. E-mails and phones are one person's on every platform."""
_CHECK = "check|"

Connection = psycopg.Connection[Any]
Keys = tuple[bytes, bytes]


class DenyListError(WarehouseError):
    """The deny-list cannot be read with the present key; the message says what to do."""


def comparable(kind: str, value: sql.Composable) -> sql.Composable:
    """SQL of the form in which identifiers of a kind are compared: blanks are null, phones are their last digits."""
    if kind == "email":
        text = sql.SQL("lower(btrim({}::text))").format(value)
    elif kind == "phone":
        text = sql.SQL("right(regexp_replace({}::text, '[^0-9]', '', 'g'), 9)").format(value)
    else:
        text = sql.SQL("btrim({}::text)").format(value)
    return sql.SQL("nullif({}, '')").format(text)


def identifier_columns(spec: TableSpec) -> dict[str, str]:
    """Column → kind of the identifiers that a table holds."""
    return {column.name: KINDS[column.pii] for column in spec.columns if column.pii in KINDS}


def add_to_deny_list(connection: Connection, erasure_id: int, export_date: Any) -> int:
    """Put the exclusive identifiers of the temporary table `erased_values` (kind, platform, value, is_exclusive) on the
    list; how many are new.
    """
    inner, outer = _keys(connection)
    message = sql.SQL("v.kind || '|' || case when v.kind = 'id' then v.platform else '' end || '|' || v.value")
    return connection.execute(
        sql.SQL(
            """insert into identity.deny_list (value_hash, kind, erasure_id, denied_from)
               select distinct on (1) {hash}, v.kind, %(erasure)s, %(date)s from erased_values v
               where v.is_exclusive and v.kind in ('email', 'phone', 'id')
               on conflict (value_hash) do nothing"""
        ).format(hash=_hash(message)),
        {"inner": inner, "outer": outer, "erasure": erasure_id, "date": export_date},
    ).rowcount


def keep_out(connection: Connection, batch_id: int, platform: str, spec: TableSpec) -> int:
    """Delete the landed rows of a batch that hold a denied identifier, and count them; how many there were.

    The ledger counts them as rejected; their text is kept nowhere.
    """
    columns = identifier_columns(spec)
    if not columns or connection.execute("select exists (select 1 from identity.deny_list)").fetchone() != (True,):
        return 0
    inner, outer = _keys(connection)
    options = sql.SQL(", ").join(
        sql.SQL("({})").format(
            _hash(
                sql.SQL("{} || {}").format(
                    sql.Literal(f"{kind}|{platform if kind == 'id' else ''}|"),
                    comparable(kind, sql.Identifier("l", name)),
                )
            )
        )
        for name, kind in columns.items()
    )
    denied = connection.execute(
        sql.SQL(
            """delete from {landing} l where l._batch_id = %(batch)s and exists (
                   select 1 from (values {options}) h (value_hash) join identity.deny_list using (value_hash))"""
        ).format(landing=sql.Identifier("landing", spec.table), options=options),
        {"batch": batch_id, "inner": inner, "outer": outer},
    ).rowcount
    if denied:
        connection.execute(
            """insert into ops.denied_rows (batch_id, platform, object, export_date, rows_denied)
               select batch_id, platform, object, export_date, %(denied)s from ops.batch_ledger
               where batch_id = %(batch)s""",
            {"batch": batch_id, "denied": denied},
        )
        connection.execute(
            """update ops.batch_ledger set rows_landed = rows_landed - %(denied)s,
                      rows_rejected = rows_rejected + %(denied)s where batch_id = %(batch)s""",
            {"batch": batch_id, "denied": denied},
        )
    return denied


def _hash(message: sql.Composable) -> sql.Composable:
    return sql.SQL("sha256(%(outer)s::bytea || sha256(%(inner)s::bytea || convert_to({}, 'UTF8')))").format(message)


def _keys(connection: Connection) -> Keys:
    """The padded keys, checked against the list: with another key nobody on it would be recognised."""
    secret = _secret()
    if secret is None:
        connection.execute(
            "insert into ops.installation (deny_salt) values (%s) on conflict do nothing", (secrets.token_bytes(32),)
        )
        row = connection.execute("select deny_salt from ops.installation").fetchone()
        secret = bytes(row[0]) if row else b""
    key = (secret if len(secret) <= 64 else sha256(secret).digest()).ljust(64, b"\0")
    inner, outer = bytes(b ^ 0x36 for b in key), bytes(b ^ 0x5C for b in key)
    mark = sha256(outer + sha256(inner + _CHECK.encode()).digest()).digest()
    rows = connection.execute("select value_hash from identity.deny_list where kind = 'check'").fetchall()
    if not rows:
        connection.execute(
            "insert into identity.deny_list (value_hash, kind, erasure_id, denied_from)"
            " values (%s, 'check', 0, '-infinity')",
            (mark,),
        )
    elif bytes(rows[0][0]) != mark:
        raise DenyListError(
            f"The deny-list of erased persons was made with another key. Set {SECRET} (or {CONNECTION}) to the one that"
            " was in force when the first person was erased."
        )
    return inner, outer


def _secret() -> bytes | None:
    if text := os.environ.get(SECRET):
        return text.encode()
    if text := os.environ.get(CONNECTION):
        password = json.loads(text).get("password") if text.lstrip().startswith("{") else urlsplit(text).password
        if not password:
            raise DenyListError(f"{CONNECTION} has no password; the key of the deny-list is expected there.")
        return unquote(str(password)).encode()
    return None
