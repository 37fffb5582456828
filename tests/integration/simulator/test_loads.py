"""Simulated nights through the real connectors and warehouse: every planted fault ends as the truth says.

The core platforms; the others are held to their contracts and their truth by tests of their own.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

import connectors
import warehouse
from simulator import SimulationSettings, simulate
from simulator.settings import CORE

NIGHTS = 4


@pytest.fixture(scope="module")
def loaded(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four nights of 1,500 persons, landed and promoted without the gate; the folder of the exports."""
    output = tmp_path_factory.mktemp("brand") / "exports"
    settings = SimulationSettings(customers=1500, nights=NIGHTS, seed=21, output=output, platforms=CORE)
    simulate(settings)
    for night in range(NIGHTS):
        for platform in CORE:
            for batch in connectors.land(platform, settings.night_date(night), str(output)):
                if batch.status == "landed":
                    spec = connectors.table_spec(batch.platform, batch.object)
                    warehouse.promote(batch.batch_id, spec, unaudited=True)
    return output


def rows(statement: str) -> list[tuple]:
    with warehouse.connect() as connection:
        return connection.execute(statement).fetchall()  # type: ignore[arg-type]


def table(loaded: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(loaded / "_truth" / f"{name}.parquet")


def test_every_object_of_every_night_is_promoted(loaded: Path) -> None:
    found = rows(
        "select platform, object, export_date, status, reason from ops.batch_ledger where status <> 'promoted'"
    )
    assert not found
    expected = table(loaded, "expected_counts").group_by("night", "platform", "object").agg(pl.col("rows").sum())
    ledger = {
        (d, p, o): n for d, p, o, n in rows("select export_date, platform, object, rows_read from ops.batch_ledger")
    }
    for night, platform, name, count in expected.select("night", "platform", "object", "rows").iter_rows():
        assert ledger[night, platform, name] == count, (night, platform, name)


def test_rejected_rows_are_those_listed(loaded: Path) -> None:
    faults = table(loaded, "faults").filter(pl.col("expected_outcome") == "rejected")
    listed = {
        (p, o, d, Path(f).name, n)
        for d, p, o, f, n in faults.select("night", "platform", "object", "file", "line").iter_rows()
    }
    found = {
        (p, o, d, Path(f).name, n)
        for p, o, d, f, n in rows(
            "select b.platform, b.object, b.export_date, r.file_name, r.line_number"
            " from ops.rejected_rows r join ops.batch_ledger b using (batch_id)"
        )
    }
    assert found == listed and len(listed) >= 15


def test_duplicates_and_unchanged_rows(loaded: Path) -> None:
    faults = table(loaded, "faults")
    ledger = {
        (d, p, o): (double, same)
        for d, p, o, double, same in rows(
            "select export_date, platform, object, rows_duplicate, rows_unchanged from ops.batch_ledger"
        )
    }
    target = ("night", "platform", "object")
    duplicates = faults.filter(pl.col("expected_outcome") == "duplicate").group_by(target).agg(pl.col("rows").sum())
    for night, platform, name, count in duplicates.iter_rows():
        assert ledger[night, platform, name][0] == count, (night, platform, name)
    again = faults.filter(
        pl.col("expected_outcome") == "unchanged", pl.col("object").is_in(["message", "invoice_line", "ticket"])
    )
    for night, platform, name, count in again.group_by(target).agg(pl.col("rows").sum()).iter_rows():
        assert ledger[night, platform, name][1] == count, (night, platform, name)


def test_raw_holds_the_true_orders(loaded: Path) -> None:
    orders = table(loaded, "orders")
    raw = {n: (float(t), float(r)) for n, t, r in rows(
        "select name, total, refunded_amount from raw.shopify__orders_export where is_first_line and not _is_deleted"
    )}  # fmt: skip
    web = orders.filter(pl.col("source_platform") == "shopify")
    assert raw == {n: (t, r) for n, t, r in web.select("order_id", "amount", "refund_amount").iter_rows()}
    lines = dict(rows("select name, count(*) from raw.shopify__orders_export where not _is_deleted group by 1"))
    assert lines == dict(web.select("order_id", "lines").iter_rows())
    till = dict(rows(
        "select invoice_no, count(*) from raw.point_of_sale__invoice_line"
        " where not _is_deleted and invoice_no not like 'C%' group by 1"
    ))  # fmt: skip
    assert till == dict(
        orders.filter(pl.col("source_platform") == "point_of_sale").select("order_id", "lines").iter_rows()
    )


def test_times_and_persons_survive_loading(loaded: Path) -> None:
    orders = table(loaded, "orders").filter(pl.col("source_platform") == "shopify")
    raw = dict(rows("select name, created_at from raw.shopify__orders_export where is_first_line"))
    assert all(raw[n] == at for n, at in orders.select("order_id", "ordered_at").iter_rows())
    ids = table(loaded, "identifiers").filter(pl.col("kind") == "account", pl.col("source_platform") == "shopify")
    assert {i for (i,) in rows("select customer_id from raw.shopify__customers_export")} == set(ids["value"].to_list())
    assert rows("select max(_export_date) from raw.segment__message") == [(date(2026, 3, NIGHTS),)]
