"""The local system: embedded warehouse and Airflow, started and stopped as one."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from stack import processes
from stack.api import AirflowApi
from stack.environment import airflow_environment
from stack.errors import ComponentError
from stack.nights import CHAIN, pull_dags
from stack.processes import Component
from stack.settings import StackSecrets, StackSettings, stack_secrets, stack_settings

log = logging.getLogger(__name__)

PARTS = ("api-server", "scheduler", "dag-processor")
METADATA_DATABASE = "airflow"
START_SECONDS = 180.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LocalSystem:
    """A running system: how to reach it."""

    settings: StackSettings
    secrets: StackSecrets

    @property
    def api(self) -> AirflowApi:
        return AirflowApi(self.secrets)


def components(settings: StackSettings) -> list[Component]:
    """The background processes of Airflow."""
    program = (sys.executable, "-m", "airflow")
    return [
        Component(name, (*program, name), settings.processes, settings.logs / f"airflow_{name.replace('-', '_')}.log")
        for name in PARTS
    ]


def is_up() -> bool:
    """Whether all parts of Airflow run."""
    return all(component.process() is not None for component in components(stack_settings()))


def prepare_warehouse() -> str:
    """Start the warehouse, bring its schema up to date, make Airflow's database; returns that database's address.

    Airflow's own tables always live on the embedded server, also when the warehouse is somebody else's PostgreSQL.
    """
    import warehouse
    from warehouse.server import EmbeddedServer

    warehouse.migrate()
    return EmbeddedServer(stack_settings().home).ensure_database(METADATA_DATABASE)


def up(*, schedules: bool = False, watch: bool = True, say: Say = log.info) -> LocalSystem:
    """Start everything that does not run yet and wait until it is healthy. Safe to call at any time.

    Raises ComponentError with the end of the log when a part does not start.
    """
    settings = stack_settings()
    parts = components(settings)
    running = [part for part in parts if part.process() is not None]
    if len(running) == len(parts):
        prepare_warehouse()
        return LocalSystem(settings, stack_secrets(settings))
    processes.stop(parts)  # half a system: begin again
    say("starting the warehouse")
    database_url = prepare_warehouse()
    secrets = stack_secrets(settings, renew_ports=True)
    environment = airflow_environment(settings, secrets, database_url, schedules=schedules, watch=watch)
    settings.airflow.mkdir(parents=True, exist_ok=True)
    _migrate_metadata(settings, environment, database_url, say)
    say("starting Airflow")
    for part in parts:
        part.start(environment, settings.repository)
    system = LocalSystem(settings, secrets)
    try:
        _wait_until_healthy(system, parts)
    except BaseException:
        processes.stop(parts)
        raise
    return system


def down(*, warehouse_too: bool = True, say: Say = log.info) -> None:
    """Stop Airflow and the embedded server; clears what a crash has left."""
    from warehouse.server import EmbeddedServer

    settings = stack_settings()
    stopped = processes.stop(components(settings))
    if stopped:
        say("stopped Airflow: " + ", ".join(stopped))
    if warehouse_too and EmbeddedServer(settings.home).stop():
        say("stopped the warehouse")


def _migrate_metadata(settings: StackSettings, environment: dict[str, str], database_url: str, say: Say) -> None:
    """`airflow db migrate`, left out when this version did it in this very database before (it takes seconds)."""
    from importlib.metadata import version

    import psycopg

    marker = settings.airflow / "migrated.json"
    with psycopg.connect(database_url) as connection:
        present = connection.execute("select to_regclass('public.alembic_version') is not null").fetchone()
        oid = connection.execute("select oid::bigint from pg_database where datname = current_database()").fetchone()
    wanted = {"version": version("apache-airflow-core"), "database": oid[0] if oid else None}
    if present == (True,) and marker.exists() and json.loads(marker.read_text()) == wanted:
        return
    say("preparing Airflow's database")
    result = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=environment, cwd=settings.repository, capture_output=True, text=True,
    )  # fmt: skip
    if result.returncode != 0:
        raise ComponentError("Airflow's database could not be prepared:\n" + (result.stdout + result.stderr)[-3000:])
    marker.write_text(json.dumps(wanted))


def _wait_until_healthy(system: LocalSystem, parts: list[Component]) -> None:
    """Until the api-server answers, scheduler and DAG processor report in, and every DAG file has been read."""
    expected = {*pull_dags(), *CHAIN}
    deadline = time.monotonic() + START_SECONDS
    missing: set[str] = expected
    while time.monotonic() < deadline:
        for part in parts:
            if part.process() is None:
                raise ComponentError(f"Airflow's {part.name} ended by itself. End of {part.log}:\n{part.tail()}")
        health = system.api.health()
        if all(health.get(name) == "healthy" for name in ("metadatabase", "scheduler", "dag_processor")):
            missing = expected - set(system.api.dags())
            if not missing:
                return
            errors = system.api.import_errors()
            if errors:
                raise ComponentError("DAG files cannot be read:\n" + "\n".join(errors))
        time.sleep(0.3)
    raise ComponentError(
        f"Airflow was not ready after {START_SECONDS:.0f} s. DAGs not read yet: {', '.join(sorted(missing)) or 'none'}."
        f" See {system.settings.logs}."
    )


def clean(*, say: Say = log.info) -> None:
    """Stop everything and delete what this home holds. Refuses a folder that does not look like ours."""
    import shutil

    settings = stack_settings()
    if not settings.home.exists():
        return
    down(say=say)
    if not any((settings.home / name).exists() for name in ("server.json", "server.lock")) and any(
        settings.home.iterdir()
    ):
        raise ComponentError(
            f"{settings.home} does not look like a home of Journeyline; delete it by hand if you mean it."
        )
    shutil.rmtree(settings.home)
    say(f"deleted {settings.home}")
