"""House rules of the dbt project, held against the manifest of `dbt parse`. No database is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"
NAMES = {
    "staging": r"stg_[a-z0-9_]+?__[a-z0-9_]+",
    "intermediate": r"int_[a-z0-9_]+",
    "marts": r"(fct|dim|bridge|int)_[a-z0-9_]+|customer_persona",
}
# what answers a question has the name that its readers know it by: the public contract
ANSWERS = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"

LOGIC = re.compile(r"\bcase\b|\bover\b|\bgroup by\b|\bfilter\b|\bnot exists\b")
# logic that tests of whole nights hold, where a few rows cannot
HELD_ELSEWHERE = {
    "journey_map": "tests/integration/journeys/test_marts_agree.py",
    "journey_map_version": "tests/integration/dbt/test_unit_tests.py",
}


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    target = tmp_path_factory.mktemp("dbt_manifest")
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target)]
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "parse", *places, "--log-path", str(target)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    return json.loads((target / "manifest.json").read_text())


@pytest.fixture(scope="session")
def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model"}
    return {name: n for name, n in found.items() if n["fqn"][1] != "sandbox"}  # what somebody tries out has no rules


def _marts(models: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: m for name, m in models.items() if m["config"]["schema"] == "marts_next"}


def test_names_follow_their_folder(models: dict[str, dict[str, Any]]) -> None:
    facts = ("core", "journeys", "facts")
    wrong = [
        name for name, m in models.items()
        if not re.fullmatch(NAMES[m["fqn"][1]] if m["fqn"][1] != "marts" or m["fqn"][2] in facts else ANSWERS, name)
    ]  # fmt: skip
    assert wrong == []


def test_staging_alone_reads_raw(models: dict[str, dict[str, Any]], manifest: dict[str, Any]) -> None:
    raw = {key for key, s in manifest["sources"].items() if s["schema"] == "raw"}
    wrong = [name for name, m in models.items() if m["fqn"][1] != "staging" and raw & set(m["depends_on"]["nodes"])]
    assert wrong == []


def test_a_staging_model_reads_one_table(models: dict[str, dict[str, Any]]) -> None:
    """One, and the small tables that say what its rows mean: declared here, and as `look_up` in the var `sightings`."""
    meanings = {"stg_klaviyo__events": {"source.journeyline.klaviyo.metric", "seed.journeyline.klaviyo_metrics"}}
    wrong = [
        name for name, m in models.items()
        if m["fqn"][1] == "staging" and len(set(m["depends_on"]["nodes"]) - meanings.get(name, set())) != 1
    ]  # fmt: skip
    assert wrong == []


def test_descriptions_begin_with_the_grain(models: dict[str, dict[str, Any]]) -> None:
    wrong = [
        name for name, m in models.items()
        if m["config"]["materialized"] in ("table", "incremental") and not m["description"].startswith("One row per ")
    ]  # fmt: skip
    assert wrong == []


def test_marts_have_contract_key_group_and_publish(models: dict[str, dict[str, Any]]) -> None:
    wrong = []
    for name, m in _marts(models).items():
        keys = [c for c in m["constraints"] if c["type"] == "primary_key"]
        publish = m["config"]["meta"].get("publish")
        good = m["config"]["contract"]["enforced"] and len(keys) == 1 and m["group"] and m["access"] == "public"
        is_view = m["config"]["materialized"] == "view"
        if publish == "view":
            good = is_view and m["config"]["contract"]["enforced"] and m["group"] and m["access"] == "public"
        if not good or is_view != (publish == "view") or publish not in ("customer", "whole", "view"):
            wrong.append(name)
        if publish == "customer" and "golden_customer_id" not in m["columns"]:
            wrong.append(f"{name}: no golden_customer_id")
    assert wrong == []
    assert len(_marts(models)) >= 17


def test_every_column_of_a_mart_is_described_and_typed(models: dict[str, dict[str, Any]]) -> None:
    wrong = [
        f"{name}.{c['name']}" for name, m in _marts(models).items() for c in m["columns"].values()
        if not c["description"] or not c["data_type"]
    ]  # fmt: skip
    assert wrong == []


def test_keys_of_stored_models_are_enforced_or_tested(
    models: dict[str, dict[str, Any]], manifest: dict[str, Any]
) -> None:
    """An enforced primary key cannot be broken, so a test beside it would only cost time every night."""
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") in ("unique", "unique_together")
    }
    without, twice = [], []
    for name, m in models.items():
        if m["config"]["materialized"] not in ("table", "incremental"):
            continue
        keyed = m["config"]["contract"]["enforced"] and any(c["type"] == "primary_key" for c in m["constraints"])
        if keyed and m["unique_id"] in tested:
            twice.append(name)
        if not keyed and m["unique_id"] not in tested:
            without.append(name)
    # the key of int_stages_resolved is its whole row of conditions: made by a cross join and distinct on
    assert (without, twice) == (["int_stages_resolved"], [])


def test_facts_point_to_their_customer(models: dict[str, dict[str, Any]]) -> None:
    wrong = []
    for name, m in _marts(models).items():
        keys = m["config"]["meta"].get("foreign_keys", [])
        targets = {(key["to"], *key["columns"]) for key in keys}
        is_table = m["config"]["materialized"] == "table"
        by_customer = is_table and "golden_customer_id" in m["columns"] and name != "dim_customers"
        if by_customer and ("dim_customers", "golden_customer_id") not in targets:
            wrong.append(name)
        for key in keys:
            there = set(models[key["to"]]["columns"])
            if not (set(key["columns"]) <= set(m["columns"]) and set(key["to_columns"]) <= there):
                wrong.append(f"{name}: {key}")
    assert wrong == []


def test_only_contacts_hold_contact_details(models: dict[str, dict[str, Any]]) -> None:
    personal = {"email", "phone", "full_name", "given_name", "family_name", "address_line", "birth_date", "postcode"}
    holders = [name for name, m in _marts(models).items() if personal & set(m["columns"])]
    assert holders == ["dim_customer_contacts"]


def test_layers_select_everything_that_is_built(models: dict[str, dict[str, Any]]) -> None:
    layers = {"layer_persons", "layer_touchpoints", "layer_marts", "layer_answers"}
    wrong = [
        name for name, m in models.items()
        if m["config"]["materialized"] != "ephemeral" and len(layers & set(m["config"]["tags"])) != 1
    ]  # fmt: skip
    assert wrong == []


def test_facts_read_no_answers_and_no_statistics(models: dict[str, dict[str, Any]], manifest: dict[str, Any]) -> None:
    """The layer `marts` is built before the statistics are computed, the layer `answers` after them."""
    later = {m["unique_id"] for m in models.values() if "layer_answers" in m["config"]["tags"]}
    later |= {key for key, s in manifest["sources"].items() if s["source_name"] == "journeys"}
    wrong = [
        name for name, m in models.items()
        if "layer_answers" not in m["config"]["tags"] and later & set(m["depends_on"]["nodes"])
    ]  # fmt: skip
    assert wrong == []


def test_rules_of_a_layer_are_the_files_of_its_models(models: dict[str, dict[str, Any]]) -> None:
    from warehouse.rules import FOLDERS

    wrong = []
    for name, m in models.items():
        layer = next(tag for tag in m["config"]["tags"] if tag.startswith("layer_")).removeprefix("layer_")
        if not m["original_file_path"].startswith(tuple(f"{folder}/" for folder in FOLDERS[layer])):
            wrong.append(f"{name} is of layer {layer}, whose rules do not look at {m['original_file_path']}")
    assert wrong == []


def test_every_folder_of_answers_has_an_exposure(models: dict[str, dict[str, Any]], manifest: dict[str, Any]) -> None:
    used = {node for exposure in manifest["exposures"].values() for node in exposure["depends_on"]["nodes"]}
    answers = [m for m in _marts(models).values() if "layer_answers" in m["config"]["tags"]]
    assert {m["fqn"][2] for m in answers} - {m["fqn"][2] for m in answers if m["unique_id"] in used} == set()


def test_metrics_stand_on_marts_and_a_time_spine(manifest: dict[str, Any]) -> None:
    semantic = manifest["semantic_models"].values()
    assert {"revenue", "orders", "customers", "touchpoints", "repeat_order_share"} <= {
        metric["name"] for metric in manifest["metrics"].values()
    }
    for one in semantic:
        [model] = [manifest["nodes"][node] for node in one["depends_on"]["nodes"]]
        expressions = [*one["measures"], *one["dimensions"], *one["entities"]]
        words = {
            word for e in expressions for word in re.findall(r"[a-z_]+", re.sub(r"'[^']*'", "", e["expr"] or e["name"]))
        }
        known = set(model["columns"]) | {"case", "when", "then", "else", "end", "and", "not", "integer", "text"}
        assert words - known == set(), one["name"]
    assert (
        manifest["nodes"]["model.journeyline.dim_date"]["time_spine"]["standard_granularity_column"] == "calendar_date"
    )


def test_no_model_asks_the_clock(models: dict[str, dict[str, Any]]) -> None:
    clock = re.compile(r"\b(now\(\)|current_date|current_timestamp|clock_timestamp|localtimestamp)", re.IGNORECASE)
    assert [name for name, m in models.items() if clock.search(m["raw_code"])] == []


def test_no_stage_is_named_in_a_model(models: dict[str, dict[str, Any]]) -> None:
    seed = (PROJECT / "seeds" / "stages.csv").read_text().splitlines()[1:]
    keys = {line.split(",")[1] for line in seed}
    wrong = [
        f"{name}: {key}"
        for name, m in models.items()
        if m["fqn"][1] == "marts"
        for key in keys
        if f"'{key}'" in m["raw_code"]
    ]
    assert wrong == []
    # what a stage is to the marts is a role of its row, never its name, roll-up or family
    named = re.compile(r"\b(stage_key|stage_code|macro_stage|family)\b\s*(=|<>|!=|in|is (not )?distinct from)\s*\(?'")
    places = [*PROJECT.rglob("*.sql"), *(PROJECT.parent / "journeys").rglob("*.py")]
    assert [path.name for path in places if named.search(path.read_text(encoding="utf-8"))] == []


def test_every_type_of_touchpoint_has_a_rule_and_every_rule_a_known_stage() -> None:
    import csv

    def rows(name: str) -> list[dict[str, str]]:
        with (PROJECT / "seeds" / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
            return list(csv.DictReader(handle))

    types = {r["touchpoint_type"] for r in rows("touchpoint_types")}
    rules, stages = rows("stage_rules"), {r["stage_key"] for r in rows("stages")}
    for version in {r["taxonomy_version"] for r in rules}:
        own = [r for r in rules if r["taxonomy_version"] == version]
        general = {r["touchpoint_type"] for r in own if not any(v for k, v in r.items() if k.startswith("when_"))}
        assert types - general == set(), version  # some rule holds whatever the conditions
    assert {r["touchpoint_type"] for r in rules} - types == set()
    assert {r["stage_key"] for r in rules if r["stage_key"]} - stages == set()
    assert {r["touchpoint_type"] for r in rows("web_events")} - types == set()


def test_logic_of_a_mart_has_a_unit_test(models: dict[str, dict[str, Any]], manifest: dict[str, Any]) -> None:
    """What chooses, counts or ranks over more than a screen's half is held by rows worked out by hand."""
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    without = {
        name for name, m in _marts(models).items()
        if name not in tested and m["raw_code"].count("\n") > 30 and LOGIC.search(m["raw_code"])
    }  # fmt: skip
    assert without - HELD_ELSEWHERE.keys() == set()
    assert HELD_ELSEWHERE.keys() <= without  # a reason that is no longer needed goes
    assert [path for path in HELD_ELSEWHERE.values() if not (PROJECT.parent / path).is_file()] == []
