"""Step: what each intervention of the calendar lifted, beside what it left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from journeys.steps import Context, Fit, Step

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

TABLES = {
    "stat_intervention_lifts": "event_id text not null, metric_code text not null, lift double precision,"
    " lift_low double precision, lift_high double precision, treated_before double precision,"
    " treated_after double precision, control_before double precision, control_after double precision,"
    " days_before integer not null, days_after integer not null, reason text, primary key (event_id, metric_code)"
}
WINDOW_DAYS = 90  # on either side; a shorter history, or the intervention's end, makes it shorter


def apply(context: Context, fit: Fit | None) -> None:
    """Daily figures of treated and control around each intervention → lift with interval."""
    import polars as pl

    events = context.fact(
        "dim_event_calendar",
        ["event_id", "starts_date", "ends_at", "channel", "campaigns", "control_channel", "control_campaigns"],
        everybody=False, where="event_kind = 'intervention'",
    ).sort("event_id")  # fmt: skip
    found: list[dict[str, Any]] = []
    if not events.is_empty():
        days = context.fact(
            "fct_metric_hours", ["metric_code", "channel", "campaign", "metric_date", "metric_value"], everybody=False
        )
        for event in events.iter_rows(named=True):
            found += _event(context, event, days)
    schema: dict[str, Any] = {
        "event_id": pl.String, "metric_code": pl.String, "lift": pl.Float64, "lift_low": pl.Float64,
        "lift_high": pl.Float64, "treated_before": pl.Float64, "treated_after": pl.Float64,
        "control_before": pl.Float64, "control_after": pl.Float64, "days_before": pl.Int32, "days_after": pl.Int32,
        "reason": pl.String,
    }  # fmt: skip
    context.write("stat_intervention_lifts", pl.DataFrame(found, schema=schema, orient="row"))


def _event(context: Context, event: dict[str, Any], days: pl.DataFrame) -> list[dict[str, Any]]:
    """One row per metric of which the treated side has any figures."""
    import datetime as dt

    import polars as pl

    from journeys.signals.lift import measure_lift

    begins = event["starts_date"]
    first = max(days["metric_date"].min(), begins - dt.timedelta(days=WINDOW_DAYS))
    last = min(context.export_date, begins + dt.timedelta(days=WINDOW_DAYS - 1))
    if event["ends_at"] is not None:
        last = min(last, event["ends_at"].date() - dt.timedelta(days=1))
    if last < begins or begins <= first:
        return []
    span = days.filter(pl.col("metric_date").is_between(first, last))
    treated = _side(span, event["channel"], event["campaigns"])
    control = _side(span, event["control_channel"], event["control_campaigns"])
    rows = []
    for metric in sorted(treated["metric_code"].unique().to_list()):
        a = _series(treated, metric, first, last)
        has_control = bool(event["control_channel"] or event["control_campaigns"])
        b = _series(control, metric, first, last) if has_control else None
        lift = measure_lift(a, b, (begins - first).days)
        rows.append({
            "event_id": event["event_id"], "metric_code": metric, "lift": lift.lift, "lift_low": lift.low,
            "lift_high": lift.high, "treated_before": lift.treated_before, "treated_after": lift.treated_after,
            "control_before": lift.control_before, "control_after": lift.control_after,
            "days_before": lift.days_before, "days_after": lift.days_after, "reason": lift.reason,
        })  # fmt: skip
    return rows


def _side(days: pl.DataFrame, channel: str | None, campaigns: list[str] | None) -> pl.DataFrame:
    import polars as pl

    if channel:
        days = days.filter(pl.col("channel") == channel)
    if campaigns:
        days = days.filter(pl.col("campaign").is_in(campaigns))
    return days


def _series(days: pl.DataFrame, metric: str, first: Any, last: Any) -> np.ndarray:
    """Daily sums from first to last; a day without rows is nought."""
    import numpy as np
    import polars as pl

    mine = days.filter(pl.col("metric_code") == metric).group_by("metric_date").agg(pl.col("metric_value").sum())
    values = np.zeros((last - first).days + 1)
    place = mine.select((pl.col("metric_date") - pl.lit(first)).dt.total_days())["metric_date"].to_numpy()
    values[place] = mine["metric_value"].cast(float).to_numpy()
    return values


STEP = Step("lifts", None, apply, TABLES)
