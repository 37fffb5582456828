"""Published attribution results: Adobe's $50, the Markov toy, the hand-worked Shapley game."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from journeys import attribution
from journeys.errors import JourneysError

SAMPLES = Path(__file__).resolve().parents[4].parent / "shared" / "samples_journeys"
CHANNELS = ("paid_search", "social", "email", "display")


def rows(name: str) -> list[dict[str, str]]:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the public sample {name} is not on this machine (looked in {SAMPLES})")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def adobe_cents(model: str, container: str) -> dict[str, int]:
    """The $50 of the documentation divided in whole cents, by channel."""
    touches, conversion = rows("adobe_50/touches.csv"), rows("adobe_50/conversion.csv")[0]
    offsets = np.array([0, len(touches)])
    visits = np.array([int(touch["visit_no"]) for touch in touches])
    if container == "visit":
        keep = attribution.visit_container(visits, np.array([int(conversion["visit_no"])]), offsets)
        touches = [touch for touch, kept in zip(touches, keep, strict=True) if kept]
        offsets = np.array([0, len(touches)])
    channels = np.array([touch["channel"] for touch in touches])
    days = np.array([float(touch["days_to_conversion"]) for touch in touches])
    cents = round(float(conversion["value"]) * 100)
    if model == "participation":
        parts = (attribution.participation(channels, offsets) * cents).astype(int)
    else:
        parts = attribution.allocate(attribution.rule_credits(model, offsets, days), cents, offsets)
    return dict(zip(channels.tolist(), parts.tolist(), strict=True))


def test_adobe_50_dollars_to_the_cent() -> None:
    for expected in rows("adobe_50/expected.csv"):
        model = expected["model"].removesuffix("_half_life_7d")
        found = adobe_cents(model, expected["lookback"])
        wanted = {
            channel: round(float(expected[channel]) * 100) for channel in ("paid_search", "social", "email", "display")
        }
        assert found | dict.fromkeys(wanted.keys() - found.keys(), 0) == wanted, expected


def test_markov_toy_and_the_known_wrong_results() -> None:
    paths = rows("markov_toy/paths.csv")
    moves = attribution.transitions_of_paths(
        [row["path"].split(" > ") for row in paths],
        [int(row["conversions"]) for row in paths],
        [int(row["non_conversions"]) for row in paths],
    )
    found = attribution.removal_effects(moves)
    assert found.probability == pytest.approx(1 / 3, abs=1e-12)
    for number, expected in enumerate(rows("markov_toy/expected.csv")):
        assert found.channels[number] == expected["channel"]
        assert found.effects[number] == pytest.approx(float(expected["removal_effect"]), abs=1e-12)
        assert found.shares[number] == pytest.approx(float(expected["credit"]), abs=1e-12)
    # summing observed paths without a channel (PyPI mta), or failing every journey through it (do-attribution): thirds
    assert not np.allclose(found.shares, 1 / 3)
    credits = attribution.path_credits(found.effects, np.array([0, 1, 2]), np.array([0, 3]))
    assert credits == pytest.approx([0.2, 0.4, 0.4], abs=1e-12)


def test_removal_effect_of_one() -> None:
    """The last touch of every converting path and the first of every path carry everything, a dead end nothing."""
    moves = attribution.transitions_of_paths(
        [("F", "A", "L"), ("F", "L"), ("F", "A", "D"), ("F", "D")], [3, 2, 0, 0], [1, 4, 5, 6]
    )
    found = dict(zip(moves.channels, attribution.removal_effects(moves).effects, strict=True))
    assert found["F"] == pytest.approx(1, abs=1e-12)
    assert found["L"] == pytest.approx(1, abs=1e-12)
    assert found["D"] == 0
    assert 0 < found["A"] < 1


def test_no_conversion_has_no_effect_and_a_path_falls_back_to_linear() -> None:
    nothing = attribution.removal_effects(attribution.transitions_of_paths([("A", "B")], [0], [7]))
    assert nothing.probability == 0 and not nothing.effects.any() and not nothing.shares.any()
    assert attribution.path_credits(nothing.effects, np.array([0, 1, 1, 0]), np.array([0, 3, 4])) == pytest.approx(
        [1 / 3] * 3 + [1]
    )


def test_shapley_hand_example_is_a_division() -> None:
    values = attribution.shapley_exact(np.array([0.0, 10, 4, 20]))
    assert values == pytest.approx([13, 7])
    leave_one_out = np.array([20 - 4, 20 - 10])
    assert leave_one_out.sum() != 20 and values.sum() == pytest.approx(20)


def test_errors_say_what_to_do() -> None:
    with pytest.raises(JourneysError, match="unattributed"):
        attribution.rule_credits("linear", np.array([0, 0]))
    with pytest.raises(JourneysError, match="choose one of first, last"):
        attribution.rule_credits("magic", np.array([0, 1]))
    with pytest.raises(JourneysError, match="sum to zero"):
        attribution.allocate(np.array([0.0]), 5)
    with pytest.raises(JourneysError, match="negative number"):
        attribution.transitions_of_paths([("A",)], [-1], [0])
