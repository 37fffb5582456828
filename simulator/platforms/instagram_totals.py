"""The brand's Instagram account itself: its followers of the night, and its insights. Figures without persons.

Insights lag: the newest three days are sent again each night, and the last one grows.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from simulator.platforms.instagram import BRAND_ID, BRAND_NAME, GRAPH_TIME, end_of_nights, media_times
from simulator.plug import WrittenFile
from simulator.world import World

METRICS = (("reach", 700), ("follower_count", 12))


def account(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """The account with its followers of the night."""
    posts = int((media_times(world) < min(world.window(night)[1], end_of_nights(world))).sum())
    record = {
        "id": str(BRAND_ID), "username": BRAND_NAME, "name": "Journeyline Home", "biography": "Things for the home.",
        "website": "https://journeyline-home.example/", "followers_count": 11_800 + 9 * night, "follows_count": 61,
        "media_count": posts,
    }  # fmt: skip
    yield WrittenFile("account.json", (json.dumps(record, indent=2).encode() + b"\n",), 1)


def account_insights(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Three days of each series, closed at midnight Pacific, and the day's views by kind of post as one total."""
    zone, date = ZoneInfo("America/Los_Angeles"), world.settings.night_date(night)
    items: list[dict[str, Any]] = []
    for name, usual in METRICS:
        values = []
        for back in (2, 1, 0):
            day = date - dt.timedelta(days=back)
            end = dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
            drawn = usual + _drawn(world, name, day, usual)
            values.append({"value": drawn - drawn // 10 if back == 0 else drawn, "end_time": f"{end:{GRAPH_TIME}}"})
        items.append({"name": name, "period": "day", "values": values, "title": name, "id": _identity(name)})
    kinds = {"REEL": _drawn(world, "reel", date, 900), "POST": _drawn(world, "post", date, 400)}
    results = [{"dimension_values": [kind], "value": value} for kind, value in kinds.items()]
    total: dict[str, Any] = {
        "value": sum(kinds.values()),
        "breakdowns": [{"dimension_keys": ["media_product_type"], "results": results}],
    }
    items.append({"name": "views", "period": "day", "title": "Views", "total_value": total, "id": _identity("views")})
    text = json.dumps({"data": items, "paging": {}}, indent=1) + "\n"
    yield WrittenFile("account_insights.json", (text.encode(),), 3 * len(METRICS) + 1)


def _identity(name: str) -> str:
    return f"{BRAND_ID}/insights/{name}/day"


def _drawn(world: World, name: str, day: dt.date, below: int) -> int:
    return int(world.draws.below(f"instagram/{name}", np.array([day.toordinal()]), below)[0])
