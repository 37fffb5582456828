"""Households: who shares one, within which limits, and which id it keeps."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolution.errors import ConfigError
from resolution.households import (
    GOLDEN_COLUMNS,
    HouseholdLimits,
    assign_households,
    group_customers,
    household_keys,
    parse_limits,
    usable_keys,
)

LIMITS = HouseholdLimits()
DOE = {"family_name": "Doe", "address_line": "1 Mill Lane", "postcode": "BA1 1LN"}


def golden(*rows: dict[str, Any]) -> pl.DataFrame:
    filled = [{"golden_customer_id": f"c{i:03}"} | row for i, row in enumerate(rows)]
    return pl.DataFrame(
        [{c: r.get(c) for c in GOLDEN_COLUMNS} for r in filled], schema=dict.fromkeys(GOLDEN_COLUMNS, pl.String)
    )


def homes(*rows: dict[str, Any], limits: HouseholdLimits = LIMITS) -> dict[str, list[str]]:
    """Members by household, and the households' names are left out."""
    groups = group_customers(usable_keys(household_keys(golden(*rows)), limits), limits)
    found: dict[int, list[str]] = {}
    for customer, household in groups.select("golden_customer_id", "household").iter_rows():
        found.setdefault(household, []).append(customer)
    return {min(members): sorted(members) for members in found.values()}


def test_a_household_shares_family_name_and_address() -> None:
    bob = {"full_name": "Bob DOE", "address_line": "1, mill lane", "postcode": "ba11ln"}
    lodger = DOE | {"family_name": "Roe"}
    next_door = DOE | {"address_line": "2 Mill Lane"}
    assert homes(DOE, bob, lodger, next_door, {"family_name": "Doe"}, {}) == {"c000": ["c000", "c001"]}


def test_a_phone_or_an_email_is_shared_within_a_name_or_an_address() -> None:
    phone, email = {"phone": "+441225446622"}, {"email": "family@mail.com"}
    assert homes({"family_name": "Doe"} | phone, {"family_name": "doe"} | phone, {"family_name": "Roe"} | phone) == {
        "c000": ["c000", "c001"]
    }
    couple = [DOE | phone, DOE | phone | {"family_name": "Roe"}, DOE | email, DOE | email | {"family_name": "Poe"}]
    assert homes(*couple) == {"c000": ["c000", "c001", "c002", "c003"]}
    street_only = [DOE | {"address_line": "Mill Lane"}, DOE | {"address_line": "Mill Lane"}]
    assert homes(*street_only) == {}


def test_in_a_block_of_flats_a_name_is_not_enough() -> None:
    flats = [DOE | {"family_name": name} for name in ("Doe", "Doe", "Roe", "Poe", "Loe", "Moe", "Noe")]
    assert homes(*flats) == {}
    assert homes(*flats[:-1]) == {"c000": ["c000", "c001"]}
    shared = [f | ({"phone": "+441225446622"} if i < 2 else {}) for i, f in enumerate(flats)]
    assert homes(*shared) == {"c000": ["c000", "c001"]}


def test_what_too_many_share_joins_nobody_and_chains_are_cut() -> None:
    assert homes(*[DOE] * 8) == {"c000": [f"c{i:03}" for i in range(8)]}
    assert homes(*[DOE] * 9) == {}
    # five couples in a chain of phones: the couples stay
    chain = []
    for i in range(5):
        home = {"family_name": "Doe", "address_line": f"{i + 1} Mill Lane", "postcode": "BA1 1LN"}
        chain += [home | {"phone": f"+44122544662{i}"}, home | {"phone": f"+44122544662{i + 1}"}]
    assert len(homes(*chain)) == 5
    assert len(homes(*chain, limits=HouseholdLimits(10, 5))) == 1


def test_evidence_says_why_and_never_shows_a_value() -> None:
    keys = usable_keys(
        household_keys(golden(DOE | {"phone": "+441225446622"}, DOE | {"phone": "+441225446622"})), LIMITS
    )
    assert group_customers(keys, LIMITS)["evidence"].to_list() == [["address_phone", "name_address", "name_phone"]] * 2


def test_wrong_limits_are_named() -> None:
    with pytest.raises(ConfigError, match=r"households\.yml: max_families: write a whole number"):
        parse_limits({"max_members": 4, "max_families": "many"})
    with pytest.raises(ConfigError, match=r"max_members.*at least 2"):
        parse_limits({"max_members": 1, "max_families": 5})
    with pytest.raises(ConfigError, match="expected a mapping"):
        parse_limits([])


