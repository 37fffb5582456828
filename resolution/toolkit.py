"""Our algorithms behind recordlinkage's interfaces, for any recordlinkage workflow.

    indexer = CappedBlock([["surname", "postcode"], ["birth_date"]], max_block_size=500)
    pairs = indexer.index(frame)
    compare = recordlinkage.Compare([LevelCompare(GivenNameFeature("given_name"))])
    links = LevelClassifier(model).predict(compare.compute(pairs, frame))

They are wrapped here instead of being recordlinkage classes themselves: the toolkit loads scikit-learn, two seconds of
the processor that no night needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from recordlinkage.base import BaseClassifier, BaseCompareFeature, BaseIndexAlgorithm

from resolution.classify.fellegi_sunter import FellegiSunter
from resolution.classify.model import MatchModel
from resolution.compare.features import LevelFeature
from resolution.errors import ModelError
from resolution.index import Blocks, report_losses, toolkit_keys


class CappedBlock(BaseIndexAlgorithm):
    """Pairs that agree on all columns of at least one pass, each pair once, in canonical order; oversized blocks
    are left out.

    passes: lists of column names. A missing value never agrees. `reports` holds what each pass did after `index`.
    """

    def __init__(
        self,
        passes: Sequence[Sequence[str]],
        max_block_size: int = 2000,
        chunk_pairs: int = 2_000_000,
        verify_integrity: bool = True,
        suffixes: tuple[str, str] = ("_1", "_2"),
    ) -> None:
        super().__init__(verify_integrity=verify_integrity, suffixes=suffixes)
        self.passes = [list(columns) for columns in passes]
        self.max_block_size = max_block_size
        self.chunk_pairs = chunk_pairs
        self.blocks: Blocks | None = None

    def _dedup_index(self, df_a: pd.DataFrame) -> pd.MultiIndex:
        left, right = self._pairs(df_a)
        # recordlinkage expects the lower triangle: the later record first.
        return pd.MultiIndex.from_arrays([df_a.index.take(right), df_a.index.take(left)])

    def _link_index(self, df_a: pd.DataFrame, df_b: pd.DataFrame) -> pd.MultiIndex:
        columns = sorted({column for one in self.passes for column in one})
        both = pd.concat([df_a[columns], df_b[columns]], ignore_index=True)
        left, right = self._pairs(both)
        across = (left < len(df_a)) & (right >= len(df_a))
        return pd.MultiIndex.from_arrays([df_a.index.take(left[across]), df_b.index.take(right[across] - len(df_a))])

    def _pairs(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        blocks = Blocks(len(frame))
        for number, columns in enumerate(self.passes):
            key = toolkit_keys(frame, columns)
            known = np.flatnonzero(key >= 0)
            blocks.add(number, known.astype(np.int32), key[known], self.max_block_size, None)
        report_losses(blocks)
        self.blocks = blocks
        chunks = list(blocks.chunks(self.chunk_pairs))
        if not chunks:
            return np.empty(0, np.int32), np.empty(0, np.int32)
        left, right = (np.concatenate(side) for side in zip(*chunks, strict=True))
        return left, right


class LevelCompare(BaseCompareFeature):
    """A level comparison of one column of a DataFrame: uint8, 0 = missing, 1 = different, then more and more alike."""

    def __init__(self, feature: LevelFeature) -> None:
        super().__init__(feature.column, feature.column, label=feature.label)
        self.feature = feature

    def _compute_vectorized(self, left: Any, right: Any) -> np.ndarray:
        return self.feature.levels_of(left, right)


class LevelClassifier(BaseClassifier):
    """A trained model as classifier of a DataFrame of levels (`prob`, `predict`), without term frequencies."""

    def __init__(self, model: MatchModel) -> None:
        self.model = model
        self.classifier = FellegiSunter(model)

    def _fit(self, *args: Any, **kwargs: Any) -> None:
        raise ModelError("the model comes from resolution.pipeline.train(records), which learns u from random pairs")

    def _prob_match(self, levels: Any) -> np.ndarray:
        return self.classifier.probabilities(levels)

    def _predict(self, levels: Any) -> np.ndarray:
        return (self._prob_match(levels) >= self.model.threshold).astype(np.int64)
