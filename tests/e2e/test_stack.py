"""The local system as a person uses it: up, two simulated nights through a real Airflow, a broken night, down.

The tests of this file follow each other on one system; they are one story told in steps.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FIRST, BROKEN = date(2026, 3, 1), date(2026, 3, 3)
NIGHTS = 2

pytestmark = [pytest.mark.e2e, pytest.mark.airflow]


class System:
    """Runs `python -m stack …` on a home of its own and looks into its warehouse."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "JOURNEYLINE"))
        } | {"JOURNEYLINE_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "stack", *arguments],
            env=self.environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=850,
        )  # fmt: skip

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        import psycopg

        from warehouse.server import EmbeddedServer

        with psycopg.connect(EmbeddedServer(self.home).url()) as connection:
            return connection.execute(query.encode()).fetchall()

    def marts(self) -> dict[str, str]:
        """Mart → fingerprint of all its rows, whatever their order."""
        tables = self.rows("select table_name from information_schema.tables where table_schema = 'marts' order by 1")
        return {
            name: str(self.rows(f"select count(*), sum(hashtextextended(t::text, 0)) from marts.{name} as t")[0])
            for (name,) in tables
        }

    def processes(self) -> list[int]:
        return [json.loads(path.read_text())["pid"] for path in (self.home / "airflow" / "processes").glob("*.json")]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    started = System(tmp_path_factory.mktemp("stack") / "home")
    up = started.call("up")
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        assert "http://127.0.0.1:" in up.stdout
        yield started
    finally:
        started.call("down")


@pytest.fixture(scope="module")
def summary(system: System) -> str:
    """What `make run` prints."""
    result = system.call("run", "--customers", "250", "--nights", str(NIGHTS), "--history-days", "60", "--seed", "3")
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
    by_platform = dict(expected.group_by("platform").agg(pl.col("rows").sum()).iter_rows())
    ledger = system.rows(
        "select platform, sum(rows_read)::bigint, sum(rows_inserted + rows_updated + rows_unchanged + rows_duplicate"
        " + rows_rejected)::bigint from ops.batch_ledger where status = 'promoted' group by platform"
    )
    assert {platform: read for platform, read, _ in ledger} == by_platform
    assert all(read == accounted for _, read, accounted in ledger)


def test_the_nights_are_published_and_agree(system: System, summary: str) -> None:
    assert [
        row[0] for row in system.rows("select export_date from ops.publish_log where status = 'live' order by 1")
    ] == [FIRST + timedelta(days=night) for night in range(NIGHTS)]
    live = system.rows("select count(*) from identity.golden_customers where status = 'live'")
    assert system.rows("select count(*) from marts.dim_customers") == live
    assert (system.home / "reports" / f"journeyline-{FIRST + timedelta(days=NIGHTS - 1)}.html").stat().st_size > 1000
    assert (system.home / "data_docs" / "index.html").exists()


def test_dag_runs_carry_ids_and_counts_only(system: System, summary: str) -> None:
    """XCom of every task: short, and without any of the customers' addresses."""
    import psycopg

    from warehouse.server import EmbeddedServer

    with psycopg.connect(EmbeddedServer(system.home).url("airflow")) as connection:
        values = [str(row[0]) for row in connection.execute("select value from xcom").fetchall()]
        extras = [row[0] for row in connection.execute("select extra from asset_event").fetchall()]
    assert values
    assert max(map(len, values)) < 500
    assert not any("@" in value for value in values)
    assert all("export_date" in str(extra) for extra in extras)


def test_a_refused_export_stops_the_night_and_leaves_the_marts(system: System, summary: str) -> None:
    exports = system.home / "exports"
    for folder in exports.glob(f"[!_]*/*/dt={FIRST + timedelta(days=NIGHTS - 1)}"):
        shutil.copytree(folder, folder.with_name(f"dt={BROKEN}"))
    (file,) = (exports / "shopify" / "customers_export" / f"dt={BROKEN}").iterdir()
    good = file.read_bytes()
    file.write_bytes(gzip.compress(b"Nickname,Shoe size\nNobody,43\n"))
    before = system.marts()

    result = system.call("night", BROKEN.isoformat())

    assert result.returncode == 1
    assert "pull_shopify / audit_and_promote failed" in result.stderr
    assert "customers_export" in result.stderr
    assert "what BI reads was not touched" in result.stderr
    assert system.marts() == before
    statuses = dict(system.rows(
        f"select platform || '.' || object, status from ops.batch_ledger where export_date = '{BROKEN}'"
    ))  # fmt: skip
    assert statuses.pop("shopify.customers_export") == "rejected"
    assert set(statuses.values()) <= {"promoted", "repeated", "missing"}

    file.write_bytes(good)
    repaired = system.call("night", BROKEN.isoformat())
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert system.rows("select count(*) from identity.golden_customers") == system.rows(
        "select count(*) from identity.golden_customers where status = 'live'"
    )


def test_down_leaves_nothing_running(system: System, summary: str) -> None:
    import psutil

    from warehouse.server import EmbeddedServer

    processes = [psutil.Process(pid) for pid in system.processes()]
    assert len(processes) == 3
    family = [child for process in processes for child in [process, *process.children(recursive=True)]]
    assert system.call("down").returncode == 0
    assert not [process for process in family if process.is_running()]
    assert not EmbeddedServer(system.home).is_running()
    again = system.call("down")
    assert again.returncode == 0, "stopping what is stopped is no error"
