"""Choosing blocking passes from the data: which combinations of atoms find what others miss, per pair they cost.

1. First passes, by cost alone: for every two attributes the loosest combination of atoms that fits (`blocking`).
2. A sample is compared with them and a model learned.
3. Some records (seeds, drawn by the hash of their ids) are compared with all records under far looser passes than the
   whole set could afford. The pairs that the model takes for matches are what blocking has to find.
4. Passes are then taken greedily: most matches not yet found, per estimated pair, until the budget is spent or no
   candidate finds anything more. A match counts a little more often than once, so that there is more than one way to
   find matches like it.
5. `link` adds looser passes where the model is in doubt about many of these matches, for others are then unlike them.

Greedy weighted cover under a budget: Khuller, Moss & Naor 1999; learning blocking from matches: Bilenko et al. 2006.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from resolution.blocking import (
    COST_SAMPLE,
    EVERYONE,
    EVERYTHING,
    AtomTable,
    Pass,
    atom_hashes,
    attribute_atoms,
    first_passes,
    given_passes,
    implies,
    overlap,
    pair_budget,
    roomy_budget,
)

if TYPE_CHECKING:
    from resolution.config import MatchConfig
    from resolution.standardise.columns import Standardised

SEEDS = 2000
SEED_PAIRS = 40_000
"""Pairs between seeds and all records per combination of two attributes."""
MARK_BITS = 16
TRAIN_RECORDS = 40_000
TRAIN_PAIRS = 200_000
LIKELY = 0.3
SURE = 0.95
DOUBTFUL = 0.1
"""Share of the likely matches that the model is not sure of, from which others are thought to be unlike all of them."""
AGAIN = (1.0, 0.08, 0.02)
"""What finding a match is worth the first, second and third time."""
LEAST_GAIN = 2e-4
MOST_PASSES = 60
MOST_TRIPLES = 400
Masks = dict[tuple[str, ...], npt.NDArray[np.bool_]]


def plan_passes(std: Standardised, config: MatchConfig, roomy: bool = False) -> list[Pass]:
    """The configuration's passes, or proposed ones where it says `auto`."""
    return propose_passes(std, config, roomy) if config.blocking == "auto" else given_passes(config)


def propose_passes(std: Standardised, config: MatchConfig, roomy: bool = False) -> list[Pass]:
    """Passes for these data within the pair budget. The answer does not depend on the order of the records.

    roomy: more pairs than the usual budget where much would be missed (not for nights, which store every key).
    """
    table = AtomTable.make(std, config, attribute_atoms(std, config))
    budget = pair_budget(std.n, config)
    first = first_passes(table, budget)
    kept = {atoms: table.pairs(atoms) for atoms in first}
    if std.n > EVERYTHING and len(table.groups) > 1:
        likely = likely_matches(std, config, table, first)
        if likely is not None:
            kept = choose(table, likely, budget) or kept
            if roomy and likely.doubtful > DOUBTFUL:
                kept = with_looser(table, likely, kept, roomy_budget(std.n, config))
    elif std.n <= config.max_block_size:
        kept[EVERYONE,] = std.n * (std.n - 1) // 2  # few enough to compare all; other passes serve when more come
    return [Pass(number, atoms, pairs) for number, (atoms, pairs) in enumerate(sorted(kept.items(), key=_by_cost))]


def _by_cost(item: tuple[tuple[str, ...], int]) -> tuple[bool, int, tuple[str, ...]]:
    return item[0] == (EVERYONE,), item[1], item[0]


