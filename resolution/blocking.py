"""Atoms (what two records may share) and blocking passes (combinations of atoms), given or proposed from the data.

An atom is written `column:function`, for example `family:soundex`, `birth_date:year`; `column` alone means its whole
value.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from resolution.config import MatchConfig
from resolution.errors import ConfigError
from resolution.standardise import dates, names, places
from resolution.standardise.columns import Column, Standardised

if TYPE_CHECKING:
    import polars as pl

EVERYONE = "everyone"
EVERYTHING = 1000
"""Up to so many records, every pair is compared."""
REMEMBERED = 2_000_000
"""Distinct values of a column up to which what atoms make of them is kept."""
MOST_LOST = 0.5
COST_SAMPLE = 20_000
"""Records from which the pairs of a pass are estimated, drawn by the hash of their ids."""
Hashes = tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Pass:
    """One blocking pass. Its number is stored with the keys, so it must stay the same for one model."""

    number: int
    atoms: tuple[str, ...]
    estimated_pairs: int = 0

    @property
    def name(self) -> str:
        return " + ".join(self.atoms)


def _prefix(length: int) -> Callable[[Column], pl.Series]:
    def cut(column: Column) -> pl.Series:
        import polars as pl

        text = column.series().str.replace_all(" ", "", literal=True).str.head(length)
        return pl.select(pl.when(text.str.len_chars() >= min(length, 2)).then(text)).to_series()

    return cut


def _tail(length: int) -> Callable[[Column], pl.Series]:
    return lambda column: column.series().str.replace_all(" ", "", literal=True).str.tail(length)


def _listed(function: Callable[[npt.NDArray[np.object_]], list]) -> Callable[[Column], pl.Series]:
    def run(column: Column) -> pl.Series:
        import polars as pl

        return pl.Series(function(column.values), dtype=pl.String)

    return run


def _sorted_words(column: Column) -> pl.Series:
    return column.series().str.split(" ").list.sort().list.join(" ")


FUNCTIONS: dict[str, Callable[[Column], pl.Series]] = {
    "value": lambda column: column.series(),
    "initial": lambda column: column.series().str.head(1),
    "prefix2": _prefix(2),
    "prefix3": _prefix(3),
    "prefix4": _prefix(4),
    "prefix6": _prefix(6),
    "tail3": _tail(3),
    "tail4": _tail(4),
    "tail6": _tail(6),
    "tail8": _tail(8),
    "soundex": _listed(names.soundex),
    "root": _listed(names.main_roots),
    "last": lambda column: column.series().str.split(" ").list.last(),
    "first": lambda column: column.series().str.split(" ").list.first(),
    "words": _sorted_words,
    "year": lambda column: column.series().str.head(4),
    "monthday": lambda column: column.series().str.slice(4),
    "yearmonth": lambda column: column.series().str.head(6),
    "yearday": lambda column: column.series().str.head(4) + column.series().str.tail(2),
    "swapped": lambda column: dates.swapped(column.series()),
    "area": lambda column: places.postcode_areas(column.series()),
}


def atom_hashes(std: Standardised, atom: str) -> Hashes:
    """64-bit hash of the atom's value per record, and which records have it. Raises ConfigError for an unknown atom.

    `names:*` is unordered: it is the same for a record whose given and family name are swapped.
    """
    if atom == EVERYONE:
        return np.zeros(std.n, np.uint64), np.ones(std.n, bool)
    if is_combined(std, atom):
        function = atom.partition(":")[2]
        (given, has_given), (family, has_family) = (
            atom_hashes(std, f"{part}:{function}") for part in ("given", "family")
        )
        return given + family, has_given & has_family
    derived = atom_column(std, atom)
    return hash_codes(derived), derived.codes >= 0


def is_combined(std: Standardised, atom: str) -> bool:
    """Whether an atom is made of several columns (or of none), so that it is no column's."""
    return atom == EVERYONE or (atom.partition(":")[0] == "names" and "names" not in std.columns)


