"""Next step: from stage × persona × channel, what comes next, how likely, how sure, and how soon. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from journeys.value.shares import shrunken, wilson

if TYPE_CHECKING:
    import polars as pl

F64 = NDArray[np.float64]
NOTHING = "(none)"  # no other stage within the horizon: an outcome like the others, so that shares sum to 1
SMALLEST = 30


def next_steps(counts: pl.DataFrame, *, kappa: float = 20.0, smallest: int = SMALLEST) -> pl.DataFrame:
    """Shares of all outcomes of every cell.

    counts: columns stage, persona, channel, next (stage or NOTHING), n (entries of the cell that took it) and ordered
    (those of them after which an order came within the horizon). Cells are stage × persona × channel; every outcome
    that the stage has anywhere is a row of each of its cells. Added columns: n_from (entries of the cell), share
    (n / n_from), low, high (Wilson, 95 %), base_share (share over all cells of the stage), shrunken_share
    ((n + kappa · base) / (n_from + kappa)), lift (shrunken / base), order_share (ordered / n), cell_order_share,
    order_gain (their difference), is_suppressed (n_from < smallest: all figures but the counts are null),
    is_best_next_step (largest gain among outcomes with n ≥ smallest, above nought; association, not effect).
    """
    import polars as pl

    cell = ["stage", "persona", "channel"]
    base = counts.group_by("stage", "next").agg(pl.col("n").sum().alias("base_n"))
    base = base.with_columns(base_share=pl.col("base_n") / pl.col("base_n").sum().over("stage"))
    cells = counts.group_by(cell).agg(
        pl.col("n").sum().alias("n_from"), (pl.col("ordered").sum() / pl.col("n").sum()).alias("cell_order_share")
    )
    rows = (
        cells.join(base.drop("base_n"), on="stage")
        .join(counts, on=[*cell, "next"], how="left")
        .with_columns(pl.col("n", "ordered").fill_null(0))
        .sort(*cell, "next")
    )
    n, of, prior = (rows[c].to_numpy().astype(float) for c in ("n", "n_from", "base_share"))
    low, high = wilson(n, of)
    share = shrunken(n, of, prior, kappa)
    rows = rows.with_columns(
        share=pl.Series(n / of),
        low=pl.Series(low),
        high=pl.Series(high),
        shrunken_share=pl.Series(share),
        lift=pl.Series(share / prior),
        is_suppressed=pl.col("n_from") < smallest,
        order_share=pl.when(pl.col("n") > 0).then(pl.col("ordered") / pl.col("n")),
    ).with_columns(order_gain=pl.col("order_share") - pl.col("cell_order_share"))
    eligible = pl.when((pl.col("n") >= smallest) & (pl.col("order_gain") > 0) & (pl.col("next") != NOTHING))
    ranked = rows.with_columns(gain=eligible.then(pl.col("order_gain")))
    best = (pl.col("gain") == pl.col("gain").max().over(cell)) & pl.col("gain").is_not_null()
    ranked = ranked.with_columns(is_best_next_step=best & (pl.col("gain").is_first_distinct().over([*cell, "gain"])))
    hidden = ["share", "low", "high", "shrunken_share", "lift", "order_share", "cell_order_share", "order_gain"]
    return ranked.drop("gain").with_columns(
        *(pl.when(~pl.col("is_suppressed")).then(pl.col(name)).alias(name) for name in hidden),
        pl.when(~pl.col("is_suppressed")).then(pl.col("is_best_next_step")).alias("is_best_next_step"),
    )


def median_days(day: F64, moved: F64, left: F64) -> float | None:
    """Kaplan-Meier median of the time to one move: S(t) = Π (1 - d / n) over days; None when it is not reached.

    day: distinct whole days; moved: how many made the move on that day; left: how many more left the risk set then,
    by another move or because their observation ended. Both leave after those who moved.
    """
    order = np.argsort(day)
    day, moved, left = day[order], moved[order], left[order]
    gone = moved + left
    at_risk = gone.sum() - np.concatenate(([0.0], np.cumsum(gone)[:-1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1.0 - np.where(at_risk > 0, moved / at_risk, 0.0))
    below = np.flatnonzero(survival <= 0.5)
    return float(day[below[0]]) if len(below) else None
