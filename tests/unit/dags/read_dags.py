"""Read the DAG files in a fresh process and print what Airflow would see, as JSON. Run by the tests of this folder."""

from __future__ import annotations

import inspect
import json
import sys
import time
from pathlib import Path
from typing import Any

HEAVY = (
    "pandas", "numpy", "great_expectations", "recordlinkage", "dbt", "polars", "pyarrow", "duckdb", "psycopg", "scipy",
    "sklearn", "pydantic", "httpx", "warehouse", "expectations", "resolution", "journeys", "simulator", "stack",
)  # fmt: skip


def describe(dag: Any) -> dict[str, Any]:
    tasks = {
        task.task_id: {
            "downstream": sorted(task.downstream_task_ids),
            "retries": task.retries,
            "backoff": task.retry_exponential_backoff,
            "timeout": task.execution_timeout.total_seconds(),
            "alerts": [callback.__name__ for callback in task.on_failure_callback],
            "outlets": [outlet.name for outlet in task.outlets],
            "doc": task.doc_md,
            "arguments": sorted(inspect.signature(task.python_callable).parameters),
        }
        for task in dag.tasks
    }
    timetable = dag.timetable
    clock = getattr(timetable, "timetable", timetable)
    condition = getattr(timetable, "asset_condition", None)
    return {
        "tasks": tasks,
        "timetable": type(timetable).__name__,
        "cron": getattr(clock, "expression", None),
        "assets": sorted(asset.name for asset in getattr(condition, "objects", [])),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "start_date": dag.start_date.isoformat(),
        "owner": dag.owner,
        "tags": sorted(dag.tags),
        "doc": dag.doc_md,
        "params": sorted(dag.params),
    }


def main() -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.definitions._internal.dag_parsing_context import _airflow_parsing_context_manager
    from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS

    before = set(sys.modules)
    bag = DagBag(str(Path(sys.argv[1])))
    started = time.process_time()
    DagBag(str(Path(sys.argv[1]) / "pull_platforms.py"))
    seconds = time.process_time() - started
    with _airflow_parsing_context_manager(dag_id="pull_shopify", task_id="pull_exports"):
        own = sorted(DagBag(str(Path(sys.argv[1]) / "pull_platforms.py")).dags)
    imported = {name.partition(".")[0] for name in set(sys.modules) - before}
    answer = {
        "errors": {str(file): text for file, text in bag.import_errors.items()},
        "dags": {dag_id: describe(dag) for dag_id, dag in bag.dags.items()},
        "seconds": seconds,
        "own": own,
        "heavy": sorted(imported & set(HEAVY)),
        "context_keys": sorted(KNOWN_CONTEXT_KEYS),
    }
    sys.stdout.write("JSON" + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