def atom_column(std: Standardised, atom: str) -> Column:
    """An atom of one column as a column of its own. What it makes of the distinct values is remembered: passes share
    atoms. Raises ConfigError for an unknown column or function.
    """
    name, _, function = atom.partition(":")
    function = function or "value"
    if function not in FUNCTIONS:
        raise ConfigError(f"blocking: {atom!r}: no function {function!r}; there are {', '.join(FUNCTIONS)}")
    if name not in std.columns:
        raise ConfigError(f"blocking: {atom!r}: no column {name!r}; there are names, {', '.join(std.columns)}")
    column = std.columns[name]
    if function == "value":
        return column
    key = f"atom {function}"
    made: Column = column.facts.get(key) or Column.encode(FUNCTIONS[function](column))
    if column.size <= REMEMBERED:
        column.facts[key] = made
    return Column(np.append(made.codes, np.int32(-1))[column.codes], made.text, made.facts)


def hash_codes(column: Column) -> npt.NDArray[np.uint64]:
    """Stable 64-bit hash of each record's value (0 where missing): SipHash as pandas computes it."""
    if not column.size:
        return np.zeros(len(column.codes), np.uint64)
    return np.where(column.codes >= 0, column.hashes()[column.codes], np.uint64(0))


def attribute_atoms(std: Standardised, config: MatchConfig) -> dict[str, list[str]]:
    """Attribute → atoms worth blocking on. Columns that say nothing (one value, all missing) are left out."""
    groups: dict[str, list[str]] = {}
    kinds = {name: a.type for name, a in config.attributes.items()}
    if "given" in std.columns:
        groups["given"] = ["given:initial", "given:prefix3", "given:tail3", "given:root", "given:soundex"]
    if "family" in std.columns:
        groups["family"] = ["family:initial", "family:prefix3", "family:tail3", "family:soundex", "family"]
    if "given" in std.columns and "family" in std.columns:
        groups["names"] = ["names:initial", "names:prefix3", "names:soundex", "names"]
    for name, kind in kinds.items():
        if kind == "email":
            groups[name] = [f"{name}_local:prefix4", f"{name}_local:tail4", f"{name}_local", f"{name}_base"]
        elif kind == "phone":
            groups[name] = [f"{name}:tail4", f"{name}:prefix6", f"{name}:tail6", f"{name}:tail8"]
        elif kind in ("birth_date", "date"):
            groups[name] = [
                f"{name}:year",
                f"{name}:monthday",
                f"{name}:yearmonth",
                f"{name}:yearday",
                f"{name}:swapped",
                name,
            ]
        elif kind == "address":
            groups[name] = [
                f"{name}_number",
                f"{name}:prefix3",
                f"{name}_street:prefix4",
                f"{name}_street:soundex",
                f"{name}_street:words",
                name,
            ]
        elif kind == "postcode":
            groups[name] = [f"{name}:area", f"{name}:prefix3", f"{name}:tail3", f"{name}:tail4", name]
        elif kind == "id":
            groups[name] = [f"{name}:prefix4", f"{name}:tail4", name]
        elif kind in ("string", "city"):
            groups[name] = [f"{name}:{f}" for f in ("prefix2", "prefix4", "tail3", "soundex", "words", "value")]
        elif kind in ("exact", "number"):
            groups[name] = [name]
    return groups


def given_passes(config: MatchConfig) -> list[Pass]:
    """The passes that the configuration names."""
    return [Pass(number, tuple(atoms)) for number, atoms in enumerate(config.blocking) if atoms]


def pair_budget(n: int, config: MatchConfig) -> int:
    """Raw pairs (before deduplication) that the passes may make together."""
    if config.pair_budget != "auto":
        return config.pair_budget
    return int(min(max(100 * n, 2_000_000), 20_000_000))


ROOM = 12_000_000
ROOM_PER_RECORD = 600
ROOMY_RECORDS = 50_000


