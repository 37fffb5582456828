"""YouTube's Reporting API: gzipped CSV per report type and Pacific-time day, ready two days later.

Rows of figure nought are left out, subscribers are counted on a row without a video. Every third night an older day
comes again, corrected: some rows are gone, others changed (a backfill replaces its day).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.plug import ExportObject, WrittenFile
from simulator.text import hex16, joined, lookup
from simulator.world import World
from simulator.writing import csv_bytes

I64 = NDArray[np.int64]
CHANNEL = "UCjL0neyLineHomeBrand0Q"
VIDEO_COUNT = 12
READY_AFTER = 2
HISTORY_DAYS = 5
_COUNTRIES = ("US", "GB", "DE", "ZZ")
_DIMENSIONS = ("date", "channel_id", "video_id", "live_or_on_demand", "subscribed_status", "country_code")
_WATCHED = (
    "views", "watch_time_minutes", "average_view_duration_seconds", "average_view_duration_percentage", "red_views",
    "red_watch_time_minutes",
)  # fmt: skip
_BASIC = (
    "views", "comments", "likes", "dislikes", "videos_added_to_playlists", "videos_removed_from_playlists", "shares",
    "watch_time_minutes", "average_view_duration_seconds", "average_view_duration_percentage",
    "annotation_impressions", "annotation_clickable_impressions", "annotation_clicks", "annotation_click_through_rate",
    "annotation_closable_impressions", "annotation_closes", "annotation_close_rate", "card_teaser_impressions",
    "card_teaser_clicks", "card_teaser_click_rate", "card_impressions", "card_clicks", "card_click_rate",
    "subscribers_gained", "subscribers_lost", "red_views", "red_watch_time_minutes",
)  # fmt: skip
_SOURCES = ("1", "3", "5", "9")  # subscriber feed, suggested, search, external


def video_ids(number: I64) -> pl.Series:
    """Video ids of 11 characters."""
    return joined("jL", hex16(number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).str.slice(0, 9))


def _grid(world: World, day: int, parts: int, corrected: bool) -> tuple[dict[str, pl.Series], I64, I64]:
    """Columns of dimensions, key and views of every video × country × subscribed × part of a day that has views."""
    cells = np.arange(VIDEO_COUNT * len(_COUNTRIES) * 2 * parts, dtype=np.int64)
    key = day * 100_000 + cells
    draws = world.draws
    views = (draws.uniform("youtube/report", key) ** 3 * 60).astype(np.int64)
    if corrected:
        views = np.where(draws.chance("youtube/gone", key, 0.05), 0, views + draws.below("youtube/late_views", key, 2))
    keep = np.flatnonzero(views > 0)
    cells, key, views = cells[keep], key[keep], views[keep]
    stamp = (date(1970, 1, 1) + timedelta(days=day)).strftime("%Y%m%d")
    columns = {
        "date": pl.Series([stamp] * len(cells), dtype=pl.String),
        "channel_id": pl.Series([CHANNEL] * len(cells), dtype=pl.String),
        "video_id": video_ids(cells % VIDEO_COUNT),
        "live_or_on_demand": pl.Series(["on_demand"] * len(cells), dtype=pl.String),
        "subscribed_status": lookup(("subscribed", "not_subscribed"), cells // (VIDEO_COUNT * len(_COUNTRIES)) % 2),
        "country_code": lookup(_COUNTRIES, cells // VIDEO_COUNT % len(_COUNTRIES)),
        "part": pl.Series(cells // (VIDEO_COUNT * len(_COUNTRIES) * 2)),
    }
    return columns, key, views


def _watched(world: World, key: I64, views: I64) -> dict[str, pl.Series]:
    seconds = 40 + world.draws.below("youtube/seconds", key, 180)
    return {
        "views": pl.Series(views),
        "watch_time_minutes": pl.Series(np.round(views * seconds / 60, 4)),
        "average_view_duration_seconds": pl.Series(seconds.astype(np.float64)),
        "average_view_duration_percentage": pl.Series(np.round(seconds / 4.2, 3)),
        "red_views": pl.Series(views // 10),
        "red_watch_time_minutes": pl.Series(np.round(views // 10 * seconds / 60, 4)),
    }


def _channel_basic(world: World, day: int, corrected: bool) -> pl.DataFrame:
    columns, key, views = _grid(world, day, 1, corrected)
    counted = {
        "likes": views // 12, "comments": views // 40, "shares": views // 30, "videos_added_to_playlists": views // 35,
        "card_teaser_impressions": views * 2, "card_teaser_clicks": views // 20, "card_impressions": views // 15,
        "card_clicks": views // 25,
    }  # fmt: skip
    frame = pl.DataFrame({**columns, **_watched(world, key, views), **{n: pl.Series(v) for n, v in counted.items()}})
    gained = int(world.draws.below("youtube/gained", np.array([day]), 9)[0])
    own = frame.head(1).select(_DIMENSIONS).with_columns(
        pl.lit("").alias("video_id"), pl.lit(gained).cast(pl.Int64).alias("subscribers_gained"),
        pl.lit(gained // 4).cast(pl.Int64).alias("subscribers_lost"),
    )  # fmt: skip
    frame = pl.concat([frame, own], how="diagonal")
    missing = [pl.lit(0).alias(name) for name in _BASIC if name not in frame.columns]
    return frame.with_columns(missing).select(*_DIMENSIONS, *_BASIC).fill_null(0)


def _traffic_source(world: World, day: int, corrected: bool) -> pl.DataFrame:
    columns, key, views = _grid(world, day, len(_SOURCES), corrected)
    frame = pl.DataFrame({**columns, **_watched(world, key, views)})
    return frame.select(
        *_DIMENSIONS,
        pl.col("part").replace_strict(dict(enumerate(_SOURCES)), return_dtype=pl.String).alias("traffic_source_type"),
        pl.lit("").alias("traffic_source_detail"),
        *_WATCHED,
    )


Report = Callable[[World, int, bool], pl.DataFrame]


def _files(name: str, make: Report) -> Callable[[World, int, int], Iterator[WrittenFile]]:
    def write(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
        newest = world.first_day + night - READY_AFTER
        days = [(newest - back, False) for back in range(HISTORY_DAYS - 1, -1, -1)] if night == 0 else [(newest, False)]
        if night and night % 3 == 2:
            days.append((newest - 3, True))
        for day, corrected in days:
            frame = make(world, day, corrected)
            label = (date(1970, 1, 1) + timedelta(days=day)).strftime("%Y%m%d")
            created = (date(1970, 1, 1) + timedelta(days=newest + READY_AFTER)).strftime("%Y%m%dT083000Z")
            text = frame.select(pl.all().cast(pl.String))
            yield WrittenFile(f"{label}_{created}.csv.gz", (csv_bytes(text, header=True),), len(frame))

    return write


def reports() -> tuple[ExportObject, ...]:
    """The report types that this brand asked for."""
    wanted: dict[str, Report] = {"channel_basic_a2": _channel_basic, "channel_traffic_source_a2": _traffic_source}
    return tuple(ExportObject("youtube", n, "files", "csv.gz", _files(n, make)) for n, make in wanted.items())
