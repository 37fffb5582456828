"""Clusters as a suggestion: planted groups are found and said to be stable, a cloud without groups is not."""

from __future__ import annotations

import numpy as np

from journeys.value.clusters import suggest

NAMES = ("visits", "orders")


def test_planted_groups_are_found_largest_first_and_explained() -> None:
    rng = np.random.default_rng(2)
    groups = [(300, 2, 0), (150, 40, 0), (80, 30, 12)]
    features = np.vstack([rng.poisson((visits, orders), (n, 2)) for n, visits, orders in groups]).astype(float)
    found = suggest(features, NAMES, numbers=(2, 3, 4), bootstraps=4)
    truth = np.repeat([0, 1, 2], [n for n, _, _ in groups])
    assert (found.labels == truth).mean() > 0.97
    assert found.stability > 0.95
    assert found.tree_accuracy > 0.97
    assert "orders" in found.tree
    assert max(found.tried, key=lambda k: found.tried[k]) == 3
    np.testing.assert_array_equal(suggest(features, NAMES, numbers=(2, 3, 4), bootstraps=4).labels, found.labels)


def test_a_cloud_without_groups_is_said_to_be_unstable() -> None:
    cloud = np.exp(np.random.default_rng(3).normal(2, 1, (400, 4)))
    found = suggest(cloud, ("a", "b", "c", "d"), numbers=(3, 5), bootstraps=4)
    assert found.silhouette < 0.3
    assert found.stability < 0.8
