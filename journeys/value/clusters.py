"""Clusters of customers by behaviour: a suggestion beside rule personas, with how stable it is and what explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
SILHOUETTE_SAMPLE = 3_000


@dataclass(frozen=True, slots=True)
class Clusters:
    """A clustering and what is known of its worth.

    labels: 0 = the largest; silhouette: of the chosen number; stability: mean adjusted Rand index of bootstraps;
    tried: number of clusters → silhouette; tree: a small decision tree in words (clusters from 1); tree_accuracy:
    share of customers whose cluster it names.
    """

    labels: I64
    silhouette: float
    stability: float
    tried: dict[int, float]
    tree: str
    tree_accuracy: float


def suggest(
    features: F64,
    names: Sequence[str],
    *,
    numbers: Sequence[int] = (3, 4, 5, 6, 7, 8),
    bootstraps: int = 10,
    seed: int = 0,
) -> Clusters:
    """KMeans on standardised log features, shape (customers, features); the number with the best silhouette.

    Stability: KMeans again on resampled customers, all customers assigned by it, compared with the first labels.
    Needs more customers than twice the largest number. Deterministic for a given order of customers.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, silhouette_score
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier, export_text

    scaled = StandardScaler().fit_transform(np.log1p(np.maximum(features, 0.0)))
    rng = np.random.default_rng(seed)
    some = rng.choice(len(scaled), min(len(scaled), SILHOUETTE_SAMPLE), replace=False)
    models = {k: KMeans(k, n_init=4, random_state=seed).fit(scaled) for k in numbers}
    tried = {k: float(silhouette_score(scaled[some], m.labels_[some])) for k, m in models.items()}
    best = max(numbers, key=lambda k: (tried[k], -k))
    chosen = models[best]
    order = np.argsort(-np.bincount(chosen.labels_, minlength=best), kind="stable")
    labels = np.argsort(order)[chosen.labels_]
    agreement = []
    for turn in range(bootstraps):
        again = rng.choice(len(scaled), len(scaled))
        other = KMeans(best, n_init=1, random_state=seed + turn).fit(scaled[again])
        agreement.append(adjusted_rand_score(labels, other.predict(scaled)))
    tree = DecisionTreeClassifier(max_leaf_nodes=best + 3, random_state=seed).fit(features, labels + 1)
    return Clusters(
        labels, tried[best], float(np.mean(agreement)), tried,
        export_text(tree, feature_names=list(names), decimals=1), float(tree.score(features, labels + 1)),
    )  # fmt: skip
