"""The match model: what was learned, as plain numbers that can be stored as JSON. Holds no personal data (values
are hashed).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from resolution.blocking import Pass
from resolution.errors import ModelError

MODEL_VERSION = 1


@dataclass(frozen=True)
class AttributeModel:
    """m (one person), u (strangers) and r (relatives) per level of one comparison, and how common single values are.

    labels[0] is `missing`, which weighs nothing. `frequency`: hash of a value → share of persons who have it;
    values not listed have
    `rare_frequency`.
    """

    label: str
    column: str
    labels: tuple[str, ...]
    m: tuple[float, ...]
    u: tuple[float, ...]
    r: tuple[float, ...]
    frequency: dict[int, float] = field(default_factory=dict)
    rare_frequency: float | None = None
    role: str = ""
    """`given`, `birth` or `family`: what namesakes and twins in a family share."""

    def weights(self) -> npt.NDArray[np.float64]:
        """log2(m / u) per level: one person against strangers; 0 for `missing`."""
        return _ratio(self.m, self.u)

    def relative_weights(self) -> npt.NDArray[np.float64]:
        """log2(m / r) per level: one person against relatives; 0 for `missing`."""
        return _ratio(self.m, self.r)

    @property
    def personal(self) -> bool:
        """Whether relatives agree on it no more often than strangers do."""
        return self.r == self.u


def _ratio(above: tuple[float, ...], below: tuple[float, ...]) -> npt.NDArray[np.float64]:
    result = np.log2(np.array(above)) - np.log2(np.array(below))
    result[0] = 0.0
    return result


@dataclass(frozen=True)
class MatchModel:
    """A trained Fellegi–Sunter model with the blocking passes and the threshold that belong to it."""

    prior: float
    relatives: float
    """Share of all pairs that are relatives; 0 = the model knows strangers only."""
    attributes: tuple[AttributeModel, ...]
    passes: tuple[Pass, ...]
    threshold: float
    config_fingerprint: str
    implied: tuple[tuple[int, int], ...] = ()
    """(fine, coarse) comparisons: where two records agree on the fine one, agreement on the coarse one says nothing
    more.
    """
    figures: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, float] = field(default_factory=dict)
    """Share of all pairs that are relatives who also agree in the attribute of a role (twins, namesakes)."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "version": MODEL_VERSION,
            "prior": self.prior,
            "relatives": self.relatives,
            "kinds": self.kinds,
            "threshold": self.threshold,
            "config_fingerprint": self.config_fingerprint,
            "figures": self.figures,
            "implied": [list(p) for p in self.implied],
            "passes": [
                {"number": p.number, "atoms": list(p.atoms), "estimated_pairs": p.estimated_pairs} for p in self.passes
            ],
            "attributes": [
                {
                    "label": a.label,
                    "column": a.column,
                    "labels": list(a.labels),
                    "m": list(a.m),
                    "u": list(a.u),
                    "r": list(a.r),
                    "frequency": {str(k): v for k, v in a.frequency.items()},
                    "rare_frequency": a.rare_frequency,
                    "role": a.role,
                }
                for a in self.attributes
            ],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> MatchModel:
        """Inverse of to_dict. Raises ModelError when the dictionary is of another version or incomplete."""
        if data.get("version") != MODEL_VERSION:
            raise ModelError(
                f"the stored model has version {data.get('version')}, this code reads {MODEL_VERSION}; train a new one"
            )
        try:
            return cls(
                prior=float(data["prior"]),
                relatives=float(data["relatives"]),
                threshold=float(data["threshold"]),
                config_fingerprint=data["config_fingerprint"],
                figures=data.get("figures", {}),
                kinds={str(k): float(v) for k, v in data.get("kinds", {}).items()},
                implied=tuple((int(a), int(b)) for a, b in data["implied"]),
                passes=tuple(Pass(p["number"], tuple(p["atoms"]), p["estimated_pairs"]) for p in data["passes"]),
                attributes=tuple(
                    AttributeModel(
                        a["label"],
                        a["column"],
                        tuple(a["labels"]),
                        tuple(a["m"]),
                        tuple(a["u"]),
                        tuple(a["r"]),
                        {int(k): v for k, v in a["frequency"].items()},
                        a["rare_frequency"],
                        a.get("role", ""),
                    )
                    for a in data["attributes"]
                ),
            )
        except KeyError as error:
            raise ModelError(f"the stored match model lacks {error}; train a new one") from None
