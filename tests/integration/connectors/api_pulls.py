"""What the tests of vendors' APIs share: a night over an API, counts in raw, and a process that dies."""

from __future__ import annotations

import datetime as dt
from typing import Any

import connectors
import warehouse
from connectors.apis import ApiPlace


def pull_api(
    platform: str, connection: str, night: dt.date, clock: Any, *, audit: bool = False
) -> connectors.PullOutcome:
    """A night of a platform over its vendor's API. Without audit the gate is left out (half a second per object)."""
    place = ApiPlace(connection, clock=clock)
    try:
        batches = connectors.land(platform, night, place)
    finally:
        place.close()
    if not audit:
        for batch in batches:
            if batch.status == "landed":
                warehouse.promote(batch.batch_id, connectors.table_spec(platform, batch.object), unaudited=True)
    return connectors.audit_and_promote([batch.batch_id for batch in batches])


def count(table: str, condition: str = "true") -> int:
    """Rows of a raw table."""
    with warehouse.connect() as connection:
        row = connection.execute(f"select count(*) from raw.{table} where {condition}".encode()).fetchone()
    assert row is not None
    return int(row[0])


class Death(BaseException):
    """The process is killed."""


class DyingClock:
    """A clock that lives for some calls of a server only."""

    def __init__(self, server: Any, calls: int) -> None:
        self.server, self.calls = server, calls

    def time(self) -> float:
        if len(self.server.calls) >= self.calls:
            raise Death
        return float(self.server.clock.time())

    def sleep(self, seconds: float) -> None:
        self.server.clock.sleep(seconds)
