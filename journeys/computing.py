"""Between the dbt layers `marts` and `answers`: statistics that need Python, fitted when due, applied every night."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from journeys import fits
from journeys.errors import ComputeError
from journeys.steps import Context, Step

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ComputeResult:
    """What was computed. refit: fits were made anew; seconds: step → processor time of this process."""

    export_date: dt.date
    affected: int
    refit: bool
    seconds: Mapping[str, float]


def compute(export_date: dt.date | str, *, steps: Sequence[Step] | None = None) -> ComputeResult:
    """Compute the statistics of the night in preparation, from its facts and the published rest.

    steps: for tests and work by hand; by default all of journeys.statistics.
    Marks the night as one of fitting (ops.next_publish.refit), which the layer `answers` and publish read.
    Raises ComputeError when the layer `marts` was not built for this night.
    """
    import warehouse
    from journeys.statistics import all_steps
    from warehouse.sessions import shared_session

    wanted = all_steps() if steps is None else tuple(steps)
    with warehouse.night_lock("journeys:compute", wait_seconds=60):
        with warehouse.connect(name="journeyline compute") as connection:
            night, affected = _check(connection, export_date)
        with warehouse.run_log(night, "compute") as figures:
            with shared_session(), warehouse.connect(name="journeyline compute") as connection:
                result = _run(connection, wanted, night, affected)
            figures.update(outcome="computed", affected=affected, refit=result.refit, steps=len(wanted))
    return result


def _check(connection: psycopg.Connection[Any], export_date: dt.date | str) -> tuple[dt.date, int]:
    from warehouse.affected import read_affected
    from warehouse.clock import night_clock
    from warehouse.watermarks import read_sources, read_watermarks

    date = night_clock(connection, export_date)
    night = read_affected(connection)
    if night.export_date != date:
        raise ComputeError(
            f"The night in preparation is {night.export_date}, not {date}: find the affected customers of {date} and"
            " build the marts first."
        )
    if night.affected:
        built, now = read_watermarks(connection, "dbt:marts"), read_sources(connection, "marts")
        if (built.get("affected"), built.get("affected_count")) != (now["affected"], now["affected_count"]):
            raise ComputeError("marts_next holds other customers than this night's: run the dbt layer marts first.")
    return date, night.affected


def _run(connection: psycopg.Connection[Any], steps: Sequence[Step], night: dt.date, affected: int) -> ComputeResult:
    import warehouse
    from warehouse.dbt_vars import project_vars
    from warehouse.watermarks import write_watermarks

    settings, rules = project_vars(), warehouse.rules_hash()
    for step in steps:
        ensure_tables(connection, step.tables)
    refit = fits.is_due(connection, steps, night, int(settings["fit_days"]), rules)
    fits.forget_unpublished(connection)
    connection.execute("update ops.next_publish set refit = %s", (refit,))
    context = Context(connection, night, refit, settings)
    seconds = {}
    for step in steps:
        began = time.process_time()
        if refit:
            made = step.fit(context) if step.fit else None
            fits.store(connection, step, night, rules, made, time.process_time() - began)
        step.apply(context, fits.in_force(connection, step, night))
        seconds[step.name] = time.process_time() - began
        connection.commit()  # the next step may read this one's tables
        log.info("step %s: %.1f s%s", step.name, seconds[step.name], ", fitted" if refit else "")
    row = connection.execute("select nextval('ops.build_seq')").fetchone()
    write_watermarks(connection, "journeys", {"computed": int(row[0]) if row else 0})
    return ComputeResult(night, affected, refit, seconds)


def ensure_tables(connection: psycopg.Connection[Any], tables: Mapping[str, str]) -> None:
    """Make the tables of a step in schema intermediate; one whose columns changed is made again, empty."""
    from psycopg import sql

    for name, columns in sorted(tables.items()):
        mark = f"Written by python -m journeys compute ({hashlib.sha256(columns.encode()).hexdigest()[:12]})"
        target = sql.Identifier("intermediate", name)
        row = connection.execute(
            "select obj_description(to_regclass(%s), 'pg_class')", (f'intermediate."{name}"',)
        ).fetchone()
        if row == (mark,):
            continue
        connection.execute(sql.SQL("drop table if exists {} cascade").format(target))
        connection.execute(sql.SQL("create table {} ({})").format(target, sql.SQL(columns)))
        connection.execute(sql.SQL("comment on table {} is {}").format(target, sql.Literal(mark)))


def prepare_tables() -> None:
    """The tables of all steps, empty where they are new: dbt's unit tests look at their columns."""
    import warehouse
    from journeys.statistics import all_steps

    with warehouse.connect(name="journeyline compute") as connection:
        for step in all_steps():
            ensure_tables(connection, step.tables)
