"""Klaviyo: pages of its JSON:API: profiles, events, metrics, lists, suppressed profiles, merges.

A person who changes their address gets a second profile; the brand merges most of the pairs a few days later. From then
on events carry the surviving id, also those of the evening before, which come again (the pull overlaps by a day). The
shop tells Klaviyo about orders with its internal order id, and about accounts with the customer id as external_id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.persons import NEVER
from simulator.platforms.letters import LEAVES, Audience, has_own_mailbox, json_pages, make_audience
from simulator.plug import Edges, ExportObject, Plug, RecordKind, Records, WrittenFile
from simulator.records import Spelling
from simulator.text import choose_text, hex16, joined, json_of, lookup, stamps, struct_of, when
from simulator.vocabulary import COUNTRIES
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
ISO = "%Y-%m-%dT%H:%M:%S+00:00"
API = "https://a.klaviyo.com/api"
LIST_ID = "RnsiHB"


@dataclass(frozen=True)
class Profiles:
    """Profiles; number = person * 2 + version (1: made when the person's address changed). NEVER: does not happen."""

    person: I64
    version: I64
    created_at: I64
    merged_at: I64  # of version 0: into version 1
    audience: Audience
    place: I64  # in the audience, -1

    @property
    def number(self) -> I64:
        return self.person * 2 + self.version


def make_profiles(world: World) -> Profiles:
    """All profiles that ever exist: of subscribers, and of the shop's account holders."""
    persons, draws, end = world.persons, world.draws, end_of(world)
    audience = make_audience(world, "klaviyo", 0.75)
    people = np.arange(len(persons), dtype=np.int64)
    place = audience.place(len(persons))
    joined_at = np.full(len(persons), NEVER, dtype=np.int64)
    joined_at[audience.person] = audience.joined_at
    synced = (world.account_at >= 0) & has_own_mailbox(world, people)
    joined_at = np.where(synced, np.minimum(joined_at, world.account_at + 30), joined_at)
    moved = persons.email_change_at
    first = (joined_at < end) & (joined_at < moved)
    second_at = np.maximum(joined_at, moved + 3_600)
    second = (joined_at < end) & (moved < NEVER) & (second_at < end)
    merges = first & second & draws.chance("klaviyo/merges", people, 0.7)
    merged = second_at + 6 * 3600 + (draws.uniform("klaviyo/merged", people) * 3 * DAY).astype(np.int64)
    merged_at = np.where(merges, merged, NEVER)
    parts = [
        (people[first], 0, joined_at[first], merged_at[first]),
        (people[second], 1, second_at[second], np.full(int(second.sum()), NEVER)),
    ]
    who, created, gone = (np.concatenate([p[i] for p in parts]) for i in (0, 2, 3))
    version = np.concatenate([np.full(len(p[0]), p[1], dtype=np.int64) for p in parts])
    order = np.lexsort((version, who))
    who, version = who[order], version[order]
    return Profiles(who, version, created[order], gone[order], audience, place[who])


def profile_ids(world: World, number: I64) -> pl.Series:
    """ULIDs."""
    bits = world.draws.bits("klaviyo/profile", number)
    tail = hex16(world.draws.bits("klaviyo/profile/tail", number)).str.slice(0, 7)
    return joined("01J", joined(hex16(bits), tail).str.to_uppercase())


def last_changes(world: World, profiles: Profiles, now: int) -> I64:
    """When each profile last changed before `now`; -1 when it did not exist. A merged-away one changes no more."""
    audience, place = profiles.audience, np.maximum(profiles.place, 0)
    listed = profiles.place >= 0
    none = np.full(len(profiles.person), -1, dtype=np.int64)
    moments = [profiles.created_at, world.account_at[profiles.person] + 40]
    if len(audience.person):
        moments += [
            np.where(listed, audience.joined_at[place], none),
            np.where(listed, audience.left_at[place] + 5, none),
        ]
    last = none
    for at in moments:
        last = np.where(
            (at >= profiles.created_at) & (at < now) & (at < profiles.merged_at), np.maximum(last, at), last
        )
    return np.where(profiles.created_at < now, np.maximum(last, profiles.created_at), -1)


def _changed(world: World, night: int) -> tuple[Profiles, I64, I64, int]:
    """(profiles, rows that changed in the night's window, their moments, end of the window)."""
    low, high = world.window(night)
    profiles = make_profiles(world)
    last = last_changes(world, profiles, high)
    rows = np.flatnonzero(last >= low)
    return profiles, rows, last[rows], high


def profiles_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Pages of the profiles that changed."""
    profiles, rows, last, _ = _changed(world, night)
    yield from json_pages(_profile_lines(world, profiles, rows, last), 100, page_of("profiles"))


def suppressions_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Pages of all profiles that get no mail, as of the end of the night."""
    now = world.window(night)[1]
    profiles = make_profiles(world)
    gone = np.zeros(len(profiles.person), dtype=bool)
    listed = profiles.place >= 0
    gone[listed] = profiles.audience.left_at[profiles.place[listed]] < now
    rows = np.flatnonzero(gone & (profiles.created_at < now) & (profiles.merged_at > now))
    last = last_changes(world, profiles, now)[rows]
    yield from json_pages(_profile_lines(world, profiles, rows, last), 100, page_of("profiles"))


def page_of(path: str) -> Callable[[str, int, bool], str]:
    """Wraps records of a resource as the API does."""

    def wrap(records_text: str, page: int, is_last: bool) -> str:
        here = f"{API}/{path}/?page%5Bcursor%5D=bmV4dDo6aWQ6Oj{page:04d}"
        following = "null" if is_last else f'"{API}/{path}/?page%5Bcursor%5D=bmV4dDo6aWQ6Oj{page + 1:04d}"'
        return f'{{"data":[{records_text}],"links":{{"self":"{here}","next":{following},"prev":null}}}}\n'

    return wrap


def has_phone(world: World, who: I64) -> Bool:
    """Who gave Klaviyo a phone number."""
    return world.draws.chance("klaviyo/phone", who, 0.45)


def has_external_id(world: World, profiles: Profiles, rows: I64, now: I64) -> Bool:
    """Profiles that the shop's integration has found the account of."""
    made = world.account_at[profiles.person[rows]]
    return (made >= 0) & (made + 40 <= now) & (made < profiles.merged_at[rows])


def shows_address(world: World, who: I64) -> Bool:
    """Profiles to which the shop has told an address: buyers who stayed where they are."""
    return np.isin(who, world.shop.person[world.shop.contact != 2]) & (world.persons.move_at[who] > 2**61)


def _profile_lines(world: World, profiles: Profiles, rows: I64, last: I64) -> pl.Series:
    persons, draws = world.persons, world.draws
    who, version = profiles.person[rows], profiles.version[rows]
    number, index = profiles.number[rows], pl.Series(profiles.person[rows]).cast(pl.UInt32)
    place = profiles.place[rows]
    listed = place >= 0
    audience = profiles.audience
    joined_at = np.full(len(rows), NEVER, dtype=np.int64)
    left_at, end = joined_at.copy(), np.zeros(len(rows), dtype=np.int64)
    joined_at[listed], left_at[listed] = audience.joined_at[place[listed]], audience.left_at[place[listed]]
    end[listed] = audience.end[place[listed]]
    subscribed, left = joined_at <= last, left_at <= last
    refused = left & (end == LEAVES)
    consent = choose_text(refused, "UNSUBSCRIBED", choose_text(subscribed, "SUBSCRIBED", "NEVER_SUBSCRIBED"))
    consent_at = when(subscribed, stamps(np.where(refused, left_at, np.where(subscribed, joined_at, 0)), ISO))
    phone = has_phone(world, who)
    texts = phone & subscribed & draws.chance("klaviyo/sms", who, 0.5)
    first, family = records.names(draws, persons, who, last, number, "klaviyo/name", Spelling(nickname=0.08, typo=0.01))
    home = records.addresses(draws, persons, who, 0)
    moved_in = shows_address(world, who)
    ids = profile_ids(world, number)
    suppression = _suppressions(left, end, left_at)
    marketing = struct_of(
        len(rows),
        consent=consent,
        timestamp=consent_at,
        method=when(subscribed, lookup(["FORM"], np.zeros(len(rows), dtype=np.int64))),
        double_optin=pl.Series(subscribed),
        suppressions=suppression,
        list_suppressions=pl.lit([], dtype=pl.List(pl.String)),
    )
    sms = struct_of(
        len(rows),
        consent=choose_text(texts, "SUBSCRIBED", "NEVER_SUBSCRIBED"),
        timestamp=when(texts, stamps(np.where(texts, joined_at, 0), ISO)),
    )
    attributes = struct_of(
        len(rows),
        email=choose_text(version == 1, persons.email_after.gather(index), persons.email.gather(index)),
        phone_number=when(phone, records.phone_at(persons, who, last)),
        external_id=when(
            has_external_id(world, profiles, rows, last), pl.Series(world.account_id[who]).cast(pl.String)
        ),
        anonymous_id=pl.lit(None, dtype=pl.String),
        first_name=first,
        last_name=family,
        organization=pl.lit(None, dtype=pl.String),
        title=pl.lit(None, dtype=pl.String),
        image=pl.lit(None, dtype=pl.String),
        created=stamps(profiles.created_at[rows], ISO),
        updated=stamps(last, ISO),
        last_event_date=stamps(last, ISO),
        location=struct_of(
            len(rows),
            address1=when(moved_in, home.line1),
            address2=when(moved_in, home.line2),
            city=when(moved_in, home.city),
            country=lookup([c.code for c in COUNTRIES], persons.country[who]),
            region=when(moved_in, home.province),
            zip=when(moved_in, home.zip),
            timezone=pl.lit(None, dtype=pl.String),
            ip=pl.lit(None, dtype=pl.String),
            latitude=pl.lit(None, dtype=pl.String),
            longitude=pl.lit(None, dtype=pl.String),
        ),
        properties=struct_of(len(rows), **{"Accepts Marketing": pl.Series(subscribed & ~left)}),
        subscriptions=struct_of(
            len(rows),
            email=struct_of(len(rows), marketing=marketing),
            sms=struct_of(len(rows), marketing=sms),
        ),
    )
    return json_of(
        len(rows),
        type=pl.lit("profile"),
        id=ids,
        attributes=attributes,
        links=struct_of(len(rows), self=joined(f"{API}/profiles/", ids, "/")),
    )


def _suppressions(left: Bool, end: I64, left_at: I64) -> pl.Series:
    """[{reason, timestamp}] of those who left or bounced, [] of the others."""
    frame = pl.DataFrame(
        {
            "l": left,
            "reason": lookup(("USER_SUPPRESSED", "UNSUBSCRIBE", "HARD_BOUNCE"), end),
            "timestamp": stamps(np.where(left, left_at, 0), ISO),
        }
    )
    entry = pl.concat_list(pl.struct("reason", "timestamp"))
    none = pl.lit([], dtype=pl.List(pl.Struct({"reason": pl.String, "timestamp": pl.String})))
    return frame.select(pl.when("l").then(entry).otherwise(none)).to_series()


def merges_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """The merge calls of the night's window."""
    low, high = world.window(night)
    profiles = make_profiles(world)
    rows = np.flatnonzero((profiles.merged_at >= low) & (profiles.merged_at < high))
    source = struct_of(len(rows), type=pl.lit("profile"), id=profile_ids(world, profiles.number[rows]))
    listed = pl.DataFrame({"s": source}).select(pl.concat_list("s")).to_series()
    lines = json_of(
        len(rows),
        type=pl.lit("profile-merge"),
        id=profile_ids(world, profiles.number[rows] + 1),
        relationships=struct_of(len(rows), profiles=struct_of(len(rows), data=listed)),
    )
    yield from json_pages(lines, 1_000, page_of("profile-merge"))


def lists_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """The one list."""
    made = stamps(np.array([(world.first_day - world.settings.history_days - 30) * DAY]), ISO)
    attributes = struct_of(
        1, name=pl.lit("Newsletter"), created=made, updated=made, opt_in_process=pl.lit("double_opt_in")
    )
    lines = json_of(1, type=pl.lit("list"), id=pl.lit(LIST_ID), attributes=attributes)
    yield from json_pages(lines, 10, page_of("lists"))


def _seen(world: World) -> Records:
    profiles = make_profiles(world)
    return Records(profiles.number, profiles.person)


def _link(world: World, edges: Edges) -> None:
    from simulator.platforms.klaviyo_events import order_events

    profiles, persons, end = make_profiles(world), world.persons, end_of(world)
    rows = np.arange(len(profiles.person), dtype=np.int64)
    number, who = profiles.number, profiles.person
    last = last_changes(world, profiles, end)
    edges.add("klaviyo_profile", number, "mail", who * 2 + profiles.version)
    phone = who * 2 + (persons.phone_change_at[who] <= last)
    edges.add("klaviyo_profile", number, "phone", phone, has_phone(world, who))
    edges.add("klaviyo_profile", number, "account", who, has_external_id(world, profiles, rows, last))
    edges.add("klaviyo_profile", number, "home", who * 2, shows_address(world, who))
    merged = np.isin(number, profiles.number[profiles.merged_at < end])
    edges.add("klaviyo_profile", number, "klaviyo_merge", who, merged | np.isin(number - 1, number[merged]))
    order, profile = order_events(world, profiles)
    edges.add("klaviyo_profile", profile, "order", order)


def _events(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    from simulator.platforms.klaviyo_events import events_export

    return events_export(world, night, chunk)


def _metrics(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    from simulator.platforms.klaviyo_events import metrics_export

    return metrics_export(world, night, chunk)


PLUG = Plug(
    platform="klaviyo",
    exports=(
        ExportObject("klaviyo", "metric", "files", "json", _metrics),
        ExportObject("klaviyo", "profile", "files", "json", profiles_export),
        ExportObject("klaviyo", "event", "files", "json", _events),
        ExportObject("klaviyo", "suppression", "files", "json", suppressions_export),
        ExportObject("klaviyo", "profile_merge", "files", "json", merges_export),
        ExportObject("klaviyo", "list", "files", "json", lists_export),
    ),
    records=(RecordKind("klaviyo_profile", "klaviyo", "subscriber", _seen, profile_ids),),
    evidence=("klaviyo_merge",),
    link=_link,
)
