"""Zendesk: cursor pages of the incremental exports: tickets, users, user identities, satisfaction ratings.

A ticket is sent again whenever it changed: created, solved, rated, closed. Agents are among the users. Identities
bridge e-mail, phone and Instagram accounts of one support user. The order number stands in a custom field.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records
from simulator.faults import touched_tickets
from simulator.platforms.instagram import scoped_ids, texts, usernames
from simulator.platforms.shopify import order_name
from simulator.records import Spelling
from simulator.text import choose_text, joined, lookup, stamps, when
from simulator.texts import SUBJECTS, TOPIC_NAMES
from simulator.vocabulary import COUNTRIES
from simulator.world import FIRST_SUPPORT_USER, FIRST_TICKET, World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
ISO = "%Y-%m-%dT%H:%M:%SZ"
ORDER_FIELD = 360_012_345_678
AGENTS = ("Ava Archer", "Noah Klein", "Mia Laurent", "Support Robot")
FIRST_AGENT = 370_295_712_714
CHANNELS = ("email", "web", "instagram_dm", "voice")
FIRST_IDENTITY = 35_436_000_000
FIRST_RATING = 62_000_000_000
URL = "https://journeyline.zendesk.com/api/v2"
SUPPORT_MAIL = "help@journeyline.example"
_SUBJECT_TABLE = [s for name in TOPIC_NAMES for s in SUBJECTS.get(name, ("Message",))]
_SUBJECT_START = np.cumsum([0] + [len(SUBJECTS.get(name, ("Message",))) for name in TOPIC_NAMES])


def agent_of(world: World, ticket: I64) -> I64:
    """Agent who handles each ticket."""
    return FIRST_AGENT + world.draws.below("ticket/agent", ticket, len(AGENTS) - 1) * 11


def last_changes(world: World, before: int) -> I64:
    """When each ticket last changed before a moment; -1 when it did not exist."""
    t = world.voices.tickets
    last = np.full(len(t), -1, dtype=np.int64)
    for times in (t.at, t.first_solved_at, t.reopened_at, t.solved_at, t.rated_at, t.closed_at):
        last = np.where((times >= 0) & (times < before), np.maximum(last, times), last)
    return np.where(t.at < before, last, -1)


def touched_keys(world: World, night: int) -> list[str]:
    """Ids of the tickets that are sent again without a change."""
    low, high = world.window(night)
    rows = touched_tickets(world, night, last_changes(world, high), low)
    return [str(FIRST_TICKET + int(row)) for row in rows]


def tickets(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """JSON records of the tickets that changed in the night's window, and of some that were only touched."""
    low, high = world.window(night)
    last = last_changes(world, high)
    changed = np.flatnonzero(last >= low)
    rows = np.concatenate((changed, touched_tickets(world, night, last, low))).astype(np.int64)
    generated = np.where(last[rows] >= low, last[rows] + 2, high - 600)
    for start in range(0, len(rows), chunk):
        part = slice(start, start + chunk)
        yield _ticket_records(world, rows[part], last[rows[part]], generated[part], high)


