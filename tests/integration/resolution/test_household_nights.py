"""Households night by night in the warehouse: an increment ends where a look at everybody ends."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import polars as pl
import pytest

import warehouse
from resolution.households import GOLDEN_COLUMNS, group_customers, household_keys, load_limits, usable_keys
from resolution.store.households import accept_households, propose_households
from resolution.store.propose import NEXT_TABLES, empty_next
from tests.integration.resolution.resolution_world import Brand, make_world

VALUES = {
    "family_name": ["Doe", "Roe", "Poe", "Moe", "Noe", "Loe", "Hoe", None],
    "address_line": ["1 Mill Lane", "2 Mill Lane", "7 High Street", None],
    "postcode": ["BA1 1LN", "LS1 4AP"],
    "phone": [f"+44122544662{n}" for n in range(6)] + [None] * 6,
    "email": [f"{n}@mail.com" for n in "abcdef"] + [None] * 6,
}
SHOWN = """select golden_customer_id::text, household_id::text from identity.golden_records
           where household_id is not null"""


def night(connection: Any, run: int, kind: str, touched: dict[int, dict[str, Any] | None]) -> None:
    """One run that touches customers: golden record → values, or None where the customer is no more."""
    connection.execute(
        "insert into identity.runs (run_id, export_date, kind) overriding system value values (%s, '2026-03-01', %s)",
        (run, kind),
    )
    for number, values in touched.items():
        key = UUID(int=number)
        known = connection.execute("select 1 from identity.golden_customers where golden_customer_id = %s", (key,))
        if known.fetchone() is None:
            connection.execute(
                "insert into identity.golden_customers (golden_customer_id, created_run_id, created_date,"
                " founding_record_key) values (%s, %s, '2026-03-01', %s)",
                (key, run, key),
            )
        status = "live" if values is not None else "retired"
        connection.execute(
            "update identity.golden_customers set status = %s where golden_customer_id = %s", (status, key)
        )
        connection.execute(
            "insert into identity.next_golden_customers values (%s, %s, %s, null, 1, %s, false)",
            (run, key, status, key),
        )
        if values is not None:
            connection.execute(
                f"insert into identity.next_golden_records ({_columns(values)}) values ({_places(values)})",
                (key, *values.values(), run),
            )
    propose_households(connection, run)
    for number, values in touched.items():  # as accepting the run does before it comes to households
        key = UUID(int=number)
        if values is None:
            connection.execute("delete from identity.golden_records where golden_customer_id = %s", (key,))
            continue
        connection.execute(
            f"insert into identity.golden_records ({_columns(values)}) values ({_places(values)})"
            " on conflict (golden_customer_id) do update set run_id = excluded.run_id, "
            + ", ".join(f"{c} = excluded.{c}" for c in values),
            (key, *values.values(), run),
        )
    accept_households(connection, run)
    empty_next(connection)
    connection.execute("update identity.runs set status = 'accepted' where run_id = %s", (run,))


def _columns(values: dict[str, Any]) -> str:
    return f"golden_customer_id, {', '.join(values)}, is_identified, record_count, platform_count, run_id"


def _places(values: dict[str, Any]) -> str:
    return f"%s, {', '.join(['%s'] * len(values))}, true, 1, 1, %s"


def stored(connection: Any) -> dict[str, tuple[str, tuple[str, ...]]]:
    rows = connection.execute(
        "select golden_customer_id::text, household_id::text, evidence from identity.household_members"
    ).fetchall()
    return {customer: (household, tuple(evidence)) for customer, household, evidence in rows}


def expected(connection: Any) -> tuple[set[frozenset[str]], dict[str, tuple[str, ...]]]:
    """Partition and evidence that a look at all golden records gives."""
    rows = connection.execute(f"select {', '.join(f'{c}::text' for c in GOLDEN_COLUMNS)} from identity.golden_records")
    frame = pl.DataFrame(rows.fetchall(), schema=dict.fromkeys(GOLDEN_COLUMNS, pl.String), orient="row")
    groups = group_customers(usable_keys(household_keys(frame), load_limits()), load_limits())
    parts: dict[int, set[str]] = {}
    for customer, household in groups.select("golden_customer_id", "household").iter_rows():
        parts.setdefault(household, set()).add(customer)
    evidence = {c: tuple(e) for c, e in groups.select("golden_customer_id", "evidence").iter_rows()}
    return {frozenset(p) for p in parts.values()}, evidence


def partition(found: dict[str, tuple[str, tuple[str, ...]]]) -> set[frozenset[str]]:
    parts: dict[str, set[str]] = {}
    for customer, (household, _) in found.items():
        parts.setdefault(household, set()).add(customer)
    return {frozenset(p) for p in parts.values()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nights_end_where_a_look_at_everybody_ends(database: str, seed: int) -> None:
    rng = random.Random(seed)

    def somebody() -> dict[str, Any]:
        return {column: rng.choice(values) for column, values in VALUES.items()}

    sizes = set()
    with warehouse.connect(name="test", autocommit=True) as connection:
        people = {n: somebody() for n in range(1, 31)}
        run = 1
        with connection.transaction():
            night(connection, run, "full", dict(people))
        for _ in range(12):
            run += 1
            before = stored(connection)
            touched: dict[int, dict[str, Any] | None] = {}
            for number in rng.sample(range(1, 41), 3):
                touched[number] = None if number in people and rng.random() < 0.3 else somebody()
            again = rng.choice([n for n in people if n not in touched and _live(connection, n)])
            touched[again] = people[again]  # touched, but says what it said
            people |= {n: v for n, v in touched.items() if v is not None}
            with connection.transaction():
                night(connection, run, "increment", touched)
            after = stored(connection)
            wanted, evidence = expected(connection)
            assert partition(after) == wanted
            assert {c: e for c, (_, e) in after.items()} == evidence
            sizes |= {len(p) for p in wanted}
            # whole households that nobody touched keep their id
            kept = partition(before) & partition(after)
            assert all(before[c][0] == after[c][0] for part in kept for c in part)
            live = "select household_id::text, member_count from identity.households where status = 'live'"
            assert dict(connection.execute(live).fetchall()) == {
                after[min(part)][0]: len(part) for part in partition(after)
            }
            assert dict(connection.execute(SHOWN).fetchall()) == {c: h for c, (h, _) in after.items()}
            for table in NEXT_TABLES:
                assert connection.execute(f"select count(*) from identity.{table}").fetchone() == (0,)
        # a look at everybody changes nothing any more
        keys = "select * from identity.household_keys order by 1, 2, 3"
        stored_keys = connection.execute(keys).fetchall()
        with connection.transaction():
            night(connection, run + 1, "full", {n: v for n, v in people.items() if _live(connection, n)})
        assert stored(connection) == after
        assert connection.execute(keys).fetchall() == stored_keys
    assert max(sizes) > 2


def _live(connection: Any, number: int) -> bool:
    row = connection.execute(
        "select status = 'live' from identity.golden_customers where golden_customer_id = %s", (UUID(int=number),)
    ).fetchone()
    return row is not None and bool(row[0])


def test_a_household_is_never_a_person(brand: Brand) -> None:
    """Real nights: who lives together is told, who is who stays as it is, and a move shows in the golden record."""
    records = make_world(60, 3)
    brand.put(records)
    brand.night()
    links = brand.links()
    members = dict(brand.rows("select golden_customer_id::text, household_id::text from identity.household_members"))
    assert members and len(set(members.values())) < len(members)
    assert not set(members.values()) & set(links.values())
    assert dict(brand.rows(SHOWN)) == members
    # everybody of one household moves: it dissolves, persons stay
    household = sorted(members.values())[0]
    gone = {c for c, h in members.items() if h == household}
    moving = [r for r in records if links.get(r.key) in gone]
    for n, record in enumerate(moving):
        record.values |= {"address_line": f"{n + 1} Faraway Road", "phone": None, "email": None}
        record.identifiers = [i for i in record.identifiers if i[0] not in ("phone", "email")]
    brand.put(moving)
    result = brand.night()
    left = dict(brand.rows("select golden_customer_id::text, household_id::text from identity.household_members"))
    assert household not in left.values()
    closed = brand.rows("select status, closed_run_id from identity.households where household_id = %s", household)
    assert closed in ([("retired", result.run_id)], [("merged", result.run_id)])
    assert dict(brand.rows(SHOWN)) == left
