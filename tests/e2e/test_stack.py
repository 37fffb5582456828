"""The local system as a person uses it: up, two simulated nights through a real Airflow, a bad night, its repair, down.

The tests of this file follow each other on one system; they are one story told in steps.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FIRST, NEXT = date(2026, 3, 1), date(2026, 3, 3)
NIGHTS = 2
BRAND = {"customers": 250, "history_days": 60, "seed": 3}
# Those with the most different ways in; nights of all platforms are compared with full refreshes elsewhere.
PLATFORMS = ("shopify", "instagram", "segment", "zendesk", "point_of_sale", "klaviyo", "youtube")
NEVER_ENOUGH = """
suite: own_rules
layer: marts
description: A rule of this brand alone, which no night can keep.
figures:
  customers:
    needs: [marts_next.dim_customers]
    sql: select count(*) as customers from marts_next.dim_customers
checks:
  - check: a_million_customers
    figure: customers.customers
    min_value: 1000000
    severity: critical
    description: Every night touches a million customers.
"""

pytestmark = [pytest.mark.e2e, pytest.mark.airflow]


class Webhook:
    """A local HTTP server that collects the alerts posted to it."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        collected = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collected.append((self.path, json.loads(body)["text"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *values: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/services/night/watch"

    def take(self) -> list[str]:
        """The texts since the last call."""
        assert {path for path, _ in self.received} <= {"/services/night/watch"}
        texts = [text for _, text in self.received]
        self.received.clear()
        return texts


class System:
    """Runs `python -m stack …` on a home of its own and looks into its warehouse."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.suites = home.with_name("suites")
        self.suites.mkdir()
        self.sources = home.with_name("sources.yml")
        self.sources.write_text("".join(f"{name}: {{}}\n" for name in PLATFORMS))
        self.webhook = Webhook()
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "JOURNEYLINE"))
        } | {
            "JOURNEYLINE_HOME": str(home),
            "JOURNEYLINE_SUITES": str(self.suites),
            "JOURNEYLINE_SOURCES": str(self.sources),
            "AIRFLOW_CONN_JOURNEYLINE_ALERTS": self.webhook.address,
            "PYTHONPATH": str(REPOSITORY),
        }

    def call(self, *arguments: str, module: str = "stack", said: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self.environment, cwd=REPOSITORY, input=said, capture_output=True, text=True, timeout=850,
        )  # fmt: skip

    def connect(self, database: str | None = None) -> psycopg.Connection[Any]:
        from warehouse.server import EmbeddedServer

        server = EmbeddedServer(self.home)
        return psycopg.connect(server.url(database) if database else server.url())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def marts(self) -> dict[str, str]:
        """Published table → fingerprint of its rows, whatever their order. Views on the run book change by the hour."""
        tables = self.rows(
            "select table_name from information_schema.tables"
            " where table_schema = 'marts' and table_type = 'BASE TABLE' order by 1"
        )
        return {
            name: str(self.rows(f"select count(*), sum(hashtextextended(t::text, 0)) from marts.{name} as t")[0])
            for (name,) in tables
        }

    def processes(self) -> list[int]:
        return [json.loads(path.read_text())["pid"] for path in (self.home / "airflow" / "processes").glob("*.json")]


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    # Not below pytest's own folder: every session that starts closes that to other users, the database's too.
    folder = Path(tempfile.mkdtemp(prefix="journeyline-stack-"))
    started = System(folder / "home")
    try:
        up = started.call("up")
        assert up.returncode == 0, up.stdout + up.stderr
        assert "http://127.0.0.1:" in up.stdout
        yield started
    finally:
        started.call("down")
        started.webhook.server.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def summary(system: System) -> str:
    """What `make run` prints."""
    settings = [part for name, value in BRAND.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    result = system.call("run", *settings, "--nights", str(NIGHTS))
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_run_shows_progress_and_sums_up(summary: str) -> None:
    for night in range(NIGHTS):
        for dag_id in ("pull_shopify", "resolve_identities", "build_journeys", "deliver_journeys"):
            assert f"night {FIRST + timedelta(days=night)}  {dag_id:<20} done in" in summary
    for words in ("Rows by platform", "Golden customers", "Against the truth  precision", "Orders", "Report", "psql"):
        assert words in summary


def test_every_row_of_the_exports_is_accounted_for(system: System, summary: str) -> None:
    import polars as pl

    expected = pl.read_parquet(system.home / "exports" / "_truth" / "expected_counts.parquet")
    by_object = {(p, o): n for p, o, n in expected.group_by("platform", "object").agg(pl.col("rows").sum()).iter_rows()}
    ledger = system.rows(
        "select platform, object, sum(rows_read)::bigint, sum(rows_inserted + rows_updated + rows_unchanged"
        " + rows_duplicate + rows_rejected)::bigint from ops.batch_ledger where status = 'promoted' group by 1, 2"
    )
    read_by_object = {(platform, name): read for platform, name, read, _ in ledger}
    # The truth counts the rows of the files as they are named; other objects lie within those files.
    within = read_by_object.keys() - by_object.keys()
    assert ("instagram", "message") in within
    assert {name: read_by_object[name] for name in by_object} == by_object
    assert all(read == accounted for *_, read, accounted in ledger)


def test_the_nights_are_published_and_agree(system: System, summary: str) -> None:
    assert [
        row[0] for row in system.rows("select export_date from ops.publish_log where status = 'live' order by 1")
    ] == [FIRST + timedelta(days=night) for night in range(NIGHTS)]
    live = system.rows("select count(*) from identity.golden_customers where status = 'live'")
    assert system.rows("select count(*) from marts.dim_customers") == live
    page = (system.home / "reports" / f"journeyline-{FIRST + timedelta(days=NIGHTS - 1)}.html").read_text()
    assert "Nothing to show yet" not in page, "a query of the report does not fit the marts"
    assert f"<b>{live[0][0]:,}</b>" in page
    for (step,) in system.rows("select distinct step_name from marts.stage_funnel where scope = 'cradle_to_grave'"):
        assert step in page
    assert f"Marts of {FIRST + timedelta(days=NIGHTS - 1)}" in (system.home / "data_docs" / "index.html").read_text()


def test_dag_runs_carry_ids_and_counts_only(system: System, summary: str) -> None:
    """XCom of every task: short, and without any of the customers' addresses."""
    with system.connect("airflow") as connection:
        values = [str(row[0]) for row in connection.execute("select value from xcom").fetchall()]
        extras = [row[0] for row in connection.execute("select extra from asset_event").fetchall()]
    assert values
    assert max(map(len, values)) < 500
    assert not any("@" in value for value in values)
    assert all("export_date" in str(extra) for extra in extras)


