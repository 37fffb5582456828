"""From when to when an endpoint is asked: cursor, look-back, first pull, and windows of days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from connectors.apis.endpoints import Incremental
from connectors.apis.templates import duration, moment, spell


@dataclass(frozen=True, slots=True)
class Window:
    """since: None = from the beginning. until: of kind days only. token: the vendor's cursor."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    token: Any = None

    def values(self, incremental: Incremental | None) -> dict[str, Any]:
        """${since}, ${until}, ${token} as the vendor spells them."""
        how = incremental.write if incremental else "iso"
        return {
            "since": spell(self.since, how) if self.since and not self.token else None,
            "until": spell(self.until, how) if self.until else None,
            "token": self.token,
        }


def first_window(incremental: Incremental | None, cursor: dict[str, Any] | None, date: dt.date) -> Window:
    """Where a pull begins. cursor: {"time": ISO, "token": …} of the night before, None at the first pull."""
    if incremental is None:
        return Window()
    midnight = dt.datetime(date.year, date.month, date.day, tzinfo=dt.UTC)
    known = moment(cursor.get("time")) if cursor else None
    if known is not None:
        since: dt.datetime | None = known - duration(incremental.look_back)
    elif incremental.first == "beginning":
        since = None
    elif incremental.first[4:5] == "-":
        since = dt.datetime.fromisoformat(incremental.first).replace(tzinfo=dt.UTC)
    else:
        since = midnight - duration(incremental.first)
    if incremental.reach and since is not None:
        since = max(since, midnight - duration(incremental.reach))
    token = cursor.get("token") if cursor and incremental.kind == "token" else None
    return Window(since, None, token)


def day_windows(incremental: Incremental, start: dt.datetime, date: dt.date) -> list[Window]:
    """Windows of whole days from `start` to the export date, that day included, oldest first.

    The cursor is the last day read, so the day after it is the first new one; look_back goes back from the cursor.
    """
    first = start.date() + dt.timedelta(days=1)
    first = min(first, date)
    length = incremental.window_days or (date - first).days + 1
    windows = []
    while first <= date:
        last = min(first + dt.timedelta(days=length - 1), date)
        until = last + dt.timedelta(days=incremental.until_days)
        windows.append(Window(_at_midnight(first), _at_midnight(until)))
        first = last + dt.timedelta(days=1)
    return windows


def _at_midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
