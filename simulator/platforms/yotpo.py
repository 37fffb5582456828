"""Yotpo: reviews (31 days come again), the mails that ask for them, and who wants none.

Reviewers are shown as `John S.`. A mail asks a week after delivery; what happens to it later restates its record.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.behaviour import S
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.platforms import reviews as told
from simulator.platforms.letters import json_pages
from simulator.platforms.reviews import make_reviews
from simulator.platforms.shopify import order_name
from simulator.plug import Edges, ExportObject, Plug, RecordKind, Records, WrittenFile
from simulator.text import choose_text, json_of, lookup, stamps
from simulator.vocabulary import PRODUCTS
from simulator.world import World

I64 = NDArray[np.int64]
ISO = "%Y-%m-%dT%H:%M:%S.000Z"
LOOK_BACK = 31 * DAY
FIRST_REVIEW = 465_176_213


def reviews_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Pages of the reviews of the last 31 days, flagged when they were deleted since."""
    low, high = world.window(night)
    found = make_reviews(world, "yotpo")
    found = found.take(np.flatnonzero((found.at >= (max(0, low - LOOK_BACK) if night else 0)) & (found.at < high)))
    draws, key = world.draws, found.key
    deleted_at = found.at + DAY + draws.below("yotpo/deleted_after", key, 9 * DAY)
    deleted = draws.chance("yotpo/deleted", key, 0.04) & (deleted_at < high)
    rewarded = draws.chance("yotpo/rewarded", key, 0.2)
    lines = json_of(
        len(found),
        id=pl.Series(FIRST_REVIEW + key),
        title=told.titles(found),
        content=told.bodies(world, found),
        score=pl.Series(found.stars),
        votes_up=pl.Series(draws.below("yotpo/votes", key, 4)),
        votes_down=pl.lit(0),
        created_at=stamps(found.at, ISO),
        updated_at=stamps(np.where(deleted, deleted_at, found.at + 90), ISO),
        sentiment=pl.Series((found.stars * 2 - 1) / 10),
        sku=lookup([p.sku for p in PRODUCTS], found.product),
        name=told.shortened(world, found, "yotpo/name"),
        email=told.addresses(world, told.address_numbers(world, found.person, found.at)),
        reviewer_type=choose_text(found.order >= 0, "verified_buyer", "verified_reviewer"),
        deleted=pl.Series(deleted),
        archived=pl.lit(False),
        escalated=pl.lit(False),
        is_incentivized=pl.Series(rewarded),
        incentive_type=choose_text(rewarded, "coupon", None),
    )
    yield from json_pages(lines, 100, lambda text, page, is_last: f'{{"reviews":[{text}]}}\n')


def asked(world: World) -> tuple[I64, I64]:
    """(order, time of the mail) of the delivered orders whose buyer is asked for a review."""
    shop = world.shop
    order = np.arange(len(shop), dtype=np.int64)
    at = shop.delivered_at + 7 * DAY
    mailed = (shop.delivered_at >= 0) & (shop.cancelled_at < 0) & (shop.contact == 0)
    mailed &= world.draws.chance("yotpo/asks", order, 0.4)
    return order[mailed], at[mailed]


