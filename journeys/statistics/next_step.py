"""Next best step: counted on everybody when fits are due, kept with the fit, written every night as it was counted."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from journeys.steps import Context, Fit, Step

if TYPE_CHECKING:
    import polars as pl

COLUMNS = """
    stage_key text not null,
    persona_code text not null,
    channel text not null,
    next_stage_key text not null,
    as_of_date date not null,
    horizon_days integer not null,
    n_from integer not null,
    n integer not null,
    base_share double precision,
    share double precision,
    share_low double precision,
    share_high double precision,
    shrunken_share double precision,
    lift double precision,
    order_share double precision,
    cell_order_share double precision,
    order_gain double precision,
    median_days double precision,
    is_suppressed boolean not null,
    is_best_next_step boolean,
    primary key (stage_key, persona_code, channel, next_stage_key)
"""
ALL = "(all)"

# The next entry of an episode is always in another stage. Joined by one key: with several, Postgres expects few rows.
_COUNTS = """
with entries as materialized (
    select e.golden_customer_id, e.stage_key, e.next_stage_key, e.entered_at, e.left_at, e.entered_by_touchpoint_id
    from {entries} as e
    where e.entered_at < timestamptz '{end}' - interval '{days} days'
),
ordering as (
    select distinct e.entered_by_touchpoint_id
    from entries as e
    join {orders} as o on o.golden_customer_id = e.golden_customer_id
    where o.is_counted and o.ordered_at > e.entered_at and o.ordered_at <= e.entered_at + interval '{days} days'
)
select e.stage_key as stage, coalesce(p.persona_code, 'unknown') as persona,
    coalesce(t.channel, '(unknown)') as channel,
    case when e.left_at <= e.entered_at + interval '{days} days' then e.next_stage_key else '(none)' end as next,
    count(*) as n, count(o.entered_by_touchpoint_id) as ordered
from entries as e
left join {personas} as p on e.golden_customer_id = p.golden_customer_id
left join {touchpoints} as t on e.entered_by_touchpoint_id = t.touchpoint_id
left join ordering as o on e.entered_by_touchpoint_id = o.entered_by_touchpoint_id
group by 1, 2, 3, 4
"""
_TIMES = """
select e.stage_key as stage, e.next_stage_key as next,
    floor(extract(epoch from least(coalesce(e.left_at, timestamptz '{end}'), timestamptz '{end}') - e.entered_at)
        / 86400)::int as day,
    count(*) as n
from {entries} as e
where e.entered_at < timestamptz '{end}'
group by 1, 2, 3
"""


def fit(context: Context) -> Fit | None:
    """All cells, as they stand tonight; None before the first stage entry is old enough."""
    import polars as pl

    from journeys.value import nextstep

    days = int(context.vars["next_step_days"])
    zone = str(context.vars["reporting_timezone"])
    end = end_of_day(context.export_date, zone)
    names = {
        "entries": context.relation("fct_stage_entries", everybody=True),
        "personas": context.relation("customer_persona", everybody=True),
        "touchpoints": context.relation("fct_touchpoints", everybody=True),
        "orders": context.relation("fct_orders", everybody=True),
    }
    counts = context.read(_COUNTS.format(**names, end=end.isoformat(), days=days))
    if not len(counts):
        return None
    # headlines: the whole stage, and each persona over all channels
    wide = [
        counts,
        counts.with_columns(channel=pl.lit(ALL)),
        counts.with_columns(channel=pl.lit(ALL), persona=pl.lit(ALL)),
    ]
    cells = pl.concat(wide).group_by("stage", "persona", "channel", "next").agg(pl.col("n", "ordered").sum())
    rows = pl.concat(
        nextstep.next_steps(part)
        for part in (
            cells.filter(pl.col("persona") == ALL),
            cells.filter((pl.col("persona") != ALL) & (pl.col("channel") == ALL)),
            cells.filter(pl.col("channel") != ALL),
        )
        if len(part)
    )
    times = context.read(_TIMES.format(**names, end=end.isoformat(), days=days))
    rows = rows.join(_medians(times), on=["stage", "next"], how="left")
    numbers = [name for name, kind in rows.schema.items() if kind == pl.Float64]
    rows = rows.drop("ordered").with_columns(pl.col(numbers).round(6)).sort("stage", "persona", "channel", "next")
    parameters: dict[str, Any] = {"horizon_days": days, "columns": rows.columns, "rows": [list(r) for r in rows.rows()]}
    return Fit(parameters, {"entries": int(counts["n"].sum()), "cells": len(rows)})


def end_of_day(day: dt.date, zone: str) -> dt.datetime:
    """The end of a local day, in UTC."""
    from zoneinfo import ZoneInfo

    local = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=ZoneInfo(zone))
    return local.astimezone(dt.UTC)


def _medians(times: pl.DataFrame) -> pl.DataFrame:
    """Kaplan-Meier median of every pair of stages; times: stage, next (null = open), day, n."""
    import polars as pl

    from journeys.value import nextstep

    found = []
    for (stage,), here in times.sort("stage", "day").group_by("stage", maintain_order=True):
        for target in here["next"].drop_nulls().unique().sort():
            is_move = (pl.col("next") == target).fill_null(value=False)
            by_day = here.group_by("day").agg(
                pl.col("n").filter(is_move).sum().alias("moved"), pl.col("n").filter(~is_move).sum().alias("left")
            )
            columns = (by_day[c].to_numpy().astype(float) for c in ("day", "moved", "left"))
            found.append({"stage": stage, "next": target, "median_days": nextstep.median_days(*columns)})
    return pl.DataFrame(found, schema={"stage": pl.String, "next": pl.String, "median_days": pl.Float64})


def apply(context: Context, fitted: Fit | None) -> None:
    """The fit's cells, whole: a rolled-back night's counts go with its fit."""
    import polars as pl

    if fitted is None:
        context.connection.execute("truncate intermediate.stat_next_step")
        return
    p = fitted.parameters
    rows = pl.DataFrame(p["rows"], schema=p["columns"], orient="row", infer_schema_length=None)
    rows = rows.rename(
        {
            "stage": "stage_key",
            "persona": "persona_code",
            "next": "next_stage_key",
            "low": "share_low",
            "high": "share_high",
        }
    ).with_columns(
        pl.col("n", "n_from").cast(pl.Int32),
        pl.lit(fitted.as_of_date).alias("as_of_date"),
        pl.lit(p["horizon_days"], pl.Int32).alias("horizon_days"),
        *(pl.col(c).cast(pl.Float64) for c in ("order_share", "order_gain", "cell_order_share", "median_days")),
    )
    context.write("stat_next_step", rows)


STEP = Step("next_step", fit, apply, {"stat_next_step": COLUMNS})
