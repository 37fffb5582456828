"""A small client of Airflow's REST API (v2): only what driving a night needs."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from stack.errors import AirflowApiError
from stack.settings import USER, StackSecrets

TIMEOUT_SECONDS = 30


class AirflowApi:
    """Talks to the api-server of this home; logs in by itself when the first request needs it."""

    def __init__(self, secrets: StackSecrets) -> None:
        self._secrets = secrets
        self._token: str | None = None

    def health(self) -> dict[str, str | None]:
        """Part of Airflow → `healthy`, `unhealthy` or None; empty while the api-server does not answer."""
        try:
            answer = self._call("GET", "/api/v2/monitor/health", login=False)
        except AirflowApiError:
            return {}
        return {part: (state or {}).get("status") for part, state in answer.items()}

    def dags(self) -> dict[str, dict[str, Any]]:
        """DAG id → what Airflow knows about it."""
        return {dag["dag_id"]: dag for dag in self._call("GET", "/api/v2/dags?limit=100")["dags"]}

    def import_errors(self) -> list[str]:
        """DAG files that cannot be read, with the last line of the reason."""
        found = self._call("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in found]

    def unpause(self, dag_id: str) -> None:
        self._call("PATCH", f"/api/v2/dags/{dag_id}?update_mask=is_paused", {"is_paused": False})

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> None:
        """Start a run by hand. conf: the run's parameters."""
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": conf})

    def forget_queued_events(self, dag_id: str) -> None:
        """Drop asset events that an unfinished night left waiting, so that a night starts on its own events only."""
        try:
            self._call("DELETE", f"/api/v2/dags/{dag_id}/assets/queuedEvents")
        except AirflowApiError as error:
            if " 404 " not in str(error):  # nothing was waiting
                raise

    def runs_since(self, moment: str) -> list[dict[str, Any]]:
        """Runs of all DAGs that were due at `moment` (ISO 8601) or later, oldest first."""
        query = urllib.parse.urlencode({"run_after_gte": moment, "order_by": "run_after", "limit": 100})
        return list(self._call("GET", f"/api/v2/dags/~/dagRuns?{query}")["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Task instances of one run."""
        run = urllib.parse.quote(run_id, safe="")
        answer = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run}/taskInstances?limit=100")
        return list(answer["task_instances"])

    def log_tail(self, task: dict[str, Any], lines: int = 25) -> str:
        """The last lines of a task's log."""
        run = urllib.parse.quote(task["dag_run_id"], safe="")
        instance = f"/api/v2/dags/{task['dag_id']}/dagRuns/{run}/taskInstances/{task['task_id']}"
        path = f"{instance}/logs/{max(task['try_number'], 1)}"
        query = urllib.parse.urlencode({"full_content": "true", "map_index": task.get("map_index", -1)})
        try:
            content = self._call("GET", f"{path}?{query}")["content"]
        except AirflowApiError as error:
            return f"(no log: {error})"
        shown = [line for entry in content for line in _log_line(entry).splitlines() if line.strip()]
        return "\n".join(shown[-lines:])

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None, *, login: bool = True) -> Any:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if login:
            if self._token is None:
                answer = self._call(
                    "POST", "/auth/token", {"username": USER, "password": self._secrets.password}, login=False
                )
                self._token = str(answer["access_token"])
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(
            self._secrets.url + path, method=method, headers=headers, data=json.dumps(body).encode() if body else None
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                return json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            detail = error.read().decode(errors="replace")[:500]
            raise AirflowApiError(f"Airflow answered {error.code} to {method} {path}: {detail}") from error
        except (OSError, ValueError) as error:
            raise AirflowApiError(
                f"Airflow does not answer at {self._secrets.url} ({error}); see `make status`."
            ) from error


def _log_line(entry: Any) -> str:
    """One line of a structured log, as people read it."""
    if not isinstance(entry, dict):
        return str(entry)
    parts = [str(entry.get(key)) for key in ("timestamp", "level", "event") if entry.get(key)]
    for detail in entry.get("error_detail") or []:
        parts.append(f"{detail.get('exc_type')}: {detail.get('exc_value')}")
    return " ".join(parts)
