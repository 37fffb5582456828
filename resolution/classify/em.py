"""Expectation–maximisation of the multi-level Fellegi–Sunter model with three kinds of pairs, on pattern counts.

Two records are of one person, of relatives, or of strangers. Relatives (a household) share what a household shares:
family name,
address, phone; but their given names and birth dates agree no more often than those of strangers. Without this
class, two people of
one family look like one person with a typing error, since the classic model takes all agreements as independent
evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from resolution.classify.patterns import PatternCounts
from resolution.classify.squarem import Accelerator
from resolution.parallel import in_parallel

if TYPE_CHECKING:
    from resolution.compare.features import LevelFeature
    from resolution.compare.kernels import Levels

Floats = npt.NDArray[np.float64]
SMOOTHING = 5.0
"""Pairs' worth of belief in a level's usual share: keeps levels that were never seen from weighing infinitely."""
BLOCK = 1 << 14
"""Patterns worked on at once: they stay in the cache, and sums do not depend on how many threads make them."""
MANY, FEW, ROUGH = 40_000, 10_000, 1e-3
"""From so many patterns on, EM begins with part of them (of those seen once about FEW) until a round changes little."""
LEAST = 1e-15
"""Rates below this are nothing."""
BELIEF = 2.0
"""What the model believes of a pattern weighs as much as the root of its pairs, and at least so many labels of it."""


@dataclass(frozen=True)
class Learned:
    """Rates over all pairs, level shares per feature (entry 0, missing, is 1), and the match probability of each
    pattern.
    """

    prior: float
    relatives: float
    m: list[Floats]
    u: list[Floats]
    r: list[Floats]
    posterior: Floats
    rounds: int
    kinds: dict[str, float] = field(default_factory=dict)
    """Share of all pairs that are relatives who also share the attribute of a role: twins, and namesakes."""


def expectation_maximisation(
    candidates: PatternCounts,
    totals: list[Floats],
    features: Sequence[LevelFeature],
    pairs: int,
    prior: float | None = None,
    sampled: float = 1.0,
    rounds: int = 300,
    tolerance: float = 1e-5,
    labelled: tuple[Floats, Floats] | None = None,
    noise: Sequence[Floats] | None = None,
    jobs: int = 0,
    accelerate: bool = True,
    trace: list[float] | None = None,
) -> Learned:
    """Learn m (persons), r (relatives) and u (strangers).

    The candidates hold nearly all matches and relatives, so pairs outside them are taken as strangers: the E-step
    needs the
    candidates' pattern counts only, and agreement forced by blocking biases nothing. u is what remains of all pairs
    when the
    expected others are taken out. pairs: size of the pair space; sampled: share of the candidates that was counted.
    labelled: (same, different), labelled pairs per pattern; they stand for all pairs of their pattern. noise: pairs per
    level below which the totals tell nothing. jobs: threads (0 = all cores). accelerate: longer steps to the same end
    (`squarem`). trace: is given the log-likelihood of each round.
    After Fellegi & Sunter 1969, Winkler 1988, for three classes Larsen & Rubin 2001, with labels Nigam et al. 2000.
    """
    count = candidates.count / sampled
    everything = _blocks(candidates.levels, count, labelled)
    few = _few(candidates, count, labelled)
    usual = [np.r_[0.0, np.array(f.usual_m)] for f in features]
    m = [np.r_[1.0, shape[1:]] for shape in usual]
    u = [_shares(total, shape) for total, shape in zip(totals, usual, strict=True)]
    shared = [not f.personal for f in features]
    has_relatives = any(shared) and not all(shared)
    r = [np.r_[1.0, 0.5 * a[1:] + 0.5 * b[1:]] if s else b for a, b, s in zip(m, u, shared, strict=True)]
    # Start: about one match per three records; EM leaves this guess quickly.
    rate = prior if prior is not None else min(0.3, max(1.0, 0.3 * np.sqrt(2.0 * pairs)) / max(pairs, 1))
    kinds = kinds_of_relatives(features) if has_relatives else []
    kin = np.array([0.3 * rate if role is None else 0.02 * rate for role in kinds])
    known = _Known(features, totals, usual, shared, pairs, kinds, prior is not None, noise, u)
    rates = _Rates(m, u, r, rate, kin)
    accelerator = Accelerator() if accelerate else None
    learned, posterior = rates, np.zeros(0)
    done = 0
    while done < rounds:
        done += 1
        blocks = everything if few is None else few
        start, tables = _weights(features, (rates.m, rates.u, rates.r), rates.rate, kinds, rates.kin)
        parts = in_parallel([partial(_expect, block, start, tables) for block in blocks], jobs)
        image = _maximised(known, parts, rates.rate)
        merit = _log_likelihood(known, rates, parts)
        following = image
        if accelerator is not None:
            following = rates.moved_to(accelerator.next(rates.vector(), image.vector(), merit), known)
            if accelerator.kind != "plain":  # a guess, which may be taken back: no step to judge by
                rates = following
                continue
        if trace is not None:
            trace.append(merit)
        match = np.concatenate([part.match for part in parts])
        change = float(np.max(np.abs(match - posterior))) if len(match) == len(posterior) > 0 else float(len(match))
        learned, posterior, rates = image, match, following
        if change < tolerance and few is None:
            break
        if change < ROUGH and few is not None:
            few = None  # nearly there: the rest of the way with everything
            rates, accelerator = image, Accelerator() if accelerate else None
    values = {role or "": float(value) for role, value in zip(kinds, learned.kin, strict=True)}
    return Learned(learned.rate, values.pop("", 0.0), learned.m, learned.u, learned.r, posterior, done, values)


@dataclass(frozen=True)
class _Known:
    """What stays the same from round to round. begun: u before the first round."""

    features: Sequence[LevelFeature]
    totals: Sequence[Floats]
    usual: Sequence[Floats]
    shared: Sequence[bool]
    pairs: int
    kinds: Sequence[str | None]
    is_rate_given: bool
    noise: Sequence[Floats] | None
    begun: Sequence[Floats]


@dataclass(frozen=True)
class _Rates:
    """What is learned: level shares of persons, strangers and relatives per feature; rates of persons and relatives."""

    m: list[Floats]
    u: list[Floats]
    r: list[Floats]
    rate: float
    kin: Floats

    def vector(self) -> Floats:
        """Everything as logarithms, in one row: there a step of any length leaves shares positive."""
        rates = np.maximum(np.r_[self.rate, self.kin], LEAST)
        return np.log(np.concatenate([*(part[1:] for part in (*self.m, *self.u, *self.r)), rates]))

    def moved_to(self, vector: Floats, known: _Known) -> _Rates:
        """The rates that a vector stands for; shares sum to one again."""
        cuts = np.cumsum([len(part) - 1 for part in (*self.m, *self.u, *self.r)])
        *shares, rates = np.split(vector, cuts)
        parts = [np.r_[1.0, _normal(np.exp(share - share.max()))] for share in shares]
        size = len(self.m)
        m, u, r = parts[:size], parts[size : 2 * size], parts[2 * size :]
        r = [one if is_shared else other for one, other, is_shared in zip(r, u, known.shared, strict=True)]
        rate = self.rate if known.is_rate_given else float(np.clip(np.exp(min(rates[0], 0.0)), 1e-12, 0.5))
        return _Rates(m, u, r, rate, np.clip(np.exp(np.minimum(rates[1:], 0.0)), 0.0, 0.3))


def _maximised(known: _Known, parts: Sequence[_Expected], rate: float) -> _Rates:
    """The M-step."""
    m, u, r = [], [], []
    for i, (total, usual) in enumerate(zip(known.totals, known.usual, strict=True)):
        same = np.sum([part.same[i] for part in parts], axis=0)
        kindred = np.sum([part.kindred[i] for part in parts], axis=0)
        same[0] = kindred[0] = 0.0
        m.append(np.r_[1.0, _normal(same[1:] + SMOOTHING * usual[1:])])
        least = known.noise[i] if known.noise is not None else 0.0
        u.append(_shares(np.maximum(total - same - kindred, least), usual))
        r.append(np.r_[1.0, _normal(kindred[1:] + SMOOTHING * u[i][1:])] if known.shared[i] else u[i])
    if not known.is_rate_given:
        persons = float(sum(part.persons for part in parts))
        rate = float(np.clip(persons / max(known.pairs, 1), 1e-12, 0.5))
    kin = np.clip(np.sum([part.kin for part in parts], axis=0) / max(known.pairs, 1), 0.0, 0.3)
    return _Rates(m, u, r, rate, kin)


def _log_likelihood(known: _Known, rates: _Rates, parts: Sequence[_Expected]) -> float:
    """Log-likelihood of all pairs with the smoothing, up to a constant: pairs that are no candidates are strangers."""
    found = float(sum(part.evidence for part in parts))
    found += known.pairs * float(np.log1p(-min(rates.rate + float(rates.kin.sum()), 1 - 1e-12)))
    for i, (total, usual) in enumerate(zip(known.totals, known.usual, strict=True)):
        # Against the first u: the difference of two huge sums would be all rounding.
        found += float(total[1:] @ np.log(rates.u[i][1:] / known.begun[i][1:]))
        found += SMOOTHING * float(usual[1:] @ np.log(rates.m[i][1:]))
        if known.shared[i]:
            found += SMOOTHING * float(rates.u[i][1:] @ np.log(rates.r[i][1:]))
    return found


def kinds_of_relatives(features: Sequence[LevelFeature]) -> list[str | None]:
    """None: relatives who share the household's things alone. A role: those who also share what has it by nature.

    Twins share the birth date, a father and son of one name the given name, and both the family name as one person's
    records do. Without kinds of their own, such pairs teach the model that records of one person often differ in one
    of the two.
    """
    roles = {f.role for f in features}
    return [None, *(role for role in ("birth", "given") if roles >= {"birth", "given", "family"})]


@dataclass(frozen=True)
class _Block:
    """Some of the patterns: levels intp[n] per feature, pairs per pattern, and their labels (same, different)."""

    levels: list[npt.NDArray[np.intp]]
    count: Floats
    labelled: tuple[Floats, Floats] | None


@dataclass(frozen=True)
class _Expected:
    """What one block expects: match probability per pattern, and sums over its pairs (per feature: by level)."""

    match: Floats
    evidence: float
    """Log-likelihood of the block's pairs, against that of strangers."""
    persons: float
    kin: Floats
    same: list[Floats]
    kindred: list[Floats]


