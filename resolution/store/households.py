"""Households of a night: which customers its golden records reach, the proposal in `identity.next_household*`, and
accepting it. All in the caller's transaction.

A full run looks at every customer. An increment starts from the customers that the run touches, follows every value
that they hold or held to its other holders as long as the value is within its limits, and takes whole households:
nothing outside can have changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from resolution.store.bulk import copy_in, copy_out

if TYPE_CHECKING:
    import polars as pl
    import psycopg

    from resolution.households import HouseholdLimits

NEXT_TABLES = ("next_households", "next_household_members", "next_household_keys")
RETOLD, ALL_RETOLD = -1, -2
"""Kinds of marker rows in next_household_keys: this customer's keys are told anew; everybody's are."""
_NOBODY = "00000000-0000-0000-0000-000000000000"
_GOLDEN = """select {columns} from identity.next_golden_records g where g.run_id = %(run)s{of}"""
_RETOLD = " and g.golden_customer_id in (select golden_customer_id from household_retold)"
_REST = """ union all
    select {columns} from identity.golden_records g
    join identity.golden_customers c on c.golden_customer_id = g.golden_customer_id and c.status = 'live'
    where not exists (select 1 from identity.next_golden_customers n
                      where n.run_id = %(run)s and n.golden_customer_id = g.golden_customer_id)"""
ACCEPT = (
    """insert into identity.households (household_id, created_run_id, member_count, founding_customer_id)
       select household_id, run_id, member_count, founding_customer_id from identity.next_households
       where run_id = %(run)s and is_new""",
    """update identity.households h
       set status = n.status, merged_into_id = n.merged_into_id, member_count = n.member_count,
           closed_run_id = case when n.status = 'live' then null else n.run_id end
       from identity.next_households n
       where n.run_id = %(run)s and not n.is_new and h.household_id = n.household_id""",
    """delete from identity.household_members m using identity.next_household_members n
       where n.run_id = %(run)s and n.household_id is null and m.golden_customer_id = n.golden_customer_id""",
    """insert into identity.household_members as m (golden_customer_id, household_id, since_run_id, evidence)
       select golden_customer_id, household_id, run_id, evidence from identity.next_household_members
       where run_id = %(run)s and household_id is not null
       on conflict (golden_customer_id) do update set household_id = excluded.household_id,
           evidence = excluded.evidence, since_run_id = case when m.household_id = excluded.household_id
                                                             then m.since_run_id else excluded.since_run_id end""",
    """delete from identity.household_keys k using identity.next_household_keys n
       where n.run_id = %(run)s and n.kind = -1 and k.golden_customer_id = n.golden_customer_id""",
    """insert into identity.household_keys (golden_customer_id, kind, household_key)
       select golden_customer_id, kind, household_key from identity.next_household_keys
       where run_id = %(run)s and kind > 0""",
    # The golden record repeats the id for readers; whoever moved counts as changed by this run.
    """update identity.golden_records g set household_id = n.household_id, run_id = n.run_id
       from identity.next_household_members n
       where n.run_id = %(run)s and g.golden_customer_id = n.golden_customer_id
         and g.household_id is distinct from n.household_id""",
)


def propose_households(connection: psycopg.Connection[Any], run_id: int) -> int:
    """Propose the households of a run whose golden records and customers are proposed; how many households changed."""
    import polars as pl

    from resolution.households import assign_households, group_customers, household_keys, load_limits, usable_keys

    night = _Night(connection, run_id)
    limits = load_limits()
    if night.looks_at_everybody():
        keys = household_keys(night.golden(everybody=True))
        night.write_keys(keys, everybody=True)
        groups = group_customers(usable_keys(keys, limits), limits)
        night.reach_everybody()
    else:
        night.find_retold()
        keys = household_keys(night.golden(everybody=False))
        night.write_keys(keys, everybody=False)
        night.reach(limits)
        groups = group_customers(night.usable(limits), limits)
    change = assign_households(groups, *night.stored())
    braces = pl.concat_str(pl.lit("{"), pl.col("evidence").list.join(","), pl.lit("}"))
    run = pl.lit(run_id, dtype=pl.Int64).alias("run_id")
    copy_in(
        connection,
        "identity.next_household_members",
        change.members.select(run, "golden_customer_id", "household_id", evidence=braces).to_arrow(),
    )
    copy_in(connection, "identity.next_households", change.households.select(run, pl.all()).to_arrow())
    return change.households.height


def accept_households(connection: psycopg.Connection[Any], run_id: int) -> None:
    """Make the proposed households the truth, after the run's golden customers and records."""
    everybody = connection.execute(
        "select exists (select 1 from identity.next_household_keys where run_id = %s and kind = %s)",
        (run_id, ALL_RETOLD),
    ).fetchone()
    if everybody == (True,):
        connection.execute("truncate identity.household_keys")
    for statement in ACCEPT:
        connection.execute(sql.SQL(statement), {"run": run_id})


