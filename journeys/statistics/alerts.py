"""Step: complaints that may go viral. Alerts are events: what was once raised stays, whatever is learned later."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from journeys.steps import Context, Fit, Step

if TYPE_CHECKING:
    import polars as pl

WEEKS = 8
LATE_DAYS = 3  # messages may come so much later than they were written
COLUMNS = """
    alert_id uuid primary key,
    kind text not null,
    discussion_key uuid not null,
    channel text,
    raised_at timestamptz not null,
    begun_at timestamptz,
    velocity bigint not null,
    growth numeric(12, 4),
    risk numeric(14, 4),
    threshold numeric(14, 4),
    negative_share numeric(5, 4),
    reach bigint,
    first_response_at timestamptz,
    quiet_at timestamptz
"""
_KEPT = (
    "alert_id", "kind", "discussion_key", "channel", "raised_at", "begun_at", "velocity", "growth", "risk", "threshold",
    "negative_share", "reach",
)  # fmt: skip


def apply(context: Context, fitted: Fit | None) -> None:
    """Writes stat_alerts: the alerts that are published, and those of the hours since."""
    import polars as pl

    from journeys.text.virality import raise_alerts
    from warehouse.marts_tables import read_columns

    until = dt.datetime.combine(context.export_date + dt.timedelta(days=1), dt.time(), dt.UTC)
    since = until - dt.timedelta(weeks=WEEKS)
    columns = [
        "touchpoint_id::text as touchpoint_id", "discussion_key::text as discussion_key",
        "golden_customer_id::text as author", "channel", "occurred_at",
        "coalesce(sentiment_class = 'negative', false) or coalesce(intent = 'complaint', false) as is_negative",
        "reach", "answered_at",
    ]  # fmt: skip
    messages = context.fact(
        "fct_messages", columns, everybody=True,
        where=f"not is_bot and is_public and occurred_at >= timestamptz '{since.isoformat()}'"
        f" and occurred_at < timestamptz '{until.isoformat()}'",
    )  # fmt: skip
    earlier: pl.DataFrame | None = None
    if read_columns(context.connection, "marts", "fct_alerts"):
        stored = ", ".join(f"{name}::text" if name in ("alert_id", "discussion_key") else name for name in _KEPT)
        earlier = context.read(f"select {stored}, first_response_at, quiet_at from marts.fct_alerts")  # noqa: S608
    is_first = earlier is None or earlier.is_empty()
    alerts = raise_alerts(messages, since if is_first else until - dt.timedelta(days=LATE_DAYS), until)
    alerts = _answered(alerts, messages, until)
    if earlier is not None and not earlier.is_empty():
        kept = earlier.with_columns(pl.col("alert_id").str.replace_all("-", ""))
        open_ones = _answered(kept.drop("first_response_at", "quiet_at"), messages, until)
        # of discussions that are older than what was read, what was known before stands
        kept = kept.join(
            open_ones.select("alert_id", "first_response_at", "quiet_at"), on="alert_id", suffix="_now"
        ).with_columns(
            pl.coalesce("first_response_at", "first_response_at_now").alias("first_response_at"),
            pl.coalesce("quiet_at", "quiet_at_now").alias("quiet_at"),
        )
        alerts = pl.concat(
            [
                kept.select(pl.col(name).cast(kind) for name, kind in alerts.schema.items()),
                alerts.join(kept, on="alert_id", how="anti"),
            ]
        )
    context.write("stat_alerts", alerts.sort("alert_id"))


def _answered(alerts: pl.DataFrame, messages: pl.DataFrame, until: dt.datetime) -> pl.DataFrame:
    """first_response_at: the brand's first answer in the discussion to a message since the trouble began.
    quiet_at: two days after its last negative message, if they have passed.
    """
    import polars as pl

    of_alert = alerts.select("alert_id", "discussion_key", pl.coalesce("begun_at", "raised_at").alias("from_at")).join(
        messages, on="discussion_key", how="left"
    )
    found = of_alert.filter(pl.col("occurred_at") >= pl.col("from_at")).group_by("alert_id").agg(
        pl.col("answered_at").min().alias("first_response_at"),
        (pl.col("occurred_at").filter("is_negative").max() + pl.duration(hours=48)).alias("quiet_at"),
    )  # fmt: skip
    return alerts.join(found, on="alert_id", how="left").with_columns(
        pl.when(pl.col("quiet_at") <= until).then("quiet_at").alias("quiet_at")
    )


STEP = Step("alerts", fit=None, apply=apply, tables={"stat_alerts": COLUMNS})
