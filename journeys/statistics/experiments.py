"""Step: results of split tests at each planned look, from exposures whose horizon is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from journeys.steps import Context, Fit, Step

if TYPE_CHECKING:
    import polars as pl

TABLES = {
    "stat_experiment_results": "experiment_id text not null, variant text not null, metric text not null,"
    " look_no integer not null, look_date date not null, customers bigint not null, control_customers bigint not null,"
    " value double precision, control_value double precision, difference double precision, low double precision,"
    " high double precision, relative_lift double precision, p_value double precision,"
    " significance_level double precision not null, is_significant boolean, ratio_p_value double precision not null,"
    " excluded_customers bigint not null, is_stopped boolean not null,"
    " primary key (experiment_id, variant, metric, look_no)"
}
METRICS = ("order_rate", "cart_rate", "revenue_per_customer")


def apply(context: Context, fit: Fit | None) -> None:
    """Every look that is due by the export date, for every treatment against its control."""
    import polars as pl

    plans = context.fact(
        "dim_experiment",
        ["experiment_id", "variant", "is_control", "planned_share", "starts_on", "ends_on", "planned_looks"],
        everybody=False,
    )
    found: list[dict[str, Any]] = []
    if not plans.is_empty():
        exposures = context.fact(
            "fct_experiment_exposures",
            ["experiment_id", "variant", "is_in_two_variants", "horizon_date", "order_count > 0 as has_ordered",
             "has_cart", "order_reporting_amount::double precision as amount"],
            everybody=True,
        )  # fmt: skip
        exposures = exposures.sort(exposures.columns)  # floats are added up: rows come in any order, figures do not
        horizon = int(context.vars["experiment_horizon_days"])
        for (experiment,), variants in plans.sort("experiment_id", "variant").group_by(
            "experiment_id", maintain_order=True
        ):
            mine = exposures.filter(pl.col("experiment_id") == experiment)
            found += _experiment(context, variants, mine, horizon)
    types = {"text": pl.String, "integer": pl.Int32, "bigint": pl.Int64, "date": pl.Date, "boolean": pl.Boolean}
    schema: dict[str, Any] = {}
    for column in TABLES["stat_experiment_results"].split(", primary key")[0].split(","):
        name, kind = column.split()[:2]
        schema[name] = types.get(kind, pl.Float64)
    context.write("stat_experiment_results", pl.DataFrame(found, schema=schema, orient="row"))


def _experiment(
    context: Context, variants: pl.DataFrame, exposures: pl.DataFrame, horizon: int
) -> list[dict[str, Any]]:
    """Looks × treatments × metrics. The last look is when the last exposure's horizon is over."""
    import datetime as dt

    import polars as pl

    from journeys.signals.experiments import RATIO_ALERT, look_level, ratio_mismatch

    controls = variants.filter(pl.col("is_control"))
    if len(controls) != 1:
        return []
    control = controls["variant"][0]
    first, last = variants["starts_on"].to_list(), variants["ends_on"].drop_nulls().to_list()
    starts: dt.date = min(first)
    ends: dt.date = max(last) if last else context.export_date
    looks = max(variants["planned_looks"].to_list())
    span = (ends - starts).days + horizon
    excluded = int(exposures["is_in_two_variants"].sum())
    counted = exposures.filter(~pl.col("is_in_two_variants"))
    rows: list[dict[str, Any]] = []
    spent = 0.0
    for look in range(1, looks + 1):
        date = starts + dt.timedelta(days=-(-span * look // looks))
        if date > context.export_date:
            break
        level, spent = look_level(look / looks) - spent, look_level(look / looks)
        seen = counted.filter(pl.col("horizon_date") <= date)
        names = variants["variant"].to_list()
        sizes = [int((seen["variant"] == name).sum()) for name in names]
        ratio = ratio_mismatch(sizes, [float(share) for share in variants["planned_share"].to_list()])
        for name in names:
            if name == control:
                continue
            for metric in METRICS:
                rows.append({
                    "experiment_id": variants["experiment_id"][0], "variant": name, "metric": metric, "look_no": look,
                    "look_date": date, "ratio_p_value": ratio, "excluded_customers": excluded,
                    "significance_level": level, "is_stopped": ratio < RATIO_ALERT,
                    **_compare(seen, control, name, metric, level, stopped=ratio < RATIO_ALERT),
                })  # fmt: skip
    return rows


def _compare(
    seen: pl.DataFrame, control: str, treatment: str, metric: str, level: float, *, stopped: bool
) -> dict[str, Any]:
    """Figures of one comparison. A stopped report keeps its counts and says nothing about the difference."""
    import polars as pl

    from journeys.signals.experiments import compare_means, compare_shares

    column = {"order_rate": "has_ordered", "cart_rate": "has_cart", "revenue_per_customer": "amount"}[metric]
    groups = [seen.filter(pl.col("variant") == name)[column].cast(pl.Float64) for name in (control, treatment)]
    sizes = [len(group) for group in groups]
    means = [float(group.sum()) / len(group) if len(group) else None for group in groups]
    if metric == "revenue_per_customer":
        cells = [(len(group), float(group.sum()), float((group * group).sum())) for group in groups]
        found = compare_means(cells[0], cells[1], level)
    else:
        hits = [int(group.sum()) for group in groups]
        found = compare_shares((hits[0], hits[1]), (sizes[0], sizes[1]), level)
    shown = None if stopped else found
    return {
        "customers": sizes[1], "control_customers": sizes[0],
        "value": means[1], "control_value": means[0],
        "difference": shown and shown.difference, "low": shown and shown.low, "high": shown and shown.high,
        "relative_lift": shown and shown.relative, "p_value": shown and shown.p,
        "is_significant": shown and shown.is_significant,
    }  # fmt: skip


STEP = Step("experiments", None, apply, TABLES)
