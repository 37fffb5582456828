"""Decisions in the warehouse: put in force, revoked, and what they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    import psycopg

Row = tuple[str, str, str, str, str]


def in_force(connection: psycopg.Connection[Any]) -> list[Row]:
    """left_key, right_key, verdict, author, reason; by keys."""
    rows = connection.execute(
        """select left_key::text, right_key::text, verdict, author, reason from identity.decisions
           where revoked_at is null order by left_key, right_key"""
    )
    return [(str(a), str(b), str(c), str(d), str(e)) for a, b, c, d, e in rows.fetchall()]


def add(connection: psycopg.Connection[Any], rows: list[Row], source: str) -> int:
    """Store decisions that are not in force yet; a new verdict on a pair revokes the earlier one. How many are new."""
    if not rows:
        return 0
    given = sql.SQL(
        """unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[])
           g (left_key, right_key, verdict, author, reason)"""
    )
    values = [list(column) for column in zip(*rows, strict=True)]
    connection.execute(
        sql.SQL(
            """update identity.decisions d set revoked_at = clock_timestamp(), revoked_by = g.author,
                   revoked_reason = 'a new verdict'
            from {given} where (d.left_key, d.right_key) = (g.left_key, g.right_key) and d.revoked_at is null
              and d.verdict <> g.verdict"""
        ).format(given=given),
        values,
    )
    return connection.execute(
        sql.SQL(
            """insert into identity.decisions (left_key, right_key, verdict, author, reason, source)
            select distinct on (g.left_key, g.right_key) g.*, %s from {given}
            where not exists (select 1 from identity.decisions d where d.revoked_at is null
                              and (d.left_key, d.right_key) = (g.left_key, g.right_key))
            order by g.left_key, g.right_key"""
        ).format(given=given),
        [source, *values],
    ).rowcount


def revoke(connection: psycopg.Connection[Any], pairs: list[tuple[str, str]], author: str, reason: str) -> int:
    """Take the decisions about pairs out of force; how many there were."""
    return connection.execute(
        """update identity.decisions d
           set revoked_at = clock_timestamp(), revoked_by = nullif(%s, ''), revoked_reason = nullif(%s, '')
           from unnest(%s::uuid[], %s::uuid[]) g (left_key, right_key)
           where (d.left_key, d.right_key) = (g.left_key, g.right_key) and d.revoked_at is null""",
        [author, reason, [a for a, _ in pairs], [b for _, b in pairs]],
    ).rowcount


def revoke_missing(connection: psycopg.Connection[Any], source: str, kept: list[tuple[str, str]]) -> int:
    """Revoke the decisions of a file that it no longer holds."""
    return connection.execute(
        """update identity.decisions d
           set revoked_at = clock_timestamp(), revoked_by = d.source, revoked_reason = 'left its file'
           where d.source = %s and d.revoked_at is null
             and (d.left_key, d.right_key) not in (select * from unnest(%s::uuid[], %s::uuid[]))""",
        [source, [a for a, _ in kept], [b for _, b in kept]],
    ).rowcount


def seed_sources(connection: psycopg.Connection[Any]) -> set[str]:
    """Files of the decisions folder that have decisions in force."""
    rows = connection.execute(
        "select distinct source from identity.decisions where revoked_at is null and source like '%.csv'"
    )
    return {str(row[0]) for row in rows.fetchall()}


def known_records(connection: psycopg.Connection[Any], keys: list[str]) -> set[str]:
    """Those of the keys that are records, living or gone."""
    rows = connection.execute(
        "select source_record_key::text from intermediate.int_person_records where source_record_key = any(%s::uuid[])",
        [keys],
    )
    return {str(row[0]) for row in rows.fetchall()}


def names(connection: psycopg.Connection[Any], keys: list[str]) -> dict[str, str]:
    """Key → platform|record_kind|source_record_id, as decisions may name it."""
    rows = connection.execute(
        """select source_record_key::text, source_platform || '|' || record_kind || '|' || source_record_id
           from intermediate.int_person_records where source_record_key = any(%s::uuid[])""",
        [keys],
    )
    return {str(key): str(name) for key, name in rows.fetchall()}


def members_of(connection: psycopg.Connection[Any], golden_ids: list[str]) -> dict[str, list[str]]:
    """Any golden id ever issued → the records of its present customer, the one linked longest first."""
    rows = connection.execute(
        """select g.golden_customer_id::text, array_agg(l.source_record_key::text
               order by (select min(h.valid_from_run_id) from identity.record_links h
                         where h.source_record_key = l.source_record_key), l.source_record_key)
           from identity.golden_ids g
           join identity.record_links l on l.golden_customer_id = g.present_id and l.valid_to_run_id is null
           where g.golden_customer_id = any(%s::uuid[]) group by 1""",
        [golden_ids],
    )
    return {str(golden): [str(key) for key in keys] for golden, keys in rows.fetchall()}


def standing_between(connection: psycopg.Connection[Any], left: str, right: str) -> list[Row]:
    """Decisions "different" between records of the customers of two records: what keeps these customers apart."""
    rows = connection.execute(
        """select d.left_key::text, d.right_key::text, d.verdict, d.author, d.reason
           from identity.record_links a
           join identity.record_links b on b.source_record_key = %s and b.valid_to_run_id is null
           join identity.record_links x on x.golden_customer_id = a.golden_customer_id and x.valid_to_run_id is null
           join identity.record_links y on y.golden_customer_id = b.golden_customer_id and y.valid_to_run_id is null
           join identity.decisions d on d.revoked_at is null and d.verdict = 'different'
            and d.left_key = least(x.source_record_key, y.source_record_key)
            and d.right_key = greatest(x.source_record_key, y.source_record_key)
           where a.source_record_key = %s and a.valid_to_run_id is null order by 1, 2""",
        [right, left],
    )
    return [(str(a), str(b), str(c), str(d), str(e)) for a, b, c, d, e in rows.fetchall()]
