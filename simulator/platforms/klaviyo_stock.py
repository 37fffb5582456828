"""Back-in-stock alerts: people who have chosen something ask to be told when it can be bought again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.behaviour import EFFECTS, S
from simulator.journey import DAY
from simulator.linkage import end_of
from simulator.sales import POPULARITY
from simulator.world import World

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
DAYS = 30


@dataclass(frozen=True)
class StockAlerts:
    """Alerts in order of steps. product: what is waited for; is_followed: an order of the web shop within DAYS."""

    step: I64
    person: I64
    at: I64
    product: I64
    is_followed: Bool


def make_stock_alerts(world: World, known: Bool) -> StockAlerts:
    """All alerts. known: which steps are of somebody whom the mailing tool knows at that moment.

    The share that is followed by an order is planted: alerts are drawn apart among choices that an order follows and
    among those that none follows, so that EFFECTS.stock_alert_ordered of them are followed.
    """
    steps, shop, draws = world.steps, world.shop, world.draws
    step = np.flatnonzero((steps.state == S["choose"]) & known & (steps.at + 60 < end_of(world)))
    person, at = steps.person[step].astype(np.int64), steps.at[step] + 45
    by_person = np.lexsort((shop.at, shop.person))
    place = np.searchsorted(shop.person[by_person] * 2**40 + shop.at[by_person], person * 2**40 + at)
    found, followed = np.zeros(len(step), dtype=np.int64), np.zeros(len(step), dtype=bool)
    if len(by_person):
        found = by_person[np.minimum(place, len(by_person) - 1)]
        followed = (place < len(by_person)) & (shop.person[found] == person) & (shop.at[found] < at + DAYS * DAY)
    base = float(followed.mean()) if len(step) else 0.0
    wanted, share = EFFECTS.stock_alert_ordered, EFFECTS.stock_alert_share
    chance = np.where(
        followed, share * wanted / base if base > 0 else 0.0, share * (1 - wanted) / (1 - base) if base < 1 else 0.0
    )
    kept = draws.chance("klaviyo/stock", step, chance)
    step, person, at, followed, found = step[kept], person[kept], at[kept], followed[kept], found[kept]
    product = draws.choice("klaviyo/stock_product", step, POPULARITY)
    if len(by_person):
        product = np.where(followed, shop.lines.product[shop.lines.start[found]], product)
    return StockAlerts(step, person, at, product, followed)
