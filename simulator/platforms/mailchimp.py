"""Mailchimp: the brand's older newsletter: members, e-mail activity, unsubscribes, the audience, campaigns and reports.

A member's id is the md5 of the lower-case address, so an address that changes makes a new id; contact_id stays, and
the old id is never sent again. Opens of Gmail users come from Google's picture proxy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.persons import NEVER
from simulator.platforms.letters import (
    BOUNCED,
    BOUNCES,
    CLICKED,
    LEAVES,
    MACHINE_OPENED,
    SENT,
    Audience,
    Mails,
    campaign_times,
    hex_digests,
    json_pages,
    make_audience,
    make_mails,
)
from simulator.plug import Edges, ExportObject, Plug, RecordKind, Records, WrittenFile
from simulator.records import Spelling
from simulator.text import choose_text, digits, hex16, joined, json_of, lookup, stamps, struct_of, when
from simulator.vocabulary import COUNTRIES
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
ISO = "%Y-%m-%dT%H:%M:%S+00:00"
LIST_ID = "16d6ec4ffc"
FIRST_CAMPAIGN = 0x7847CDAE00
FIRST_WEB_ID = 546_044_412
LOOK_BACK = 3 * DAY


def campaign_ids(campaign: I64) -> pl.Series:
    """Ten hexadecimal digits."""
    return pl.Series("", [f"{FIRST_CAMPAIGN + int(c) * 7:010x}" for c in campaign], dtype=pl.String)


def audience_of(world: World) -> Audience:
    """Who is on the old list."""
    return make_audience(world, "mailchimp", 0.45)


def numbers_of(world: World, audience: Audience, now: int) -> I64:
    """Member number (person * 2 + is the later address) of each person of the audience, as of `now`."""
    return audience.person * 2 + (world.persons.email_change_at[audience.person] < now)


def addresses_of(world: World, number: I64) -> pl.Series:
    """The address of each member number."""
    persons, index = world.persons, pl.Series(number // 2).cast(pl.UInt32)
    return choose_text(number % 2 == 1, persons.email_after.gather(index), persons.email.gather(index))


def member_ids(world: World, number: I64) -> pl.Series:
    """md5 of the lower-case address."""
    return hex_digests(addresses_of(world, number))


def members_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Pages of the members that changed in the night's window."""
    low, high = world.window(night)
    audience = audience_of(world)
    moved = world.persons.email_change_at[audience.person]
    last = np.full(len(audience.person), -1, dtype=np.int64)
    for at in (audience.joined_at, audience.left_at, np.where(moved < NEVER, moved, -1)):
        last = np.where((at >= audience.joined_at) & (at < high), np.maximum(last, at), last)
    rows = np.flatnonzero(last >= low)

    def wrap(records_text: str, page: int, is_last: bool) -> str:
        return f'{{"members":[{records_text}],"list_id":"{LIST_ID}","total_items":{len(rows)}}}\n'

    yield from json_pages(_member_lines(world, audience, rows, last[rows], high), 1_000, wrap)


def _member_lines(world: World, audience: Audience, rows: I64, last: I64, now: int) -> pl.Series:
    who = audience.person[rows]
    number = numbers_of(world, audience, now)[rows]
    left = audience.left_at[rows] < now
    first, family = records.names(
        world.draws, world.persons, who, last, who, "mailchimp/name", Spelling(nickname=0.15, typo=0.01)
    )
    named = world.draws.chance("mailchimp/named", who, 0.8)
    status = np.where(left, audience.end[rows], 0)
    frame: dict[str, pl.Series | pl.Expr] = {
        "id": member_ids(world, number),
        "email_address": addresses_of(world, number),
        "unique_email_id": hex16(world.draws.bits("mailchimp/unique", number)).str.slice(0, 10),
        "contact_id": contact_ids(world, who),
        "full_name": choose_text(named, joined(first, " ", family), ""),
        "web_id": pl.Series(FIRST_WEB_ID + who),
        "email_type": pl.lit("html"),
        "status": lookup(("subscribed", "unsubscribed", "cleaned"), status),
        "merge_fields": struct_of(
            len(rows),
            FNAME=choose_text(named, first, ""),
            LNAME=choose_text(named, family, ""),
            ADDRESS=pl.lit(""),
            PHONE=pl.lit(""),
            BIRTHDAY=pl.lit(""),
        ),
        "stats": struct_of(len(rows), avg_open_rate=pl.lit(0.4), avg_click_rate=pl.lit(0.1)),
        "ip_signup": pl.lit(""),
        "timestamp_signup": stamps(audience.joined_at[rows], ISO),
        "ip_opt": pl.lit("93.73.161.112"),
        "timestamp_opt": stamps(audience.joined_at[rows], ISO),
        "member_rating": pl.lit(2),
        "last_changed": stamps(last, ISO),
        "language": pl.lit(""),
        "vip": pl.lit(False),
        "email_client": pl.lit(""),
        "location": struct_of(
            len(rows),
            latitude=pl.lit(0),
            longitude=pl.lit(0),
            gmtoff=pl.lit(0),
            dstoff=pl.lit(0),
            country_code=lookup([c.code for c in COUNTRIES], world.persons.country[who]),
            timezone=pl.lit(""),
        ),
        "source": pl.lit("Embed Form"),
        "tags_count": pl.lit(0),
        "list_id": pl.lit(LIST_ID),
    }
    return json_of(len(rows), **frame)


