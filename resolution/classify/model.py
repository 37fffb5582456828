"""The match model: what was learned, as plain numbers that can be stored as JSON. Holds no personal data (values are hashed)."""

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
    """m and u per level of one comparison, and how common single values are.

    labels[0] is `missing`, which weighs nothing. `frequency`: hash of a value → share of persons who have it; values not listed have
    `rare_frequency`.
    """

    label: str
    column: str
    labels: tuple[str, ...]
    m: tuple[float, ...]
    u: tuple[float, ...]
    frequency: dict[int, float] = field(default_factory=dict)
    rare_frequency: float | None = None

    def weights(self) -> npt.NDArray[np.float64]:
        """log2(m / u) per level; 0 for `missing`."""
        m, u = np.array(self.m), np.array(self.u)
        result = np.log2(m / u)
        result[0] = 0.0
        return result


@dataclass(frozen=True)
class MatchModel:
    """A trained Fellegi–Sunter model with the blocking passes and the threshold that belong to it."""

    prior: float
    attributes: tuple[AttributeModel, ...]
    passes: tuple[Pass, ...]
    threshold: float
    config_fingerprint: str
    figures: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "version": MODEL_VERSION, "prior": self.prior, "threshold": self.threshold,
            "config_fingerprint": self.config_fingerprint, "figures": self.figures,
            "passes": [{"number": p.number, "atoms": list(p.atoms), "estimated_pairs": p.estimated_pairs} for p in self.passes],
            "attributes": [
                {"label": a.label, "column": a.column, "labels": list(a.labels), "m": list(a.m), "u": list(a.u),
                 "frequency": {str(k): v for k, v in a.frequency.items()}, "rare_frequency": a.rare_frequency}
                for a in self.attributes
            ],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> MatchModel:
        """Inverse of to_dict. Raises ModelError when the dictionary is of another version or incomplete."""
        if data.get("version") != MODEL_VERSION:
            raise ModelError(
                f"the stored match model has version {data.get('version')}, this code reads {MODEL_VERSION}; train a new one"
            )
        try:
            return cls(
                prior=float(data["prior"]), threshold=float(data["threshold"]), config_fingerprint=data["config_fingerprint"],
                figures=data.get("figures", {}),
                passes=tuple(Pass(p["number"], tuple(p["atoms"]), p["estimated_pairs"]) for p in data["passes"]),
                attributes=tuple(
                    AttributeModel(a["label"], a["column"], tuple(a["labels"]), tuple(a["m"]), tuple(a["u"]),
                                   {int(k): v for k, v in a["frequency"].items()}, a["rare_frequency"])
                    for a in data["attributes"]
                ),
            )  # fmt: skip
        except KeyError as error:
            raise ModelError(f"the stored match model lacks {error}; train a new one") from None
