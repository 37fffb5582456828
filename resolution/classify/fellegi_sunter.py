"""Scoring: the sum of level weights, adjusted by how common the shared value is, plus the prior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from resolution.classify.model import AttributeModel, MatchModel
from resolution.classify.patterns import pack
from resolution.errors import ModelError

if TYPE_CHECKING:
    from resolution.compare.features import LevelFeature
    from resolution.compare.kernels import Levels
    from resolution.standardise.columns import Codes, Column, Standardised

Floats = npt.NDArray[np.float64]


def value_weights(column: Column, attribute: AttributeModel) -> npt.NDArray[np.float32]:
    """Per distinct value: log2(u of the top level / frequency of the value), added when a pair shares it.

    Values of a single record count as unlisted: no pair shares them.
    """
    top_u = attribute.u[-1]
    if attribute.rare_frequency is None or not column.size:
        return np.zeros(column.size, np.float32)
    frequency = np.full(column.size, attribute.rare_frequency)
    if attribute.frequency:
        known = np.fromiter(attribute.frequency.keys(), np.uint64, len(attribute.frequency))
        share = np.fromiter(attribute.frequency.values(), np.float64, len(attribute.frequency))
        order = np.argsort(known)
        known, share = known[order], share[order]
        shared = np.flatnonzero(column.counts() > 1)
        hashes = column.hashes(shared)
        place = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
        hit = known[place] == hashes
        frequency[shared[hit]] = share[place[hit]]
    return np.log2(top_u / frequency).astype(np.float32)


class FellegiSunter:
    """Multi-level Fellegi–Sunter classifier over level vectors (0 = missing, weighs nothing).

    `weigh` scores pairs of standardised records, `probabilities` rows of levels; `resolution.toolkit.LevelClassifier`
    makes it a recordlinkage classifier.
    """

    def __init__(self, model: MatchModel) -> None:
        self.model = model
        self.tables = [attribute.weights() for attribute in model.attributes]
        self.relative_tables = [attribute.relative_weights() for attribute in model.attributes]
        self._values: dict[int, npt.NDArray[np.float32]] = {}

    @property
    def prior_weight(self) -> float:
        """log2 odds of one person against strangers for two records picked at random."""
        strangers = max(1 - self.model.prior - self.model.relatives - sum(self.model.kinds.values()), 1e-12)
        return float(np.log2(self.model.prior) - np.log2(strangers))

    @property
    def alternatives(self) -> list[tuple[str | None, float]]:
        """Whom two records may belong to that are not of one person: strangers (role None), relatives (role '') and
        relatives who also agree in the attribute of a role; each with the log2 odds of one person against it.
        """
        relatives = {"": self.model.relatives, **self.model.kinds}
        prior = float(np.log2(self.model.prior))
        found: list[tuple[str | None, float]] = [(None, self.prior_weight)]
        return found + [(role, prior - float(np.log2(rate))) for role, rate in relatives.items() if rate > 0]

    def weigh(
        self, std: Standardised, features: Sequence[LevelFeature], left: Codes, right: Codes, levels: Levels
    ) -> Floats:
        """Match weight per pair, log2 odds with the prior: one person against strangers and relatives together."""
        against = self._level_weights(levels)
        for i, feature in enumerate(features):
            shared = feature.agreeing(std, left, right, levels[:, i])
            if shared is None:
                continue
            column, codes = shared
            adjustment = self.value_weights(i, column)[codes]  # code -1 takes the appended zero
            attribute = self.model.attributes[i]
            for (role, _), weight in zip(self.alternatives, against, strict=True):
                if role is None or (attribute.personal and (not role or attribute.role != role)):
                    weight += adjustment
        weight = _against_all(against)
        alone = _one_vague_agreement(features, levels)
        weight[alone] = np.minimum(weight[alone], 0.0)
        return weight

    def value_weights(self, place: int, column: Column) -> npt.NDArray[np.float32]:
        """What sharing each value of an attribute's column adds, float32[values + 1]; nothing where there is none."""
        if place not in self._values or len(self._values[place]) != column.size + 1:
            weights = value_weights(column, self.model.attributes[place])
            self._values[place] = np.append(weights, np.float32(0.0))
        return self._values[place]

    def _level_weights(self, levels: Levels) -> list[Floats]:
        """log2 odds of one person against each alternative, without what single values add."""
        if levels.shape[1] != len(self.tables):
            raise ModelError(
                f"the model has {len(self.tables)} comparisons, the pairs {levels.shape[1]}; train a new model"
            )
        found = []
        for role, prior in self.alternatives:
            weight = np.full(len(levels), prior)
            for i, (strangers, relatives) in enumerate(zip(self.tables, self.relative_tables, strict=True)):
                # Who shares a birth date or a name by nature does so as one person's records do: no weight.
                if not role or self.model.attributes[i].role not in (role, "family"):
                    weight += (strangers if role is None else relatives)[levels[:, i]]
            found.append(weight)
        return found

    def evidence(self, levels: Levels) -> Any:
        """Readable level pattern per pair, as a pandas Categorical (`given_name=same, birth_date=typo or swap`)."""
        import pandas as pd

        code, distinct = pd.factorize(pack(levels))
        first = np.full(len(distinct), -1, np.int64)
        first[code[::-1]] = np.arange(len(code))[::-1]
        texts = [
            ", ".join(
                f"{a.label}={a.labels[level]}" for a, level in zip(self.model.attributes, row, strict=True) if level
            )
            for row in levels[first]
        ]
        names = sorted(set(texts))
        place = {text: i for i, text in enumerate(names)}
        return pd.Categorical.from_codes(
            np.array([place[t] for t in texts], np.int64)[code] if len(code) else code, names
        )

    def probabilities(self, levels: Any) -> Floats:
        """Match probability per row of levels, without term frequencies."""
        return probability(_against_all(self._level_weights(np.asarray(levels, np.uint8))))


def _one_vague_agreement(features: Sequence[LevelFeature], levels: Levels) -> npt.NDArray[np.bool_]:
    """Pairs that agree in one thing only, and there merely roughly: too little, however rare the level is."""
    agreeing = np.zeros(len(levels), np.int16)
    vague = np.zeros(len(levels), bool)
    for i, feature in enumerate(features):
        agrees = levels[:, i] > 1
        agreeing += agrees
        most = feature.top - 1 if feature.vague is None else feature.vague
        vague |= agrees & (levels[:, i] <= most)
    return (agreeing == 1) & vague


def _against_all(alternatives: Sequence[Floats]) -> Floats:
    """log2 odds against the sum of alternatives, from the log2 odds against each."""
    total = -alternatives[0]
    for one in alternatives[1:]:
        total = np.logaddexp2(total, -one)
    return -total


def probability(weight: Floats) -> Floats:
    """Match weight (log2 odds) → probability."""
    return 1.0 / (1.0 + np.exp2(-np.clip(weight, -900, 900)))
