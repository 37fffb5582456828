"""Meta Lead Ads: the download of one form, with the vendor's prefixes (l:, ag:, p:), its question, and a test lead.

Part of those who are choosing ask for a catalogue under an ad. E-mail and phone are filled in by the platform, so they
are spelled without errors.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator import records
from simulator.behaviour import S
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.plug import Edges, ExportObject, Plug, RecordKind, Records
from simulator.text import choose_text, joined, lookup, stamps
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
ZONE = "America/New_York"  # of the ad account
TIME = "%Y-%m-%dT%H:%M:%S%:z"
FIRST_LEAD = 1_402_300_000_000
COLUMNS = (
    "id", "created_time", "ad_id", "ad_name", "adset_id", "adset_name", "campaign_id", "campaign_name", "form_id",
    "form_name", "is_organic", "platform", "what_are_you_looking_for?", "full_name", "email", "phone_number",
    "lead_status",
)  # fmt: skip
NO_RIGHTS = "ag:c:You don't have enough permission. Please refer to this help: https://www.facebook.com/business/help"
# The vendor's own test of a form: there is no flag, only these answers.
TEST_LEAD = {
    "id": "l:900100200300",
    "form_id": "f:5501",
    "form_name": "Catalogue",
    "is_organic": "true",
    "platform": "fb",
    "what_are_you_looking_for?": "<test lead: dummy data for what_are_you_looking_for?>",
    "full_name": "<test lead: dummy data for full_name>",
    "email": "test@meta.com",
    "phone_number": "p:<test lead: dummy data for phone_number>",
    "lead_status": "CREATED",
}


def submitting(world: World) -> I64:
    """Steps that send a form; the first one of each person."""
    steps = world.steps
    rows = np.flatnonzero(steps.state == S["choose"])
    rows = rows[world.draws.chance("leads/submits", steps.person[rows], 0.12)]
    return rows[np.unique(steps.person[rows], return_index=True)[1]]


def _at(world: World, rows: I64) -> I64:
    return np.asarray(world.steps.at[rows] + 45)


def _gives_phone(world: World, rows: I64) -> Bool:
    return world.draws.chance("leads/phone", rows, 0.8)


def lead_ids(world: World, rows: I64) -> pl.Series:
    """Id of each lead, without its prefix."""
    return pl.Series(FIRST_LEAD + rows * 13).cast(pl.String)


def leads(world: World, night: int, chunk: int) -> Iterator[pl.DataFrame]:
    """The night's leads, those of the two days before with their new status, and with the first night a test lead."""
    low, high = world.window(night)
    rows = submitting(world)
    at = _at(world, rows)
    frame = _frame(world, rows[(at >= max(0, low - 2 * DAY)) & (at < high)], high)
    if night == 0:
        test = TEST_LEAD | {"created_time": str(stamps(np.array([high - 7_200]), TIME, ZONE)[0])}
        frame = pl.concat([frame, pl.DataFrame({name: [test.get(name)] for name in COLUMNS}, schema=frame.schema)])
    yield frame


def _frame(world: World, rows: I64, now: int) -> pl.DataFrame:
    draws, persons, at = world.draws, world.persons, _at(world, rows)
    who = world.steps.person[rows].astype(np.int64)
    spelling = records.Spelling(nickname=0.05)
    first, last = records.names(draws, persons, who, at, rows, "leads/name", spelling)
    blind = draws.chance("leads/no_rights", rows, 0.05)
    organic = draws.chance("leads/organic", rows, 0.1)
    known = ~(blind | organic)
    cells = {
        "id": joined("l:", lead_ids(world, rows)),
        "created_time": stamps(at, TIME, ZONE),
        "ad_id": choose_text(blind, NO_RIGHTS, choose_text(known, "ag:23850001", None)),
        "ad_name": choose_text(known, "Catalogue, carousel", None),
        "adset_id": choose_text(known, "as:23850002", None),
        "adset_name": choose_text(known, "Lookalikes 1 %", None),
        "campaign_id": choose_text(known, "c:23850003", None),
        "campaign_name": choose_text(known, "home_lookalikes", None),
        "form_id": joined("f:", pl.Series(["5501"]).new_from_index(0, len(rows))),
        "form_name": pl.Series(["Catalogue"]).new_from_index(0, len(rows)),
        "is_organic": choose_text(organic, "true", "false"),
        "platform": choose_text(draws.chance("leads/instagram", rows, 0.5), "ig", "fb"),
        "what_are_you_looking_for?": lookup(
            ("kitchen", "living_room", "gifts", None), draws.choice("leads/answer", rows, (0.4, 0.3, 0.2, 0.1))
        ),
        "full_name": joined(first, " ", last),
        "email": records.email_at(persons, who, at),
        "phone_number": choose_text(_gives_phone(world, rows), joined("p:", records.phone_at(persons, who, at)), None),
        "lead_status": choose_text(at < now - DAY, "CONTACTED", "CREATED"),
    }
    return pl.DataFrame({name: cells[name].cast(pl.String).alias(name) for name in COLUMNS})


def _seen(world: World) -> Records:
    rows = submitting(world)
    rows = rows[_at(world, rows) < end_of(world)]
    return Records(rows, world.steps.person[rows].astype(np.int64))


def _link(world: World, edges: Edges) -> None:
    rows = submitting(world)
    who, at = world.steps.person[rows].astype(np.int64), _at(world, rows)
    edges.add("meta_lead", rows, "mail", who * 2 + (world.persons.email_change_at[who] <= at))
    phone = who * 2 + (world.persons.phone_change_at[who] <= at)
    edges.add("meta_lead", rows, "phone", phone, _gives_phone(world, rows))


PLUG = Plug(
    platform="meta_lead_ads",
    exports=(ExportObject("meta_lead_ads", "lead", "csv", "csv", leads, columns=COLUMNS),),
    records=(RecordKind("meta_lead", "meta_lead_ads", "lead", _seen, lead_ids),),
    link=_link,
)
