"""Fits: due every so many days, the same when a night is repeated, out of force when their night is rolled back."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path

import pytest

import journeys
import warehouse
from journeys import Context, Fit, Step
from warehouse.watermarks import read_sources, write_watermarks

FIRST = dt.date(2026, 3, 1)
APPLIED: list[tuple[dt.date, bool, float]] = []  # as-of date of the fit, whether everybody was measured, sum of shares


def _fit(context: Context) -> Fit:
    amounts = context.fact("fct_orders", ["amount"], everybody=True)["amount"]
    return Fit({"mean": float(amounts.mean() or 0)}, {"orders": len(amounts)})


def _apply(context: Context, fit: Fit | None) -> None:
    import polars as pl

    assert fit is not None
    assert fit.as_of_date is not None
    rows = context.fact("fct_orders", ["golden_customer_id", "amount"], where="amount > 0")
    shares = rows.select("golden_customer_id", share=pl.col("amount") / fit.parameters["mean"], note=pl.lit(None))
    context.write("stat_share", shares.with_columns(note=pl.lit('a "text", with all\nthat a cell may hold')))
    APPLIED.append((fit.as_of_date, context.is_fitting, round(float(shares["share"].sum()), 6)))


SHARE = Step(
    "share", _fit, _apply, {"stat_share": "golden_customer_id uuid, share double precision not null, note text"}
)


def _world(amounts: dict[int, float], affected: list[int], date: dt.date) -> None:
    """Orders in marts_next of the affected customers, and the night in preparation."""
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists intermediate")
        for schema in ("marts", "marts_next"):
            connection.execute(
                f"create table if not exists {schema}.fct_orders (golden_customer_id uuid, amount numeric(18, 2))"
            )
        connection.execute("truncate marts_next.fct_orders, marts_next.affected_customers")
        for number in affected:
            one = "lpad(to_hex(%s::integer), 32, '0')::uuid"
            connection.execute(f"insert into marts_next.affected_customers values ({one}, 'order')", (number,))
            connection.execute(f"insert into marts_next.fct_orders values ({one}, %s)", (number, amounts[number]))
        connection.execute("delete from ops.next_publish")
        connection.execute(
            "insert into ops.next_publish (export_date, everyone, affected, reasons, watermarks, rules_hash)"
            " values (%s, false, %s, '{}', '{}', 'r')",
            (date, len(affected)),
        )
        write_watermarks(connection, "dbt:marts", read_sources(connection, "marts"))


def _publish(date: dt.date) -> None:
    """What warehouse.publish does with orders and fits (tests/integration/warehouse tries the real one)."""
    with warehouse.connect() as connection:
        connection.execute(
            "delete from marts.fct_orders where golden_customer_id in"
            " (select golden_customer_id from marts_next.affected_customers)"
        )
        connection.execute("insert into marts.fct_orders select * from marts_next.fct_orders")
        row = connection.execute(
            "insert into ops.publish_log (export_date, affected, watermark_seq, rules_hash) values (%s, 1, 1, 'r')"
            " returning publish_id",
            (date,),
        ).fetchone()
        connection.execute("update ops.fits set publish_id = %s where publish_id is null", row)


@pytest.fixture
def project(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dbt project of its own, so that its rules can change."""
    from warehouse.settings import settings

    folder = tmp_path / "dbt_project"
    (folder / "seeds").mkdir(parents=True)
    shutil.copy(settings().dbt_project / "dbt_project.yml", folder / "dbt_project.yml")
    monkeypatch.setenv("JOURNEYLINE_DBT_PROJECT", str(folder))
    APPLIED.clear()
    return folder


def _night(day: int, affected: list[int], amounts: dict[int, float], step: Step = SHARE) -> journeys.ComputeResult:
    date = FIRST + dt.timedelta(days=day)
    _world(amounts, affected, date)
    return journeys.compute(date, steps=[step])


