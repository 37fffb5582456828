"""Removal effects and Shapley shares of channels, per type of conversion, fitted on closed paths.

Reads fct_attribution_paths; writes intermediate.stat_attribution_channels, the same for everybody: a customer's
credits depend on the customer's own path and on this small table only.
"""

from __future__ import annotations

from typing import Any

from journeys.steps import Context, Fit, Step

TABLE = "stat_attribution_channels"
COLUMNS = """
    conversion_type text not null,
    channel text not null,
    removal_effect numeric(12, 10) not null,
    markov_share numeric(18, 15),
    shapley_rate_share numeric(18, 15),
    shapley_rate_standard_error numeric(18, 15),
    conversions bigint not null,
    non_conversions bigint not null,
    fit_date date not null,
    primary key (conversion_type, channel)
"""


def fit(context: Context) -> Fit:
    """Effects and shares of every type of conversion, from paths that are closed on the night of the fit."""
    from journeys.attribution.fitting import fit_channels

    paths = context.fact(
        "fct_attribution_paths",
        ["conversion_type", "channels", "array_to_string(converted_types, ' ') as converted_types"],
        everybody=True,
        where=f"touch_count > 0 and closed_date <= date '{context.export_date.isoformat()}'",
    )
    types = fit_channels(paths)
    evaluation: dict[str, Any] = {
        name: {key: found[key] for key in ("conversions", "non_conversions", "probability", "shapley_is_exact")}
        for name, found in types.items()
    }
    return Fit({"types": types}, evaluation)


def apply(context: Context, fitted: Fit | None) -> None:
    """The active fit as rows."""
    import polars as pl

    rows: list[dict[str, Any]] = []
    if fitted is not None:
        for name, found in sorted(fitted.parameters["types"].items()):
            for channel in found["channels"]:
                rows.append(
                    {
                        "conversion_type": name,
                        "conversions": found["conversions"],
                        "non_conversions": found["non_conversions"],
                        "fit_date": fitted.as_of_date or context.export_date,
                        **channel,
                    }
                )
    schema = {
        "conversion_type": pl.String, "channel": pl.String, "removal_effect": pl.String, "markov_share": pl.String,
        "shapley_rate_share": pl.String, "shapley_rate_standard_error": pl.String, "conversions": pl.Int64,
        "non_conversions": pl.Int64, "fit_date": pl.Date,
    }  # fmt: skip
    context.write(TABLE, pl.DataFrame(rows, schema=schema))


STEP = Step("attribution", fit, apply, tables={TABLE: COLUMNS})
