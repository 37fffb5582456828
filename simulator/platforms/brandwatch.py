"""Brandwatch: pages of the mentions API, read by `added`. One mention is found by one query or by two."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from simulator.behaviour import EFFECTS
from simulator.platforms.letters import json_pages
from simulator.platforms.listening import NETWORKS, Mentions, handles, loud_step, make_mentions, words
from simulator.plug import Edges, ExportObject, Plug, RecordKind, Records, WrittenFile
from simulator.text import choose_text, hex16, joined, json_of, lookup, stamps
from simulator.world import World

TIME = "%Y-%m-%dT%H:%M:%S.000+0000"
QUERIES = ("Journeyline brand", "Journeyline products")


def found_by(world: World) -> Mentions:
    """All mentions that Brandwatch finds."""
    return make_mentions(world, "brandwatch", 0.35, 0.10)


def author_keys(world: World, mentions: Mentions) -> pl.Series:
    """<network>:<handle>"""
    return joined(lookup([n[0] for n in NETWORKS], mentions.network), ":", handles(world, mentions))


def mentions_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Mentions that were added in the night's window, once per query that found them."""
    low, high = world.window(night)
    mentions = found_by(world)
    mentions = mentions.take(np.flatnonzero((mentions.added >= low) & (mentions.added < high)))
    twice = world.draws.chance("brandwatch/two_queries", mentions.key, 0.25)
    rows = np.concatenate((np.arange(len(mentions)), np.flatnonzero(twice))).astype(np.int64)
    query = np.concatenate((np.zeros(len(mentions), dtype=np.int64), np.ones(int(twice.sum()), dtype=np.int64)))
    part = mentions.take(rows)
    ids = joined("r", hex16(world.draws.bits("brandwatch/resource", part.key)))
    domain = lookup([n[1] for n in NETWORKS], part.network)
    withheld = part.network == 0  # the network's licence
    lines = json_of(
        len(rows),
        resourceId=ids,
        queryId=pl.Series(2_000_000_001 + query),
        queryName=lookup(QUERIES, query),
        added=stamps(part.added, TIME),
        date=stamps(part.at, TIME),
        author=handles(world, part),
        fullname=pl.lit(None, dtype=pl.String),
        domain=domain,
        pageType=lookup([n[2] for n in NETWORKS], part.network),
        sentiment=choose_text(part.is_praise, "positive", "negative"),
        title=pl.lit(""),
        snippet=choose_text(withheld, "", words(world, part)),
        url=joined("https://", domain, "/", ids),
        country=pl.lit("United Kingdom"),
        language=pl.lit("en"),
        reachEstimate=pl.Series(
            np.where(
                part.key == loud_step(world),
                EFFECTS.outcry_reach,
                world.draws.below("brandwatch/reach", part.key, 5_000),
            )
        ),
        impact=pl.lit(12.5),
        categories=pl.lit([], dtype=pl.List(pl.String)),
        tags=pl.lit([], dtype=pl.List(pl.String)),
    )
    yield from json_pages(lines, 5_000, lambda text, page, is_last: f'{{"results":[{text}],"nextCursor":null}}\n')


def _values(world: World, number: np.ndarray) -> pl.Series:
    person, network = number // 4, number % 4
    one = np.zeros(len(number), dtype=np.int64)
    return author_keys(world, Mentions(one, person, one, one, network, one == 0))


def _seen(world: World) -> Records:
    mentions = found_by(world)
    number = np.unique(mentions.person * 4 + mentions.network)
    return Records(number, number // 4)


def _link(world: World, edges: Edges) -> None:
    """A handle alone joins nobody: authors have no certain partner."""


PLUG = Plug(
    platform="brandwatch",
    exports=(ExportObject("brandwatch", "mention", "files", "json", mentions_export),),
    records=(RecordKind("brandwatch_author", "brandwatch", "author", _seen, _values),),
    link=_link,
)
