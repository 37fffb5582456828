"""Klaviyo's events and metrics: mails sent, opened and clicked, orders as the shop tells them, visits, who leaves.

Event properties differ from metric to metric, as they do in the API; a time is given twice, in two spellings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.behaviour import S
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.platforms.klaviyo import ISO, LIST_ID, Profiles, make_profiles, page_of, profile_ids
from simulator.platforms.klaviyo_stock import StockAlerts, make_stock_alerts
from simulator.platforms.letters import (
    BOUNCED,
    CLICKED,
    LEAVES,
    MACHINE_OPENED,
    OPENED,
    SENT,
    json_pages,
    make_mails,
    product_ids,
)
from simulator.platforms.shopify import FIRST_SHOP_ORDER
from simulator.plug import WrittenFile
from simulator.text import hex16, joined, json_of, lookup, stamps, struct_of, uuids
from simulator.vocabulary import PRODUCTS
from simulator.world import World

I64 = NDArray[np.int64]
BLANK_TIME = "%Y-%m-%d %H:%M:%S+00:00"
# name → (id, key, name and category of the integration); two metrics of one name, as in real accounts
METRICS: dict[str, tuple[str, str, str, str]] = {
    "Received Email": ("WKHXf4", "klaviyo", "Klaviyo", "Internal"),
    "Opened Email": ("Yy9QKx", "klaviyo", "Klaviyo", "Internal"),
    "Clicked Email": ("SxR9Bt", "klaviyo", "Klaviyo", "Internal"),
    "Bounced Email": ("Xi7Kwh", "klaviyo", "Klaviyo", "Internal"),
    "Unsubscribed": ("VvFRZN", "klaviyo", "Klaviyo", "Internal"),
    "Subscribed to List": ("Tp8t7d", "klaviyo", "Klaviyo", "Internal"),
    "Viewed Product": ("YcDVHu", "api", "API", "API"),
    "Placed Order": ("TspjNE", "shopify", "Shopify", "eCommerce"),
    "Fulfilled Order": ("X3f6PC", "shopify", "Shopify", "eCommerce"),
    "Refunded Order": ("R2WpFy", "shopify", "Shopify", "eCommerce"),
    "Subscribed to Back in Stock": ("Qm5hDd", "klaviyo", "Klaviyo", "Internal"),
}
OWN_CLICK = ("VFFb4u", "Clicked Email", "api", "API", "API")
NAMES = tuple(METRICS)
N = {name: i for i, name in enumerate(NAMES)}
_BY_MAIL = {SENT: "Received Email", OPENED: "Opened Email", MACHINE_OPENED: "Opened Email", CLICKED: "Clicked Email"}


@dataclass(frozen=True)
class Events:
    """Events by time. about: campaign of mail events, order of order events, product of views."""

    person: I64
    metric: I64
    at: I64
    about: I64
    is_machine: NDArray[np.bool_]
    key: I64


def order_events(world: World, profiles: Profiles) -> tuple[I64, I64]:
    """(order, number of the profile it was told for) of all orders that Klaviyo knows by the end."""
    shop, end = world.shop, end_of(world)
    order = np.arange(len(shop), dtype=np.int64)
    number = profile_at(profiles, shop.person, shop.at + 5, end)
    known = (number >= 0) & (shop.contact != 2)
    return order[known], number[known]


def profile_at(profiles: Profiles, who: I64, at: I64, now: int) -> I64:
    """Number of the profile that an event of a person belongs to, as of `now`: after a merge the survivor; -1: none."""
    first = np.searchsorted(profiles.number, who * 2)
    last = len(profiles.number) - 1
    number = np.full(len(who), -1, dtype=np.int64)
    for version in (0, 1):
        wanted = who * 2 + version
        row = np.minimum(np.searchsorted(profiles.number, wanted), max(last, 0))
        there = (profiles.number[row] == wanted) if last >= 0 else np.zeros(len(who), dtype=bool)
        number = np.where(there & (profiles.created_at[row] <= at), wanted, number) if last >= 0 else number
    if last < 0:
        return number
    row = np.minimum(first, last)
    merged = (profiles.number[row] == who * 2) & (profiles.merged_at[row] < now) & (number == who * 2)
    return np.where(merged, who * 2 + 1, number)


def stock_alerts(world: World, profiles: Profiles) -> StockAlerts:
    """Alerts of people whom Klaviyo knows when they ask for them."""
    steps = world.steps
    return make_stock_alerts(world, profile_at(profiles, steps.person.astype(np.int64), steps.at, end_of(world)) >= 0)


def make_events(world: World, profiles: Profiles) -> Events:
    """All events of all nights, by time."""
    draws, steps, shop, audience = world.draws, world.steps, world.shop, profiles.audience
    mails = make_mails(world, "klaviyo", audience)
    by_kind = np.array([N[_BY_MAIL[k]] if k in _BY_MAIL else N["Bounced Email"] for k in range(BOUNCED + 1)])
    left = audience.end == LEAVES
    views = np.flatnonzero(
        (steps.state == S["return_visit"]) & draws.chance("klaviyo/views", np.arange(len(steps)), 0.2)
    )
    order = np.arange(len(shop), dtype=np.int64)
    told = shop.contact != 2
    product = draws.below("klaviyo/product", views, len(PRODUCTS))
    alerts = stock_alerts(world, profiles)
    parts: list[tuple[I64, I64 | int, I64, I64]] = [
        (mails.person, by_kind[mails.kind], mails.at, mails.campaign),
        (audience.person, N["Subscribed to List"], audience.joined_at + 2, np.zeros(len(audience.person), np.int64)),
        (audience.person[left], N["Unsubscribed"], audience.left_at[left], np.zeros(int(left.sum()), np.int64)),
        (steps.person[views].astype(np.int64), N["Viewed Product"], steps.at[views] + 20, product),
        (shop.person[told], N["Placed Order"], shop.at[told] + 5, order[told]),
        (alerts.person, N["Subscribed to Back in Stock"], alerts.at, alerts.product),
    ]
    for name, times in (("Fulfilled Order", shop.shipped_at), ("Refunded Order", shop.refunded_at)):
        rows = np.flatnonzero(told & (times >= 0) & (shop.cancelled_at < 0))
        parts.append((shop.person[rows], N[name], times[rows] + 60, order[rows]))
    person, at, about = (np.concatenate([np.asarray(p[i], dtype=np.int64) for p in parts]) for i in (0, 2, 3))
    metric = np.concatenate([np.broadcast_to(np.asarray(p[1], dtype=np.int64), len(p[0])) for p in parts])
    machine = np.zeros(len(person), dtype=bool)
    machine[: len(mails)] = mails.kind == MACHINE_OPENED
    by_time = np.lexsort((about, metric, person, at))
    key = (person * 4_096 + about) * 64 + metric * 2 + machine
    key = key * 4_294_967_291 + at  # wraps; only its bits are drawn from
    columns = (person, metric, at, about, machine, key)
    return Events(*(column[by_time] for column in columns))


def events_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Pages of the events of the night's window, and of the day before once more."""
    low, high = world.window(night)
    profiles = make_profiles(world)
    events = make_events(world, profiles)
    start, stop = np.searchsorted(events.at, [max(0, low - DAY) if night else 0, high])
    rows = np.arange(int(start), int(stop))
    number = profile_at(profiles, events.person[rows], events.at[rows], high)
    rows, number = rows[number >= 0], number[number >= 0]
    yield from json_pages(_event_lines(world, events, rows, number), 1_000, page_of("events"))


