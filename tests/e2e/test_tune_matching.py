"""docs/tune-matching.md is followed to the letter."""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from recipe import REPOSITORY, Kitchen, read_steps

PAGE = REPOSITORY / "docs" / "tune-matching.md"
pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    base = tmp_path_factory.mktemp("tune")
    kitchen = Kitchen.open(base / "project", JOURNEYLINE_HOME=str(base / "home"))
    kitchen.follow(PAGE)
    return kitchen


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_decisions_hold_and_known_people_keep_their_ids(kitchen: Kitchen) -> None:
    import polars as pl

    owner = {row["record_id"]: row["golden_customer_id"] for row in rows(kitchen.root / "clusters.csv")}
    decided = rows(kitchen.root / "decisions.csv")
    assert {row["verdict"] for row in decided} == {"same", "different"}
    for row in decided:
        assert (owner[row["left"]] == owner[row["right"]]) == (row["verdict"] == "same"), row
    later = dict(
        pl.read_parquet(kitchen.root / "clusters.parquet").select("record_id", "golden_customer_id").iter_rows()
    )
    kept = sum(later[record] == customer for record, customer in owner.items())
    assert len(later) > len(owner) and kept >= 0.97 * len(owner)


def test_what_the_guide_promises_is_printed(kitchen: Kitchen) -> None:
    printed = "\n".join(kitchen.printed)
    found = re.findall(r"pairwise +([\d.]+) +([\d.]+) +([\d.]+)", printed)
    assert len(found) == 2 and float(found[0][2]) > 0.94 and float(found[1][0]) > 0.98, found
    text = next(text for text in kitchen.printed if '"held_out"' in text)
    held_out = json.loads(text[text.index("\n{\n") + 1 :])
    assert held_out["held_out"]["measured"] > 200
    assert "bits in all: match probability" in printed and "Golden customer" in printed


def test_pages_are_self_contained_and_values_are_asked_for(kitchen: Kitchen) -> None:
    pair, evaluation = (kitchen.root / name for name in ("pair.html", "evaluation.html"))
    for page in (pair, evaluation):
        text = page.read_text(encoding="utf-8")
        assert text.startswith("<!doctype html>") and "http" not in text and "<script" not in text
    names = {row["last_name"] for row in rows(kitchen.root / "docs/examples/people.csv") if len(row["last_name"]) > 4}
    asked = next(text for text in kitchen.printed if "record s0284" in text)
    without, with_values = asked.split("record s0284", 2)[1], pair.read_text(encoding="utf-8")
    assert not any(name.lower() in without.lower() for name in names)
    assert any(name.lower() in with_values.lower() for name in names)
    assert "polyline" in evaluation.read_text(encoding="utf-8")


def test_the_example_is_what_its_command_makes(kitchen: Kitchen) -> None:
    kitchen.run("mkdir made && python docs/examples/make_people.py made")
    for name in ("people.csv", "new_people.csv", "truth.csv"):
        assert (kitchen.root / "made" / name).read_bytes() == (REPOSITORY / "docs" / "examples" / name).read_bytes()


def test_every_block_of_the_guide_is_a_step() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(read_steps(page)) == page.count("```") // 2
