"""BG/NBD: how often a customer will buy again, and whether they still buy at all.

Fader, Hardie and Lee, "Counting your customers the easy way", Marketing Science 24(2), 2005. Times in one unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BgNbd:
    """Parameters: purchase rates are gamma(r, alpha), drop-out probabilities beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float


def log_likelihood(parameters: F64, x: F64, t_x: F64, t_total: F64) -> F64:
    """Log-likelihood of each customer; parameters r, alpha, a, b."""
    from scipy.special import gammaln

    r, alpha, a, b = parameters
    base = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    base = base + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    alive = -(r + x) * np.log(alpha + t_total)
    # at x = 0 the second term is absent; the maximum keeps its logarithm defined
    gone = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x)
    return np.asarray(base + np.where(x > 0, np.logaddexp(alive, gone), alive))


def fit(x: F64, t_x: F64, t_total: F64, weight: F64 | None = None) -> BgNbd:
    """Maximum likelihood by Nelder-Mead from zeros on the log scale.

    x, t_x, t_total: one element per customer, or per distinct triple with `weight` customers each. Raises ValueError
    when nobody has bought twice: repeat buying cannot be estimated then.
    """
    from scipy.optimize import minimize

    if not np.any(x > 0):
        raise ValueError("No customer has bought twice: repeat buying cannot be estimated yet.")
    weights = np.ones(len(x)) if weight is None else np.asarray(weight, dtype=np.float64)

    def loss(logs: F64) -> float:
        parameters = np.exp(np.clip(logs, -20.0, 20.0))
        return -float(weights @ log_likelihood(parameters, x, t_x, t_total)) / float(weights.sum())

    best = minimize(loss, np.zeros(4), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-10, "maxiter": 1500})
    r, alpha, a, b = (float(v) for v in np.exp(np.clip(best.x, -20.0, 20.0)))
    return BgNbd(r, alpha, a, b, -float(best.fun) * float(weights.sum()))


def _odds_gone(model: BgNbd, x: F64, t_x: F64, t_total: F64) -> F64:
    ratio = np.log(model.alpha + t_total) - np.log(model.alpha + t_x)
    odds = model.a / (model.b + np.maximum(x, 1) - 1) * np.exp((model.r + x) * ratio)
    return np.asarray(np.where(x > 0, odds, 0.0))


def p_alive(model: BgNbd, x: F64, t_x: F64, t_total: F64) -> F64:
    """Probability that the customer still buys; NaN for x = 0, where the model says 1 for everybody."""
    alive = 1.0 / (1.0 + _odds_gone(model, x, t_x, t_total))
    return np.asarray(np.where(x > 0, alive, np.nan))


def expected_purchases(model: BgNbd, x: F64, t_x: F64, t_total: F64, horizon: float) -> F64:
    """Expected number of purchases in the next `horizon` units, E[Y(t)]."""
    return expected_by_horizon(model, x, t_x, t_total, (horizon,))[0]


def expected_by_horizon(model: BgNbd, x: F64, t_x: F64, t_total: F64, horizons: Sequence[float]) -> F64:
    """E[Y(t)] of several horizons, shape (horizons, customers).

    The costly part depends on x and T only, of which few pairs exist: a million customers take seconds.
    """
    from scipy.special import hyp2f1

    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    pairs, place = np.unique(x + 1j * np.asarray(t_total), return_inverse=True)  # complex: sorted as pairs, in one go
    px, pt = pairs.real, pairs.imag
    alive = 1.0 + _odds_gone(model, x, t_x, t_total)
    result = np.empty((len(horizons), len(x)))
    for row, horizon in zip(result, horizons, strict=True):
        growth = hyp2f1(r + px, b + px, a + b + px - 1.0, horizon / (alpha + pt + horizon))
        bracket = 1.0 - np.exp((r + px) * (np.log(alpha + pt) - np.log(alpha + pt + horizon))) * growth
        row[:] = ((a + b + px - 1.0) / (a - 1.0) * bracket)[place] / alive
    return result
