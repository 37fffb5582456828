"""One brand of 120 simulated persons, three nights."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from simulated_nights import Brand

FIRST = dt.date(2026, 3, 1)
NIGHTS = 3


@pytest.fixture(scope="module")
def brand(full_database: str, tmp_path_factory: pytest.TempPathFactory) -> Brand:
    """Exports of the brand; the raw tables of all contracts exist in the module's database."""
    import connectors
    import warehouse
    from simulator import SimulationSettings, simulate

    exports = tmp_path_factory.mktemp("brand") / "exports"
    simulate(
        SimulationSettings(customers=120, nights=NIGHTS, seed=11, output=exports, history_days=60, first_date=FIRST)
    )
    for platform in connectors.platforms():
        for name in connectors.load_contract(platform).objects:
            warehouse.ensure_tables(connectors.table_spec(platform, name))
    return Brand(exports, tuple(FIRST + dt.timedelta(days=n) for n in range(NIGHTS)))
