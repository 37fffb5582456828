"""YouTube: pages of the Data API with comment threads, public subscriptions, videos and the channel (times in UTC).

Threads are pulled with a look-back, so pages of two nights overlap; the lists of subscribers and videos come whole.
The Reporting API's files are in youtube_reports.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.behaviour import S
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.platforms.instagram import texts, usernames
from simulator.platforms.youtube_reports import CHANNEL, VIDEO_COUNT, reports, video_ids
from simulator.plug import ExportObject, Plug, RecordKind, Records, WrittenFile
from simulator.text import digits, hex16, joined, stamps
from simulator.texts import T
from simulator.vocabulary import PRODUCTS
from simulator.world import World
from simulator.writings import writings

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
TIME = "%Y-%m-%dT%H:%M:%SZ"
PAGE = 100
LOOK_BACK_DAYS = 3
CHANNEL_NAME = "@journeyline.home"
_COMMENTING = [S[state] for state in ("first_view", "return_visit", "comment")]


def has_channel(world: World, who: I64) -> Bool:
    """Who has a channel of their own, which is what writing a comment takes."""
    return world.draws.chance("youtube/has", who, 0.12)


def channel_ids(world: World, who: I64) -> pl.Series:
    """`UC` and 22 characters."""
    return joined(
        "UC", hex16(world.draws.bits("youtube/id", who)), digits(world.draws.below("youtube/id2", who, 10**6), 6)
    )


def commenting(world: World) -> I64:
    """Steps that leave a comment under a video."""
    steps = world.steps
    who = steps.person.astype(np.int64)
    rows = np.isin(steps.state, _COMMENTING) & has_channel(world, who) & ~world.is_outcry
    number = np.arange(len(steps), dtype=np.int64)
    return np.flatnonzero(rows & world.draws.chance("youtube/comment", number, 0.4))


def following(world: World) -> I64:
    """Steps of following that are a public subscription too; the first one of each person."""
    steps = world.steps
    rows = np.flatnonzero((steps.state == S["follow"]) & has_channel(world, steps.person.astype(np.int64)))
    rows = rows[world.draws.chance("youtube/public", steps.person[rows], 0.6)]
    return rows[np.unique(steps.person[rows], return_index=True)[1]]


def _topics(world: World, rows: I64) -> NDArray[np.int8]:
    kinds = np.array([T["praise"], T["question"], T["stock_question"]], dtype=np.int8)
    return kinds[world.draws.choice("youtube/topic", rows, (0.5, 0.3, 0.2))]


def _comment_ids(world: World, rows: I64) -> pl.Series:
    return joined("Ugx", hex16(world.draws.bits("youtube/comment_id", rows)), "4AaABAg")


def _snippets(world: World, rows: I64) -> list[dict[str, Any]]:
    """Snippet of the comment of each step."""
    steps, none = world.steps, np.full(len(rows), -1)
    who = steps.person[rows].astype(np.int64)
    columns = zip(
        usernames(world, who).to_list(),
        channel_ids(world, who).to_list(),
        video_ids(world.draws.below("youtube/video", rows, VIDEO_COUNT)).to_list(),
        texts(world, "youtube", rows, _topics(world, rows), none).to_list(),
        world.draws.below("youtube/likes", rows, 6).tolist(),
        stamps(steps.at[rows] + 40, TIME).to_list(),
        strict=True,
    )
    return [_snippet(f"@{name}", author, video, text, likes, at) for name, author, video, text, likes, at in columns]


def _snippet(name: str, author: str, video: str, text: str, likes: int, at: str) -> dict[str, Any]:
    return {
        "channelId": CHANNEL, "videoId": video, "textDisplay": text, "textOriginal": text, "authorDisplayName": name,
        "authorChannelUrl": f"http://www.youtube.com/channel/{author}", "authorChannelId": {"value": author},
        "canRate": True, "viewerRating": "none", "likeCount": likes, "publishedAt": at, "updatedAt": at,
    }  # fmt: skip


def comment_threads(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Threads whose comment lies in the night's window or its look-back, with the brand's answer if there is one."""
    low, high = world.window(night)
    low = max(0, low - LOOK_BACK_DAYS * DAY) if night else 0
    rows = commenting(world)
    at = world.steps.at[rows] + 40
    rows = rows[(at >= low) & (at < high)]
    draws = world.draws
    answered = draws.chance("youtube/answer", rows, 0.3)
    later = world.steps.at[rows] + 40 + 900 + draws.below("youtube/wait", rows, 20 * 3600)
    none = np.full(len(rows), -1)
    answers = texts(world, "youtube/answer", rows, np.full(len(rows), T["brand_reply"]), none).to_list()
    times, ids = stamps(later, TIME).to_list(), _comment_ids(world, rows).to_list()
    reply = hex16(draws.bits("youtube/reply", rows)).to_list()
    items = []
    for i, (identity, snippet) in enumerate(zip(ids, _snippets(world, rows), strict=True)):
        has_answer = bool(answered[i]) and int(later[i]) < high
        top = {"kind": "youtube#comment", "etag": reply[i], "id": identity, "snippet": snippet}
        thread: dict[str, Any] = {
            "kind": "youtube#commentThread",
            "etag": reply[i],
            "id": identity,
            "snippet": {
                "channelId": CHANNEL, "videoId": snippet["videoId"], "topLevelComment": top, "canReply": True,
                "totalReplyCount": int(has_answer), "isPublic": True,
            },
        }  # fmt: skip
        if has_answer:
            own = _snippet(CHANNEL_NAME, CHANNEL, snippet["videoId"], answers[i], 0, times[i]) | {"parentId": identity}
            answer = {"kind": "youtube#comment", "etag": reply[i], "id": f"{identity}.{reply[i]}", "snippet": own}
            thread["replies"] = {"comments": [answer]}
        items.append(thread)
    yield from _pages("commentThread", items, night)


