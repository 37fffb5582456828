"""Instagram: pages of comments and of conversations with their messages, as the Graph API gives them.

Times read `2026-03-01T10:00:00+0000`. The brand's own comments carry `from.self_ig_scoped_id`. Comments are pulled with
a look-back, so pages of two nights overlap; a conversation carries its 20 newest messages.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.hashtags import tagged, tags_of_posts
from simulator.journey import DAY
from simulator.sales import FIRST_ORDER_NUMBER
from simulator.text import choose_text, digits, joined, json_of, lookup, stamps, struct_of
from simulator.texts import BLOCKS, TEXTS, TOPIC_NAMES
from simulator.touches import Writings
from simulator.vocabulary import PRODUCTS, name_tables
from simulator.world import World

I64 = NDArray[np.int64]
GRAPH_TIME = "%Y-%m-%dT%H:%M:%S%z"
LOOK_BACK_DAYS = 3
BRAND_ID = 17_841_405_309_211_844
BRAND_NAME = "journeyline.home"
FIRST_COMMENT = 17_858_154_961_981_086
FIRST_IGSID = 6_100_000_000_000_000
FIRST_MEDIA = 17_846_368_219_941_692
MEDIA_COUNT = 60
_BLOCK_START = np.array([BLOCKS[t][0] for t in TOPIC_NAMES])
_BLOCK_SIZE = np.array([BLOCKS[t][1] for t in TOPIC_NAMES])


def scoped_ids(world: World, who: I64) -> I64:
    """Instagram-scoped id of each person."""
    return FIRST_IGSID + who * 1_000 + world.draws.below("social/id", who, 1_000)


def usernames(world: World, who: I64) -> pl.Series:
    """Handles: given name with something behind it; not a key, they say little."""
    from simulator.contacts import slugs

    persons, draws = world.persons, world.draws
    given, family = (
        lookup(slugs("given", name_tables().given), persons.given[who]),
        lookup(slugs("family", name_tables().family), persons.family[who]),
    )
    number = digits(draws.below("social/number", who, 10_000), 4)
    frame = pl.DataFrame({"g": given, "f": family, "n": number, "k": draws.below("social/kind", who, 3)})
    k = pl.col("k")
    return frame.select(
        pl.when(k == 0)
        .then(pl.concat_str("g", pl.lit("."), "f", "n"))
        .when(k == 1)
        .then(pl.concat_str("g", pl.lit("_"), "n"))
        .otherwise(pl.concat_str(pl.lit("the."), "g", "n"))
    ).to_series()


def texts(world: World, stream: str, key: I64, topic: NDArray, order: NDArray) -> pl.Series:
    """The text of each writing, the order number put in."""
    index = _BLOCK_START[topic] + (world.draws.uniform(stream + "/text", key) * _BLOCK_SIZE[topic]).astype(np.int64)
    frame = pl.DataFrame({"t": lookup(TEXTS, index), "o": np.asarray(order).astype(np.int64)})
    number = (
        pl.when(pl.col("o") >= 0)
        .then(pl.concat_str(pl.lit("#"), (pl.col("o") + FIRST_ORDER_NUMBER).cast(pl.String)))
        .otherwise(pl.lit("from last week"))
    )
    head, tail = (
        pl.col("t").str.split_exact("{n}", 1).struct.field("field_0"),
        pl.col("t").str.split_exact("{n}", 1).struct.field("field_1"),
    )
    return frame.select(
        pl.concat_str(head, pl.when(tail.is_not_null()).then(pl.concat_str(number, tail)).otherwise(pl.lit("")))
    ).to_series()


def comment_ids(key: I64) -> pl.Series:
    """Comment id of a writing's key."""
    return pl.Series(FIRST_COMMENT + key).cast(pl.String)


