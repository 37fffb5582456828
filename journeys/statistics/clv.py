"""Customer lifetime value: BG/NBD and Gamma-Gamma fitted on everybody, applied to the night's customers.

Evaluation: the models are fitted a second time on what was known a quarter of the observed time (at most half a year)
earlier, and their forecast compared with the repeat purchases since, by frequency.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from journeys.steps import Context, Fit, Step

if TYPE_CHECKING:
    import polars as pl

    from journeys.value.purchases import Purchases

HORIZONS = (90, 180, 365)
FIT_TRIPLES = 30_000  # distinct histories that a fit looks at: beyond, a seeded sample says the same
SMALLEST = 20  # customers with a repeat purchase: below, the likelihood has no clear top
MONTHS = 12
COLUMNS = """
    golden_customer_id uuid primary key,
    as_of_date date not null,
    first_order_date date not null,
    repeat_count integer not null,
    recency_weeks double precision not null,
    age_weeks double precision not null,
    mean_repeat_amount double precision,
    p_alive double precision,
    expected_orders_90 double precision,
    expected_orders_180 double precision,
    expected_orders_365 double precision,
    expected_order_amount double precision,
    clv_amount double precision,
    clv_decile smallint
"""


def _orders(context: Context, *, everybody: bool | None = None) -> pl.DataFrame:
    return context.fact(
        "fct_orders",
        # whole cents: their sum does not depend on the order of rows
        [
            "golden_customer_id",
            "ordered_date",
            "(100 * (total_reporting_amount - refunded_reporting_amount))::bigint as cents",
        ],
        everybody=everybody,
        where="is_counted",
    )


def _summary(orders: pl.DataFrame, as_of: dt.date) -> tuple[pl.DataFrame, Purchases]:
    """Customers (in order of their ids) and their purchase histories up to a day."""
    import polars as pl

    from journeys.value.purchases import summarise

    known = orders.filter(pl.col("ordered_date") <= as_of)
    numbered = known.with_columns(pl.col("golden_customer_id").rank("dense").cast(pl.Int64).alias("n"))
    customers = numbered.group_by("n").agg(
        pl.col("golden_customer_id").first(), pl.col("ordered_date").min().alias("first_order_date")
    )
    days = numbered["ordered_date"].cast(pl.Int32).to_numpy().astype("int64")
    end = (as_of - dt.date(1970, 1, 1)).days
    p = summarise(numbered["n"].to_numpy(), days, numbered["cents"].to_numpy().astype("float64"), end=end)
    return customers.sort("n").drop("n"), replace(p, mean_value=p.mean_value / 100)


def fit(context: Context) -> Fit | None:
    """Parameters of both models; None while too few have bought twice to estimate them."""
    import numpy as np

    from journeys.value import bgnbd, gamma_gamma, lifetime

    orders = _orders(context, everybody=True)
    if not len(orders):
        return None
    _, p = _summary(orders, context.export_date)
    if (p.x > 0).sum() < SMALLEST:
        return None
    try:
        rate = bgnbd.fit(*lifetime.weighted_triples(p.x, p.t_x, p.t_total, FIT_TRIPLES))
        worth = gamma_gamma.fit(p.x, p.mean_value)
    except ValueError:
        return None
    parameters: dict[str, Any] = {
        "bg_nbd": {"r": rate.r, "alpha": rate.alpha, "a": rate.a, "b": rate.b},
        "gamma_gamma": {"p": worth.p, "q": worth.q, "v": worth.v},
        "value": {
            "margin": float(context.vars["clv_margin"]),
            "discount_per_year": float(context.vars["clv_discount_per_year"]),
        },
    }
    values = _values(parameters, p)
    if not all(np.isfinite(values[f"expected_orders_{d}"]).all() for d in HORIZONS):
        return None  # parameters at the edge of what numbers can say: too little is known yet
    parameters["decile_cuts"] = lifetime.decile_cuts(values["clv_amount"])
    evaluation = {
        "customers": len(p.x),
        "repeat_customers": int((p.x > 0).sum()),
        "log_likelihood": round(rate.log_likelihood, 3),
        "value_customers": worth.n,
        "correlation_of_frequency_and_value": round(worth.correlation, 4),
        "value_depends_on_frequency": worth.is_doubtful,  # the model assumes it does not: read clv with care
        "holdout": _holdout(orders, context.export_date),
    }
    return Fit(parameters, evaluation)


def _holdout(orders: pl.DataFrame, today: dt.date) -> dict[str, Any] | None:
    """Forecast against what happened; None while the history is too short to divide."""
    import numpy as np

    from journeys.value import bgnbd, lifetime

    first = orders["ordered_date"].min()
    assert isinstance(first, dt.date)
    days = min((today - first).days // 4, 182)
    if days < 28:
        return None
    customers, p = _summary(orders, today - dt.timedelta(days=days))
    if (p.x > 0).sum() < SMALLEST:
        return None
    try:
        model = bgnbd.fit(*lifetime.weighted_triples(p.x, p.t_x, p.t_total, FIT_TRIPLES))
    except ValueError:
        return None
    everybody, later = _summary(orders, today)
    # transactions by then less transactions at the cut: both counted in days with a purchase
    now = everybody.select("golden_customer_id").with_columns(x=later.x)
    actual = customers.join(now, on="golden_customer_id", how="left", maintain_order="left")["x"].to_numpy() - p.x
    predicted = bgnbd.expected_purchases(model, p.x, p.t_x, p.t_total, days / 7)
    if not np.isfinite(predicted).all():
        return None
    return {
        "days": days,
        "customers": len(p.x),
        "predicted": round(float(predicted.sum()), 2),
        "actual": int(actual.sum()),
        "correlation": round(float(np.corrcoef(predicted, actual)[0, 1]), 4) if actual.std() > 0 else None,
        "by_frequency": lifetime.holdout_by_frequency(p.x, predicted, actual),
    }


def _values(parameters: dict[str, Any], p: Purchases) -> dict[str, Any]:
    """All columns that the models give, one array each."""
    from journeys.value import bgnbd, gamma_gamma, lifetime

    rate = bgnbd.BgNbd(**parameters["bg_nbd"], log_likelihood=0.0)
    worth = gamma_gamma.GammaGamma(**parameters["gamma_gamma"], n=0, correlation=0.0)
    value = parameters["value"]
    per_month = (1.0 + value["discount_per_year"]) ** (1 / MONTHS) - 1.0
    each = gamma_gamma.expected_value(worth, p.x, p.mean_value)
    expected = bgnbd.expected_by_horizon(rate, p.x, p.t_x, p.t_total, [d / 7 for d in HORIZONS])
    columns = dict(zip((f"expected_orders_{d}" for d in HORIZONS), expected, strict=True))
    columns["p_alive"] = bgnbd.p_alive(rate, p.x, p.t_x, p.t_total)
    columns["expected_order_amount"] = each
    columns["clv_amount"] = lifetime.lifetime_value(
        rate, p.x, p.t_x, p.t_total, each,
        period=365.25 / 7 / MONTHS, periods=MONTHS, margin=value["margin"], discount=per_month,
    )  # fmt: skip
    return columns


def apply(context: Context, fitted: Fit | None) -> None:
    """What the night's customers with an order are expected to do, as of the fit's date."""
    import polars as pl

    from journeys.value import lifetime

    if fitted is None or fitted.as_of_date is None:
        context.connection.execute("truncate intermediate.stat_clv")
        return
    customers, p = _summary(_orders(context), fitted.as_of_date)
    columns = _values(fitted.parameters, p)
    decile = lifetime.decile(columns["clv_amount"], fitted.parameters["decile_cuts"])
    rows = customers.with_columns(
        pl.lit(fitted.as_of_date).alias("as_of_date"),
        pl.Series("repeat_count", p.x, pl.Int32),
        pl.Series("recency_weeks", p.t_x),
        pl.Series("age_weeks", p.t_total),
        pl.Series("mean_repeat_amount", p.mean_value).fill_nan(None),
        pl.Series("clv_decile", decile, pl.Int16).replace(0, None),
        *(pl.Series(name, values).fill_nan(None) for name, values in columns.items()),
    )
    context.write("stat_clv", rows)


STEP = Step("clv", fit, apply, {"stat_clv": COLUMNS})
