"""From configuration, identifiers and decisions to certain edges and to what a cluster must respect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from resolution.config import MatchConfig
from resolution.errors import InputError
from resolution.standardise.columns import Standardised

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from resolution.classify.model import MatchModel
    from resolution.cluster import Constraints
    from resolution.hints import NameHints

DECIDED = 100.0
"""Match weight shown for a pair that a person decided."""


def positions_of(std: Standardised, ids: Any, what: str) -> np.ndarray:
    """Positions of record ids. InputError names how many are unknown (never which: they may be personal data)."""
    import pandas as pd

    found = pd.Index(std.record_ids.astype(str)).get_indexer(pd.Index([str(v) for v in ids]))
    if (found < 0).any():
        raise InputError(f"{what} name {int((found < 0).sum())} record ids that are not among the records")
    return found.astype(np.int32)


def base_constraints(
    std: Standardised,
    config: MatchConfig,
    hints: NameHints | None = None,
    accounts: pd.DataFrame | None = None,
    must_link: np.ndarray | None = None,
    cannot_link: np.ndarray | None = None,
    threshold: float = 0.5,
) -> Constraints:
    """What clusters of these records must respect; the same for files and for the warehouse's nights."""
    from resolution.cluster import ClusterLimits, Constraints
    from resolution.evidence import birth_days
    from resolution.hints import make_hints

    source = None
    if std.source is not None and config.duplicate_free_sources:
        free = np.ones(std.source.size, bool)
        if config.duplicate_free_sources != "all":
            free = np.isin(std.source.values.astype(str), list(config.duplicate_free_sources))
        codes = std.source.codes.astype(np.int64)
        source = np.where((codes >= 0) & free[codes], codes, -1)
    names = None
    if "given_name" in config.contradictions:
        names = hints if hints is not None else make_hints(std, None)
    return Constraints(
        must_link=must_link,
        cannot_link=cannot_link,
        accounts=accounts,
        birth_day=birth_days(std) if "birth_date" in config.contradictions else None,
        source=source,
        names=names,
        limits=ClusterLimits(threshold=threshold),
    )


def make_constraints(
    std: Standardised, frame: pl.DataFrame, config: MatchConfig, identifiers: Any, decisions: Any, model: MatchModel
) -> tuple[pd.DataFrame, Callable[[float], Constraints]]:
    """(certain edges, function from a threshold to the constraints) of records in memory.

    frame: the records in the order of `std`.
    """
    import pandas as pd
    import pyarrow as pa

    from resolution import evidence
    from resolution.certain import account_keys, identifier_keys, key_edges
    from resolution.cluster import ClusterLimits
    from resolution.hints import make_hints
    from resolution.identifier_rules import load_identifier_rules
    from resolution.standardise import to_frame

    certain, accounts, hints = pd.DataFrame(), None, None
    if identifiers is not None and len(identifiers):
        rules = load_identifier_rules()
        hints = make_hints(std, model)
        table = to_frame(identifiers)
        positions = positions_of(std, table[config.record_id].cast(str).to_list(), "the identifiers")
        if std.excluded is not None:
            table = table.filter(~std.excluded[positions])
        table = table.with_columns(source_record_key=table[config.record_id].cast(str))
        country = {"country_code": frame[config.country].cast(str)} if config.country else {}
        flag = "is_phone_shared"
        shared = {flag: frame[flag]} if flag in frame.columns else {}
        people = evidence.People(pa.array(std.record_ids.astype(str)), pa.table({**country, **shared}), std)
        wanted = ["source_record_key", "identifier_type", "identifier_namespace", "identifier_value", "is_verified"]
        prepared = evidence.prepare_identifiers(table.select(wanted).to_arrow(), people)
        accounts = account_keys(prepared, rules)
        certain = key_edges(identifier_keys(prepared, rules), std.n, accounts, rules, name_hint=hints)
    must = cannot = None
    if decisions is not None and len(decisions):
        decided = to_frame(decisions).to_pandas()
        pairs = np.column_stack([positions_of(std, decided[side], "the decisions") for side in ("left", "right")])
        pairs = np.sort(pairs, axis=1).astype(np.int64)
        same = (decided["verdict"] == "same").to_numpy()
        must, cannot = pairs[same], pairs[~same]
    base = base_constraints(std, config, hints, accounts, must, cannot)
    return certain, lambda threshold: replace(base, limits=ClusterLimits(threshold=threshold))


def decision_edges(std: Standardised, decisions: Any, edges: pd.DataFrame) -> pd.DataFrame:
    """The edges with one of kind 'decision' for every pair decided to be the same person, so that results show it."""
    import pandas as pd

    from resolution.standardise import to_frame

    if decisions is None or not len(decisions):
        return edges
    decided = to_frame(decisions).to_pandas()
    decided = decided[decided["verdict"] == "same"]
    pairs = np.sort(
        np.column_stack([positions_of(std, decided[s], "the decisions") for s in ("left", "right")]), axis=1
    )
    made = pd.DataFrame(
        {
            "left": pairs[:, 0].astype(np.int32),
            "right": pairs[:, 1].astype(np.int32),
            "match_weight": np.full(len(pairs), DECIDED, np.float32),
            "match_probability": 1.0,
            "kind": "decision",
            "evidence": "a decision",
        }
    ).drop_duplicates(["left", "right"])
    if not len(made):
        return edges
    plain = edges.assign(kind=edges["kind"].astype(object), evidence=edges["evidence"].astype(object))
    return pd.concat([plain, made.astype({"kind": object, "evidence": object})], ignore_index=True)
