"""What every workflow shares: defaults, the assets, and how a run learns which night it works on."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.sdk import Asset, Param, get_current_context

from dags._alerts import notify

if TYPE_CHECKING:
    from airflow.sdk import Context

GOLDEN_CUSTOMERS = Asset("identity/golden_customers")
MARTS = Asset("marts/published")

START = pendulum.datetime(2024, 1, 1, tz="UTC")  # nights from here on can be backfilled


def raw_asset(platform: str) -> Asset:
    """What a pull announces: the platform's raw tables stand at its night."""
    return Asset(f"raw/{platform}")


def alert(context: Context) -> None:
    """Say in plain words which task of which night failed."""
    ti = context["ti"]
    notify(
        f"Journeyline: {ti.dag_id} / {ti.task_id} failed on try {ti.try_number} (night {night(context)}). "
        f"BI keeps the last published marts until a later night is published. Reason: see the log of run {ti.run_id}."
    )


def warn_of_missing(platform: str, objects: list[str], export_date: date) -> None:
    """Say that exports did not come. The night goes on with what is there, so nothing fails."""
    notify(
        f"Journeyline: {platform} sent no {', no '.join(objects)} for the night {export_date}. The night goes on "
        f"without. When the export has come, run pull_{platform} for {export_date} again.",
        logging.WARNING,
    )


# Infrastructure errors (a lost connection, a full disk) are worth another try; a failed audit raises
# AirflowFailException and is not tried again.
DEFAULTS: dict[str, Any] = {
    "owner": "data-platform",
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=15),
    "execution_timeout": timedelta(hours=2),
    "on_failure_callback": alert,
}

NIGHT = {
    "export_date": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Export date",
        description="Night to work on, YYYY-MM-DD. Empty: the night the run was started for.",
    )
}


def night(context: Context | None = None) -> date:
    """Export date of this run: given by hand, else by the assets that started it, else by the clock.

    Several asset events (a backfill that ran ahead) are one night: the newest of them.
    """
    context = context or get_current_context()
    if given := context["params"].get("export_date"):
        return date.fromisoformat(given)
    events = context.get("triggering_asset_events") or {}
    dates = [event.extra["export_date"] for found in events.values() for event in found if "export_date" in event.extra]
    if dates:
        return date.fromisoformat(max(dates))
    moment = context["dag_run"].data_interval_start or context["dag_run"].run_after
    return date(moment.year, moment.month, moment.day)


def started_by_clock() -> bool:
    """Whether the schedule's time started this run (not an asset, not a person)."""
    return bool(get_current_context()["dag_run"].run_type == "scheduled")


def tries_left() -> bool:
    """Whether this task would be tried again if it failed now."""
    ti = get_current_context()["ti"]
    return bool(ti.try_number <= ti.max_tries)