def _ticket_records(world: World, row: I64, last: I64, generated: I64, now: int) -> pl.Series:
    t, draws = world.voices.tickets, world.draws
    ident = FIRST_TICKET + row
    user = FIRST_SUPPORT_USER + world.support.of_ticket[row] * 1_009
    who, topic, order = t.person[row].astype(np.int64), t.topic[row], t.order[row].astype(np.int64)
    reopened = (t.reopened_at[row] >= 0) & (t.reopened_at[row] < now)
    solved, closed = (t.solved_at[row] < now) | ((t.first_solved_at[row] < now) & ~reopened), t.closed_at[row] < now
    rated = (t.rated_at[row] >= 0) & (t.rated_at[row] < now)
    status = np.where(closed, 3, np.where(solved, 2, np.where(draws.chance("ticket/pending", row, 0.4), 1, 0)))
    subject_index = _SUBJECT_START[topic] + (
        draws.uniform("ticket/subject", row) * np.diff(_SUBJECT_START)[topic]
    ).astype(np.int64)
    subject = lookup(_SUBJECT_TABLE, subject_index)
    channel = t.channel[row]
    named = t.names_order[row] & (order >= 0)
    number = when(named, order_name(np.maximum(order, 0)))
    at_key = t.at[row]
    mail = support_email(world, who)
    frame = pl.DataFrame(
        {
            "id": ident,
            "url": joined(f"{URL}/tickets/", pl.Series(ident).cast(pl.String), ".json"),
            "channel": lookup(CHANNELS, channel),
            "name": support_name(world, world.support.of_ticket[row]),
            "mail": when(channel == 0, mail),
            "handle": when(channel == 2, usernames(world, who)),
            "igsid": when(channel == 2, pl.Series(scoped_ids(world, who)).cast(pl.String)),
            "phone": when(channel == 3, records.phone_at(world.persons, who, at_key)),
            "created_at": stamps(t.at[row], ISO),
            "updated_at": stamps(last, ISO),
            "generated_timestamp": generated,
            "subject": subject,
            "description": texts(world, "ticket", t.key[row], topic, np.where(named, order, -1)),
            "status": lookup(("open", "pending", "solved", "closed"), status),
            "priority": lookup(("normal", "high", "urgent"), draws.choice("ticket/priority", row, (0.7, 0.22, 0.08))),
            "kind": lookup(("question", "problem", "incident"), draws.choice("ticket/kind", row, (0.5, 0.3, 0.2))),
            "requester_id": user,
            "assignee_id": agent_of(world, row),
            "number": number,
            "topic": lookup(TOPIC_NAMES, topic.astype(np.int64)),
            "score": lookup(
                ("unoffered", "offered", "good", "bad"),
                np.where(rated, np.where(t.is_good[row], 2, 3), np.where(solved, 1, 0)),
            ),
        }
    )
    record = pl.struct(
        id=pl.col("id"),
        url=pl.col("url"),
        external_id=pl.lit(None, dtype=pl.String),
        via=pl.struct(
            channel=pl.col("channel"),
            source=pl.struct(
                pl.struct(
                    address=pl.col("mail"),
                    name=pl.col("name"),
                    phone=pl.col("phone"),
                    username=pl.col("handle"),
                    id=pl.col("igsid"),
                ).alias("from"),
                to=pl.struct(name=pl.lit("Journeyline Home"), address=pl.lit(SUPPORT_MAIL)),
                rel=pl.lit(None, dtype=pl.String),
            ),
        ),
        created_at=pl.col("created_at"),
        updated_at=pl.col("updated_at"),
        generated_timestamp=pl.col("generated_timestamp"),
        type=pl.col("kind"),
        subject=pl.col("subject"),
        raw_subject=pl.col("subject"),
        description=pl.col("description"),
        priority=pl.col("priority"),
        status=pl.col("status"),
        recipient=pl.lit(SUPPORT_MAIL),
        requester_id=pl.col("requester_id"),
        submitter_id=pl.col("requester_id"),
        assignee_id=pl.col("assignee_id"),
        organization_id=pl.lit(None, dtype=pl.Int64),
        group_id=pl.lit(360_006_965_034),
        collaborator_ids=pl.concat_list(pl.lit(None, dtype=pl.Int64)).list.drop_nulls(),
        has_incidents=pl.lit(False),
        is_public=pl.lit(True),
        due_at=pl.lit(None, dtype=pl.String),
        tags=pl.concat_list("topic"),
        custom_fields=pl.concat_list(pl.struct(id=pl.lit(ORDER_FIELD), value=pl.col("number"))),
        satisfaction_rating=pl.struct(score=pl.col("score")),
        brand_id=pl.lit(360_003_529_474),
        allow_channelback=pl.lit(False),
        from_messaging_channel=pl.col("channel") == "instagram_dm",
    )
    return frame.select(record.struct.json_encode()).to_series()


def support_email_is_other(world: World, who: I64) -> Bool:
    """Who writes to support from another mailbox than the one the shop knows."""
    return (
        world.draws.chance("support/other_mail", who, 0.22)
        & ~world.persons.is_email_shared[who]
        & (world.persons.email_change_at[who] > 2**61)
    )


def support_email(world: World, who: I64) -> pl.Series:
    """The address a person writes to support from: usually the shop's, sometimes their other mailbox."""
    persons = world.persons
    other = support_email_is_other(world, who)
    index = pl.Series(who).cast(pl.UInt32)
    return choose_text(other, persons.email_after.gather(index), persons.email.gather(index))


