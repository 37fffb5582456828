"""The shape of published tables: made once, then changed in place, never swapped, so that what hangs on them stays."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from warehouse.errors import PublishError
from warehouse.marts_models import READERS, Index, MartModel
from warehouse.tables import primary_key
from warehouse.views import dependent_views

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: str
    required: bool


def read_columns(connection: Connection, schema: str, table: str) -> list[Column]:
    """Columns of a table in order; empty when it does not exist."""
    rows = connection.execute(
        "select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute"
        " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum",
        (f'{schema}."{table}"',),
    ).fetchall()
    return [Column(*row) for row in rows]


def create_table(connection: Connection, table: str, columns: list[Column]) -> None:
    lines = [
        sql.SQL("{} {}{}").format(sql.Identifier(c.name), sql.SQL(c.kind), sql.SQL(" not null" if c.required else ""))
        for c in columns
    ]
    connection.execute(
        sql.SQL("create table {} ({})").format(sql.Identifier("marts", table), sql.SQL(", ").join(lines))
    )


def shape_differs(connection: Connection, table: str, wanted: list[Column]) -> bool:
    """Whether names or types differ; order and `not null` do not count."""
    existing = {column.name: column.kind for column in read_columns(connection, "marts", table)}
    return existing != {column.name: column.kind for column in wanted}


def needs_alter(connection: Connection, table: str, wanted: list[Column]) -> bool:
    """Whether anything about the columns of an existing table differs, `not null` included."""
    if shape_differs(connection, table, wanted):
        return True
    key = set(primary_key(connection, "marts", table))  # never null, whatever marts_next says
    existing = {column.name for column in read_columns(connection, "marts", table) if column.required}
    return existing - key != {column.name for column in wanted if column.required} - key


def read_indexes(connection: Connection, table: str) -> list[list[str]]:
    """[name, definition, kind] of a published table's key (kind `constraint`) and other indexes (kind `index`)."""
    rows = connection.execute(
        "select c.relname, coalesce(pg_get_constraintdef(k.oid), pg_get_indexdef(i.indexrelid)),"
        " case when k.oid is null then 'index' else 'constraint' end"
        " from pg_index as i join pg_class as c on c.oid = i.indexrelid left join pg_constraint as k"
        " on k.conindid = i.indexrelid and k.conrelid = i.indrelid where i.indrelid = to_regclass(%s) order by 1",
        (f'marts."{table}"',),
    ).fetchall()
    return [[str(part) for part in row] for row in rows]


def restore_indexes(connection: Connection, table: str, wanted: list[list[str]]) -> None:
    """Make a table's key and indexes what `read_indexes` gave at another time."""
    target, present = sql.Identifier("marts", table), read_indexes(connection, table)
    for name, _, kind in (entry for entry in present if entry not in wanted):
        drop = "alter table {table} drop constraint {name}" if kind == "constraint" else "drop index marts.{name}"
        connection.execute(sql.SQL(drop).format(table=target, name=sql.Identifier(name)))
    for name, definition, kind in (entry for entry in wanted if entry not in present):
        add = "alter table {table} add constraint {name} {definition}" if kind == "constraint" else "{definition}"
        connection.execute(sql.SQL(add).format(table=target, name=sql.Identifier(name), definition=sql.SQL(definition)))


def change_shape(connection: Connection, table: str, wanted: list[Column]) -> None:
    """Add, drop and retype columns in place. Values of retyped columns are about to be replaced by the caller.

    Views that only read the table stay as they are; views on a retyped column are put back with their owner, grants
    and comment. A view that uses a dropped column stops the publish: nobody but its owner can say what it should do.
    """
    target = sql.Identifier("marts", table)
    existing = {column.name: column.kind for column in read_columns(connection, "marts", table)}
    names = {column.name: column.kind for column in wanted}
    retyped = {name for name, kind in names.items() if name in existing and existing[name] != kind}
    for name in existing.keys() - names.keys():
        try:
            with connection.transaction():
                connection.execute(sql.SQL("alter table {} drop column {}").format(target, sql.Identifier(name)))
        except psycopg.errors.DependentObjectsStillExist as error:
            users = [line.split(" depends on")[0] for line in (error.diag.message_detail or "").splitlines()]
            raise PublishError(
                f"marts.{table}: the model no longer has the column {name}, but it is used by {', '.join(users)}."
                " Change or drop that first, or keep the column in the model."
            ) from None
    if retyped:
        with dependent_views(connection, "marts", table):
            for name in sorted(retyped):
                # The old values go: a cast may fail on rows that are replaced anyway.
                connection.execute(
                    sql.SQL("alter table {0} alter column {1} drop not null, alter column {1} drop default,"
                            " alter column {1} type {2} using null").format(
                        target, sql.Identifier(name), sql.SQL(names[name]))
                )  # fmt: skip
    for name, kind in names.items():
        if name not in existing:
            connection.execute(
                sql.SQL("alter table {} add column {} {}").format(target, sql.Identifier(name), sql.SQL(kind))
            )


def relax(connection: Connection, table: str, wanted: list[Column]) -> None:
    """Before rows move: drop `not null` where the new shape allows nulls."""
    required = {column.name for column in wanted if column.required}
    key = set(primary_key(connection, "marts", table))
    for column in read_columns(connection, "marts", table):
        if column.required and column.name not in required | key:
            connection.execute(
                sql.SQL("alter table {} alter column {} drop not null").format(
                    sql.Identifier("marts", table), sql.Identifier(column.name)
                )
            )


def tighten(connection: Connection, table: str, wanted: list[Column]) -> None:
    """After rows have moved: set `not null` where the new shape asks for it."""
    required = {column.name for column in wanted if column.required}
    for column in read_columns(connection, "marts", table):
        if not column.required and column.name in required:
            connection.execute(
                sql.SQL("alter table {} alter column {} set not null").format(
                    sql.Identifier("marts", table), sql.Identifier(column.name)
                )
            )


