"""Secrets, ports, Airflow's configuration, its policies, and the client's reading of logs."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from stack.api import AirflowApi, _log_line
from stack.environment import airflow_environment
from stack.settings import HOST, StackSettings, stack_secrets

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def settings(tmp_path: Path) -> StackSettings:
    return StackSettings(home=tmp_path, airflow=tmp_path / "airflow", repository=REPOSITORY)


def test_secrets_are_made_once_and_readable_by_their_owner_only(settings: StackSettings) -> None:
    first = stack_secrets(settings)
    assert stack_secrets(settings) == first
    for path in (settings.secrets_file, settings.passwords_file):
        assert path.stat().st_mode & 0o077 == 0
    assert first.password in settings.passwords_file.read_text()
    assert len({first.fernet_key, first.api_secret, first.jwt_secret, first.password}) == 4


def test_a_port_taken_meanwhile_is_replaced_and_the_keys_stay(settings: StackSettings) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))  # a port that nobody else on this machine can take while the test looks at it
        taken.listen()
        first = replace(stack_secrets(settings), api_port=int(taken.getsockname()[1]))
        settings.secrets_file.write_text(json.dumps(asdict(first)))
        second = stack_secrets(settings, renew_ports=True)
    assert second.api_port != first.api_port
    assert (second.fernet_key, second.password) == (first.fernet_key, first.password)


def test_airflow_is_closed_to_others_and_calls_nobody(settings: StackSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "True")
    environment = airflow_environment(settings, stack_secrets(settings), "postgresql://u:p@127.0.0.1:1/airflow")
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False", "the caller's own Airflow settings leaked in"
    assert environment["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith("postgresql+psycopg://")
    assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == str(REPOSITORY / "dags")
    assert {environment[key] for key in ("DBT_SEND_ANONYMOUS_USAGE_STATS", "GX_ANALYTICS_ENABLED")} == {"false"}


POLICY = """
import os, sys
sys.path.insert(0, sys.argv[1])
from airflow.sdk import Asset, AssetOrTimeSchedule, CronDataIntervalTimetable, DAG
import airflow_local_settings as policy
clock = CronDataIntervalTimetable("0 2 * * *", timezone="UTC")
raw = Asset("raw/x")
schedules = [clock, AssetOrTimeSchedule(timetable=clock, assets=[raw]), [raw]]
for state in ("off", "on"):
    os.environ["JOURNEYLINE_SCHEDULES"] = state
    dags = [DAG(f"{state}_{number}", schedule=schedule) for number, schedule in enumerate(schedules)]
    for dag in dags:
        policy.dag_policy(dag)
    print(state, *(type(dag.timetable).__name__ for dag in dags))
"""


def test_the_clock_starts_runs_only_when_asked(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", POLICY, str(REPOSITORY / "stack" / "policy")],
        env={"AIRFLOW_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert result.stdout.strip().splitlines()[-2:] == [
        "off NullTimetable AssetTriggeredTimetable AssetTriggeredTimetable",
        "on CronDataIntervalTimetable AssetOrTimeSchedule AssetTriggeredTimetable",
    ], result.stderr[-2000:]


def test_log_lines_are_readable() -> None:
    entry = {
        "timestamp": "2026-03-01T02:00:00Z", "level": "error", "event": "Task failed",
        "error_detail": [{"exc_type": "GateFailedError", "exc_value": "3 checks failed"}],
    }  # fmt: skip
    assert _log_line(entry) == "2026-03-01T02:00:00Z error Task failed GateFailedError: 3 checks failed"
    assert _log_line("plain") == "plain"


def test_an_api_server_that_is_away_is_no_crash(settings: StackSettings) -> None:
    assert AirflowApi(stack_secrets(settings)).health() == {}
