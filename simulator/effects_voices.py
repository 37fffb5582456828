"""What people say: the planted outcry, hashtag and answers of support, as configured and as they came out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from simulator.behaviour import EFFECTS
from simulator.hashtags import carries_campaign
from simulator.linkage import end_of
from simulator.plan import HASHTAG
from simulator.platforms.instagram import comment_ids, media_ids, media_of
from simulator.platforms.listening import loud_step
from simulator.text import stamps
from simulator.touches import REPLY_MINUTES
from simulator.world import World


def measured_voices(world: World) -> dict[str, Any]:
    """JSON-ready description."""
    return {"outcry": _outcry(world), "hashtag": _hashtag(world), "support": _support(world)}


def _outcry(world: World) -> dict[str, Any]:
    written = world.voices.comments
    rows = np.flatnonzero(world.is_outcry[written.key // 2])
    own, answers = rows[~written.is_brand[rows]], rows[written.is_brand[rows]]
    first = own[:1]
    hours = (written.at[own] - world.plan.outcry_at) // 3600
    answered = answers[written.at[answers] < end_of(world)]
    return {
        "on": "comments of customers under one post on Instagram, and one mention elsewhere that reaches many",
        "began_at": datetime.fromtimestamp(world.plan.outcry_at, UTC).isoformat(),
        "date": datetime.fromtimestamp(world.plan.outcry_at, UTC).date().isoformat(),
        "media_id": media_ids(media_of(world, written.key[first] // 2, written.at[first])).to_list(),
        "first_comment_id": comment_ids(written.key[first]).to_list(),
        "comments": len(own),
        "comments_by_hour": np.bincount(hours, minlength=6).tolist() if len(own) else [],
        "answered_at": stamps(written.at[answered[:1]], "%Y-%m-%dT%H:%M:%S%:z").to_list(),
        "planted_hours_until_answered": EFFECTS.outcry_answered_after,
        "reach_elsewhere": EFFECTS.outcry_reach if loud_step(world) >= 0 else None,
    }


def _hashtag(world: World) -> dict[str, Any]:
    """Comments and messages on Instagram with the campaign's hashtag, by week since it was known."""
    weeks: list[np.ndarray] = []
    for stream, written in (("comment", world.voices.comments), ("message", world.voices.messages)):
        own = np.flatnonzero(~written.is_brand & (written.at < end_of(world)))
        tagged = own[carries_campaign(world, stream, written.key[own], written.topic[own], written.at[own])]
        weeks.append((written.at[tagged] - world.plan.hashtag_from) // (7 * 86_400))
    found = np.concatenate(weeks)
    known = found[found >= 0]
    return {
        "hashtag": HASHTAG,
        "planted_share_of_praise": {"before": EFFECTS.hashtag_before, "first_and_last_week": EFFECTS.hashtag_after},
        "from": datetime.fromtimestamp(world.plan.hashtag_from, UTC).date().isoformat(),
        "messages_before": int((found < 0).sum()),
        "messages_by_week": np.bincount(known).tolist() if len(known) else [],
    }


def _support(world: World) -> dict[str, Any]:
    """Tickets: minutes to the first answer by channel, and the share that is opened again after it was solved."""
    t, end = world.voices.tickets, end_of(world)
    minutes = (t.replied_at - t.at) / 60
    answered = t.replied_at < end
    solved = t.first_solved_at < end
    names = ("email", "web", "instagram_dm", "voice")
    medians = {}
    for place, name in enumerate(names):
        mine = minutes[answered & (t.channel == place)]
        medians[name] = {
            "planted": float(REPLY_MINUTES[place]),
            "median": round(float(np.median(mine)), 1) if len(mine) else None,
            "n": len(mine),
        }
    again = (t.reopened_at >= 0) & (t.reopened_at < end)
    return {
        "minutes_to_first_answer": medians,
        "planted_reopened_share": EFFECTS.reopened_share,
        "reopened": {"rate": round(float(again[solved].mean()), 4) if solved.any() else None, "n": int(solved.sum())},
    }
