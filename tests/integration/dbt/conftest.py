"""One brand of 120 simulated persons, three nights. The first is published once per session, whoever asks."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from simulated_nights import Brand, build_night, promote_night

from tests.conftest import BASE, FULL_TEMPLATE, _run, ensure_full_template, ensure_template, fresh_database

FIRST = dt.date(2026, 3, 1)
DATES = tuple(FIRST + dt.timedelta(days=n) for n in range(3))
PUBLISHED_TEMPLATE = "journeyline_template_published"


@pytest.fixture(scope="module")
def brand(warehouse_server: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    """The brand in a database of the module's own, with its first night published."""
    folder = BASE / f"session-{_run()}" / "brand"
    ensure_full_template(warehouse_server, tmp_path_factory)
    ensure_template(
        warehouse_server, PUBLISHED_TEMPLATE, tmp_path_factory.mktemp("published"),
        template=FULL_TEMPLATE, fill=lambda: _publish_first_night(folder),
    )  # fmt: skip
    with fresh_database(warehouse_server, tmp_path_factory.mktemp("home"), template=PUBLISHED_TEMPLATE):
        yield Brand(folder / "exports", DATES, **json.loads((folder / "first.json").read_text()))


def _publish_first_night(folder: Path) -> None:
    from simulator import SimulationSettings, simulate

    exports = folder / "exports"
    simulate(
        SimulationSettings(customers=120, nights=len(DATES), seed=11, output=exports, history_days=60, first_date=FIRST)
    )
    promote_night(Brand(exports, DATES), FIRST)
    (folder / "first.json").write_text(json.dumps({"affected_first": build_night(FIRST)}))
