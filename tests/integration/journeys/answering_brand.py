"""The brand whose published night answers the business questions, with what was planted in it."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).parent.parent / "dbt"))

from simulated_nights import Brand, build_night, promote_night

DATE = dt.date(2026, 3, 1)
CUSTOMERS, HISTORY = 2500, 240


def publish(exports: Path) -> None:
    """Simulate the brand into `exports` and publish its night in the database that the environment points at."""
    from simulator import SimulationSettings, simulate

    simulate(
        SimulationSettings(
            customers=CUSTOMERS, nights=1, seed=23, output=exports, history_days=HISTORY, first_date=DATE, faults=False
        )
    )
    promote_night(Brand(exports, (DATE,)), DATE)
    build_night(DATE)
    _decide()


def planted(exports: Path) -> dict[str, Any]:
    """Planted effects by name, and `gifts`: source ids of orders that are gifts."""
    effects: dict[str, Any] = json.loads((exports / "_truth" / "effects.json").read_text())
    orders = pl.read_parquet(exports / "_truth" / "orders.parquet").filter(pl.col("is_gift"))
    return effects | {"gifts": set(orders.filter(pl.col("ordered_at").dt.date() <= DATE)["order_id"])}


def _decide() -> None:
    """Somebody at the brand acts on the complaint that went viral, as `python -m journeys alerts decide` does."""
    from journeys.text.decisions import note_decision

    ((alert,),) = fetch("select alert_id::text from marts.alert where kind = 'viral'")
    note_decision(alert, "acknowledged", "desk", None)
    note_decision(alert, "decided", "desk", "Answer under the post and replace what broke")


def fetch(query: str) -> list[tuple[Any, ...]]:
    import warehouse

    with warehouse.connect() as connection:
        return connection.execute(query).fetchall()
