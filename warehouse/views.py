"""Views that stand on a table: taken down for a moment when it changes, and put back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

# Every view above the relations, the nearest first (PostgreSQL keeps views as rewrite rules that depend on columns).
_ABOVE = """
with recursive above (oid, depth) as (
    select distinct r.ev_class, 1
    from pg_depend d join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
    where d.refobjid = any(%s::text[]::regclass[]) and r.ev_class <> d.refobjid
    union
    select distinct r.ev_class, above.depth + 1
    from above join pg_depend d on d.refobjid = above.oid
    join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
    where r.ev_class <> above.oid
)
select c.oid, n.nspname, c.relname, c.relkind::text, pg_get_viewdef(c.oid), pg_get_userbyid(c.relowner),
    obj_description(c.oid, 'pg_class'), max(above.depth) as depth, c.reloptions,
    array(select distinct tn.nspname || '.' || t.relname from pg_depend as d join pg_rewrite as r on d.objid = r.oid
        and d.classid = 'pg_rewrite'::regclass join pg_class as t on t.oid = d.refobjid and t.oid <> c.oid
        join pg_namespace as tn on tn.oid = t.relnamespace where r.ev_class = c.oid)
from above join pg_class c on c.oid = above.oid join pg_namespace n on n.oid = c.relnamespace
group by c.oid, n.nspname, c.relname, c.relkind, c.relowner, c.reloptions order by depth
"""

_GRANTS = """
select case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end, a.privilege_type,
    a.is_grantable
from pg_class c cross join aclexplode(c.relacl) as a where c.oid = %s and a.grantee <> c.relowner
"""
_KINDS = {"v": sql.SQL("view"), "m": sql.SQL("materialized view")}


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view that was dropped, with everything needed to make it again. stands_on: schema.name of what it reads."""

    schema: str
    name: str
    kind: str
    definition: str
    owner: str
    comment: str | None
    options: tuple[str, ...]
    grants: tuple[tuple[str, str, bool], ...]
    stands_on: tuple[str, ...]


def take_down(
    connection: psycopg.Connection[Any], schema: str, tables: list[str], *, except_for: frozenset[str] = frozenset()
) -> list[SavedView]:
    """Drop the views above the tables (those of the schema named in except_for are the caller's), the highest first."""
    found = connection.execute(_ABOVE.encode(), ([f'{schema}."{table}"' for table in tables],)).fetchall()
    saved = []
    for oid, view_schema, name, kind, definition, owner, comment, _, options, stands_on in found:
        if view_schema == schema and name in except_for:
            continue
        grants = connection.execute(_GRANTS.encode(), (oid,)).fetchall()
        saved.append(
            SavedView(
                view_schema, name, kind, definition, owner, comment, tuple(options or ()), tuple(grants),
                tuple(stands_on),
            )
        )  # fmt: skip
    for view in reversed(saved):
        connection.execute(sql.SQL("drop {} {}").format(_KINDS[view.kind], sql.Identifier(view.schema, view.name)))
    return saved


def put_back(connection: psycopg.Connection[Any], saved: list[SavedView]) -> None:
    """Make them again, the nearest first: definition, options, owner, grants, comment."""
    for view in saved:
        kind, target = _KINDS[view.kind], sql.Identifier(view.schema, view.name)
        option = sql.SQL(f" with ({', '.join(view.options)})" if view.options else "")
        connection.execute(sql.SQL("create {} {}{} as {}").format(kind, target, option, sql.SQL(view.definition)))
        connection.execute(sql.SQL("alter {} {} owner to {}").format(kind, target, sql.Identifier(view.owner)))
        if view.comment:
            connection.execute(sql.SQL("comment on {} {} is {}").format(kind, target, sql.Literal(view.comment)))
        for grantee, privilege, grantable in view.grants:
            suffix = sql.SQL(" with grant option" if grantable else "")
            connection.execute(
                sql.SQL("grant {} on {} to {}{}").format(sql.SQL(privilege), target, sql.SQL(grantee), suffix)
            )


@contextmanager
def dependent_views(connection: psycopg.Connection[Any], schema: str, table: str) -> Iterator[None]:
    """Drop the views above the table, run the block, put them back."""
    saved = take_down(connection, schema, [table])
    yield
    put_back(connection, saved)
