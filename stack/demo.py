"""`make run` and `make night`: a simulated brand, its nights, and what came out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

from stack import system
from stack.errors import StackError
from stack.nights import run_night
from stack.progress import progress
from stack.settings import stack_settings

Say = Callable[[str], None]


def run(*, customers: int, nights: int, history_days: int, seed: int, say: Say) -> None:
    """Simulate, run every night through Airflow, print the summary; Airflow is stopped, the warehouse stays up.

    Raises NightFailedError, ComponentError.
    """
    from stack import summary

    started = time.monotonic()
    wanted = {"customers": customers, "nights": nights, "history_days": history_days, "seed": seed}
    say(f"Journeyline: {customers:,} simulated customers, {history_days} days of history, {nights} nights")
    was_up = system.is_up()
    with ThreadPoolExecutor(1) as pool:
        simulation = pool.submit(prepare_exports, wanted)  # while Airflow starts
        running = system.up(watch=False, say=lambda text: say(f"  {text}"))
        dates, figures = simulation.result()
    say(f"  {figures}")
    say(f"  ready after {time.monotonic() - started:.0f} s; Airflow UI while this runs: {running.secrets.url}")
    try:
        with progress() as display:
            for night_date in dates:
                seconds = run_night(running.api, night_date, display)
                say(f"night {night_date} done in {seconds:.0f} s")
    finally:
        if not was_up:
            system.down(warehouse_too=False)
    summary.show(dates, _report_with_quality(dates[-1]), say=say)
    say(f"\nAll in {time.monotonic() - started:.0f} s.")


def night(export_date: date, *, with_airflow: bool, say: Say) -> None:
    """Run one night. Airflow is started for it when it is down, and then stopped again."""
    from stack import summary

    started = time.monotonic()
    if with_airflow:
        was_up = system.is_up()
        running = system.up(watch=False, say=lambda text: say(f"  {text}"))
        try:
            with progress() as display:
                run_night(running.api, export_date, display)
        finally:
            if not was_up:
                system.down(warehouse_too=False)
    else:
        from stack import direct

        system.prepare_warehouse()
        direct.run_night(export_date, say=say)
    say(f"night {export_date} done in {time.monotonic() - started:.1f} s")
    summary.show_night(export_date, say=say)


def _report_with_quality(export_date: date) -> dict[str, float]:
    """Write the last night's report again, now with the match quality that only a simulation can know; returns that.

    Keys as in resolution's Evaluation; `findable_…`: recall among the pairs that the exports allow to be found.
    """
    import journeys
    import warehouse
    from resolution.measure import evaluate_warehouse

    truth = warehouse.settings().exports / "_truth"
    reports = stack_settings().home / "reports"
    evaluation = evaluate_warehouse(truth)
    figures = evaluation.persons.to_dict()
    if evaluation.findable is not None:
        figures["findable_pairwise_recall"] = evaluation.findable.pairwise_recall
        figures["findable_bcubed_recall"] = evaluation.findable.bcubed_recall
    (reports / f"evaluation-{export_date}.json").write_text(json.dumps(figures))
    journeys.write_report(export_date)
    return figures


def report(export_date: date | None) -> Path:
    """Write the report of a published night (None: the newest) and return its path."""
    import journeys

    found = export_date or newest_published()
    if found is None:
        raise StackError("Nothing is published yet, so there is nothing to report: `make run`, or `make night DATE=…`.")
    return Path(journeys.write_report(found))


def newest_published() -> date | None:
    """Export date of the newest live publish; None before the first."""
    import warehouse

    system.prepare_warehouse()
    with warehouse.connect(name="journeyline report") as connection:
        row = connection.execute("select max(export_date) from ops.publish_log where status = 'live'").fetchone()
    return row[0] if row else None


def prepare_exports(wanted: dict[str, int]) -> tuple[list[date], str]:
    """The exports of the simulated brand, made once per home; returns its nights and a line about them.

    Raises StackError when this home holds exports of other settings: their customers would be mixed.
    """
    import warehouse
    from connectors.catalogue import active_platforms
    from simulator import SimulationSettings, simulate
    from simulator.exports import PLUGS
    from simulator.settings import CORE

    settings = stack_settings()
    marker = settings.home / "simulation.json"
    exports = warehouse.settings().exports
    simulation = SimulationSettings(
        customers=wanted["customers"], nights=wanted["nights"], history_days=wanted["history_days"],
        seed=wanted["seed"], output=exports,
        platforms=tuple(name for name in (*CORE, *PLUGS) if name in active_platforms()),
    )  # fmt: skip
    dates = [simulation.night_date(number) for number in range(simulation.nights)]
    known: Any = json.loads(marker.read_text()) if marker.exists() else None
    if known == wanted:
        return dates, f"the exports are in {exports} already: these nights were run before and should change nothing"
    if known is not None or (exports.exists() and any(exports.iterdir())):
        held = f"the simulated brand {known}" if known else "other exports"
        raise StackError(
            f"{exports} already holds {held}, whose customers are in the warehouse of {settings.home}."
            " Run `make clean` first, or choose another JOURNEYLINE_HOME."
        )
    outcome = simulate(simulation)
    settings.home.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps(wanted))
    platforms = len({item.platform for item in outcome.objects})
    return (
        dates,
        f"{outcome.rows:,} export rows of {platforms} platforms in {outcome.files} files written in"
        f" {outcome.seconds:.0f} s",
    )
