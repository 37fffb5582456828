"""Step: spikes and drifts of everything the brand watches, by hour and by day, over the whole history kept.

Nothing is estimated: each night judges the series as they are known that night, so that corrected figures correct their
judgement too. Reads marts_next.fct_metric_hours (an aggregate without persons).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from journeys.steps import Context, Fit, Step

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

TABLES = {
    "stat_anomalies": "metric_code text not null, channel text not null, grain text not null, method text not null,"
    " starts_at timestamptz not null, actual double precision not null, expected double precision not null,"
    " score double precision, p_value double precision, direction text not null,"
    " primary key (metric_code, channel, grain, method, starts_at)"
}
ALL = "(all)"
MIN_EVENTS = 50  # a series with fewer in all its time is not watched
KEPT_DAYS = 400
DAILY_LEVEL = 5.0  # events a day from which a daily pattern can be told


_HOURS = """
    select metric_code, channel, hour_at, sum(metric_value) as metric_value
    from marts_next.fct_metric_hours
    where metric_code <> 'revenue' and hour_at >= timestamptz '{first}' and hour_at < timestamptz '{end}'
    group by metric_code, channel, hour_at
"""


def apply(context: Context, fit: Fit | None) -> None:
    """Write the night's anomalies: [metric × channel] series by hour and day (robust z, count tails, STL, CUSUM)."""
    import polars as pl

    end = _end(context)
    # campaigns are added up by the server: there may be sixty times as many hours of campaigns
    first = end - dt.timedelta(days=KEPT_DAYS)
    rows = context.read(_HOURS.format(first=first.isoformat(), end=end.isoformat()))
    found = [] if rows.is_empty() else _judge(rows, end)
    schema: dict[str, Any] = {
        "metric_code": pl.String, "channel": pl.String, "grain": pl.String, "method": pl.String,
        "starts_at": pl.Datetime("us", "UTC"), "actual": pl.Float64, "expected": pl.Float64, "score": pl.Float64,
        "p_value": pl.Float64, "direction": pl.String,
    }  # fmt: skip
    context.write("stat_anomalies", pl.concat(found).select(list(schema)) if found else pl.DataFrame(schema=schema))


def _end(context: Context) -> dt.datetime:
    """Midnight after the export date, in UTC: later rows carry a wrong clock and are no series."""
    return dt.datetime.combine(context.export_date + dt.timedelta(days=1), dt.time(), dt.UTC)


def _judge(rows: pl.DataFrame, end: dt.datetime) -> list[pl.DataFrame]:
    import polars as pl

    everything = rows.group_by("metric_code", "hour_at").agg(pl.col("metric_value").sum())
    rows = pl.concat([rows, everything.select("metric_code", pl.lit(ALL).alias("channel"), "hour_at", "metric_value")])
    # a brand of one channel: what holds for all would be said twice
    channels = (
        rows.filter(pl.col("channel") != ALL).group_by("metric_code").agg(pl.col("channel").n_unique().alias("n"))
    )
    rows = rows.join(channels, on="metric_code").filter((pl.col("channel") != ALL) | (pl.col("n") > 1))
    hours = rows.select(
        # weeks begin on Monday, so that a column of the matrix is one hour of the week
        pl.col("hour_at").min().dt.truncate("1w").alias("first"),
        ((pl.lit(end) - pl.col("hour_at").min().dt.truncate("1w")).dt.total_hours()).max().alias("count"),
    ).row(0)
    first, count = hours[0], int(hours[1])
    table = (
        rows.group_by("metric_code", "channel", "hour_at")
        .agg(pl.col("metric_value").sum())
        .with_columns(((pl.col("hour_at") - first).dt.total_hours()).alias("hour"))
    )
    names = (
        table.group_by("metric_code", "channel")
        .agg(pl.col("metric_value").sum().alias("total"))
        .filter(pl.col("total") >= MIN_EVENTS)
        .sort("metric_code", "channel")
        .with_row_index("series")
    )
    if names.is_empty():
        return []
    placed = table.join(names, on=["metric_code", "channel"])
    matrix = _matrix(placed, len(names), count)
    known = _known(matrix)
    return [*_hourly(matrix, known, names, first), *_daily(matrix, known, names, first)]


def _matrix(placed: pl.DataFrame, series: int, hours: int) -> np.ndarray:
    import numpy as np

    matrix = np.zeros((series, hours))
    np.add.at(
        matrix, (placed["series"].to_numpy(), placed["hour"].to_numpy()), placed["metric_value"].cast(float).to_numpy()
    )
    return matrix


