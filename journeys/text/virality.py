"""Early warning of a complaint that goes viral: the house formula per discussion and hour. Messages in, alerts out.

velocity v = messages of the discussion in the hour; growth g = v / (messages of the hour before + 1);
risk = max(z_v, 0) × share of negative messages × ln(1 + reach). z_v is the robust z of v among all active hours of all
discussions at the same hour of the week; share and reach are those of the 24 hours up to the hour's end. Reach is what
platforms estimate, and one person per author where they do not. An alert is raised where risk lies above its 99.9 %
quantile.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


LEAST_HOURS = 20  # active hours at the same hour of the week that tell what is usual then


@dataclass(frozen=True, slots=True)
class Rules:
    """quantile of risk; least messages in an hour; hours of silence that make a new alert of a discussion a new event;
    reach from which one message alone counts; minutes within which it should be answered."""

    quantile: float = 0.999
    least_messages: int = 3
    quiet_hours: int = 24
    influential_reach: int = 10_000
    answer_minutes: int = 60


def hourly_risk(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per discussion and active hour: velocity, growth, negative_share, reach, z_velocity, risk.

    messages: discussion_key, author (text), channel, occurred_at (UTC), is_negative (bool), reach (nullable integer).
    """
    import polars as pl

    hour = pl.col("occurred_at").dt.truncate("1h").alias("hour_at")
    cells = (
        messages.group_by("discussion_key", hour)
        .agg(
            pl.len().cast(pl.Int64).alias("velocity"),
            pl.col("is_negative").sum().cast(pl.Int64).alias("negative"),
            pl.col("reach").sum().fill_null(0).cast(pl.Int64).alias("known_reach"),
            pl.col("author").filter(pl.col("reach").is_null()).n_unique().cast(pl.Int64).alias("authors"),
            pl.col("channel").min().alias("channel"),
        )
        .sort("discussion_key", "hour_at")
    )
    day = cells.rolling("hour_at", period="24h", group_by="discussion_key").agg(
        pl.col("velocity").sum().alias("day_messages"),
        pl.col("negative").sum().alias("day_negative"),
        (pl.col("known_reach") + pl.col("authors")).sum().alias("reach"),
    )
    before = cells.select(
        "discussion_key", pl.col("hour_at") + pl.duration(hours=1), pl.col("velocity").alias("before")
    )
    week_hour = (pl.col("hour_at").dt.weekday() * 24 + pl.col("hour_at").dt.hour()).alias("week_hour")
    rows = (
        cells.join(day, on=["discussion_key", "hour_at"])
        .join(before, on=["discussion_key", "hour_at"], how="left")
        .with_columns(week_hour)
        .with_columns(_usual(pl.col("velocity")).alias("median"))
        .with_columns(_usual((pl.col("velocity") - pl.col("median")).abs()).alias("mad"))
    )
    spread = pl.max_horizontal(1.4826 * pl.col("mad"), pl.max_horizontal(pl.col("median"), pl.lit(1.0)).sqrt())
    return rows.with_columns(
        ((pl.col("velocity") - pl.col("median")) / spread).alias("z_velocity"),
        (pl.col("velocity") / (pl.col("before").fill_null(0) + 1)).alias("growth"),
        (pl.col("day_negative") / pl.col("day_messages")).alias("negative_share"),
    ).with_columns(
        (
            pl.max_horizontal(pl.col("z_velocity"), pl.lit(0.0))
            * pl.col("negative_share")
            * (1 + pl.col("reach")).log()
        ).alias("risk")
    ).sort("discussion_key", "hour_at")  # fmt: skip


def _usual(figure: pl.Expr) -> pl.Expr:
    """Median at the same hour of the week, or of all hours where that one was seldom active."""
    import polars as pl

    is_known = pl.len().over("week_hour") >= LEAST_HOURS
    return pl.when(is_known).then(figure.median().over("week_hour")).otherwise(figure.median())


def raise_alerts(
    messages: pl.DataFrame, since: dt.datetime, until: dt.datetime, rules: Rules = Rules()
) -> pl.DataFrame:
    """Alerts of hours that ended in (since, until]. messages: as hourly_risk, with touchpoint_id and answered_at.

    Columns: alert_id, kind (viral, unanswered), discussion_key, channel, raised_at, begun_at (first negative message of
    the day before), velocity, growth, risk, threshold, negative_share, reach.
    """
    import polars as pl

    messages = messages.filter(pl.col("occurred_at") < until)
    rows = hourly_risk(messages)
    threshold = rows["risk"].quantile(rules.quantile, "linear") if rows.height else None
    raised = rows.with_columns((pl.col("hour_at") + pl.duration(hours=1)).alias("raised_at")).filter(
        (pl.col("risk") > (threshold or 0.0)) & (pl.col("velocity") >= rules.least_messages)
    )
    quiet = pl.duration(hours=rules.quiet_hours)
    gap = pl.col("raised_at") - pl.col("raised_at").shift(1).over("discussion_key")
    viral = raised.sort("discussion_key", "raised_at").filter(gap.is_null() | (gap > quiet)).select(
        pl.lit("viral").alias("kind"), "discussion_key", "channel", "raised_at", "velocity", "growth", "risk",
        pl.lit(threshold, dtype=pl.Float64).alias("threshold"), "negative_share", "reach",
        pl.lit(None, dtype=pl.String).alias("touchpoint_id"),
    )  # fmt: skip
    due = (pl.col("occurred_at") + pl.duration(minutes=rules.answer_minutes)).alias("raised_at")
    unanswered = (
        messages.filter(pl.col("is_negative") & (pl.col("reach") >= rules.influential_reach))
        .with_columns(due)
        .filter(pl.col("answered_at").is_null() | (pl.col("answered_at") > pl.col("raised_at")))
        .select(
            pl.lit("unanswered").alias("kind"), "discussion_key", "channel", "raised_at",
            pl.lit(1, dtype=pl.Int64).alias("velocity"), pl.lit(None, dtype=pl.Float64).alias("growth"),
            pl.lit(None, dtype=pl.Float64).alias("risk"), pl.lit(None, dtype=pl.Float64).alias("threshold"),
            pl.lit(1.0).alias("negative_share"), pl.col("reach").cast(pl.Int64), "touchpoint_id",
        )
    )  # fmt: skip
    alerts = pl.concat([viral.with_columns(pl.col("reach").cast(pl.Int64)), unanswered]).filter(
        (pl.col("raised_at") > since) & (pl.col("raised_at") <= until)
    )
    began = (
        alerts.join(
            messages.filter("is_negative").select("discussion_key", "occurred_at"), on="discussion_key", how="left"
        )
        .filter(pl.col("occurred_at").is_between(pl.col("raised_at") - pl.duration(hours=25), pl.col("raised_at")))
        .group_by("kind", "discussion_key", "raised_at")
        .agg(pl.col("occurred_at").min().alias("begun_at"))
    )
    alerts = alerts.join(began, on=["kind", "discussion_key", "raised_at"], how="left")
    ids = [
        hashlib.md5("|".join(map(str, key)).encode(), usedforsecurity=False).hexdigest()
        for key in alerts.select(
            "kind", "discussion_key", pl.col("raised_at").dt.epoch("s"), "touchpoint_id"
        ).iter_rows()
    ]
    return alerts.with_columns(pl.Series("alert_id", ids, dtype=pl.String)).drop("touchpoint_id").sort("alert_id")
