"""Facebook: pages of posts, comments, Messenger threads, recommendations and insights as the Graph API gives them.

Author ids are page-scoped, so nothing joins a Facebook profile to a customer but its name. Some comments come without
their author, some without their id (it stands in the permalink). The page itself is in facebook_totals.py.
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
from simulator.platforms.facebook_totals import (
    PAGE_ID,
    PAGE_NAME,
    page,
    page_insights,
    post_ids,
    post_of,
    posts,
)
from simulator.platforms.instagram import GRAPH_TIME, texts
from simulator.plug import ExportObject, Plug, RecordKind, Records
from simulator.records import Spelling, names
from simulator.text import hex16, joined, lookup, stamps
from simulator.texts import T
from simulator.world import World
from simulator.writings import writings

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
FIRST_PSID = 5_200_000_000_000_000
FIRST_COMMENT = 310_000_000_000
LOOK_BACK_DAYS = 3
THREAD = 20  # messages of a thread that are sent with it


def has_facebook(world: World, who: I64) -> Bool:
    """Who uses Facebook."""
    return world.draws.chance("facebook/has", who, 0.4)


def psids(world: World, who: I64) -> pl.Series:
    """Page-scoped id of each person."""
    return pl.Series(FIRST_PSID + who * 1_000 + world.draws.below("facebook/id", who, 1_000)).cast(pl.String)


def person_keys(world: World, who: I64) -> pl.Series:
    """The id with the page it is scoped to: the source_record_id of a profile."""
    return joined(f"{PAGE_ID}:", psids(world, who))


def display_names(world: World, who: I64) -> list[str]:
    """Names as profiles show them; they do not follow a change of name."""
    start = np.zeros(len(who), dtype=np.int64)
    first, last = names(world.draws, world.persons, who, start, who, "facebook/name", Spelling(mixed_case=False))
    return joined(first, " ", last).to_list()


def _steps(world: World, states: tuple[str, ...], stream: str, share: float) -> I64:
    """Steps of these states that leave something on Facebook."""
    steps = world.steps
    rows = np.flatnonzero(np.isin(steps.state, [S[state] for state in states]) & ~world.is_outcry)
    rows = rows[has_facebook(world, steps.person[rows].astype(np.int64))]
    return rows[world.draws.chance(stream, rows, share)]


def commenting(world: World) -> I64:
    """Steps that leave a comment under a post."""
    return _steps(world, ("comment",), "facebook/comment", 0.8)


def asking(world: World) -> I64:
    """Steps that leave a message in Messenger."""
    return _steps(world, ("question",), "facebook/message", 0.6)


def recommending(world: World) -> I64:
    """Steps that recommend the page."""
    return _steps(world, ("recommend",), "facebook/recommend", 0.7)


def reacting(world: World) -> I64:
    """Steps that leave a reaction; one per person and post."""
    rows = _steps(world, ("return_visit", "follow"), "facebook/react", 0.25)
    who = world.steps.person[rows].astype(np.int64)
    pair = who * 1_000 + post_of(world, rows, world.steps.at[rows])
    return rows[np.sort(np.unique(pair, return_index=True)[1])]


def _topics(world: World, rows: I64) -> NDArray[np.int8]:
    kinds = np.array([T["praise"], T["question"], T["stock_question"]], dtype=np.int8)
    return kinds[world.draws.choice("facebook/topic", rows, (0.5, 0.3, 0.2))]


def shows_author(world: World, rows: I64) -> Bool:
    """False where the author is left out: the comment names nobody."""
    return ~world.draws.chance("facebook/anonymous", rows, 0.15)


def _replies(world: World, rows: I64, stream: str, share: float) -> tuple[Bool, I64]:
    """Which are answered by the page, and when."""
    wait = 900 + world.draws.below(stream + "/wait", rows, 20 * 3600)
    return world.draws.chance(stream + "/answered", rows, share), world.steps.at[rows] + 60 + wait


def comments(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """Comments of the night's window and its look-back, each followed by the page's answer (`filter=stream`)."""
    low, high = world.window(night)
    low = max(0, low - LOOK_BACK_DAYS * DAY) if night else 0
    rows = commenting(world)
    at = world.steps.at[rows] + 60
    rows = rows[(at >= low) & (at < high)]
    for start in range(0, len(rows), chunk):
        yield _comment_records(world, rows[start : start + chunk], high)


def _comment_records(world: World, rows: I64, now: int) -> pl.Series:
    steps, draws, none = world.steps, world.draws, np.full(len(rows), -1)
    who = steps.person[rows].astype(np.int64)
    answered, later = _replies(world, rows, "facebook/answer", 0.35)
    columns = zip(
        post_ids(post_of(world, rows, steps.at[rows] + 60)).to_list(),
        (FIRST_COMMENT + rows * 4).tolist(),
        texts(world, "facebook", rows, _topics(world, rows), none).to_list(),
        stamps(steps.at[rows] + 60, GRAPH_TIME).to_list(),
        psids(world, who).to_list(),
        display_names(world, who),
        shows_author(world, rows).tolist(),
        draws.chance("facebook/no_id", rows, 0.1).tolist(),
        draws.below("facebook/likes", rows, 8).tolist(),
        (answered & (later < now)).tolist(),
        stamps(later, GRAPH_TIME).to_list(),
        texts(world, "facebook/answer", rows, np.full(len(rows), T["brand_reply"]), none).to_list(),
        strict=True,
    )
    lines = []
    for post, number, text, at, author, name, is_shown, has_no_id, likes, has_answer, answered_at, answer in columns:
        short = post.split("_")[1]
        link = f"https://www.facebook.com/{PAGE_ID}/posts/{short}/?comment_id={number}"
        record: dict[str, Any] = {} if has_no_id else {"id": f"{short}_{number}"}
        record |= {"message": text, "created_time": at}
        if is_shown:
            record["from"] = {"name": name, "id": author}
        record |= {
            "permalink_url": link, "like_count": likes, "comment_count": int(has_answer), "is_hidden": False,
            "is_private": False,
        }  # fmt: skip
        lines.append(json.dumps(record, ensure_ascii=False))
        if has_answer:
            parent: dict[str, Any] = {"id": f"{short}_{number}"} | ({"from": record["from"]} if is_shown else {})
            reply = {
                "id": f"{short}_{number + 1}", "message": answer, "created_time": answered_at,
                "from": {"name": PAGE_NAME, "id": PAGE_ID}, "parent": parent, "like_count": 0,
                "permalink_url": f"{link}&reply_comment_id={number + 1}",
            }  # fmt: skip
            lines.append(json.dumps(reply, ensure_ascii=False))
    return pl.Series("", lines, dtype=pl.String)


def conversations(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """Threads with a new message in the night's window, each with its newest messages."""
    low, high = world.window(night)
    rows = asking(world)
    at = world.steps.at[rows] + 60
    answered, later = _replies(world, rows, "facebook/message", 0.7)
    fresh = ((at >= low) & (at < high)) | (answered & (later >= low) & (later < high))
    people = np.unique(world.steps.person[rows[fresh]]).astype(np.int64)
    known = at < high
    lines = []
    for start in range(0, len(people), chunk):
        part = people[start : start + chunk]
        mine = known & np.isin(world.steps.person[rows], part)
        lines += _threads(world, part, rows[mine], (answered & (later < high))[mine], later[mine])
        yield pl.Series("", lines, dtype=pl.String)
        lines = []


