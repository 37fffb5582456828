"""docs/add-a-platform.md is followed to the letter, for a platform that nobody has heard of, and without any Python."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from recipe import REPOSITORY, Kitchen

import warehouse
from warehouse.server import EmbeddedServer

PAGE = REPOSITORY / "docs" / "add-a-platform.md"
pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def kitchen(full_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kitchen]:
    base = tmp_path_factory.mktemp("recipe")
    # in the home of the database, where the project is parsed already but for the platform's own files
    kitchen = Kitchen.open(base / "project", JOURNEYLINE_EXPORTS=str(base / "exports"))
    try:
        kitchen.follow(PAGE)
        yield kitchen
    finally:  # the night started a server for Airflow's own tables
        EmbeddedServer(warehouse.settings().home).stop()


def test_no_step_is_python(kitchen: Kitchen) -> None:
    from recipe import read_steps

    steps = read_steps(PAGE.read_text())
    assert {step.kind for step in steps} == {"write", "append", "insert", "console", "sql"}
    assert not [step.target for step in steps if step.target.endswith(".py")]


def test_the_card_s_stamps_are_touchpoints_with_stages(kitchen: Kitchen) -> None:
    with warehouse.connect() as connection:
        found = connection.execute(
            "select touchpoint_type, count(*), count(distinct golden_customer_id), min(stage_key)"
            " from marts.fct_touchpoints where source_platform = 'stampcard' group by 1 order by 1"
        ).fetchall()
        times = connection.execute(
            "select count(*) from marts.fct_touchpoints where occurred_at = '2026-03-01 17:40:00+00'"
        ).fetchone()
        [query] = kitchen.queries
        customers = connection.execute(query).fetchall()
    assert found == [("reward_redeemed", 1, 1, "return_visit"), ("stamp_collected", 3, 2, "return_visit")]
    assert times == (1,)
    # Ada's two cards are one customer
    assert [row[1:] for row in customers] == [(3, 2), (1, 1)]


def test_the_broken_row_is_kept_with_its_place(kitchen: Kitchen) -> None:
    with warehouse.connect() as connection:
        rejected = connection.execute(
            "select r.file_name, r.line_number, r.column_name from ops.rejected_rows r join ops.batch_ledger b"
            " using (batch_id) where b.platform = 'stampcard'"
        ).fetchall()
    assert [(name.rsplit("_", 1)[-1].rsplit("/", 1)[-1], line, column) for name, line, column in rejected] == [
        ("stamps.csv", 6, "stamped_at")
    ]


def test_the_author_sees_what_the_contract_makes_of_the_file(kitchen: Kitchen) -> None:
    checked, listed = kitchen.printed[0], kitchen.printed[-1]
    assert "stamped_at" in checked
    assert "Stampcard" in listed or "stampcard" in listed
