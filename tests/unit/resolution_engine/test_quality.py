"""What the matcher must reach on made-up people whom nobody has described to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import yaml

from benchmarks.dialects import DIALECTS
from benchmarks.quality import link_like_a_stranger, share_found
from resolution import evaluate
from resolution.config import MatchConfig, config_from_dict
from resolution.passes import propose_passes
from resolution.standardise import standardise
from resolution.suggestion import suggest_config


def test_redundant_names_and_old_dates_do_not_mislead(tmp_path: Path) -> None:
    one = DIALECTS["historic"](2500, seed=77)
    result, truth, _ = link_like_a_stranger(one, tmp_path, free=False)
    assert evaluate(result.labels, truth).pairwise_f1 >= 0.98
    assert share_found(one, tmp_path, result, truth) >= 0.95


def test_twins_and_namesakes_are_kinds_of_relatives(tmp_path: Path) -> None:
    one = DIALECTS["clinic"](3000, seed=5)
    result, truth, _ = link_like_a_stranger(one, tmp_path, free=False)
    records = len(one.records)
    assert set(result.model.kinds) == {"birth", "given"}
    assert all(rate * records * (records - 1) / 2 > 30 for rate in result.model.kinds.values())
    assert evaluate(result.labels, truth).pairwise_f1 >= 0.96
    again = type(result.model).from_dict(result.model.to_dict())
    assert again == result.model


def table(name: str, count: int) -> tuple[pl.DataFrame, MatchConfig]:
    one = DIALECTS[name](count, seed=3)
    frame = pl.from_pandas(one.records.drop(columns=[one.truth]))
    return frame, config_from_dict(yaml.safe_load(suggest_config(frame, "x.csv")))


def test_passes_are_chosen_for_what_they_find_and_do_not_depend_on_the_order() -> None:
    frame, config = table("voters", 4000)
    config = config.model_copy(update={"pair_budget": 60_000})
    passes = propose_passes(standardise(frame, config), config)
    mixed = frame[np.random.default_rng(1).permutation(frame.height)]
    assert passes == propose_passes(standardise(mixed, config), config)
    assert 0 < sum(p.estimated_pairs for p in passes) <= 60_000
    assert len(passes) > 5
