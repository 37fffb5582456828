"""From paths as the warehouse keeps them to shares: the published toy, open types, and the order of rows."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl

from journeys import attribution
from journeys.attribution.fitting import fit_channels

SCHEMA = {"conversion_type": pl.String, "channels": pl.List(pl.String), "converted_types": pl.String}


def rows(*found: tuple[str | None, list[str], str | None]) -> pl.DataFrame:
    return pl.DataFrame(list(found), schema=SCHEMA, orient="row")


def test_the_toy_from_rows_of_the_mart() -> None:
    fitted = fit_channels(rows(("follow", ["C1", "C2", "C3"], None), (None, ["C1"], ""), (None, ["C2", "C3"], "lead")))
    assert list(fitted) == ["follow"]
    assert (fitted["follow"]["conversions"], fitted["follow"]["non_conversions"]) == (1, 2)
    assert [c["removal_effect"] for c in fitted["follow"]["channels"]] == [
        "0.5000000000",
        "1.0000000000",
        "1.0000000000",
    ]
    assert [Decimal(c["markov_share"]) for c in fitted["follow"]["channels"]] == [
        Decimal(x) for x in ("0.2", "0.4", "0.4")
    ]


def test_who_converted_is_no_non_converter_and_only_buyers_can_reorder() -> None:
    fitted = fit_channels(
        rows(
            ("first_order", ["A"], None),
            ("repeat_order", ["B", "A"], None),
            (None, ["A"], "first_order repeat_order"),
            (None, ["B"], "first_order"),
            (None, ["C"], ""),
        )
    )
    assert fitted["first_order"]["non_conversions"] == 1  # C alone: the two others have ordered
    assert fitted["repeat_order"]["non_conversions"] == 1  # B alone: C never ordered


def test_shares_are_those_of_the_pure_functions_whatever_the_order_of_rows() -> None:
    generator = np.random.default_rng(3)
    made = [
        ("lead" if generator.random() < 0.3 else None, [str(c) for c in generator.choice(list("ABCDEF"), size)], "")
        for size in generator.integers(1, 6, 400)
    ]
    fitted = fit_channels(rows(*made))["lead"]
    backwards = fit_channels(rows(*made[::-1]))["lead"]
    assert fitted == backwards
    moves = attribution.transitions_of_paths(
        [path for _, path, _ in made],
        [float(kind == "lead") for kind, _, _ in made],
        [float(kind is None) for kind, _, _ in made],
    )
    wanted = attribution.removal_effects(moves)
    assert [c["channel"] for c in fitted["channels"]] == list(wanted.channels)
    assert np.allclose([float(c["markov_share"]) for c in fitted["channels"]], wanted.shares, atol=1e-11)
    for share in ("markov_share", "shapley_rate_share"):
        assert sum(Decimal(c[share]) for c in fitted["channels"]) == 1
