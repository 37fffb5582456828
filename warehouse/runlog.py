"""ops.run_log: what each step of a night did, when, in counts. Never values."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager

from warehouse.clock import as_date
from warehouse.connection import connect

Figures = dict[str, int | float | bool | str | None]


@contextmanager
def run_log(export_date: dt.date | str, step: str, subject: str | None = None) -> Iterator[Figures]:
    """Write a line when the block begins and complete it when it ends, whatever happens.

    Yields a dictionary: put the step's counts into it (and at most short words such as a status; never row values).
    """
    with connect(name=f"journeyline {step}") as connection:
        row = connection.execute(
            "insert into ops.run_log (export_date, step, subject, status) values (%s, %s, %s, 'running')"
            " returning run_log_id",
            (as_date(export_date), step, subject),
        ).fetchone()
    assert row is not None
    figures: Figures = {}
    status = "failed"
    try:
        yield figures
        status = "done"
    except BaseException as error:
        figures["error"] = type(error).__name__
        raise
    finally:
        with connect(name=f"journeyline {step}") as connection:
            connection.execute(
                "update ops.run_log set status = %s, figures = %s, finished_at = clock_timestamp() where"
                " run_log_id = %s",
                (status, json.dumps(figures), row[0]),
            )
