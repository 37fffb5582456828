"""From the paths of all customers to removal effects and Shapley shares per type of conversion, set-based."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from journeys.attribution.markov import CONVERSION, NULL, START, Transitions, removal_effects
from journeys.attribution.rounding import allocate
from journeys.attribution.shapley import shapley_rate

if TYPE_CHECKING:
    import polars as pl

SHARE_UNITS = 10**12
MOST_CHANNELS = 60
# whoever never ordered cannot reorder: their path says nothing about it
PRECONDITIONS = {"repeat_order": "first_order"}


def fit_channels(paths: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Effects and shares by type of conversion.

    paths  conversion_type (null: a customer's last window), channels (list of texts, not empty), converted_types (texts
           separated by blanks; of last windows only). Order of rows does not matter.

    Returns type → {conversions, non_conversions, probability, shapley_is_exact, channels: [{channel, removal_effect,
    markov_share, shapley_rate_share, shapley_rate_standard_error}]}; numbers as decimal texts, shares summing to
    exactly one. A type that nobody converted to is not there; shares are None where the method gives none.
    """
    import polars as pl

    counted = (
        paths.with_columns(path=pl.col("channels").list.join("\x1f"))
        .group_by("conversion_type", "converted_types", "path")
        .agg(weight=pl.len().cast(pl.Int64))
    )
    distinct = counted.select("path").unique().sort("path").with_row_index("path_id")
    steps = (
        distinct.with_columns(channel=pl.col("path").str.split("\x1f")).explode("channel").select("path_id", "channel")
    )
    moves = steps.with_columns(
        source=pl.col("channel").shift(1).over("path_id").fill_null(START),
        is_last=pl.col("path_id") != pl.col("path_id").shift(-1),
    ).with_columns(pl.col("is_last").fill_null(True))
    counted = counted.join(distinct, on="path").drop("path")
    won = counted.filter(pl.col("conversion_type").is_not_null())
    lost = counted.filter(pl.col("conversion_type").is_null()).with_columns(
        converted=pl.col("converted_types").fill_null("").str.split(" ")
    )
    found: dict[str, dict[str, Any]] = {}
    for name in won.get_column("conversion_type").unique().sort().to_list():
        never = ~pl.col("converted").list.contains(name)
        if name in PRECONDITIONS:
            never = never & pl.col("converted").list.contains(PRECONDITIONS[name])
        weights = pl.concat(
            [
                won.filter(pl.col("conversion_type") == name).select("path_id", won="weight", lost=pl.lit(0, pl.Int64)),
                lost.filter(never).select("path_id", won=pl.lit(0, pl.Int64), lost="weight"),
            ]
        )
        found[name] = _fit_type(moves, weights.group_by("path_id").sum())
    return found


def _fit_type(moves: pl.DataFrame, weights: pl.DataFrame) -> dict[str, Any]:
    import polars as pl

    seen = moves.join(weights, on="path_id")
    last = seen.filter("is_last")
    edges = pl.concat(
        [
            seen.select("source", target="channel", weight=pl.col("won") + pl.col("lost")),
            last.select(source="channel", target=pl.lit(CONVERSION), weight="won"),
            last.select(source="channel", target=pl.lit(NULL), weight="lost"),
        ]
    )
    edges = edges.group_by("source", "target").sum().sort("source", "target")
    markov = removal_effects(
        Transitions.of_moves(edges["source"].to_list(), edges["target"].to_list(), edges["weight"].to_list())
    )
    rate, errors, is_exact = _rate_shares(seen, markov.channels)
    shares = _texts(markov.shares)
    return {
        "conversions": int(last["won"].sum()),
        "non_conversions": int(last["lost"].sum()),
        "probability": round(markov.probability, 12),
        "shapley_is_exact": is_exact,
        "channels": [
            {
                "channel": channel,
                "removal_effect": f"{markov.effects[number]:.10f}",
                "markov_share": shares[number] if shares else None,
                "shapley_rate_share": rate[number] if rate else None,
                "shapley_rate_standard_error": errors[number] if errors else None,
            }
            for number, channel in enumerate(markov.channels)
        ],
    }


def _rate_shares(seen: pl.DataFrame, channels: tuple[str, ...]) -> tuple[list[str], list[str], bool]:
    """Shares of the rate game, their standard errors, and whether they are exact; empty where there are none."""
    import polars as pl

    if len(channels) > MOST_CHANNELS:
        return [], [], False
    bits = pl.DataFrame({"channel": list(channels), "bit": [1 << number for number in range(len(channels))]})
    sets = (
        seen.select("path_id", "channel", "won", "lost").unique().join(bits, on="channel").group_by("path_id")
        .agg(pl.col("bit").sum(), pl.col("won").first(), pl.col("lost").first())
        .group_by("bit").agg(pl.col("won").sum(), pl.col("lost").sum()).sort("bit")
    )  # fmt: skip
    masks, won = sets["bit"].to_numpy(), sets["won"].to_numpy()
    game = shapley_rate(masks, won, won + sets["lost"].to_numpy(), len(channels))
    total = game.values.sum()
    if total <= 0:
        return [], [], False
    return _texts(game.values / total), [f"{error:.12f}" for error in game.standard_errors / total], game.is_exact


def _texts(shares: np.ndarray[Any, np.dtype[np.float64]]) -> list[str]:
    """Shares as decimal texts that sum to exactly one; nothing where they are all nought."""
    if not shares.any():
        return []
    return [f"{part / SHARE_UNITS:.12f}" for part in allocate(shares, SHARE_UNITS).tolist()]
