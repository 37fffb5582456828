"""The night's clock: an export date that is passed in, as a date or as YYYY-MM-DD."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)


def as_date(value: dt.date | str) -> dt.date:
    """A date, from a date or from YYYY-MM-DD. Raises ValueError for anything else."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(value)


def night_clock(connection: psycopg.Connection[Any], export_date: dt.date | str) -> dt.date:
    """The clock of a night: its export date, or that of the newest live publish when that is later.

    A late or backfilled export is built with the clock that BI already reads. Turned back, it would reopen journeys
    that have ended and skip the clocks that ran out in between (docs/DECISIONS.md, 12).
    """
    date = as_date(export_date)
    row = connection.execute("select max(export_date) from ops.publish_log where status = 'live'").fetchone()
    newest = row[0] if row else None
    if newest is None or newest <= date:
        return date
    log.warning("%s is older than the newest published night: its changes are built with the clock of %s", date, newest)
    return as_date(newest)
