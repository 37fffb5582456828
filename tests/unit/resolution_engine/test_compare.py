"""Levels of comparisons, and the recordlinkage interface over them."""

import numpy as np
import pandas as pd
import pytest

from resolution.compare import compare_pairs, make_features
from resolution.compare.features import DateFeature, GivenNameFeature, StringFeature
from resolution.config import config_from_dict
from resolution.standardise import standardise


def level(kind: str, left: object, right: object) -> str:
    config = config_from_dict({"record_id": "id", "attributes": {"x": kind}})
    std = standardise(pd.DataFrame({"id": [1, 2], "x": [left, right]}), config)
    feature = make_features(std, config)[0]
    one, two = np.array([0], np.int32), np.array([1], np.int32)
    forth, back = (int(compare_pairs(std, [feature], a, b)[0, 0]) for a, b in ((one, two), (two, one)))
    assert forth == back, "a comparison must not depend on the order of the two records"
    return feature.labels[forth]


@pytest.mark.parametrize(
    ("kind", "left", "right", "expected"),
    [
        ("given_name", "Robert", "ROBERT", "same"),
        ("given_name", "Bob", "Robert", "nickname"),
        ("given_name", "R.", "Robert", "initial"),
        ("given_name", "Robret", "Robert", "typo"),
        ("given_name", "Mary Ann", "Mary", "alike"),
        ("given_name", "Grace", "Tom", "different"),
        ("given_name", None, "Tom", "missing"),
        ("given_name", "", "", "missing"),
        ("family_name", "Müller", "Muller", "same"),
        ("family_name", "Smith Jones", "Smith", "alike"),
        ("family_name", "Featherstone", "Fetherstone", "typo"),
        ("email", "j.doe+shop@gmail.com", "jdoe@googlemail.com", "same mailbox"),
        ("email", "jane.roe@a.com", "jane.roe@b.org", "same local part"),
        ("email", "jane.roe@web.de", "jane.rol@web.de", "typo"),
        ("email", "a@b.de", "xyz@q.com", "different"),
        ("phone", "+49 171 1234567", "0171 1234567", "same last digits"),
        ("phone", "+491711234567", "+491711234568", "typo"),
        ("birth_date", "1990-05-17", "1990-17-05", "typo or swap"),
        ("birth_date", "1990-05-17", "1991-05-17", "typo or swap"),
        ("birth_date", "1990-05-17", "1990-05-29", "two parts same"),
        ("birth_date", "1990-05-17", "1990", "partly known, agrees"),
        ("birth_date", "1990-05-17", "1994-11-02", "within ten years"),
        ("birth_date", "1990-05-17", "1950-01-02", "different"),
        ("birth_date", "1990-05-17", "1990-05-71", "typo or swap"),
        ("postcode", "SW1A 1AA", "sw1a1aa", "same"),
        ("postcode", "12345", "13245", "typo"),
        ("postcode", "SW1A 1AA", "SW1A 1XY", "same area"),
        ("address", "12 High Street", "12 High St", "same"),
        ("address", "12 High Street", "14 High St", "same street"),
        ("address", "12 High Street", "Flat 2 12 High St", "alike, same number"),
        ("id", "1234567", "1234576", "typo"),
        ("number", 100, 100.5, "within one per cent"),
        ("number", "x", 100, "missing"),
        ("string", "plumber", "Plumber!", "same"),
        ("exact", "a", "b", "different"),
    ],
)
def test_levels(kind: str, left: object, right: object, expected: str) -> None:
    assert level(kind, left, right) == expected


def test_swapped_names_are_one_observation() -> None:
    config = config_from_dict({"record_id": "id", "attributes": {"f": "given_name", "l": "family_name"}})
    frame = pd.DataFrame({"id": [1, 2, 3], "f": ["Evie", "Dean", "Dean"], "l": ["Dean", "Evie", None]})
    std = standardise(frame, config)
    features = make_features(std, config)
    levels = compare_pairs(std, features, np.array([0, 0], np.int32), np.array([1, 2], np.int32))
    assert [features[0].labels[v] for v in levels[:, 0]] == ["swapped with family name"] * 2
    assert levels[:, 1].tolist() == [0, 0]


def test_very_long_values_and_many_repeats_are_compared_once() -> None:
    config = config_from_dict({"record_id": "id", "attributes": {"x": "string"}})
    std = standardise(pd.DataFrame({"id": range(4), "x": ["a" * 10_000, "b" * 10_000, "😀" * 50, "ب" * 9000]}), config)
    feature = make_features(std, config)[0]
    left, right = np.zeros(100_000, np.int32), np.ones(100_000, np.int32)
    assert set(feature.levels(std, left, right).tolist()) == {1}


@pytest.mark.parametrize(
    ("feature", "left", "right", "expected"),
    [
        (GivenNameFeature("g"), ["bob", None, "ann"], ["robert", "x", "ann"], [6, 0, 8]),
        (StringFeature("g"), ["abc", "abcdef", ""], ["abc", "abcdeg", "x"], [5, 4, 0]),
        (DateFeature("g"), ["19900517"], ["19901705"], [5]),
    ],
)
def test_features_run_in_recordlinkage(feature, left: list, right: list, expected: list) -> None:
    import recordlinkage

    from resolution.toolkit import LevelCompare

    frame = pd.DataFrame({"g": left + right})
    pairs = pd.MultiIndex.from_arrays([range(len(left)), range(len(left), 2 * len(left))])
    compare = recordlinkage.Compare()
    compare.add(LevelCompare(feature))
    assert compare.compute(pairs, frame)["g"].tolist() == expected
