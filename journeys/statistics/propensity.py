"""Propensity: how likely a customer reaches a macro stage, or orders, within the next days.

Logistic regressions on behaviour up to a day. They are judged before they are used: fitted on one period, compared with
what happened in the next, and only then fitted on the later of the two for tonight's customers.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from journeys.statistics.next_step import end_of_day
from journeys.steps import Context, Fit, Step

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

ORDERING = "(order)"  # an order of any number; macro stages have their own names
FIT_SHARE = 256  # of 256: customers that a fit looks at; fewer where there are very many
FIT_CUSTOMERS = 200_000
COLUMNS = """
    golden_customer_id uuid not null,
    target_stage text not null,
    as_of_date date not null,
    horizon_days integer not null,
    probability double precision not null,
    base_rate double precision not null,
    primary key (golden_customer_id, target_stage)
"""
CALIBRATION = """
    target_stage text not null,
    bin smallint not null,
    horizon_days integer not null,
    fitted_as_of_date date not null,
    evaluated_as_of_date date not null,
    n integer not null,
    hits integer not null,
    predicted_mean double precision not null,
    observed_rate double precision not null,
    rate_low double precision not null,
    rate_high double precision not null,
    brier double precision not null,
    brier_of_base_rate double precision not null,
    primary key (target_stage, bin)
"""
FEATURES = (
    "silent_days", "age_days", "touches", "touches_30", "touches_7", "visits", "choosing", "choosing_30", "engagement",
    "service", "orders", "orders_90", "order_silent_days", "has_order",
)  # fmt: skip

# Everything before `end`, of customers who did something in the last days that count.
_FEATURES = """
with touches as (
    select t.golden_customer_id,
        extract(epoch from timestamptz '{end}' - max(t.occurred_at)) / 86400 as silent_days,
        extract(epoch from timestamptz '{end}' - min(t.occurred_at)) / 86400 as age_days,
        count(*) as touches,
        count(*) filter (where t.occurred_at >= timestamptz '{end}' - interval '30 days') as touches_30,
        count(*) filter (where t.occurred_at >= timestamptz '{end}' - interval '7 days') as touches_7,
        count(*) filter (where t.is_visit_start) as visits,
        count(*) filter (where s.persona_signal = 'choosing') as choosing,
        count(*) filter (where s.persona_signal = 'choosing'
            and t.occurred_at >= timestamptz '{end}' - interval '30 days') as choosing_30,
        count(*) filter (where s.persona_signal = 'engagement') as engagement,
        count(*) filter (where t.stage_key in (
            select stage_key from intermediate.stages as s inner join intermediate.taxonomies as x
                on s.taxonomy_version = x.taxonomy_version and x.is_in_force where s.is_service)) as service
    from {touchpoints} as t
    left join intermediate.persona_signals as s on t.touchpoint_type = s.touchpoint_type
    where t.occurred_at < timestamptz '{end}' and not t.is_bot and t.direction = 'inbound' and {sample}
    group by 1
    having max(t.occurred_at) >= timestamptz '{end}' - interval '{active} days'
),
orders as (
    select o.golden_customer_id, count(*) as orders,
        count(*) filter (where o.ordered_at >= timestamptz '{end}' - interval '90 days') as orders_90,
        extract(epoch from timestamptz '{end}' - max(o.ordered_at)) / 86400 as order_silent_days
    from {orders} as o
    where o.is_counted and o.ordered_at < timestamptz '{end}'
    group by 1
)
select t.*, coalesce(o.orders, 0) as orders, coalesce(o.orders_90, 0) as orders_90,
    coalesce(o.order_silent_days, 0) as order_silent_days, (o.orders is not null)::int as has_order
from touches as t
left join orders as o on t.golden_customer_id = o.golden_customer_id
"""
_OUTCOMES = """
select e.golden_customer_id, e.macro_stage as target
from {entries} as e
where e.entered_at >= timestamptz '{end}' and e.entered_at < timestamptz '{end}' + interval '{days} days'
group by 1, 2
union all
select o.golden_customer_id, '(order)'
from {orders} as o
where o.is_counted and o.ordered_at >= timestamptz '{end}'
    and o.ordered_at < timestamptz '{end}' + interval '{days} days'