def _known(matrix: np.ndarray) -> np.ndarray:
    """[hours]: False on days on which nothing at all was heard: the load is missing, not the customers."""
    import numpy as np

    hours = matrix.shape[1]
    day = np.arange(hours) // 24
    total = np.bincount(day, weights=matrix.sum(axis=0))
    known = total[day] > 0
    heard = np.flatnonzero(known)
    known[: heard[0] if len(heard) else hours] = False
    return known


def _hourly(matrix: np.ndarray, known: np.ndarray, names: pl.DataFrame, first: Any) -> list[pl.DataFrame]:
    import numpy as np

    from journeys.signals.seasonal import score as judge

    scores = judge(matrix, known[None])
    series, hour = np.nonzero(scores.is_alert)
    method = np.where(scores.is_low[series, hour], "count_tail", "robust_z")
    return _rows(
        names, first, series, hour, "hour", method, matrix[series, hour], scores.expected[series, hour],
        scores.z[series, hour], scores.p[series, hour],
    )  # fmt: skip


def _daily(matrix: np.ndarray, known: np.ndarray, names: pl.DataFrame, first: Any) -> list[pl.DataFrame]:
    import numpy as np

    from journeys.signals.daily import drift, score_days, weekday_scores
    from journeys.signals.seasonal import score as judge

    days = matrix.shape[1] // 24
    daily = matrix[:, : days * 24].reshape(len(matrix), days, 24).sum(axis=2)
    heard: np.ndarray = np.asarray(known[: days * 24].reshape(days, 24).any(axis=1))
    begins = int(np.argmax(heard)) if heard.any() else days
    low = judge(daily, heard[None], week=7)
    series, day = np.nonzero(low.is_alert & low.is_low)
    found = _rows(
        names, first, series, day * 24, "day", "count_tail", daily[series, day], low.expected[series, day],
        low.z[series, day], low.p[series, day],
    )  # fmt: skip
    for place_of, values in enumerate(daily):
        values = values[begins:]
        if len(values) == 0 or values.mean() < DAILY_LEVEL:
            continue
        stl = score_days(values)
        place = np.flatnonzero(stl.is_alert & heard[begins:])
        mine = np.full(len(place), place_of)
        nothing = np.full(len(place), np.nan)
        at = (place + begins) * 24
        found += _rows(
            names, first, mine, at, "day", "stl", values[place], stl.expected[place], stl.z[place], nothing
        )  # fmt: skip
        z = weekday_scores(np.where(heard[begins:], values, np.nan))
        up, down, alarm = drift(z)
        place = np.flatnonzero(alarm)
        score = np.where(up[place] >= down[place], up[place], -down[place])
        expected = np.array([_usual(values, day) for day in place.tolist()])
        found += _rows(
            names, first, np.full(len(place), place_of), (place + begins) * 24, "day", "cusum", values[place],
            expected, score, np.full(len(place), np.nan),
        )  # fmt: skip
    return found


def _usual(values: np.ndarray, day: int) -> float:
    import numpy as np

    return float(np.median(values[day - 7 :: -7][:8]))


def _rows(
    names: pl.DataFrame, first: Any, series: Any, hour: Any, grain: str, method: Any, actual: Any, expected: Any,
    score: Any, p: Any,
) -> list[pl.DataFrame]:  # fmt: skip
    import numpy as np
    import polars as pl

    if len(series) == 0:
        return []
    picked = names[np.asarray(series, dtype=np.int64)]
    frame = pl.DataFrame({
        "metric_code": picked["metric_code"], "channel": picked["channel"],
        "hour": np.asarray(hour, dtype=np.int64), "actual": actual, "expected": expected, "score": score, "p_value": p,
    }).with_columns(
        pl.lit(grain).alias("grain"),
        pl.Series("method", np.broadcast_to(method, len(series)).astype(object), dtype=pl.String),
        (pl.lit(first) + pl.duration(hours=pl.col("hour"))).alias("starts_at"),
        pl.col("score").fill_nan(None),
        pl.col("p_value").fill_nan(None),
        pl.when(pl.col("actual") >= pl.col("expected")).then(pl.lit("up")).otherwise(pl.lit("down")).alias("direction"),
    )  # fmt: skip
    return [frame.select(
        "metric_code", "channel", "grain", "method", "starts_at", "actual", "expected", "score", "p_value", "direction"
    )]  # fmt: skip


STEP = Step("anomalies", None, apply, TABLES)
