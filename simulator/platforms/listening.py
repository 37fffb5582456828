"""What is said about the made-up brand outside its own pages: recommendations and complaints by handle.

Words are those of a step that happens anyway: who recommends says so in public a little later, who complains too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.behaviour import S
from simulator.hashtags import tagged
from simulator.linkage import end_of
from simulator.platforms.instagram import usernames
from simulator.text import choose_text, joined, lookup
from simulator.texts import BLOCKS, TEXTS, T
from simulator.world import World

I64 = NDArray[np.int64]
NETWORKS = (("x", "x.com", "twitter"), ("tiktok", "tiktok.com", "tiktok"), ("reddit", "reddit.com", "reddit"))


@dataclass(frozen=True)
class Mentions:
    """Public posts by time; `key` is the step; `added` when listening found it (backfill comes late)."""

    key: I64
    person: I64
    at: I64
    added: I64
    network: I64
    is_praise: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.key)

    def take(self, rows: NDArray) -> Mentions:
        return Mentions(*(c[rows] for c in (self.key, self.person, self.at, self.added, self.network, self.is_praise)))


def make_mentions(world: World, tool: str, of_praise: float, of_complaints: float) -> Mentions:
    """The mentions that one tool finds until the last night ends."""
    steps, draws = world.steps, world.draws
    number = np.arange(len(steps), dtype=np.int64)
    praise = (steps.state == S["recommend"]) & draws.chance(f"{tool}/praise", number, of_praise)
    blame = (steps.state == S["complaint"]) & draws.chance(f"{tool}/complaint", number, of_complaints)
    loud = loud_step(world) if tool == "brandwatch" else -1
    praise, blame = praise & (number != loud), blame | (number == loud)
    rows = np.flatnonzero(praise | blame)
    at = steps.at[rows] + 120
    late = draws.chance(f"{tool}/backfill", rows, 0.1) & (rows != loud)
    added = at + np.where(late, 86_400 + draws.below(f"{tool}/late", rows, 3 * 86_400), 1_800)
    found = Mentions(
        rows, steps.person[rows].astype(np.int64), at, added,
        np.where(rows == loud, 2, draws.choice(f"{tool}/network", rows, (0.5, 0.3, 0.2))), praise[rows],
    )  # fmt: skip
    shown = np.flatnonzero(added < end_of(world))
    return found.take(shown[np.lexsort((rows[shown], at[shown]))])


def loud_step(world: World) -> int:
    """The step with which the outcry begins: who wrote it tells of it where many listen; -1 where there is none."""
    begun = np.flatnonzero(world.is_outcry & (world.steps.at == world.plan.outcry_at))
    return int(begun[0]) if len(begun) else -1


def handles(world: World, mentions: Mentions) -> pl.Series:
    """Handles are chosen per network; many people use their Instagram name everywhere."""
    same = world.draws.chance("listening/same_handle", mentions.person, 0.6)
    name = usernames(world, mentions.person)
    return choose_text(same, name, joined(name, "_", lookup([n[0] for n in NETWORKS], mentions.network)))


def words(world: World, mentions: Mentions) -> pl.Series:
    """What was written."""
    parts = []
    for topic in ("advocacy", "broken_on_arrival"):
        start, size = BLOCKS[topic]
        parts.append(lookup(TEXTS, start + world.draws.below(f"listening/{topic}", mentions.key, size)))
    text = choose_text(mentions.is_praise, *parts).str.replace_all("{n}", "", literal=True)
    topics = np.where(mentions.is_praise, T["advocacy"], T["broken_on_arrival"])
    return tagged(world, "listening", mentions.key, topics, mentions.at, text)
