"""Between the dbt layer `touchpoints` and the affected customers: what the night's new messages say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

Scorer = Callable[[dt.date | str], int]


def _texts(export_date: dt.date | str) -> int:
    from journeys.text.scoring import score_texts  # imports what it needs only where it is used

    return score_texts(export_date)


SCORERS: tuple[Scorer, ...] = (_texts,)
"""Functions that take the night, write intermediate.int_message_scores, and return how many texts they scored."""


def score_messages(export_date: dt.date | str) -> int:
    """Score the night's new and changed texts with every scorer there is; returns how many were scored."""
    return sum(scorer(export_date) for scorer in SCORERS)
