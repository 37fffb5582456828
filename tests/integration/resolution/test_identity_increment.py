"""A night gives what a full run with the same parameters gives, whatever the nights and their order."""

from __future__ import annotations

import random

import pytest

from tests.integration.resolution.resolution_world import Brand, Record, make_world


def shift(record: Record, rng: random.Random, others: list[Record]) -> None:
    """Change a record as platforms do: another e-mail, somebody else's phone, a corrected name."""
    what = rng.choice(["email", "phone", "name", "identifiers"])
    if what == "name":
        record.values["given_name"] = rng.choice(others).values["given_name"]
    elif what == "identifiers":
        record.identifiers = list({i[:3]: i for i in rng.choice(others).identifiers}.values())
    else:
        value = rng.choice(others).values[what]
        record.values[what] = value
        record.identifiers = [i for i in record.identifiers if i[0] != what]
        if value:
            record.identifiers.append((what, "global", str(value), False))


def check_history(brand: Brand) -> None:
    """The registry's own invariants after any number of nights."""
    assert brand.rows(
        "select count(*) from identity.record_links where valid_to_run_id is null and valid_from_run_id is null"
    ) == [(0,)]
    overlapping = brand.rows(
        """select count(*) from identity.record_links a join identity.record_links b using (source_record_key)
           where a.valid_from_run_id < b.valid_from_run_id
             and coalesce(a.valid_to_run_id, 9e15) > b.valid_from_run_id"""
    )
    assert overlapping == [(0,)]
    wrong_status = brand.rows(
        """select count(*) from identity.golden_customers c
           where (c.status = 'live') <> exists (select 1 from identity.record_links l
                 where l.golden_customer_id = c.golden_customer_id and l.valid_to_run_id is null)"""
    )
    assert wrong_status == [(0,)]
    sums = brand.rows(
        """select sum(created_count + split_count + revived_count - merged_count - retired_count - deleted_count)
           from identity.runs where status = 'accepted'"""
    )
    assert sums == brand.rows("select count(*) from identity.golden_customers where status = 'live'")
    for table in (
        "record_links",
        "golden_customers",
        "golden_id_changes",
        "match_edges",
        "near_pairs",
        "block_keys",
        "golden_records",
    ):
        assert brand.rows(f"select count(*) from identity.next_{table}") == [(0,)]


@pytest.mark.parametrize("seed", [1])
def test_any_nights_in_any_order_equal_one_full_run(brand: Brand, seed: int) -> None:
    rng = random.Random(seed)
    records = make_world(110, seed)
    known = records[:150]
    brand.put(known)
    assert brand.night().kind == "full"
    waiting = records[150:]
    rng.shuffle(waiting)
    gone: list[Record] = []
    for _ in range(3):
        size = rng.randrange(1, 30)
        arriving, waiting = waiting[:size], waiting[size:]
        for record in (changed := rng.sample(known, 8)):
            shift(record, rng, records)
        leaving = rng.sample([r for r in known if r not in changed], 4)
        returning = [r for r in gone if rng.random() < 0.5]
        gone = [r for r in gone if r not in returning] + leaving
        known = [r for r in known if r not in leaving] + arriving + returning
        if arriving + changed + returning:
            brand.put(arriving + changed + returning)
        brand.put(leaving, deleted=True)
        left, right = sorted(r.key for r in rng.sample(known, 2))
        brand.run(
            """insert into identity.decisions (left_key, right_key, verdict, author, reason)
               values (%s, %s, %s, 'test', 'test') on conflict do nothing""",
            left,
            right,
            rng.choice(["same", "different"]),
        )
        result = brand.night()
        assert result.kind == "increment"
        assert result.records_total == len(known)
    nightly = brand.partition(), brand.evidence(), brand.keys(), brand.links(), brand.golden(), brand.near()
    assert nightly[5]
    assert set(brand.links()) == {r.key for r in known}
    again = brand.night(full=True)
    assert again.kind == "full"
    assert (again.created_count, again.merged_count, again.split_count, again.churn_rate) == (0, 0, 0, 0.0)
    assert brand.partition() == nightly[0]
    assert brand.evidence() == nightly[1]
    assert brand.keys() == nightly[2]
    assert brand.links() == nightly[3]
    assert brand.golden() == nightly[4]
    assert brand.near() == nightly[5]
    check_history(brand)


def plain(number: int, *identifiers: tuple[str, str, str, bool]) -> Record:
    """A record that says nothing but its identifiers."""
    from tests.integration.resolution.resolution_world import RECORD_COLUMNS, key_of

    values = dict.fromkeys(RECORD_COLUMNS) | {
        "source_record_key": key_of("web", "cookie", str(number)), "source_platform": "web", "record_kind": "cookie",
        "source_record_id": str(number), "is_internal": False, "is_deleted": False,
        "first_seen_at": "2024-01-01 00:00:00+00", "last_seen_at": "2024-01-01 00:00:00+00",
    }  # fmt: skip
    return Record(number, values, list(identifiers))


def test_a_value_that_crosses_its_limit_loses_its_evidence_and_regains_it(brand: Brand) -> None:
    from resolution.identifier_rules import load_identifier_rules

    limit = load_identifier_rules().rule("cookie_id").max_records
    shared = ("cookie_id", "web", "one-device", False)
    holders = [plain(i, shared) for i in range(limit)]
    brand.put(holders + make_world(40, 5))
    brand.night()
    one = {brand.links()[h.key] for h in holders}
    assert len(one) == 1
    last = plain(99, shared)
    brand.put([last])
    result = brand.night()
    assert result.kind == "increment" and result.split_count == limit - 1
    assert len({brand.links()[h.key] for h in [*holders, last]}) == limit + 1
    brand.put([last], deleted=True)
    result = brand.night()
    assert result.merged_count == limit - 1
    assert {brand.links()[h.key] for h in holders} == one
    before = brand.partition()
    brand.night(full=True)
    assert brand.partition() == before
    check_history(brand)


def test_a_block_that_crosses_its_cap(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names alone make the blocks here; with a cap of 12, people leave and re-enter each other's blocks."""
    import resolution.config as config

    small = config.load_config().model_copy(update={"max_block_size": 12})
    monkeypatch.setattr(config, "load_config", lambda path=None: small)
    records = make_world(120, 8)
    brand.put(records[:180])
    brand.night()
    for start in range(180, len(records), 40):
        brand.put(records[start : start + 40])
        brand.put(records[start - 180 : start - 165], deleted=True)
        assert brand.night().kind == "increment"
    nightly = brand.partition(), brand.evidence(), brand.near()
    brand.night(full=True)
    assert (brand.partition(), brand.evidence(), brand.near()) == nightly
