"""The model recovers what a simulation was made with."""

import numpy as np
import pandas as pd
import pytest

from resolution.classify.fellegi_sunter import FellegiSunter
from resolution.classify.patterns import PatternCounts, pack
from resolution.config import config_from_dict
from resolution.pipeline import train
from resolution.scoring import score_pairs
from resolution.standardise import standardise


def simulated(n: int = 1500, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Two records per person; 20 % of the second records have another occupation, 10 % another birth date, 30 % no
    name.
    """
    rng = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    name = np.array(["".join(rng.choice(letters, 7)) for _ in range(600)])[
        rng.choice(600, n, p=(w := 1.0 / np.arange(1, 601) ** 0.7) / w.sum())
    ]
    born = (np.datetime64("1950-01-01") + rng.integers(0, 18000, n)).astype(str)
    job = rng.integers(0, 40, n).astype(str)
    town = np.array([f"{a}{b}ville" for a in "abcdefghij" for b in "klmnopqrst"])[rng.integers(0, 100, n)]
    first = pd.DataFrame({"name": name, "born": born, "job": job, "town": town})
    second = first.copy()
    second.loc[rng.random(n) < 0.2, "job"] = "other"
    moved = rng.random(n) < 0.1
    second.loc[moved, "born"] = (np.datetime64("1950-01-01") + rng.integers(0, 18000, moved.sum())).astype(str)
    second.loc[rng.random(n) < 0.3, "name"] = None
    frame = pd.concat([first, second], ignore_index=True).assign(id=range(2 * n))
    return frame, np.r_[np.arange(n), np.arange(n)]


CONFIG = config_from_dict(
    {"record_id": "id", "attributes": {"name": "given_name", "born": "birth_date", "job": "exact", "town": "exact"}}
)


def test_m_is_learned_without_labels_and_missing_weighs_nothing() -> None:
    frame, _ = simulated()
    std = standardise(frame, CONFIG)
    model = train(std, CONFIG)
    by_label = {a.label: a for a in model.attributes}
    assert abs(by_label["job"].m[-1] - 0.8) < 0.06
    assert abs(by_label["born"].m[-1] - 0.9) < 0.06
    assert abs(model.figures["expected_matching_pairs"] / 1500 - 1) < 0.15
    assert all(a.weights()[0] == 0 for a in model.attributes)
    scored = score_pairs(std, model, np.arange(1500, dtype=np.int32), np.arange(1500, 3000, dtype=np.int32), CONFIG)
    assert scored["match_probability"].mean() > 0.7
    assert scored["evidence"].str.contains("born=same").mean() > 0.85


def test_a_model_classifies_in_recordlinkage() -> None:
    from resolution.compare import compare_pairs, make_features
    from resolution.errors import ModelError
    from resolution.toolkit import LevelClassifier

    frame, person = simulated()
    std = standardise(frame, CONFIG)
    model = train(std, CONFIG)
    left = np.arange(1500, dtype=np.int32)
    right = np.r_[left[:750] + 1500, (left[750:] + 7) % 1500 + 1500].astype(np.int32)
    levels = compare_pairs(std, make_features(std, CONFIG), left, right)
    pairs = pd.DataFrame(levels, index=pd.MultiIndex.from_arrays([left, right]))
    classifier = LevelClassifier(model)
    found = classifier.predict(pairs)
    wanted = person[left] == person[right]
    is_found = np.isin(left, found.get_level_values(0))
    assert is_found[wanted].mean() > 0.6 and is_found[~wanted].mean() < 0.01
    assert classifier.prob(pairs).between(0, 1).all()
    with pytest.raises(ModelError, match="train"):
        classifier.fit(pairs)


def test_a_rare_shared_value_says_more_than_a_common_one() -> None:
    frame, _ = simulated()
    std = standardise(frame, CONFIG)
    model = train(std, CONFIG)
    name = std.columns["given"]
    count = name.counts()
    both = [
        np.flatnonzero(name.codes == code)[:2].astype(np.int32)
        for code in (count.argmax(), np.flatnonzero(count == 2)[0])
    ]
    left, right = (np.array(side, np.int32) for side in zip(*both, strict=True))
    classifier = FellegiSunter(model)
    from resolution.compare import compare_pairs, make_features

    features = make_features(std, CONFIG)
    levels = compare_pairs(std, features, left, right)
    levels[:, 1:] = 0
    weight = classifier.weigh(std, features, left, right, levels)
    assert weight[1] > weight[0] + 3


def test_relatives_are_not_one_person() -> None:
    """Couples share family name, address and city; persons appear twice. Nobody marries their own second record."""
    rng = np.random.default_rng(4)
    n = 1200
    home = np.repeat(np.arange(n // 2), 2)
    given = np.array(
        [
            f"{a}{b}"
            for a in ("al", "be", "cy", "do", "ed", "fa")
            for b in ("ma", "ni", "to", "ra", "xu", "po", "gi", "ke")
        ]
    )
    person = pd.DataFrame(
        {
            "first": rng.choice(given, n),
            "last": [f"fam{h % 150}" for h in home],
            "street": [f"{h} long road" for h in home],
            "born": (np.datetime64("1950-01-01") + rng.integers(0, 18000, n)).astype(str),
        }
    )
    twice = person.copy()
    twice.loc[rng.random(n) < 0.3, "born"] = None
    twice.loc[rng.random(n) < 0.1, "first"] = None
    frame = pd.concat([person, twice], ignore_index=True).assign(id=range(2 * n))
    truth = np.r_[np.arange(n), np.arange(n)]
    config = config_from_dict(
        {
            "record_id": "id",
            "attributes": {"first": "given_name", "last": "family_name", "street": "address", "born": "birth_date"},
        }
    )
    from resolution import evaluate, link

    result = link(frame, config=config)
    assert evaluate(result.labels, truth).pairwise_precision > 0.98
    assert result.model.relatives > 0


@pytest.mark.parametrize("features", [7, 15, 16, 40])
def test_patterns_are_counted_whatever_the_chunks_and_however_many_comparisons(features: int) -> None:
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 9, (200, features)).astype(np.uint8)[rng.integers(0, 200, 5000)]
    levels[:, 0] = rng.integers(0, 2, len(levels))  # two patterns may differ in their first comparison alone
    whole, parts = PatternCounts.empty(features), PatternCounts.empty(features)
    whole.add(levels)
    for chunk in np.array_split(levels, 9):
        parts.add(chunk)
    assert np.array_equal(whole.packed, parts.packed) and np.array_equal(whole.count, parts.count)
    rows, count = np.unique(levels, axis=0, return_counts=True)
    order = np.argsort(pack(rows))
    assert np.array_equal(whole.levels, rows[order]) and np.array_equal(whole.count, count[order])


def test_a_rare_level_never_seems_rarer_than_the_sample_can_tell() -> None:
    from resolution.classify.learning import sampling_noise

    totals = [np.array([0.0, 9e9, 0.0, 1e6])]
    (noise,) = sampling_noise(totals, 10**10, 500_000)
    assert noise[0] == noise[3] == 0  # missing, and the counted top level
    assert noise[2] == pytest.approx(0.5 * (10**10 / 500_000 - 1))
    (exact,) = sampling_noise(totals, 10**5, 10**5)
    assert not exact.any()
