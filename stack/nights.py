"""Drive nights through Airflow: start the pulls by its REST API, follow every run until the night is delivered."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

from stack.api import AirflowApi
from stack.errors import AirflowApiError, NightFailedError

CHAIN = ("resolve_identities", "build_journeys", "deliver_journeys")
POLL_SECONDS = 0.5
STALL_SECONDS = 120.0  # longest wait for the next DAG to start after the one before has ended
OUTAGE_SECONDS = 60.0  # longest time without an answer of the api-server
ENDED = ("success", "failed")


@dataclass(frozen=True, slots=True)
class DagProgress:
    """One DAG of the night. state: waiting, queued, running, success or failed. seconds: run time so far."""

    dag_id: str
    state: str
    seconds: float
    detail: str


class Watcher(Protocol):
    """Shows progress; see stack.progress. detailed: also wants to know which tasks are at work."""

    detailed: bool

    def show(self, export_date: date, dags: list[DagProgress]) -> None: ...


def pull_dags() -> tuple[str, ...]:
    """The pulls of this installation, as dags/pull_platforms.py makes them."""
    from connectors.catalogue import active_platforms

    return tuple(f"pull_{platform}" for platform in active_platforms())


def run_night(api: AirflowApi, export_date: date, watcher: Watcher, pulls: Sequence[str] | None = None) -> float:
    """Run one night through the scheduler; returns its seconds.

    pulls: the DAGs that begin it; default every active platform's. Raises NightFailedError with the failing task and
    the end of its log.
    """
    pulls = pull_dags() if pulls is None else pulls
    started = time.monotonic()
    moment = datetime.now(UTC).isoformat()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    api.forget_queued_events(CHAIN[0])
    for dag_id in pulls:
        api.trigger(dag_id, f"night_{export_date:%Y-%m-%d}__{stamp}", {"export_date": export_date.isoformat()})
    last_change, last_answer, seen = time.monotonic(), time.monotonic(), ""
    while True:
        try:
            runs = _newest_runs(api.runs_since(moment))
            progress = [_progress(api, dag_id, runs.get(dag_id), watcher.detailed) for dag_id in (*pulls, *CHAIN)]
            last_answer = time.monotonic()
        except AirflowApiError:
            if time.monotonic() - last_answer > OUTAGE_SECONDS:
                raise
            time.sleep(POLL_SECONDS)
            continue
        watcher.show(export_date, progress)
        failed = [entry.dag_id for entry in progress if entry.state == "failed"]
        if failed and not _still_working(progress):
            raise NightFailedError(_explain(api, export_date, [runs[dag_id] for dag_id in failed]))
        if progress[-1].state == "success":
            return time.monotonic() - started
        now_seen = str([(entry.state, entry.detail) for entry in progress])
        if now_seen != seen or _still_working(progress):
            last_change, seen = time.monotonic(), now_seen
        elif time.monotonic() - last_change > STALL_SECONDS:
            waiting = next(entry.dag_id for entry in progress if entry.state == "waiting")
            raise NightFailedError(
                f"Night {export_date}: {waiting} was not started within {STALL_SECONDS:.0f} s after the DAG before it."
                " See the scheduler's log (`make status` says where)."
            )
        time.sleep(POLL_SECONDS)


def _newest_runs(runs: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """DAG id → its newest run. The list is ordered oldest first."""
    return {run["dag_id"]: run for run in runs}


def _still_working(progress: list[DagProgress]) -> bool:
    return any(entry.state in ("queued", "running") for entry in progress)


def _progress(api: AirflowApi, dag_id: str, run: dict[str, Any] | None, detailed: bool) -> DagProgress:
    if run is None:
        return DagProgress(dag_id, "waiting", 0.0, "")
    detail = ""
    if detailed and run["state"] == "running":
        working = [
            task for task in api.tasks(dag_id, run["dag_run_id"]) if task["state"] in ("running", "up_for_retry")
        ]
        detail = ", ".join(
            task["task_id"] + (" (will be tried again)" if task["state"] == "up_for_retry" else "") for task in working
        )
    return DagProgress(dag_id, run["state"], _seconds(run), detail)


def _seconds(run: dict[str, Any]) -> float:
    if not run["start_date"]:
        return 0.0
    start = datetime.fromisoformat(run["start_date"])
    end = datetime.fromisoformat(run["end_date"]) if run["end_date"] else datetime.now(UTC)
    return (end - start).total_seconds()


def _explain(api: AirflowApi, export_date: date, runs: list[dict[str, Any]]) -> str:
    parts = [f"Night {export_date} stopped; what BI reads was not touched by it."]
    for run in runs:
        for task in api.tasks(run["dag_id"], run["dag_run_id"]):
            if task["state"] == "failed":
                parts.append(f"\n{run['dag_id']} / {task['task_id']} failed. End of its log:\n{api.log_tail(task)}")
    return "\n".join(parts)
