"""What clustering refused, and why: links that were strong enough but were not followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from resolution.careful import Grown


@dataclass(frozen=True)
class Refusals:
    """left, right int64[k] < : linked pairs whose records ended in different clusters. reason int8[k]: the last
    refusal of the pair (resolution.forest.REASONS).
    """

    left: np.ndarray
    right: np.ndarray
    reason: np.ndarray

    @classmethod
    def none(cls) -> Refusals:
        """Nothing was refused."""
        import numpy as np

        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int8))

    @classmethod
    def of(cls, labels: np.ndarray, left: np.ndarray, right: np.ndarray, grown: Grown) -> Refusals:
        """The refusals that still separate records once all clusters are grown."""
        import numpy as np

        reason = np.empty(len(left), np.int8)
        reason[grown.tried] = grown.outcome
        apart = np.flatnonzero(labels[left] != labels[right])
        return cls(left[apart], right[apart], reason[apart])

    def between(self, labels: np.ndarray) -> Refusals:
        """Those that still separate records under other labels (int64[n])."""
        return self._take(labels[self.left] != labels[self.right])

    def outside(self, inside: np.ndarray) -> Refusals:
        """Those of which no record is in `inside` (bool[n])."""
        return self._take(~(inside[self.left] | inside[self.right]))

    def at(self, positions: np.ndarray) -> Refusals:
        """The same with record i at positions[i] (int64, ascending)."""
        return Refusals(positions[self.left], positions[self.right], self.reason)

    def joined(self, other: Refusals) -> Refusals:
        """These and the others."""
        import numpy as np

        return Refusals(np.r_[self.left, other.left], np.r_[self.right, other.right], np.r_[self.reason, other.reason])

    def _take(self, chosen: np.ndarray) -> Refusals:
        return Refusals(self.left[chosen], self.right[chosen], self.reason[chosen])

    def counts(self) -> dict[str, int]:
        """Refused links by reason, in a fixed order, without the reasons that did not occur: for reports and logs.

        Reasons: too_large, decision, accounts, source, birth_date, names, weak_bridge.
        """
        from resolution.forest import REASONS

        found = {name: int((self.reason == code).sum()) for code, name in REASONS.items()}
        return {name: count for name, count in found.items() if count}

    def table(self) -> pd.DataFrame:
        """One row per refused link: left, right (positions), reason."""
        import pandas as pd

        from resolution.forest import REASONS

        return pd.DataFrame(
            {"left": self.left, "right": self.right, "reason": [REASONS[r] for r in self.reason.tolist()]}
        )
