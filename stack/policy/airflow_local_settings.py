"""Airflow cluster policies of the local system: the clock starts nothing unless it is asked to, and retries come soon.

The DAG files say when they run in production. On a laptop full of simulated exports of other days, a 02:30 pull would
only fail. `make up SCHEDULES=1` leaves the schedules as they are written.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import DAG, BaseOperator

RETRY_DELAY = timedelta(seconds=3)


def dag_policy(dag: DAG) -> None:
    """Take the clock out of a DAG's schedule, keep its assets."""
    if os.environ.get("JOURNEYLINE_SCHEDULES") == "on":
        return
    from airflow.sdk.definitions.timetables.assets import AssetOrTimeSchedule, AssetTriggeredTimetable
    from airflow.sdk.definitions.timetables.simple import NullTimetable

    timetable: Any = dag.timetable
    if isinstance(timetable, AssetOrTimeSchedule):
        dag.timetable = AssetTriggeredTimetable(timetable.asset_condition)
    elif not isinstance(timetable, AssetTriggeredTimetable):
        dag.timetable = NullTimetable()


def task_policy(task: BaseOperator) -> None:
    """One retry after seconds: whoever watches a local run wants its error, not a quarter of an hour of patience."""
    task.retries = min(task.retries or 0, 1)
    task.retry_delay = RETRY_DELAY
    task.max_retry_delay = RETRY_DELAY
