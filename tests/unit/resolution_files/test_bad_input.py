"""What the odd files of docs/tune-matching.md end in: a message that says what to do, or the promised outcome."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from resolution.__main__ import app

GIVEN = ("Anna", "Robert", "Carla", "Dieter", "Eva", "Frank", "Gita", "Hugo")
FAMILY = ("Smith", "Jonas", "Meyer", "Kimura", "Lopez", "Brown", "Okafor")
COUNT = 120
CONFIG = "record_id: id\nattributes: {first_name: given_name, last_name: family_name, email: email}\n"


def people() -> dict[str, list[Any]]:
    """Two records of each of 60 people; all that they hold agrees."""
    person = [i // 2 for i in range(COUNT)]
    return {
        "id": [f"r{i}" for i in range(COUNT)],
        "first_name": [GIVEN[p % 8] + "abcde"[p // 8 % 5] for p in person],
        "last_name": [FAMILY[p % 7] + "klmno"[p // 7 % 5] for p in person],
        "email": [f"box{p * 37 % 1000}@mail.net" for p in person],
        "birth_date": [f"{1940 + p * 7 % 60}-{1 + p % 12:02d}-{1 + p * 5 % 28:02d}" for p in person],
    }


def link(
    tmp_path: Path, columns: dict[str, Any] | bytes, name: str = "people.csv", config: str | None = None
) -> Result:
    file = tmp_path / name
    if isinstance(columns, bytes):
        file.write_bytes(columns)
    elif name.endswith(".parquet"):
        pl.DataFrame(columns, strict=False).write_parquet(file)
    else:
        pl.DataFrame(columns).write_csv(file)
    words = ["link", str(file), "--output", str(tmp_path / "clusters.csv")]
    if config is not None:
        (tmp_path / "match.yml").write_text(config)
        words += ["--config", str(tmp_path / "match.yml")]
    return CliRunner().invoke(app, words)


def sizes(tmp_path: Path) -> tuple[int, int]:
    """(customers, records of the largest)."""
    clusters = pl.read_csv(tmp_path / "clusters.csv")
    return clusters["golden_customer_id"].n_unique(), int(clusters["cluster_size"].max())  # type: ignore[arg-type]


def test_all_is_well_with_the_people_themselves(tmp_path: Path) -> None:
    assert link(tmp_path, people()).exit_code == 0
    assert sizes(tmp_path) == (COUNT // 2, 2)


ODD: dict[str, dict[str, list[Any]]] = {
    "a column without any value": {"phone": [None] * COUNT},
    "one value everywhere": {"city": ["Rome"] * COUNT},
    "emoji and right-to-left names": {
        "first_name": [("😀 " if i // 2 % 3 else "محمد ") + n for i, n in enumerate(people()["first_name"])],
        "last_name": ["כהן" if i // 2 % 4 == 0 else n for i, n in enumerate(people()["last_name"])],
    },
    "names of 10,000 characters": {
        "first_name": [n * 2000 if i // 2 % 3 == 0 else n for i, n in enumerate(people()["first_name"])]
    },
    "invalid dates": {"birth_date": [("2023-02-31", "99/99/9999", "soon")[i % 3] for i in range(COUNT)]},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_values_do_not_disturb_the_rest(name: str, tmp_path: Path) -> None:
    result = link(tmp_path, people() | ODD[name])
    assert result.exit_code == 0, result.output
    assert sizes(tmp_path) == (COUNT // 2, 2)


def test_amounts_that_are_none_join_nobody(tmp_path: Path) -> None:
    income = [float("nan") if i % 3 == 0 else float("inf") if i % 3 == 1 else 1.5 * i for i in range(COUNT)]
    result = link(tmp_path, people() | {"income": income}, "people.parquet")
    assert result.exit_code == 0, result.output
    assert sizes(tmp_path) == (COUNT // 2, 2)


def test_one_record_and_no_likeness_are_customers_of_their_own(tmp_path: Path) -> None:
    assert link(tmp_path, {k: v[:1] for k, v in people().items()}).exit_code == 0
    assert sizes(tmp_path) == (1, 1)
    blank = {"id": people()["id"], "first_name": [""] * COUNT, "last_name": [None] * COUNT, "email": [" "] * COUNT}
    assert link(tmp_path, blank, config=CONFIG).exit_code == 0
    assert sizes(tmp_path) == (COUNT, 1)


@pytest.mark.parametrize(("value", "count"), [("", 100_000), ("test", 20_000)])
def test_what_everybody_has_joins_nobody_and_costs_seconds(value: str, count: int, tmp_path: Path) -> None:
    mail = f"{value}@{value}.com" if value else ""
    columns = {
        "id": np.arange(count),
        "first_name": [value] * count,
        "last_name": [value] * count,
        "email": [mail] * count,
    }
    began = time.process_time()
    assert link(tmp_path, columns, "people.parquet", CONFIG).exit_code == 0
    assert time.process_time() - began < 30
    assert sizes(tmp_path) == (count, 1)


MANY = {f"c{k}": [f"v{i * (k + 3) % (50 + k)}" for i in range(COUNT)] for k in range(60)}
TWICE = "'r1' in column 'id' stands in records 1 and 2"
NONE = "1 records have no 'id' (the first is record 1)"
REFUSED: dict[str, tuple[dict[str, Any] | bytes, str | None, str]] = {
    "the same id twice": (people() | {"id": ["r1", *people()["id"][1:]]}, CONFIG, TWICE),
    "a record without an id": (people() | {"id": [None, *people()["id"][1:]]}, CONFIG, NONE),
    "a column that is missing": (
        people(),
        "record_id: id\nattributes: {town: city}\n",
        "attributes.town.column names the column 'town'",
    ),
    "more columns than are compared": (
        people() | MANY,
        "record_id: id\nattributes: {" + ", ".join(f"c{k}: string" for k in range(60)) + "}\n",
        "60 comparisons, at most 15",
    ),
    "nothing about a person": ({"id": people()["id"]}, None, "no column could be recognised"),
    "an empty file": (b"", None, "the file is empty"),
    "a header only": (b"id,first_name\n", None, "no record below"),
    "a binary file": (b"\x89PNG\r\n\x1a\n\x00\x00\x00", None, "not a text file"),
    "a column name twice": (b"id,name,name\n1,2,3\n", None, "'name' stands in columns 2 and 3"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_linked_says_why(name: str, tmp_path: Path) -> None:
    columns, config, message = REFUSED[name]
    result = link(tmp_path, columns, config=config)
    assert result.exit_code == 2
    assert result.output.startswith("error: ") and message in result.output
    assert not (tmp_path / "clusters.csv").exists()


def test_sixty_columns_are_cut_to_those_that_tell_most(tmp_path: Path) -> None:
    assert link(tmp_path, people() | MANY).exit_code == 0
    settings = json.loads((tmp_path / "clusters.linkage" / "model.json").read_text())["config"]
    assert len(settings["attributes"]) == 15
    assert {"first_name", "last_name", "email", "birth_date"} <= set(settings["attributes"])


def test_mixed_types_become_text(tmp_path: Path) -> None:
    rows = [dict(zip(people(), row, strict=True)) for row in zip(*people().values(), strict=True)]
    mixed = [row | {"zip": i if i % 2 else f"{i - 1}"} for i, row in enumerate({**r, "tags": ["a"]} for r in rows)]
    content = "\n".join(
        json.dumps({**row, "zip": (int if i % 2 else str)(i // 2 * 7 + 10000)}) for i, row in enumerate(mixed)
    )
    result = link(tmp_path, content.encode(), "people.jsonl")
    assert result.exit_code == 0, result.output
    assert sizes(tmp_path) == (COUNT // 2, 2)


def test_decisions_that_contradict_each_other_are_listed(tmp_path: Path) -> None:
    assert link(tmp_path, people()).exit_code == 0
    decisions = tmp_path / "decisions.csv"
    decisions.write_text("left,right,verdict\nr0,r2,same\nr2,r4,same\nr4,r0,different\n")
    words = ["link", str(tmp_path / "people.csv"), "--decisions", str(decisions), "--output", str(tmp_path / "c.csv")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2 and "r0 = r2 = r4, yet r0 ≠ r4" in result.output
    decisions.write_text("left,right,verdict\nr0,r2,same\nr2,r4,maybe\n")
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2 and "line 3: the verdict must be `same` or `different`" in result.output
    decisions.write_text("left,right,verdict\nr0,r2,same\nr4,r5,different\nr6,r8,\nr7,gone,same\n")
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0 and "1 decisions" in result.output
    owner = dict(pl.read_csv(tmp_path / "c.csv").select("record_id", "golden_customer_id").iter_rows())
    assert owner["r0"] == owner["r2"] and owner["r4"] != owner["r5"] and owner["r6"] != owner["r8"]
