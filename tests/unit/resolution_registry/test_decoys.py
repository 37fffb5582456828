"""Calibration on pairs within duplicate-free sources: what the weights become is what the truth says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.identity_data import weak
from resolution import evaluate, link
from resolution.config import config_from_dict
from resolution.decoys import MOST_DOWN, calibrate


def drawn(seed: int, bias: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(weights between sources, which of them are persons, weights within): a model that is `bias` bits wrong."""
    rng = np.random.default_rng(seed)
    # Equal spread, so that log2 odds are linear in the score: 2 * 4 / 4 nats per unit at even numbers.
    persons, strangers, decoys = rng.normal(2, 2, 20_000), rng.normal(-2, 2, 20_000), rng.normal(-2, 2, 10_000)
    weight = np.r_[persons, strangers] / np.log(2)
    return weight - bias, np.arange(40_000) < 20_000, decoys / np.log(2) - bias


@pytest.mark.parametrize("bias", [-2.0, 0.0, 3.0])
def test_a_biased_model_is_put_right(bias: float) -> None:
    weight, person, within = drawn(1, bias)
    found = calibrate(weight, within, 2.0).apply(weight)
    for low in (-3.0, -1.0, 1.0):
        here = (found >= low) & (found < low + 2)
        expected = (1 / (1 + np.exp2(-found[here]))).mean()
        assert expected == pytest.approx(person[here].mean(), abs=0.06)
    order = np.argsort(weight)
    assert (np.diff(found[order]) >= 0).all(), "calibration never changes which of two pairs is the likelier"


def test_few_strangers_change_little_and_duplicates_within_a_source_cannot_undo_the_model() -> None:
    weight = np.linspace(5, 15, 200)
    assert np.abs(calibrate(weight, np.array([5.2]), 1.0).apply(weight) - weight).max() < 1.0
    assert (calibrate(weight, weight, 1.0).apply(weight) >= weight - MOST_DOWN).all()
    assert np.array_equal(calibrate(weight, np.empty(0), 1.0).apply(weight), weight)


def test_weak_sources_are_linked_at_a_threshold_near_the_best() -> None:
    frame = weak(2500, seed=11)
    attributes = {"given_name": "given_name", "surname": "family_name", "city": "city", "postcode": "postcode"}
    settings = {"record_id": "record_id", "attributes": attributes, "source": "source", "duplicate_free_sources": "all"}

    def f1(threshold: float | str) -> float:
        result = link(frame, config=config_from_dict({**settings, "threshold": threshold}))
        per_source = pd.DataFrame({"label": result.labels, "source": frame["source"]}).value_counts()
        assert per_source.max() == 1
        return evaluate(result.labels, frame["person"]).pairwise_f1

    automatic = f1("auto")
    assert automatic > 0.85
    assert automatic > max(f1(t) for t in (0.2, 0.9)) - 0.01
