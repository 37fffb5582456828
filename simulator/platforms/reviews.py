"""Reviews of the made-up brand, whichever tool collects them: who wrote what, about which order, with how many stars.

A review is what the web shop's analytics calls `Product Reviewed`: the same person, a minute later, equally content.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records
from simulator.linkage import end_of
from simulator.platforms.letters import hex_digests
from simulator.records import Spelling
from simulator.text import choose_text, joined, lookup
from simulator.texts import BLOCKS, TEXTS
from simulator.touches import K
from simulator.world import World

I64 = NDArray[np.int64]
TOOLS = ("judgeme", "yotpo", "trustpilot")
_SHARES = (0.45, 0.30, 0.25)
_BAD_BODIES = (
    "Arrived late and one corner is broken.\nVery disappointed.",
    "Poor quality for this price, I expected more",
    "Not as pictured. Support took ages to answer.",
)
_FAIR_BODIES = ("It is okay, nothing special", "Nice, but smaller than I thought\n(measure twice!)")


@dataclass(frozen=True)
class Reviews:
    """Reviews by time. `order` is a position among the shop's orders or -1; `key` the step that they are."""

    key: I64
    person: I64
    at: I64
    order: I64
    product: I64
    stars: I64

    def __len__(self) -> int:
        return len(self.key)

    def take(self, rows: NDArray) -> Reviews:
        return Reviews(*(c[rows] for c in (self.key, self.person, self.at, self.order, self.product, self.stars)))


def make_reviews(world: World, tool: str) -> Reviews:
    """The reviews that one tool collects until the last night ends."""
    web, draws = world.web, world.draws
    rows = np.flatnonzero((web.kind == K["reviewed"]) & (web.at + 60 < end_of(world)))
    step = web.key[rows] // 32
    mine = draws.choice("review/tool", step, _SHARES) == TOOLS.index(tool)
    rows, step = rows[mine], step[mine]
    order = web.order[rows].astype(np.int64)
    first_line = world.shop.lines.start[np.maximum(order, 0)]
    bought = world.shop.lines.product[first_line] if len(world.shop) else np.zeros(len(rows), dtype=np.int64)
    from simulator.vocabulary import PRODUCTS

    product = np.where(order >= 0, bought, draws.below("review/product", step, len(PRODUCTS)))
    bad = web.is_bad_rating[rows]
    good = 3 + draws.choice("review/stars", step, (0.12, 0.28, 0.60))
    stars = np.where(bad, 1 + draws.below("review/stars/bad", step, 2), good)
    by_time = np.lexsort((step, web.at[rows]))
    found = Reviews(step, web.person[rows].astype(np.int64), web.at[rows] + 60, order, product, stars)
    return found.take(by_time)


def bodies(world: World, reviews: Reviews) -> pl.Series:
    """What a review says; it fits its stars."""
    start, size = BLOCKS["praise"]
    praise = start + world.draws.below("review/text", reviews.key, size)
    bad = lookup(_BAD_BODIES, world.draws.below("review/text/bad", reviews.key, len(_BAD_BODIES)))
    fair = lookup(_FAIR_BODIES, world.draws.below("review/text/fair", reviews.key, len(_FAIR_BODIES)))
    return choose_text(reviews.stars >= 4, lookup(TEXTS, praise), choose_text(reviews.stars <= 2, bad, fair))


def titles(reviews: Reviews) -> pl.Series:
    """A heading that fits the stars."""
    return lookup((None, "Never again", "Disappointing", "Fine", "Lovely", "Wonderful"), reviews.stars)


def shortened(world: World, reviews: Reviews, stream: str) -> pl.Series:
    """`Anna K.`"""
    first, family = full_names(world, reviews, stream)
    return joined(first, " ", family.str.slice(0, 1), ".")


def full_names(world: World, reviews: Reviews, stream: str) -> tuple[pl.Series, pl.Series]:
    """Given and family name as the reviewer writes them."""
    return records.names(
        world.draws, world.persons, reviews.person, reviews.at, reviews.key, stream, Spelling(nickname=0.1)
    )


def address_numbers(world: World, who: I64, at: I64) -> I64:
    """person * 2 + is the later address: evidence `mail`, and a name for whoever is known by address only."""
    return who * 2 + (world.persons.email_change_at[who] <= at)


def addresses(world: World, number: I64) -> pl.Series:
    """E-mail address of each number."""
    persons, index = world.persons, pl.Series(np.asarray(number) // 2).cast(pl.UInt32)
    return choose_text(number % 2 == 1, persons.email_after.gather(index), persons.email.gather(index))


def known_by_address(world: World, number: I64) -> pl.Series:
    """Id of a reviewer in the warehouse: md5 of the address."""
    return hex_digests(addresses(world, number))
