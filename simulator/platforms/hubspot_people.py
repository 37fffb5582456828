"""Who has a HubSpot contact, who has two, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records
from simulator.behaviour import S
from simulator.companies import company_count, company_of, industries, names
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.persons import NEVER
from simulator.platforms.letters import has_own_mailbox
from simulator.text import choose_text, stamps
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
ISO = "%Y-%m-%dT%H:%M:%S.000Z"


@dataclass(frozen=True)
class Contacts:
    """Contacts, sorted by number = person * 2 + (1 for the second one). NEVER: does not happen.

    joined_at   per person: when the first contact was made
    merged_at   of a second contact: into the first one
    """

    person: I64
    is_second: Bool
    created_at: I64
    merged_at: I64
    deleted_at: I64
    joined_at: I64

    @property
    def number(self) -> I64:
        return self.person * 2 + self.is_second

    def emails(self, world: World, rows: I64, at: I64) -> pl.Series:
        """Address of each contact at a moment; the second one is of the other mailbox."""
        who = self.person[rows]
        other = world.persons.email_after.gather(pl.Series(who).cast(pl.UInt32))
        return choose_text(self.is_second[rows], other, records.email_at(world.persons, who, at))

    def last_change(self, world: World, before: int) -> I64:
        """When each contact last changed before a moment: made, moved mailbox, merged into, left, deleted; -1 none."""
        moved = np.where(self.is_second, NEVER, world.persons.email_change_at[self.person])
        moved = np.where(moved > self.created_at, moved, NEVER)
        absorbed = np.full(len(self.person), NEVER, dtype=np.int64)
        second = np.flatnonzero(self.is_second)
        absorbed[np.searchsorted(self.number, self.number[second] - 1)] = self.merged_at[second]
        leavers = self.leavers(world)
        left = np.full(len(self.joined_at), NEVER, dtype=np.int64)
        left[leavers] = self.left_at(world, leavers)
        left = np.where(self.is_second, NEVER, left[self.person])
        last = np.full(len(self.person), -1, dtype=np.int64)
        for times in (self.created_at, moved, absorbed, left, self.deleted_at):
            last = np.where(times < before, np.maximum(last, times), last)
        return last

    def absorbed(self, world: World, rows: I64, before: int) -> list[str | None]:
        """Ids that were merged into each contact before a moment, as HubSpot writes them."""
        partner = self.number[rows] + 1
        place = np.minimum(np.searchsorted(self.number, partner), len(self.number) - 1)
        has = ~self.is_second[rows] & (self.number[place] == partner) & (self.merged_at[place] < before)
        ids = contact_ids(partner).to_list()
        return [identity if yes else None for identity, yes in zip(ids, has.tolist(), strict=True)]

    def leavers(self, world: World) -> I64:
        """Persons who unsubscribe some day."""
        who = self.person[~self.is_second]
        return who[world.draws.chance("hubspot/leaves", who, 0.06)]

    def left_at(self, world: World, who: I64) -> I64:
        return self.joined_at[who] + DAY + world.draws.below("hubspot/leaves_at", who, 60 * DAY)

    def has_left(self, world: World, who: I64, before: int) -> Bool:
        gone = np.zeros(len(self.joined_at), dtype=bool)
        leavers = self.leavers(world)
        gone[leavers[self.left_at(world, leavers) < before]] = True
        return gone[who]


def make_contacts(world: World) -> Contacts:
    """All contacts that ever exist: of half of those who followed or have an account."""
    steps, draws, end, count = world.steps, world.draws, end_of(world), len(world.persons)
    people = np.arange(count, dtype=np.int64)
    begun = np.full(count, NEVER, dtype=np.int64)
    follows = np.flatnonzero(steps.state == S["follow"])
    np.minimum.at(begun, steps.person[follows].astype(np.int64), steps.at[follows] + 30)
    begun = np.minimum(begun, np.where(world.account_at >= 0, world.account_at + 60, NEVER))
    for_company = company_of(draws, people, count) >= 0  # the sales team keeps all of them
    has = has_own_mailbox(world, people) & (for_company | draws.chance("hubspot/has", people, 0.5))
    joined_at = np.where((begun < end) & has, begun, NEVER)
    who = people[joined_at < end]
    persons = world.persons
    alone = ~persons.is_email_shared[who] & (persons.email_change_at[who] > 2**61)
    twice = who[alone & draws.chance("hubspot/twice", who, 0.15)]
    again = joined_at[twice] + DAY + draws.below("hubspot/again", twice, 20 * DAY)
    merged = again + 3_600 + draws.below("hubspot/merged", twice, 30 * DAY)
    merged = np.where(draws.chance("hubspot/merges", twice, 0.85), merged, NEVER)
    kept = again < end
    twice, again, merged = twice[kept], again[kept], merged[kept]
    single = ~np.isin(who, twice)
    deletes = single & draws.chance("hubspot/deletes", who, 0.02)
    deleted = joined_at[who] + 10 * DAY + draws.below("hubspot/deleted", who, 60 * DAY)
    deleted = np.where(deletes & (deleted < end), deleted, NEVER)
    person = np.concatenate((who, twice))
    second = np.concatenate((np.zeros(len(who), dtype=bool), np.ones(len(twice), dtype=bool)))
    order = np.lexsort((second, person))
    none = np.full(len(who), NEVER, dtype=np.int64)
    return Contacts(
        person[order],
        second[order],
        np.concatenate((joined_at[who], again))[order],
        np.concatenate((none, merged))[order],
        np.concatenate((deleted, np.full(len(twice), NEVER, dtype=np.int64)))[order],
        joined_at,
    )


def company_records(world: World, night: int) -> list[dict[str, Any]]:
    """Companies of which the first contact was made in the night's window."""
    low, high = world.window(night)
    contacts = make_contacts(world)
    company = company_of(world.draws, contacts.person, len(world.persons))
    first = np.full(company_count(len(world.persons)), NEVER, dtype=np.int64)
    np.minimum.at(first, company[company >= 0], contacts.created_at[company >= 0])
    number = np.flatnonzero((first >= low) & (first < high)).astype(np.int64)
    moments = stamps(first[number], ISO).to_list()
    columns = zip(number.tolist(), names(number).to_list(), industries(number).to_list(), moments, strict=True)
    items = []
    for place, name, industry, begun in columns:
        identity = str(7_000_000_000 + place * 30)
        properties = {
            "hs_object_id": identity, "name": name, "industry": industry, "domain": f"company{place}.example",
            "country": "United Kingdom", "annualrevenue": str(200_000 + place % 40 * 50_000), "createdate": begun,
            "hs_lastmodifieddate": begun,
        }  # fmt: skip
        items.append(
            {"id": identity, "properties": properties, "createdAt": begun, "updatedAt": begun, "archived": False}
        )
    return items


def contact_ids(number: I64) -> pl.Series:
    """HubSpot's numbers, as text."""
    return pl.Series(100_001 + np.asarray(number, dtype=np.int64) * 50, dtype=pl.Int64).cast(pl.String)


def phone_is_known(world: World, number: I64) -> Bool:
    return world.draws.chance("hubspot/phone_known", number, 0.35)


def has_address(world: World, number: I64) -> Bool:
    return world.draws.chance("hubspot/address_known", number, 0.25)


def address_at(world: World, who: I64, at: I64) -> records.Addresses:
    return records.addresses(world.draws, world.persons, who, at)