def _wanted_key(connection: Connection, model: MartModel) -> tuple[str, ...]:
    """The primary key the model declares, or that dbt gave its marts_next table."""
    return model.primary_key or primary_key(connection, "marts_next", model.name)


def key_differs(connection: Connection, model: MartModel) -> bool:
    wanted = _wanted_key(connection, model)
    return bool(wanted) and wanted != primary_key(connection, "marts", model.name)


def ensure_key(connection: Connection, model: MartModel) -> bool:
    """Give the published table its primary key; whether it had another one. Foreign keys come back later."""
    if not key_differs(connection, model):
        return False
    had_one = bool(primary_key(connection, "marts", model.name))
    wanted = _wanted_key(connection, model)
    target = sql.Identifier("marts", model.name)
    if had_one:
        row = connection.execute(
            "select conname from pg_constraint where conrelid = to_regclass(%s) and contype = 'p'",
            (f'marts."{model.name}"',),
        ).fetchone()
        assert row is not None
        connection.execute(sql.SQL("alter table {} drop constraint {} cascade").format(target, sql.Identifier(row[0])))
    connection.execute(
        sql.SQL("alter table {} add constraint {} primary key ({})").format(
            target, sql.Identifier(f"{model.name[:58]}_pkey"), sql.SQL(", ").join(map(sql.Identifier, wanted))
        )
    )
    return had_one


def ensure_indexes(connection: Connection, model: MartModel) -> None:
    """Indexes the model declares, and one on golden_customer_id, by which rows are replaced."""
    rows = connection.execute(
        "select indexname from pg_indexes where schemaname = 'marts' and tablename = %s", (model.name,)
    ).fetchall()
    present, wanted = {row[0] for row in rows}, {index.name: index for index in model.indexes}
    kept = {_customer_index(model), *(Index(model.name, key.columns[:1]).name for key in model.foreign_keys)}
    for name in present - wanted.keys():
        if name.startswith(f"{model.name}__") and name.endswith(("__idx", "__key")) and name not in kept:
            connection.execute(sql.SQL("drop index {}").format(sql.Identifier("marts", name)))
    for name, index in wanted.items():
        if name not in present:
            connection.execute(
                sql.SQL("create {} {} on {} ({})").format(
                    sql.SQL("unique index" if index.unique else "index"),
                    sql.Identifier(name),
                    sql.Identifier("marts", model.name),
                    sql.SQL(", ").join(map(sql.Identifier, index.columns)),
                )
            )
    leading = [index.columns[0] for index in model.indexes] + list(model.primary_key[:1])
    # What points to another table is looked up there and here: a deleted customer must not be searched row by row.
    for key in model.foreign_keys:
        if key.columns[0] not in leading and key.columns[0] != "golden_customer_id":
            leading.append(key.columns[0])
            wanted_index = Index(model.name, (key.columns[0],))
            if wanted_index.name not in present:
                connection.execute(
                    sql.SQL("create index {} on {} ({})").format(
                        sql.Identifier(wanted_index.name),
                        sql.Identifier("marts", model.name),
                        sql.Identifier(key.columns[0]),
                    )
                )
    own = _customer_index(model)
    if model.by_customer and "golden_customer_id" not in leading and own not in present:
        connection.execute(
            sql.SQL("create index {} on {} (golden_customer_id)").format(
                sql.Identifier(own), sql.Identifier("marts", model.name)
            )
        )


def _customer_index(model: MartModel) -> str:
    return f"{model.name[:40]}__golden_customer__idx"


def describe_and_grant(connection: Connection, model: MartModel) -> None:
    """Comments from the model's documentation, and the right to read for the one role that may (READERS)."""
    target = sql.Identifier("marts", model.name)
    wanted: dict[str | None, str] = {None: model.description}
    wanted.update(model.comments)
    rows = connection.execute(
        "select a.attname, coalesce(d.description, '') from pg_class c left join pg_attribute a on a.attrelid = c.oid"
        " and a.attnum >= 0 and not a.attisdropped left join pg_description d on d.objoid = c.oid"
        " and d.classoid = 'pg_class'::regclass and d.objsubid = a.attnum where c.oid = to_regclass(%s)",
        (f'marts."{model.name}"',),
    ).fetchall()
    present: dict[str | None, str] = {name: text for name, text in rows}  # noqa: C416
    row = connection.execute(
        "select coalesce(obj_description(to_regclass(%s)), '')", (f'marts."{model.name}"',)
    ).fetchone()
    present[None] = row[0] if row else ""
    for name, text in wanted.items():
        if name is None and text != present[None]:
            kind = sql.SQL("view" if model.is_view else "table")
            connection.execute(sql.SQL("comment on {} {} is {}").format(kind, target, sql.Literal(text)))
        elif name is not None and name in present and text != present[name]:
            column = sql.Identifier("marts", model.name, name)
            connection.execute(sql.SQL("comment on column {} is {}").format(column, sql.Literal(text)))
    row = connection.execute(
        "select coalesce(array_agg(pg_get_userbyid(a.grantee)::text), '{}') from pg_class as c"
        " cross join aclexplode(c.relacl) as a where c.oid = to_regclass(%s) and a.grantee <> 0",
        (f'marts."{model.name}"',),
    ).fetchone()
    granted = set(row[0]) if row else set()
    if model.reader not in granted:
        connection.execute(sql.SQL("grant select on {} to {}").format(target, sql.Identifier(model.reader)))
    for other in granted & set(READERS) - {model.reader}:
        connection.execute(sql.SQL("revoke all on {} from {}").format(target, sql.Identifier(other)))
