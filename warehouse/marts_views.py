"""Published marts that are views: what dbt made over marts_next, made again over marts. They store nothing.

A view stands on columns, so all of them are taken down while a publish or a rollback alters a table or changes a view,
and put up again at its end, with their comments and readers. Views of others that stand on them come back as they were.
"""

from __future__ import annotations

import json
import re
from graphlib import TopologicalSorter
from typing import Any

import psycopg
from psycopg import sql

from warehouse import marts_tables as shape
from warehouse.errors import PublishError
from warehouse.marts_models import READERS, MartModel
from warehouse.views import SavedView, put_back, take_down

Connection = psycopg.Connection[Any]

_DEFINITION = """
select pg_get_viewdef(c.oid), obj_description(c.oid, 'pg_class'),
    coalesce((select jsonb_object_agg(a.attname, d.description) from pg_attribute as a join pg_description as d
        on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = a.attnum where a.attrelid = c.oid
        and a.attnum > 0), '{}'),
    coalesce((select jsonb_agg(pg_get_userbyid(x.grantee)) from aclexplode(c.relacl) as x
        where x.grantee <> 0 and x.grantee <> c.relowner and x.privilege_type = 'SELECT'), '[]')
from pg_class as c where c.oid = to_regclass(%s) and c.relkind = 'v'
"""


def kind_of(connection: Connection, schema: str, name: str) -> str | None:
    """`r` table, `v` view; None when there is none."""
    row = connection.execute(
        "select relkind::text from pg_class where oid = to_regclass(%s)", (f'{schema}."{name}"',)
    ).fetchone()
    return str(row[0]) if row else None


def check_kinds(connection: Connection, models: list[MartModel]) -> None:
    """A published table cannot become a view, nor the other way round: what hangs on it would be lost."""
    for model in models:
        wanted, now = "v" if model.is_view else "r", kind_of(connection, "marts", model.name)
        if now not in (None, wanted):
            names = {"r": "table", "v": "view"}
            raise PublishError(
                f"marts.{model.name} is a {names.get(str(now), now)} and its model is published as a {names[wanted]}:"
                f" drop marts.{model.name}, or give the model another name."
            )


def wanted_definition(connection: Connection, name: str) -> str:
    """The query of marts_next.<name>, over marts."""
    row = connection.execute(_DEFINITION.encode(), (f'marts_next."{name}"',)).fetchone()
    if row is None:
        raise PublishError(f"marts_next.{name} is no view: its model is published as a view, so materialise it as one.")
    return re.sub(r"\bmarts_next\.", "marts.", str(row[0]))


def _state(connection: Connection, name: str) -> dict[str, Any] | None:
    row = connection.execute(_DEFINITION.encode(), (f'marts."{name}"',)).fetchone()
    if row is None:
        return None
    definition, comment, columns, readers = row
    return {"definition": definition, "comment": comment, "columns": columns, "readers": readers}


def differs(connection: Connection, model: MartModel) -> bool:
    state = _state(connection, model.name)
    return state is None or state["definition"] != wanted_definition(connection, model.name)


def take_down_views(connection: Connection, publish_id: int, models: list[MartModel]) -> list[SavedView]:
    """Drop the published views and note how they were; returns views of others that stood on them."""
    names = _in_order(models)
    for number, name in enumerate(names):
        old = {"position": number, "view": _state(connection, name)}
        connection.execute(
            "insert into ops.publish_tables (publish_id, table_name, rows_deleted, rows_inserted, undo_kind,"
            " old_columns) values (%s, %s, 0, 0, 'view', %s)",
            (publish_id, name, json.dumps(old)),
        )
    return _drop(connection, names)


def put_up_views(connection: Connection, models: list[MartModel], others: list[SavedView]) -> None:
    """Make every published view as its model says, and put back the views of others."""
    by_name = {model.name: model for model in models if model.is_view}
    for name in _in_order(models):
        _create(connection, name, wanted_definition(connection, name))
        shape.describe_and_grant(connection, by_name[name])
    put_back(connection, others)


def restore_views(connection: Connection, saved: list[tuple[str, dict[str, Any]]]) -> list[SavedView]:
    """First half of a rollback: drop the views that the publish made; `put_up_earlier` follows."""
    return _drop(connection, [name for name, old in sorted(saved, key=lambda one: one[1]["position"])])


def put_up_earlier(connection: Connection, saved: list[tuple[str, dict[str, Any]]], others: list[SavedView]) -> None:
    """Second half: the views as they were before the publish. Those it made for the first time are gone."""
    for name, old in sorted(saved, key=lambda one: one[1]["position"]):
        if old["view"] is None:
            continue
        _create(connection, name, old["view"]["definition"])
        target = sql.Identifier("marts", name)
        if old["view"]["comment"]:
            connection.execute(sql.SQL("comment on view {} is {}").format(target, sql.Literal(old["view"]["comment"])))
        for column, text in old["view"]["columns"].items():
            connection.execute(
                sql.SQL("comment on column {} is {}").format(sql.Identifier("marts", name, column), sql.Literal(text))
            )
        for reader in old["view"]["readers"]:
            connection.execute(sql.SQL("grant select on {} to {}").format(target, sql.Identifier(reader)))
    gone = {f"marts.{name}" for name, old in saved if old["view"] is None}
    put_back(connection, [view for view in others if not gone & set(view.stands_on)])


def _in_order(models: list[MartModel]) -> list[str]:
    """Names of the views, each after those it reads."""
    views = {model.name: model for model in models if model.is_view}
    graph = {name: sorted(set(model.reads) & views.keys()) for name, model in sorted(views.items())}
    return list(TopologicalSorter(graph).static_order())


def _drop(connection: Connection, names: list[str]) -> list[SavedView]:
    present = [name for name in names if kind_of(connection, "marts", name) == "v"]
    others = take_down(connection, "marts", present, except_for=frozenset(present))
    for name in reversed(present):
        connection.execute(sql.SQL("drop view {}").format(sql.Identifier("marts", name)))
    return others


def _create(connection: Connection, name: str, definition: str) -> None:
    try:
        connection.execute(sql.SQL("create view {} as {}").format(sql.Identifier("marts", name), sql.SQL(definition)))
    except psycopg.errors.UndefinedTable as error:
        raise PublishError(
            f"marts.{name} cannot be made: {error.diag.message_primary}. A published view reads published marts only."
        ) from None
    # New relations may be readable by default privileges: readers are given one by one.
    for role in READERS:
        connection.execute(
            sql.SQL("revoke all on {} from {}").format(sql.Identifier("marts", name), sql.Identifier(role))
        )