def roomy_budget(n: int, config: MatchConfig) -> int:
    """Raw pairs of the passes once looser ones are added (`passes.with_looser`).

    ROOM is some ten seconds of one core; small sets take less, in proportion. From ROOMY_RECORDS on it dwindles to
    nothing at twice as many: there `pair_budget` has grown to nearly the same.
    """
    if config.pair_budget != "auto":
        return config.pair_budget
    return int(min(ROOM_PER_RECORD * n, ROOM) * min(max(2 - n / ROOMY_RECORDS, 0.0), 1.0))


@dataclass
class AtomTable:
    """Atoms by attribute, with their hashes per record and, from a sample, what passes of them would cost."""

    std: Standardised
    groups: dict[str, list[str]]
    max_block_size: int
    sample: npt.NDArray[np.int64]
    _codes: dict[str, Hashes] = field(default_factory=dict, repr=False)
    _costs: dict[tuple[str, ...], tuple[int, float]] = field(default_factory=dict, repr=False)

    @classmethod
    def make(cls, std: Standardised, config: MatchConfig, groups: dict[str, list[str]]) -> AtomTable:
        """Atoms that say nothing (all missing, or one value everywhere) are left out."""
        chosen = np.arange(std.n, dtype=np.int64)
        if std.n > COST_SAMPLE:
            chosen = np.sort(np.argsort(std.identity, kind="stable")[:COST_SAMPLE]).astype(np.int64)
        table = cls(std, {}, config.max_block_size, chosen)
        small = std.take(chosen) if len(chosen) < std.n else std
        for name, atoms in groups.items():
            for atom in atoms:
                values, known = atom_hashes(small, atom)
                if known.any() and (values[known] != values[known][0]).any():
                    table._codes[atom] = values * np.uint64(0x9E3779B97F4A7C15), known
            usable = [atom for atom in atoms if atom in table._codes]
            if usable:
                table.groups[name] = usable
        return table

    @property
    def scale(self) -> float:
        """Records per record of the sample."""
        return self.std.n / max(len(self.sample), 1)

    def uncapped(self) -> AtomTable:
        """The same table with estimates that count blocks of any size."""
        return AtomTable(self.std, self.groups, self.std.n, self.sample, self._codes)

    def combined(self, atoms: tuple[str, ...]) -> Hashes:
        """Hash of several atoms together for all records."""
        parts = [atom_hashes(self.std, atom) for atom in atoms]
        key = parts[0][0] * np.uint64(0x9E3779B97F4A7C15)
        known = parts[0][1].copy()
        for values, there in parts[1:]:
            key = (key ^ values) * np.uint64(0xBF58476D1CE4E5B9)
            known &= there
        return key, known

    def _cost(self, atoms: tuple[str, ...]) -> tuple[int, float]:
        if atoms not in self._costs:
            key, present = self._codes[atoms[0]]
            for atom in atoms[1:]:
                values, known = self._codes[atom]
                key = (key ^ values) * np.uint64(0xBF58476D1CE4E5B9)
                present = present & known
            key = np.sort(key[present])
            count = np.diff(np.flatnonzero(np.r_[True, key[1:] != key[:-1], True])) if len(key) else np.empty(0, int)
            big = count * self.scale > self.max_block_size
            lost = float(count[big].sum()) / max(len(key), 1)
            count = count[~big].astype(np.float64)
            self._costs[atoms] = int((count * (count - 1) / 2).sum() * self.scale**2), lost
        return self._costs[atoms]

    def pairs(self, atoms: tuple[str, ...]) -> int:
        """Estimated pairs of a pass, without blocks above the cap."""
        return self._cost(atoms)[0]

    def usable_pairs(self, atoms: tuple[str, ...]) -> int:
        """`pairs`, 0 for a pass that leaves most records out because their blocks are above the cap."""
        pairs, lost = self._cost(atoms)
        return pairs if lost <= MOST_LOST else 0

    def lost(self, atoms: tuple[str, ...]) -> float:
        """Share of the records of a pass that lie in blocks above the cap."""
        return self._cost(atoms)[1]