class _Night:
    def __init__(self, connection: psycopg.Connection[Any], run_id: int) -> None:
        self.connection = connection
        self.values: dict[str, Any] = {"run": run_id}

    def _run(self, statement: str, **more: Any) -> psycopg.Cursor[Any]:
        return self.connection.execute(sql.SQL(statement), self.values | more)

    def _frame(self, statement: str, types: dict[str, Any], **more: Any) -> pl.DataFrame:
        import polars as pl

        frame = pl.from_arrow(copy_out(self.connection, sql.SQL(statement), types, self.values | more))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def looks_at_everybody(self) -> bool:
        """A full run, or the first after something else than a night (an erasure) changed customers."""
        row = self._run(
            """select r.kind = 'full' or not exists (select 1 from identity.household_keys)
                   or coalesce((select p.kind from identity.runs p where p.run_id < r.run_id and p.status <> 'discarded'
                                order by p.run_id desc limit 1), 'full') not in ('full', 'increment', 'rollback')
               from identity.runs r where r.run_id = %(run)s"""
        ).fetchone()
        return row is not None and bool(row[0])

    def golden(self, *, everybody: bool) -> pl.DataFrame:
        """Golden records as they will be: of the customers in `household_retold`, or of everybody."""
        import pyarrow as pa

        from resolution.households import GOLDEN_COLUMNS

        columns = ", ".join(f"g.{column}" for column in GOLDEN_COLUMNS)
        query = (_GOLDEN + (_REST if everybody else "")).format(columns=columns, of="" if everybody else _RETOLD)
        return self._frame(query, dict.fromkeys(GOLDEN_COLUMNS, pa.string()))

    def write_keys(self, keys: pl.DataFrame, *, everybody: bool) -> None:
        import polars as pl

        run = pl.lit(self.values["run"], dtype=pl.Int64).alias("run_id")
        copy_in(self.connection, "identity.next_household_keys", keys.select(run, pl.all()).to_arrow())
        if everybody:
            self._run(
                "insert into identity.next_household_keys values (%(run)s, %(nobody)s, %(kind)s, 0)",
                nobody=_NOBODY,
                kind=ALL_RETOLD,
            )
        else:
            self._run(
                """insert into identity.next_household_keys
                   select %(run)s, golden_customer_id, %(kind)s, 0 from household_retold""",
                kind=RETOLD,
            )

    def find_retold(self) -> None:
        """Fill `household_retold`: customers that come or go, or say something else that households look at. The run
        touches many more: a customer that another record joins mostly says what it said.
        """
        from resolution.households import GOLDEN_COLUMNS

        said, says, stored = (
            ", ".join(f"{table}.{column}" for column in GOLDEN_COLUMNS if column != "golden_customer_id")
            for table in ("g", "n", "s")
        )
        self._run(
            f"""create temp table household_retold on commit drop as
                select n.golden_customer_id
                from (select n.golden_customer_id, n.status, {said}
                      from identity.next_golden_customers n
                      left join identity.next_golden_records g
                        on g.run_id = n.run_id and g.golden_customer_id = n.golden_customer_id
                      where n.run_id = %(run)s order by n.golden_customer_id) n
                left join lateral (select * from identity.golden_records r
                                   where r.golden_customer_id = n.golden_customer_id offset 0) s on true
                where n.status <> 'live' or s.golden_customer_id is null
                   or ({says}) is distinct from ({stored})"""  # noqa: S608 - names of ours
        )
        self._run("alter table household_retold add primary key (golden_customer_id)")

    def reach_everybody(self) -> None:
        self._run(
            """create temp table household_reach on commit drop as
               select golden_customer_id from identity.household_members
               union select founding_customer_id from identity.households"""
        )

    def reach(self, limits: HouseholdLimits) -> None:
        """Fill `household_reach` with the retold customers and all whose household their change can reach."""
        self._run(
            """create temp table household_new_keys on commit drop as
               select golden_customer_id, kind, household_key from identity.next_household_keys
               where run_id = %(run)s and kind > 0"""
        )
        self._run("create index on household_new_keys (kind, household_key)")
        self._run("create index on household_new_keys (golden_customer_id)")
        self._run(
            "create temp table household_reach (golden_customer_id uuid primary key, step integer) on commit drop"
        )
        # Values of those that are reached, and how many hold each of kind 1 to 5, counted up to one above the limit.
        self._run(
            """create temp table household_own (golden_customer_id uuid, kind smallint, household_key bigint)
               on commit drop"""
        )
        self._run(
            """create temp table household_held (kind smallint, household_key bigint, size bigint,
                                                 primary key (kind, household_key)) on commit drop"""
        )
        self._run("analyze household_retold")
        self._run("analyze household_new_keys")
        self._run("insert into household_reach select golden_customer_id, 0 from household_retold")
        # Values that the touched customers hold or held. One that others keep above its limit decides nothing.
        self._run(
            """create temp table household_moved on commit drop as
               select kind, household_key from household_new_keys
               union select k.kind, k.household_key from identity.household_keys k
                     join household_retold using (golden_customer_id)
               order by kind, household_key"""
        )
        self._run("analyze household_moved")
        self._run(
            f"""insert into household_reach
               select distinct unnest(open.others), 0 from (
                   select few.others from household_moved m
                   cross join lateral (
                       select array(select k.golden_customer_id {_OTHERS} limit %(members)s + 1) as others offset 0) few
                   where m.kind < 6 and cardinality(few.others) <= %(members)s
                   union all
                   select array_agg(o.golden_customer_id) from household_moved m
                   cross join lateral (
                       select k.golden_customer_id, (
                           select f.household_key from identity.household_keys f
                           where f.golden_customer_id = k.golden_customer_id and f.kind = 1) as family
                       {_OTHERS} offset 0) o
                   where m.kind = 6
                   group by m.household_key having count(distinct o.family) <= %(families)s) open
               on conflict do nothing""",  # noqa: S608 - our own text
            members=limits.max_members,
            families=limits.max_families,
        )
        step = 0
        while self._grow(step, limits):
            step += 1

    def _grow(self, step: int, limits: HouseholdLimits) -> int:
        """Add who shares a usable value, or a household, with those of the last step; how many came."""
        self._run("analyze household_reach")
        grown = self._run(
            f"""with own as (
                    insert into household_own
                    select r.golden_customer_id, e.kind, e.household_key
                    from (select * from household_reach where step = %(step)s order by golden_customer_id) r
                    cross join lateral ({_of("r")} offset 0) e
                    returning kind, household_key),
                fresh as (
                    select kind, household_key from own where kind < 6
                    except select kind, household_key from household_held order by kind, household_key),
                holders as materialized (
                    select fresh.kind, fresh.household_key, e.golden_customer_id,
                           count(*) over (partition by fresh.kind, fresh.household_key) as size
                    from fresh cross join lateral ({_holders("fresh")} limit %(members)s + 1) e),
                held as (
                    insert into household_held select distinct kind, household_key, size from holders)
                insert into household_reach
                select distinct found.id, %(step)s + 1 from (
                    select golden_customer_id from holders where size <= %(members)s
                    union
                    select b.golden_customer_id from household_reach r
                    join identity.household_members a on a.golden_customer_id = r.golden_customer_id
                    join identity.household_members b on b.household_id = a.household_id
                    where r.step = %(step)s) found(id)
                on conflict do nothing""",  # noqa: S608 - our own text
            step=step,
            members=limits.max_members,
        ).rowcount
        self._run("analyze household_held")
        self._run("analyze household_own")
        return grown

    def usable(self, limits: HouseholdLimits) -> pl.DataFrame:
        """Usable keys of the reached customers; every holder of each is among them."""
        import pyarrow as pa

        return self._frame(
            f"""with usable as materialized (
                    select o.golden_customer_id, o.kind, o.household_key from household_own o
                    join household_held using (kind, household_key) where size between 2 and %(members)s),
                -- Only who shares a name and address asks whether the place is a building.
                places as (
                    select distinct o.kind, o.household_key from household_own o
                    where o.kind = 6
                      and o.golden_customer_id in (select golden_customer_id from usable where kind = 1)),
                buildings as (
                    select p.household_key from places p
                    cross join lateral ({_holders("p")} offset 0) e
                    cross join lateral ({_of("e", "k.kind = 1")} offset 0) f
                    group by 1 having count(distinct f.household_key) > %(families)s),
                flats as (
                    select o.golden_customer_id from household_own o join buildings using (household_key)
                    where o.kind = 6)
                -- All holders of a name and address are in one place, which is a building or not.
                select u.golden_customer_id, u.kind, u.household_key from usable u
                where not (u.kind = 1 and exists (
                    select 1 from flats x where x.golden_customer_id = u.golden_customer_id))""",  # noqa: S608
            {"golden_customer_id": pa.string(), "kind": pa.int16(), "household_key": pa.int64()},
            members=limits.max_members,
            families=limits.max_families,
        )

    def stored(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Stored members and households of the reached customers, and ids founded by them before."""
        import polars as pl
        import pyarrow as pa

        members = self._frame(
            """select m.golden_customer_id, m.household_id, array_to_string(m.evidence, ',')
               from identity.household_members m join household_reach using (golden_customer_id)""",
            dict.fromkeys(("golden_customer_id", "household_id", "evidence"), pa.string()),
        ).with_columns(pl.col("evidence").str.split(","))
        households = self._frame(
            """select h.household_id, h.created_run_id, h.member_count, h.founding_customer_id
               from identity.households h
               where h.household_id in (select m.household_id from identity.household_members m
                                        join household_reach using (golden_customer_id))""",
            {
                "household_id": pa.string(),
                "created_run_id": pa.int64(),
                "member_count": pa.int32(),
                "founding_customer_id": pa.string(),
            },
        )
        issued = self._frame(
            """select h.founding_customer_id, count(*) from identity.households h
               join household_reach r on r.golden_customer_id = h.founding_customer_id group by 1""",
            {"founding_customer_id": pa.string(), "generations": pa.int64()},
        )
        return members, households, issued


# Keys as they will be: stored, of customers whose keys are not told anew, or new. Always looked up for few customers or
# values, in lateral sub-selects that the planner cannot turn into a scan of everybody's keys.
_OTHERS = """from identity.household_keys k where k.kind = m.kind and k.household_key = m.household_key
    and k.golden_customer_id not in (select golden_customer_id from household_retold)"""


def _of(customer: str, condition: str = "true") -> str:
    """Keys of one customer, `condition` being one on `k`: kind, household_key."""
    return f"""select k.kind, k.household_key from identity.household_keys k
        where k.golden_customer_id = {customer}.golden_customer_id and {condition}
          and k.golden_customer_id not in (select golden_customer_id from household_retold)
        union all select k.kind, k.household_key from household_new_keys k
        where k.golden_customer_id = {customer}.golden_customer_id and {condition}"""  # noqa: S608 - our own text


def _holders(value: str) -> str:
    """Customers that hold one value (kind, household_key): golden_customer_id."""
    return f"""select k.golden_customer_id from identity.household_keys k
        where k.kind = {value}.kind and k.household_key = {value}.household_key
          and k.golden_customer_id not in (select golden_customer_id from household_retold)
        union all select k.golden_customer_id from household_new_keys k
        where k.kind = {value}.kind and k.household_key = {value}.household_key"""  # noqa: S608 - our own text
