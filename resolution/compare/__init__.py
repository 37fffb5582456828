"""Comparisons of record pairs: one level feature per attribute."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from resolution.compare.features import LevelFeature
    from resolution.compare.kernels import Levels
    from resolution.config import MatchConfig
    from resolution.standardise.columns import Codes, Column, Standardised

__all__ = ["compare_pairs", "family_as_given", "implied_places", "make_features", "settle"]
FEW_PAIRS = 10_000
"""Fewer pairs are compared before threads have started."""


def make_features(std: Standardised, config: MatchConfig) -> list[LevelFeature]:
    """The comparisons for the standardised columns, in the order of the configuration (names first).

    Raises ConfigError when there are more than the patterns of levels can hold.
    """
    from resolution.classify.patterns import MOST_COMPARED
    from resolution.compare import features as f
    from resolution.errors import ConfigError

    kinds: dict[str, type[f.LevelFeature]] = {
        "email": f.EmailFeature,
        "phone": f.PhoneFeature,
        "birth_date": f.BirthDateFeature,
        "date": f.DateFeature,
        "address": f.AddressFeature,
        "postcode": f.PostcodeFeature,
        "city": f.CityFeature,
        "string": f.StringFeature,
        "id": f.IdFeature,
        "number": f.NumberFeature,
        "exact": f.ExactFeature,
    }
    made: list[f.LevelFeature] = []
    if "given" in std.columns:
        made.append(f.GivenNameFeature("given", "given_name"))
    if "family" in std.columns:
        made.append(f.FamilyNameFeature("family", "family_name"))
    for name, attribute in config.attributes.items():
        if attribute.type in kinds and name in std.columns:
            made.append(kinds[attribute.type](name, name, attribute.term_frequency))
    if len(made) > MOST_COMPARED:
        raise ConfigError(
            f"{config.origin}: attributes: {len(made)} comparisons, at most {MOST_COMPARED} are made; leave out those "
            "that tell the fewest records apart (`python -m resolution profile FILE` shows it): "
            f"{', '.join(feature.label for feature in made)}"
        )
    return made


def compare_pairs(
    std: Standardised,
    features: Sequence[LevelFeature],
    left: Codes,
    right: Codes,
    implied: Sequence[tuple[int, int]] = (),
    jobs: int = 0,
) -> Levels:
    """Levels of all pairs, uint8[pairs, features], one feature after the other in memory.

    implied: (fine, coarse) features; where the fine one is the same, an agreeing coarse one counts as missing.
    jobs: threads, each of which compares one attribute at a time; 0 = all cores. The result does not depend on it.
    """
    from resolution.compare import fast
    from resolution.parallel import in_parallel

    result = np.empty((len(left), len(features)), np.uint8, order="F")

    def compare(i: int) -> None:
        result[:, i] = fast.levels(features[i], std, left, right)

    in_parallel([partial(compare, i) for i in range(len(features))], jobs if len(left) >= FEW_PAIRS else 1)
    settle(std, features, left, right, result, implied)
    return result


def settle(
    std: Standardised,
    features: Sequence[LevelFeature],
    left: Codes,
    right: Codes,
    levels: Levels,
    implied: Sequence[tuple[int, int]] = (),
) -> None:
    """Correct the levels of single attributes by what the others say, in place: swapped names, mailboxes named after
    their owners, places within places.
    """
    from resolution.mailboxes import discount_mailboxes

    labels = [feature.label for feature in features]
    if "given_name" in labels and "family_name" in labels:
        swap_names(std, left, right, levels[:, labels.index("given_name")], levels[:, labels.index("family_name")])
    discount_mailboxes(std, features, left, right, levels)
    # Coarsest last pair first: a street decides about the postcode after the postcode has decided about the city.
    for fine, coarse in reversed(list(implied)):
        settled = levels[:, fine] >= min(features[fine].settles, features[fine].top)
        levels[settled & (levels[:, coarse] > 1), coarse] = 0


PLACES = ("address", "postcode", "city")


def implied_places(
    std: Standardised, config: MatchConfig, features: Sequence[LevelFeature], share: float = 0.6
) -> tuple[tuple[int, int], ...]:
    """Pairs of place comparisons (fine, coarse) in which the finer place determines the coarser one in these data.

    A postcode lies in one city: two strangers with the same postcode share the city too, which is no second piece
    of evidence.
    Determined means that, of three or more people with one fine value, at least `share` have its most usual coarse
    value.
    """
    import polars as pl

    place = {f.column: i for i, f in enumerate(features)}
    kinds = {kind: [n for n, a in config.attributes.items() if a.type == kind and n in place] for kind in PLACES}
    ordered = [name for kind in PLACES for name in kinds[kind]]
    person = [std.columns[c].codes for c in ("given", "family") if c in std.columns]
    found = []
    for i, fine in enumerate(ordered):
        for coarse in ordered[i + 1 :]:
            if config.attributes[fine].type == config.attributes[coarse].type:
                continue
            names = {f"p{k}": codes for k, codes in enumerate(person)}
            frame = pl.DataFrame({"fine": std.columns[fine].codes, "coarse": std.columns[coarse].codes, **names})
            # One row per person as far as names tell: records of one person agree on places for another reason.
            frame = frame.filter((pl.col("fine") >= 0) & (pl.col("coarse") >= 0)).unique(
                ["fine", *names] if names else None
            )
            cells = (
                frame.group_by("fine", "coarse")
                .len()
                .group_by("fine")
                .agg(pl.col("len").sum(), usual=pl.col("len").max())
            )
            cells = cells.filter(pl.col("len") >= 3)
            if cells.height >= 3 and float(cells["usual"].sum()) >= share * float(cells["len"].sum()):
                found.append((place[fine], place[coarse]))
    return tuple(found)


def swap_names(std: Standardised, left: Codes, right: Codes, given: Levels, family: Levels) -> None:
    """Mark pairs in which given and family name changed places, in place.

    The given name gets the level `swapped`, the family name counts as missing: one observation, one weight. Where a
    record has
    one of the two names only, finding it in the other's place is enough.
    """
    from resolution.compare.features import FamilyNameFeature, GivenNameFeature

    level = GivenNameFeature.labels.index("swapped with family name")
    first = std.columns["given"].codes
    crossed = family_as_given(std)
    given_left, given_right = first[left], first[right]
    crossed_left, crossed_right = crossed[left], crossed[right]
    one = (given_left >= 0) & (given_left == crossed_right)
    two = (given_right >= 0) & (given_right == crossed_left)
    one_missing = (given_right < 0) | (crossed_left == -1)
    two_missing = (given_left < 0) | (crossed_right == -1)
    swapped = ((one & two) | (one & one_missing) | (two & two_missing)) & ~(
        (given == len(GivenNameFeature.labels) - 1) & (family == len(FamilyNameFeature.labels) - 1)
    )
    given[swapped] = level
    family[swapped] = 0


def family_as_given(std: Standardised) -> Codes:
    """Each record's family name as a code of given names, int32[n]: -1 missing, -2 nobody's given name."""
    last = std.columns["family"]
    if "family as given" not in std.facts:
        std.facts["family as given"] = np.append(_same_values(last, std.columns["given"]), np.int32(-1))
    translate: Codes = std.facts["family as given"]
    return translate[last.codes]


def _same_values(column: Column, other: Column) -> Codes:
    """For each distinct value of `column` the code of the same value in `other`; -2 where it has none."""
    import polars as pl

    ours = pl.DataFrame({"value": column.text})
    theirs = pl.DataFrame({"value": other.text, "code": np.arange(other.size, dtype=np.int32)})
    found = ours.join(theirs, on="value", how="left", maintain_order="left")["code"].fill_null(-2)
    return found.to_numpy().astype(np.int32)
