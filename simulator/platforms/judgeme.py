"""Judge.me: the reviews CSV, in full every night. No id; names mostly shortened; texts with line breaks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.platforms import reviews as told
from simulator.platforms.letters import product_ids
from simulator.platforms.reviews import Reviews, make_reviews
from simulator.plug import Edges, ExportObject, Planted, Plug, RecordKind, Records, WrittenFile
from simulator.text import choose_text, joined, lookup, stamps
from simulator.vocabulary import COUNTRIES, PRODUCTS
from simulator.world import World
from simulator.writing import csv_bytes

I64 = NDArray[np.int64]
UTC = "%Y-%m-%d %H:%M:%S UTC"
COLUMNS = (
    "title", "body", "rating", "review_date", "source", "curated", "reviewer_name", "reviewer_email", "product_id",
    "product_handle", "reply", "reply_date", "picture_urls", "ip_address", "location",
)  # fmt: skip
BROKEN = '"Nice",,five,2026-01-31 10:00:00 UTC,web,ok,Nobody N.,nobody@journeyline.example,,,,,,,\n'
FEWEST = 40  # smaller files stay clean


def reviews_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """All reviews so far; in larger files one row with a rating that is no number."""
    now = world.window(night)[1]
    found = make_reviews(world, "judgeme")
    frame = _frame(world, found.take(np.flatnonzero(found.at < now)))
    parts = [(",".join(COLUMNS) + "\n").encode(), csv_bytes(frame, header=False)]
    planted: tuple[Planted, ...] = ()
    if world.settings.faults and len(frame) >= FEWEST:
        parts.append(BROKEN.encode())
        planted = (Planted(2 + parts[1].count(b"\n"), "text_in_number", "", "rejected"),)
    yield WrittenFile("reviews.csv.gz", parts, len(frame) + len(planted), planted)


def _frame(world: World, found: Reviews) -> pl.DataFrame:
    draws, key = world.draws, found.key
    first, family = told.full_names(world, found, "judgeme/name")
    whole = draws.chance("judgeme/whole_name", key, 0.25)
    replied = (found.stars <= 2) & draws.chance("judgeme/reply", key, 0.6)
    none = pl.Series("", [None] * len(found), dtype=pl.String)
    columns: dict[str, pl.Series] = {
        "title": told.titles(found),
        "body": told.bodies(world, found),
        "rating": pl.Series(found.stars).cast(pl.String),
        "review_date": stamps(found.at, UTC),
        "source": lookup(("web", "email"), draws.below("judgeme/source", key, 2)),
        "curated": pl.Series("", ["ok"] * len(found), dtype=pl.String),
        "reviewer_name": joined(first, " ", choose_text(whole, family, joined(family.str.slice(0, 1), "."))),
        "reviewer_email": told.addresses(world, _numbers(world, found)),
        "product_id": product_ids(found.product),
        "product_handle": lookup([p.title.lower().replace(" ", "-") for p in PRODUCTS], found.product),
        "reply": choose_text(replied, "We are sorry to hear that, please write to us.", None),
        "reply_date": choose_text(replied, stamps(found.at + 7_200, UTC), None),
        "picture_urls": none,
        "ip_address": none,
        "location": lookup([c.code for c in COUNTRIES], world.persons.country[found.person]),
    }
    return pl.DataFrame(columns).select(COLUMNS)


def _numbers(world: World, found: Reviews) -> I64:
    return told.address_numbers(world, found.person, found.at)


def _seen(world: World) -> Records:
    number = np.unique(_numbers(world, make_reviews(world, "judgeme")))
    return Records(number, number // 2)


def _link(world: World, edges: Edges) -> None:
    number = _seen(world).number
    edges.add("judgeme_reviewer", number, "mail", number)


PLUG = Plug(
    platform="judgeme",
    exports=(ExportObject("judgeme", "review", "files", "csv.gz", reviews_export),),
    records=(RecordKind("judgeme_reviewer", "judgeme", "reviewer", _seen, told.known_by_address),),
    link=_link,
)