def contact_ids(world: World, who: I64) -> pl.Series:
    """Ids that stay when the address changes."""
    bits = world.draws.bits("mailchimp/contact", who)
    return joined(hex16(bits), hex16(~bits))


def activity_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """A file per campaign: opens, clicks and bounces of the night's window and three days before, nested by address."""
    low, high = world.window(night)
    audience = audience_of(world)
    mails = make_mails(world, "mailchimp", audience)
    recent = (mails.at >= (max(0, low - LOOK_BACK) if night else 0)) & (mails.at < high) & (mails.kind != SENT)
    mails = mails.take(np.flatnonzero(recent))
    for campaign in np.unique(mails.campaign).tolist() or [0]:
        part = mails.take(np.flatnonzero(mails.campaign == campaign))
        lines, ident = _address_lines(world, part, high), campaign_ids(np.array([campaign]))[0]
        text = ",\n".join(lines.to_list())
        body = f'{{"emails":[{text}],"campaign_id":"{ident}","total_items":{len(lines)}}}\n'
        yield WrittenFile(f"activity-{ident}.json", (body.encode(),), len(part))


def _address_lines(world: World, mails: Mails, now: int) -> pl.Series:
    """One record per address, its actions nested. The address is the one in use when the campaign went out."""
    sent = campaign_times(world)[mails.campaign]
    number = mails.person * 2 + (world.persons.email_change_at[mails.person] <= sent)
    machine, clicked, failed = mails.kind == MACHINE_OPENED, mails.kind == CLICKED, mails.kind == BOUNCED
    tail = pl.Series(2 + world.draws.below("mailchimp/ip", mails.key, 250)).cast(pl.String)
    frame = pl.DataFrame(
        {
            "id": member_ids(world, number),
            "mail": addresses_of(world, number),
            "action": choose_text(failed, "bounce", choose_text(clicked, "click", "open")),
            "timestamp": stamps(mails.at, ISO),
            "ip": when(~failed, choose_text(machine, joined("66.249.84.", tail), joined("93.73.161.", tail))),
            "url": when(clicked, pl.Series("", ["https://shop.journeyline.example/"] * len(mails), dtype=pl.String)),
            "type": when(failed, pl.Series("", ["hard"] * len(mails), dtype=pl.String)),
            "campaign": campaign_ids(mails.campaign),
        }
    )
    grouped = frame.group_by("id", maintain_order=True).agg(
        pl.struct("action", "timestamp", "ip", "url", "type").alias("activity"), pl.col("mail", "campaign").first()
    )
    record = pl.struct(
        campaign_id=pl.col("campaign"),
        list_id=pl.lit(LIST_ID),
        list_is_active=pl.lit(True),
        email_id=pl.col("id"),
        email_address=pl.col("mail"),
        activity=pl.col("activity"),
    )
    return grouped.select(record.struct.json_encode()).to_series()


def unsubscribes_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Who left through a campaign in the night's window."""
    low, high = world.window(night)
    audience = audience_of(world)
    at, sent = audience.left_at, campaign_times(world)
    campaign = np.searchsorted(sent, at) - 1
    rows = np.flatnonzero((audience.end == LEAVES) & (at >= low) & (at < high) & (campaign >= 0))
    number = audience.person[rows] * 2 + (world.persons.email_change_at[audience.person[rows]] <= at[rows])
    lines = json_of(
        len(rows),
        email_id=member_ids(world, number),
        email_address=addresses_of(world, number),
        vip=pl.lit(False),
        timestamp=stamps(at[rows], ISO),
        reason=pl.lit("None given"),
        campaign_id=campaign_ids(campaign[rows]),
        list_id=pl.lit(LIST_ID),
        list_is_active=pl.lit(True),
    )
    yield from json_pages(lines, 1_000, lambda text, page, is_last: f'{{"unsubscribes":[{text}]}}\n')


def lists_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """The one audience, with its counts as of the end of the night."""
    now = world.window(night)[1]
    audience = audience_of(world)
    there = audience.joined_at < now
    left = there & (audience.left_at < now)
    made = stamps(np.array([(world.first_day - world.settings.history_days - 400) * DAY]), ISO)
    counts = struct_of(
        1,
        member_count=pl.lit(int((there & ~left).sum())),
        unsubscribe_count=pl.lit(int((left & (audience.end == LEAVES)).sum())),
        cleaned_count=pl.lit(int((left & (audience.end == BOUNCES)).sum())),
    )
    line = json_of(
        1, id=pl.lit(LIST_ID), name=pl.lit("Journeyline Letter"), date_created=made, double_optin=pl.lit(True),
        visibility=pl.lit("prv"), beamer_address=pl.lit("us10-d527bd96ba-6d1a9988db@inbound.mailchimp.com"),
        stats=counts,
    )  # fmt: skip
    yield from json_pages(line, 10, lambda text, page, is_last: f'{{"lists":[{text}],"total_items":1}}\n')


