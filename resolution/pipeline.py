"""Training, scoring and linking in memory: the steps put together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from resolution.blocking import Pass
from resolution.candidates import Candidates, Levels, Part, Positions, pair_space
from resolution.classify.em import expectation_maximisation
from resolution.classify.learning import level_totals, sampling_noise
from resolution.classify.model import AttributeModel, MatchModel
from resolution.classify.patterns import PatternCounts, pack
from resolution.config import MatchConfig, check_columns, load_config
from resolution.index import all_pairs
from resolution.passes import plan_passes
from resolution.progress import step, timed
from resolution.scoring import PairChunks, score_candidates, score_compared, score_pairs
from resolution.standardise import column_names, needed_columns, standardise, to_frame
from resolution.standardise.columns import Standardised

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from resolution.labels import Labels

log = logging.getLogger(__name__)
RANDOM_PAIRS = 500_000


@dataclass(frozen=True)
class LinkResult:
    """labels int64[n]: the lowest position of each record's cluster. edges: left, right, match_weight,
    match_probability, kind, evidence.
    """

    labels: npt.NDArray[np.int64]
    edges: pd.DataFrame
    model: MatchModel
    report: dict[str, Any] = field(default_factory=dict)


def train(
    std: Standardised,
    config: MatchConfig,
    pairs: PairChunks | None = None,
    passes: Sequence[Pass] | None = None,
    labels: Labels | None = None,
    random_pairs: int = RANDOM_PAIRS,
) -> MatchModel:
    """Learn a model from the records alone, or with the labels that there are.

    pairs: candidate pairs to learn from; by default those of the passes (the configuration's, or proposed ones). Of
    more than `config.train_pairs` a sample is compared, drawn evenly over the records.
    """
    planned = tuple(passes) if passes is not None else tuple(plan_passes(std, config))
    if pairs is None:
        return _train(
            std, config, planned, Candidates(std, config, planned, reuse=False).learning_pairs, labels, random_pairs
        )
    return _train(
        std, config, planned, lambda compare: ([(a, b, compare(a, b)) for a, b in pairs], 1.0), labels, random_pairs
    )


def _train(
    std: Standardised,
    config: MatchConfig,
    planned: tuple[Pass, ...],
    learning_pairs: Callable[[Callable[[Positions, Positions], Levels]], tuple[list[Part], float]],
    labels: Labels | None = None,
    random_pairs: int = RANDOM_PAIRS,
) -> MatchModel:
    """learning_pairs: from a comparison to compared pairs, and which share of the candidates these are."""
    from resolution.classify.fellegi_sunter import FellegiSunter
    from resolution.classify.frequencies import FrequencyCounter
    from resolution.compare import compare_pairs, implied_places, make_features

    features = make_features(std, config)
    space = pair_space(std, config)
    implied = implied_places(std, config, features)

    def compare(left: Positions, right: Positions) -> Levels:
        return compare_pairs(std, features, left, right, implied, config.jobs)

    random = PatternCounts.empty(len(features))
    left, right = space.random_pairs(random_pairs, config.seed)
    random.add(compare(left, right))
    totals = level_totals(space, features, random)

    counts = PatternCounts.empty(len(features))
    kept, sampled = learning_pairs(compare)
    for _, _, levels in kept:
        counts.add(levels)
    prior = None if config.prior == "auto" else float(config.prior)
    labelled = None
    if labels is not None:
        labelled = labels.pattern_counts(counts, kept, compare)
    everything = space.pairs()
    noise = sampling_noise(totals, everything, int(random.count.sum()))
    learned = expectation_maximisation(
        counts, totals, features, everything, prior, sampled, labelled=labelled, noise=noise, jobs=config.jobs
    )
    posteriors = [learned.posterior[np.searchsorted(counts.packed, pack(levels))] for _, _, levels in kept]

    attributes = []
    for i, feature in enumerate(features):
        frequency: dict[int, float] = {}
        rare: float | None = None
        if feature.term_frequency:
            counter = FrequencyCounter(std.columns[feature.column])
            for (a, b, levels), posterior in zip(kept, posteriors, strict=True):
                shared = feature.agreeing(std, a, b, levels[:, i])
                if shared is not None:
                    counter.add(shared[1], posterior)
            frequency, rare = counter.result(sampled)
        m, u, r = (tuple(map(float, values[i])) for values in (learned.m, learned.u, learned.r))
        attributes.append(
            AttributeModel(feature.label, feature.column, feature.labels, m, u, r, frequency, rare, feature.role)
        )
    figures = {
        "records": std.n,
        "training_pairs": int(counts.count.sum()),
        "share_of_pairs": sampled,
        "rounds": learned.rounds,
        "expected_matching_pairs": round(learned.prior * space.pairs(), 1),
        "expected_relative_pairs": round((learned.relatives + sum(learned.kinds.values())) * space.pairs(), 1),
    }
    threshold = 0.5 if config.threshold == "auto" else float(config.threshold)
    model = MatchModel(
        learned.prior,
        learned.relatives,
        tuple(attributes),
        planned,
        threshold,
        config.fingerprint(),
        implied,
        figures,
        learned.kinds,
    )
    FellegiSunter(model)  # fails early on a model that cannot score
    return model


def link(
    records: Any,
    identifiers: Any = None,
    config: MatchConfig | None = None,
    decisions: Any = None,
    model: MatchModel | None = None,
    labels: Any = None,
) -> LinkResult:
    """Link records in memory.

    records, identifiers: tables (pandas, Arrow, polars) as in docs/architecture.md, or any columns that the
    configuration maps.
    decisions: table left, right (record ids) and verdict ('same' or 'different'). model: a trained one; otherwise it
    is learned here. labels: table as `labels.Labels.make` takes it; they teach the model and choose an automatic
    threshold, and force nothing.
    Raises InputError for missing columns and repeated ids.
    """

    with timed() as seconds:
        result = _link(records, identifiers, config or load_config(), decisions, model, labels)
    result.report["seconds"] = seconds
    return result


def _link(
    records: Any, identifiers: Any, config: MatchConfig, decisions: Any, model: MatchModel | None, labels: Any
) -> LinkResult:
    from resolution.competition import with_competition
    from resolution.constraints import decision_edges, make_constraints
    from resolution.decided import cluster_with_decisions
    from resolution.evidence import join_edges
    from resolution.labels import Labels, threshold_on_labels
    from resolution.lives import with_lives_apart
    from resolution.thresholds import choose_threshold

    config = check_columns(config, column_names(records))
    with step("standardise"):
        frame, order = _by_id(to_frame(records, needed_columns(config)), config.record_id)
        std = standardise(frame, config)
        # What was read lives on in `std`; the identifiers' rules need these columns only.
        kept = (config.country, "is_phone_shared", "source_platform", "record_kind")
        frame = frame.select([name for name in dict.fromkeys(kept) if name in frame.columns])
    known = None if labels is None else Labels.make(std, labels)
    chosen = model is not None
    candidates: Candidates | None = None
    if model is None:
        with step("learn"):
            planned = tuple(plan_passes(std, config, roomy=True))
            candidates = Candidates(std, config, planned)
            model = _train(std, config, planned, candidates.learning_pairs, known)
    with step("compare"):
        candidates = candidates or Candidates(std, config, model.passes)
        blocks = candidates.blocks
        if candidates.compared is not None:  # while learning
            edges, compared = score_compared(std, model, config, candidates.compared)
        else:
            edges, compared = score_candidates(std, model, config, candidates.chunks())
        edges = _calibrated(std, config, model, edges, candidates)
        del candidates
    with step("certain evidence"):
        certain, constraints = make_constraints(std, frame, config, identifiers, decisions, model)
        if len(certain):
            edges = join_edges(certain, edges)
        edges = with_competition(edges, constraints(0.5).source)
        if len(certain):
            constraints = with_lives_apart(constraints, decision_edges(std, decisions, edges), std, frame)
    curve: list[dict[str, float]] = []
    on_labels = known is not None and known.enough()
    with step("choose the threshold"):
        if config.threshold == "auto" and not chosen:
            model, curve = choose_threshold(std, config, model, edges, constraints)
        if config.threshold == "auto" and known is not None and on_labels:
            best, curve = threshold_on_labels(std.n, edges, constraints, known, model.threshold, config.precision)
            model = replace(model, threshold=best)
    with step("cluster"):
        clusters, refused = cluster_with_decisions(std.n, edges, constraints(model.threshold))
    report = {
        "records": std.n,
        "clusters": len(np.unique(clusters)),
        "pairs_compared": compared,
        "edges": len(edges),
        "threshold": model.threshold,
        "threshold_by": _threshold_by(config, chosen, on_labels),
        "refused": refused.counts(),
        "curve": curve,
        **model.figures,
        "passes": [
            {"pass": p.name, **vars(blocks.reports[p.number])} for p in model.passes if p.number in blocks.reports
        ],
        "missing": std.report,
    }
    edges = decision_edges(std, decisions, edges)
    return LinkResult(*_in_given_order(clusters, edges, order), model, report)


def _calibrated(
    std: Standardised, config: MatchConfig, model: MatchModel, edges: pd.DataFrame, candidates: Candidates
) -> pd.DataFrame:
    """The scored candidates, calibrated on pairs within duplicate-free sources where there are such sources."""
    from resolution.decoys import calibrated

    space = candidates.space
    source = np.where(space.usable, space.group, -1).astype(np.int64)
    return calibrated(
        edges,
        source,
        lambda: candidates.blocks.chunks(config.chunk_pairs),
        candidates.total,
        std.identity,
        lambda left, right: score_pairs(std, model, left, right, config)["match_weight"].to_numpy(np.float64),
    )


def _by_id(frame: pl.DataFrame, record_id: str) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """The records in the order of their ids, so that ties never depend on the order in which they came; and which
    record stands where.
    """
    import polars as pl

    ids = pl.DataFrame({"id": frame[record_id].cast(pl.String), "at": np.arange(frame.height, dtype=np.int64)})
    order = ids.sort("id", "at")["at"].to_numpy()
    return frame[order], order


def _threshold_by(config: MatchConfig, chosen: bool, on_labels: bool) -> str:
    """Where the threshold came from, for the report."""
    if config.threshold != "auto":
        return "configuration"
    if on_labels:
        return "labels"
    return "model" if chosen else "expected F1" if config.precision is None else "wanted precision"


def _in_given_order(
    labels: npt.NDArray[np.int64], edges: pd.DataFrame, order: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], pd.DataFrame]:
    """Labels and edges of the sorted records, in positions of the records as given."""
    given = np.empty_like(labels)
    lowest = np.full(len(labels), len(labels), np.int64)
    np.minimum.at(lowest, labels, order)
    given[order] = lowest[labels]
    left, right = order[edges["left"].to_numpy(np.int64)], order[edges["right"].to_numpy(np.int64)]
    moved = edges.assign(left=np.minimum(left, right).astype(np.int32), right=np.maximum(left, right).astype(np.int32))
    return given, moved.sort_values(["left", "right"], kind="stable", ignore_index=True)


__all__ = ["LinkResult", "all_pairs", "link", "score_candidates", "score_pairs", "train"]
