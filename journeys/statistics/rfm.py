"""RFM segments: cut points over all customers as of the fit's date, scores for the night's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from journeys.steps import Context, Fit, Step

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

COLUMNS = """
    golden_customer_id uuid primary key,
    as_of_date date not null,
    last_order_date date not null,
    recency_days integer not null,
    order_count integer not null,
    net_reporting_amount numeric(18, 2) not null,
    r_score smallint not null,
    f_score smallint not null,
    m_score smallint not null,
    rfm_score smallint not null
"""


def _measures(context: Context, as_of: dt.date, *, everybody: bool | None = None) -> pl.DataFrame:
    """R, F and M of each customer with a counted order: days since the last, number, and net money."""
    import polars as pl

    orders = context.fact(
        "fct_orders",
        # whole cents: their sum does not depend on the order of rows
        [
            "golden_customer_id",
            "ordered_date",
            "(100 * (total_reporting_amount - refunded_reporting_amount))::bigint as cents",
        ],
        everybody=everybody,
        where=f"is_counted and ordered_date <= date '{as_of.isoformat()}'",
    )
    return orders.group_by("golden_customer_id").agg(
        pl.col("ordered_date").max().alias("last_order_date"),
        (pl.lit(as_of) - pl.col("ordered_date").max()).dt.total_days().alias("recency_days"),
        pl.len().cast(pl.Int32).alias("order_count"),
        (pl.col("cents").sum() / 100).alias("net_reporting_amount"),
    )


def fit(context: Context) -> Fit | None:
    """The cut points; None before the first order."""
    from journeys.value.rfm import cut_points

    measures = _measures(context, context.export_date, everybody=True)
    if not len(measures):
        return None
    cuts = {
        short: cut_points(measures[column].to_numpy().astype(float))
        for short, column in (("r", "recency_days"), ("f", "order_count"), ("m", "net_reporting_amount"))
    }
    empty = {short: 5 - (1 + len(set(points))) for short, points in cuts.items()}
    return Fit(
        {"cuts": cuts},
        {"customers": len(measures), "scores_that_cannot_occur": {k: max(v, 0) for k, v in empty.items()}},
    )


def apply(context: Context, fitted: Fit | None) -> None:
    """Scores and segment of the night's customers as of the fit's date."""
    import numpy as np
    import polars as pl

    from journeys.value import rfm

    if fitted is None or fitted.as_of_date is None:
        context.connection.execute("truncate intermediate.stat_rfm")
        return
    measures = _measures(context, fitted.as_of_date)
    cuts = fitted.parameters["cuts"]
    r = rfm.score(measures["recency_days"].to_numpy().astype(float), cuts["r"], reverse=True)
    f = rfm.score(measures["order_count"].to_numpy().astype(float), cuts["f"])
    m = rfm.score(measures["net_reporting_amount"].to_numpy().astype(float), cuts["m"])
    rows = measures.with_columns(
        pl.lit(fitted.as_of_date).alias("as_of_date"),
        pl.Series("r_score", r, pl.Int16),
        pl.Series("f_score", f, pl.Int16),
        pl.Series("m_score", m, pl.Int16),
        pl.Series("rfm_score", np.asarray(rfm.composite(r, f, m)), pl.Int16),
    )
    context.write("stat_rfm", rows)


STEP = Step("rfm", fit, apply, {"stat_rfm": COLUMNS})