def test_fits_are_made_on_everybody_when_due_and_applied_to_the_night(project: Path) -> None:
    amounts = {1: 10.0, 2: 20.0, 3: 60.0}
    assert _night(0, [1, 2, 3], amounts).refit
    assert APPLIED[-1] == (FIRST, True, 3.0)
    _publish(FIRST)
    with warehouse.connect() as connection:
        row = connection.execute("select count(*), min(note), sum(share) from intermediate.stat_share").fetchone()
        assert row == (3, 'a "text", with all\nthat a cell may hold', pytest.approx(3.0))
        assert connection.execute("select refit from ops.next_publish").fetchone() == (True,)

    # the nights after: measured with the fit of the first, the night's customers only
    assert not _night(1, [1], {1: 90.0}).refit
    assert APPLIED[-1] == (FIRST, False, 3.0)
    _publish(FIRST + dt.timedelta(days=1))

    # due after seven days: on everybody's rows as they stand (90, 20, 30), published or not
    due = FIRST + dt.timedelta(days=7)
    for _ in range(2):  # a repeated night fits again, and finds the same
        assert _night(7, [3], {3: 30.0}).refit
        assert APPLIED[-1] == (due, True, round(140 / (140 / 3), 6))
    assert len(journeys.list_fits()) == 2
    assert [fit.is_live for fit in journeys.list_fits()] == [False, True]

    # the night is never published: another one is due instead, and its fits are not in force
    assert _night(8, [2], {2: 20.0}).refit
    assert [fit.export_date for fit in journeys.list_fits()] == [FIRST + dt.timedelta(days=8), FIRST]
    _publish(FIRST + dt.timedelta(days=8))
    assert not _night(9, [2], {2: 20.0}).refit
    assert APPLIED[-1][0] == FIRST + dt.timedelta(days=8)

    # rolled back: the fit before it is in force again, and a new one is due
    with warehouse.connect() as connection:
        connection.execute("update ops.publish_log set status = 'rolled_back' where publish_id = 3")
    assert _night(9, [2], {2: 20.0}).refit
    assert APPLIED[-1][:2] == (FIRST + dt.timedelta(days=9), True)


def test_another_method_or_other_rules_make_fits_due(project: Path) -> None:
    amounts = {1: 10.0}
    assert _night(0, [1], amounts).refit
    _publish(FIRST)
    assert not _night(1, [1], amounts).refit
    changed = Step("share", _fit, _apply, SHARE.tables, version=2)
    assert _night(1, [1], amounts, changed).refit
    (project / "seeds" / "stages.csv").write_text("stage_key\nnew\n")
    assert _night(1, [1], amounts).refit


def test_a_step_without_a_fit_and_a_table_that_changes(project: Path) -> None:
    def write(context: Context, fit: Fit | None) -> None:
        assert fit is None
        rows = context.read("select $1::integer as n union all select 2", [1])
        assert context.write("stat_plain", rows.rename({"n": "m"})) == 2

    plain = Step("plain", None, write, {"stat_plain": "m integer"})
    assert _night(0, [1], {1: 1.0}, plain).refit  # says since when the method is in use
    _publish(FIRST)
    assert not _night(1, [1], {1: 1.0}, Step("plain", None, write, {"stat_plain": "m bigint"})).refit


def test_a_night_that_was_not_built_is_refused(project: Path) -> None:
    _world({1: 1.0}, [1], FIRST)
    with pytest.raises(journeys.ComputeError, match=r"in preparation is 2026-03-01, not 2026-03-02"):
        journeys.compute("2026-03-02", steps=[])
    with warehouse.connect() as connection:
        connection.execute("delete from marts_next.affected_customers")
        connection.execute("insert into marts_next.affected_customers select gen_random_uuid(), 'order'")
    with pytest.raises(journeys.ComputeError, match="run the dbt layer marts first"):
        journeys.compute(FIRST, steps=[])
    assert os.environ["JOURNEYLINE_DBT_PROJECT"] == str(project)
