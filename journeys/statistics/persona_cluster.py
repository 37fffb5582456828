"""Clusters of behaviour as a suggestion beside the rule personas; counted when fits are due, kept with the fit."""

from __future__ import annotations

from typing import Any

from journeys.steps import Context, Fit, Step

SAMPLE = 10_000
SMALLEST = 10
MIN_EVIDENCE = 4  # what the rules ask for, too
FEATURES = (
    "visit_count", "choosing_visit_count", "engagement_count", "follow_count", "order_count",
    "discounted_order_count", "product_count",
)  # fmt: skip
COLUMNS = """
    cluster_no smallint not null,
    feature text not null,
    as_of_date date not null,
    cluster_customers integer not null,
    cluster_mean double precision not null,
    overall_mean double precision not null,
    standard_distance double precision not null,
    silhouette double precision not null,
    stability double precision not null,
    is_suppressed boolean not null,
    primary key (cluster_no, feature)
"""


def fit(context: Context) -> Fit | None:
    """Clusters of a sample of customers with enough evidence; None when there are too few."""
    import numpy as np

    from journeys.value.clusters import suggest

    rows = context.fact(
        "customer_persona",
        ["golden_customer_id", "persona_code", *FEATURES],
        everybody=True,
        where=f"evidence_count >= {MIN_EVIDENCE}",
    ).sort("golden_customer_id")
    if len(rows) < 200:
        return None
    step = max(1, len(rows) // SAMPLE)  # ids are random, so every so-manieth in their order is a random sample
    rows = rows.gather_every(step)
    features = rows.select(FEATURES).to_numpy().astype(np.float64)
    found = suggest(features, FEATURES)
    mean, deviation = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-12)
    cells: list[dict[str, Any]] = []
    for cluster in np.unique(found.labels):
        here = features[found.labels == cluster]
        for place, feature in enumerate(FEATURES):
            cells.append({
                "cluster_no": int(cluster) + 1, "feature": feature, "cluster_customers": len(here),
                "cluster_mean": float(here[:, place].mean()), "overall_mean": float(mean[place]),
                "standard_distance": float((here[:, place].mean() - mean[place]) / deviation[place]),
                "silhouette": found.silhouette, "stability": found.stability, "is_suppressed": len(here) < SMALLEST,
            })  # fmt: skip
    personas: dict[str, dict[str, int]] = {}
    for label, persona in zip(found.labels.tolist(), rows["persona_code"].to_list(), strict=True):
        counts = personas.setdefault(str(label + 1), {})
        counts[persona] = counts.get(persona, 0) + 1
    evaluation = {
        "customers": len(rows), "sampled_every": step, "silhouette": round(found.silhouette, 4),
        "silhouette_by_number": {str(k): round(v, 4) for k, v in found.tried.items()},
        "stability_adjusted_rand": round(found.stability, 4), "tree": found.tree,
        "tree_accuracy": round(found.tree_accuracy, 4),
        "rule_personas_by_cluster": {k: dict(sorted(v.items())) for k, v in sorted(personas.items())},
    }  # fmt: skip
    return Fit({"cells": cells}, evaluation)


def apply(context: Context, fitted: Fit | None) -> None:
    """The fit's clusters, whole."""
    import polars as pl

    if fitted is None:
        context.connection.execute("truncate intermediate.stat_persona_cluster")
        return
    rows = pl.DataFrame(fitted.parameters["cells"]).with_columns(
        pl.lit(fitted.as_of_date).alias("as_of_date"),
        pl.col("cluster_no").cast(pl.Int16),
        pl.col("cluster_customers").cast(pl.Int32),
        *(pl.col(c).cast(pl.Float64) for c in ("cluster_mean", "overall_mean", "standard_distance")),
    )
    context.write("stat_persona_cluster", rows)


STEP = Step("persona_cluster", fit, apply, {"stat_persona_cluster": COLUMNS})