def _threads(world: World, people: I64, rows: I64, answered: Bool, later: I64) -> list[str]:
    steps, none = world.steps, np.full(len(rows), -1)
    own = {"name": PAGE_NAME, "email": f"{PAGE_ID}@facebook.com", "id": PAGE_ID}
    others = {
        int(person): {"name": name, "email": f"{psid}@facebook.com", "id": psid}
        for person, psid, name in zip(people, psids(world, people).to_list(), display_names(world, people), strict=True)
    }
    messages: dict[int, list[tuple[int, dict[str, Any]]]] = {int(person): [] for person in people}
    columns = zip(
        steps.person[rows].tolist(),
        (steps.at[rows] + 60).tolist(),
        stamps(steps.at[rows] + 60, GRAPH_TIME).to_list(),
        texts(world, "facebook/message", rows, _topics(world, rows), none).to_list(),
        hex16(world.draws.bits("facebook/mid", rows)).to_list(),
        answered.tolist(),
        later.tolist(),
        stamps(later, GRAPH_TIME).to_list(),
        texts(world, "facebook/reply", rows, np.full(len(rows), T["brand_reply"]), none).to_list(),
        strict=True,
    )
    for person, at, time, text, identity, has_answer, reply_at, reply_time, reply in columns:
        other = others[person]
        messages[person].append((at, _message(f"m_{identity}A", time, other, own, text, "inbox")))
        if has_answer:
            messages[person].append((reply_at, _message(f"m_{identity}B", reply_time, own, other, reply, "sent")))
    lines = []
    for person, found in messages.items():
        newest = [message for _, message in sorted(found, key=lambda pair: -pair[0])][:THREAD]
        parties = {"data": [others[person], own]}
        record = {
            "id": f"t_{900_000_000_000 + person}", "link": f"/{PAGE_ID}/inbox/{800_000_000_000 + person}/",
            "updated_time": newest[0]["created_time"], "message_count": len(found), "unread_count": 0,
            "snippet": newest[0]["message"][:40], "participants": parties, "senders": parties, "can_reply": True,
            "messages": {"data": newest},
        }  # fmt: skip
        lines.append(json.dumps(record, ensure_ascii=False))
    return lines