def _few(candidates: PatternCounts, count: Floats, labelled: tuple[Floats, Floats] | None) -> list[_Block] | None:
    """Where there are many patterns: all that occur more than once and a share of the others, which stand for all.

    The first rounds need no more. Chosen by the patterns themselves, so by nothing that depends on order.
    """
    single = candidates.count == 1
    if len(count) < MANY:
        return None
    share = max(0.05, min(1.0, FEW / max(int(single.sum()), 1)))
    drawn = candidates.packed.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) <= np.uint64(share * float(2**64 - 2**11))
    taken = ~single | drawn
    weight = np.where(single, count * (single.sum() / max(int((single & drawn).sum()), 1)), count)
    known = None if labelled is None else (labelled[0][taken], labelled[1][taken])
    return _blocks(candidates.levels[taken], weight[taken], known)


def _blocks(levels: Levels, count: Floats, labelled: tuple[Floats, Floats] | None) -> list[_Block]:
    columns = np.ascontiguousarray(levels.T).astype(np.intp)
    cuts = [slice(a, a + BLOCK) for a in range(0, max(len(count), 1), BLOCK)]
    return [
        _Block(
            [column[cut] for column in columns],
            count[cut],
            None if labelled is None else (labelled[0][cut], labelled[1][cut]),
        )
        for cut in cuts
    ]


