"""Seeds that analysts edit for stages and scopes: every name they use exists, in every version of the taxonomy."""

from __future__ import annotations

import csv
from pathlib import Path

SEEDS = Path(__file__).resolve().parents[3] / "dbt_project" / "seeds"


def _rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


STAGES = {(row["taxonomy_version"], row["stage_key"]) for row in _rows("stages")}
SCOPES = {row["scope"] for row in _rows("map_scopes")}


def test_every_stage_that_is_named_exists_in_its_version() -> None:
    named = [
        ("map_scope_stages", row["taxonomy_version"], row["stage_key"]) for row in _rows("map_scope_stages")
    ]  # fmt: skip
    for row in _rows("stage_pairs"):
        named += [("stage_pairs", row["taxonomy_version"], row[side]) for side in ("from_stage", "to_stage")]
    for row in _rows("retention_events"):
        keys = f"{row['first_stage_keys']} {row['second_stage_keys']}".split()
        named += [("retention_events", row["taxonomy_version"], key) for key in keys]
    for seed in ("stage_rules", "kpi_stages", "stage_expectations"):
        named += [(seed, row["taxonomy_version"], row["stage_key"]) for row in _rows(seed) if row["stage_key"]]
    for row in _rows("map_definitions"):
        named += [("map_definitions", row["taxonomy_version"], key) for key in row["planned_path"].split(">")]
    assert [(seed, version, key) for seed, version, key in named if (version, key) not in STAGES] == []
    excluded = {key for row in _rows("funnels") for key in row["excluded_stage_keys"].split()}
    assert excluded - {key for _, key in STAGES} == set()


def test_every_scope_that_is_named_exists_and_has_stages() -> None:
    named = {row["scope"] for name in ("map_scope_stages", "funnels", "stage_pairs") for row in _rows(name)}
    assert named - SCOPES == set()
    assert SCOPES - {row["scope"] for row in _rows("map_scope_stages")} == set()


def test_steps_are_counted_from_one_and_bear_one_name() -> None:
    steps: dict[tuple[str, str], dict[int, set[tuple[str, str, str]]]] = {}
    for row in _rows("map_scope_stages"):
        if row["step_no"]:
            of_scope = steps.setdefault((row["taxonomy_version"], row["scope"]), {})
            said = (row["step_code"], row["step_name"], row["step_window"])
            of_scope.setdefault(int(row["step_no"]), set()).add(said)
    assert {scope: sorted(found) for scope, found in steps.items()} == {
        scope: list(range(1, len(found) + 1)) for scope, found in steps.items()
    }
    assert [(scope, no) for scope, found in steps.items() for no, said in found.items() if len(said) > 1] == []


def test_pairs_of_a_scope_are_stages_of_it() -> None:
    members = {(row["taxonomy_version"], row["scope"], row["stage_key"]) for row in _rows("map_scope_stages")}
    wrong = [
        row for row in _rows("stage_pairs")
        for side in ("from_stage", "to_stage")
        if (row["taxonomy_version"], row["scope"], row[side]) not in members
    ]  # fmt: skip
    assert wrong == []


def test_one_framework_is_in_force_and_every_version_is_one() -> None:
    frameworks = {row["taxonomy_version"]: row["is_in_force"] for row in _rows("taxonomies")}
    assert sorted(frameworks.values()).count("true") == 1
    assert {version for version, _ in STAGES} == set(frameworks)