def requests_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """The mails of the last 31 days as of the end of the night."""
    low, high = world.window(night)
    order, at = asked(world)
    rows = (at >= (max(0, low - LOOK_BACK) if night else 0)) & (at < high)
    order, at = order[rows], at[rows]
    draws, who = world.draws, world.shop.person[order]
    opened = np.where(draws.chance("yotpo/opened", order, 0.4), at + 900 + draws.below("yotpo/later", order, DAY), -1)
    clicked = _clicked(world, who, at)
    opened = np.where((clicked >= 0) & (opened < 0), clicked - 20, opened)
    left = np.where(draws.chance("yotpo/leaves", order, 0.02), at + 1_200, -1)

    def seen(moment: I64) -> pl.Series:
        return stamps(np.where(moment < high, moment, -1), ISO)

    number = _request_numbers(world, order)
    product = world.shop.lines.product[world.shop.lines.start[order]]
    lines = json_of(
        len(order),
        email_address=told.addresses(world, number),
        order_id=order_name(order).str.strip_chars("#"),
        order_timestamp=stamps(world.shop.at[order], ISO),
        product_id=pl.Series(8_100_000_010_000 + product).cast(pl.String),
        sku=lookup([p.sku for p in PRODUCTS], product),
        email_type=pl.lit("tpr"),
        reminder_num=pl.lit(0),
        review_type=pl.lit("product"),
        platform=pl.lit("shopify"),
        email_sent_timestamp=stamps(at, ISO),
        opened_timestamp=seen(opened),
        clicked_through_timestamp=seen(clicked),
        unsubscribed_timestamp=seen(left),
    )
    yield from json_pages(lines, 1_000, lambda text, page, is_last: f'{{"records":[{text}],"total":{len(order)}}}\n')


def _clicked(world: World, who: I64, at: I64) -> I64:
    """A click is how the first return visit of the next ten days began; -1: there is none."""
    steps = world.steps
    visits = np.flatnonzero(steps.state == S["return_visit"])
    keys = steps.person[visits].astype(np.int64) * 2**33 + steps.at[visits]
    place = np.searchsorted(keys, who * 2**33 + at + 1_000)
    there = place < len(visits)
    visit = visits[np.minimum(place, max(len(visits) - 1, 0))] if len(visits) else np.zeros(len(who), dtype=np.int64)
    mine = there & (steps.person[visit] == who) & (steps.at[visit] - at < 10 * DAY)
    return np.where(mine & world.draws.chance("yotpo/clicks", visit, 0.4), steps.at[visit] - 15, -1)


def _request_numbers(world: World, order: I64) -> I64:
    """Whom the mail goes to: the buyer's address when the order was placed."""
    return told.address_numbers(world, world.shop.person[order], world.shop.at[order])


def unsubscribers_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Everybody who wants no such mails, in full."""
    high = world.window(night)[1]
    order, at = asked(world)
    gone = world.draws.chance("yotpo/leaves", order, 0.02) & (at + 1_200 < high)
    number = np.unique(_request_numbers(world, order)[gone])
    lines = json_of(
        len(number),
        id=pl.Series(77_000 + number),
        user_email=told.addresses(world, number),
        email_type_id=pl.lit(3),
        unsubscribed_by_name=pl.lit(None, dtype=pl.String),
    )
    yield from json_pages(lines, 100, lambda text, page, is_last: f'{{"response":{{"unsubscribers":[{text}]}}}}\n')


def _numbers(world: World) -> tuple[I64, I64, I64]:
    """(numbers of reviewers, numbers of those asked, their orders)."""
    found = make_reviews(world, "yotpo")
    order, at = asked(world)
    order, at = order[at < end_of(world)], at[at < end_of(world)]
    return told.address_numbers(world, found.person, found.at), _request_numbers(world, order), order


def _seen(world: World) -> Records:
    wrote, mailed, _ = _numbers(world)
    number = np.unique(np.concatenate((wrote, mailed)))
    return Records(number, number // 2)


def _link(world: World, edges: Edges) -> None:
    number = _seen(world).number
    edges.add("yotpo_reviewer", number, "mail", number)
    _, mailed, order = _numbers(world)
    edges.add("yotpo_reviewer", mailed, "order", order)


PLUG = Plug(
    platform="yotpo",
    exports=(
        ExportObject("yotpo", "review", "files", "json", reviews_export),
        ExportObject("yotpo", "review_request", "files", "json", requests_export),
        ExportObject("yotpo", "unsubscriber", "files", "json", unsubscribers_export),
    ),
    records=(RecordKind("yotpo_reviewer", "yotpo", "reviewer", _seen, told.known_by_address),),
    link=_link,
)
