"""Facebook Pages over the Graph API, from a local server to raw: nights, and everything that goes wrong in them."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

import connectors
import warehouse
from connectors.apis import ApiPlace
from tests.integration.connectors.api_pulls import Death, DyingClock, count, pull_api
from tests.vendors.graph import BAD_CURSOR, EXPIRED, TRANSIENT, GraphServer, cursor
from tests.vendors.kit import Limit

PAGE, NIGHT, NEXT = "111", dt.date(2026, 1, 10), dt.date(2026, 1, 11)
START = dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC)
SECRET = "graph-token-made-up-0001"


def at(hours: float) -> str:
    return (START + dt.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def comment(post: str, number: int, hours: float) -> dict[str, Any]:
    return {
        "id": f"{post.split('_')[1]}_{number}", "message": f"words {number}", "created_time": at(hours),
        "from": {"id": f"90{number % 7}", "name": f"Person {number % 7}"}, "object": {"id": post},
        "permalink_url": f"https://www.facebook.com/{PAGE}/posts/{post}?comment_id={number}", "like_count": 0,
    }  # fmt: skip


def fill(graph: GraphServer, posts: int = 3, comments: int = 130, threads: int = 2) -> None:
    """A page with posts, comments on the first post, and Messenger threads."""
    ids = [f"{PAGE}_{500 + n}" for n in range(posts)]
    graph.node(PAGE, {"id": PAGE, "name": "The Shop", "fan_count": 10, "followers_count": 12})
    graph.edges[f"{PAGE}/published_posts"] = [
        {"id": post, "message": "News", "created_time": at(n), "updated_time": at(n + 1),
         "from": {"id": PAGE, "name": "The Shop"}, "reactions": {"data": [], "summary": {"total_count": n}}}
        for n, post in enumerate(ids)
    ]  # fmt: skip
    for n, post in enumerate(ids):
        graph.edges[f"{post}/comments"] = [comment(post, i, i / 10) for i in range(comments if n == 0 else 0)]
        graph.edges[f"{post}/reactions"] = [{"id": f"90{i}", "name": f"Person {i}", "type": "LOVE"} for i in range(n)]
        graph.edges[f"{post}/insights"] = [
            {"id": f"{post}/insights/post_clicks/lifetime", "name": "post_clicks", "period": "lifetime",
             "values": [{"value": 5}]}
        ]  # fmt: skip
    graph.edges[f"{PAGE}/ratings"] = [
        {"created_time": at(5), "recommendation_type": "positive", "review_text": "Good.", "has_review": True,
         "reviewer": {"id": "901", "name": "Person 1"}}
    ]  # fmt: skip
    graph.edges[f"{PAGE}/conversations"] = [thread(n, n) for n in range(threads)]
    for n in range(threads):
        graph.edges[f"t_{n}/messages"] = [message(n, i, n) for i in range(3)]
    graph.edges[f"{PAGE}/insights"] = [
        {"id": f"{PAGE}/insights/page_media_view/day", "name": "page_media_view", "period": "day",
         "values": [{"value": d, "end_time": f"2026-01-{d:02d}T08:00:00+0000"} for d in range(2, 13)]}
    ]  # fmt: skip


def thread(number: int, hours: float) -> dict[str, Any]:
    who = [{"name": f"Person {number}", "email": f"90{number}@facebook.com", "id": f"90{number}"},
           {"name": "The Shop", "email": f"{PAGE}@facebook.com", "id": PAGE}]  # fmt: skip
    return {"id": f"t_{number}", "updated_time": at(hours), "message_count": 3, "participants": {"data": who},
            "link": f"/{PAGE}/inbox/{number}/", "snippet": "…"}  # fmt: skip


def message(thread_number: int, number: int, hours: float) -> dict[str, Any]:
    person = {"name": f"Person {thread_number}", "email": f"90{thread_number}@facebook.com", "id": f"90{thread_number}"}
    return {"id": f"m_{thread_number}_{number}", "created_time": at(hours - number / 100), "from": person,
            "to": {"data": [{"name": "The Shop", "id": PAGE}]}, "message": f"a question {number}",
            "tags": {"data": [{"name": "inbox"}]}}  # fmt: skip


@pytest.fixture
def graph(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphServer]:
    server = GraphServer(SECRET)
    fill(server)
    with server:
        extra = {"page_ids": [PAGE]}
        monkeypatch.setenv(
            "AIRFLOW_CONN_GRAPH",
            json.dumps({"conn_type": "http", "host": server.url, "password": SECRET, "extra": extra}),
        )
        yield server


def pull(graph: GraphServer, night: dt.date = NIGHT, *, audit: bool = False) -> connectors.PullOutcome:
    return pull_api("facebook_pages", "graph", night, graph.clock, audit=audit)


def cursors() -> dict[str, str]:
    return {c.object: c.state["time"][:16] for c in warehouse.read_cursors("facebook_pages") if "time" in c.state}


def test_a_full_pull_and_the_next_night(graph: GraphServer) -> None:
    outcome = pull(graph, audit=True)
    assert outcome.passed, outcome.message
    assert count("facebook_pages__post") == 3
    assert count("facebook_pages__comment") == 130
    assert count("facebook_pages__message", "conversation_id is not null and person_key is not null") == 6
    assert count("facebook_pages__reaction") == 3
    assert count("facebook_pages__recommendation", f"page_id = '{PAGE}'") == 1
    assert count("facebook_pages__page_insight") == 10  # up to the night's last day
    assert cursors()["conversation"] == "2026-01-01T10:00"
    assert cursors()["page_insight"].startswith("2026-01-10")

    graph.calls.clear()
    post = f"{PAGE}_500"
    graph.edges[f"{post}/comments"].append(comment(post, 500, 200))
    graph.edges[f"{PAGE}/conversations"].insert(0, thread(7, 200))
    graph.edges["t_7/messages"] = [message(7, 0, 200)]
    outcome = pull(graph, NEXT)
    assert outcome.passed, outcome.message
    assert count("facebook_pages__comment") == 131
    assert outcome.counts["rows_updated"] == 0
    asked = graph.calls_to("*/published_posts")[0]
    assert asked.one("since") == str(int(dt.datetime(2025, 10, 3, 11, tzinfo=dt.UTC).timestamp()))  # newest − 90 days
    insights = graph.calls_to(f"*/{PAGE}/insights")
    assert [c.one("since") for c in insights] == [str(int(dt.datetime(2026, 1, 8, tzinfo=dt.UTC).timestamp()))]

    graph.calls.clear()  # in the third night the other threads are older than the look-back
    assert pull(graph, dt.date(2026, 1, 12)).passed
    assert [c.path for c in graph.calls_to("*/messages")] == ["/v25.0/t_7/messages"]


def test_throttling_is_obeyed_and_no_file_holds_the_token(graph: GraphServer) -> None:
    graph.limit = Limit(graph.clock, 4, 600)
    outcome = pull(graph)
    assert outcome.passed, outcome.message
    assert graph.limit.refused > 0
    assert graph.limit.early == 0
    assert count("facebook_pages__comment") == 130
    home = warehouse.settings().home
    texts = [path.read_bytes() for path in home.rglob("*") if path.is_file() and "landing" in path.parts]
    assert any(b"access_token=***" in text for text in texts)  # the vendor repeats it in `next`
    assert not any(SECRET.encode() in text for text in texts)
    assert not list((home / "api").rglob("*.json"))  # staged files are gone when all has landed


def test_a_nearly_used_limit_slows_down(graph: GraphServer) -> None:
    graph.usage = {"X-App-Usage": json.dumps({"call_count": 93, "total_time": 10, "total_cputime": 12})}
    before = graph.clock.time()
    assert pull(graph).passed
    times = [call.at for call in graph.calls]
    assert all(later - earlier >= 300 for earlier, later in itertools.pairwise(times))
    assert graph.clock.time() > before


def test_an_ended_token_stops_with_a_plain_message(graph: GraphServer, caplog: pytest.LogCaptureFixture) -> None:
    graph.faults.add("*/comments", "answer", given=EXPIRED, times=-1)
    outcome = pull(graph)
    assert not outcome.passed
    assert "facebook_pages.comment" in outcome.message and "connection graph" in outcome.message
    assert "190" in outcome.message and "new Page token" in outcome.message
    assert SECRET not in outcome.message + caplog.text
    assert count("facebook_pages__post") == 3  # the others go on
    assert len(graph.calls_to("*/comments")) == 1  # and nothing is asked twice
    assert "comment" not in cursors()


def test_too_much_data_and_a_cursor_that_is_not_good_any_more(graph: GraphServer) -> None:
    graph.largest = 30  # larger pages are refused: they are halved
    graph.faults.add("*/comments", "answer", given=BAD_CURSOR, where=lambda call: call.one("after") == cursor(50))
    outcome = pull(graph)
    assert outcome.passed, outcome.message
    assert count("facebook_pages__comment") == 130
    sizes = [call.one("limit") for call in graph.calls_to(f"*/{PAGE}_500/comments")]
    assert sizes[:2] == ["100", "50"] and set(sizes[2:]) == {"25"}
    assert outcome.counts["rows_duplicate"] >= 50  # the window was read again from its start


def test_broken_pages_are_asked_for_again(graph: GraphServer) -> None:
    for kind in ("truncate", "garbage", "html", "drop"):
        graph.faults.add("*/comments", kind)
    for kind in ("html200", "cut"):
        graph.faults.add("*/published_posts", kind)
    graph.faults.add("*/messages", "answer", given=TRANSIENT, times=2)
    outcome = pull(graph)
    assert outcome.passed, outcome.message
    assert count("facebook_pages__comment") == 130


def test_a_page_that_stays_broken_is_named(graph: GraphServer) -> None:
    graph.faults.add("*/comments", "html200", times=-1)
    outcome = pull(graph)
    assert not outcome.passed
    (line,) = [line for line in outcome.message.splitlines() if "facebook_pages.comment" in line]
    assert "failed" in line and "page 1" in line and "a web page" in line
    assert SECRET not in line and "Person" not in line


def test_records_that_move_between_pages_are_all_there(graph: GraphServer) -> None:
    post = f"{PAGE}_500"

    def newcomer(call: Any) -> None:
        """A comment is deleted and another written while we read: everything behind shifts."""
        if call.path.endswith("comments") and call.one("after"):
            graph.edges[f"{post}/comments"].insert(0, comment(post, 900, 0))
            graph.changing = None

    graph.changing = newcomer
    assert pull(graph).passed
    assert pull(graph, NEXT).passed
    assert count("facebook_pages__comment") == 131


def test_a_pull_that_died_goes_on_with_the_same_result(graph: GraphServer) -> None:

    place = ApiPlace("graph", clock=DyingClock(graph, 6))
    with pytest.raises(Death):
        connectors.land("facebook_pages", NIGHT, place)
    asked = len(graph.calls)
    outcome = pull(graph)
    assert outcome.passed, outcome.message
    assert count("facebook_pages__comment") == 130
    assert count("facebook_pages__post") == 3
    posts = graph.calls_to("*/published_posts")
    assert len(posts) == 1 and asked < len(graph.calls)  # what was safely on disk is not asked for again


def test_a_refused_batch_does_not_move_its_cursor(graph: GraphServer) -> None:
    assert pull(graph).passed
    before = cursors()["message"]
    graph.edges[f"{PAGE}/conversations"] = [thread(0, 300)]
    graph.edges["t_0/messages"] = [{**message(0, 9, 300), "created_time": "yesterday"}]  # not one row can be used
    outcome = pull(graph, NEXT)
    assert not outcome.passed
    after = cursors()
    assert after["message"] == before
    assert after["conversation"] > before
    graph.edges["t_0/messages"] = [message(0, 9, 300)]
    outcome = pull(graph, dt.date(2026, 1, 12))
    assert outcome.passed, outcome.message
    assert count("facebook_pages__message", "id = 'm_0_9'") == 1
