"""Match weights and probabilities of pairs under a model: of given ones, and of all candidates that matter."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from resolution.candidates import Levels, Part, Positions
from resolution.classify.model import MatchModel
from resolution.config import MatchConfig
from resolution.standardise.columns import Standardised

if TYPE_CHECKING:
    import pandas as pd

    from resolution.classify.fellegi_sunter import FellegiSunter
    from resolution.compare.features import LevelFeature
    from resolution.sifting import Sieve

PairChunks = Iterable[tuple[Positions, Positions]]
Scored = tuple[int, Positions, Positions, npt.NDArray[np.float64], Levels]
"""How many pairs were looked at; and those of them that are kept, with match weights and levels."""
KEEP_PROBABILITY = 0.001
"""Pairs below this match probability are not kept as evidence."""


def score_pairs(
    std: Standardised, model: MatchModel, left: Positions, right: Positions, config: MatchConfig
) -> pd.DataFrame:
    """Match weight and probability of the given pairs.

    Returns left int32, right int32, match_weight float32 (log2 odds incl. prior), match_probability float64, evidence
    category.
    """
    import pandas as pd

    from resolution.classify.fellegi_sunter import FellegiSunter, probability
    from resolution.compare import compare_pairs, make_features

    features = make_features(std, config)
    classifier = FellegiSunter(model)
    levels = compare_pairs(std, features, left, right, model.implied)
    weight = classifier.weigh(std, features, left, right, levels)
    return pd.DataFrame(
        {
            "left": left,
            "right": right,
            "match_weight": weight.astype(np.float32),
            "match_probability": probability(weight),
            "evidence": classifier.evidence(levels),
        }
    )


def score_candidates(
    std: Standardised, model: MatchModel, config: MatchConfig, chunks: PairChunks, keep: float = KEEP_PROBABILITY
) -> tuple[pd.DataFrame, int]:
    """Score chunk by chunk, keeping pairs of at least `keep` probability. Returns (edges with kind 'probable',
    pairs looked at).

    Many pairs are sifted first: those that cannot reach `keep` are not compared to the end. Several chunks are in work
    at a time.
    """
    from resolution.classify.fellegi_sunter import FellegiSunter
    from resolution.compare import make_features
    from resolution.parallel import map_in_order
    from resolution.sifting import Sieve

    features = make_features(std, config)
    classifier = FellegiSunter(model)
    least = _least_weight(keep)
    sieve = Sieve(std, features, classifier, model.implied, least)
    work = partial(_score_chunk, std, model, features, classifier, sieve, least)
    return _edges(classifier, list(map_in_order(work, chunks, config.jobs)))


def score_compared(
    std: Standardised, model: MatchModel, config: MatchConfig, parts: Iterable[Part], keep: float = KEEP_PROBABILITY
) -> tuple[pd.DataFrame, int]:
    """`score_candidates` for pairs that have been compared already."""
    from resolution.classify.fellegi_sunter import FellegiSunter
    from resolution.compare import make_features

    features = make_features(std, config)
    classifier = FellegiSunter(model)
    least = _least_weight(keep)
    scored = [(len(part[0]), *_weighed(std, features, classifier, least, part)) for part in parts]
    return _edges(classifier, scored)


def _least_weight(keep: float) -> float:
    return float(np.log2(keep) - np.log2(1 - keep))


def _score_chunk(
    std: Standardised,
    model: MatchModel,
    features: list[LevelFeature],
    classifier: FellegiSunter,
    sieve: Sieve,
    least: float,
    chunk: tuple[Positions, Positions],
) -> Scored:
    """One chunk in one thread: the others have chunks of their own."""
    from resolution.compare import settle

    left, right, levels = sieve.sift(*chunk)
    settle(std, features, left, right, levels, model.implied)
    return len(chunk[0]), *_weighed(std, features, classifier, least, (left, right, levels))


def _weighed(
    std: Standardised, features: list[LevelFeature], classifier: FellegiSunter, least: float, part: Part
) -> tuple[Positions, Positions, npt.NDArray[np.float64], Levels]:
    left, right, levels = part
    weight = classifier.weigh(std, features, left, right, levels)
    good = weight >= least
    return left[good], right[good], weight[good], levels[good]


def _edges(classifier: FellegiSunter, scored: list[Scored]) -> tuple[pd.DataFrame, int]:
    import pandas as pd

    from resolution.classify.fellegi_sunter import probability

    looked_at = sum(part[0] for part in scored)
    nothing: Any = (
        np.empty(0, np.int32),
        np.empty(0, np.int32),
        np.empty(0),
        np.empty((0, len(classifier.tables)), "u1"),
    )
    parts = [part[1:] for part in scored] or [nothing]
    left, right, weight, levels = (np.concatenate(column) for column in zip(*parts, strict=True))
    edges = pd.DataFrame(
        {
            "left": left,
            "right": right,
            "match_weight": weight.astype(np.float32),
            "match_probability": probability(weight),
            "kind": "probable",
            "evidence": classifier.evidence(levels),
        }
    )
    return edges, looked_at