def _weights(
    features: Sequence[LevelFeature],
    shares: tuple[list[Floats], list[Floats], list[Floats]],
    rate: float,
    kinds: Sequence[str | None],
    kin: Floats,
) -> tuple[Floats, list[Floats]]:
    """Log odds against strangers of persons and of each kind of relatives: before anything is compared, and per
    feature what each level adds, float64[1 + kinds, levels].
    """
    m, u, r = ([np.log(np.maximum(part, 1e-12)) for part in share] for share in shares)
    rest = np.log(max(1 - rate - float(kin.sum()), 1e-12))
    start = np.r_[np.log(rate), np.log(np.maximum(kin, 1e-300))] - rest
    tables = []
    for i, feature in enumerate(features):
        of_kind = [m[i] if role is not None and feature.role in (role, "family") else r[i] for role in kinds]
        tables.append(np.vstack([m[i], *of_kind]) - u[i])
    return start, tables


def _expect(block: _Block, start: Floats, tables: list[Floats]) -> _Expected:
    """The E-step of one block, and the sums that the M-step needs of it."""
    odds = np.zeros((len(start) + 1, len(block.count)))  # persons, kinds of relatives, strangers
    odds[:-1] = start[:, None]
    for table, level in zip(tables, block.levels, strict=True):
        odds[:-1] += table[:, level]
    highest = odds.max(axis=0)
    odds -= highest
    np.exp(odds, out=odds)
    total = odds.sum(axis=0)
    evidence = float((highest + np.log(total)) @ block.count)
    odds /= total
    match, relative = odds[0], odds[1:-1]
    if block.labelled is not None:
        match, relative = _with_labels(match, relative.T, *block.labelled, np.maximum(BELIEF, np.sqrt(block.count)))
        relative = relative.T
    persons, families = match * block.count, relative.sum(axis=0) * block.count

    def by_level(pairs: Floats) -> list[Floats]:
        return [
            np.bincount(level, pairs, table.shape[1]).astype(np.float64)
            for level, table in zip(block.levels, tables, strict=True)
        ]

    return _Expected(
        match.copy(),
        evidence,
        float(persons.sum()),
        relative @ block.count,
        by_level(persons),
        by_level(families),
    )


def _with_labels(
    match: Floats, relative: Floats, same: Floats, different: Floats, belief: Floats
) -> tuple[Floats, Floats]:
    """Probabilities per pattern, corrected by its labels: the model's belief counts as `belief` labelled pairs.

    Which pairs get labelled depends on their score, thus on their pattern: within a pattern labels are nearly a fair
    sample. Not quite: people label what they happen to know. So one label says little of a pattern of many pairs.
    """
    corrected = (belief * match + same) / (belief + same + different)
    rest = np.where(match < 1, (1 - corrected) / np.maximum(1 - match, 1e-12), 0.0)
    relative = relative * rest[:, None]
    total = np.maximum(relative.sum(axis=1, keepdims=True), 1e-300)
    return corrected, relative * np.minimum(1.0, (1 - corrected)[:, None] / total)


def _normal(values: Floats) -> Floats:
    return values / values.sum()


def _shares(total: Floats, usual: Floats) -> Floats:
    """Level shares of strangers with a pinch of smoothing; entry 0 (missing) is 1."""
    pinch = 0.5 * usual[1:] / usual[1:].max()
    return np.r_[1.0, _normal(total[1:] + pinch)]
