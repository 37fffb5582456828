"""The brand's Facebook page itself: its posts, its followers, its insights. Figures without persons.

An insight's end_time is midnight Pacific; the newest three days are sent again each night, and the last one grows.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.journey import DAY
from simulator.platforms.instagram import GRAPH_TIME
from simulator.plug import WrittenFile
from simulator.text import joined, stamps
from simulator.vocabulary import PRODUCTS
from simulator.world import World

I64 = NDArray[np.int64]
PAGE_ID = "120330000417552"
PAGE_NAME = "Journeyline Home"
FIRST_POST = 710_000_000_000
POST_COUNT = 50
METRICS = (("page_media_view", 900), ("page_views_total", 60), ("page_post_engagements", 120))


def _post_times(world: World) -> I64:
    """When each post went up: every few days, from a week before anybody came."""
    start = (world.first_day - world.settings.history_days - 7) * DAY
    gap = (world.window(world.settings.nights - 1)[1] - start) // POST_COUNT
    index = np.arange(POST_COUNT, dtype=np.int64)
    return start + index * gap + world.draws.below("facebook/post_time", index, gap // 2)


def post_of(world: World, key: I64, at: I64) -> I64:
    """The post on which something happens: one that was up at the time, newer ones more often."""
    posted = np.maximum(np.searchsorted(_post_times(world), at, side="right"), 1)
    return ((1 - world.draws.uniform("facebook/post", key) ** 2) * posted).astype(np.int64).clip(0, posted - 1)


def post_ids(post: I64) -> pl.Series:
    """`<page>_<post>`."""
    return joined(f"{PAGE_ID}_", pl.Series(FIRST_POST + post * 11).cast(pl.String))


def posts(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """All posts up at the end of the night, with their totals."""
    times = _post_times(world)
    post = np.flatnonzero(times < world.window(night)[1]).astype(np.int64)
    likes = 20 + world.draws.below("facebook/post_likes", post, 200) + night * world.draws.below("facebook/l", post, 3)
    lines = []
    for number, identity, at, like in zip(
        post.tolist(), post_ids(post).to_list(), stamps(times[post], GRAPH_TIME).to_list(), likes.tolist(), strict=True
    ):
        short = identity.split("_")[1]
        signed = f"https://scontent.xx.fbcdn.net/v/{short}.jpg?oe={night:06x}"  # signed anew each night
        lines.append(
            json.dumps(
                {
                    "id": identity, "created_time": at, "updated_time": at,
                    "message": f"{PRODUCTS[number % len(PRODUCTS)].title}. New in the shop.",
                    "from": {"name": PAGE_NAME, "id": PAGE_ID}, "is_published": True, "status_type": "added_photos",
                    "permalink_url": f"https://www.facebook.com/{PAGE_ID}/posts/{short}", "full_picture": signed,
                    "shares": {"count": like // 30},
                    "reactions": {"data": [], "summary": {"total_count": like, "viewer_reaction": "NONE"}},
                    "like": {"data": [], "summary": {"total_count": like - like // 4}},
                    "love": {"data": [], "summary": {"total_count": like // 4}},
                }
            )
        )  # fmt: skip
    yield pl.Series("", lines, dtype=pl.String)


def page(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """The page with its followers of the night."""
    followers = 5_200 + 7 * night
    record = {
        "id": PAGE_ID, "name": PAGE_NAME, "username": "journeylinehome", "category": "Home decor",
        "link": f"https://www.facebook.com/{PAGE_ID}", "fan_count": followers - 90, "followers_count": followers,
        "talking_about_count": 40 + night, "rating_count": 31,
    }  # fmt: skip
    yield WrittenFile("page.json", (json.dumps(record, indent=2).encode() + b"\n",), 1)


def page_insights(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Three days of each metric, closed at midnight Pacific."""
    zone, date = ZoneInfo("America/Los_Angeles"), world.settings.night_date(night)
    items = []
    for name, usual in METRICS:
        values = []
        for back in (2, 1, 0):
            day = date - dt.timedelta(days=back)
            end = dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
            drawn = usual + int(world.draws.below(f"facebook/{name}", np.array([day.toordinal()]), usual)[0])
            shown = drawn - drawn // 10 if back == 0 else drawn
            values.append({"value": shown, "end_time": end.strftime("%Y-%m-%dT%H:%M:%S+0000")})
        items.append(
            {
                "name": name, "period": "day", "values": values, "title": name, "description": f"Daily: {name}",
                "id": f"{PAGE_ID}/insights/{name}/day",
            }
        )  # fmt: skip
    text = json.dumps({"data": items, "paging": {}}, indent=1) + "\n"
    yield WrittenFile("page_insights.json", (text.encode(),), 3 * len(items))
