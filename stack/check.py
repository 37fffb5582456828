"""Read the DAG files as Airflow does, without Airflow's database."""

from __future__ import annotations

import os
import tempfile

from stack.errors import ComponentError
from stack.settings import stack_settings


def check_dags() -> str:
    """One line about what was read. Raises ComponentError naming the file and the reason when one cannot be read."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.setdefault("AIRFLOW_HOME", scratch)
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(str(stack_settings().dags))
        if bag.import_errors:
            raise ComponentError("\n".join(f"{file}: {text.strip()}" for file, text in bag.import_errors.items()))
        tasks = sum(len(dag.tasks) for dag in bag.dags.values())
        return f"{len(bag.dags)} DAGs with {tasks} tasks can be read"
