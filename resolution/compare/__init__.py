"""Comparisons of record pairs: one level feature per attribute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from resolution.compare.features import LevelFeature
    from resolution.compare.kernels import Levels
    from resolution.config import MatchConfig
    from resolution.standardise.columns import Codes, Standardised

__all__ = ["compare_pairs", "make_features"]


def make_features(std: Standardised, config: MatchConfig) -> list[LevelFeature]:
    """The comparisons for the standardised columns, in the order of the configuration (names first)."""
    from resolution.compare import features as f

    kinds: dict[str, type[f.LevelFeature]] = {
        "email": f.EmailFeature, "phone": f.PhoneFeature, "birth_date": f.DateFeature, "date": f.DateFeature,
        "address": f.AddressFeature, "postcode": f.PostcodeFeature, "city": f.CityFeature, "string": f.StringFeature,
        "id": f.IdFeature, "number": f.NumberFeature, "exact": f.ExactFeature,
    }  # fmt: skip
    made: list[f.LevelFeature] = []
    if "given" in std.columns:
        made.append(f.GivenNameFeature("given", "given_name"))
    if "family" in std.columns:
        made.append(f.FamilyNameFeature("family", "family_name"))
    for name, attribute in config.attributes.items():
        if attribute.type in kinds and name in std.columns:
            made.append(kinds[attribute.type](name, name, attribute.term_frequency))
    return made


def compare_pairs(std: Standardised, features: Sequence[LevelFeature], left: Codes, right: Codes) -> Levels:
    """Levels of all pairs, uint8[pairs, features]."""
    result = np.empty((len(left), len(features)), np.uint8)
    for i, feature in enumerate(features):
        result[:, i] = feature.levels(std, left, right)
    labels = [feature.label for feature in features]
    if "given_name" in labels and "family_name" in labels:
        swap_names(std, left, right, result[:, labels.index("given_name")], result[:, labels.index("family_name")])
    return result


def swap_names(std: Standardised, left: Codes, right: Codes, given: Levels, family: Levels) -> None:
    """Mark pairs in which given and family name changed places, in place.

    The family name gets the level `swapped`, the given name counts as missing: one observation, one weight. Where a record has one of
    the two names only, finding it in the other's place is enough.
    """
    from resolution.compare.features import FamilyNameFeature

    level = FamilyNameFeature.labels.index("swapped with given name")
    first, last = std.columns["given"], std.columns["family"]
    shared = {value: code for code, value in enumerate(first.values)}
    translate = np.array([shared.get(value, -2) for value in last.values] + [-1], np.int32)  # family code → given code
    family_as_given = translate[last.codes]
    given_left, given_right = first.codes[left], first.codes[right]
    crossed_left, crossed_right = family_as_given[left], family_as_given[right]
    one = (given_left >= 0) & (given_left == crossed_right)
    two = (given_right >= 0) & (given_right == crossed_left)
    one_missing = (given_right < 0) | (crossed_left == -1)
    two_missing = (given_left < 0) | (crossed_right == -1)
    swapped = ((one & two) | (one & one_missing) | (two & two_missing)) & ~((given == 7) & (family == 6))
    given[swapped] = 0
    family[swapped] = level
