"""Vendors' real pages through the descriptions of their APIs: served as they are, page after page, nothing made up."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from connectors.apis.client import ApiClient
from connectors.apis.description import load_description
from connectors.apis.pages import Job, pull_pages
from connectors.apis.staging import Staging, State
from connectors.apis.templates import at, moment, records_at
from connectors.apis.windows import Window
from connectors.connections import Connection
from tests.vendors.kit import Answer, Call, VendorServer, answer

FOLDERS = {
    "facebook_pages": "facebook_pages/python_facebook_apache2",
    "instagram": "instagram/python_facebook_apache2",
    "youtube": "youtube/python_youtube_MIT",
}
# platform, endpoint, files in order, records they hold (None: not counted by hand), is the incremental field there?
REAL = [
    ("facebook_pages", "posts", "posts/feed_fields_p1 posts/feed_fields_p2", None, True),
    ("facebook_pages", "posts", "posts/feeds_default_fields_p1 posts/feeds_default_fields_p2", 10, True),
    ("facebook_pages", "page", "models/page", 1, False),
    ("instagram", "media", "users/medias_p1 users/medias_p2", 4, True),
    ("instagram", "comments", "medias/comments_p1 medias/comments_p2", 4, False),
    ("instagram", "stories", "users/stories", None, False),
    ("instagram", "tags", "users/tagged_medias", 5, False),
    ("instagram", "media_insights", "medias/insights", 3, False),
    ("instagram", "media_insights", "medias/insights_new", None, False),
    ("instagram", "account_insights", "users/user_insights_new", 1, False),
    ("instagram", "account", "models/ig_user", 1, False),
    ("youtube", "comment_threads", "comment_threads/comment_threads_by_video_paged_1"
     " comment_threads/comment_threads_by_video_paged_2", 10, True),
    ("youtube", "comment_threads", "comment_threads/comment_threads_by_channel", None, True),
    ("youtube", "replies", "comments/comments_by_parent_paged_1 comments/comments_by_parent_paged_2", 3, False),
    ("youtube", "subscriptions", "subscriptions/subscriptions_by_channel_p1"
     " subscriptions/subscriptions_by_channel_p2", 7, False),
    ("youtube", "subscriptions", "subscriptions/subscription_zero", 0, False),
    ("youtube", "channels", "channels/info", 1, False),
    ("youtube", "videos", "videos/videos_info_multi", None, False),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "name", "files", "records", "timed"), REAL)
def test_real_pages(
    samples: Path, tmp_path: Path, platform: str, name: str, files: str, records: int | None, timed: bool
) -> None:
    bodies = [(samples / FOLDERS[platform] / f"{file}.json").read_bytes() for file in files.split()]
    with VendorServer() as server:

        @server.post("/token")
        def token(call: Call) -> Answer:
            return answer({"access_token": "made-up-token", "expires_in": 3600})

        @server.get("/{any*}")
        def page(call: Call) -> Answer:
            number = len([c for c in server.calls if c.method == "GET"]) - 1
            body = bodies[number].replace(b"https://graph.facebook.com", server.url.encode())
            return Answer(200, body, {"Content-Type": "application/json"})

        extra = {"token_url": server.url + "/token", "refresh_token": "made-up-refresh"}
        connection = Connection("real", host=server.url, login="ada", password="a-made-up-secret", extra=extra)
        description = load_description(platform)
        endpoint = description.endpoints[name]
        staging = Staging(tmp_path, platform, "x", dt.date(2030, 1, 1), name, "")
        staging.begin()
        values = dict.fromkeys(
            ("version", "page_id", "post_id", "instagram_id", "media_id", "channel_id", "thread_id", "video_ids"), "1"
        )
        state = State({}, server.clock.time())
        client = ApiClient(description, connection, server.clock)
        pull_pages(Job(client, endpoint, "", dt.date(2030, 1, 1), values, Window(), staging, state))

    assert state.pages == len(bodies)  # the last page is recognised as such, and every other one as not the last
    expected = [record for body in bodies for record in records_at(json.loads(body), endpoint.records)]
    assert state.records == len(expected)
    assert records is None or len(expected) == records
    written = [record for line in staging.lines() for record in records_at(json.loads(line), endpoint.records)]
    assert json.dumps(written).replace(server.url, "https://graph.facebook.com") == json.dumps(expected)
    if timed:
        assert endpoint.incremental is not None
        times = [moment(at(record, endpoint.incremental.field)) for record in expected]
        assert state.high is not None and max(time for time in times if time).isoformat() == state.high
    for child in description.endpoints.values():  # what endpoints of children need of this one's records
        if child.parents and child.parents.endpoint == name and expected:
            paths = [path for path in child.parents.fields.values() if path.split(".")[0] in expected[0]]
            assert paths or platform == "youtube", (
                child.name
            )  # the sample of a channel was asked without contentDetails
            assert all(at(expected[0], path) is not None for path in paths), child.name