class Book:
    """Stored households, moved from night to night by what `assign_households` says."""

    def __init__(self) -> None:
        self.members: dict[str, str] = {}
        self.households: dict[str, dict[str, Any]] = {}
        self.run = 0

    def night(self, *groups: str) -> None:
        """Groups of one-letter customers."""
        self.run += 1
        rows = [(c, i, ["name_address"]) for i, group in enumerate(groups) for c in group]
        frame = pl.DataFrame(
            rows, orient="row",
            schema={"golden_customer_id": pl.String, "household": pl.Int64, "evidence": pl.List(pl.String)},
        )  # fmt: skip
        members = pl.DataFrame(
            [(c, h, ["name_address"]) for c, h in self.members.items()], orient="row",
            schema={"golden_customer_id": pl.String, "household_id": pl.String, "evidence": pl.List(pl.String)},
        )  # fmt: skip
        schema = {
            "household_id": pl.String, "created_run_id": pl.Int64, "member_count": pl.Int32,
            "founding_customer_id": pl.String,
        }  # fmt: skip
        live = [{c: h[c] for c in schema} for h in self.households.values() if h["status"] == "live"]
        founders = [h["founding_customer_id"] for h in self.households.values()]
        issued = pl.DataFrame({"founding_customer_id": founders}, schema={"founding_customer_id": pl.String})
        change = assign_households(
            frame, members, pl.DataFrame(live, schema=schema),
            issued.group_by("founding_customer_id").agg(generations=pl.len().cast(pl.Int64)),
        )  # fmt: skip
        for row in change.households.iter_rows(named=True):
            assert row["is_new"] == (row["household_id"] not in self.households)
            earlier = self.households.get(row["household_id"], {"created_run_id": self.run})
            self.households[row["household_id"]] = earlier | row
        for customer, household, _ in change.members.iter_rows():
            self.members.pop(customer, None)
            if household is not None:
                self.members[customer] = household

    def of(self, customer: str) -> str:
        return self.members[customer]


def test_ids_live_as_golden_ids_do() -> None:
    book = Book()
    book.night("ab", "cde")
    first, second = book.of("a"), book.of("c")
    book.night("abf", "cde")  # somebody joins
    assert book.of("f") == first and book.households[first]["member_count"] == 3
    book.night("abfcde")  # two become one: both as old, the smallest id survives
    survivor, loser = sorted([first, second])
    assert set(book.members.values()) == {survivor}
    assert (book.households[loser]["status"], book.households[loser]["merged_into_id"]) == ("merged", survivor)
    book.night("ab", "fcde")  # one becomes two: the larger part keeps the id
    assert book.of("f") == survivor and book.of("a") not in (first, second)
    apart = book.of("a")
    book.night("fcde")
    assert book.households[apart]["status"] == "retired" and "a" not in book.members
    book.night("ab", "fcde")  # an id is never given twice
    assert book.of("a") not in (first, second, apart)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), min_size=9, max_size=9), min_size=1, max_size=6))
def test_any_history_keeps_the_books_straight(nights: list[list[int]]) -> None:
    """Each night puts nine customers into households 1 to 4 or none (0); a household has at least two members."""
    book, seen = Book(), set()
    for night in nights:
        parts = ["".join(c for c, h in zip("abcdefghi", night, strict=True) if h == n) for n in (1, 2, 3, 4)]
        parts = [p for p in parts if len(p) > 1]
        before = dict(book.members)
        book.night(*parts)
        assert sorted("".join(parts)) == sorted(book.members)
        assert {frozenset(p) for p in parts} == {
            frozenset(c for c, h in book.members.items() if h == household) for household in book.members.values()
        }
        counts = {h: list(book.members.values()).count(h) for h in book.members.values()}
        live = {h: r["member_count"] for h, r in book.households.items() if r["status"] == "live"}
        assert live == counts
        assert all(r["merged_into_id"] in book.households for r in book.households.values() if r["status"] == "merged")
        gone = {h for h, r in book.households.items() if r["status"] != "live"}
        assert not seen & set(book.members.values())  # never reused
        seen |= gone
        if before == book.members:
            snapshot = {h: dict(r) for h, r in book.households.items()}
            book.night(*reversed(parts))  # replay, in another order
            assert book.households == snapshot


def test_households_against_the_truth() -> None:
    from resolution.household_measure import format_households, judge_households

    # persons 1 and 2 live together, 3 with 4, 5 alone; 4's records are split, 5 is taken into the first household
    records = pl.DataFrame(
        [("a", 1), ("a", 1), ("b", 2), ("c", 3), ("d", 4), ("d", 4), ("e", 4), ("f", 5), ("g", 6), ("g", 7)],
        schema={"golden_customer_id": pl.String, "person_id": pl.Int64}, orient="row",
    )  # fmt: skip
    state = pl.DataFrame(
        [("a", "x", True), ("b", "x", True), ("c", None, False), ("d", "y", True), ("e", "y", True), ("f", "x", True),
         ("g", None, True)],
        schema={"golden_customer_id": pl.String, "household_id": pl.String, "is_findable": pl.Boolean}, orient="row",
    )  # fmt: skip
    homes = pl.DataFrame({"person_id": [1, 2, 3, 4, 5, 6, 7], "household_id": [1, 1, 2, 2, 3, 4, 4]})
    result = judge_households(records, state, homes)
    assert (result.everybody.true_pairs, result.everybody.correct_pairs, result.everybody.predicted_pairs) == (2, 1, 3)
    assert (result.findable.true_pairs, result.findable.correct_pairs) == (1, 1)
    assert result.persons_joined == 1 and result.sizes == {1: 1, 3: 1}
    assert "precision" in format_households(result)
