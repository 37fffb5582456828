"""What a night reads: the changed records, the records their change can reach, and the registry's earlier state.

All statements run in one transaction of the caller, over temporary tables that disappear with it. `changed` holds the
records that changed (live or gone); how far their change reaches is found in reach.py.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from psycopg import sql

from resolution.store.bulk import copy_out
from resolution.store.fetch import fetch_table, key_type
from resolution.store.held import IDENTIFIERS, LIVE, RECORDS, hold_evidence, hold_identifiers, hold_records

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

TEXT_COLUMNS = (
    "source_platform", "record_kind", "email", "phone", "full_name", "given_name", "family_name", "birth_date",
    "address_line", "city", "postcode", "region", "country_code", "company", "email_consent", "sms_consent",
)  # fmt: skip
TIME_COLUMNS = ("email_consent_at", "sms_consent_at", "first_seen_at", "last_seen_at")
FLAG_COLUMNS = ("is_email_verified", "is_phone_shared")


class NightReader:
    """Reads for one run. With `full`, every live record counts as changed and nothing stored is looked at."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def _run(self, statement: str, *params: Any, **parts: sql.Composable) -> psycopg.Cursor[Any]:
        query = sql.SQL(statement).format(live=LIVE, **parts)
        named = params[0] if params and isinstance(params[0], dict) else params or None
        return self.connection.execute(query, named)

    def source_seq(self) -> int:
        """Newest sequence number in the int tables."""
        row = self._run(
            """select greatest(coalesce((select max(_changed_seq) from intermediate.int_person_records), 0),
                               coalesce((select max(_changed_seq) from intermediate.int_identifiers), 0))"""
        ).fetchone()
        return int(row[0]) if row else 0

    def find_changed(self, after_seq: int) -> tuple[int, int]:
        """Fill `changed` with the records that changed after a sequence number; (all, live) counts."""
        self._run("create temp table changed (source_record_key uuid primary key, is_live boolean) on commit drop")
        self._run(
            """insert into changed
               select k.source_record_key, coalesce({live}, false)
               from (select source_record_key from intermediate.int_person_records where _changed_seq > %s
                     union select source_record_key from intermediate.int_identifiers where _changed_seq > %s) k
               left join intermediate.int_person_records r using (source_record_key)""",
            after_seq,
            after_seq,
        )
        self._run("analyze changed")
        row = self._run("select count(*), count(*) filter (where is_live) from changed").fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def live_count(self) -> int:
        """Live records: neither deleted nor internal."""
        row = self._run("select count(*) from intermediate.int_person_records r where {live}").fetchone()
        return int(row[0]) if row else 0

    def records(self, keys_of: str | None, columns: Collection[str] | None = None, *, held: bool = False) -> pa.Table:
        """Live person records, by key; only those in the temporary table `keys_of` unless it is None.

        columns: of TEXT_COLUMNS, TIME_COLUMNS and FLAG_COLUMNS, the ones that are wanted; by default all.
        held: `keys_of` has the columns itself, of live records only; without, they are looked up and stay held.
        """
        import pyarrow as pa

        kinds: dict[str, pa.DataType] = dict.fromkeys(TEXT_COLUMNS, pa.string())
        kinds |= dict.fromkeys(TIME_COLUMNS, pa.timestamp("us", tz="UTC")) | dict.fromkeys(FLAG_COLUMNS, pa.bool_())
        wanted = {c: kind for c, kind in kinds.items() if columns is None or c in columns}
        query = sql.SQL("select {} from {} where {} order by r.source_record_key")
        names = [sql.Identifier("r", c) for c in ("source_record_key", *wanted)]
        if keys_of is not None:
            source = sql.SQL("{} r").format(sql.Identifier(keys_of))
            if not held:
                every = (*TEXT_COLUMNS, *TIME_COLUMNS, *FLAG_COLUMNS)
                keys = sql.SQL("select source_record_key from {}").format(sql.Identifier(keys_of))
                hold_records(self.connection, keys, every)
                source = sql.SQL("(select h.* from {} h where h.source_record_key in ({})) r").format(
                    sql.Identifier(RECORDS), keys
                )
            chosen = query.format(sql.SQL(", ").join(names), source, sql.SQL("true"))
            return fetch_table(self.connection, chosen, {"source_record_key": key_type(), **wanted})
        # Arrow reads times as ISO 8601 with the zone: sessions are in UTC (warehouse.connect), dates in ISO.
        self.connection.execute("set local datestyle = 'ISO'")
        everybody = query.format(sql.SQL(", ").join(names), sql.SQL("intermediate.int_person_records r"), LIVE)
        return copy_out(self.connection, everybody, {"source_record_key": pa.string(), **wanted})

    def identifiers(self, keys_of: str | None, types: tuple[str, ...] | None = None) -> pa.Table:
        """Live identifiers: source_record_key, identifier_type, _namespace, _value, is_verified.

        Of all live records; with `keys_of`, of the records of that temporary table, whether they are live or not. Those
        of some types (the same in every call of a run) stay held.
        """
        import pyarrow as pa

        columns = (
            "select i.source_record_key, i.identifier_type, i.identifier_namespace, i.identifier_value, i.is_verified"
        )
        names = ("identifier_type", "identifier_namespace", "identifier_value")
        columns_read = dict.fromkeys(names, pa.string()) | {"is_verified": pa.bool_()}
        if keys_of is None:
            statement = """ from intermediate.int_identifiers i
               join intermediate.int_person_records r on r.source_record_key = i.source_record_key
               where not coalesce(i.is_deleted, false) and {live}"""
            everybody = sql.SQL(columns + statement).format(live=LIVE)
            return copy_out(self.connection, everybody, {"source_record_key": pa.string(), **columns_read})
        if types is None:
            statement = """ from (select distinct source_record_key from {keys_of} order by 1) k
               cross join lateral (
                   select * from intermediate.int_identifiers i
                   where i.source_record_key = k.source_record_key and not coalesce(i.is_deleted, false) offset 0) i"""
        else:
            keys = sql.SQL("select distinct source_record_key from {}").format(sql.Identifier(keys_of))
            hold_identifiers(self.connection, keys, types)
            statement = " from {held} i where i.source_record_key in (select source_record_key from {keys_of})"
        query = sql.SQL(columns + statement).format(keys_of=sql.Identifier(keys_of), held=sql.Identifier(IDENTIFIERS))
        return fetch_table(self.connection, query, {"source_record_key": key_type(), **columns_read})

    def stored_edges(self) -> pa.Table:
        """Accepted edges that tonight's evidence replaces: certain within `near`, probable at `focus`."""
        looked_at = "select source_record_key from near union select source_record_key from focus"
        hold_evidence(self.connection, sql.SQL(looked_at))
        return self._edges(
            """select {columns} from held_evidence m
               where m.kind = 'certain' and m.left_key in (select source_record_key from near)
                 and m.right_key in (select source_record_key from near)
               union all
               select {columns} from held_evidence m
               where m.kind = 'probable' and m.left_key in (select source_record_key from focus)
               union all
               select {columns} from (select * from focus order by source_record_key) f cross join lateral (
                   select * from identity.match_edges e where e.right_key = f.source_record_key offset 0) m
               where m.kind = 'probable' and m.left_key not in (select source_record_key from focus)"""
        )

    def stored_near(self) -> pa.Table:
        """Accepted near pairs that tonight's comparisons replace: those at `focus`."""
        import pyarrow as pa

        query = sql.SQL(
            """select left_key, right_key, evidence, match_weight, match_probability
               from (select * from focus order by source_record_key) f cross join lateral (
                   select * from identity.near_pairs e where e.left_key = f.source_record_key offset 0) m
               union all
               select left_key, right_key, evidence, match_weight, match_probability
               from (select * from focus order by source_record_key) f cross join lateral (
                   select * from identity.near_pairs e where e.right_key = f.source_record_key offset 0) m
               where m.left_key not in (select source_record_key from focus)"""
        )
        types = {"left_key": key_type(), "right_key": key_type(), "evidence": pa.string()}
        return fetch_table(
            self.connection, query, types | {"match_weight": pa.float32(), "match_probability": pa.float64()}
        )

    def stored_decisions(self) -> pa.Table:
        """Decisions as they were applied by the accepted runs."""
        return self._edges("select {columns} from identity.match_edges m where m.kind = 'decision'")

    def live_among(self, keys: list[str]) -> set[str]:
        """Those of the given record keys that are live records."""
        rows = self._run(
            """select r.source_record_key::text from intermediate.int_person_records r
               where r.source_record_key = any(%s::uuid[]) and {live}""",
            keys,
        )
        return {str(row[0]) for row in rows.fetchall()}

    def find_scope(self, run_id: int) -> int:
        """Fill `scope`: every record connected, by earlier or new evidence or a golden id, with one whose evidence
        changed. Returns how many steps it took.
        """
        self._run("create temp table scope (source_record_key uuid primary key, step integer) on commit drop")
        self._run(
            """insert into scope select source_record_key, 0 from changed
               union select k, 0 from identity.next_match_edges e,
               lateral (values (e.left_key), (e.right_key)) v(k) where e.run_id = %s""",
            run_id,
        )
        self._run("create index on scope (step)")
        # Look-ups by record only, spelled so that the planner cannot choose to read all evidence instead.
        self._run(
            """create temp table added_edges on commit drop as
               select left_key, right_key from identity.next_match_edges
               where run_id = %s and not is_withdrawn and evidence <> 'different'""",
            run_id,
        )
        self._run("analyze added_edges")
        self._run("create temp table scope_customers (golden_customer_id uuid primary key) on commit drop")
        step = 0
        while True:
            self._run("analyze scope")
            new = sql.SQL("select source_record_key from scope where step = {}").format(sql.Literal(step))
            hold_evidence(self.connection, new)
            grown = self._run(
                """with step as materialized (
                       select source_record_key as k from scope where step = %(step)s order by 1)
                   insert into scope select distinct found.k, %(step)s + 1 from (
                       select m.right_key from held_evidence m
                       where m.left_key in (select k from step) and m.evidence <> 'different'
                       union all
                       select other.left_key from step s cross join lateral (
                           select m.left_key from identity.match_edges m
                           where m.right_key = s.k and m.evidence <> 'different' offset 0) other
                       union all select e.right_key from added_edges e join step s on s.k = e.left_key
                       union all select e.left_key from added_edges e join step s on s.k = e.right_key) found(k)
                   on conflict do nothing""",
                {"step": step},
            ).rowcount
            # Each customer once: all its records come with the first.
            grown += self._run(
                """with met as (
                       insert into scope_customers
                       select distinct l.golden_customer_id
                       from (select source_record_key as k from scope where step = %(step)s order by 1) s
                       cross join lateral (
                           select a.golden_customer_id from identity.record_links a
                           where a.source_record_key = s.k and a.valid_to_run_id is null offset 0) l
                       on conflict do nothing returning golden_customer_id)
                   insert into scope select b.source_record_key, %(step)s + 1
                   from met cross join lateral (
                       select l.source_record_key from identity.record_links l
                       where l.golden_customer_id = met.golden_customer_id and l.valid_to_run_id is null offset 0) b
                   on conflict do nothing""",
                {"step": step},
            ).rowcount
            if grown == 0:
                return step
            step += 1

    def scope_edges(self, run_id: int) -> pa.Table:
        """Effective evidence inside `scope`: stored and not withdrawn, or new."""
        hold_evidence(self.connection, sql.SQL("select source_record_key from scope"))
        return self._edges(
            """select {columns} from held_evidence m
               where m.left_key in (select source_record_key from scope)
                 and m.right_key in (select source_record_key from scope)
                 and (m.left_key, m.right_key, m.kind, m.evidence) not in (
                     select w.left_key, w.right_key, w.kind, w.evidence from identity.next_match_edges w
                     where w.run_id = {run} and w.is_withdrawn)
               union all
               select {columns} from identity.next_match_edges m where m.run_id = {run} and not m.is_withdrawn""",
            run=sql.Literal(run_id),
        )

    def _edges(self, statement: str, **parts: sql.Composable) -> pa.Table:
        import pyarrow as pa

        columns = sql.SQL("m.left_key, m.right_key, m.kind, m.evidence, m.match_weight, m.match_probability")
        inner = sql.SQL(statement).format(columns=columns, **parts)
        query = sql.SQL(
            "select left_key, right_key, kind, evidence, match_weight, match_probability from ({}) e"
        ).format(inner)
        types = {"left_key": key_type(), "right_key": key_type(), "kind": pa.string(), "evidence": pa.string()}
        return fetch_table(
            self.connection, query, types | {"match_weight": pa.float32(), "match_probability": pa.float64()}
        )
