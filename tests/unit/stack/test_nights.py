"""Following a night: when it is done, when it has failed, when it hangs. A scripted Airflow answers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.catalogue import active_platforms
from stack import nights
from stack.errors import AirflowApiError, NightFailedError
from stack.nights import CHAIN, DagProgress, pull_dags, run_night
from stack.progress import PlainProgress

NIGHT = date(2026, 3, 1)
PULLS = ("pull_shopify", "pull_instagram", "pull_segment", "pull_zendesk", "pull_point_of_sale")


class ScriptedApi:
    """Answers each look at the runs with the next of the given scenes: DAG id → state."""

    def __init__(self, *scenes: dict[str, str] | Exception) -> None:
        self.scenes = list(scenes)
        self.triggered: dict[str, dict[str, Any]] = {}
        self.forgotten: list[str] = []

    def forget_queued_events(self, dag_id: str) -> None:
        self.forgotten.append(dag_id)

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> None:
        self.triggered[dag_id] = conf

    def runs_since(self, moment: str) -> list[dict[str, Any]]:
        scene = self.scenes.pop(0) if len(self.scenes) > 1 else self.scenes[0]
        if isinstance(scene, Exception):
            raise scene
        now = datetime.now(UTC).isoformat()
        return [
            {"dag_id": dag_id, "dag_run_id": "r", "state": state, "start_date": now, "end_date": None}
            for dag_id, state in scene.items()
        ]

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        return [{"dag_id": dag_id, "dag_run_id": run_id, "task_id": "audit", "state": "failed", "try_number": 1}]

    def log_tail(self, task: dict[str, Any]) -> str:
        return "3 checks failed"


class Recorder:
    detailed = True

    def __init__(self) -> None:
        self.seen: list[list[DagProgress]] = []

    def show(self, export_date: date, dags: list[DagProgress]) -> None:
        self.seen.append(dags)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nights, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(nights, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(nights, "OUTAGE_SECONDS", 0.2)


DONE = dict.fromkeys((*PULLS, *CHAIN), "success")


def follow(*scenes: dict[str, str] | Exception) -> tuple[ScriptedApi, Recorder]:
    api, recorder = ScriptedApi(*scenes), Recorder()
    run_night(api, NIGHT, recorder, PULLS)  # type: ignore[arg-type]
    return api, recorder


def test_a_night_is_done_when_it_is_delivered() -> None:
    api, recorder = follow(dict.fromkeys(PULLS, "running"), dict.fromkeys(PULLS, "success"), DONE)
    assert set(api.triggered) == set(PULLS)
    assert all(conf == {"export_date": "2026-03-01"} for conf in api.triggered.values())
    assert api.forgotten == ["resolve_identities"], "events of an unfinished night would start this one too early"
    assert [dag.state for dag in recorder.seen[0]] == ["running"] * 5 + ["waiting"] * 3


def test_a_night_begins_with_the_pulls_of_the_platforms_that_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pull_dags() == tuple(f"pull_{platform}" for platform in active_platforms())
    sources = tmp_path / "sources.yml"
    sources.write_text("zendesk: {}\nshopify: {place: drop}\n")
    monkeypatch.setenv("JOURNEYLINE_SOURCES", str(sources))
    assert pull_dags() == ("pull_shopify", "pull_zendesk")


def test_a_failed_dag_is_explained_after_the_others_came_to_their_end() -> None:
    half = dict.fromkeys(PULLS, "running") | {"pull_shopify": "failed"}
    ended = dict.fromkeys(PULLS, "success") | {"pull_shopify": "failed"}
    with pytest.raises(NightFailedError, match=r"pull_shopify / audit failed\. End of its log:\n3 checks failed"):
        follow(half, ended)


def test_a_dag_that_never_starts_is_named() -> None:
    with pytest.raises(NightFailedError, match="resolve_identities was not started"):
        follow(dict.fromkeys(PULLS, "success"))


def test_a_short_silence_of_the_api_is_forgiven_and_a_long_one_is_not() -> None:
    follow(AirflowApiError("busy"), DONE)
    with pytest.raises(AirflowApiError, match="gone"):
        follow(AirflowApiError("gone"))


def test_plain_progress_says_each_end_once(capsys: pytest.CaptureFixture[str]) -> None:
    display = PlainProgress()
    done = [DagProgress("pull_shopify", "success", 3.21, ""), DagProgress("pull_segment", "failed", 1.0, "")]
    display.show(NIGHT, done)
    display.show(NIGHT, done)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "  night 2026-03-01  pull_shopify         done in 3.2 s",
        "  night 2026-03-01  pull_segment         FAILED in 1.0 s",
    ]