def reports_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Figures of all campaigns so far."""
    now = world.window(night)[1]
    audience, sent = audience_of(world), campaign_times(world)
    mails = make_mails(world, "mailchimp", audience)
    mails = mails.take(np.flatnonzero(mails.at < now))
    campaign = np.flatnonzero(sent < now)

    def count(*kinds: int, people: bool = False) -> pl.Series:
        rows = np.isin(mails.kind, kinds)
        frame = pl.DataFrame({"c": mails.campaign[rows], "p": mails.person[rows]})
        figures = frame.group_by("c").agg(pl.col("p").n_unique() if people else pl.len().alias("p"))
        found = np.zeros(len(sent), dtype=np.int64)
        found[figures["c"].to_numpy()] = figures["p"].to_numpy()
        return pl.Series(found[campaign])

    opens = (MACHINE_OPENED, MACHINE_OPENED - 1)
    left = audience.left_at[(audience.end == LEAVES) & (audience.left_at < now)]
    through = np.searchsorted(sent, left) - 1
    gone = np.bincount(through[through >= 0], minlength=len(sent))[campaign]
    rows = len(campaign)
    line = json_of(
        rows,
        id=campaign_ids(campaign),
        campaign_title=joined("Letter ", digits(campaign + 1, 3)),
        type=pl.lit("regular"),
        list_id=pl.lit(LIST_ID),
        list_is_active=pl.lit(True),
        list_name=pl.lit("Journeyline Letter"),
        subject_line=joined("Letter no. ", digits(campaign + 1, 3)),
        emails_sent=count(SENT),
        abuse_reports=pl.lit(0),
        unsubscribed=pl.Series(gone),
        send_time=stamps(sent[campaign], ISO),
        bounces=struct_of(rows, hard_bounces=count(BOUNCED), soft_bounces=pl.lit(0), syntax_errors=pl.lit(0)),
        forwards=struct_of(rows, forwards_count=pl.lit(0), forwards_opens=pl.lit(0)),
        opens=struct_of(rows, opens_total=count(*opens), unique_opens=count(*opens, people=True)),
        clicks=struct_of(rows, clicks_total=count(CLICKED), unique_subscriber_clicks=count(CLICKED, people=True)),
    )
    yield from json_pages(line, 1_000, lambda text, page, is_last: f'{{"reports":[{text}],"total_items":{rows}}}\n')


def shown_first(world: World, audience: Audience) -> Bool:
    """Members that a night's export shows with their first address: those who had not changed it by the night's end."""
    night_end = np.maximum(world.window(0)[1], (audience.joined_at // DAY + 1) * DAY)
    return (audience.joined_at < end_of(world)) & (world.persons.email_change_at[audience.person] >= night_end)


def mailed_first(world: World, audience: Audience) -> Bool:
    """Whose first address shows in the activity or among the unsubscribes."""
    mails, sent, end = make_mails(world, "mailchimp", audience), campaign_times(world), end_of(world)
    moved = world.persons.email_change_at
    shown = mails.person[(mails.kind != SENT) & (mails.at < end) & (moved[mails.person] > sent[mails.campaign])]
    left = (audience.end == LEAVES) & (audience.left_at < end) & (moved[audience.person] > audience.left_at)
    return np.isin(audience.person, shown) | (left & (np.searchsorted(sent, audience.left_at) > 0))


def _seen(world: World) -> Records:
    """Members as they are at the end of each night, and first addresses that only mails and unsubscribes show."""
    audience, end = audience_of(world), end_of(world)
    one = audience.person[shown_first(world, audience) | mailed_first(world, audience)] * 2
    two = audience.person[(audience.joined_at < end) & (world.persons.email_change_at[audience.person] < end)] * 2 + 1
    number = np.unique(np.concatenate((one, two)))
    return Records(number, number // 2)


def _link(world: World, edges: Edges) -> None:
    seen, audience = _seen(world), audience_of(world)
    edges.add("mailchimp_member", seen.number, "mail", seen.number)
    first = np.isin(seen.person, audience.person[shown_first(world, audience)])
    edges.add("mailchimp_member", seen.number, "mailchimp_contact", seen.person, (seen.number % 2 == 1) | first)


PLUG = Plug(
    platform="mailchimp",
    exports=(
        ExportObject("mailchimp", "member", "files", "json", members_export),
        ExportObject("mailchimp", "email_activity", "files", "json", activity_export),
        ExportObject("mailchimp", "unsubscribe", "files", "json", unsubscribes_export),
        ExportObject("mailchimp", "list", "files", "json", lists_export),
        ExportObject("mailchimp", "report", "files", "json", reports_export),
    ),
    records=(RecordKind("mailchimp_member", "mailchimp", "subscriber", _seen, member_ids),),
    evidence=("mailchimp_contact",),
    link=_link,
)
