"""What `suggest` makes of tables it has never seen."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import yaml

from benchmarks.dialects import DIALECTS
from resolution.column_types import suggest_type
from resolution.config import config_from_dict
from resolution.standardise import standardise
from resolution.suggestion import suggest_config

GIVEN = [
    "Anna",
    "Robert",
    "Maria",
    "James",
    "Linda",
    "Peter",
    "Susan",
    "Paul",
    "Karen",
    "Mark",
    "Laura",
    "George",
    "Ruth",
    "John",
] * 5


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("birth_day", ["1975-03-09", "1980-01-02"] * 20, "birth_date"),
        ("birth_day", ["9", "12", "31"] * 20, "birth_day"),
        ("postcode_fake", ["tq13 8df", "ab1 2cd"] * 20, "postcode"),
        ("first_and_surname", ["ann lee", "bob day"] * 20, "full_name"),
        ("PAT_FNAME", ["ANN", "BOB"] * 20, "given_name"),
        ("Familienname", ["Müller", "Weiß"] * 20, "family_name"),
        ("mail", ["yes", "no"] * 20, ""),
        ("SRC_TYPE", ["a", "b"] * 20, "source"),
        ("recid", [str(i) for i in range(40)], "record_id"),
        ("mystery", GIVEN, "given_name"),
        ("mystery", [f"{g} Li" for g in GIVEN], "full_name"),
        ("mystery", [f"+44 20 7946 0{i:03}" for i in range(60)], "phone"),
        ("mystery", [f"{1930 + i}-03-0{1 + i % 9}" for i in range(60)], "birth_date"),
        ("signup", [f"2024-03-{1 + i % 28:02}" for i in range(60)], ""),
        ("mystery", [f"2024-03-01 10:{i:02}:00" for i in range(60)], ""),
        ("mystery", [str(i) for i in range(60)], ""),
        ("blurb", [f"number {i} of a long text that says little of use {i}" for i in range(60)], "address"),
        ("comment", [f"number {i} of a long text that says little of use" for i in range(60)], ""),
        ("country", ["US"] * 60, ""),
    ],
)
def test_types(name: str, values: list[str], kind: str) -> None:
    assert suggest_type(name, pl.Series(values), len(set(values))) == kind


def suggested(name: str) -> tuple[dict, str]:
    one = DIALECTS[name](1500)
    text = suggest_config(pl.from_pandas(one.records.drop(columns=[one.truth]).astype(str)), "x.csv")
    return yaml.safe_load(text), text


def test_a_name_said_three_times_is_compared_once() -> None:
    settings, text = suggested("historic")
    kinds = list(settings["attributes"].values())
    assert "first_and_surname" not in settings["attributes"]
    assert "# repeats first_name and surname: first_and_surname" in text
    assert kinds.count("given_name") == kinds.count("family_name") == 1


def test_sources_that_hold_nobody_twice_are_seen() -> None:
    settings, text = suggested("voters")
    assert settings["source"] == "party"
    assert settings["duplicate_free_sources"] == "all"
    assert "0 of" in text
    assert suggested("customers")[0]["duplicate_free_sources"] == []


def test_parts_are_put_together() -> None:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(
        {
            "id": [str(i) for i in range(60)],
            "year_of_birth": [str(y) for y in rng.integers(1940, 2000, 60)],
            "birth_month": ["3"] * 29 + ["11"] + [None] * 30,
            "birth_day": ["9"] * 44 + ["30"] + [None] * 15,
            "street": ["High Street"] * 59 + ["Low Road"],
            "house_no": ["12"] * 29 + ["7"] + [None] * 30,
        }
    )
    config = config_from_dict(yaml.safe_load(suggest_config(frame, "x.csv")))
    columns = standardise(frame, config).columns
    dates = columns["year_of_birth"]
    assert {v[4:] for v in dates.values} == {"0309", "1109", "0000"}  # a day without a month says nothing
    assert sorted(columns["street"].values) == ["high st", "high st 12", "high st 7", "low rd"]
