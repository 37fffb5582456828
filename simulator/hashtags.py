"""Hashtags that people write: the house's own, and that of a campaign from the day on which it is made known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.behaviour import EFFECTS
from simulator.journey import DAY
from simulator.plan import HASHTAG, HOUSE_HASHTAG
from simulator.text import lookup
from simulator.texts import T

if TYPE_CHECKING:
    from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
HOUSE_SHARE = 0.10  # of praise
_PRAISE = (T["praise"], T["story_reply"], T["advocacy"])
_TAILS = ("", f" #{HOUSE_HASHTAG}", f" #{HASHTAG}", f" #{HASHTAG} #{HOUSE_HASHTAG}")


def carries_campaign(world: World, stream: str, key: I64, topic: NDArray, at: I64) -> Bool:
    """Which writings carry the campaign's hashtag: of praise alone, and more of it from week to week."""
    plan = world.plan
    weeks = (at - plan.hashtag_from) // (7 * DAY)
    last = max((plan.end - DAY - plan.hashtag_from) // (7 * DAY), 1)
    low, high = EFFECTS.hashtag_after
    share = np.where(weeks < 0, EFFECTS.hashtag_before, low + (high - low) * np.clip(weeks / last, 0, 1))
    return np.isin(topic, _PRAISE) & world.draws.chance(stream + "/hashtag", key, share)


def tagged(world: World, stream: str, key: I64, topic: NDArray, at: I64, text: pl.Series) -> pl.Series:
    """The texts with the hashtags that they carry behind them."""
    campaign = carries_campaign(world, stream, key, topic, at)
    house = np.isin(topic, _PRAISE) & world.draws.chance(stream + "/house_hashtag", key, HOUSE_SHARE)
    if not (campaign.any() or house.any()):
        return text
    frame = pl.DataFrame({"text": text, "tail": lookup(_TAILS, campaign * 2 + house * 1)})
    return frame.select(pl.concat_str("text", "tail")).to_series()


def tags_of_posts(world: World, at: I64) -> pl.Series:
    """Hashtags of the brand's own posts: its own, and the campaign's from its day on."""
    return lookup((_TAILS[1], _TAILS[3]), (at >= world.plan.hashtag_from).astype(np.int64))
