"""GA4, Snowplow and YouTube as they really are, read with plain json and csv; and their truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from tests.unit.simulator.conftest import csv_rows, night_files, text_of

Truth = Callable[[str], pl.DataFrame]
CONTRACTS = Path(__file__).resolve().parents[3] / "connectors" / "contracts"


def known(truth: Truth, platform: str, kind: str) -> set[str]:
    table = truth("identifiers").filter((pl.col("source_platform") == platform) & (pl.col("kind") == kind))
    return set(table["value"].to_list())


def ga4(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text_of(path).splitlines()]


def params(event: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {param["key"]: param["value"] for param in event["event_params"]}


def identity(event: dict[str, Any]) -> tuple[Any, ...]:
    return event["user_pseudo_id"], event["event_name"], event["event_timestamp"]


def test_ga4_brings_four_dates_whole_every_night(brand: Path) -> None:
    nights = sorted({path.parent.name for path in night_files(brand, "ga4", "event")})
    for night in nights[1:]:
        files = [path for path in night_files(brand, "ga4", "event") if path.parent.name == night]
        dates = [path.name.split("_")[1] for path in files]
        assert len(dates) == 4 and dates[-1] == night.removeprefix("dt=").replace("-", "")
        for path, day in zip(files, dates, strict=True):
            assert {event["event_date"] for event in ga4(path)} <= {day}


def test_ga4_events_are_written_as_bigquery_does_and_restated_later(brand: Path, truth: Truth) -> None:
    versions: dict[tuple[Any, ...], list[str]] = {}
    users, clients, names = set(), set(), Counter()
    for path in night_files(brand, "ga4", "event"):
        for event in ga4(path):
            given = params(event)
            assert event["event_timestamp"].isdigit() and len(event["event_timestamp"]) == 16
            assert (
                isinstance(given["ga_session_id"]["int_value"], str) and given["ga_session_id"]["string_value"] is None
            )
            if event["event_name"] == "purchase":
                assert given["value"]["double_value"] == event["ecommerce"]["purchase_revenue"] > 0
            versions.setdefault(identity(event), []).append(given["engagement_time_msec"]["int_value"])
            users |= {event["user_id"]} - {None}
            clients.add(event["user_pseudo_id"])
            names[event["event_name"]] += 1
    restated = [values for values in versions.values() if len(set(values)) > 1]
    assert restated and all(set(values[:1]) == {"1"} and len(set(values)) == 2 for values in restated)
    assert users == known(truth, "ga4", "account") and clients == known(truth, "ga4", "cookie")
    assert "identify_mail" not in names and names["first_visit"] == names["session_start"] > 0


def snowplow(brand: Path) -> Iterator[dict[str, str]]:
    contract = yaml.safe_load((CONTRACTS / "snowplow.yml").read_text(encoding="utf-8"))
    columns = list(contract["objects"]["event"]["columns"])
    assert len(columns) == 131
    for path in night_files(brand, "snowplow", "event"):
        for line in text_of(path).splitlines():
            cells = line.split("\t")
            assert len(cells) == 131, path
            yield dict(zip(columns, cells, strict=True))


def test_snowplow_lines_have_131_cells_by_position(brand: Path, truth: Truth) -> None:
    ids, users, cookies, crawled = Counter(), set(), set(), 0
    for event in snowplow(brand):
        ids[event["event_id"]] += 1
        if event["br_type"] == "Robot":
            crawled += 1
            assert not event["domain_userid"] and "bot" in event["useragent"].lower()
            continue
        users |= {event["user_id"]} - {""}
        cookies.add(event["domain_userid"])
        (page, *_) = json.loads(event["contexts"])["data"]
        assert page["schema"].startswith("iglu:com.snowplowanalytics.snowplow/web_page/") and page["data"]["id"]
        if event["unstruct_event"]:
            assert json.loads(event["unstruct_event"])["data"]["data"]
        assert (event["event"] == "transaction") == bool(event["tr_orderid"])
    assert crawled and max(ids.values()) == 2  # delivered at least once
    assert users == known(truth, "snowplow", "account") and cookies == known(truth, "snowplow", "cookie")
    assert any("@" in user for user in users)


def test_youtube_threads_and_subscribers_are_the_truths_profiles(brand: Path, truth: Truth) -> None:
    people, comments, answers = set(), set(), 0
    for path in night_files(brand, "youtube", "comment_thread"):
        for thread in json.loads(text_of(path))["items"]:
            top = thread["snippet"]["topLevelComment"]
            assert top["id"] == thread["id"]
            people.add(top["snippet"]["authorChannelId"]["value"])
            comments.add(top["id"])
            for reply in thread.get("replies", {}).get("comments", []):
                assert reply["snippet"]["parentId"] == thread["id"]
                assert reply["snippet"]["authorChannelId"]["value"] == thread["snippet"]["channelId"]
                answers += 1
    for path in night_files(brand, "youtube", "subscription"):
        people |= {item["subscriberSnippet"]["channelId"] for item in json.loads(text_of(path))["items"]}
    assert people == known(truth, "youtube", "social_profile") and answers
    writings = truth("writings").filter(pl.col("source_platform") == "youtube")
    assert comments == set(writings["source_id"].to_list())


def test_a_backfilled_youtube_report_is_the_same_day_with_other_rows(brand: Path) -> None:
    days: dict[str, dict[str, dict[tuple[str, ...], str]]] = {}
    for path in night_files(brand, "youtube", "channel_basic_a2"):
        header, *body = csv_rows(path)
        views, videos = header.index("views"), header.index("video_id")
        day, created = path.name.removesuffix(".csv.gz").split("_")
        assert {row[0] for row in body} == {day}
        assert all(int(row[views]) > 0 or not row[videos] for row in body)
        days.setdefault(day, {})[created] = {tuple(row[:6]): row[views] for row in body}
    (corrected,) = [found for found in days.values() if len(found) > 1]
    before, after = (corrected[created] for created in sorted(corrected))
    assert set(before) - set(after)
    assert any(after[key] != value for key, value in before.items() if key in after)