group by 1
"""


def _features(
    context: Context, as_of: dt.date, *, everybody: bool | None = None, share: int = FIT_SHARE
) -> pl.DataFrame:
    sample = "true" if share >= FIT_SHARE else f"get_byte(uuid_send(t.golden_customer_id), 15) < {share}"
    query = _FEATURES.format(
        end=end_of_day(as_of, str(context.vars["reporting_timezone"])).isoformat(),
        touchpoints=context.relation("fct_touchpoints", everybody=everybody),
        orders=context.relation("fct_orders", everybody=everybody),
        sample=sample,
        active=int(context.vars["propensity_active_days"]),
    )
    return context.read(query)


def _matrix(rows: pl.DataFrame) -> np.ndarray:
    """Features as logarithms, shape (customers, features): what matters is the order of magnitude."""
    import numpy as np

    return np.log1p(np.maximum(rows.select(FEATURES).to_numpy().astype(np.float64), 0.0))


def _happened(context: Context, rows: pl.DataFrame, as_of: dt.date, targets: list[str], days: int) -> np.ndarray:
    """Whether each customer reached each target in the days after a day, shape (customers, targets)."""
    import numpy as np
    import polars as pl

    query = _OUTCOMES.format(
        end=end_of_day(as_of, str(context.vars["reporting_timezone"])).isoformat(),
        entries=context.relation("fct_stage_entries", everybody=True),
        orders=context.relation("fct_orders", everybody=True),
        days=days,
    )
    found = context.read(query).with_columns(hit=pl.lit(1.0))
    columns = []
    for target in targets:
        here = found.filter(pl.col("target") == target).select("golden_customer_id", "hit")
        joined = rows.select("golden_customer_id").join(
            here, on="golden_customer_id", how="left", maintain_order="left"
        )
        columns.append(joined["hit"].fill_null(0.0).to_numpy())
    return np.column_stack(columns)


def _targets(context: Context) -> list[str]:
    """Macro stages after the first, in the order of the taxonomy, and an order."""
    rows = context.read(
        "select s.macro_stage from intermediate.stages as s join intermediate.taxonomies as x on"
        " s.taxonomy_version = x.taxonomy_version and x.is_in_force group by 1 order by min(s.macro_order)"
    )
    return [*rows["macro_stage"].to_list()[1:], ORDERING]


def fit(context: Context) -> Fit | None:
    """One regression per target; None while fewer than two whole periods have passed since the first touchpoint."""
    from journeys.value import logistic, shares

    days = int(context.vars["propensity_days"])
    later, earlier = (context.export_date - dt.timedelta(days=k * days) for k in (1, 2))
    # in order of ids: sums of floats must not depend on how Postgres reads
    count = int(
        context.read(f"select count(*) as n from {context.relation('dim_customers', everybody=True)} as c")["n"][0]  # noqa: S608
    )
    share = max(1, min(FIT_SHARE, FIT_SHARE * FIT_CUSTOMERS // max(count, 1)))
    before = _features(context, earlier, everybody=True, share=share).sort("golden_customer_id")
    after = _features(context, later, everybody=True, share=share).sort("golden_customer_id")
    if len(before) < 100:
        return None
    targets = _targets(context)
    x_before, x_after = _matrix(before), _matrix(after)
    y_before = _happened(context, before, earlier, targets, days)
    y_after = _happened(context, after, later, targets, days)
    models, judged = {}, []
    for place, target in enumerate(targets):
        trial = logistic.fit(x_before, y_before[:, place])
        predicted, happened = logistic.predict(trial, x_after), y_after[:, place]
        base = float(y_before[:, place].mean())
        judged.append({
            "target": target,
            "customers": len(after),
            "brier": shares.brier(predicted, happened),
            "brier_of_base_rate": shares.brier(x_after[:, 0] * 0 + base, happened),
            "bins": shares.calibration(predicted, happened),
        })  # fmt: skip
        final = logistic.fit(x_after, happened)
        models[target] = {
            "coefficients": final.coefficients.tolist(),
            "mean": final.mean.tolist(),
            "deviation": final.deviation.tolist(),
            "base_rate": float(happened.mean()),
        }
    parameters = {"horizon_days": days, "features": list(FEATURES), "models": models}
    evaluation = {
        "fitted_as_of": earlier.isoformat(),
        "evaluated_as_of": later.isoformat(),
        "share_of_customers": round(share / FIT_SHARE, 4),
        "targets": judged,
    }
    return Fit(parameters, evaluation)


def apply(context: Context, fitted: Fit | None) -> None:
    """Probabilities of the night's active customers as of the fit's date, and the calibration table of the fit."""
    import numpy as np
    import polars as pl

    from journeys.value import logistic

    if fitted is None or fitted.as_of_date is None:
        context.connection.execute("truncate intermediate.stat_propensity, intermediate.stat_propensity_calibration")
        return
    days = fitted.parameters["horizon_days"]
    rows = _features(context, fitted.as_of_date)
    x, parts = _matrix(rows), []
    for target, m in fitted.parameters["models"].items():
        model = logistic.Logistic(*(np.asarray(m[k]) for k in ("coefficients", "mean", "deviation")))
        parts.append(
            rows.select("golden_customer_id").with_columns(
                pl.lit(target).alias("target_stage"),
                pl.lit(fitted.as_of_date).alias("as_of_date"),
                pl.lit(days, pl.Int32).alias("horizon_days"),
                pl.Series("probability", logistic.predict(model, x)),
                pl.lit(m["base_rate"]).alias("base_rate"),
            )
        )
    context.write("stat_propensity", pl.concat(parts))
    context.write("stat_propensity_calibration", _calibration(fitted.evaluation, days))


def _calibration(evaluation: dict[str, Any], days: int) -> pl.DataFrame:
    import polars as pl

    dates = {f"{k}_as_of_date": dt.date.fromisoformat(evaluation[f"{k}_as_of"]) for k in ("fitted", "evaluated")}
    rows = [
        {
            "target_stage": t["target"], "horizon_days": days, **dates, "brier": t["brier"],
            "brier_of_base_rate": t["brier_of_base_rate"], "rate_low": b["low"], "rate_high": b["high"],
            **{k: b[k] for k in ("bin", "n", "hits", "predicted_mean", "observed_rate")},
        }
        for t in evaluation["targets"]
        for b in t["bins"]
    ]  # fmt: skip
    return pl.DataFrame(
        rows, schema_overrides={"bin": pl.Int16, "n": pl.Int32, "hits": pl.Int32, "horizon_days": pl.Int32}
    )


STEP = Step("propensity", fit, apply, {"stat_propensity": COLUMNS, "stat_propensity_calibration": CALIBRATION})
