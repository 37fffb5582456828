"""Gamma-Gamma: what a customer's purchases are worth on average.

Fader, Hardie and Lee, "RFM and CLV", Journal of Marketing Research 42(4), 2005; Fader and Hardie, note 025 (2013).
It assumes that value does not depend on frequency: `value_correlation` says how far that holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
CORRELATION_LIMIT = 0.3


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """Parameters p, q and v; n customers with repeat purchases of a value above nought; their correlation."""

    p: float
    q: float
    v: float
    n: int
    correlation: float

    @property
    def is_doubtful(self) -> bool:
        """Value and frequency go together more than the model allows."""
        return not abs(self.correlation) <= CORRELATION_LIMIT


def usable(x: F64, mean_value: F64) -> NDArray[np.bool_]:
    """Customers whom the model can learn from: repeat purchases, and of a positive mean value."""
    return np.asarray((x > 0) & np.isfinite(mean_value) & (np.nan_to_num(mean_value) > 0))


def fit(x: F64, mean_value: F64, limit: int = 20_000, seed: int = 0) -> GammaGamma:
    """Maximum likelihood on customers with x > 0 and a positive mean value of their repeat purchases (money).

    More than `limit` customers: a seeded sample of them, drawn without regard to their order. Values are scaled by
    their mean while searching: v is given in the unit of `mean_value`. Raises ValueError with fewer than three usable
    customers.
    """
    from scipy.optimize import minimize
    from scipy.special import gammaln

    good = usable(x, mean_value)
    if good.sum() < 3:
        raise ValueError("Fewer than three customers have repeat purchases of some value: their worth is unknown yet.")
    x, z = np.asarray(x[good], dtype=np.float64), np.asarray(mean_value[good], dtype=np.float64)
    spread = x.std() > 0 and z.std() > 0
    n, correlation = len(x), float(np.corrcoef(x, z)[0, 1]) if spread else 0.0
    if n > limit:
        in_order = np.lexsort((z, x))  # equal customers are exchangeable
        chosen = in_order[np.random.default_rng(seed).choice(n, limit, replace=False)]
        x, z = x[chosen], z[chosen]
    scale = float(z.mean())
    z = z / scale
    log_z, log_x = np.log(z), np.log(x)

    def loss(logs: F64) -> float:
        p, q, v = np.exp(np.clip(logs, -20.0, 20.0))
        px = p * x
        each = gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(v) + (px - 1) * log_z + px * log_x
        return -float(np.mean(each - (px + q) * np.log(x * z + v)))

    best = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-10, "maxiter": 1500})
    p, q, v = (float(value) for value in np.exp(np.clip(best.x, -20.0, 20.0)))
    return GammaGamma(p, q, v * scale, n, correlation)


def expected_value(model: GammaGamma, x: F64, mean_value: F64) -> F64:
    """E[M]: expected value of a purchase. Without usable repeat purchases the mean of the population, p v / (q - 1).

    NaN where q ≤ 1 leaves no mean to fall back on.
    """
    good = usable(x, mean_value)
    px = model.p * np.where(good, x, 0)
    total = np.where(good, x * np.nan_to_num(mean_value), 0.0)
    below = px + model.q - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(below > 0, model.p * (model.v + total) / below, np.nan))
