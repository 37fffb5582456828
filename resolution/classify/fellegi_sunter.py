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
        strangers = max(1 - self.model.prior - self.model.relatives, 1e-12)
        return float(np.log2(self.model.prior) - np.log2(strangers))

    @property
    def relative_prior_weight(self) -> float:
        """log2 odds of one person against relatives; infinite where the model has no relatives."""
        if self.model.relatives <= 0:
            return float("inf")
        return float(np.log2(self.model.prior) - np.log2(self.model.relatives))

    def weigh(
        self, std: Standardised, features: Sequence[LevelFeature], left: Codes, right: Codes, levels: Levels
    ) -> Floats:
        """Match weight per pair, log2 odds with the prior: one person against strangers and relatives together."""
        strangers, relatives = self._level_weights(levels)
        for i, feature in enumerate(features):
            shared = feature.agreeing(std, left, right, levels[:, i])
            if shared is None:
                continue
            column, codes = shared
            if i not in self._values or len(self._values[i]) != column.size + 1:
                weights = value_weights(column, self.model.attributes[i])
                self._values[i] = np.append(weights, np.float32(0.0))
            adjustment = self._values[i][codes]  # code -1 takes the appended zero
            strangers += adjustment
            if self.model.attributes[i].personal:
                relatives += adjustment
        weight = _against_both(strangers, relatives)
        alone = _one_vague_agreement(features, levels)
        weight[alone] = np.minimum(weight[alone], 0.0)
        return weight

    def _level_weights(self, levels: Levels) -> tuple[Floats, Floats]:
        if levels.shape[1] != len(self.tables):
            raise ModelError(
                f"the model has {len(self.tables)} comparisons, the pairs {levels.shape[1]}; train a new model"
            )
        strangers = np.full(len(levels), self.prior_weight)
        relatives = np.full(len(levels), self.relative_prior_weight)
        for i, (table, kin) in enumerate(zip(self.tables, self.relative_tables, strict=True)):
            strangers += table[levels[:, i]]
            relatives += kin[levels[:, i]]
        return strangers, relatives

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
        return probability(_against_both(*self._level_weights(np.asarray(levels, np.uint8))))


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


def _against_both(strangers: Floats, relatives: Floats) -> Floats:
    """log2 odds against the sum of two alternatives, from the log2 odds against each."""
    return -np.logaddexp2(-strangers, -relatives)


def probability(weight: Floats) -> Floats:
    """Match weight (log2 odds) → probability."""
    return 1.0 / (1.0 + np.exp2(-np.clip(weight, -900, 900)))
