"""What the quality of a proposed run is measured on: the touched customers, their records, links, accounts and values.

All statements run in the caller's transaction, over temporary tables that disappear with it. Cost follows what the run
touched: everything is reached from `identity.next_*` by index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from resolution.store.bulk import copy_out, copy_out_arrays, fetch_arrays
from resolution.store.held import EVIDENCE, IDENTIFIERS, RECORDS, is_held
from resolution.store.keys import STAGED

if TYPE_CHECKING:
    import polars as pl
    import psycopg

HISTORY_RUNS, HISTORY_NEEDED = 30, 7
FEW_EVENTS = 20
"""Fewer merges (or splits) than this are no storm, whatever is usual."""
LEAST_SPREAD = 0.005
"""Floor of the median absolute deviation, in events per changed record, so that a calm history makes no alarm."""
_STATE = """select k.record, case when n.source_record_key is not null then n.golden_customer_id
                              else h.golden_customer_id end as golden_customer_id
            from ({records}) k(record)
            left join identity.next_record_links n on n.run_id = %(run)s and n.source_record_key = k.record
            left join identity.record_links h on h.source_record_key = k.record and h.valid_to_run_id is null"""


class QualityReader:
    """Reads for one proposed run."""

    def __init__(self, connection: psycopg.Connection[Any], run_id: int) -> None:
        self.connection = connection
        self.values: dict[str, Any] = {"run": run_id}
        row = connection.execute("select kind from identity.runs where run_id = %s", (run_id,)).fetchone()
        self.is_full = row is not None and row[0] == "full"

    def _run(self, statement: str, **more: Any) -> psycopg.Cursor[Any]:
        return self.connection.execute(sql.SQL(statement), self.values | more)

    def find_touched(self, smallest: int = 2) -> int:
        """Fill `quality_members` with the records of touched customers of several records; all touched customers."""
        self._run("drop table if exists quality_members")
        self._run("create temp table quality_members (customer uuid, record uuid, size integer) on commit drop")
        self._run(
            """with touched as materialized (
                   select golden_customer_id as customer, record_count as size from identity.next_golden_customers
                   where run_id = %(run)s and status = 'live' and record_count >= %(smallest)s),
               proposed as materialized (
                   select source_record_key as record, golden_customer_id as customer from identity.next_record_links
                   where run_id = %(run)s)
               insert into quality_members
               select p.customer, p.record, t.size from proposed p join touched t using (customer)
               union all
               select h.golden_customer_id, h.source_record_key, t.size
               from touched t
               join identity.record_links h on h.golden_customer_id = t.customer and h.valid_to_run_id is null
               where not exists (select 1 from proposed p where p.record = h.source_record_key)""",
            smallest=smallest,
        )
        self._run("create index on quality_members (record)")
        self._run("create index on quality_members (customer)")
        self._run("analyze quality_members")
        # What names and birth dates are judged on, fetched once for both.
        self._run("drop table if exists quality_records")
        columns = "given_name, full_name, birth_date"
        records = self._of_members("intermediate.int_person_records", RECORDS, "source_record_key", columns)
        self._run(
            f"""create temp table quality_records on commit drop as
                select m.customer, m.size, i.given_name, i.full_name, i.birth_date from {records}"""  # noqa: S608
        )
        self._run("analyze quality_records")
        return self._number(
            "select count(*) from identity.next_golden_customers where run_id = %(run)s and status = 'live'"
        )

    def _of_members(self, table: str, held: str, key: str, columns: str) -> str:
        """`m`, `i`: the members with their rows of a table. A full run joins all of it; a night takes what it holds, or
        looks up record by record, which the planner cannot turn into a scan.
        """
        if self.is_full:
            return f"quality_members m join {table} i on i.{key} = m.record"
        if is_held(self.connection, held, sql.SQL("select record from quality_members")):
            return f"quality_members m join {held} i on i.{key} = m.record"
        return f"""(select * from quality_members order by record) m cross join lateral (
            select {columns} from {table} t where t.{key} = m.record offset 0) i"""  # noqa: S608 - names of ours

    def _number(self, statement: str, **more: Any) -> int:
        row = self._run(statement, **more).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def _frame(self, statement: str, types: dict[str, Any], **more: Any) -> pl.DataFrame:
        import polars as pl

        frame = pl.from_arrow(copy_out(self.connection, sql.SQL(statement), types, self.values | more))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def _numbers(self, statement: str, dtypes: dict[str, str]) -> pl.DataFrame:
        import polars as pl

        read = copy_out_arrays if self.is_full else fetch_arrays  # a full run may have more than one array holds
        return pl.DataFrame(read(self.connection, sql.SQL(statement), dtypes, self.values))

    def names(self, limit: int) -> pl.DataFrame:
        """customer, given_name, full_name of customers that may have more than `limit` given names."""
        import pyarrow as pa

        return self._frame(
            """with many as (
                   select customer from quality_records where size > %(limit)s
                   group by 1 having count(distinct lower(btrim(coalesce(nullif(btrim(given_name), ''), full_name)))
                                           collate "C") > %(limit)s)
               select distinct customer, r.given_name, r.full_name from many
               join quality_records r using (customer)""",
            dict.fromkeys(("customer", "given_name", "full_name"), pa.string()),
            limit=limit,
        )

    def birth_dates(self) -> pl.DataFrame:
        """customer, birth_date of customers with more than one."""
        import pyarrow as pa

        return self._frame(
            """with several as (
                   select customer from quality_records group by 1 having min(birth_date) < max(birth_date))
               select distinct customer, r.birth_date::text from several
               join quality_records r using (customer)
               where r.birth_date is not null""",
            dict.fromkeys(("customer", "birth_date"), pa.string()),
        )

    def graph(self, smallest: int = 4) -> tuple[pl.DataFrame, pl.DataFrame]:
        """(customer, record) and (left, right, match_probability) of touched customers of at least `smallest`.

        Customers and records go by number, in the order of their ids; `graph_names` has the ids.
        """
        self._run("drop table if exists quality_graph")
        self._run(
            """create temp table quality_graph on commit drop as
               select (row_number() over (order by customer, record) - 1)::integer as node,
                      (dense_rank() over (order by customer) - 1)::integer as place, customer, record
               from quality_members where size >= %(smallest)s""",
            smallest=smallest,
        )
        self._run("create index on quality_graph (record)")
        self._run("analyze quality_graph")
        members = self._numbers(
            "select place, node from quality_graph order by node", {"customer": "int32", "record": "int32"}
        )
        # A full run proposes all evidence anew: what is stored is about to go.
        held = not self.is_full and is_held(self.connection, EVIDENCE, sql.SQL("select record from quality_graph"))
        source = (
            f"""join {EVIDENCE} m on m.left_key = a.record"""
            if held
            else """cross join lateral (
                select * from identity.match_edges e where e.left_key = a.record offset 0) m"""
        )
        stored = f"""select m.right_key, a.node, m.match_probability, a.place
            from quality_graph a {source}
            where m.evidence <> 'different' and (m.left_key, m.right_key, m.kind, m.evidence) not in (
                select w.left_key, w.right_key, w.kind, w.evidence from identity.next_match_edges w
                where w.run_id = %(run)s and w.is_withdrawn)
            union all """  # noqa: S608 - names of ours
        links = self._numbers(
            f"""select e.node, b.node, match_probability from (
                   {"" if self.is_full else stored}
                   select m.right_key, a.node, m.match_probability, a.place
                   from identity.next_match_edges m join quality_graph a on a.record = m.left_key
                   where m.run_id = %(run)s and not m.is_withdrawn and m.evidence <> 'different') e
               join quality_graph b on b.record = e.right_key and b.place = e.place""",  # noqa: S608
            {"left": "int32", "right": "int32", "match_probability": "float64"},
        )
        return members, links

    def graph_names(self, nodes: list[int]) -> dict[int, tuple[str, str]]:
        """Number of a record of `graph` → (customer, record)."""
        rows = self._run(
            "select node, customer::text, record::text from quality_graph where node = any(%(nodes)s)", nodes=nodes
        ).fetchall()
        return {int(node): (str(customer), str(record)) for node, customer, record in rows}

    def large_customers(self, size: int) -> list[tuple[str, int]]:
        """Live customers, touched or not, of more than `size` records; largest first."""
        return [
            (str(customer), int(count))
            for customer, count in self._run(
                """select n.golden_customer_id, n.record_count from identity.next_golden_customers n
                   where n.run_id = %(run)s and n.status = 'live' and n.record_count > %(size)s
                   union all
                   select c.golden_customer_id, c.record_count from identity.golden_customers c
                   where c.status = 'live' and c.record_count > 1 and c.record_count > %(size)s
                     and not exists (select 1 from identity.next_golden_customers n
                                     where n.run_id = %(run)s and n.golden_customer_id = c.golden_customer_id)
                   order by 2 desc, 1""",
                size=size,
            ).fetchall()
        ]

    def sizes(self) -> tuple[int, int]:
        """(live customers of several records, records of the largest), touched or not."""
        row = self._run(
            """select coalesce(sum(several), 0), coalesce(max(largest), 0) from (
                   select count(*) filter (where record_count > 1) as several, max(record_count) as largest
                   from identity.next_golden_customers where run_id = %(run)s and status = 'live'
                   union all
                   select count(*), max(record_count) from identity.golden_customers c
                   where c.status = 'live' and c.record_count > 1
                     and not exists (select 1 from identity.next_golden_customers n
                                     where n.run_id = %(run)s and n.golden_customer_id = c.golden_customer_id)) s"""
        ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])

    def two_accounts(self, exclusive: list[str]) -> list[tuple[str, int]]:
        """Touched customers with several verified values of an exclusive type in one namespace, and how many; without
        those that a decision in force joined on purpose. A record that itself names two speaks for neither."""
        values = self._of_members(
            "(select * from intermediate.int_identifiers where not coalesce(is_deleted, false))",
            IDENTIFIERS,
            "source_record_key",
            "identifier_type, identifier_namespace, identifier_value, is_verified",
        )
        rows = self._run(
            f"""with accounts as materialized (
                   select m.customer, m.record, i.identifier_type as kind, i.identifier_namespace as space,
                          i.identifier_value as value
                   from {values}
                   where i.is_verified and i.identifier_type = any(%(types)s)),
               doubtful as (
                   select distinct customer from accounts group by customer, kind, space
                   having min(value collate "C") <> max(value collate "C")),
               held as (
                   select a.customer, a.record, a.kind, coalesce(a.space, '') as space, btrim(a.value) as value,
                          count(*) over (partition by a.record, a.kind, a.space) as own
                   from doubtful join accounts a using (customer)),
               several as (
                   select customer, max(accounts) as accounts
                   from (select customer, kind, space, count(distinct value) as accounts from held where own = 1
                         group by 1, 2, 3) h group by 1 having max(accounts) > 1)
               select s.customer, s.accounts from several s
               where not exists (
                   select 1 from quality_members a
                   join identity.decisions d on d.left_key = a.record and d.verdict = 'same' and d.revoked_at is null
                   join quality_members b on b.record = d.right_key and b.customer = a.customer
                   where a.customer = s.customer)
               order by 2 desc, 1""",  # noqa: S608
            types=exclusive,
        ).fetchall()
        return [(str(customer), int(accounts)) for customer, accounts in rows]

    def disregarded_decisions(self) -> list[tuple[int, list[str]]]:
        """Decisions in force, between two live records, that the proposal would break: number, the two records."""
        state = _STATE.format(
            records="""select left_key from identity.decisions where revoked_at is null
                       union select right_key from identity.decisions where revoked_at is null"""
        )
        rows = self._run(
            f"""with state as materialized ({state})
                select d.decision_id, array[d.left_key::text, d.right_key::text]
                from identity.decisions d
                join state l on l.record = d.left_key join state r on r.record = d.right_key
                where d.revoked_at is null and l.golden_customer_id is not null and r.golden_customer_id is not null
                  and (d.verdict = 'same') <> (l.golden_customer_id = r.golden_customer_id)
                order by 1""",  # noqa: S608
        ).fetchall()
        return [(int(number), list(keys)) for number, keys in rows]

    def crowded_values(
        self, caps: dict[int, int], first_pass: int
    ) -> tuple[int, int, int, list[tuple[int, int, list[str]]]]:
        """(records keyed tonight, those with a value above its limit, such values, the 20 most crowded).

        The last: code of the type, holders, some of the holders.
        """
        # A full run tells all keys anew in a table of its own, which is put in place when it is accepted.
        is_staged = self._number("select (to_regclass(%(staged)s) is not null)::integer", staged=f"identity.{STAGED}")
        told: sql.Composable = sql.SQL("identity.next_block_keys where run_id = %(run)s and pass >= %(first)s")
        if is_staged:
            told = sql.SQL("identity.{} where pass >= %(first)s").format(sql.Identifier(STAGED))
        stored = sql.SQL("false" if is_staged else "true")
        values = self.values | {"first": first_pass, "passes": list(caps), "caps": list(caps.values())}
        for table in ("quality_crowded", "quality_keys"):
            self.connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(table)))
        self.connection.execute(
            sql.SQL(
                """create temp table quality_keys on commit drop as
                   select source_record_key, pass, block_key from {told}"""
            ).format(told=told),
            values,
        )
        self.connection.execute("analyze quality_keys")
        self.connection.execute(
            sql.SQL(
                """create temp table quality_crowded on commit drop as
               with fresh as materialized (
                   select pass, block_key, count(*) as holders from quality_keys group by 1, 2),
               retold as materialized (
                   select distinct source_record_key from identity.next_block_keys
                   where run_id = %(run)s and pass = -1),
               stored as (
                   select f.pass, f.block_key, count(*) as holders
                   from fresh f cross join lateral (
                       select k.source_record_key from identity.block_keys k
                       where k.pass = f.pass and k.block_key = f.block_key offset 0) b
                   where {stored} and b.source_record_key not in (select source_record_key from retold)
                   group by 1, 2)
               select f.pass, f.block_key, f.holders + coalesce(s.holders, 0) as holders
               from fresh f
               join unnest(%(passes)s::smallint[], %(caps)s::bigint[]) c(pass, cap) on c.pass = f.pass
               left join stored s on s.pass = f.pass and s.block_key = f.block_key
               where f.holders + coalesce(s.holders, 0) > c.cap"""
            ).format(stored=stored),
            values,
        )
        keyed = self._number("select count(distinct source_record_key) from quality_keys")
        holding = self._number(
            "select count(distinct source_record_key) from quality_keys join quality_crowded using (pass, block_key)"
        )
        rows = self._run(
            """with worst as (select *, row_number() over (order by holders desc, pass, block_key) as place
                              from quality_crowded),
                    held as (select w.place, w.pass, w.holders, k.source_record_key::text as record,
                                    row_number() over (partition by w.place order by k.source_record_key) as n
                             from worst w join quality_keys k using (pass, block_key) where w.place <= 20)
               select w.pass, w.holders, array_agg(h.record order by h.record) filter (where h.n <= 20)
               from worst w join held h using (place) group by w.place, w.pass, w.holders order by w.place"""
        ).fetchall()
        values_crowded = self._number("select count(*) from quality_crowded")
        return (
            keyed,
            holding,
            values_crowded,
            [(int(code), int(holders), list(keys or ())) for code, holders, keys in rows],
        )

    def large_households(self, size: int) -> tuple[int, list[tuple[str, int]]]:
        """(members of the largest proposed household, those of more than `size`, largest first)."""
        largest = self._number(
            "select max(member_count) from identity.next_households where run_id = %(run)s and status = 'live'"
        )
        rows = self._run(
            """select household_id, member_count from identity.next_households
               where run_id = %(run)s and status = 'live' and member_count > %(size)s order by 2 desc, 1""",
            size=size,
        ).fetchall()
        return largest, [(str(household), int(count)) for household, count in rows]

    def surprise(self, column: str) -> tuple[float | None, float | None]:
        """(usual, robust z-score) of a count of the run per changed record, against accepted runs of its kind.

        0.6745 (x - median) / MAD, as Iglewicz and Hoaglin (1993); the MAD has a floor of a tenth of the median and of
        LEAST_SPREAD.
        """
        row = self._run(
            f"""with this as (select kind, {column} as events, {column}::float8 / greatest(records_changed, 1) as rate
                              from identity.runs where run_id = %(run)s),
                past as (select {column}::float8 / greatest(records_changed, 1) as rate from identity.runs
                         where status = 'accepted' and run_id < %(run)s and kind = (select kind from this)
                         order by run_id desc limit %(length)s),
                middle as (select percentile_cont(0.5) within group (order by rate) as rate, count(*) as runs
                           from past),
                spread as (select percentile_cont(0.5) within group (order by abs(past.rate - middle.rate)) as mad
                           from past, middle)
                select middle.rate, case when this.events < %(few)s then 0 else
                       0.6745 * (this.rate - middle.rate) / greatest(spread.mad, 0.1 * middle.rate, %(floor)s) end
                from this, middle, spread where middle.runs >= %(needed)s""",  # noqa: S608 - a column name of ours
            length=HISTORY_RUNS,
            needed=HISTORY_NEEDED,
            few=FEW_EVENTS,
            floor=LEAST_SPREAD,
        ).fetchone()
        return (None, None) if row is None else (float(row[0]), float(row[1]))

    def records_of(self, customers: list[str], most: int) -> dict[str, list[str]]:
        """The first records of touched customers, by key."""
        rows = self._run(
            """select customer::text, array_agg(record::text) from (
                   select m.*, row_number() over (partition by customer order by record) as n from quality_members m
                   where customer = any(%(customers)s::uuid[])) s where n <= %(most)s group by 1""",
            customers=customers,
            most=most,
        ).fetchall()
        return {customer: sorted(keys) for customer, keys in rows}
