"""What a night's change can reach: the blocks and identifiers that changed records have or had, and who is in them.

Temporary tables of the caller's transaction; `changed` comes from `NightReader.find_changed`. Every look-up goes from
few keys to their members by index and stops at the cap, so the cost follows the change, not the warehouse. Look-ups are
lateral or sub-selects per row on purpose: the planner must not weigh a scan of all keys against them. They go through
the keys in order, so that neighbours in an index and in a table are read while their page is at hand.

    old_keys, new_keys   keys of the changed records before and after
    blocks               every (pass, key) that one of them has or had, with its members that did not change
    near                 records whose certain edges to each other must be made anew: the changed ones and the holders
                         of every identifier that a changed record has or had (values above their limit before and
                         after: none)
    focus                records whose probable edges must be made anew: the changed ones and the members of every block
                         that crossed its cap
    near_keys            keys of all identifiers of `near` with all their holders, where two or more within the limit
    focus_keys           keys of all usable blocks of `focus` with all their members
    universe             every live record of these, with its position in the order of the keys and the columns that
                         matching looks at: fetched once, since each look-up of a record costs as much as reading it
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from psycopg import sql

from resolution.store.bulk import copy_in_arrays, fetch_arrays
from resolution.store.held import LIVE
from resolution.store.keys import FIRST_IDENTIFIER_PASS

if TYPE_CHECKING:
    import numpy as np
    import psycopg

# Members of a block that did not change: one more than the cap is enough to know that it is above.
UNCHANGED = sql.SQL(
    """array(select b.source_record_key from identity.block_keys b
             where b.block_key = k.block_key and b.pass = k.pass
               and b.source_record_key not in (select source_record_key from changed) limit c.cap + 1)"""
)


class Reach:
    """The reach of one night; `counts` says how large each part of it is."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.counts: dict[str, int] = {}

    def _run(self, name: str, statement: str, **parts: sql.Composable) -> None:
        query = sql.SQL(statement).format(
            live=LIVE,
            unchanged=UNCHANGED,
            identifiers=sql.Literal(FIRST_IDENTIFIER_PASS),
            name=sql.Identifier(name),
            **parts,
        )
        self.counts[name] = self.counts.get(name, 0) + max(self.connection.execute(query).rowcount, 0)

    def _analyze(self, *names: str) -> None:
        for name in names:
            self.connection.execute(sql.SQL("analyze {}").format(sql.Identifier(name)))

    def load_keys(self, records: np.ndarray, passes: np.ndarray, keys: np.ndarray, caps: dict[int, int]) -> None:
        """Tonight's keys of the changed records (V16, int16, int64), and the cap of each pass."""
        import numpy as np

        self.connection.execute(
            "create temp table new_keys (source_record_key uuid, pass smallint, block_key bigint) on commit drop"
        )
        copy_in_arrays(self.connection, "new_keys", {"source_record_key": records, "pass": passes, "block_key": keys})
        self.counts["new_keys"] = len(keys)
        self._run(
            "old_keys",
            """create temp table {name} on commit drop as
               select c.source_record_key, b.pass, b.block_key
               from (select source_record_key from changed order by source_record_key) c
               cross join lateral (select pass, block_key from identity.block_keys b
                                   where b.source_record_key = c.source_record_key offset 0) b""",
        )
        self.connection.execute("create temp table caps (pass smallint primary key, cap bigint) on commit drop")
        numbers = np.array(sorted(caps), np.int16)
        copy_in_arrays(
            self.connection, "caps", {"pass": numbers, "cap": np.array([caps[int(n)] for n in numbers], np.int64)}
        )
        self._analyze("new_keys", "old_keys", "caps")

    def find(self, columns: Collection[str]) -> None:
        """Fill the tables above; `load_keys` comes first. columns: of the person records, those that are wanted."""
        self._run(
            "blocks",
            """create temp table {name} on commit drop as
               select k.pass, k.block_key, c.cap, k.old_count, k.new_count, {unchanged} as members
               from (select pass, block_key, sum(old) as old_count, sum(new) as new_count
                     from (select pass, block_key, 0 as old, 1 as new from new_keys
                           union all select pass, block_key, 1, 0 from old_keys) u
                     group by pass, block_key order by block_key) k
               join caps c on c.pass = k.pass""",
        )
        # Not of the members: the planner has no use for statistics of arrays, which are what takes long.
        self.connection.execute("analyze blocks (pass, block_key, cap, old_count, new_count)")
        self._records(
            "near",
            """select unnest(members) from blocks
               where pass >= {identifiers} and cardinality(members) + least(old_count, new_count) <= cap""",
        )
        self._run(
            "crossed",
            """create temp table {name} on commit drop as
               select distinct unnest(members) as source_record_key from blocks
               where pass < {identifiers}
                 and (cardinality(members) + old_count <= cap) <> (cardinality(members) + new_count <= cap)""",
        )
        self._records("focus", "select source_record_key from crossed")
        self._analyze("near", "focus")
        self._keys_of("near", "near", ">=", "near_keys")
        self._keys_of("focus", "crossed", "<", "focus_keys")
        wanted = sql.SQL(", ").join(map(sql.Identifier, sorted(columns)))
        self._run(
            "universe",
            """create temp table {name} on commit drop as
               select (row_number() over (order by r.source_record_key) - 1)::integer as position, r.*
               from (select source_record_key from near union select source_record_key from focus
                     union select source_record_key from near_keys union select source_record_key from focus_keys
                     order by source_record_key) k
               cross join lateral (
                   select r.source_record_key, {wanted} from intermediate.int_person_records r
                   where r.source_record_key = k.source_record_key and {live} offset 0) r""",
            wanted=wanted,
        )
        self.connection.execute("analyze universe (source_record_key, position)")

    def _records(self, name: str, members: str) -> None:
        """A table of records: the changed ones and those of a query."""
        self._run(
            name,
            f"""create temp table {{name}} on commit drop as
                select source_record_key from changed union select m.k from ({members}) m(k)""",  # noqa: S608
        )
        self.connection.execute(sql.SQL("create unique index on {} (source_record_key)").format(sql.Identifier(name)))

    def _keys_of(self, name: str, others: str, side: str, target: str) -> None:
        """Usable blocks of the records that changed, from `blocks`; of the others, looked up by record first."""
        self._run(
            f"{name}_blocks",
            f"""create temp table {{name}} on commit drop as
                select k.pass, k.block_key, {{unchanged}} as members
                from (select b.pass, b.block_key
                      from (select source_record_key from {others}
                            except select source_record_key from changed order by source_record_key) o
                      cross join lateral (select pass, block_key from identity.block_keys b
                                          where b.source_record_key = o.source_record_key
                                            and b.pass {side} {{identifiers}} offset 0) b
                      except select pass, block_key from blocks order by block_key) k
                join caps c on c.pass = k.pass""",  # noqa: S608
        )
        self._run(
            target,
            f"""create temp table {{name}} on commit drop as
                select unnest(members) as source_record_key, pass, block_key from blocks
                where pass {side} {{identifiers}} and cardinality(members) + new_count between 2 and cap
                  and (new_count > 0 or exists (select 1 from {others}))
                union all
                select n.source_record_key, n.pass, n.block_key from new_keys n join blocks b using (pass, block_key)
                where n.pass {side} {{identifiers}} and cardinality(b.members) + b.new_count between 2 and b.cap
                union all
                select unnest(members), pass, block_key from {name}_blocks join caps using (pass)
                where cardinality(members) between 2 and cap""",  # noqa: S608
        )

    def keys(self, table: str) -> dict[str, np.ndarray]:
        """Rows of near_keys or focus_keys: position int32 (in `universe`), pass int16, block_key int64."""
        query = sql.SQL(
            "select u.position, k.pass, k.block_key from {} k join universe u using (source_record_key)"
        ).format(sql.Identifier(table))
        return fetch_arrays(self.connection, query, {"position": "int32", "pass": "int16", "block_key": "int64"})

    def positions(self, table: str) -> np.ndarray:
        """int32 positions (in `universe`) of the live records of `near` or `focus`."""
        query = sql.SQL("select u.position from {} k join universe u using (source_record_key)").format(
            sql.Identifier(table)
        )
        return fetch_arrays(self.connection, query, {"position": "int32"})["position"]