def event_ids(world: World, key: I64) -> pl.Series:
    """Short opaque ids."""
    return joined("5", hex16(world.draws.bits("klaviyo/event", key)).str.slice(0, 14))


def _event_lines(world: World, events: Events, rows: I64, number: I64) -> pl.Series:
    out = np.empty(len(rows), dtype=np.int64)
    parts, place = [pl.Series("", [], dtype=pl.String)], 0
    for metric, name in enumerate(NAMES):
        mine = np.flatnonzero(events.metric[rows] == metric)
        if not len(mine):
            continue
        at, key = events.at[rows[mine]], events.key[rows[mine]]
        ids = event_ids(world, key)
        bits = world.draws.bits("klaviyo/uuid", key)
        properties = _properties(world, name, events, rows[mine])
        profile = struct_of(len(mine), type=pl.lit("profile"), id=profile_ids(world, number[mine]))
        kind = struct_of(len(mine), type=pl.lit("metric"), id=pl.lit(METRICS[name][0]))
        attributes = struct_of(
            len(mine),
            timestamp=pl.Series(at),
            event_properties=properties,
            datetime=stamps(at, BLANK_TIME),
            uuid=uuids(bits, ~bits),
        )
        parts.append(
            json_of(
                len(mine),
                type=pl.lit("event"),
                id=ids,
                attributes=attributes,
                relationships=struct_of(
                    len(mine),
                    profile=struct_of(len(mine), data=profile),
                    metric=struct_of(len(mine), data=kind),
                ),
                links=struct_of(len(mine), self=joined("https://a.klaviyo.com/api/events/", ids, "/")),
            ).alias("")
        )
        out[mine] = place + np.arange(len(mine))
        place += len(mine)
    return pl.concat(parts).gather(pl.Series(out).cast(pl.UInt32))


