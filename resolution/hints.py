"""What certain evidence asks of names: may two records be one person, and is a mailbox somebody else's?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from resolution.classify.model import MatchModel
    from resolution.standardise.columns import Standardised

Compared = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class NameHints:
    """given: int64[n], equal for records whose given names may be one, -1 where unknown.

    foreign: bool[n], records that use a mailbox named after somebody else. alike: for positions of two records each,
    whether their given names are spellings of one: a nickname, an initial, a typing error (of two names that many
    people have, neither is: Daniel, Daniela). clash: whether two known given names cannot be one (a swap of given and
    family name is no clash). name: int64[n], equal for equal full names, -1 where the given name is unknown; the
    lowest 32 bits are the family name's, 0 where it is unknown (has_families: whether names have such bits).
    """

    given: np.ndarray
    foreign: np.ndarray
    alike: Compared
    clash: Compared
    name: np.ndarray
    has_families: bool = False

    @classmethod
    def of(cls, given: np.ndarray | NameHints | None, n: int) -> NameHints:
        """Hints from given names alone; None = nothing known of `n` records."""
        if isinstance(given, NameHints):
            return given
        hints = np.full(n, -1, np.int64) if given is None else np.asarray(given, dtype=np.int64)

        def alike(left: np.ndarray, right: np.ndarray) -> np.ndarray:
            return hints[left] == hints[right]

        return cls(hints, np.zeros(n, bool), alike, lambda left, right: ~alike(left, right), hints)

    def take(self, positions: np.ndarray) -> NameHints:
        """The hints of some records, which are then positions 0, 1, …"""
        return NameHints(
            self.given[positions],
            self.foreign[positions],
            lambda left, right: self.alike(positions[left], positions[right]),
            lambda left, right: self.clash(positions[left], positions[right]),
            self.name[positions],
            self.has_families,
        )


def make_hints(std: Standardised, model: MatchModel | None) -> NameHints:
    """Hints for standardised records. Without a model no mailbox counts as somebody else's: no names are known."""
    from resolution.compare import swap_names
    from resolution.compare.features import GivenNameFeature
    from resolution.evidence import name_hints
    from resolution.mailboxes import mailbox_of_another

    given = name_hints(std)
    listed = [a.frequency for a in model.attributes if a.label == "given_name"] if model else []
    known_names = np.fromiter(listed[0], np.uint64, len(listed[0])) if listed else np.empty(0, np.uint64)
    feature = GivenNameFeature("given")
    listed_names = np.zeros(std.n, bool)
    if len(known_names) and "given" in std.columns:
        column = std.columns["given"]
        is_listed = np.append(np.isin(column.hashes(), known_names), False)
        listed_names = is_listed[column.codes]
    labels = GivenNameFeature.labels
    least, spelling = labels.index("initial"), (labels.index("alike"), labels.index("typo"))

    def levels(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        left, right = left.astype(np.int32), right.astype(np.int32)
        found = feature.levels(std, left, right)
        if "family" in std.columns:
            swap_names(std, left, right, found, np.zeros(len(left), np.uint8))
        return found

    def alike(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        found = levels(left, right)
        two_names = np.isin(found, spelling) & listed_names[left] & listed_names[right]
        result: np.ndarray = (found >= least) & ~two_names
        return result

    name = np.full(std.n, -1, np.int64)
    if "given" in std.columns:
        column = std.columns["given"]
        family = std.columns.get("family", column)
        known = given >= 0
        name[known] = column.codes[known].astype(np.int64) << 32 | (family.codes[known].astype(np.int64) + 1)
    return NameHints(
        given,
        mailbox_of_another(std, known_names),
        alike,
        lambda left, right: levels(left, right) == 1,
        name,
        "family" in std.columns,
    )
