"""The night's clock: an export date that is passed in, as a date or as YYYY-MM-DD."""

from __future__ import annotations

import datetime as dt


def as_date(value: dt.date | str) -> dt.date:
    """A date, from a date or from YYYY-MM-DD. Raises ValueError for anything else."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(value)
