"""Other tools, set up as their documentation shows, on the same records."""

from __future__ import annotations

import importlib.util
import itertools
import time
from typing import Any

import numpy as np

from benchmarks.dialects import Dialect

GRID = (0.05, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)


def splink_documented(one: Dialect) -> dict[str, Any]:
    """Splink with its documented comparisons per type, passes of two attributes each, EM over three passes, and the
    threshold that is best on the truth.
    """
    if importlib.util.find_spec("splink") is None:
        return {"skipped": "splink is not installed (requirements-bench.lock)"}
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    from resolution import evaluate

    frame = one.records.drop(columns=[one.truth]).astype(object).where(lambda f: f.notna(), None)
    for column in one.told:
        frame[column] = frame[column].map(lambda v: None if v is None or v == "" else str(v).lower())
    kinds: dict[str, Any] = {
        "given_name": lambda c: cl.NameComparison(c),
        "family_name": lambda c: cl.NameComparison(c),
        "birth_date": lambda c: cl.LevenshteinAtThresholds(c, [1, 2]),
        "email": lambda c: cl.EmailComparison(c),
        "string": lambda c: cl.JaroWinklerAtThresholds(c, [0.9, 0.8]).configure(term_frequency_adjustments=True),
        "city": lambda c: cl.JaroWinklerAtThresholds(c, [0.9, 0.8]).configure(term_frequency_adjustments=True),
        "id": lambda c: cl.LevenshteinAtThresholds(c, [1, 2]),
    }
    usual = lambda c: cl.ExactMatch(c).configure(term_frequency_adjustments=True)  # noqa: E731
    comparisons = [kinds.get(kind, usual)(column) for column, kind in one.told.items()]
    pairs = list(itertools.combinations(one.told, 2))
    distinct = {column: frame[column].nunique() for column in one.told}
    # The narrower half of all combinations of two columns: what a careful user keeps.
    pairs.sort(key=lambda p: -float(distinct[p[0]]) * distinct[p[1]])
    rules = [block_on(*pair) for pair in pairs[: max(8, len(pairs) // 2)]]
    used = time.process_time()
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name=one.record_id,
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
        retain_intermediate_calculation_columns=False,
    )
    linker = Linker(DuckDBAPI().register(frame), settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match(rules[:2], recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in rules[:4]:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    predicted = linker.inference.predict(threshold_match_probability=0.01)
    truth = one.records[one.truth].to_numpy()
    best: dict[str, Any] = {"F1": -1.0}
    for threshold in GRID:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold)
        label = clusters.as_pandas_dataframe().set_index(one.record_id)["cluster_id"].reindex(frame[one.record_id])
        measured = evaluate(np.asarray(label), truth)
        if measured.pairwise_f1 > best["F1"]:
            best = {
                "records": len(frame),
                "precision": measured.pairwise_precision,
                "recall": measured.pairwise_recall,
                "F1": measured.pairwise_f1,
                "B-cubed": measured.bcubed_f1,
                "threshold": threshold,
            }
    return {**best, "CPU s": round(time.process_time() - used, 1)}
