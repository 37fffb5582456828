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
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from resolution.classify.patterns import PatternCounts

if TYPE_CHECKING:
    from resolution.compare.features import LevelFeature

Floats = npt.NDArray[np.float64]
SMOOTHING = 5.0
"""Pairs' worth of belief in a level's usual share: keeps levels that were never seen from weighing infinitely."""
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
) -> Learned:
    """Learn m (persons), r (relatives) and u (strangers).

    The candidates hold nearly all matches and relatives, so pairs outside them are taken as strangers: the E-step
    needs the
    candidates' pattern counts only, and agreement forced by blocking biases nothing. u is what remains of all pairs
    when the
    expected others are taken out. pairs: size of the pair space; sampled: share of the candidates that was counted.
    labelled: (same, different), labelled pairs per pattern; they stand for all pairs of their pattern. noise: pairs per
    level below which the totals tell nothing.
    After Fellegi & Sunter 1969, Winkler 1988, for three classes Larsen & Rubin 2001, with labels Nigam et al. 2000.
    """
    levels = candidates.levels.astype(np.intp)
    count = candidates.count / sampled
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
    posterior = np.zeros(len(count))
    done = 0
    while done < rounds:
        done += 1
        match, relative = _responsibilities(levels, features, (m, u, r), rate, kinds, kin)
        if labelled is not None:
            match, relative = _with_labels(match, relative, *labelled, np.maximum(BELIEF, np.sqrt(count)))
        persons, families = match * count, relative.sum(axis=1) * count
        for i, total in enumerate(totals):
            same = np.bincount(levels[:, i], persons, len(total))
            kindred = np.bincount(levels[:, i], families, len(total))
            same[0] = kindred[0] = 0.0
            m[i] = np.r_[1.0, _normal(same[1:] + SMOOTHING * usual[i][1:])]
            least = noise[i] if noise is not None else 0.0
            u[i] = _shares(np.maximum(total - same - kindred, least), usual[i])
            r[i] = np.r_[1.0, _normal(kindred[1:] + SMOOTHING * u[i][1:])] if shared[i] else u[i]
        if prior is None:
            rate = float(np.clip(persons.sum() / max(pairs, 1), 1e-12, 0.5))
        kin = np.clip(count @ relative / max(pairs, 1), 0.0, 0.3)
        change = float(np.max(np.abs(match - posterior))) if len(match) else 0.0
        posterior = match
        if change < tolerance:
            break
    rates = {role or "": float(value) for role, value in zip(kinds, kin, strict=True)}
    return Learned(rate, rates.pop("", 0.0), m, u, r, posterior, done, rates)


def kinds_of_relatives(features: Sequence[LevelFeature]) -> list[str | None]:
    """None: relatives who share the household's things alone. A role: those who also share what has it by nature.

    Twins share the birth date, a father and son of one name the given name, and both the family name as one person's
    records do. Without kinds of their own, such pairs teach the model that records of one person often differ in one
    of the two.
    """
    roles = {f.role for f in features}
    return [None, *(role for role in ("birth", "given") if roles >= {"birth", "given", "family"})]


def _responsibilities(
    levels: npt.NDArray[np.intp],
    features: Sequence[LevelFeature],
    shares: tuple[list[Floats], list[Floats], list[Floats]],
    rate: float,
    kinds: Sequence[str | None],
    kin: Floats,
) -> tuple[Floats, Floats]:
    """(probability of one person, probability of each kind of relatives [patterns, kinds]) per pattern."""
    m, u, r = ([np.log(np.maximum(part, 1e-12)) for part in share] for share in shares)
    rest = np.log(max(1 - rate - float(kin.sum()), 1e-12))
    odds = np.zeros((len(levels), 2 + len(kinds)))  # persons, kinds of relatives, strangers
    odds[:, 0] = np.log(rate) - rest
    odds[:, 1:-1] = np.log(np.maximum(kin, 1e-300)) - rest
    for i, feature in enumerate(features):
        odds[:, 0] += (m[i] - u[i])[levels[:, i]]
        for k, role in enumerate(kinds):
            share = m[i] if role is not None and feature.role in (role, "family") else r[i]
            odds[:, 1 + k] += (share - u[i])[levels[:, i]]
    odds = np.exp(odds - odds.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    return odds[:, 0], odds[:, 1:-1]


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
