"""Drops through landing into raw: late files, deliveries again, half deliveries, and many platforms at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

import connectors
import warehouse
from connectors.cli import app
from connectors.inventory import inventory
from connectors.parallel import most_jobs, run_each
from connectors.pulling import PullOutcome
from tests.integration.connectors.shop import CUSTOMERS, make_exports

NIGHT, BEFORE = "2026-03-02", "2026-03-01"


@pytest.fixture
def exports(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "exports"
    for night in (BEFORE, NIGHT):
        make_exports(root, night)
    (tmp_path / "sources.yml").write_text("shopify: {place: exports, delivery: {look_back_days: 2}}\n")
    monkeypatch.setenv("JOURNEYLINE_SOURCES", str(tmp_path / "sources.yml"))
    return root


def customers(exports: Path, night: str) -> Path:
    return exports / "shopify" / "customers_export" / f"dt={night}" / "customers.csv"


def ledger(after: int = 0) -> list[tuple[str, str, str]]:
    return [
        (batch.object, str(batch.export_date), batch.status)
        for batch in warehouse.read_batches(platform="shopify")
        if batch.batch_id > after
    ]


def newest_id() -> int:
    return max(batch.batch_id for batch in warehouse.read_batches())


def pull(night: str = NIGHT) -> PullOutcome:
    return connectors.pull("shopify", night)


def test_late_and_changed_files_of_earlier_nights_land_as_batches_of_their_own_date(
    exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = customers(exports, BEFORE)
    held = late.rename(late.with_name("not_yet.part"))
    assert pull(BEFORE).passed
    assert ("customers_export", BEFORE, "missing") in ledger()
    held.rename(late)
    orders = exports / "shopify" / "orders_export" / f"dt={BEFORE}" / "orders.csv"
    orders.write_text(orders.read_text().replace("37.50", "41.00"))
    mark = newest_id()
    assert pull().passed
    assert [entry for entry in ledger(mark) if entry[1] == BEFORE] == [
        ("orders_export", BEFORE, "promoted"), ("customers_export", BEFORE, "promoted"),
    ]  # fmt: skip
    read: list[str] = []
    from connectors import landing

    real = landing.fetch
    monkeypatch.setattr(
        landing, "fetch", lambda place, file, *rest: (read.append(file.path), real(place, file, *rest))[1]
    )
    mark = newest_id()
    assert pull().passed
    assert {date for _, date, _ in ledger(mark)} == {NIGHT}, "an unchanged night was landed again"
    assert not [path for path in read if BEFORE in path], "files that were promoted before were read again"


def test_a_half_delivery_fails_so_that_it_is_tried_again_and_says_what_is_missing(
    exports: Path, tmp_path: Path
) -> None:
    (tmp_path / "sources.yml").write_text("shopify: {place: exports, delivery: {marker: _SUCCESS}}\n")
    for folder in (exports / "shopify").glob(f"*/dt={NIGHT}"):
        if "customers" not in str(folder):
            (folder / "_SUCCESS").touch()
    outcome = pull()
    assert outcome.failed == ("customers_export",)
    assert "but no _SUCCESS yet" in outcome.message
    with warehouse.connect() as connection:
        assert connection.execute("select to_regclass('raw.shopify__customers_export')").fetchone() == (None,)
    (customers(exports, NIGHT).parent / "_SUCCESS").touch()
    assert pull().passed
    assert ("customers_export", NIGHT, "promoted") in ledger()


def test_sums_of_a_manifest_are_compared_before_and_after_reading(exports: Path, tmp_path: Path) -> None:
    (tmp_path / "sources.yml").write_text("shopify: {place: exports, delivery: {manifest: manifest.json}}\n")
    for folder in (exports / "shopify").glob(f"*/dt={NIGHT}"):
        files = [
            {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "rows": 2}
            for path in folder.iterdir()
        ]
        if "customers" in str(folder):
            files[0]["sha256"] = "0" * 64
        (folder / "manifest.json").write_text(json.dumps({"files": files}))
    outcome = pull()
    by_object = {batch.object: batch for batch in warehouse.read_batches(platform="shopify")}
    assert by_object["customers_export"].status == "failed"
    assert "SHA-256" in (by_object["customers_export"].reason or "")
    assert by_object["orders_export"].status == "rejected"
    assert "has 6 rows, the manifest says 2" in (by_object["orders_export"].reason or "")
    assert set(outcome.failed) == {"customers_export"}
    assert not outcome.passed


def test_a_missing_export_is_said_once(exports: Path, caplog: pytest.LogCaptureFixture) -> None:
    customers(exports, NIGHT).unlink()
    with caplog.at_level(logging.WARNING):
        outcome = pull()
    assert outcome.passed
    assert outcome.missing == ("customers_export",)
    assert len([line for line in outcome.warnings if "customers_export" in line]) == 1
    assert "customers_export" not in caplog.text, "the caller reports it: the log would say it a second time"


def test_the_list_shows_places_and_last_batches(exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pull()
    entries, reason = inventory("shopify")
    assert reason is None
    found = {entry.object: entry for entry in entries}
    assert found["orders_export"].place == str(exports)
    assert (found["orders_export"].batch_status, found["orders_export"].rows) == ("promoted", 6)
    assert str(found["orders_export"].batch_date) == NIGHT
    pull()
    repeated = {entry.object: entry for entry in inventory("shopify")[0]}["orders_export"]
    assert (repeated.batch_status, repeated.rows) == ("repeated", 6), "the figures of the batch it repeats"
    shown = CliRunner().invoke(app, ["list"])
    assert shown.exit_code == 0
    assert "Zendesk (zendesk)" in shown.output
    assert "not used here" in shown.output
    as_json = CliRunner().invoke(app, ["list", "--json", "--platform", "shopify"])
    assert json.loads(as_json.stdout)[0]["batch_date"] == NIGHT
    monkeypatch.setenv("JOURNEYLINE_WAREHOUSE_URL", "postgresql://nobody@127.0.0.1:9/none")
    silent = CliRunner().invoke(app, ["list", "--platform", "shopify"])
    assert silent.exit_code == 0
    assert "orders_export" in silent.output
    assert "does not answer" in silent.output


def test_platforms_are_pulled_at_once_in_order_and_one_failure_stops_nobody(exports: Path, tmp_path: Path) -> None:
    (tmp_path / "sources.yml").write_text(
        "shopify: {place: exports}\nzendesk: {place: 's3://acme/x', connection: nowhere}\njudgeme: {place: exports}\n"
    )
    result = CliRunner().invoke(app, ["pull", "--all", "-d", NIGHT, "--jobs", "3"])
    assert result.exit_code == 1
    lines = [
        line.split()[0] for line in result.output.splitlines() if line.startswith(("shopify", "zendesk", "judgeme"))
    ]
    assert lines[:3] == ["judgeme", "shopify", "zendesk"]
    said = " ".join(result.output.split())
    assert said.count("There is no connection 'nowhere'") == 1, "a place that is down is said once, not per object"
    failed = {batch.object for batch in warehouse.read_batches(platform="zendesk") if batch.status == "failed"}
    needed = {o.name for o in connectors.load_contract("zendesk").objects.values() if not o.optional}
    assert needed <= failed
    assert ("orders_export", NIGHT, "promoted") in ledger()


def end_at_b(platform: str) -> PullOutcome:
    if platform == "b":
        os._exit(9)
    return PullOutcome({}, (), {"batches": 0}, "")


def test_a_process_that_is_ended_by_the_system_fails_its_platform_only(database: str) -> None:
    found = list(run_each(["a", "b", "c"], end_at_b, 2))
    assert [(result.platform, result.passed) for result in found] == [("a", True), ("b", False), ("c", True)]
    assert "ended without an answer (code 9)" in found[1].error


def test_jobs_are_bounded_by_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYLINE_PULL_MEMORY_MB", "2048")
    assert most_jobs(8) == 2
    monkeypatch.setenv("JOURNEYLINE_PULL_MEMORY_MB", "100")
    assert most_jobs(8) == 1
    monkeypatch.setenv("JOURNEYLINE_PULL_MEMORY_MB", "lots")
    with pytest.raises(connectors.ConnectorsError, match="write megabytes"):
        most_jobs()


def test_an_export_in_other_folders_is_read_where_the_installation_says(exports: Path, tmp_path: Path) -> None:
    date = dt.date.fromisoformat(NIGHT)
    target = tmp_path / "vendor" / f"{date:%Y/%m/%d}" / "customers.csv"
    target.parent.mkdir(parents=True)
    target.write_text(CUSTOMERS)
    (tmp_path / "sources.yml").write_text(
        "shopify: {place: vendor, folder: '.', files: {customers_export: '{yyyy}/{mm}/{dd}/cust*.csv'}}\n"
    )
    pull()
    assert ("customers_export", NIGHT, "promoted") in ledger()
