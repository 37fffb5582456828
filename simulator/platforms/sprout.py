"""Sprout Social: comments on TikTok, which nothing else exports. The form is a guess as far as the contract says so."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.behaviour import S
from simulator.linkage import end_of
from simulator.platforms.instagram import usernames
from simulator.platforms.letters import json_pages
from simulator.plug import Edges, ExportObject, Plug, RecordKind, Records, WrittenFile
from simulator.text import hex16, joined, json_of, lookup, stamps, struct_of
from simulator.texts import BLOCKS, TEXTS
from simulator.world import World

I64 = NDArray[np.int64]
ISO = "%Y-%m-%dT%H:%M:%SZ"
PROFILE = 4_711_001


def commented(world: World) -> I64:
    """Steps of people who comment on Instagram and say the same on TikTok."""
    steps = world.steps
    says = (steps.state == S["comment"]) & ~steps.stock & ~world.is_outcry
    rows = np.flatnonzero(says & world.draws.chance("sprout/comments", np.arange(len(steps)), 0.15))
    return rows[steps.at[rows] + 45 < end_of(world)]


def from_ids(world: World, who: I64) -> pl.Series:
    """Id of an author in Sprout."""
    return joined("tt:", hex16(world.draws.bits("sprout/author", who)))


def messages_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Messages of the night's window."""
    low, high = world.window(night)
    step = commented(world)
    at = world.steps.at[step] + 45
    step, at = step[(at >= low) & (at < high)], at[(at >= low) & (at < high)]
    who = world.steps.person[step].astype(np.int64)
    start, size = BLOCKS["praise"]
    lines = json_of(
        len(step),
        guid=joined("TTC", hex16(world.draws.bits("sprout/guid", step))),
        post_type=pl.lit("TIKTOK_COMMENT"),
        network=pl.lit("TIKTOK"),
        created_time=stamps(at, ISO),
        **{
            "from": struct_of(
                len(step), guid=from_ids(world, who), screen_name=usernames(world, who), name=usernames(world, who)
            )
        },
        text=lookup(TEXTS, start + world.draws.below("sprout/text", step, size)),
        customer_profile_id=pl.lit(PROFILE),
    )
    yield from json_pages(lines, 50, lambda text, page, is_last: f'{{"data":[{text}],"paging":{{}}}}\n')


def _seen(world: World) -> Records:
    who = np.unique(world.steps.person[commented(world)]).astype(np.int64)
    return Records(who, who)


def _link(world: World, edges: Edges) -> None:
    """A handle alone joins nobody: authors have no certain partner."""


PLUG = Plug(
    platform="sprout",
    exports=(ExportObject("sprout", "message", "files", "json", messages_export),),
    records=(RecordKind("sprout_author", "sprout", "author", _seen, from_ids),),
    link=_link,
)
