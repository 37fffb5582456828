"""Training, scoring and linking in memory: the steps put together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from resolution.blocking import Pass, plan_passes
from resolution.classify.em import expectation_maximisation
from resolution.classify.learning import PairSpace, level_totals
from resolution.classify.model import AttributeModel, MatchModel
from resolution.classify.patterns import PatternCounts, pack
from resolution.config import MatchConfig, check_columns, load_config
from resolution.index import Blocks, all_pairs, block_keys, make_blocks
from resolution.progress import step, timed
from resolution.standardise import standardise, to_frame
from resolution.standardise.columns import Standardised

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from resolution.labels import Labels

log = logging.getLogger(__name__)
Positions = npt.NDArray[np.int32]
PairChunks = Iterable[tuple[Positions, Positions]]
Compared = Iterable[tuple[Positions, Positions, "npt.NDArray[np.uint8]"]]
"""Chunks of pairs with their levels."""
RANDOM_PAIRS = 500_000
KEEP_PROBABILITY = 0.001
"""Pairs below this match probability are not kept as evidence."""


@dataclass(frozen=True)
class LinkResult:
    """labels int64[n]: the lowest position of each record's cluster. edges: left, right, match_weight,
    match_probability, kind, evidence.
    """

    labels: npt.NDArray[np.int64]
    edges: pd.DataFrame
    model: MatchModel
    report: dict[str, Any] = field(default_factory=dict)


def pair_space(std: Standardised, config: MatchConfig) -> PairSpace:
    """The pairs that may be linked, given the sources that are free of duplicates."""
    free = None
    if std.source is not None and config.duplicate_free_sources:
        if config.duplicate_free_sources == "all":
            free = np.ones(std.source.size, bool)
        else:
            free = np.isin(std.source.values.astype(str), list(config.duplicate_free_sources))
    return PairSpace(std, free)


def _pairs(
    std: Standardised,
    config: MatchConfig,
    passes: Sequence[Pass],
    keys: pd.DataFrame | None = None,
    focus: npt.NDArray[np.bool_] | None = None,
) -> tuple[Callable[[], Iterator[tuple[Positions, Positions]]], Blocks]:
    """A function that yields the allowed candidate pairs (again, at every call), and the blocks they come from."""
    space = pair_space(std, config)
    blocks = make_blocks(block_keys(std, passes) if keys is None else keys, std.n, config, focus)

    def chunks() -> Iterator[tuple[Positions, Positions]]:
        for left, right in blocks.chunks(config.chunk_pairs, focus):
            if space.has_rules:
                good = space.allowed(left, right)
                left, right = left[good], right[good]
            if len(left):
                yield left, right

    return chunks, blocks


def train(
    std: Standardised,
    config: MatchConfig,
    pairs: PairChunks | None = None,
    passes: Sequence[Pass] | None = None,
    labels: Labels | None = None,
) -> MatchModel:
    """Learn a model from the records alone, or with the labels that there are.

    pairs: candidate pairs to learn from; by default those of the passes (the configuration's, or proposed ones). Of
    more than `config.train_pairs` a sample is compared, drawn evenly over the records.
    """
    return _train(std, config, pairs, passes, labels)[0]


def _train(
    std: Standardised,
    config: MatchConfig,
    pairs: PairChunks | None = None,
    passes: Sequence[Pass] | None = None,
    labels: Labels | None = None,
) -> tuple[MatchModel, list[tuple[Positions, Positions, npt.NDArray[np.uint8]]], float]:
    """The model, the pairs that it was learned from with their levels, and which share of the candidates these are."""
    from resolution.classify.fellegi_sunter import FellegiSunter
    from resolution.classify.frequencies import FrequencyCounter
    from resolution.compare import compare_pairs, implied_places, make_features

    features = make_features(std, config)
    planned = tuple(passes) if passes is not None else tuple(plan_passes(std, config))
    space = pair_space(std, config)
    implied = implied_places(std, config, features)
    random = PatternCounts.empty(len(features))
    left, right = space.random_pairs(RANDOM_PAIRS, config.seed)
    random.add(compare_pairs(std, features, left, right, implied))
    totals = level_totals(space, features, random)

    sample, sampled = _training_pairs(std, config, planned, pairs)
    counts = PatternCounts.empty(len(features))
    kept = [(a, b, compare_pairs(std, features, a, b, implied)) for a, b in sample]
    for _, _, levels in kept:
        counts.add(levels)
    prior = None if config.prior == "auto" else float(config.prior)
    labelled = None
    if labels is not None:
        labelled = labels.pattern_counts(counts, kept, lambda a, b: compare_pairs(std, features, a, b, implied))
    learned = expectation_maximisation(counts, totals, features, space.pairs(), prior, sampled, labelled=labelled)

    attributes = []
    for i, feature in enumerate(features):
        frequency: dict[int, float] = {}
        rare: float | None = None
        if feature.term_frequency:
            counter = FrequencyCounter(std.columns[feature.column])
            for a, b, levels in kept:
                shared = feature.agreeing(std, a, b, levels[:, i])
                if shared is not None:
                    counter.add(shared[1], learned.posterior[np.searchsorted(counts.packed, pack(levels))])
            frequency, rare = counter.result(sampled)
        m, u, r = (tuple(map(float, values[i])) for values in (learned.m, learned.u, learned.r))
        attributes.append(AttributeModel(feature.label, feature.column, feature.labels, m, u, r, frequency, rare))
    figures = {
        "records": std.n,
        "training_pairs": int(counts.count.sum()),
        "share_of_pairs": sampled,
        "rounds": learned.rounds,
        "expected_matching_pairs": round(learned.prior * space.pairs(), 1),
        "expected_relative_pairs": round(learned.relatives * space.pairs(), 1),
    }
    threshold = 0.5 if config.threshold == "auto" else float(config.threshold)
    model = MatchModel(
        learned.prior, learned.relatives, tuple(attributes), planned, threshold, config.fingerprint(), implied, figures
    )
    FellegiSunter(model)  # fails early on a model that cannot score
    return model, kept, sampled


def _training_pairs(
    std: Standardised, config: MatchConfig, passes: Sequence[Pass], pairs: PairChunks | None
) -> tuple[list[tuple[Positions, Positions]], float]:
    """Pairs to learn from and which share of the candidates they are. The choice depends on record ids, not on
    their order.
    """
    if pairs is not None:
        return list(pairs), 1.0
    chunks, blocks = _pairs(std, config, passes)
    total = int(blocks.pairs_from().sum())
    if total <= config.train_pairs:
        return list(chunks()), 1.0
    share = config.train_pairs / total
    identity = std.identity
    limit = np.uint64(share * float(2**64 - 1))
    found = []
    for left, right in chunks():
        drawn = (identity[left] ^ identity[right]) * np.uint64(0x9E3779B97F4A7C15) <= limit
        found.append((left[drawn], right[drawn]))
    return found, share


def score_pairs(
    std: Standardised, model: MatchModel, left: Positions, right: Positions, config: MatchConfig
) -> pd.DataFrame:
    """Match weight and probability of the given pairs.

    Returns left int32, right int32, match_weight float32 (log2 odds incl. prior), match_probability float64, evidence
    category.
    """
    import pandas as pd

    from resolution.classify.fellegi_sunter import FellegiSunter, probability
    from resolution.compare import compare_pairs, make_features

    features = make_features(std, config)
    classifier = FellegiSunter(model)
    levels = compare_pairs(std, features, left, right, model.implied)
    weight = classifier.weigh(std, features, left, right, levels)
    return pd.DataFrame(
        {
            "left": left,
            "right": right,
            "match_weight": weight.astype(np.float32),
            "match_probability": probability(weight),
            "evidence": classifier.evidence(levels),
        }
    )


def score_candidates(
    std: Standardised, model: MatchModel, config: MatchConfig, chunks: PairChunks, keep: float = KEEP_PROBABILITY
) -> tuple[pd.DataFrame, int]:
    """Score chunk by chunk, keeping pairs of at least `keep` probability. Returns (edges with kind 'probable',
    pairs compared).
    """
    from resolution.compare import compare_pairs, make_features

    features = make_features(std, config)
    compared = ((left, right, compare_pairs(std, features, left, right, model.implied)) for left, right in chunks)
    return _score_compared(std, model, config, compared, keep)


def _score_compared(
    std: Standardised, model: MatchModel, config: MatchConfig, chunks: Compared, keep: float = KEEP_PROBABILITY
) -> tuple[pd.DataFrame, int]:
    """`score_candidates` for pairs that have been compared already."""
    import pandas as pd

    from resolution.classify.fellegi_sunter import FellegiSunter, probability
    from resolution.compare import make_features

    features = make_features(std, config)
    classifier = FellegiSunter(model)
    least = np.log2(keep) - np.log2(1 - keep)
    parts: list[tuple[Positions, Positions, npt.NDArray[np.float64], npt.NDArray[np.uint8]]] = []
    compared = 0
    for left, right, levels in chunks:
        compared += len(left)
        weight = classifier.weigh(std, features, left, right, levels)
        good = weight >= least
        parts.append((left[good], right[good], weight[good], levels[good]))
    if not parts:
        parts = [(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), np.empty((0, len(features)), np.uint8))]
    left, right, weight, levels = (np.concatenate(column) for column in zip(*parts, strict=True))
    edges = pd.DataFrame(
        {
            "left": left,
            "right": right,
            "match_weight": weight.astype(np.float32),
            "match_probability": probability(weight),
            "kind": "probable",
            "evidence": classifier.evidence(levels),
        }
    )
    return edges, compared


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
        result = _link(to_frame(records), identifiers, config or load_config(), decisions, model, labels)
    result.report["seconds"] = seconds
    return result


def _link(
    frame: pl.DataFrame, identifiers: Any, config: MatchConfig, decisions: Any, model: MatchModel | None, labels: Any
) -> LinkResult:
    from resolution.cluster import cluster
    from resolution.constraints import decision_edges, make_constraints
    from resolution.evidence import join_edges
    from resolution.labels import Labels, threshold_on_labels
    from resolution.thresholds import choose_threshold

    config = check_columns(config, frame.columns)
    # Records are worked on in the order of their ids, so that ties never depend on the order in which they came.
    order = frame[config.record_id].cast(str).arg_sort().to_numpy().astype(np.int64)
    frame = frame[order]
    with step("standardise"):
        std = standardise(frame, config)
    known = None if labels is None else Labels.make(std, labels)
    chosen = model is not None
    learned_from: list[tuple[Positions, Positions, npt.NDArray[np.uint8]]] = []
    share = 0.0
    if model is None:
        with step("learn"):
            model, learned_from, share = _train(std, config, labels=known)
    with step("compare"):
        chunks, blocks = _pairs(std, config, model.passes)
        if share == 1.0:  # learned from all candidates: they need no second comparison
            edges, compared = _score_compared(std, model, config, learned_from)
        else:
            learned_from.clear()
            edges, compared = score_candidates(std, model, config, chunks())
    with step("certain evidence"):
        certain, constraints = make_constraints(std, frame, config, identifiers, decisions, model)
        if len(certain):
            edges = join_edges(certain, edges)
    curve: list[dict[str, float]] = []
    on_labels = known is not None and known.enough()
    with step("choose the threshold"):
        if config.threshold == "auto" and not chosen:
            model, curve = choose_threshold(std, config, model, edges, constraints)
        if config.threshold == "auto" and known is not None and on_labels:
            best, curve = threshold_on_labels(std.n, edges, constraints, known, model.threshold, config.precision)
            model = replace(model, threshold=best)
    with step("cluster"):
        clusters = cluster(std.n, edges, constraints(model.threshold))
    report = {
        "records": std.n,
        "clusters": len(np.unique(clusters)),
        "pairs_compared": compared,
        "edges": len(edges),
        "threshold": model.threshold,
        "threshold_by": _threshold_by(config, chosen, on_labels),
        "curve": curve,
        **model.figures,
        "passes": [
            {"pass": p.name, **vars(blocks.reports[p.number])} for p in model.passes if p.number in blocks.reports
        ],
        "missing": std.report,
    }
    edges = decision_edges(std, decisions, edges)
    return LinkResult(*_in_given_order(clusters, edges, order), model, report)


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