@pytest.fixture(scope="module")
def third_night(system: System, summary: str) -> Path:
    """The exports of one more night of the same brand; returns the file of Shopify's customers."""
    from simulator import SimulationSettings, simulate

    made = system.home.with_name("more")
    simulate(SimulationSettings(**BRAND, nights=NIGHTS + 1, output=made, platforms=PLATFORMS))
    for folder in made.glob(f"[!_]*/*/dt={NEXT}"):
        shutil.copytree(folder, system.home / "exports" / folder.relative_to(made))
    (file,) = (system.home / "exports" / "shopify" / "customers_export" / f"dt={NEXT}").iterdir()
    return file


def test_a_refused_export_stops_the_night_and_leaves_the_marts(system: System, third_night: Path) -> None:
    good = third_night.read_bytes()
    third_night.write_bytes(gzip.compress(b"Nickname,Shoe size\nNobody,43\n"))
    shutil.rmtree(system.home / "exports" / "zendesk" / "ticket" / f"dt={NEXT}")
    before = system.marts()
    system.webhook.take()

    result = system.call("night", NEXT.isoformat())
    third_night.write_bytes(good)

    assert result.returncode == 1
    assert "pull_shopify / pull_exports failed" in result.stderr
    assert "customers_export" in result.stderr
    assert "what BI reads was not touched" in result.stderr
    assert system.marts() == before
    statuses = dict(system.rows(
        f"select platform || '.' || object, status from ops.batch_ledger where export_date = '{NEXT}'"
    ))  # fmt: skip
    assert statuses.pop("shopify.customers_export") == "rejected"
    assert statuses.pop("zendesk.ticket") == "missing"
    assert set(statuses.values()) == {"promoted"}
    missing, failed = sorted(system.webhook.take(), key=lambda text: "failed" in text)
    assert "zendesk sent no ticket for the night 2026-03-03" in missing
    assert "pull_shopify / pull_exports failed on try 1 (night 2026-03-03)" in failed


def test_marts_that_fail_their_audit_are_not_published_and_not_tried_again(system: System, third_night: Path) -> None:
    rule = system.suites / "own_rules.yml"
    rule.write_text(NEVER_ENOUGH)
    before = system.marts()

    result = system.call("night", NEXT.isoformat())
    rule.unlink()

    assert result.returncode == 1
    assert "build_journeys / audit_marts failed" in result.stderr
    assert "own_rules.a_million_customers" in result.stderr
    assert system.marts() == before
    assert system.rows("select max(export_date) from ops.publish_log") == [(NEXT - timedelta(days=1),)]
    (alert,) = [text for text in system.webhook.take() if "failed" in text]  # one try, one alert
    assert "build_journeys / audit_marts failed on try 1 (night 2026-03-03)" in alert
    with system.connect("airflow") as connection:
        tries = "select distinct state, try_number from task_instance where task_id = 'audit_marts' order by 1"
        assert connection.execute(tries).fetchall() == [("failed", 1), ("success", 1)]


def test_the_repaired_night_is_published_and_can_be_rolled_back(system: System, third_night: Path) -> None:
    before = system.marts()
    result = system.call("night", NEXT.isoformat())
    assert result.returncode == 0, result.stdout + result.stderr
    assert system.rows("select max(export_date) from ops.publish_log where status = 'live'") == [(NEXT,)]
    assert system.marts() != before
    back = system.call("rollback", module="warehouse")
    assert back.returncode == 0, back.stdout + back.stderr
    assert system.marts() == before


def test_looking_at_it(system: System, summary: str) -> None:
    """status, report, psql and docs, as the Makefile calls them."""
    status = system.call("status")
    assert status.returncode == 0, status.stderr
    assert status.stdout.count("running, process") == 3
    report = system.call("report")
    assert report.stdout.strip().endswith(f"journeyline-{FIRST + timedelta(days=NIGHTS - 1)}.html"), report.stderr
    psql = system.call("psql", said="select 'answer ' || count(*) from marts.dim_stages;")
    assert psql.returncode == 0 and "answer " in psql.stdout, psql.stderr
    docs = system.call("docs")
    assert docs.returncode == 0, docs.stderr
    for line in docs.stdout.splitlines():
        assert Path(line.split()[-1]).stat().st_size > 10_000


def test_down_leaves_nothing_running(system: System, summary: str) -> None:
    import psutil

    from warehouse.server import EmbeddedServer

    processes = [psutil.Process(pid) for pid in system.processes()]
    assert len(processes) == 3
    family = [child for process in processes for child in [process, *process.children(recursive=True)]]
    assert system.call("down").returncode == 0
    # A zombie has ended: it waits for whoever adopted it (in a container perhaps nobody) to read its exit code.
    assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert not EmbeddedServer(system.home).is_running()
    again = system.call("down")
    assert again.returncode == 0, "stopping what is stopped is no error"