@dataclass(frozen=True)
class Likely:
    """Pairs that are probably matches, by pattern of the atoms they agree in: agrees[atom] bool[patterns], and the sum
    of the probabilities of the pattern's pairs.
    """

    agrees: dict[str, npt.NDArray[np.bool_]]
    share: npt.NDArray[np.float64]
    doubtful: float = 0.0
    """Share of the matches that are expected among pairs the model is not sure of."""

    @classmethod
    def make(cls, agrees: dict[str, npt.NDArray[np.bool_]], share: npt.NDArray[np.float64]) -> Likely:
        """From single pairs: agrees[atom] bool[pairs] and their probabilities."""
        packed = np.packbits(np.stack(list(agrees.values())), axis=0).T
        rows = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
        _, first, pattern = np.unique(rows, return_index=True, return_inverse=True)
        return cls(
            {atom: found[first] for atom, found in agrees.items()},
            np.bincount(pattern.ravel(), share).astype(np.float64),
            float(share[share < SURE].sum() / share.sum()),
        )

    def covered(self, atoms: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """Which of the pairs a pass finds."""
        result = self.agrees[atoms[0]]
        for atom in atoms[1:]:
            result = result & self.agrees[atom]
        return result


def likely_matches(
    std: Standardised, config: MatchConfig, table: AtomTable, first: list[tuple[str, ...]]
) -> Likely | None:
    """Probable matches of the seeds; None when there are too few to learn from."""
    from resolution.candidates import pair_space
    from resolution.pipeline import train
    from resolution.scoring import score_candidates

    order = np.argsort(std.identity, kind="stable")
    sample = std.take(np.sort(order[:TRAIN_RECORDS]).astype(np.int64)) if std.n > TRAIN_RECORDS else std
    quick = config.model_copy(update={"train_pairs": TRAIN_PAIRS})
    model = train(sample, quick, passes=[Pass(i, atoms) for i, atoms in enumerate(first)], random_pairs=TRAIN_PAIRS)
    left, right = seed_pairs(std, table, order[:SEEDS])
    space = pair_space(std, config)
    chunks = (slice(at, at + config.chunk_pairs) for at in range(0, len(left), config.chunk_pairs))
    allowed = ((left[c], right[c], space.allowed(left[c], right[c])) for c in chunks)
    scored, _ = score_candidates(std, model, config, ((a[good], b[good]) for a, b, good in allowed), LIKELY)
    share = scored["match_probability"].to_numpy(np.float64)
    if len(share) < 20:
        return None
    # What atoms make of these few records only; of all records it would be the largest thing in memory.
    ends = np.concatenate([scored["left"].to_numpy(np.int64), scored["right"].to_numpy(np.int64)])
    concerned, place = np.unique(ends, return_inverse=True)
    few = std.take(concerned)
    one, other = np.split(place, 2)
    agrees = {}
    for atom in itertools.chain.from_iterable(table.groups.values()):
        values, known = atom_hashes(few, atom)
        agrees[atom] = known[one] & known[other] & (values[one] == values[other])
    return Likely.make(agrees, share)


def seed_pairs(
    std: Standardised, table: AtomTable, seeds: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Pairs of seeds with all records, under the loosest combination of every two attributes that SEED_PAIRS allows.

    All blocks count, however large: with those above the cap left out, the loosest combinations of a million records
    seem to be the cheapest, and a seed meets tens of thousands of others in each.
    """
    import polars as pl

    is_seed = np.zeros(std.n, bool)
    is_seed[seeds] = True
    most = SEED_PAIRS * std.n / (2.0 * max(len(seeds), 1))
    whole = table.uncapped()
    found = []
    for pair in itertools.combinations(table.groups, 2):
        if overlap(set(pair)):
            continue
        options = [(whole.pairs(atoms), atoms) for atoms in itertools.product(*(table.groups[g] for g in pair))]
        fitting = sorted((o for o in options if 0 < o[0] <= most), key=lambda o: (-o[0], o[1]))
        if not fitting:
            continue
        key, known = table.combined(fitting[0][1])
        mine = pl.DataFrame({"key": key[known & is_seed], "seed": np.flatnonzero(known & is_seed).astype(np.int32)})
        known &= _marked(key, key[known & is_seed])
        everyone = pl.DataFrame({"key": key[known], "other": np.flatnonzero(known).astype(np.int32)})
        joined = mine.join(everyone, on="key").filter(pl.col("seed") != pl.col("other"))
        a, b = joined["seed"].to_numpy().astype(np.int64), joined["other"].to_numpy().astype(np.int64)
        found.append((np.minimum(a, b) << 32) | np.maximum(a, b))
    packed = np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
    return (packed >> 32).astype(np.int32), (packed & 0xFFFFFFFF).astype(np.int32)


def _marked(key: npt.NDArray[np.uint64], wanted: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """All keys that are among the wanted ones, and few others: by their first MARK_BITS bits."""
    first = np.uint64(64 - MARK_BITS)
    marks = np.zeros(1 << MARK_BITS, bool)
    marks[wanted >> first] = True
    return marks[key >> first]


def choose(table: AtomTable, likely: Likely, budget: int) -> dict[tuple[str, ...], int]:
    """Passes and their estimated pairs, chosen greedily."""
    masks: Masks = {}
    cost: dict[tuple[str, ...], int] = {}
    for atoms in _candidates(table, likely, budget):
        pairs = table.usable_pairs(atoms)
        covered = likely.covered(atoms)
        if 0 < pairs <= budget // 2 and covered.any():
            masks[atoms], cost[atoms] = covered, pairs
    order = sorted(masks, key=lambda atoms: (cost[atoms], atoms))
    if not order:
        return {}
    matrix = np.stack([masks[atoms] for atoms in order]).astype(np.float32)
    price = np.array([cost[atoms] for atoms in order], np.float64) + 50.0  # a pass costs something by itself
    keep = np.array([1.0 - table.lost(atoms) for atoms in order])
    times = np.zeros(len(likely.share), np.int64)
    worth = np.array([*AGAIN, 0.0])
    total = float(likely.share.sum())
    chosen: dict[tuple[str, ...], int] = {}
    open_ = np.ones(len(order), bool)
    spent = 0
    while len(chosen) < MOST_PASSES and open_.any():
        open_ &= price <= budget - spent
        gain = (matrix @ (likely.share * worth[np.minimum(times, 3)]).astype(np.float32)) * keep
        rate = np.where(open_ & (gain >= LEAST_GAIN * total), gain / price, 0.0)
        best = int(rate.argmax())
        if rate[best] <= 0:
            break
        chosen[order[best]] = cost[order[best]]
        spent += cost[order[best]]
        times += matrix[best] > 0
        open_[best] = False
    return {a: pairs for a, pairs in chosen.items() if not any(b != a and implies(a, b) for b in chosen)}


def with_looser(
    table: AtomTable, likely: Likely, kept: dict[tuple[str, ...], int], budget: int
) -> dict[tuple[str, ...], int]:
    """The passes, and the loosest that the rest of the budget pays, chosen by cost alone.

    Where records know little of a person and know it badly, many matches are like none of those learned from: the
    passes chosen find all of these and still a fifth too little.
    """
    rest = budget - sum(kept.values())
    if rest <= 0:
        return kept
    loose = {atoms: table.pairs(atoms) for atoms in first_passes(table, rest)}
    together = kept | loose
    return {a: pairs for a, pairs in together.items() if not any(b != a and implies(a, b) for b in together)}


def _candidates(table: AtomTable, likely: Likely, budget: int) -> list[tuple[str, ...]]:
    """Single atoms, pairs of atoms of two attributes, and three where two leave too many pairs."""
    singles = [(atom,) for atoms in table.groups.values() for atom in atoms]
    found: list[tuple[str, ...]] = [*singles]
    wide = []
    for one, other in itertools.combinations(table.groups, 2):
        if overlap({one, other}):
            continue
        for atoms in itertools.product(table.groups[one], table.groups[other]):
            found.append(atoms)
            if table.pairs(atoms) > budget // 10:
                wide.append(((one, other), atoms))
    # Of combinations that are too loose, those that find most are narrowed by a third attribute.
    wide.sort(key=lambda w: (-float(likely.share[likely.covered(w[1])].sum()), w[1]))
    triples: set[tuple[str, ...]] = set()
    for groups, atoms in wide:
        for third in table.groups:
            if third not in groups and not overlap({*groups, third}):
                triples.update(tuple(sorted((*atoms, extra))) for extra in table.groups[third][:4])
        if len(triples) >= MOST_TRIPLES:
            break
    return [*found, *sorted(triples)]


__all__ = ["COST_SAMPLE", "plan_passes", "propose_passes"]