def comments(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """JSON records of the comments of the night's window and its look-back."""
    low, high = world.window(night)
    low = max(0, low - LOOK_BACK_DAYS * DAY) if night else 0
    written = world.voices.comments
    start, stop = np.searchsorted(written.at, [low, high])
    for begin in range(int(start), int(stop), chunk):
        yield _comment_records(world, written, np.arange(begin, min(begin + chunk, int(stop))))


def _comment_records(world: World, written: Writings, rows: I64) -> pl.Series:
    key, brand = written.key[rows], written.is_brand[rows]
    media = media_ids(media_of(world, written.key[rows] // 2, _asked_at(world, written, rows)))
    out = np.empty(len(rows), dtype=np.int64)
    parts, place = [], 0
    for is_brand in (False, True):
        mine = np.flatnonzero(brand == is_brand)
        if not len(mine):
            continue
        k, who = key[mine], written.person[rows[mine]].astype(np.int64)
        body = {
            "id": comment_ids(k),
            "text": tagged(
                world,
                "comment",
                k,
                written.topic[rows[mine]],
                written.at[rows[mine]],
                texts(world, "comment", k, written.topic[rows[mine]], written.order[rows[mine]]),
            ),
            "timestamp": stamps(written.at[rows[mine]], GRAPH_TIME),
        }
        if is_brand:
            account = {
                "id": pl.lit(str(BRAND_ID)),
                "username": pl.lit(BRAND_NAME),
                "self_ig_scoped_id": pl.lit(str(BRAND_ID)),
            }
            body |= {
                "username": pl.Series([BRAND_NAME]).new_from_index(0, len(mine)),
                "from": struct_of(len(mine), **account),
            }
            body["parent_id"] = comment_ids(written.parent[rows[mine]])
        else:
            handle = usernames(world, who)
            ids = pl.Series(scoped_ids(world, who)).cast(pl.String)
            body |= {"username": handle, "from": struct_of(len(mine), id=ids, username=handle)}
        body["media"] = struct_of(len(mine), id=media.gather(pl.Series(mine).cast(pl.UInt32)))
        body["hidden"] = pl.Series([False]).new_from_index(0, len(mine))
        body["like_count"] = pl.Series(world.draws.below("comment/likes", k, 8))
        parts.append(json_of(len(mine), **body))
        out[mine] = place + np.arange(len(mine))
        place += len(mine)
    return pl.concat(parts).gather(pl.Series(out).cast(pl.UInt32))


def message_ids(world: World, key: I64) -> pl.Series:
    """Opaque message ids."""
    from simulator.text import hex16

    return joined("aWdfZAG1faXRlbTox", hex16(world.draws.bits("message/id", key)), "ZD")


def conversation_ids(world: World, who: I64) -> pl.Series:
    """Opaque conversation id of a person's thread."""
    from simulator.text import hex16

    return joined("aWdfZAG06MTpJR01lc3NhZA2VUaHJlYWQ6", hex16(world.draws.bits("thread/id", who)))


def conversations(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """JSON records of the conversations with a new message in the night's window, each with its 20 newest messages."""
    low, high = world.window(night)
    written = world.voices.messages
    fresh = (written.at >= low) & (written.at < high)
    people = np.unique(written.person[fresh])
    for start in range(0, len(people), chunk):
        yield _conversation_records(world, written, people[start : start + chunk].astype(np.int64), high)


def _conversation_records(world: World, written: Writings, people: I64, now: int) -> pl.Series:
    known = np.flatnonzero((written.at < now) & np.isin(written.person, people))
    known = known[np.lexsort((-known, written.person[known]))]  # newest first within a person
    person = written.person[known].astype(np.int64)
    starts = np.searchsorted(person, people)
    rank = np.arange(len(known)) - starts[np.searchsorted(people, person)]
    known, person = known[rank < 20], person[rank < 20]
    key, brand, story = written.key[known], written.is_brand[known], written.is_story[known]
    handle = usernames(world, person)
    ids = pl.Series(scoped_ids(world, person)).cast(pl.String)
    mine, their = (pl.lit(str(BRAND_ID)), pl.lit(BRAND_NAME)), (pl.col("i"), pl.col("h"))
    mention = np.isin(written.topic[known], [TOPIC_NAMES.index("advocacy")]) & story
    frame = pl.DataFrame(
        {
            "p": person,
            "i": ids,
            "h": handle,
            "b": brand,
            "id": message_ids(world, key),
            "created_time": stamps(written.at[known], GRAPH_TIME),
            "message": tagged(
                world,
                "message",
                key,
                written.topic[known],
                written.at[known],
                texts(world, "message", key, written.topic[known], written.order[known]),
            ),
            "link": joined("https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=", digits(key, 12)),
            "story": story,
            "mention": mention,
        }
    )
    sender = (
        pl.when("b").then(pl.struct(id=mine[0], username=mine[1])).otherwise(pl.struct(id=their[0], username=their[1]))
    )
    receiver = (
        pl.when("b").then(pl.struct(id=their[0], username=their[1])).otherwise(pl.struct(id=mine[0], username=mine[1]))
    )
    empty = pl.lit(None, dtype=pl.Struct({"link": pl.String, "id": pl.String}))
    about = pl.struct(link=pl.col("link"), id=pl.col("id"))
    message = pl.struct(
        sender.alias("from"),
        id=pl.col("id"),
        created_time=pl.col("created_time"),
        to=pl.struct(data=pl.concat_list(receiver)),
        message=pl.col("message"),
        story=pl.when("story").then(
            pl.struct(
                mention=pl.when("mention").then(about).otherwise(empty),
                reply_to=pl.when(pl.col("mention").not_()).then(about).otherwise(empty),
            )
        ),
    )
    grouped = frame.group_by("p", maintain_order=True).agg(
        message.alias("messages"),
        pl.col("created_time").first().alias("updated_time"),
        pl.col("i").first(),
        pl.col("h").first(),
    )
    grouped = grouped.with_columns(conversation_ids(world, grouped["p"].to_numpy()).alias("id"))
    brand_party = pl.struct(id=mine[0], username=mine[1])
    record = pl.struct(
        id=pl.col("id"),
        updated_time=pl.col("updated_time"),
        participants=pl.struct(data=pl.concat_list(brand_party, pl.struct(id=pl.col("i"), username=pl.col("h")))),
        messages=pl.struct(data=pl.col("messages")),
    )
    return grouped.select(record.struct.json_encode()).to_series()


def media_times(world: World) -> I64:
    """When each of the brand's posts went up: every few days, from a week before anybody came."""
    start = (world.first_day - world.settings.history_days - 7) * DAY
    gap = (end_of_nights(world) - start) // MEDIA_COUNT
    index = np.arange(MEDIA_COUNT, dtype=np.int64)
    return start + index * gap + world.draws.below("media/time", index, gap // 2)


def end_of_nights(world: World) -> int:
    """First second after the last night."""
    return world.window(world.settings.nights - 1)[1]


def _asked_at(world: World, written: Writings, rows: I64) -> I64:
    """The moment of each comment, for an answer the moment of the comment it answers: both stand under one post."""
    asked = world.steps.at[written.key[rows] // 2]
    return np.asarray(asked, dtype=np.int64)


def media_of(world: World, key: I64, at: I64) -> I64:
    """The post a comment stands under: one that was up at the time, newer ones more often."""
    posted = np.maximum(np.searchsorted(media_times(world), at, side="right"), 1)
    newest = max(int(np.searchsorted(media_times(world), world.plan.outcry_at, side="right")) - 1, 0)
    usual = ((1 - world.draws.uniform("comment/media", key) ** 2) * posted).astype(np.int64).clip(0, posted - 1)
    return np.where(world.is_outcry[key], newest, usual)  # the outcry stands under one post


def media_ids(media: I64) -> pl.Series:
    """Media id of a post number."""
    return pl.Series(FIRST_MEDIA + media * 7).cast(pl.String)


def media(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """JSON records of all posts up at the end of the night, with their counts as of then."""
    from simulator.text import hex16

    now = world.window(night)[1]
    times = media_times(world)
    post = np.flatnonzero(times < now).astype(np.int64)
    written = world.voices.comments
    known = np.flatnonzero(written.at < now)
    places = media_of(world, written.key[known] // 2, _asked_at(world, written, known))
    comment_count = np.bincount(places, minlength=MEDIA_COUNT)[post]
    code = hex16(world.draws.bits("media/code", post)).str.slice(0, 11)
    reel = world.draws.chance("media/reel", post, 0.4)
    caption = joined(
        lookup([f"{p.title}. New in the shop." for p in PRODUCTS], post % len(PRODUCTS)),
        tags_of_posts(world, times[post]),
    )
    address = joined("https://scontent.cdninstagram.com/v/", code, f".jpg?oe={night:06x}")  # signed anew each night
    yield json_of(
        len(post),
        id=media_ids(post),
        ig_id=pl.Series(3_000_000_000_000_000_000 + post * 13).cast(pl.String),
        shortcode=code,
        permalink=joined("https://www.instagram.com/p/", code, "/"),
        username=pl.lit(BRAND_NAME),
        owner=pl.struct(id=pl.lit(str(BRAND_ID))),
        caption=caption,
        media_type=choose_text(reel, "VIDEO", "IMAGE"),
        media_product_type=choose_text(reel, "REELS", "FEED"),
        timestamp=stamps(times[post], GRAPH_TIME),
        like_count=pl.Series(40 + comment_count * 9),
        comments_count=pl.Series(comment_count),
        is_comment_enabled=pl.lit(True),
        media_url=address,
        thumbnail_url=address,
    )
