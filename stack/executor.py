"""Airflow's LocalExecutor with the heavy libraries imported once, before its workers are forked.

Every task is a fork of a worker, and every worker a fork of the scheduler: what is imported here is there at once in
each task, instead of being imported again by every one of them (Great Expectations alone takes longer than a small
night's work). Nothing is opened or connected before the fork; a missing library only costs the time it would save.
"""

from __future__ import annotations

import importlib
import logging

from airflow.executors.local_executor import LocalExecutor

log = logging.getLogger(__name__)

# Modules that hold no connection and nothing of their own that would not survive a fork. polars is left out: it starts
# threads when it is imported.
WARM = ("psycopg", "pandas", "great_expectations", "recordlinkage", "dbt.cli.main", "dbt.adapters.postgres")


class WarmLocalExecutor(LocalExecutor):
    """LocalExecutor whose tasks find the heavy libraries already imported."""

    def start(self) -> None:
        """Import, then fork the workers."""
        for name in WARM:
            try:
                importlib.import_module(name)
            except ImportError as error:
                log.warning("%s cannot be imported ahead: %s", name, error)
        super().start()
