"""Newsletters of the made-up brand, whichever tool sends them: who is on the list, what was sent, opened and clicked.

People join when they follow the brand, and a click is how a return visit began. Machines open mails too. Here also:
files of JSON pages, as APIs hand them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.behaviour import S
from simulator.journey import DAY
from simulator.persons import NEVER
from simulator.platforms.shopify import accepts_mail
from simulator.plug import WrittenFile
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
CAMPAIGN_DAYS = 10  # between two newsletters; one goes out on the second night
STAYS, LEAVES, BOUNCES = range(3)
SENT, OPENED, MACHINE_OPENED, CLICKED, BOUNCED = range(5)


@dataclass(frozen=True)
class Audience:
    """Persons on a list, ascending. `left_at` is NEVER for those who stay; `end` is STAYS, LEAVES or BOUNCES."""

    person: I64
    joined_at: I64
    left_at: I64
    end: I64

    def place(self, people: int) -> I64:
        """Position of each person of the world, -1 for those who are not on the list."""
        found = np.full(people, -1, dtype=np.int64)
        found[self.person] = np.arange(len(self.person))
        return found


@dataclass(frozen=True)
class Mails:
    """What happened to mails, by time. `key` is unique within a tool."""

    person: I64
    campaign: I64
    kind: I64
    at: I64
    key: I64

    def take(self, rows: NDArray) -> Mails:
        return Mails(*(column[rows] for column in (self.person, self.campaign, self.kind, self.at, self.key)))

    def __len__(self) -> int:
        return len(self.person)


def has_own_mailbox(world: World, who: I64) -> Bool:
    """Tools that know people by address hold a shared mailbox once: as the head of the household's."""
    persons = world.persons
    return ~(persons.is_email_shared[who] & (persons.position[who] == 1))


def make_audience(world: World, tool: str, share: float) -> Audience:
    """A share of those who ever followed, from their first time on; some who do not want mail leave later."""
    steps, draws = world.steps, world.draws
    rows = np.flatnonzero(steps.state == S["follow"])
    person, first = np.unique(steps.person[rows], return_index=True)
    who = person.astype(np.int64)
    keep = draws.chance(f"{tool}/uses", who, share) & has_own_mailbox(world, who)
    who, joined = who[keep], steps.at[rows[first[keep]]] + 1
    bounces = draws.chance("letters/bounces", who, 0.02)
    leaves = ~accepts_mail(world, who, 0) & draws.chance("letters/leaves", who, 0.5)
    end = np.where(bounces, BOUNCES, np.where(leaves, LEAVES, STAYS))
    left = joined + ((3 + 40 * draws.uniform("letters/left", who)) * DAY).astype(np.int64)
    return Audience(who, joined, np.where(end == STAYS, NEVER, left), end)


def campaign_times(world: World) -> I64:
    """When each newsletter went out, in order."""
    last = world.first_day + world.settings.nights
    back = np.arange((world.settings.history_days + CAMPAIGN_DAYS) // CAMPAIGN_DAYS, -1, -1)
    ahead = np.arange(1, world.settings.nights // CAMPAIGN_DAYS + 1)
    days = world.first_day + 1 + CAMPAIGN_DAYS * np.concatenate((-back, ahead))
    return days[days < last] * DAY + 9 * 3600


def make_mails(world: World, tool: str, audience: Audience) -> Mails:
    """Everything that ever happens to the tool's newsletters."""
    draws, sent, count = world.draws, campaign_times(world), len(audience.person)
    place, campaign = np.repeat(np.arange(count), len(sent)), np.tile(np.arange(len(sent)), count)
    there = (audience.joined_at[place] < sent[campaign]) & (sent[campaign] <= audience.left_at[place])
    place, campaign = place[there], campaign[there]
    who = audience.person[place]
    key, at = who * 64 + campaign, sent[campaign]
    last = np.ones(len(place), dtype=bool)
    last[:-1] = place[1:] != place[:-1]
    fails = last & (audience.end[place] == BOUNCES)
    human = ~fails & draws.chance(f"{tool}/opens", key, 0.28)
    machine = ~fails & draws.chance("letters/by_machine", who, 0.35)
    later = 600 + (draws.uniform(f"{tool}/opened", key) ** 2 * 3 * DAY).astype(np.int64)
    soon = 20 + draws.below(f"{tool}/prefetched", key, 900)
    clicks = _clicks(world, tool, audience, sent)
    parts = [
        (who, campaign, SENT, at + draws.below(f"{tool}/queued", key, 300)),
        (who[human], campaign[human], OPENED, (at + later)[human]),
        (who[machine], campaign[machine], MACHINE_OPENED, (at + soon)[machine]),
        (who[fails], campaign[fails], BOUNCED, at[fails] + 310),
        (clicks[0], clicks[1], OPENED, clicks[2] - 25),
        (clicks[0], clicks[1], CLICKED, clicks[2]),
    ]
    person, number, moment = (np.concatenate([p[i] for p in parts]) for i in (0, 1, 3))
    kind = np.concatenate([np.full(len(p[0]), p[2], dtype=np.int64) for p in parts])
    order = np.lexsort((kind, person, moment))
    person, number, kind, moment = person[order], number[order], kind[order], moment[order]
    # one thing of one kind happens to one mail once in a second
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (person[1:] != person[:-1]) | (moment[1:] != moment[:-1]) | (kind[1:] != kind[:-1])
    keys = ((person * 64 + number) * 8 + kind) * 4_294_967_291 + moment  # wraps; only its bits are drawn from
    return Mails(person, number, kind, moment, keys).take(fresh)


def _clicks(world: World, tool: str, audience: Audience, sent: I64) -> tuple[I64, I64, I64]:
    """(person, campaign, time) of clicks: some return visits begin with the newsletter of the days before."""
    steps = world.steps
    place = audience.place(len(world.persons))
    rows = np.flatnonzero((steps.state == S["return_visit"]) & (place[steps.person] >= 0))
    rows = rows[world.draws.chance(f"{tool}/clicks", rows, 0.3)]
    who, at = steps.person[rows].astype(np.int64), steps.at[rows] - 15
    campaign = np.searchsorted(sent, at - 1_300) - 1
    known, mine = campaign >= 0, place[who]
    fits = known & (audience.joined_at[mine] < sent[campaign]) & (sent[campaign] <= audience.left_at[mine])
    fits &= (audience.end[mine] != BOUNCES) & (at - sent[campaign] < 9 * DAY)
    return who[fits], campaign[fits], at[fits]


def json_pages(
    lines: pl.Series, size: int, wrap: Callable[[str, int, bool], str], prefix: str = "page", *, chunked: bool = True
) -> Iterator[WrittenFile]:
    """Pages of at most `size` records; there is always one. wrap(records, page, is_last) makes the document."""
    pages = max(1, -(-len(lines) // size)) if chunked else 1
    for page in range(pages):
        part = lines.slice(page * size, size) if chunked else lines
        body = ",\n".join(part.to_list())
        yield WrittenFile(f"{prefix}-{page:03d}.json", (wrap(body, page, page == pages - 1).encode(),), len(part))


def product_ids(product: I64) -> pl.Series:
    """The shop's internal id of each product."""
    return pl.Series(8_100_000_010_000 + np.asarray(product, dtype=np.int64)).cast(pl.String)


def hex_digests(texts: pl.Series) -> pl.Series:
    """md5 of each text in lower case, as hexadecimal digits: ids of people in tools that know them by address."""
    import hashlib

    made = [None if t is None else hashlib.md5(t.lower().encode(), usedforsecurity=False).hexdigest() for t in texts]
    return pl.Series("", made, dtype=pl.String)
