"""What the sieve drops could never have been kept."""

import numpy as np
import pytest

from benchmarks.identity import MORE, PERSON, WIDE
from benchmarks.identity_data import hard
from resolution.candidates import Candidates
from resolution.classify.fellegi_sunter import FellegiSunter
from resolution.compare import compare_pairs, make_features, settle
from resolution.config import config_from_dict
from resolution.pipeline import train
from resolution.sifting import Sieve
from resolution.standardise import standardise


def test_dropped_pairs_weigh_too_little_and_levels_of_the_others_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_from_dict({"record_id": "record_id", "attributes": {**PERSON, **MORE}, "blocking": WIDE})
    std = standardise(hard(6000), config)
    model = train(std, config)
    features, classifier = make_features(std, config), FellegiSunter(model)
    assert model.implied, "no place settles another one: the rule is not tried"
    monkeypatch.setattr("resolution.sifting.FEWEST", 1)
    monkeypatch.setattr("resolution.compare.fast.MANY", 1)
    left, right = (np.concatenate(side) for side in zip(*Candidates(std, config, model.passes).chunks(), strict=True))
    weight = classifier.weigh(std, features, left, right, compare_pairs(std, features, left, right, model.implied))
    for least in (-10.0, 0.0, 8.0):
        kept_left, kept_right, levels = Sieve(std, features, classifier, model.implied, least).sift(left, right)
        kept = np.isin(left.astype(np.int64) << 32 | right, kept_left.astype(np.int64) << 32 | kept_right)
        assert (weight[~kept] < least).all()
        assert (weight >= least).sum() <= kept.sum() < 1.5 * (weight >= least).sum()
        settle(std, features, kept_left, kept_right, levels, model.implied)
        assert np.array_equal(levels, compare_pairs(std, features, kept_left, kept_right, model.implied))
