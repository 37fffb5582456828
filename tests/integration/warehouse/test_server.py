"""The embedded server's life: made, restarted, killed, moved to another port, started by many at once."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from warehouse import server as server_module
from warehouse.errors import ServerError
from warehouse.server import EmbeddedServer


@pytest.fixture
def server(tmp_path: Path):
    made = EmbeddedServer(tmp_path / "home", throwaway=True)
    yield made
    made.stop()


def _value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


@pytest.mark.integration
def test_life_of_a_server(server: EmbeddedServer) -> None:
    assert not server.is_running()
    with pytest.raises(ServerError, match="is not running"):
        server.url()
    url = server.start()
    assert _value(url, "select current_setting('TimeZone')") == "UTC"
    assert _value(url, "select current_setting('server_version_num')::int >= 180000") is True
    assert _value(url, "select 'B' < 'a' and lower('ÄÖ') = 'äö'") is True  # code-point order, Unicode case
    secret = server.home / "server.json"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600

    # nobody without the password
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace(url.split(":")[2].split("@")[0], "wrong"))

    # killed: the next start cleans up and the data are there
    with psycopg.connect(url) as connection:
        connection.execute("set local synchronous_commit = on")  # off by default: the last half second may be missing
        connection.execute("create table kept as select 1 as x")
    pid = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while server.is_running() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not server.is_running()
    assert _value(server.start(), "select x from kept") == 1

    # stopped, its port taken by somebody else, and its pid recycled by this very process
    assert server.stop()
    assert not server.stop()
    port = int(server._remembered()["port"])
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n1\n{port}\n\n127.0.0.1\n\nready\n")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        moved = server.start()
    assert f":{port}/" not in moved
    assert _value(moved, "select x from kept") == 1

    # a second database
    assert _value(server.ensure_database("airflow"), "select current_database()") == "airflow"
    assert server.ensure_database("airflow") == server.url("airflow")


@pytest.mark.integration
def test_many_starters_make_one_server_that_outlives_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    program = (
        "from warehouse.server import EmbeddedServer as E; from pathlib import Path;"
        f" print(E(Path({str(home)!r}), throwaway=True).start())"
    )
    starters = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    urls = {starter.communicate(timeout=120)[0].strip() for starter in starters}
    server = EmbeddedServer(home, throwaway=True)
    try:
        assert urls == {server.url()}
        assert _value(server.url(), "select 1") == 1
    finally:
        assert server.stop()


def test_an_external_warehouse_is_never_touched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JOURNEYLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JOURNEYLINE_WAREHOUSE_URL", "postgresql://somebody@db.example/warehouse")
    for action in (server_module.start, server_module.stop, lambda: server_module.ensure_database("x")):
        with pytest.raises(ServerError, match="JOURNEYLINE_WAREHOUSE_URL is set"):
            action()
    assert not server_module.is_running()
    assert not (tmp_path / "home").exists()
