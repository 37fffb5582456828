"""Logistic regression by iteratively reweighted least squares, with a ridge that keeps separated data finite."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Logistic:
    """Coefficients on standardised features: intercept, then one per feature; their means and deviations."""

    coefficients: F64
    mean: F64
    deviation: F64


def _probability(eta: F64) -> F64:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * eta)))


def fit(features: F64, happened: F64, ridge: float = 1.0, iterations: int = 50) -> Logistic:
    """Fit P(happened = 1 | features). features: (n, k) float64; happened: (n,) of 0 and 1.

    The penalty ridge/2 · |b|² leaves the intercept alone, so the mean prediction equals the observed share. Features
    that do not vary get a coefficient of 0. Newton's method with halved steps; stops when no coefficient
    moves by more than 1e-9.
    """
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    varies = deviation > 1e-12
    design = np.column_stack((np.ones(len(features)), (features - mean) / np.where(varies, deviation, 1.0)))
    design[:, 1:][:, ~varies] = 0.0
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    share = float(np.clip(happened.mean(), 1e-9, 1 - 1e-9))
    b = np.zeros(design.shape[1])
    b[0] = np.log(share / (1 - share))
    if share <= 1e-9 or share >= 1 - 1e-9:  # it never or always happened: the share is all there is to know
        return Logistic(b, mean, np.where(varies, deviation, 1.0))

    def objective(at: F64) -> float:
        eta = design @ at
        return float(happened @ eta - np.logaddexp(0.0, eta).sum() - 0.5 * penalty @ (at * at))

    best = objective(b)
    for _ in range(iterations):
        p = _probability(design @ b)
        gradient = design.T @ (happened - p) - penalty * b
        weighted = design * (p * (1 - p))[:, None]
        step = np.linalg.solve(design.T @ weighted + np.diag(penalty + 1e-9), gradient)
        # a whole step can overshoot where outcomes are rare: halve it until the likelihood rises
        while objective(b + step) < best and np.abs(step).max() >= 1e-9:
            step = step / 2
        if np.abs(step).max() < 1e-9:
            break
        b, best = b + step, objective(b + step)
    return Logistic(b, mean, np.where(varies, deviation, 1.0))


def predict(model: Logistic, features: F64) -> F64:
    """Probabilities of rows of features, shape (n,)."""
    scaled = (features - model.mean) / model.deviation
    # not a matrix product: its last digits would depend on who else is asked
    return _probability(model.coefficients[0] + (scaled * model.coefficients[1:]).sum(axis=1))
