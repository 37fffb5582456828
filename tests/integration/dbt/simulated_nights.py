"""What the tests of this folder share: one simulated brand, and the steps of a night. Audits are other rooms' tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Brand:
    """The simulated exports and their dates; how many customers the first night affected, where it is published."""

    exports: Path
    dates: tuple[dt.date, ...]
    affected_first: int = 0


def promote_night(brand: Brand, date: dt.date) -> None:
    """Land and promote every object of one night."""
    import connectors
    import warehouse
    from warehouse.sessions import shared_session

    with shared_session():
        for platform in connectors.platforms():
            for batch in connectors.land(platform, date, str(brand.exports)):
                if batch.status == "landed":
                    warehouse.mark_audited(batch.batch_id)
                    warehouse.promote(batch.batch_id, connectors.table_spec(platform, batch.object))


def build_night(date: dt.date, *, full: bool = False) -> int:
    """All layers of one night and its publish; returns the number of affected customers."""
    import journeys
    import resolution
    import warehouse

    warehouse.run_dbt("persons", date, full_refresh=full)
    if not full:
        run = resolution.resolve_night(date)
        resolution.accept_run(run.run_id)
    warehouse.run_dbt("touchpoints", date, full_refresh=full)
    journeys.score_messages(date)
    affected = warehouse.find_affected(date, everyone=full)
    if affected:
        warehouse.run_dbt("marts", date, full_refresh=full)
        journeys.compute(date)
        warehouse.run_dbt("answers", date, full_refresh=full)
        warehouse.publish(date)
    return affected
