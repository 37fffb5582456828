"""Whatever the nights, their order and their accidents: the partition of one full run, and ids that stay with people.

Hypothesis draws the story of a small brand: who arrives, changes, leaves and returns in which night, which decisions
are made and revoked, which proposals are thrown away, and at which statement the server drops the connection.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.resolution.resolution_world import Brand, Record, create_tables, make_world
from tests.integration.resolution.test_identity_increment import check_history, shift

TABLES = (
    "runs", "model_parameters", "golden_customers", "record_links", "golden_id_changes", "match_edges", "block_keys",
    "near_pairs", "golden_records", "decisions",
)  # fmt: skip
DEEDS = ("arrive", "change", "leave", "return", "decide", "revoke", "replay")
ACCIDENTS = ("none", "none", "discarded", "left over", "dropped")
NIGHT = st.tuples(st.lists(st.sampled_from(DEEDS), min_size=1, max_size=4), st.sampled_from(ACCIDENTS))


@pytest.fixture(scope="module")
def one_brand(module_database: str) -> Iterator[Brand]:
    made = Brand()
    with made.connect() as connection:
        create_tables(connection)
    yield made


@contextmanager
def connection_dropped_at(statement: int) -> Iterator[list[int]]:
    """The server ends the resolution's connection just before its n-th statement; yields the statements so far."""
    count = [0]
    real = {name: getattr(psycopg.Cursor, name) for name in ("execute", "copy")}

    def counted(name: str) -> Any:
        def run(cursor: Any, *arguments: Any, **named: Any) -> Any:
            connection = cursor.connection
            if connection.info.get_parameters().get("application_name", "").startswith("resolution"):
                count[0] += 1
                if count[0] == statement:
                    with psycopg.connect(connection.info.dsn, password=connection.info.password) as other:
                        real["execute"](
                            other.cursor(), "select pg_terminate_backend(%s)", (connection.info.backend_pid,)
                        )
            return real[name](cursor, *arguments, **named)

        return run

    with pytest.MonkeyPatch.context() as patch:
        for name in real:
            patch.setattr(psycopg.Cursor, name, counted(name))
        yield count


@dataclass
class Story:
    """A brand's records, night after night. waiting: not seen yet; known: live; gone: left, may return."""

    brand: Brand
    rng: random.Random
    waiting: list[Record]
    known: list[Record] = field(default_factory=list)
    gone: list[Record] = field(default_factory=list)

    def tell(self, deed: str) -> None:
        rng, brand = self.rng, self.brand
        if deed == "arrive":
            size = rng.randrange(1, 25)
            arriving, self.waiting = self.waiting[:size], self.waiting[size:]
            self.known += arriving
            self._put(arriving)
        elif deed in ("change", "replay"):
            chosen = rng.sample(self.known, min(6, len(self.known)))
            if deed == "change":
                for record in chosen:
                    shift(record, rng, self.known)
            self._put(chosen)
        elif deed == "leave":
            leaving = rng.sample(self.known, min(4, len(self.known) - 2))
            self.known = [r for r in self.known if r not in leaving]
            self.gone += leaving
            brand.put(leaving, deleted=True)
        elif deed == "return":
            self._put(self.gone)
            self.known, self.gone = self.known + self.gone, []
        elif deed == "decide":
            left, right = sorted(r.key for r in rng.sample(self.known, 2))
            brand.run(
                """insert into identity.decisions (left_key, right_key, verdict, author, reason)
                   values (%s, %s, %s, 'test', 'test') on conflict do nothing""",
                left, right, rng.choice(["same", "different"]),
            )  # fmt: skip
        else:
            brand.run(
                """update identity.decisions set revoked_at = clock_timestamp() where decision_id in (
                       select decision_id from identity.decisions where revoked_at is null order by 1 limit 1)"""
            )

    def _put(self, records: list[Record]) -> None:
        if records:
            self.brand.put(records)

    def night(self, accident: str) -> None:
        """One night, whatever happens in it: in the end its proposal is accepted, once."""
        import resolution

        brand = self.brand
        brand.date += 1
        date = f"2024-03-{brand.date:02d}"
        if accident == "discarded":
            run = resolution.resolve_night(date)
            if run.kind != "unchanged":
                resolution.discard_run(run.run_id, "the audit failed")
        elif accident == "left over":
            resolution.resolve_night(date)
        elif accident == "dropped":
            before = brand.links()
            with connection_dropped_at(self.rng.randrange(1, 110)) as statements:
                try:
                    resolution.accept_run(resolution.resolve_night(date).run_id)
                except psycopg.OperationalError:
                    assert statements[0] > 0
                    accepted = brand.rows("select max(run_id) from identity.runs where status = 'accepted'")
                    proposed = brand.rows("select max(run_id) from identity.runs where status = 'proposed'")
                    if proposed != [(None,)]:  # a night is all or nothing: still yesterday's identities
                        assert brand.links() == before and accepted != proposed
        run = resolution.resolve_night(date)
        resolution.accept_run(run.run_id)


def check_ids(before: dict[str, str], after: dict[str, str]) -> None:
    """Ids follow people: one that stays keeps a record of its own, and two never change places."""
    members: dict[str, set[str]] = {}
    for key, golden in before.items():
        members.setdefault(golden, set()).add(key)
    moved: dict[str, dict[str, int]] = {}
    for golden, keys in members.items():
        now = [after[k] for k in keys if k in after]
        moved[golden] = {other: now.count(other) for other in set(now)}
        if golden in set(after.values()) and now:
            assert golden in now, "an id left all of its records"
    for golden, targets in moved.items():
        for other, count in targets.items():
            if other != golden and other in moved and 2 * count > len(members[golden]):
                assert 2 * moved[other].get(golden, 0) <= len(members[other]), "two ids changed places"


def clean(brand: Brand) -> None:
    with brand.connect() as connection:
        connection.execute(
            "truncate intermediate.int_person_records, intermediate.int_identifiers, "
            + ", ".join(f"identity.{t}" for t in TABLES) + " cascade"
        )  # fmt: skip


@settings(
    max_examples=4, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(seed=st.integers(0, 10_000), nights=st.lists(NIGHT, min_size=2, max_size=3))
def test_any_nights_equal_one_run_and_ids_stay(one_brand: Brand, seed: int, nights: list[Any]) -> None:
    brand, rng = one_brand, random.Random(seed)
    brand.date = 0
    clean(brand)
    story = Story(brand, rng, make_world(40, seed))
    story.known, story.waiting = story.waiting[:70], story.waiting[70:]
    brand.put(story.known)
    brand.night()
    for deeds, accident in nights:
        for deed in deeds:
            story.tell(deed)
        before = brand.links()
        story.night(accident)
        after = brand.links()
        assert set(after) == {r.key for r in story.known}
        check_ids(before, after)
    nightly = brand.partition(), brand.evidence(), brand.near(), brand.keys(), brand.links(), brand.golden()
    assert brand.night().kind == "unchanged"
    again = brand.night(full=True)
    assert (again.kind, again.churn_rate) == ("full", 0.0)
    after = brand.partition(), brand.evidence(), brand.near(), brand.keys(), brand.links(), brand.golden()
    assert after == nightly
    check_history(brand)
