"""The workflows as Airflow reads them: ids, edges, schedules, assets, defaults, and that reading them stays cheap."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors import load_contract
from connectors.catalogue import active_platforms

REPOSITORY = Path(__file__).resolve().parents[3]
DAGS = REPOSITORY / "dags"
FILES = sorted(path for path in DAGS.glob("*.py") if not path.name.startswith("_"))
PLATFORMS = active_platforms()

EDGES = {
    **{f"pull_{platform}": {"pull_exports": []} for platform in PLATFORMS},
    "resolve_identities": {
        "find_new_batches": ["build_person_records"],
        "build_person_records": ["resolve_records"],
        "resolve_records": ["audit_identities"],
        "audit_identities": ["accept_identities"],
        "accept_identities": [],
    },
    "build_journeys": {
        "build_touchpoints": ["score_messages"],
        "score_messages": ["find_affected_customers"],
        "find_affected_customers": ["build_marts"],
        "build_marts": ["compute_statistics"],
        "compute_statistics": ["build_answers"],
        "build_answers": ["audit_marts"],
        "audit_marts": ["publish_marts"],
        "publish_marts": ["announce_marts"],
        "announce_marts": [],
    },
    "deliver_journeys": {"write_report": [], "build_data_docs": []},
    "run_dbt_by_hand": {"run_layer": []},
}
OUTLETS = {
    **{(f"pull_{platform}", "pull_exports"): [f"raw/{platform}"] for platform in PLATFORMS},
    ("resolve_identities", "accept_identities"): ["identity/golden_customers"],
    ("build_journeys", "announce_marts"): ["marts/published"],
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a fresh process sees. No database, no configuration of the local system."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "JOURNEYLINE"))}
    environment |= {"AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")), "PYTHONPATH": str(REPOSITORY)}
    result = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("read_dags.py")), str(DAGS)],
        env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    line = next(line for line in result.stdout.splitlines() if line.startswith("JSON"))
    return dict(json.loads(line.removeprefix("JSON")))


def test_every_file_can_be_read_and_holds_the_dags_it_is_named_after(seen: dict[str, Any]) -> None:
    assert seen["errors"] == {}
    single = {path.stem for path in FILES} - {"pull_platforms"}
    assert set(seen["dags"]) == single | {f"pull_{platform}" for platform in PLATFORMS}


def test_pulls_are_made_of_contracts(seen: dict[str, Any]) -> None:
    for platform in PLATFORMS:
        made, contract = seen["dags"][f"pull_{platform}"], load_contract(platform)
        assert made["doc"].startswith(f"# Pull {contract.title}\n")
        assert made["cron"] == contract.schedule
        assert made["tags"] == sorted(["pull", platform])
        for name, export in contract.objects.items():
            assert f"| `{name}` |" in made["doc"]
            assert ", ".join(export.key) in made["doc"]


def test_reading_all_pulls_is_fast_and_a_task_reads_only_its_own(seen: dict[str, Any]) -> None:
    assert seen["seconds"] < 2, "processor seconds for reading every pull"
    assert seen["own"] == ["pull_shopify"], "a task's process made the DAGs of other platforms too"


def test_reading_the_files_imports_nothing_heavy(seen: dict[str, Any]) -> None:
    assert seen["heavy"] == []


@pytest.mark.parametrize("dag_id", sorted(EDGES))
def test_tasks_and_edges(seen: dict[str, Any], dag_id: str) -> None:
    tasks = seen["dags"][dag_id]["tasks"]
    assert {task_id: task["downstream"] for task_id, task in tasks.items()} == EDGES[dag_id]


def test_no_task_argument_has_the_name_of_a_context_key(seen: dict[str, Any]) -> None:
    """Airflow refuses such a task only when it runs."""
    clashes = {
        f"{dag_id}.{task_id}": sorted(set(task["arguments"]) & set(seen["context_keys"]))
        for dag_id, dag in seen["dags"].items()
        for task_id, task in dag["tasks"].items()
    }
    assert {"run_id", "ti", "params"} <= set(seen["context_keys"])
    assert not [task for task, names in clashes.items() if names], clashes


def test_only_the_publishing_tasks_announce_assets(seen: dict[str, Any]) -> None:
    outlets = {
        (dag_id, task_id): task["outlets"]
        for dag_id, dag in seen["dags"].items()
        for task_id, task in dag["tasks"].items()
        if task["outlets"]
    }
    assert outlets == OUTLETS


def test_pulls_run_by_the_clock_with_a_data_interval_and_can_be_backfilled(seen: dict[str, Any]) -> None:
    for platform in PLATFORMS:
        dag = seen["dags"][f"pull_{platform}"]
        assert dag["timetable"] == "CronDataIntervalTimetable"
        assert not dag["assets"]


def test_the_chain_is_linked_by_assets(seen: dict[str, Any]) -> None:
    dags = seen["dags"]
    assert dags["resolve_identities"]["timetable"] == "AssetOrTimeSchedule"
    assert dags["resolve_identities"]["cron"] == "30 5 * * *"
    assert dags["resolve_identities"]["assets"] == [f"raw/{platform}" for platform in PLATFORMS]
    assert dags["build_journeys"]["assets"] == ["identity/golden_customers"]
    assert dags["deliver_journeys"]["assets"] == ["marts/published"]


def test_layers_that_can_be_chosen_by_hand_are_those_there_are() -> None:
    import ast

    from warehouse.dbt import LAYERS

    tree = ast.parse((DAGS / "run_dbt_by_hand.py").read_text())
    [value] = [n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "LAYERS"]
    assert tuple(ast.literal_eval(value)) == LAYERS


def test_every_dag_is_safe_and_documented(seen: dict[str, Any]) -> None:
    for dag_id, dag in seen["dags"].items():
        assert dag["catchup"] is False, dag_id
        assert dag["max_active_runs"] == 1, f"{dag_id}: two nights could run into each other"
        assert dag["start_date"] == "2024-01-01T00:00:00+00:00", dag_id
        assert dag["owner"] == "data-platform", dag_id
        assert dag["tags"], dag_id
        assert dag["doc"].startswith("# "), dag_id
        by_hand = ["full_refresh", "layer", "select"] if dag_id == "run_dbt_by_hand" else []
        assert dag["params"] == sorted(["export_date", *by_hand]), dag_id
        for task_id, task in dag["tasks"].items():
            assert task["doc"], f"{dag_id}.{task_id} says not what it does"
            assert task["retries"] == 3, f"{dag_id}.{task_id}"
            assert task["backoff"] > 1, f"{dag_id}.{task_id}"
            assert 0 < task["timeout"] <= 7200, f"{dag_id}.{task_id}"
            assert task["alerts"] == ["alert"], f"{dag_id}.{task_id}"


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda path: path.name)
def test_dag_files_stay_small_and_read_nothing_at_parse_time(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= (120 if path.name.startswith("_") else 80)
    tree = ast.parse(text)
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in top if isinstance(node, ast.ImportFrom)}
    allowed = {"__future__", "collections", "datetime", "logging", "typing", "pendulum", "airflow", "dags"}
    assert {name.partition(".")[0] for name in modules - {"connectors.catalogue"}} <= allowed
    forbidden = {"Variable", "environ", "getenv"}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not names & forbidden
    assert not any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower().startswith("select ")
        for node in ast.walk(tree)
    ), "SQL belongs to a package"
