"""One night without Airflow: the same functions the DAG tasks call, one after another in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from stack.errors import NightFailedError

Say = Callable[[str], None]


def run_night(export_date: date, *, say: Say) -> None:
    """Run all steps; stops at the first failed audit, with everything that BI reads left as it was.

    Raises NightFailedError for a failed audit; errors of the rooms come through as they are.
    """
    import connectors
    from warehouse.sessions import shared_session

    with shared_session():  # opening a connection costs more than loading a small batch
        for platform in connectors.active_platforms():
            with _timed(f"pull {platform}", say):
                connectors.pull(platform, export_date)
    build_night(export_date, say=say)


def build_night(export_date: date, *, say: Say) -> None:
    """Everything after the pulls: persons, identities, journeys, marts, report. Raises as run_night."""
    import connectors
    import expectations
    import journeys
    import resolution
    import warehouse

    with _timed("build person records", say):
        connectors.prepare_tables()
        warehouse.run_dbt("persons", export_date)
    with _timed("resolve identities", say):
        run = resolution.resolve_night(export_date)
    with _timed("audit and accept identities", say):
        gate = expectations.audit_identities(run.run_id, raise_on_fail=False)
        if not gate.passed:
            resolution.discard_run(run.run_id, gate.message)
            raise NightFailedError(gate.message)
        resolution.accept_run(run.run_id)
    with _timed("build touchpoints", say):
        warehouse.run_dbt("touchpoints", export_date)
    with _timed("score messages", say):
        journeys.score_messages(export_date)
    build_marts(export_date, say=say)
    with _timed("write report and data docs", say):
        journeys.write_report(export_date)
        expectations.build_docs()


def build_marts(export_date: date, *, say: Say) -> None:
    """The marts of the customers that the night touches: built, audited, published. Raises as run_night.

    Also by itself, after a change of seeds or models: then everybody is touched.
    """
    import expectations
    import journeys
    import warehouse

    with _timed("find affected customers", say):
        affected = warehouse.find_affected(export_date)
    if affected or warehouse.channels_changed():
        with _timed(f"build marts of {affected:,} customers", say):
            warehouse.run_dbt("marts", export_date)
        with _timed("compute statistics", say):
            journeys.compute(export_date)
        with _timed("build answers", say):
            warehouse.run_dbt("answers", export_date)
        with _timed("audit and publish marts", say):
            marts = expectations.audit_marts(export_date, raise_on_fail=False)
            if not marts.passed:
                raise NightFailedError(marts.message)
            warehouse.publish(export_date)


@contextmanager
def _timed(step: str, say: Say) -> Iterator[None]:
    started = time.monotonic()
    yield
    say(f"  {step:<40} {time.monotonic() - started:6.1f} s")
