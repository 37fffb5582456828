"""Views that stand on a table: taken down for a moment when a column's type changes, and put back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

# Every view above the table, the nearest first (PostgreSQL keeps views as rewrite rules that depend on columns).
_ABOVE = """
with recursive above (oid, depth) as (
    select distinct r.ev_class, 1
    from pg_depend d join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
    where d.refobjid = to_regclass(%s) and r.ev_class <> d.refobjid
    union
    select distinct r.ev_class, above.depth + 1
    from above join pg_depend d on d.refobjid = above.oid
    join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
    where r.ev_class <> above.oid
)
select c.oid, n.nspname, c.relname, c.relkind::text, pg_get_viewdef(c.oid), pg_get_userbyid(c.relowner),
    obj_description(c.oid, 'pg_class'), max(above.depth) as depth, c.reloptions
from above join pg_class c on c.oid = above.oid join pg_namespace n on n.oid = c.relnamespace
group by c.oid, n.nspname, c.relname, c.relkind, c.relowner, c.reloptions order by depth
"""

_GRANTS = """
select case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end, a.privilege_type,
    a.is_grantable
from pg_class c cross join aclexplode(c.relacl) as a where c.oid = %s and a.grantee <> c.relowner
"""


@contextmanager
def dependent_views(connection: psycopg.Connection[Any], schema: str, table: str) -> Iterator[None]:
    """Drop the views above a table, run the block, put them back (definition, options, owner, grants, comment)."""
    found = connection.execute(_ABOVE.encode(), (f'{schema}."{table}"',)).fetchall()
    grants = {row[0]: connection.execute(_GRANTS.encode(), (row[0],)).fetchall() for row in found}
    kinds = {"v": sql.SQL("view"), "m": sql.SQL("materialized view")}
    for _, view_schema, name, kind, *_ in reversed(found):
        connection.execute(sql.SQL("drop {} {}").format(kinds[kind], sql.Identifier(view_schema, name)))
    yield
    for oid, view_schema, name, kind, definition, owner, comment, _, options in found:
        view = sql.Identifier(view_schema, name)
        option = sql.SQL(f" with ({', '.join(options)})" if options else "")
        connection.execute(sql.SQL("create {} {}{} as {}").format(kinds[kind], view, option, sql.SQL(definition)))
        connection.execute(sql.SQL("alter {} {} owner to {}").format(kinds[kind], view, sql.Identifier(owner)))
        if comment:
            connection.execute(sql.SQL("comment on {} {} is {}").format(kinds[kind], view, sql.Literal(comment)))
        for grantee, privilege, grantable in grants[oid]:
            suffix = sql.SQL(" with grant option" if grantable else "")
            connection.execute(
                sql.SQL("grant {} on {} to {}{}").format(sql.SQL(privilege), view, sql.SQL(grantee), suffix)
            )