def subscriptions(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """All public subscribers at the end of the night."""
    high = world.window(night)[1]
    rows = following(world)
    rows = rows[world.steps.at[rows] + 20 < high]
    who = world.steps.person[rows].astype(np.int64)
    columns = zip(
        hex16(world.draws.bits("youtube/subscription", who)).to_list(),
        stamps(world.steps.at[rows] + 20, TIME).to_list(),
        channel_ids(world, who).to_list(),
        usernames(world, who).to_list(),
        strict=True,
    )
    items = [
        {
            "kind": "youtube#subscription", "etag": identity, "id": identity,
            "snippet": {
                "publishedAt": at, "title": "Journeyline Home", "description": "",
                "resourceId": {"kind": "youtube#channel", "channelId": CHANNEL}, "channelId": subscriber,
            },
            "subscriberSnippet": {"title": f"@{name}", "description": "", "channelId": subscriber},
        }
        for identity, at, subscriber, name in columns
    ]  # fmt: skip
    yield from _pages("subscription", items, night)


def videos(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """All videos with their totals of the night."""
    number = np.arange(VIDEO_COUNT, dtype=np.int64)
    first = (world.first_day - world.settings.history_days - 30) * DAY
    posted = stamps(first + number * DAY, TIME).to_list()
    views = (
        800 + world.draws.below("youtube/views", number, 9000) + night * world.draws.below("youtube/daily", number, 90)
    )
    items = [
        {
            "kind": "youtube#video", "etag": identity, "id": identity,
            "snippet": {
                "publishedAt": posted[i], "channelId": CHANNEL, "title": f"How we make it: {PRODUCTS[i].title}",
                "channelTitle": "Journeyline Home", "categoryId": "26", "liveBroadcastContent": "none",
            },
            "contentDetails": {"duration": f"PT{3 + i % 9}M{10 + i}S", "dimension": "2d", "caption": "true"},
            "status": {"uploadStatus": "processed", "privacyStatus": "public", "madeForKids": False},
            "statistics": {
                "viewCount": str(int(views[i])), "likeCount": str(int(views[i]) // 40), "favoriteCount": "0",
                "commentCount": str(int(views[i]) // 400),
            },
        }
        for i, identity in enumerate(video_ids(number).to_list())
    ]  # fmt: skip
    yield from _pages("video", items, night)


def channels(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """The brand's channel with its totals of the night."""
    followers = 2_400 + int((world.steps.at[following(world)] + 20 < world.window(night)[1]).sum())
    item = {
        "kind": "youtube#channel", "etag": f"c{night}", "id": CHANNEL,
        "snippet": {"title": "Journeyline Home", "description": "Things for the home.", "customUrl": CHANNEL_NAME},
        "statistics": {
            "viewCount": str(180_000 + night * 700), "subscriberCount": str(followers // 10 * 10),
            "hiddenSubscriberCount": False, "videoCount": str(VIDEO_COUNT),
        },
    }  # fmt: skip
    yield from _pages("channel", [item], night)


def _pages(kind: str, items: list[dict[str, Any]], night: int) -> Iterator[WrittenFile]:
    """List responses of at most 100 items; there is always one."""
    count = max(1, -(-len(items) // PAGE))
    for number in range(count):
        part = items[number * PAGE : (number + 1) * PAGE]
        page: dict[str, Any] = {"kind": f"youtube#{kind}ListResponse", "etag": f"e{night}-{number}"}
        if number + 1 < count:
            page["nextPageToken"] = f"QURTSl9{night:04d}{number + 1:05d}"
        page |= {"pageInfo": {"totalResults": len(items), "resultsPerPage": PAGE}, "items": part}
        text = json.dumps(page, ensure_ascii=False, indent=1) + "\n"
        yield WrittenFile(f"page-{number:04d}.json", (text.encode(),), len(part))


def _people(world: World) -> Records:
    """Everybody whose channel shows: commenters and subscribers."""
    end, at = end_of(world), world.steps.at
    rows, follows = commenting(world), following(world)
    seen = np.concatenate((rows[at[rows] + 40 < end], follows[at[follows] + 20 < end]))
    found = np.unique(world.steps.person[seen]).astype(np.int64)
    return Records(found, found)


def _writings(world: World) -> pl.DataFrame:
    """Comments for the truth's table of writings."""

    rows = commenting(world)
    rows = rows[world.steps.at[rows] + 40 < end_of(world)]
    topic = _topics(world, rows)
    ids = _comment_ids(world, rows)
    return writings("youtube", "comment", ids, world.steps.person[rows], topic, world.steps.at[rows] + 40)


PLUG = Plug(
    platform="youtube",
    exports=(
        ExportObject("youtube", "comment_thread", "files", "json", comment_threads),
        ExportObject("youtube", "subscription", "files", "json", subscriptions),
        ExportObject("youtube", "video", "files", "json", videos),
        ExportObject("youtube", "channel", "files", "json", channels),
        *reports(),
    ),
    records=(RecordKind("youtube_profile", "youtube", "social_profile", _people, channel_ids),),
    writings=_writings,
)