def _properties(world: World, name: str, events: Events, rows: I64) -> pl.Series:
    about, unix = events.about[rows], pl.Series(events.at[rows]).cast(pl.String)
    found: dict[str, pl.Series | pl.Expr] = {"$event_id": unix}
    if name.endswith("Email"):
        message = joined("01JL", pl.Series(about + 1_000).cast(pl.String), "LETTER")
        found = {
            "Subject": joined("Letter no. ", pl.Series(about + 1).cast(pl.String)),
            "Campaign Name": joined("Letter ", pl.Series(about + 1).cast(pl.String)),
            "$message": message,
            "$event_id": joined(message, ":", unix),
        }
        machine = events.is_machine[rows]
        if name == "Opened Email":
            found["machine_open"] = pl.Series(machine)
            found["Client Name"] = lookup(("Gmail", "Apple Mail"), machine.astype(np.int64))
        if name == "Clicked Email":
            found["URL"] = joined("https://shop.journeyline.example/?utm_source=klaviyo&letter=", message)
    elif name.endswith("Order"):
        cents = world.shop.refund_cents if name == "Refunded Order" else world.shop.total
        found["$event_id"] = pl.Series(FIRST_SHOP_ORDER + about * 32_768).cast(pl.String)
        found["$value"] = pl.Series(cents[about] / 100)
        found["$currency_code"] = pl.lit("USD")
    elif name in ("Viewed Product", "Subscribed to Back in Stock"):
        found["ProductName"] = lookup([p.title for p in PRODUCTS], about)
        found["ProductID"] = product_ids(about)
        found["URL"] = lookup([f"https://shop.journeyline.example/products/{p.sku.lower()}" for p in PRODUCTS], about)
    else:
        found["List"], found["$list_id"] = pl.lit("Newsletter"), pl.lit(LIST_ID)
    return struct_of(len(rows), **found)


def metrics_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """All metrics, each night."""
    listed = [(ident, name, *rest) for name, (ident, *rest) in METRICS.items()] + [OWN_CLICK]
    columns = [pl.Series(list(column)) for column in zip(*listed, strict=True)]
    made = stamps(np.full(len(listed), (world.first_day - world.settings.history_days - 30) * DAY), ISO)
    integration = struct_of(
        len(listed),
        object=pl.lit("integration"),
        id=joined("0", columns[2].str.slice(0, 5)),
        key=columns[2],
        name=columns[3],
        category=columns[4],
    )
    attributes = struct_of(len(listed), name=columns[1], created=made, updated=made, integration=integration)
    lines = json_of(len(listed), type=pl.lit("metric"), id=columns[0], attributes=attributes)
    yield from json_pages(lines, 200, page_of("metrics"))
