"""Trustpilot: private reviews. Invited reviewers carry e-mail and order number; of the others some say who they are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.platforms import reviews as told
from simulator.platforms.letters import json_pages
from simulator.platforms.reviews import Reviews, make_reviews
from simulator.platforms.shopify import order_name
from simulator.plug import Edges, ExportObject, Plug, RecordKind, Records, WrittenFile
from simulator.text import choose_text, hex16, joined, json_of, stamps, struct_of, when
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
ISO = "%Y-%m-%dT%H:%M:%SZ"
UNIT = "46d4a3f1000064000500a1b2"


def is_invited(world: World, found: Reviews) -> Bool:
    """Reviews that an invitation with the order's number led to."""
    return (found.order >= 0) & world.draws.chance("trustpilot/invited", found.key, 0.7)


def answered_at(world: World, found: Reviews) -> I64:
    """When a reviewer who was not invited told who they are; -1: never."""
    tells = ~is_invited(world, found) & world.draws.chance("trustpilot/answers", found.key, 0.4)
    return np.where(tells, found.at + DAY + world.draws.below("trustpilot/answered", found.key, 6 * DAY), -1)


def consumer_ids(world: World, who: I64) -> pl.Series:
    """Account of a reviewer at Trustpilot: 24 hexadecimal digits."""
    bits = world.draws.bits("trustpilot/consumer", who)
    return joined(hex16(bits), hex16(~bits).str.slice(0, 8))


def reviews_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Pages of the reviews written or answered in the night's window."""
    low, high = world.window(night)
    found = make_reviews(world, "trustpilot")
    answer = answered_at(world, found)
    fresh = ((found.at >= low) & (found.at < high)) | ((answer >= low) & (answer < high))
    rows = np.flatnonzero(fresh)
    yield from json_pages(
        _lines(world, found.take(rows), answer[rows], high),
        100,
        lambda text, page, is_last: f'{{"reviews":[{text}]}}\n',
    )


def _lines(world: World, found: Reviews, answer: I64, now: int) -> pl.Series:
    rows, invited = len(found), is_invited(world, found)
    told_who = (answer >= 0) & (answer < now)
    mail = told.addresses(world, told.address_numbers(world, found.person, found.at))
    first, family = told.full_names(world, found, "trustpilot/name")
    ids = joined(hex16(world.draws.bits("trustpilot/review", found.key)), "5f6b1c2a")
    response = struct_of(
        rows,
        referenceId=pl.lit(None, dtype=pl.String),
        name=joined(first, " ", family),
        email=mail,
        phoneNumber=pl.lit(None, dtype=pl.String),
        submittedAt=stamps(np.where(told_who, answer, -1), ISO),
    )
    asked = pl.DataFrame(
        {"t": told_who, "consumerResponse": response, "created": stamps(found.at + 3_600, ISO)}
    ).with_columns(pl.lit("consumerResponded").alias("status"), pl.lit("fr-1").alias("id"))
    request = pl.struct("id", "status", "created", "consumerResponse")
    requests = asked.select(pl.when("t").then(pl.concat_list(request))).to_series()
    return json_of(
        rows,
        id=ids,
        consumer=struct_of(
            rows,
            id=consumer_ids(world, found.person),
            displayName=first,
            displayLocation=pl.lit(None, dtype=pl.String),
            numberOfReviews=pl.lit(1),
        ),
        businessUnit=struct_of(
            rows, id=pl.lit(UNIT), identifyingName=pl.lit("journeyline.example"), displayName=pl.lit("Journeyline Home")
        ),
        stars=pl.Series(found.stars),
        title=told.titles(found),
        text=told.bodies(world, found),
        language=pl.lit("en"),
        createdAt=stamps(found.at, ISO),
        updatedAt=stamps(np.where(told_who, answer, -1), ISO),
        experiencedAt=stamps(found.at - DAY, ISO),
        referralEmail=when(invited, mail),
        referenceId=when(invited, order_name(np.maximum(found.order, 0)).str.strip_chars("#")),
        source=choose_text(invited, "AFSv2", "Organic"),
        isVerified=pl.Series(invited),
        status=pl.lit("active"),
        numberOfLikes=pl.lit(0),
        reviewVerificationLevel=choose_text(invited, "verified", "not-verified"),
        findReviewer=struct_of(rows, isEligible=pl.Series(~invited), requests=requests),
    )


def _seen(world: World) -> Records:
    who = np.unique(make_reviews(world, "trustpilot").person)
    return Records(who, who)


def _link(world: World, edges: Edges) -> None:
    found = make_reviews(world, "trustpilot")
    invited, answer = is_invited(world, found), answered_at(world, found)
    known = invited | ((answer >= 0) & (answer < end_of(world)))
    mail = told.address_numbers(world, found.person, found.at)
    edges.add("trustpilot_consumer", found.person, "mail", mail, known)
    edges.add("trustpilot_consumer", found.person, "order", found.order, invited)


PLUG = Plug(
    platform="trustpilot",
    exports=(ExportObject("trustpilot", "private_review", "files", "json", reviews_export),),
    records=(RecordKind("trustpilot_consumer", "trustpilot", "reviewer", _seen, consumer_ids),),
    link=_link,
)