def _message(
    identity: str, at: str, sender: dict[str, str], receiver: dict[str, str], text: str, tag: str
) -> dict[str, Any]:
    tags = {"data": [{"name": tag}, {"name": "source:mobile" if tag == "inbox" else "source:web"}]}
    return {
        "id": identity, "created_time": at, "from": sender, "to": {"data": [receiver]}, "message": text, "tags": tags
    }  # fmt: skip


def reactions(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """Reactions that the night's pull sees for the first time."""
    low, high = world.window(night)
    rows = reacting(world)
    at = world.steps.at[rows] + 60
    rows = rows[(at >= low) & (at < high)]
    who = world.steps.person[rows].astype(np.int64)
    columns = zip(
        post_ids(post_of(world, rows, world.steps.at[rows])).to_list(),
        psids(world, who).to_list(),
        display_names(world, who),
        lookup(("LIKE", "LOVE", "WOW", "CARE"), world.draws.choice("facebook/kind", rows, (0.6, 0.3, 0.05, 0.05))),
        strict=True,
    )
    lines = [
        json.dumps({"post_id": post, "id": psid, "name": name, "type": kind}, ensure_ascii=False)
        for post, psid, name, kind in columns
    ]
    yield pl.Series("", lines, dtype=pl.String)


def recommendations(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """All recommendations so far: the edge knows no time."""
    rows = recommending(world)
    rows = rows[world.steps.at[rows] + 60 < world.window(night)[1]]
    who, none = world.steps.person[rows].astype(np.int64), np.full(len(rows), -1)
    columns = zip(
        stamps(world.steps.at[rows] + 60, GRAPH_TIME).to_list(),
        texts(world, "facebook/review", rows, np.full(len(rows), T["review_good"]), none).to_list(),
        psids(world, who).to_list(),
        display_names(world, who),
        strict=True,
    )
    lines = [
        json.dumps(
            {
                "page_id": PAGE_ID, "created_time": at, "has_rating": False, "has_review": True,
                "recommendation_type": "positive", "review_text": text, "reviewer": {"name": name, "id": psid},
            },
            ensure_ascii=False,
        )
        for at, text, psid, name in columns
    ]  # fmt: skip
    yield pl.Series("", lines, dtype=pl.String)


def _profiles(world: World) -> Records:
    """Everybody whose profile shows."""
    end, at, written = end_of(world), world.steps.at, commenting(world)
    rows = np.concatenate((written[shows_author(world, written)], asking(world), recommending(world), reacting(world)))
    found = np.unique(world.steps.person[rows[at[rows] + 60 < end]]).astype(np.int64)
    return Records(found, found)


def _writings(world: World) -> pl.DataFrame:
    """Comments for the truth's table of writings."""

    rows = commenting(world)
    rows = rows[world.steps.at[rows] + 60 < end_of(world)]
    topic = _topics(world, rows)
    short = post_ids(post_of(world, rows, world.steps.at[rows] + 60)).str.split("_").list.get(1)
    ids = joined(short, "_", pl.Series(FIRST_COMMENT + rows * 4).cast(pl.String))
    return writings("facebook_pages", "comment", ids, world.steps.person[rows], topic, world.steps.at[rows] + 60)


PLUG = Plug(
    platform="facebook_pages",
    exports=(
        ExportObject("facebook_pages", "post", "graph", "json", posts),
        ExportObject("facebook_pages", "comment", "graph", "json", comments),
        ExportObject("facebook_pages", "conversation", "graph", "json", conversations),
        ExportObject("facebook_pages", "reaction", "lines", "jsonl.gz", reactions),
        ExportObject("facebook_pages", "recommendation", "graph", "json", recommendations),
        ExportObject("facebook_pages", "page", "files", "json", page),
        ExportObject("facebook_pages", "page_insight", "files", "json", page_insights),
    ),
    records=(RecordKind("facebook_profile", "facebook_pages", "social_profile", _profiles, person_keys),),
    writings=_writings,
)
