"""The brand's planning sheets: calendar, campaign costs and split tests, sent whole every night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.behaviour import CAMPAIGNS
from simulator.plan import DAY, HASHTAG, OFFERS, TEST_ID, TEST_TITLE, VARIANTS
from simulator.plug import ExportObject, Plug, WrittenFile
from simulator.world import World, day_number, spike_date
from simulator.writing import csv_bytes

I64 = NDArray[np.int64]
EVENT_COLUMNS = (
    "event_id", "kind", "title", "starts_at", "ends_at", "channel", "campaigns", "control_channel", "control_campaigns",
    "note",
)  # fmt: skip
COST_COLUMNS = ("campaign", "channel", "day", "amount", "currency", "impressions", "clicks")
TEST_COLUMNS = (
    "experiment_id", "title", "variant", "is_control", "planned_share", "starts_on", "ends_on", "metric",
    "planned_looks",
)  # fmt: skip
CHANNELS = {"paid_social": "paid_social", "cpc": "paid_search", "influencer": "organic_social", "email": "email"}
FROM_INSTAGRAM = ";".join(str(c.name) for c in CAMPAIGNS if c.source == "instagram")
FROM_ELSEWHERE = ";".join(str(c.name) for c in CAMPAIGNS if c.source in ("google", "facebook"))
COST_PER_CONTACT = {"spring_drop": 1.6, "always_on_search": 1.1, "lena_cooks": 1.2, "home_lookalikes": 1.4}  # EUR


def events_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """The calendar as it is known that night: what has begun, and what is planned for the next month."""
    plan = world.plan
    spike = day_number(spike_date(world.settings)) * DAY
    outcry = plan.outcry_at // DAY * DAY
    begun, tried = plan.intervention_at, (plan.test_from, plan.test_until)
    known: list[tuple[str, str, str, int, int | None, str, str]] = [
        ("E-1", "campaign", "Spring range on Instagram", plan.start, plan.end, "spring_drop", ""),
        ("E-2", "intervention", "Shopping switched on at Instagram", begun, None, FROM_INSTAGRAM, FROM_ELSEWHERE),
        ("E-3", "launch", "Checkout on one page, for half of the visitors", *tried, "", ""),
        ("E-4", "outage", "A batch of ceramics was packed badly", spike, spike + DAY, "", ""),
    ]
    known += [
        (f"E-{5 + place}", "campaign", f"{per_cent} per cent off for a week, code {code}", *plan.offers[place], "", "")
        for place, (_, code, per_cent) in enumerate(OFFERS)
    ]
    known += [
        ("E-7", "campaign", f"Everybody shows their table: #{HASHTAG}", plan.hashtag_from, plan.end, "", ""),
        ("E-8", "pr", "A broken bowl goes around", outcry, outcry + 2 * DAY, "", ""),
    ]
    if day_number(world.settings.night_date(night)) * DAY < spike:
        known = [row for row in known if row[1] != "outage"]  # nobody plans an outage
    rows = [(*row[:3], _moment(row[3]), _moment(row[4]), "", row[5], "", row[6], "") for row in known]
    yield _sheet("calendar.csv", EVENT_COLUMNS, rows)


def costs_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """What each paid campaign cost on each day until the night before; a day varies by a fifth around its budget."""
    days = np.arange(world.plan.start // DAY, world.first_day + night, dtype=np.int64)
    rows: list[tuple[str, ...]] = []
    for place, campaign in enumerate(CAMPAIGNS):
        if campaign.name not in COST_PER_CONTACT:
            continue
        # the budget follows from how many the campaign is to reach in the time that the history covers
        contacts = campaign.weight * len(world.persons) / (world.plan.end - world.plan.start) * DAY
        spread = 0.8 + 0.4 * world.draws.uniform("planning/cost", days * len(CAMPAIGNS) + place)
        amount = COST_PER_CONTACT[campaign.name] * contacts * spread
        for day, cost in zip(days.tolist(), amount.tolist(), strict=True):
            rows.append(
                (campaign.name, CHANNELS[str(campaign.medium)], _date(day), f"{cost:.2f}", "EUR",
                 str(round(cost * 95)), str(round(cost * 1.1)))
            )  # fmt: skip
    yield _sheet("costs.csv", COST_COLUMNS, rows)


def tests_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """The split test, one row per variant."""
    plan = world.plan
    dates = (_date(plan.test_from // DAY), _date(plan.test_until // DAY - 1))
    rows = [
        (TEST_ID, TEST_TITLE, name, "true" if place == 0 else "false", "0.5", *dates, "order_rate", "4")
        for place, name in enumerate(VARIANTS)
    ]
    yield _sheet("tests.csv", TEST_COLUMNS, rows)


def _sheet(name: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> WrittenFile:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return WrittenFile(name, [(",".join(columns) + "\n").encode(), csv_bytes(frame, header=False)], len(rows))


def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _moment(at: int | None) -> str:
    return "" if at is None else f"{_date(at // DAY)} 00:00:00"


PLUG = Plug(
    platform="planning",
    exports=(
        ExportObject("planning", "event", "files", "csv", events_export),
        ExportObject("planning", "campaign_cost", "files", "csv", costs_export),
        ExportObject("planning", "experiment", "files", "csv", tests_export),
    ),
)