def support_name(world: World, user: I64) -> pl.Series:
    """Name of a support user; callers are known by number, social users by handle."""
    support = world.support
    who = support.person[user]
    first, last = records.names(
        world.draws,
        world.persons,
        who,
        support.created_at[user],
        user,
        "support/name",
        Spelling(nickname=0.2, typo=0.02),
    )
    return choose_text(support.is_social[user], usernames(world, who), joined(first, " ", last))


def identity_kinds(world: World, user: I64) -> dict[str, Bool]:
    """Which identities each support user has."""
    support, draws = world.support, world.draws
    who, social = support.person[user], support.is_social[user]
    joined_up = draws.chance("support/joined", who, 0.6) & writes_by_instagram(world)[who]
    return {
        "email": ~social,
        "other_email": ~social & support_email_is_other(world, who) & draws.chance("support/two_mails", user, 0.5),
        "phone_number": ~social & draws.chance("support/phone", user, 0.3),
        "any_channel": social | joined_up,
    }


def writes_by_instagram(world: World) -> Bool:
    """Persons who have sent support a message through Instagram."""
    flags = np.zeros(len(world.persons), dtype=bool)
    t = world.voices.tickets
    flags[t.person[t.channel == 2]] = True
    return flags


def users_changed(world: World, night: int) -> I64:
    """Support users made in the night's window."""
    low, high = world.window(night)
    made = world.support.created_at
    return np.flatnonzero((made >= low) & (made < high))