def first_passes(table: AtomTable, budget: int) -> list[tuple[str, ...]]:
    """Passes by cost alone: for every attribute and every two attributes (three where two leave too many pairs) the
    loosest combination of atoms whose estimated pairs fit the allowance, and then others made of different atoms.
    budget: pairs of all together.

    Two records of one person that agree, even roughly, on any two attributes are thus compared.
    """
    wanted = [(g,) for g in table.groups] + [p for p in itertools.combinations(table.groups, 2) if not overlap(set(p))]
    allowance = budget / max(len(wanted), 1)
    kept: list[tuple[str, ...]] = []
    while allowance <= budget:
        found = _loosest(wanted, table.groups, table.usable_pairs, allowance)
        kept = _within_budget(found, budget)
        # Room left: finer passes gave way to looser ones that imply them, so looser ones still are tried.
        if sum(found[atoms] for atoms in kept) >= budget / 2:
            break
        allowance *= 2
    return kept


def _loosest(
    wanted: Sequence[tuple[str, ...]],
    groups: dict[str, list[str]],
    pairs: Callable[[tuple[str, ...]], int],
    allowance: float,
) -> dict[tuple[str, ...], int]:
    """For each combination of attributes up to three loosest fitting combinations of different atoms."""
    found: dict[tuple[str, ...], int] = {}
    for combination in wanted:
        options = [(pairs(atoms), atoms) for atoms in itertools.product(*(groups[g] for g in combination))]
        used: set[str] = set()
        fitting = sorted((o for o in options if 0 < o[0] <= allowance), key=lambda o: (-o[0], o[1]))
        for count, atoms in fitting:
            if not used & set(atoms) and len(used) < 3 * len(atoms):
                found[atoms] = count
                used |= set(atoms)
        if not fitting and len(combination) == 2:
            third = [
                (pairs((*atoms, extra)), (*atoms, extra))
                for _, atoms in options[:6]
                for g in groups
                if g not in combination and not overlap({*combination, g})
                for extra in groups[g][:2]
            ]
            best = sorted((o for o in third if 0 < o[0] <= allowance), key=lambda o: (-o[0], o[1]))[:2]
            found.update({atoms: count for count, atoms in best})
    return found


def overlap(combination: set[str]) -> bool:
    """Names as a pair and one of the two names say the same."""
    return "names" in combination and bool({"given", "family"} & combination)


def _within_budget(found: dict[tuple[str, ...], int], budget: int) -> list[tuple[str, ...]]:
    """The cheapest passes first, as long as the budget lasts, without those that another one implies."""
    total = 0
    kept: list[tuple[str, ...]] = []
    for atoms, pairs in sorted(found.items(), key=lambda item: (item[1], item[0])):
        if total + pairs <= budget:
            kept.append(atoms)
            total += pairs
    return [atoms for atoms in kept if not any(other != atoms and implies(atoms, other) for other in kept)]


COARSER = {
    "value": {*FUNCTIONS} - {"value"},
    "prefix3": {"initial", "prefix2"},
    "prefix4": {"initial", "prefix2", "prefix3"},
    "prefix2": {"initial"},
    "prefix6": {"initial", "prefix2", "prefix3", "prefix4"},
    "tail8": {"tail3", "tail4", "tail6"},
    "tail6": {"tail3", "tail4"},
    "tail4": {"tail3"},
    "yearmonth": {"year"},
    "yearday": {"year"},
    "swapped": {"year"},
}


def implies(fine: tuple[str, ...], coarse: tuple[str, ...]) -> bool:
    """Whether every two records that share `fine` also share `coarse`, so that the finer pass adds nothing."""

    def covers(a: str, b: str) -> bool:
        (column, _, function), (other, _, wide) = a.partition(":"), b.partition(":")
        if column == other:
            return (function or "value") == (wide or "value") or (wide or "value") in COARSER.get(
                function or "value", ()
            )
        return column == other.removesuffix("_local") + "_base" and a.endswith("_base")

    return all(any(covers(a, b) for a in fine) for b in coarse)
