"""The match weight of a pair, taken apart: what each comparison adds to or takes from the odds.

The parts are measured on the classifier itself: the weight of the pair minus its weight with one comparison missing. So
they are what the score is made of, whatever goes into it, and they add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from resolution.classify.model import MatchModel
    from resolution.config import MatchConfig
    from resolution.standardise.columns import Standardised

Floats = npt.NDArray[np.float64]
VISIBLE = 0.05
"""Parts of fewer bits than this are not shown."""


@dataclass(frozen=True)
class Part:
    """What one comparison says: its level, the bits (log2 odds) that it adds, how many of them come from the value
    being rare or common, and the two values as compared (None where they are not to be shown).
    """

    label: str
    level: str
    bits: float
    rarity: float = 0.0
    left: str | None = None
    right: str | None = None


@dataclass(frozen=True)
class PairWeight:
    """start: log2 odds of two records picked at random. relatives: bits that go since the two may be relatives.
    alone: bits that go since one rough agreement alone joins nobody. weight = start + parts + relatives + alone.
    """

    start: float
    parts: tuple[Part, ...]
    relatives: float
    alone: float
    weight: float
    probability: float


def pair_weights(
    std: Standardised,
    model: MatchModel,
    config: MatchConfig,
    pairs: Sequence[tuple[int, int]],
    *,
    show_values: bool = False,
) -> list[PairWeight]:
    """The weights of pairs of positions, taken apart. Waterfall chart of Fellegi–Sunter weights as Splink draws it."""
    from resolution.classify.fellegi_sunter import FellegiSunter, probability
    from resolution.compare import compare_pairs, make_features

    if not pairs:
        return []
    features = make_features(std, config)
    left, right = (np.array(side, np.int32) for side in zip(*pairs, strict=True))
    levels = compare_pairs(std, features, left, right, model.implied)
    plain = compare_pairs(std, features, left, right)
    # Without relatives the weight is a plain sum, so that each comparison's part does not depend on the others.
    both, strangers = FellegiSunter(model), FellegiSunter(replace(model, relatives=0.0))
    weight = both.weigh(std, features, left, right, levels)
    against_strangers = strangers.weigh(std, features, left, right, levels)
    added = np.zeros((len(left), len(features)))
    for i in range(len(features)):
        without = levels.copy()
        without[:, i] = 0
        added[:, i] = against_strangers - strangers.weigh(std, features, left, right, without)
    usual = np.column_stack([a.weights()[levels[:, i]] for i, a in enumerate(model.attributes)])
    result = []
    for row in range(len(left)):
        parts = []
        for i, feature in enumerate(features):
            level = feature.labels[levels[row, i]]
            if levels[row, i] == 0 and plain[row, i] > 1:
                level = f"{feature.labels[plain[row, i]]}, already said by another comparison"
            shown = [None, None]
            if show_values:
                codes = std.columns[feature.column].codes[[left[row], right[row]]]
                shown = std.columns[feature.column].spread(codes).to_list()
            rarity = float(added[row, i] - usual[row, i]) if levels[row, i] else 0.0
            parts.append(Part(feature.label, level, float(added[row, i]), rarity, *shown))
        rest = float(against_strangers[row] - strangers.prior_weight - added[row].sum())
        result.append(
            PairWeight(
                strangers.prior_weight,
                tuple(parts),
                float(weight[row] - against_strangers[row]),
                rest,
                float(weight[row]),
                float(probability(weight[row : row + 1])[0]),
            )
        )
    return result


def as_text(pair: PairWeight) -> list[str]:
    """Lines of a waterfall for a terminal: bits, a bar, the comparison and its level."""
    rows = [("two records picked at random", pair.start)]
    for part in pair.parts:
        if part.level == "missing":
            continue
        rows.append((f"{part.label}: {part.level}{_rarity(part)}{_values(part)}", part.bits))
    rows += [(text, bits) for text, bits in _corrections(pair) if abs(bits) >= VISIBLE]
    widest = max(abs(bits) for _, bits in rows) or 1.0
    lines = [f"{bits:+6.1f} {_bar(bits, widest)} {text}" for text, bits in rows]
    missing = [part.label for part in pair.parts if part.level == "missing"]
    lines.append(f"{pair.weight:+6.1f} bits in all: match probability {shown_probability(pair.probability)}")
    if missing:
        lines.append(f"       missing on a side, which counts for nothing: {', '.join(missing)}")
    return lines


def shown_probability(value: float) -> str:
    """Four digits, but never a 0 or 1 that is none."""
    if 0 < value < 0.00005:
        return "<0.0001"
    return ">0.9999" if 0.99995 <= value < 1 else f"{value:.4f}"


def _corrections(pair: PairWeight) -> list[tuple[str, float]]:
    return [("they could be relatives", pair.relatives), ("one rough agreement alone joins nobody", pair.alone)]


def _rarity(part: Part) -> str:
    if abs(part.rarity) < VISIBLE:
        return ""
    return f" (a {'rare' if part.rarity > 0 else 'common'} value: {part.rarity:+.1f})"


def _values(part: Part) -> str:
    if part.left is None and part.right is None:
        return ""
    return f"  [{part.left}]" if part.left == part.right else f"  [{part.left} | {part.right}]"


def _bar(bits: float, widest: float, half: int = 10) -> str:
    length = round(abs(bits) / widest * half)
    return f"{'▒' * length if bits < 0 else '':>{half}}|{'█' * length if bits > 0 else '':<{half}}"