def users(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """JSON records of new users; the agents come with the first night."""
    if night == 0:
        yield _agents(world)
    rows = users_changed(world, night)
    for start in range(0, len(rows), chunk):
        yield _user_records(world, rows[start : start + chunk])


def _user_records(world: World, user: I64) -> pl.Series:
    support, persons = world.support, world.persons
    who, made, social = support.person[user], support.created_at[user], support.is_social[user]
    has_phone = identity_kinds(world, user)["phone_number"]
    moment = stamps(made, ISO)
    phone = records.spelled_phone(world.draws, persons, who, made, user, "support/phone")
    ident = FIRST_SUPPORT_USER + user * 1_009
    frame = pl.DataFrame(
        {
            "id": ident,
            "url": joined(f"{URL}/users/", pl.Series(ident).cast(pl.String), ".json"),
            "name": support_name(world, user),
            "email": when(~social, support_email(world, who)),
            "phone": when(has_phone, phone),
            "shared_phone_number": persons.is_phone_shared[who] & has_phone,
            "created_at": moment,
            "updated_at": moment,
            "verified": ~social,
            "locale": lookup([c.faker_locale.replace("_", "-") for c in COUNTRIES], persons.country[who]),
        }
    )
    return _user_json(frame.with_columns(pl.lit("end-user").alias("role")))


def _user_json(frame: pl.DataFrame) -> pl.Series:
    record = pl.struct(
        "id",
        "url",
        "name",
        "email",
        "created_at",
        "updated_at",
        "phone",
        "shared_phone_number",
        "role",
        "verified",
        "locale",
        time_zone=pl.lit("Eastern Time (US & Canada)"),
        iana_time_zone=pl.lit("America/New_York"),
        external_id=pl.lit(None, dtype=pl.String),
        alias=pl.lit(None, dtype=pl.String),
        active=pl.lit(True),
        suspended=pl.lit(False),
        permanently_deleted=pl.lit(False),
        notes=pl.lit(None, dtype=pl.String),
        details=pl.lit(None, dtype=pl.String),
        organization_id=pl.lit(None, dtype=pl.Int64),
        last_login_at=pl.lit(None, dtype=pl.String),
        tags=pl.concat_list(pl.lit(None, dtype=pl.String)).list.drop_nulls(),
    )
    return frame.select(record.struct.json_encode()).to_series()


def _agents(world: World) -> pl.Series:
    rows = np.arange(len(AGENTS))
    ident = FIRST_AGENT + rows * 11
    moment = stamps(np.full(len(rows), (world.first_day - 400) * 86_400 + 36_000), ISO)
    names = pl.Series("", AGENTS)
    frame = pl.DataFrame(
        {
            "id": ident,
            "url": joined(f"{URL}/users/", pl.Series(ident).cast(pl.String), ".json"),
            "name": names,
            "email": joined(names.str.to_lowercase().str.replace_all(" ", "."), "@journeyline.example"),
            "created_at": moment,
            "updated_at": moment,
            "role": lookup(("agent", "admin"), (rows == 0).astype(np.int64)),
        }
    )
    return _user_json(
        frame.with_columns(
            pl.lit(None, dtype=pl.String).alias("phone"),
            pl.lit(False).alias("shared_phone_number"),
            pl.lit(True).alias("verified"),
            pl.lit("en-US").alias("locale"),
        )
    )


def user_identities(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """JSON records of the identities of the night's users."""
    rows = users_changed(world, night)
    for start in range(0, len(rows), chunk):
        yield _identity_records(world, rows[start : start + chunk])


def _identity_records(world: World, user: I64) -> pl.Series:
    support, persons = world.support, world.persons
    parts = []
    for slot, (kind, has) in enumerate(identity_kinds(world, user).items()):
        mine = user[has]
        who = support.person[mine]
        if kind == "email":
            value = support_email(world, who)
        elif kind == "other_email":
            value = persons.email.gather(pl.Series(who).cast(pl.UInt32))
        elif kind == "phone_number":
            value = records.phone_at(persons, who, support.created_at[mine])
        else:
            value = pl.Series(scoped_ids(world, who)).cast(pl.String)
        moment = stamps(support.created_at[mine], ISO)
        ident = FIRST_IDENTITY + mine * 8 + slot
        parts.append(
            pl.DataFrame(
                {
                    "id": ident,
                    "url": joined(
                        f"{URL}/users/",
                        pl.Series(FIRST_SUPPORT_USER + mine * 1_009).cast(pl.String),
                        "/identities/",
                        pl.Series(ident).cast(pl.String),
                        ".json",
                    ),
                    "user_id": FIRST_SUPPORT_USER + mine * 1_009,
                }
            ).with_columns(
                pl.lit("email" if kind == "other_email" else kind).alias("type"),
                value.alias("value"),
                pl.lit(kind != "phone_number").alias("verified"),
                pl.lit(kind == "email").alias("primary"),
                moment.alias("created_at"),
                moment.alias("updated_at"),
            )
        )
    frame = pl.concat(parts).sort("id")
    return frame.select(pl.struct(pl.all()).struct.json_encode()).to_series()


def satisfaction_ratings(world: World, night: int, chunk: int) -> Iterator[pl.Series]:
    """JSON records of ratings offered or given in the night's window."""
    low, high = world.window(night)
    t = world.voices.tickets
    given = (t.rated_at >= low) & (t.rated_at < high)
    offered = (t.first_solved_at >= low) & (t.first_solved_at < high)
    rows = np.flatnonzero(given | offered)
    for start in range(0, len(rows), chunk):
        yield _rating_records(world, rows[start : start + chunk], high)


def _rating_records(world: World, row: I64, now: int) -> pl.Series:
    t = world.voices.tickets
    rated = (t.rated_at[row] >= 0) & (t.rated_at[row] < now)
    score = np.where(rated, np.where(t.is_good[row], 1, 2), 0)
    ident = FIRST_RATING + row * 4
    comment = choose_text(
        t.is_good[row], "Thank you, that was fast and friendly", "Still disappointed, this took far too long"
    )
    frame = pl.DataFrame(
        {
            "id": ident,
            "url": joined(f"{URL}/satisfaction_ratings/", pl.Series(ident).cast(pl.String), ".json"),
            "ticket_id": FIRST_TICKET + row,
            "requester_id": FIRST_SUPPORT_USER + world.support.of_ticket[row] * 1_009,
            "assignee_id": agent_of(world, row),
            "score": lookup(("offered", "good", "bad"), score),
            "created_at": stamps(t.first_solved_at[row], ISO),
            "updated_at": stamps(np.where(rated, t.rated_at[row], t.first_solved_at[row]), ISO),
            "comment": when(rated & world.draws.chance("rating/comment", row, 0.5), comment),
        }
    ).with_columns(pl.lit(360_006_965_034).alias("group_id"), pl.lit(None, dtype=pl.String).alias("reason"))
    return frame.select(pl.struct(pl.all()).struct.json_encode()).to_series()
