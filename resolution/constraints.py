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

    from resolution.cluster import Constraints


def positions_of(std: Standardised, ids: Any, what: str) -> np.ndarray:
    """Positions of record ids. InputError names how many are unknown (never which: they may be personal data)."""
    import pandas as pd

    found = pd.Index(std.record_ids.astype(str)).get_indexer(pd.Index([str(v) for v in ids]))
    if (found < 0).any():
        raise InputError(f"{what} name {int((found < 0).sum())} record ids that are not among the records")
    return found.astype(np.int32)


def make_constraints(
    std: Standardised, config: MatchConfig, identifiers: Any, decisions: Any
) -> tuple[pd.DataFrame, Callable[[float], Constraints]]:
    """(certain edges, function from a threshold to the constraints)."""
    import pandas as pd

    from resolution.certain import certain_edges
    from resolution.cluster import ClusterLimits, Constraints
    from resolution.evidence import name_hints
    from resolution.standardise import to_frame

    certain = pd.DataFrame()
    if identifiers is not None and len(identifiers):
        table = to_frame(identifiers).to_pandas()
        table["position"] = positions_of(std, table[config.record_id], "the identifiers")
        if std.excluded is not None:
            table = table[~std.excluded[table["position"].to_numpy()]]
        certain = certain_edges(table, std.n, name_hint=name_hints(std))
    must = cannot = None
    if decisions is not None and len(decisions):
        table = to_frame(decisions).to_pandas()
        pairs = np.column_stack([positions_of(std, table[side], "the decisions") for side in ("left", "right")])
        pairs = np.sort(pairs, axis=1).astype(np.int64)
        same = (table["verdict"] == "same").to_numpy()
        must, cannot = pairs[same], pairs[~same]
    source = None
    if std.source is not None and config.duplicate_free_sources:
        free = np.ones(len(std.source.values), bool)
        if config.duplicate_free_sources != "all":
            free = np.isin(std.source.values.astype(str), list(config.duplicate_free_sources))
        codes = std.source.codes.astype(np.int64)
        source = np.where((codes >= 0) & free[codes], codes, -1)
    base = Constraints(must_link=must, cannot_link=cannot, source=source)
    return certain, lambda threshold: replace(base, limits=ClusterLimits(threshold=threshold))
