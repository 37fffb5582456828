"""YouTube from a local server to raw: threads and the replies they lack, many videos at once, quota, reports."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

import warehouse
from tests.integration.connectors.api_pulls import count, pull_api
from tests.vendors import youtube
from tests.vendors.kit import text
from tests.vendors.youtube import YoutubeServer, comment, thread

NIGHT, NEXT = dt.date(2026, 1, 10), dt.date(2026, 1, 11)
HEAD = "date,channel_id,video_id,live_or_on_demand,subscribed_status,country_code,views,watch_time_minutes\n"


def stamp(hours: float) -> str:
    return (dt.datetime(2026, 1, 2, tzinfo=dt.UTC) + dt.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def report(number: int, day: int, created: str, views: list[int]) -> dict[str, Any]:
    rows = "".join(f"202601{day:02d},UCmadeupchannel0000000001,vid{v},on_demand,subscribed,PT,{n},1.5\n"
                   for v, n in enumerate(views))  # fmt: skip
    start, end = f"2026-01-{day:02d}T08:00:00Z", f"2026-01-{day + 1:02d}T08:00:00Z"
    return {"id": f"r{number}", "startTime": start, "endTime": end, "createTime": created, "_csv": HEAD + rows}


@pytest.fixture
def tube(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[YoutubeServer]:
    server = YoutubeServer()
    some = [comment(f"c{n}.r{r}", r, stamp(n + 1), f"c{n}") for n in (1, 2) for r in range(2)]
    server.threads = [
        thread(f"c{n}", n, stamp(n), server.channel, some[max(2 * n - 2, 0) : 2 * n], {1: 5, 2: 2}.get(n, 0))
        for n in reversed(range(120))
    ]  # fmt: skip
    server.replies = {"c1": [comment(f"c1.r{r}", r, stamp(2), "c1") for r in range(5)]}
    server.videos = [{"kind": "youtube#video", "id": f"vid{n:08d}", "snippet": {"title": f"Film {n}",
                      "publishedAt": stamp(n), "channelId": server.channel}} for n in range(73)]  # fmt: skip
    server.subscriptions = [{"id": f"s{n}", "snippet": {"publishedAt": stamp(n), "channelId": f"UCmadeupfan{n:013d}"},
                             "subscriberSnippet": {"channelId": f"UCmadeupfan{n:013d}", "title": f"Fan {n}"}}
                            for n in range(3)]  # fmt: skip
    server.jobs = {"channel_basic_a2": "job2", "channel_basic_a3": "job3"}
    server.reports = {"job3": [report(d, d, f"2026-01-{d + 2:02d}T03:00:00.5Z", [10, 20, 30]) for d in (2, 3, 4)],
                      "job2": [report(99, 2, "2026-01-04T03:00:00Z", [999])]}  # fmt: skip
    with server:
        extra = {"refresh_token": youtube.REFRESH, "channel_ids": [server.channel], "token_url": server.url + "/token"}
        connection = {"conn_type": "http", "host": server.url, "login": youtube.CLIENT, "password": youtube.SECRET,
                      "extra": extra}  # fmt: skip
        monkeypatch.setenv("AIRFLOW_CONN_TUBE", json.dumps(connection))
        yield server


def test_a_night_and_the_next(tube: YoutubeServer) -> None:
    tube.overlap = 5
    outcome = pull_api("youtube", "tube", NIGHT, tube.clock)
    assert outcome.passed, outcome.message
    assert outcome.counts["rows_duplicate"] >= 5  # pages overlap
    assert count("youtube__comment_thread") == 120
    assert count("youtube__comment") == 120 + 5 + 2
    assert [call.one("parentId") for call in tube.calls_to("*/comments")] == ["c1"]  # c2 brought all of its replies
    assert count("youtube__video") == 73
    assert [len((call.one("id") or "").split(",")) for call in tube.calls_to("*/videos")] == [50, 23]
    assert count("youtube__subscription") == 3
    assert count("youtube__channel_basic_a2") == 9
    assert not tube.calls_to("*/job2/*")  # the newer version of the report replaces the older one

    tube.calls.clear()
    tube.threads.insert(0, thread("c500", 7, stamp(200), tube.channel, [], 0))
    tube.reports["job3"] += [
        report(50, 3, "2026-01-11T01:00:00Z", [1, 2]), report(51, 3, "2026-01-11T02:00:00Z", [11, 21]),
        report(5, 5, "2026-01-11T03:00:00Z", [1]),
    ]  # fmt: skip
    outcome = pull_api("youtube", "tube", NEXT, tube.clock)
    assert outcome.passed, outcome.message
    assert count("youtube__comment_thread") == 121
    listed = tube.calls_to("*/job3/reports")[0].one("createdAfter")
    assert listed == "2026-01-06T02:00:00.500000Z"  # the newest report's creation, an hour of look-back
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select date::text, count(*) filter (where not _is_deleted), sum(views) filter (where not _is_deleted)"
            " from raw.youtube__channel_basic_a2 group by 1 order by 1"
        ).fetchall()
    assert rows == [("2026-01-02", 3, 60), ("2026-01-03", 2, 32), ("2026-01-04", 3, 60), ("2026-01-05", 1, 1)]
    assert tube.calls_to("*/media/r50") == []  # only the newest file of a day is downloaded


def test_a_used_up_quota_stops_and_the_next_try_goes_on(tube: YoutubeServer) -> None:
    tube.quota = 4  # channel, two pages of threads, replies … and nothing for the rest
    outcome = pull_api("youtube", "tube", NIGHT, tube.clock)
    assert not outcome.passed
    assert "quotaExceeded" in outcome.message and "midnight Pacific" in outcome.message
    assert "failed" in outcome.message and "rejected" not in outcome.message  # worth another try
    asked = len(tube.calls_to("*/commentThreads"))
    tube.quota = 100
    outcome = pull_api("youtube", "tube", NIGHT, tube.clock)
    assert outcome.passed, outcome.message
    assert count("youtube__comment_thread") == 120 and count("youtube__video") == 73
    assert asked == len(tube.calls_to("*/commentThreads")) == 2  # what was safely on disk is not asked for again


def test_tokens_are_renewed_and_a_withdrawn_one_is_said_plainly(
    tube: YoutubeServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def expire(call: Any) -> None:
        if call.path.endswith("/videos"):
            tube.tokens.append("somebody withdrew the one before")

    tube.before.insert(0, expire)
    tube.faults.add("*/commentThreads", "answer", given=youtube.error(403, "userRateLimitExceeded"))
    outcome = pull_api("youtube", "tube", NIGHT, tube.clock)
    assert not outcome.passed and "youtube.video" in outcome.message  # each renewed token is withdrawn again
    tube.before.remove(expire)
    monkeypatch.setattr(youtube, "REFRESH", "another")
    outcome = pull_api("youtube", "tube", NEXT, tube.clock)
    assert not outcome.passed
    assert "connection tube" in outcome.message and "HTTP 400 invalid_grant" in outcome.message
    assert youtube.SECRET not in outcome.message + caplog.text


def test_a_refused_page_token_and_a_broken_download(tube: YoutubeServer) -> None:
    tube.faults.add("*/commentThreads", "answer", given=youtube.error(400, "invalidPageToken"), after=1)
    tube.faults.add("*/media/r3", "cut", times=2)
    tube.faults.add("*/media/r4", "answer", given=text("<html>Sorry</html>", 503))
    outcome = pull_api("youtube", "tube", NIGHT, tube.clock)
    assert outcome.passed, outcome.message
    assert count("youtube__comment_thread") == 120
    assert count("youtube__channel_basic_a2") == 9
